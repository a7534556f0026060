//! Why nothing was sealed or opened.

use std::error::Error;
use std::fmt;

use super::{SignError, TrustError};

/// Why nothing was sealed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SealError {
    /// The signer refused or failed; nothing left it. Its own error is the source.
    Signer(SignError),
    /// What the signer gave is no signature under its own certificate: the wrong key or card.
    ForeignSignature,
    /// The signer named no certificate.
    NoCertificate,
    /// The profile writes an algorithm that is only ever read (`RSA1_5`).
    ReadOnlyAlgorithm,
    /// The recipient's key could not encrypt.
    Recipient,
    /// A parameter of the metadata has the name of a standard one, or occurs twice.
    Metadata(String),
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signer(_) => f.write_str("the signer gave no signature"),
            Self::ForeignSignature => {
                f.write_str("the signature is not of the signer's own certificate")
            }
            Self::NoCertificate => f.write_str("the signer has no certificate"),
            Self::ReadOnlyAlgorithm => {
                f.write_str("the profile writes an algorithm that is only read")
            }
            Self::Recipient => f.write_str("the recipient's key could not encrypt"),
            Self::Metadata(name) => write!(f, "the header parameter `{name}` must not be set"),
        }
    }
}

impl Error for SealError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Signer(source) => Some(source),
            _ => None,
        }
    }
}

/// Why an object was not opened. Nothing of its content is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// The text, or a part of it, exceeds a limit; the limit is named.
    TooLarge(&'static str),
    /// It is no JOSE object; the part that is wrong is named.
    Malformed(&'static str),
    /// The profile does not allow this; the header parameter or property is named.
    NotAllowed(&'static str),
    /// A header demands an extension (`crit`, `b64`); none is supported.
    Critical,
    /// A name stands in two headers of one object.
    HeaderConflict,
    /// A parameter that decides how the object is read is not integrity-protected.
    Unprotected,
    /// The object has none or several recipients or signatures.
    SeveralRecipients,
    /// It could not be decrypted. Why is not told: neither the wrong key, nor the padding, nor
    /// the tag.
    NotDecrypted,
    /// The decrypted or signed content is not compressed as it says.
    NotDecompressed,
    /// The signature is not of the trusted certificate.
    BadSignature,
    /// The signer is not trusted. The reason is the source.
    Untrusted(TrustError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(limit) => write!(f, "the object exceeds the limit of its {limit}"),
            Self::Malformed(part) => write!(f, "the object is malformed: {part}"),
            Self::NotAllowed(part) => write!(f, "the profile does not allow the object's {part}"),
            Self::Critical => f.write_str("the object demands an extension"),
            Self::HeaderConflict => f.write_str("a name stands in two headers of the object"),
            Self::Unprotected => f.write_str("a decisive header parameter is not protected"),
            Self::SeveralRecipients => {
                f.write_str("the object has not exactly one recipient or signature")
            }
            Self::NotDecrypted => f.write_str("the object cannot be decrypted"),
            Self::NotDecompressed => f.write_str("the content cannot be decompressed"),
            Self::BadSignature => f.write_str("the signature is wrong"),
            Self::Untrusted(_) => f.write_str("the signer is not trusted"),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Untrusted(source) => Some(source),
            _ => None,
        }
    }
}
