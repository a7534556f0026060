//! Which documents go out in detail and which in the short form.

use super::item::DocumentKind;
use crate::ident::{JpkId, ShipmentTypes};

/// What is sent, and of that what in detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    types: ShipmentTypes,
    purpose: Purpose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Schedule,
    Request(Unrequested),
}

/// What becomes of a document in a requested range (CMD06) whose type was not requested.
///
/// The source document (section 2.3.1.4.1.4) calls the request one for detailed documents only,
/// and still rules how a short receipt is reported there. Both readings are assumptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unrequested {
    /// It goes out in the short form, so that the range stays continuous.
    #[default]
    Short,
    /// It stays out. If nothing is left then, the answer is one package with an empty `content`.
    Omit,
}

/// The form in which a document goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Detailed,
    Short,
}

impl Selection {
    /// A shipment of the schedule: everything goes out, these types in detail.
    pub fn scheduled(types: ShipmentTypes) -> Self {
        Self { types, purpose: Purpose::Schedule }
    }

    /// The answer to CMD06: the requested range, these types in detail.
    ///
    /// With no document in the range that goes out, the answer is one package with an empty
    /// `content`.
    pub fn requested(types: ShipmentTypes, unrequested: Unrequested) -> Self {
        Self { types, purpose: Purpose::Request(unrequested) }
    }

    /// Whether a range with nothing to send is answered with an empty package.
    pub(super) fn answers_empty(&self) -> bool {
        matches!(self.purpose, Purpose::Request(_))
    }

    /// The form of a document of that kind; `None` when it stays out.
    pub(super) fn form(&self, kind: DocumentKind) -> Option<Form> {
        if kind.is_detailed_in(&self.types) {
            return Some(Form::Detailed);
        }
        let is_listed = kind != DocumentKind::Unlisted;
        match self.purpose {
            Purpose::Request(Unrequested::Omit) if is_listed => None,
            _ => Some(Form::Short),
        }
    }
}

/// What is written in the short form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    /// A document of that kind.
    Document(DocumentKind),
    /// A number without a document.
    Gap,
}

/// How the short form is written: one element of `content` for each number.
///
/// The source document names the element `info` and its `typObiektu` and no more (CRK facts §2.2),
/// so the writer is replaceable; [`InfoTable`] is the default.
pub trait ShortForm: Send + Sync + std::fmt::Debug {
    /// Appends the JSON object for that number.
    fn write(&self, id: JpkId, what: Short, into: &mut Vec<u8>);
}

/// Numbers of `typObiektu`, written as `{"info":{"JPKID":7,"typObiektu":1}}`.
///
/// 9 for gaps and 10 for kinds without a row are the source document's (section 2.2.5).
/// That the rows of its table are 1 to 8 in their order, and that the number stands under `JPKID`
/// as in other documents, are **assumptions** (CRK facts §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InfoTable {
    receipt: u16,
}

/// `typObiektu` of a missing number.
const GAP: u16 = 9;

/// `typObiektu` of a document without a row, and of a receipt of a software register.
const UNLISTED: u16 = 10;

impl InfoTable {
    /// For registers that are devices: a receipt is 1.
    pub const fn hardware() -> Self {
        Self { receipt: 1 }
    }

    /// For registers that are programs: a receipt is 10 (source document, section 2.2.5).
    pub const fn software() -> Self {
        Self { receipt: UNLISTED }
    }

    /// The number of `typObiektu`.
    pub fn number(self, what: Short) -> u16 {
        let Short::Document(kind) = what else { return GAP };
        match kind {
            DocumentKind::Receipt => self.receipt,
            DocumentKind::CancelledReceipt => 2,
            DocumentKind::Invoice => 3,
            DocumentKind::CancelledInvoice => 4,
            DocumentKind::DailyReport => 5,
            DocumentKind::NonFiscalPrint => 6,
            DocumentKind::Event(_) => 7,
            DocumentKind::FiscalisationReport => 8,
            DocumentKind::Unlisted => UNLISTED,
        }
    }
}

impl ShortForm for InfoTable {
    fn write(&self, id: JpkId, what: Short, into: &mut Vec<u8>) {
        let number = self.number(what);
        into.extend(format!(r#"{{"info":{{"JPKID":{id},"typObiektu":{number}}}}}"#).bytes());
    }
}
