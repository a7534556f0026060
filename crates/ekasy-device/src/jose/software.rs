//! A private key in memory.

use std::error::Error;
use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::rsa::{
    KeyPair, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey,
    Pkcs1PrivateDecryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RsaEncoding,
};
use common_core::secret::{ExposeSecret as _, SecretBytes, SecretString, Zeroizing, secret_bytes};
use pkcs8::EncryptedPrivateKeyInfoRef;

use super::{
    Certificate, Decryptor, JweAlgorithm, JwsAlgorithm, NotUnwrapped, SignError, Signer, pem,
};

/// A private key and its certificates: RSA of 2048 bits or more, or P-256 for signing alone.
///
/// The key lives in memory of aws-lc, which erases it when the value is dropped, and all private
/// operations run in constant time. `Debug` shows nothing of it.
pub struct SoftwareKey {
    pair: Pair,
    certificates: Vec<Certificate>,
}

enum Pair {
    Rsa(Box<RsaPair>),
    P256(Box<EcdsaKeyPair>),
}

/// aws-lc-rs has a type for each use of an RSA key.
struct RsaPair {
    signing: KeyPair,
    oaep: OaepPrivateDecryptingKey,
    pkcs1: Pkcs1PrivateDecryptingKey,
}

impl SoftwareKey {
    /// Reads a key from DER (PKCS#8), with its certificate first in the list and the
    /// certificates of the issuers after it.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the key is not supported or not the certificate's.
    pub fn from_der(der: &[u8], certificates: Vec<Certificate>) -> Result<Self, KeyError> {
        let pair = rsa_pair(der)
            .map(|pair| Pair::Rsa(Box::new(pair)))
            .or_else(|| {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
                    .ok()
                    .map(|pair| Pair::P256(Box::new(pair)))
            })
            .ok_or(KeyError::Unsupported)?;
        let own = certificates.first().ok_or(KeyError::OtherCertificate)?;
        if spki(&pair).as_deref() != Some(own.spki_der()) {
            return Err(KeyError::OtherCertificate);
        }
        Ok(Self { pair, certificates })
    }

    /// Reads an unencrypted key from PEM (`PRIVATE KEY`).
    ///
    /// # Errors
    ///
    /// [`KeyError`] as [`from_der`](Self::from_der), and when there is no such block.
    pub fn from_pem(text: &str, certificates: Vec<Certificate>) -> Result<Self, KeyError> {
        Self::from_der(&block(text, "PRIVATE KEY")?.content, certificates)
    }

    /// Reads a key that a password protects from PEM (`ENCRYPTED PRIVATE KEY`).
    ///
    /// # Errors
    ///
    /// [`KeyError`] as [`from_pem`](Self::from_pem), and when the password does not open it.
    pub fn from_encrypted_pem(
        text: &str,
        password: &SecretString,
        certificates: Vec<Certificate>,
    ) -> Result<Self, KeyError> {
        let block = block(text, "ENCRYPTED PRIVATE KEY")?;
        let locked = EncryptedPrivateKeyInfoRef::try_from(block.content.as_slice())
            .map_err(|_| KeyError::Malformed)?;
        let opened = locked.decrypt(password.expose_secret()).map_err(|_| KeyError::Locked)?;
        Self::from_der(opened.as_bytes(), certificates)
    }
}

impl Signer for SoftwareKey {
    fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    fn sign(&self, algorithm: JwsAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        const FAILED: &str = "the key could not sign";
        let rsa = |encoding: &'static dyn RsaEncoding| match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.signing.public_modulus_len()];
                pair.signing
                    .sign(encoding, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| SignError::new(FAILED))?;
                Ok(signature)
            }
            Pair::P256(_) => Err(SignError::new("a P-256 key cannot sign with RSA")),
        };
        match algorithm {
            JwsAlgorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
            JwsAlgorithm::Ps256 => rsa(&RSA_PSS_SHA256),
            JwsAlgorithm::Ps384 => rsa(&RSA_PSS_SHA384),
            JwsAlgorithm::Es256 => match &self.pair {
                Pair::P256(pair) => pair
                    .sign(&SystemRandom::new(), message)
                    .map(|signature| signature.as_ref().to_vec())
                    .map_err(|_| SignError::new(FAILED)),
                Pair::Rsa(_) => Err(SignError::new("an RSA key cannot sign with ECDSA")),
            },
        }
    }
}

