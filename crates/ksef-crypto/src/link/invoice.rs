//! KOD I of KSeF 2.0: the link that finds an invoice.

use std::fmt;

use chrono::NaiveDate;
use common_core::ident::Nip;

use super::{
    environment::Environment,
    error::{LinkError, LinkPart},
    hash::InvoiceHash,
    seller,
};

/// The link of KOD I, which leads to the invoice in KSeF (KSeF 2.0 facts §15.2).
///
/// `https://{host}/invoice/{seller's NIP}/{date of issue, DD-MM-YYYY}/{SHA-256, Base64url}`
///
/// It belongs on every shown invoice, with the KSeF number below it, or `OFFLINE` while there is
/// none.
/// The parts are public knowledge of whoever holds the invoice, so the link proves nothing by
/// itself: only KSeF's answer does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InvoiceLink {
    environment: Environment,
    seller: Nip,
    issued: NaiveDate,
    hash: InvoiceHash,
}

impl InvoiceLink {
    /// The link of an invoice, from the NIP of its seller (`Podmiot1`) and its date of issue
    /// (`P_1`, from year 0 to 9999).
    pub fn new(
        environment: Environment,
        seller: Nip,
        issued: NaiveDate,
        hash: InvoiceHash,
    ) -> Self {
        Self { environment, seller, issued, hash }
    }

    /// Reads a link exactly as KSeF writes it.
    ///
    /// ```
    /// use ksef_crypto::link::InvoiceLink;
    ///
    /// let link = InvoiceLink::parse(
    ///     "https://qr-test.ksef.mf.gov.pl/invoice/1111111111/01-02-2026/\
    ///      UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE",
    /// )?;
    /// assert_eq!(link.issued().to_string(), "2026-02-01");
    /// # Ok::<(), ksef_crypto::link::LinkError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let (environment, path) = Environment::split(text, Environment::code_host)?;
        let ["invoice", nip, issued, hash] = path[..] else {
            return Err(LinkError::new(LinkPart::Path));
        };
        Ok(Self {
            environment,
            seller: seller(nip)?,
            issued: date(issued).ok_or(LinkError::new(LinkPart::Date))?,
            hash: InvoiceHash::from_base64url(hash).ok_or(LinkError::new(LinkPart::Hash))?,
        })
    }

    /// Which KSeF it leads to.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// The NIP of the seller.
    pub fn seller(&self) -> &Nip {
        &self.seller
    }

    /// The date of issue, `P_1`.
    pub fn issued(&self) -> NaiveDate {
        self.issued
    }

    /// The SHA-256 of the invoice's file.
    pub fn hash(&self) -> &InvoiceHash {
        &self.hash
    }

    /// Tells whether the link is about this file, byte for byte.
    pub fn matches(&self, invoice: &[u8]) -> bool {
        self.hash == InvoiceHash::of(invoice)
    }
}

impl fmt::Display for InvoiceLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { environment, seller, issued, hash } = self;
        let host = environment.code_host();
        let issued = issued.format("%d-%m-%Y");
        write!(f, "https://{host}/invoice/{seller}/{issued}/{}", hash.base64url())
    }
}

/// A day as `DD-MM-YYYY`; chrono alone would also take signs and missing zeros.
fn date(text: &str) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text, "%d-%m-%Y").ok()?;
    (text.len() == 10 && date.format("%d-%m-%Y").to_string() == text).then_some(date)
}
