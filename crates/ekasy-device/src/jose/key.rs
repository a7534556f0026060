//! Private keys behind traits, and the recipient's public key.

use std::error::Error;
use std::fmt;

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey,
};
use common_core::secret::SecretBytes;

use super::certificate::KeyKind;
use super::{Certificate, JweAlgorithm, JwsAlgorithm};

/// A private key that signs, and its certificate.
///
/// Sealing happens in one call that is not asynchronous, because it is pure: an implementation
/// that asks a card or a module blocks while it waits, and whoever runs it on an asynchronous
/// runtime calls the sealing from a thread that may block.
pub trait Signer: Send + Sync + fmt::Debug {
    /// The signer's certificate, and after it those of its issuers that belong in `x5c`.
    fn certificates(&self) -> &[Certificate];

    /// Signs a message (not a digest of it); for ES256 the signature is `R || S`.
    ///
    /// # Errors
    ///
    /// [`SignError`] when the key does not fit the algorithm or its keeper refuses.
    fn sign(&self, algorithm: JwsAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// A private RSA key that decrypts content keys. It may block, as a [`Signer`] may.
pub trait Decryptor: Send + Sync + fmt::Debug {
    /// Decrypts a content key that must have `length` bytes.
    ///
    /// With [`JweAlgorithm::Rsa1V5`], an implementation must hide whether the padding and the
    /// length were right: it gives `length` random bytes instead (RFC 7516, section 11.5).
    ///
    /// # Errors
    ///
    /// [`NotUnwrapped`], without detail.
    fn unwrap_key(
        &self,
        algorithm: JweAlgorithm,
        encrypted_key: &[u8],
        length: usize,
    ) -> Result<SecretBytes, NotUnwrapped>;
}

/// Nothing was signed. The cause says why as far as the key's keeper tells.
#[derive(Debug)]
pub struct SignError {
    reason: &'static str,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl SignError {
    /// An error with a reason in lower case.
    pub fn new(reason: &'static str) -> Self {
        Self { reason, source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason)
    }
}

impl Error for SignError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A content key was not decrypted. There is no detail on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUnwrapped;

impl fmt::Display for NotUnwrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the content key cannot be decrypted")
    }
}

impl Error for NotUnwrapped {}

/// The certificate that objects are encrypted for: the repository's encryption certificate of
/// CMD07.
#[derive(Clone, Debug)]
pub struct RecipientKey {
    certificate: Certificate,
    key: PublicEncryptingKey,
}

impl RecipientKey {
    /// Takes an RSA certificate of 2048 bits or more (RFC 7518, section 4.3). Whether it is valid
    /// and the right one is for the caller to know.
    ///
    /// # Errors
    ///
    /// [`RecipientKeyError`] when the key is of another kind or too short.
    pub fn from_certificate(certificate: &Certificate) -> Result<Self, RecipientKeyError> {
        if certificate.key_kind() != Some(KeyKind::Rsa) {
            return Err(RecipientKeyError);
        }
        let key =
            PublicEncryptingKey::from_der(certificate.spki_der()).map_err(|_| RecipientKeyError)?;
        if key.key_size_bits() < 2048 {
            return Err(RecipientKeyError);
        }
        Ok(Self { certificate: certificate.clone(), key })
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Encrypts a content key. `None` when the algorithm is not written or the library fails.
    pub(super) fn wrap(&self, algorithm: JweAlgorithm, content_key: &[u8]) -> Option<Vec<u8>> {
        let padding = match algorithm {
            JweAlgorithm::RsaOaep256 => &OAEP_SHA256_MGF1SHA256,
            JweAlgorithm::RsaOaep => &OAEP_SHA1_MGF1SHA1,
            JweAlgorithm::Rsa1V5 => return None,
        };
        let key = OaepPublicEncryptingKey::new(self.key.clone()).ok()?;
        let mut out = vec![0; key.key_size_bytes()];
        let length = key.encrypt(padding, content_key, &mut out, None).ok()?.len();
        out.truncate(length);
        Some(out)
    }
}

/// The certificate's key cannot be encrypted for: it is no RSA key of 2048 bits or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecipientKeyError;

impl fmt::Display for RecipientKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the recipient's key is no RSA key of 2048 bits or more")
    }
}

impl Error for RecipientKeyError {}
