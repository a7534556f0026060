//! The documents that open a session or a batch (specification 1.9, chapters 8.2, 11.3 and 13.2;
//! KSeF 1.x facts §6).
//!
//! The same input gives the same bytes. A document that is to be signed is signed as it is: see
//! [`ksef_crypto::xades`].

mod batch;
mod opening;
#[cfg(test)]
mod tests;
mod xml;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use ksef_crypto::{
    certificate::{Certificate, SubjectRules, authentication_vector, vector::Vector},
    seal::{AuthorityKey, RsaPadding, SessionKey, WrapError},
};

pub use batch::BatchRequest;
pub use opening::OpeningRequest;

/// How the subject of a signature is found (KSeF 1.x facts §5); a wrong choice gives 21406.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Identification {
    /// By the NIP or PESEL in the certificate: signatures and seals with one, and the trusted
    /// profile.
    SerialNumber,
    /// By the certificate's fingerprint, to which permissions have been granted before.
    Fingerprint,
}

impl Identification {
    /// What fits a certificate (specification 1.9, chapter 4.3).
    pub fn of(certificate: &Certificate) -> Self {
        match authentication_vector(certificate, SubjectRules::Version1).vector {
            Vector::Fingerprint(_) => Self::Fingerprint,
            _ => Self::SerialNumber,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::SerialNumber => "SerialNumber",
            Self::Fingerprint => "Fingerprint",
        }
    }
}

/// The declaration of how a session's content is encrypted: the wrapped key and the vector
/// (specification 1.9, chapter 6.4).
///
/// It holds nothing secret; the [`SessionKey`] stays with the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    wrapped_key: String,
    vector: String,
}

impl Encryption {
    /// Wraps the key of a session for the authority (RSA, PKCS#1 v1.5).
    ///
    /// `now` is the time at which the authority's key must be valid.
    pub fn declare(
        authority: &AuthorityKey,
        key: &SessionKey,
        now: DateTime<Utc>,
    ) -> Result<Self, WrapError> {
        let wrapped = authority.wrap(key, RsaPadding::Pkcs1V15, now)?;
        Ok(Self { wrapped_key: STANDARD.encode(wrapped), vector: STANDARD.encode(key.iv()) })
    }
}
