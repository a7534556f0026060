//! RSA encryption of keys and tokens, and its opening on the receiving side.

use std::error::Error;
use std::fmt;

use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use common_core::secret::{ExposeSecret, SecretBytes, Zeroizing, secret_bytes};

use super::{KeyRefused, OpenError, SessionKey};
use crate::keys::{KeyError, PrivateKey, PublicKey, PublicKeyKind};

/// How a short secret is padded before RSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RsaPadding {
    /// RSAES-PKCS1-v1_5: KSeF 1.x (specification 1.9, chapter 6.3).
    Pkcs1V15,
    /// RSAES-OAEP with SHA-256, MGF1 with SHA-256 and an empty label: KSeF 2.0 (KSeF 2.0 facts
    /// §5).
    OaepSha256,
}

/// Nothing was encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrapError {
    /// The authority's key must not be used for this.
    Refused(KeyRefused),
    /// The secret is longer than the key and the padding allow.
    TooLong,
    /// The key is not an RSA key that the library takes.
    Unsupported,
}

impl fmt::Display for WrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused(_) => "the authority's key must not be used",
            Self::TooLong => "the secret is too long for the authority's key",
            Self::Unsupported => "the authority's key is not a supported RSA key",
        })
    }
}

impl Error for WrapError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(refused) => Some(refused),
            Self::TooLong | Self::Unsupported => None,
        }
    }
}

/// Encrypts a short secret for the owner of a public key.
pub(super) fn encrypt(
    public: &PublicKey,
    padding: RsaPadding,
    secret: &[u8],
) -> Result<Vec<u8>, WrapError> {
    if public.kind() != PublicKeyKind::Rsa {
        return Err(WrapError::Unsupported);
    }
    let key =
        PublicEncryptingKey::from_der(public.as_spki_der()).map_err(|_| WrapError::Unsupported)?;
    let mut out = vec![0; key.key_size_bytes()];
    let done = match padding {
        RsaPadding::Pkcs1V15 => {
            let key = Pkcs1PublicEncryptingKey::new(key).map_err(|_| WrapError::Unsupported)?;
            if secret.len() > key.max_plaintext_size() {
                return Err(WrapError::TooLong);
            }
            key.encrypt(secret, &mut out).map(|written| written.len())
        }
        RsaPadding::OaepSha256 => {
            let key = OaepPublicEncryptingKey::new(key).map_err(|_| WrapError::Unsupported)?;
            if secret.len() > key.max_plaintext_size(&OAEP_SHA256_MGF1SHA256) {
                return Err(WrapError::TooLong);
            }
            key.encrypt(&OAEP_SHA256_MGF1SHA256, secret, &mut out, None)
                .map(|written| written.len())
        }
    };
    out.truncate(done.map_err(|_| WrapError::Unsupported)?);
    Ok(out)
}

/// The receiving side: opens what was encrypted for an authority's key.
///
/// For emulators and for tests. Whoever serves strangers with it must not let them tell a failed
/// opening from any other refusal: with PKCS#1 v1.5 that would betray the content
/// (Bleichenbacher's attack).
pub struct ReceiverKey {
    pkcs1: Pkcs1PrivateDecryptingKey,
    oaep: OaepPrivateDecryptingKey,
    public: PublicKey,
}

impl ReceiverKey {
    /// Makes it from an RSA key.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] when it is not an RSA key.
    pub fn new(key: &PrivateKey) -> Result<Self, KeyError> {
        let pkcs8 = key.expose_pkcs8()?;
        let parsed = || {
            PrivateDecryptingKey::from_pkcs8(pkcs8.expose_secret())
                .map_err(|_| KeyError::Unsupported)
        };
        Ok(Self {
            pkcs1: Pkcs1PrivateDecryptingKey::new(parsed()?).map_err(|_| KeyError::Unsupported)?,
            oaep: OaepPrivateDecryptingKey::new(parsed()?).map_err(|_| KeyError::Unsupported)?,
            public: key.public_key().clone(),
        })
    }

    /// Decrypts a short secret.
    ///
    /// # Errors
    ///
    /// [`OpenError`] without a word on why.
    pub fn open(&self, padding: RsaPadding, encrypted: &[u8]) -> Result<SecretBytes, OpenError> {
        let mut out = Zeroizing::new(vec![0; self.oaep.key_size_bytes()]);
        let opened = match padding {
            RsaPadding::Pkcs1V15 => self.pkcs1.decrypt(encrypted, &mut out),
            RsaPadding::OaepSha256 => {
                self.oaep.decrypt(&OAEP_SHA256_MGF1SHA256, encrypted, &mut out, None)
            }
        };
        opened.map(|secret| secret_bytes(secret.to_vec())).map_err(|_| OpenError)
    }

    /// Decrypts the key of a session and puts it together with the declared vector.
    ///
    /// # Errors
    ///
    /// [`OpenError`], also when the content is not 32 bytes.
    pub fn open_session_key(
        &self,
        padding: RsaPadding,
        encrypted: &[u8],
        iv: [u8; 16],
    ) -> Result<SessionKey, OpenError> {
        let secret = self.open(padding, encrypted)?;
        let key = secret.expose_secret().try_into().map_err(|_| OpenError)?;
        Ok(SessionKey::from_parts(key, iv))
    }

    /// The public half, for making an authority's key without limits.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }
}

impl fmt::Debug for ReceiverKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReceiverKey(..)")
    }
}
