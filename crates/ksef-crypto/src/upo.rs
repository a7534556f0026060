//! Confirmations of receipt: Urzędowe Poświadczenie Odbioru (UPO).
//!
//! The authority confirms what it took over in a signed XML document, one row per invoice
//! (specification 1.9, chapters 11.6 and 12.3; KSeF 1.x facts §9; KSeF 2.0 facts §9).
//! The versions differ in a few names only, so all of them are read into one [`Upo`].
//!
//! [`Upo::verify`] is the way to read one: it verifies the signature and reads what was signed.
//! Unknown elements are ignored, and the name of the accepting body is not compared with the fixed
//! value of the schema, to which test environments append their own name.

mod read;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, FixedOffset, NaiveDate};

use crate::xades::{self, NotXml, Policy, Refusal, Verified};

/// A confirmation of receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upo {
    /// The version of the document.
    pub version: UpoVersion,
    /// `NazwaPodmiotuPrzyjmujacego`: the accepting body, with the name of a test environment.
    pub accepting_body: String,
    /// `NumerReferencyjny` or `NumerReferencyjnySesji`: the session, a reference number.
    pub session: String,
    /// On whose behalf the session was opened.
    pub context: Option<UpoContext>,
    /// How the session was authenticated.
    pub authentication: Option<UpoAuthentication>,
    /// Which page of the confirmation this is; not given where there are no pages.
    pub page: Option<UpoPage>,
    /// `NazwaStrukturyLogicznej`: the file name or version of the invoices' schema.
    pub structure: String,
    /// `KodFormularza`, such as `FA (3)`.
    pub form_code: String,
    /// The invoices that were taken over, up to 10 000 on a page.
    pub documents: Vec<UpoDocument>,
}

/// The version of a confirmation, from its namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UpoVersion {
    /// `v1`, KSeF 1.x.
    V1,
    /// `v2`, KSeF 1.x.
    V2,
    /// `v3`, KSeF 1.x from autumn 2023.
    V3,
    /// `v4-2`, KSeF 2.0.
    V4_2,
    /// `v4-3`, KSeF 2.0 from December 2025.
    V4_3,
    /// Another one: the last part of the namespace.
    Unknown(String),
}

/// On whose behalf a session was opened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UpoContext {
    /// `IdentyfikatorPodatkowyPodmiotu` of KSeF 1.x: usually a NIP.
    Taxpayer(String),
    /// `Nip`.
    Nip(String),
    /// `IdWewnetrzny`: an internal identifier, `NIP-` and five digits.
    Internal(String),
    /// `IdZlozonyVatUE`: NIP and VAT-UE number.
    NipVatUe(String),
    /// `IdDostawcyUslugPeppol`.
    Peppol(String),
    /// Another kind.
    Unknown {
        /// The name of its element.
        kind: String,
        /// The identifier.
        value: String,
    },
}

/// How a session was authenticated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UpoAuthentication {
    /// `NumerReferencyjnyTokenaKSeF`: by a token with this reference number.
    Token(String),
    /// `SkrotDokumentuUwierzytelniajacego`, in KSeF 1.x `SkrotZlozonejStruktury`: by a document
    /// with this SHA-256 in Base64, its signature included.
    Document(String),
}

/// `OpisPotwierdzenia`: a page of a confirmation. All numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct UpoPage {
    /// `Strona`: this page.
    pub number: u32,
    /// `LiczbaStron`: how many pages there are.
    pub pages: u32,
    /// `ZakresDokumentowOd`: the first document of this page.
    pub first: u32,
    /// `ZakresDokumentowDo`: the last document of this page, as the authority's examples count; the
    /// schema says that it is excluded.
    pub last: u32,
    /// `CalkowitaLiczbaDokumentow`: how many documents there are on all pages.
    pub total: u32,
}

