//! Private keys, and the seam behind which they may live anywhere.
//!
//! Everything in this crate that signs takes a [`Signer`]: a key in memory, a smart card, a
//! hardware module or a remote service.
//! [`LocalSigner`] is the one in memory; [`PublicKey`] is the other side, which verifies.
//!
//! Both generations take RSA of 2048 bits or more and, since 2.0, ECDSA on P-256
//! (KSeF 1.x facts §7, KSeF 2.0 facts §4.2 and §12.2).
//! All private operations run in aws-lc-rs in constant time; it draws the randomness that PSS,
//! ECDSA and key generation need by itself.

mod local_signer;
pub(crate) mod pem;
#[cfg(feature = "pkcs12")]
mod pkcs12;
mod private_key;
mod public_key;
#[cfg(test)]
mod tests;

use std::fmt;

pub use local_signer::LocalSigner;
pub use private_key::{KeyError, PrivateKey};
#[cfg(any(test, feature = "csr"))]
pub(crate) use public_key::ecdsa_der;
pub use public_key::{
    PublicKey, PublicKeyKind, SignatureEncoding, SignatureHash, VerificationAlgorithm, VerifyError,
};

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// RSA, 2048 bits or more.
    Rsa,
    /// An elliptic curve key on NIST P-256.
    P256,
}

/// How a message is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    RsaPssSha256,
    /// ECDSA on P-256 with SHA-256; the signature is `R || S`, 64 bytes.
    EcdsaP256Sha256,
}

/// A private key that can sign, and its certificate.
pub trait Signer: Send + Sync + fmt::Debug {
    /// What kind of key it is; decides which algorithms [`sign`](Self::sign) takes.
    fn kind(&self) -> KeyKind;

    /// The certificate of the key, as DER.
    fn certificate_der(&self) -> &[u8];

    /// Signs a message (not a digest of it).
    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Nothing was signed. The cause says why as far as the key's keeper tells.
#[derive(Debug)]
pub struct SignError {
    reason: &'static str,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl SignError {
    /// An error with a reason in lower case.
    pub fn new(reason: &'static str) -> Self {
        Self { reason, source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason)
    }
}

impl std::error::Error for SignError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
