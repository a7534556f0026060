//! A signer whose key is in this process.

use super::{KeyError, KeyKind, PrivateKey, SignError, SignatureAlgorithm, Signer};
use crate::certificate::Certificate;

/// A private key in memory with its certificate.
#[derive(Debug)]
pub struct LocalSigner {
    key: PrivateKey,
    certificate: Certificate,
    chain: Vec<Certificate>,
}

impl LocalSigner {
    /// Puts a key and its certificate together.
    ///
    /// # Errors
    ///
    /// [`KeyError::OtherCertificate`] when the certificate is not for this key.
    pub fn new(key: PrivateKey, certificate: Certificate) -> Result<Self, KeyError> {
        if certificate.public_key() != Some(key.public_key()) {
            return Err(KeyError::OtherCertificate);
        }
        Ok(Self { key, certificate, chain: Vec::new() })
    }

    /// Adds the certificates of the issuers, nearest first.
    #[must_use]
    pub fn with_chain(mut self, chain: Vec<Certificate>) -> Self {
        self.chain = chain;
        self
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificates of the issuers as far as they were given, nearest first.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }
}

impl Signer for LocalSigner {
    fn kind(&self) -> KeyKind {
        self.key.kind()
    }

    fn certificate_der(&self) -> &[u8] {
        self.certificate.as_der()
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.key.sign(algorithm, message)
    }
}
