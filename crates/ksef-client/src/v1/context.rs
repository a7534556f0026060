//! In whose name a session or batch works (specification 1.9, chapter 13.2).

use common_core::ident::Nip;
use ksef_crypto::number::{ContextIdentifier, InternalId, NumberError};

use crate::v1::wire::SubjectIdentifierBy;

/// The taxpayer, or the part of one, that every operation of a session is about.
///
/// The specification also names the pair of a NIP and an EU VAT number (chapter 13.6); neither the
/// OpenAPI nor the schemas of 1.x have a form for it (KSeF 1.x facts §4).
///
/// # Examples
///
/// ```
/// use ksef_client::v1::Context;
///
/// let company = Context::nip("1111111111")?;
/// let branch = Context::internal_id("1111111111-12346")?;
/// assert_eq!((company.kind(), branch.kind()), ("onip", "int"));
/// assert!(Context::nip("0111111111").is_err());
/// # Ok::<(), ksef_crypto::number::NumberError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Context {
    /// A taxpayer, by a NIP of the schema's form.
    Nip(Nip),
    /// A part of a taxpayer, by its internal identifier (chapter 13.5).
    InternalId(InternalId),
}

impl Context {
    /// The taxpayer of that NIP: 10 digits as the schema has them. Check digits are not looked at,
    /// because the test environment takes invented numbers (KSeF 1.x facts §4).
    pub fn nip(text: &str) -> Result<Self, NumberError> {
        Self::parse("Nip", text)
    }

    /// The part of a taxpayer of that internal identifier: NIP, hyphen and 5 digits.
    pub fn internal_id(text: &str) -> Result<Self, NumberError> {
        Self::parse("InternalId", text)
    }

    fn parse(kind: &str, text: &str) -> Result<Self, NumberError> {
        match ContextIdentifier::parse(kind, text)? {
            ContextIdentifier::InternalId(id) => Ok(Self::InternalId(id)),
            ContextIdentifier::Nip(nip) => Ok(Self::Nip(nip)),
            // The other kinds of 2.0 are not asked for; an empty text is refused.
            _ => InternalId::parse("").map(Self::InternalId),
        }
    }

    /// The kind as JSON writes it: `onip` or `int`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nip(_) => "onip",
            Self::InternalId(_) => "int",
        }
    }

    /// The identifier itself.
    pub fn value(&self) -> &str {
        match self {
            Self::Nip(nip) => nip.as_str(),
            Self::InternalId(id) => id.as_str(),
        }
    }

    /// The context as a body of JSON names it.
    pub(crate) fn wire(&self) -> SubjectIdentifierBy {
        let value = self.value().to_owned();
        match self {
            Self::Nip(_) => SubjectIdentifierBy::Company(value),
            Self::InternalId(_) => SubjectIdentifierBy::Internal(value),
        }
    }

    /// The context of a kind as JSON writes it.
    pub(crate) fn of_kind(kind: &str, value: &str) -> Option<Self> {
        match kind {
            "onip" => Self::nip(value).ok(),
            "int" => Self::internal_id(value).ok(),
            _ => None,
        }
    }

    /// The type of the element in XML, in the gateway's namespace (KSeF 1.x facts §6).
    pub(crate) fn xml_type(&self) -> &'static str {
        match self {
            Self::Nip(_) => "SubjectIdentifierByCompanyType",
            Self::InternalId(_) => "SubjectIdentifierInternalType",
        }
    }
}
