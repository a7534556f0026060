//! The seal of a document (`podpis`).

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A digest and a signature of it, as seen on a daily report: 64 and 512 upper-case hexadecimal
/// digits (CRK facts §1.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentSeal {
    /// `RSA`: the signature in hexadecimal digits; 2048 bits were seen.
    #[serde(rename = "RSA")]
    pub rsa: String,
    /// `SHA`: the digest in hexadecimal digits; 256 bits were seen.
    #[serde(rename = "SHA")]
    pub sha: String,
}

/// Makes the seals of documents.
///
/// **There is no implementation here on purpose.** What goes into the digest is not public (CRK
/// facts §2.2), so any default would claim a conformity that nobody can check. Whoever holds the
/// standard, or a device that seals by itself, brings one.
pub trait DocumentSealer: Send + Sync + fmt::Debug {
    /// Seals a document that has no seal yet.
    ///
    /// # Errors
    ///
    /// [`SealerError`] when the keeper of the key refuses.
    fn seal(&self, document: &Unsealed<'_>) -> Result<DocumentSeal, SealerError>;
}

/// A document before it is sealed: everything from which the digest may be made.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Unsealed<'a> {
    /// The name of its kind, as `rapDob`.
    pub kind: &'a str,
    /// The JSON of the document, without `podpis`.
    pub json: &'a str,
    /// The JSON of `naglowek`.
    pub header: &'a str,
    /// The JSON of `podmiot1`.
    pub taxpayer: &'a str,
}

impl<'a> Unsealed<'a> {
    /// A document of a kind, with the header and the taxpayer that it will be sent under.
    pub fn new(kind: &'a str, json: &'a str, header: &'a str, taxpayer: &'a str) -> Self {
        Self { kind, json, header, taxpayer }
    }
}

/// A document was not sealed. The cause says why as far as the key's keeper tells.
#[derive(Debug)]
pub struct SealerError(Box<dyn Error + Send + Sync>);

impl SealerError {
    /// Takes the cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for SealerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the document was not sealed")
    }
}

impl Error for SealerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.as_ref())
    }
}
