//! A private key in memory, parsed once.

use std::error::Error;
use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding,
};
use common_core::secret::{ExposeSecret, SecretBytes, SecretString, secret_bytes};
use pkcs8::EncryptedPrivateKeyInfoRef;

use super::{KeyKind, PublicKey, SignError, SignatureAlgorithm, pem};

/// An RSA key of 2048 to 8192 bits or a key on P-256.
///
/// It signs by aws-lc-rs in constant time, and its parsed form is kept, so that each signature
/// costs only the signing. `Debug` shows the kind and nothing else.
pub struct PrivateKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Rsa(rsa::KeyPair),
    P256(EcdsaKeyPair),
}

impl PrivateKey {
    /// Reads a key from DER: PKCS#8, PKCS#1 (`RSAPrivateKey`) or SEC 1 (`ECPrivateKey`).
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] when it is none of them, or an RSA key of fewer than 2048 bits,
    /// or a key on another curve.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let pair = rsa::KeyPair::from_pkcs8(der)
            .or_else(|_| rsa::KeyPair::from_der(der))
            .map(Pair::Rsa)
            .or_else(|_| {
                EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
                    .map(Pair::P256)
            })
            .map_err(|_| KeyError::Unsupported)?;
        Self::from_pair(pair)
    }

    /// Reads a key from DER in an encrypted PKCS#8 (PBES2, RFC 8018).
    ///
    /// # Errors
    ///
    /// [`KeyError::Locked`] when the password is wrong or the encryption is not PBES2 (with PBKDF2
    /// or scrypt and AES); [`KeyError::Malformed`] when it is no encrypted PKCS#8.
    pub fn from_encrypted_der(der: &[u8], password: &SecretString) -> Result<Self, KeyError> {
        let locked = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| KeyError::Malformed)?;
        let opened = locked.decrypt(password.expose_secret()).map_err(|_| KeyError::Locked)?;
        Self::from_der(opened.as_bytes())
    }

    /// Reads the first private key of a PEM text.
    ///
    /// Lines may have any length, and other blocks (certificates, `EC PARAMETERS`) are skipped.
    ///
    /// # Errors
    ///
    /// As [`from_der`](Self::from_der); [`KeyError::Malformed`] when the text is no PEM,
    /// [`KeyError::Absent`] when it has no private key, and [`KeyError::Locked`] when that key is
    /// encrypted.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = key_block(text)?;
        if block.label == "ENCRYPTED PRIVATE KEY" {
            return Err(KeyError::Locked);
        }
        Self::from_der(&block.content)
    }

    /// Reads the first private key of a PEM text that is an encrypted PKCS#8.
    ///
    /// # Errors
    ///
    /// As [`from_encrypted_der`](Self::from_encrypted_der) and [`from_pem`](Self::from_pem).
    pub fn from_encrypted_pem(text: &str, password: &SecretString) -> Result<Self, KeyError> {
        Self::from_encrypted_der(&key_block(text)?.content, password)
    }

    /// What kind of key it is.
    pub fn kind(&self) -> KeyKind {
        match self.pair {
            Pair::Rsa(_) => KeyKind::Rsa,
            Pair::P256(_) => KeyKind::P256,
        }
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message (not a digest of it).
    ///
    /// # Errors
    ///
    /// [`SignError`] when the algorithm is not one of the key's kind.
    pub fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, SignError> {
        match (&self.pair, algorithm) {
            (Pair::Rsa(pair), SignatureAlgorithm::RsaPkcs1Sha256) => {
                rsa_signature(pair, &RSA_PKCS1_SHA256, message)
            }
            (Pair::Rsa(pair), SignatureAlgorithm::RsaPssSha256) => {
                rsa_signature(pair, &RSA_PSS_SHA256, message)
            }
            (Pair::P256(pair), SignatureAlgorithm::EcdsaP256Sha256) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SignError::new("the key could not sign")),
            _ => Err(SignError::new("the signature algorithm does not fit the kind of the key")),
        }
    }

    /// The key as PKCS#8 DER, unencrypted: whoever stores it must protect it.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] when the library cannot encode the key.
    pub fn expose_pkcs8(&self) -> Result<SecretBytes, KeyError> {
        let encoded = match &self.pair {
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der<'static>>::as_der(pair)
                .map(|document| secret_bytes(document.as_ref().to_vec())),
            Pair::P256(pair) => {
                pair.to_pkcs8v1().map(|document| secret_bytes(document.as_ref().to_vec()))
            }
        };
        encoded.map_err(|_| KeyError::Unsupported)
    }

    /// A new RSA key of 2048 bits; takes about 0.1 s.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] when the library's generator fails.
    #[cfg(any(test, feature = "csr"))]
    pub fn generate_rsa_2048() -> Result<Self, KeyError> {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048);
        Self::from_pair(Pair::Rsa(pair.map_err(|_| KeyError::Unsupported)?))
    }

    /// A new key on P-256.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] when the library's generator fails.
    #[cfg(any(test, feature = "csr"))]
    pub fn generate_p256() -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Self::from_pair(Pair::P256(pair.map_err(|_| KeyError::Unsupported)?))
    }

    fn from_pair(pair: Pair) -> Result<Self, KeyError> {
        let spki = match &pair {
            Pair::Rsa(pair) => AsDer::<PublicKeyX509Der<'static>>::as_der(pair.public_key()),
            Pair::P256(pair) => AsDer::<PublicKeyX509Der<'static>>::as_der(pair.public_key()),
        };
        let spki = spki.map_err(|_| KeyError::Unsupported)?;
        let public = PublicKey::from_spki_der(spki.as_ref())?;
        Ok(Self { pair, public })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

/// Why a key was not taken. It never tells anything of the key's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes are not in any format that is read here.
    Malformed,
    /// The format is read, but the key's algorithm, curve or size is not supported.
    Unsupported,
    /// The text or archive has no private key.
    Absent,
    /// The key is encrypted, and the password is missing or wrong, or the encryption is unknown.
    Locked,
    /// The certificate holds the public half of another key.
    OtherCertificate,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the key is not in a known format",
            Self::Unsupported => "the key's algorithm, curve or size is not supported",
            Self::Absent => "there is no private key",
            Self::Locked => "the key is encrypted and the password does not open it",
            Self::OtherCertificate => "the key and the certificate do not belong together",
        })
    }
}

impl Error for KeyError {}

fn key_block(text: &str) -> Result<pem::Block, KeyError> {
    pem::blocks(text)
        .ok_or(KeyError::Malformed)?
        .into_iter()
        .find(|block| block.label.ends_with("PRIVATE KEY"))
        .ok_or(KeyError::Absent)
}

fn rsa_signature(
    pair: &rsa::KeyPair,
    encoding: &'static dyn RsaEncoding,
    message: &[u8],
) -> Result<Vec<u8>, SignError> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), message, &mut signature)
        .map_err(|_| SignError::new("the key could not sign"))?;
    Ok(signature)
}