/// One invoice that was taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpoDocument {
    /// `NipSprzedawcy`; from version 4 on.
    pub seller_nip: Option<String>,
    /// `NumerKSeFDokumentu`, 35 or 36 characters.
    pub ksef_number: String,
    /// `NumerFaktury`: the seller's number of the invoice.
    pub invoice_number: String,
    /// `DataWystawieniaFaktury`: the date of issue; from version 4 on.
    pub issued_on: Option<NaiveDate>,
    /// `DataPrzeslaniaDokumentu`: when it was sent.
    pub sent_at: DateTime<FixedOffset>,
    /// `DataPrzyjeciaDokumentu` or `DataNadaniaNumeruKSeF`: when it was taken over and numbered.
    pub accepted_at: DateTime<FixedOffset>,
    /// `SkrotDokumentu`: SHA-256 of the invoice in Base64, 44 characters.
    pub hash: String,
    /// `TrybWysylki`; from version 4 on.
    pub mode: Option<UpoMode>,
}

/// How an invoice was sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UpoMode {
    /// `Online`.
    Online,
    /// `Offline`: issued before it was sent (KSeF 2.0 facts §16).
    Offline,
    /// Another one.
    Unknown(String),
}

impl Upo {
    /// Verifies the signature of a confirmation and reads what was signed.
    ///
    /// Confirmations of KSeF 1.x digest their certificate with SHA-1; allow it for them by
    /// [`Sha1::CertificateDigest`](crate::xades::Sha1::CertificateDigest).
    /// Keep the document as it came: a changed byte, an indented line, and it is worth nothing.
    ///
    /// That it was the ministry who signed is shown by the certificate alone: trust the ministry's
    /// own certificate, or compare the subject of [`Verified::certificate`]. Where the anchor is
    /// an authority that issues to the public, anybody's qualified certificate would do otherwise.
    ///
    /// # Errors
    ///
    /// [`UpoError::Refused`] when the signature does not hold, otherwise as [`read`](Self::read).
    pub fn verify(document: &[u8], policy: &Policy<'_>) -> Result<(Self, Verified), UpoError> {
        let verified = xades::verify(document, policy).map_err(UpoError::Refused)?;
        Ok((Self::read(verified.content())?, verified))
    }

    /// Reads a confirmation without looking at its signature.
    ///
    /// # Errors
    ///
    /// [`UpoError`] when it is no confirmation or a value without which it confirms nothing is
    /// missing.
    pub fn read(document: &[u8]) -> Result<Self, UpoError> {
        read::upo(document)
    }

    /// The row that confirms an invoice, by the SHA-256 of the bytes that were sent.
    pub fn confirmation_of(&self, invoice: &[u8]) -> Option<&UpoDocument> {
        let hash = sha256_base64(invoice);
        self.documents.iter().find(|document| document.hash == hash)
    }

    /// The row of a KSeF number, with or without the inner hyphen of the older form.
    pub fn document(&self, ksef_number: &str) -> Option<&UpoDocument> {
        let plain = |number: &str| number.replace('-', "");
        let wanted = plain(ksef_number);
        self.documents.iter().find(|document| plain(&document.ksef_number) == wanted)
    }
}

impl UpoDocument {
    /// Whether the row confirms an invoice: whether its bytes have the hash of the row.
    pub fn confirms(&self, invoice: &[u8]) -> bool {
        self.hash == sha256_base64(invoice)
    }
}

fn sha256_base64(bytes: &[u8]) -> String {
    STANDARD.encode(digest(&SHA256, bytes))
}

/// Why a confirmation was not read.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpoError {
    /// Its signature does not hold.
    Refused(Refusal),
    /// The document cannot be read.
    Document(NotXml),
    /// The root is not `Potwierdzenie` in a namespace of confirmations.
    OtherDocument,
    /// This element is missing.
    Missing(&'static str),
    /// The value of this element cannot be read.
    Value(&'static str),
}

impl fmt::Display for UpoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(_) => f.write_str("the signature of the confirmation was refused"),
            Self::Document(_) => f.write_str("the confirmation cannot be read"),
            Self::OtherDocument => f.write_str("the document is not a confirmation of receipt"),
            Self::Missing(name) => write!(f, "the confirmation has no {name}"),
            Self::Value(name) => write!(f, "the confirmation's {name} cannot be read"),
        }
    }
}

impl Error for UpoError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(error) => Some(error),
            Self::Document(error) => Some(error),
            _ => None,
        }
    }
}
