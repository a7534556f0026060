//! What is demanded of a signature, and why one was refused.

use std::error::Error;
use std::fmt;

use chrono::{DateTime, Utc};

use super::source::NotXml;
use crate::certificate::Certificate;
use crate::certificate::chain::ChainError;
use crate::keys::VerifyError;

/// Whose signatures are believed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Trust<'a> {
    /// Those of certificates that one of these issued, directly or through certificates that the
    /// signature brings, or that are one of these; all valid at the time.
    ///
    /// An authority that issues to the public vouches for every one of its customers alike: who of
    /// them signed is told by [`Verified::certificate`](super::Verified::certificate), and whether
    /// that is the one who should have is for the caller to compare.
    Anchors {
        /// The certificates that are trusted.
        anchors: &'a [Certificate],
        /// The time at which all certificates must be valid.
        at: DateTime<Utc>,
    },
    /// Those of any certificate: the signature shows that the document was not changed since its
    /// holder signed it, and the caller decides about [`Verified::certificate`](super::Verified::certificate).
    AnyCertificate,
}

/// Where SHA-1 is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sha1 {
    /// Nowhere.
    #[default]
    Refused,
    /// In the digest of the signing certificate, as confirmations of KSeF 1.x have it
    /// (KSeF 1.x facts §7). The content is digested and signed without SHA-1.
    CertificateDigest,
    /// Everywhere. Only for reading old documents whose authenticity has been shown otherwise.
    Everywhere,
}

/// What kind of signature is demanded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// XAdES: signed properties that name the signing certificate.
    #[default]
    Xades,
    /// XAdES or a plain XML signature, whose certificate is named by nothing that is signed.
    PlainToo,
}

/// What is demanded of a signature.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    pub(crate) trust: Trust<'a>,
    pub(crate) sha1: Sha1,
    pub(crate) profile: Profile,
}

impl<'a> Policy<'a> {
    /// XAdES without SHA-1, by a certificate that the trust holds for.
    pub fn new(trust: Trust<'a>) -> Self {
        Self { trust, sha1: Sha1::default(), profile: Profile::default() }
    }

    /// Where SHA-1 is taken; nowhere if not said.
    #[must_use]
    pub fn sha1(mut self, sha1: Sha1) -> Self {
        self.sha1 = sha1;
        self
    }

    /// What kind of signature is demanded; XAdES if not said.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }
}

/// Why a signature was refused. Nothing of the document's content is repeated.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// The document cannot be read.
    Document(NotXml),
    /// There is no signature.
    NoSignature,
    /// There are several signatures, nested ones included.
    SeveralSignatures,
    /// The signature is neither the root nor a child of the root.
    Misplaced,
    /// Something in the signature is missing, repeated, in excess or in the wrong order.
    Structure(&'static str),
    /// The value of this element or attribute cannot be read.
    Value(&'static str),
    /// An algorithm in this place is not one of those that are taken.
    Algorithm(&'static str),
    /// SHA-1 is used in this place.
    Sha1(&'static str),
    /// An id that the signature uses stands on several elements or on none.
    Id,
    /// A reference does not lead to the document or to a part of its own signature.
    Reference,
    /// The references do not say exactly once what was signed.
    Coverage(&'static str),
    /// The digest of this part differs: it was changed after signing.
    Digest(&'static str),
    /// The signature names no certificate that can be read.
    Certificate,
    /// No certificate in the signature is the one that its signed properties name.
    OtherCertificate,
    /// The key of the certificate did not make the signature, or it is of another kind.
    Signature(VerifyError),
    /// The certificate is not trusted.
    Untrusted(ChainError),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(_) => f.write_str("the signed document cannot be read"),
            Self::NoSignature => f.write_str("the document has no signature"),
            Self::SeveralSignatures => f.write_str("the document has several signatures"),
            Self::Misplaced => f.write_str("the signature is neither root nor child of the root"),
            Self::Structure(what) => write!(f, "the structure of the signature is wrong: {what}"),
            Self::Value(place) => write!(f, "the value of {place} cannot be read"),
            Self::Algorithm(place) => write!(f, "the algorithm of {place} is not accepted"),
            Self::Sha1(place) => write!(f, "{place} uses sha-1"),
            Self::Id => f.write_str("an id that the signature uses is not on exactly one element"),
            Self::Reference => {
                f.write_str("a reference leads neither to the document nor into its signature")
            }
            Self::Coverage(what) => write!(f, "the signature does not cover the document: {what}"),
            Self::Digest(what) => write!(f, "{what} was changed after signing"),
            Self::Certificate => f.write_str("the signature has no certificate that can be read"),
            Self::OtherCertificate => {
                f.write_str("the certificate is not the one that the signed properties name")
            }
            Self::Signature(_) => f.write_str("the value of the signature is wrong"),
            Self::Untrusted(_) => f.write_str("the certificate of the signature is not trusted"),
        }
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Document(error) => Some(error),
            Self::Signature(error) => Some(error),
            Self::Untrusted(error) => Some(error),
            _ => None,
        }
    }
}

impl From<NotXml> for Refusal {
    fn from(error: NotXml) -> Self {
        Self::Document(error)
    }
}
