//! In whose name a client works with KSeF 2.0.

use std::fmt;

use common_core::ident::Nip;

use super::{
    error::{Number, NumberError},
    pattern::is_nip,
    subject::{InternalId, NipVatUe, PeppolId},
};

/// The context of a login or of an offline invoice in KSeF 2.0: one of four identifiers.
///
/// KSeF 2.0 facts §4.1 (login) and §15.3 (the code that certifies an offline invoice).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContextIdentifier {
    /// A taxpayer.
    Nip(Nip),
    /// A unit inside a taxpayer.
    InternalId(InternalId),
    /// A seller together with a foreign buyer that issues invoices in the seller's name.
    NipVatUe(NipVatUe),
    /// A Peppol service provider.
    PeppolId(PeppolId),
}

impl ContextIdentifier {
    /// Reads the pair of kind and value, both as KSeF writes them.
    ///
    /// ```
    /// use ksef_crypto::number::ContextIdentifier;
    ///
    /// let context = ContextIdentifier::parse("InternalId", "6824515772-12343")?;
    /// assert_eq!(context.kind(), "InternalId");
    /// assert!(ContextIdentifier::parse("nip", "6824515772").is_err());
    /// # Ok::<(), ksef_crypto::number::NumberError>(())
    /// ```
    pub fn parse(kind: &str, value: &str) -> Result<Self, NumberError> {
        let refused = NumberError::new(Number::Context);
        match kind {
            "Nip" if is_nip(value) => Nip::parse(value).map(Self::Nip).map_err(|_| refused),
            "InternalId" => InternalId::parse(value).map(Self::InternalId),
            "NipVatUe" => NipVatUe::parse(value).map(Self::NipVatUe),
            "PeppolId" => PeppolId::parse(value).map(Self::PeppolId),
            _ => Err(refused),
        }
    }

    /// The kind as KSeF writes it: `Nip`, `InternalId`, `NipVatUe` or `PeppolId`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nip(_) => "Nip",
            Self::InternalId(_) => "InternalId",
            Self::NipVatUe(_) => "NipVatUe",
            Self::PeppolId(_) => "PeppolId",
        }
    }

    /// The identifier itself.
    pub fn value(&self) -> &str {
        match self {
            Self::Nip(nip) => nip.as_str(),
            Self::InternalId(id) => id.as_str(),
            Self::NipVatUe(id) => id.as_str(),
            Self::PeppolId(id) => id.as_str(),
        }
    }
}

/// Kind and value, joined by a slash as in a verification link.
impl fmt::Display for ContextIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind(), self.value())
    }
}