impl Decryptor for SoftwareKey {
    fn unwrap_key(
        &self,
        algorithm: JweAlgorithm,
        encrypted_key: &[u8],
        length: usize,
    ) -> Result<SecretBytes, NotUnwrapped> {
        let Pair::Rsa(pair) = &self.pair else {
            return Err(NotUnwrapped);
        };
        let mut out = Zeroizing::new(vec![0; pair.oaep.key_size_bytes()]);
        let padding = match algorithm {
            JweAlgorithm::RsaOaep256 => &OAEP_SHA256_MGF1SHA256,
            JweAlgorithm::RsaOaep => &OAEP_SHA1_MGF1SHA1,
            JweAlgorithm::Rsa1V5 => return unwrap_pkcs1(&pair.pkcs1, encrypted_key, length),
        };
        let key = pair.oaep.decrypt(padding, encrypted_key, &mut out, None);
        let key = key.map_err(|_| NotUnwrapped)?;
        if key.len() == length { Ok(secret_bytes(key.to_vec())) } else { Err(NotUnwrapped) }
    }
}

impl fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoftwareKey")
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no private key of the expected form in the text.
    Malformed,
    /// The algorithm, the curve or the size is not supported.
    Unsupported,
    /// The password does not open the key.
    Locked,
    /// There is no certificate, or it is not the key's.
    OtherCertificate,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "there is no private key of the expected form",
            Self::Unsupported => "the key's algorithm, curve or size is not supported",
            Self::Locked => "the password does not open the key",
            Self::OtherCertificate => "the key and the certificate do not belong together",
        })
    }
}

impl Error for KeyError {}

fn rsa_pair(der: &[u8]) -> Option<RsaPair> {
    let decrypting = || PrivateDecryptingKey::from_pkcs8(der).ok();
    Some(RsaPair {
        signing: KeyPair::from_pkcs8(der).ok()?,
        oaep: OaepPrivateDecryptingKey::new(decrypting()?).ok()?,
        pkcs1: Pkcs1PrivateDecryptingKey::new(decrypting()?).ok()?,
    })
}

fn spki(pair: &Pair) -> Option<Vec<u8>> {
    let der: PublicKeyX509Der<'static> = match pair {
        Pair::Rsa(pair) => pair.signing.public_key().as_der().ok()?,
        Pair::P256(pair) => pair.public_key().as_der().ok()?,
    };
    Some(der.as_ref().to_vec())
}

fn block(text: &str, label: &str) -> Result<pem::Block, KeyError> {
    pem::blocks(text)
        .and_then(|blocks| blocks.into_iter().find(|block| block.label == label))
        .ok_or(KeyError::Malformed)
}

/// Decrypts a content key by PKCS#1 v1.5. Whatever goes wrong, a random key comes out, so that
/// the failure shows first at the tag and looks like every other one.
fn unwrap_pkcs1(
    key: &Pkcs1PrivateDecryptingKey,
    encrypted_key: &[u8],
    length: usize,
) -> Result<SecretBytes, NotUnwrapped> {
    let mut substitute = vec![0; length];
    SystemRandom::new().fill(&mut substitute).map_err(|_| NotUnwrapped)?;
    let mut out = Zeroizing::new(vec![0; key.key_size_bytes()]);
    let content_key = match key.decrypt(encrypted_key, &mut out) {
        Ok(found) if found.len() == length => found.to_vec(),
        _ => substitute,
    };
    Ok(secret_bytes(content_key))
}
