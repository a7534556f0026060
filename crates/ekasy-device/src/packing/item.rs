//! What is packed: documents of a kind, and gaps between them.

use std::fmt;

use crate::ident::{DocumentType, JpkId, JpkRange, ShipmentTypes};

/// What a document is, as far as packing has to know (source document, section 2.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DocumentKind {
    /// Receipt, `PR` (paragon).
    Receipt,
    /// Cancelled receipt, `PA` (paragon anulowany).
    CancelledReceipt,
    /// Invoice, `FK` (faktura).
    Invoice,
    /// Cancelled invoice, `FA` (faktura anulowana).
    CancelledInvoice,
    /// Daily report, `RD` (raport dobowy).
    DailyReport,
    /// Non-fiscal print, `WN` (wydruk niefiskalny).
    NonFiscalPrint,
    /// Event with its number, `ZE` (zdarzenie).
    Event(u32),
    /// Report of the fiscalisation, `RF` (raport z fiskalizacji).
    FiscalisationReport,
    /// A document with a JPKID whose kind has no row in the table; always in the short form, with
    /// `typObiektu` 10.
    Unlisted,
}

impl DocumentKind {
    /// Its row in the table of section 2.2.5, if it has one.
    pub fn document_type(self) -> Option<DocumentType> {
        Some(match self {
            Self::Receipt => DocumentType::Receipt,
            Self::CancelledReceipt => DocumentType::CancelledReceipt,
            Self::Invoice => DocumentType::Invoice,
            Self::CancelledInvoice => DocumentType::CancelledInvoice,
            Self::DailyReport => DocumentType::DailyReport,
            Self::NonFiscalPrint => DocumentType::NonFiscalPrint,
            Self::Event(_) => DocumentType::Event,
            Self::FiscalisationReport => DocumentType::FiscalisationReport,
            Self::Unlisted => return None,
        })
    }

    /// Whether these types ask for it in detail; some events are always asked for
    /// ([`ShipmentTypes::contains_event`]).
    pub fn is_detailed_in(self, types: &ShipmentTypes) -> bool {
        match self {
            Self::Event(number) => types.contains_event(number),
            other => other.document_type().is_some_and(|of| types.contains(of)),
        }
    }

    /// Whether everything that is due is sent at once after such a document: a daily report does
    /// that (source document, section 2.3.2.2).
    pub fn flushes(self) -> bool {
        self == Self::DailyReport
    }
}

/// What is pushed into a packer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A document.
    Document {
        /// Its number.
        id: JpkId,
        /// What it is.
        kind: DocumentKind,
        /// Its detailed form: one JSON object, an element of `content`, that goes out as it is.
        bytes: &'a [u8],
    },
    /// Numbers under which no document was ever made (luka); each becomes an `info` with
    /// `typObiektu` 9.
    Gap(JpkRange),
}

impl Item<'_> {
    /// The lowest number.
    pub fn first(self) -> JpkId {
        match self {
            Self::Document { id, .. } => id,
            Self::Gap(range) => range.first(),
        }
    }

    /// The highest number.
    pub fn last(self) -> JpkId {
        match self {
            Self::Document { id, .. } => id,
            Self::Gap(range) => range.last(),
        }
    }
}

impl fmt::Debug for Item<'_> {
    /// Without the bytes: a document names what somebody bought.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document { id, kind, bytes } => f
                .debug_struct("Document")
                .field("id", id)
                .field("kind", kind)
                .field("length", &bytes.len())
                .finish(),
            Self::Gap(range) => f.debug_tuple("Gap").field(range).finish(),
        }
    }
}
