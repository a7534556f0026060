//! Kinds of documents, and which of them are sent in detail (source document, section 2.2.5).

use std::fmt;

use common_core::{codes, open::Code};

use super::{IdentError, text::text_identifier};

codes! {
    /// Kinds of documents that a schedule can ask for in detail.
    pub enum DocumentType: str {
        /// A receipt (paragon).
        Receipt = "PR",
        /// A cancelled receipt (paragon anulowany).
        CancelledReceipt = "PA",
        /// An invoice (faktura).
        Invoice = "FK",
        /// A cancelled invoice (faktura anulowana).
        CancelledInvoice = "FA",
        /// A daily report (raport dobowy).
        DailyReport = "RD",
        /// A print without fiscal meaning (wydruk niefiskalny).
        NonFiscalPrint = "WN",
        /// An event (zdarzenie); 12, 13, 15 and 18 are always sent in detail.
        Event = "ZE",
        /// The report of the fiscalisation (raport z fiskalizacji).
        FiscalisationReport = "RF",
    }
}

/// Numbers of the events that are sent in detail whatever the schedule says: the end of work in
/// fiscal mode, a new program, a change of protected memory, a change of address.
pub(crate) const EVENTS_ALWAYS_DETAILED: [u32; 4] = [12, 13, 15, 18];

/// Which kinds of documents are sent in detail (`shipmentType`): codes with semicolons between
/// them, or `ALL`. Everything else is sent in short form.
///
/// The text is kept; two values are equal when they mean the same kinds.
///
/// ```
/// use ekasy_device::ident::{DocumentType, ShipmentTypes};
///
/// let types = ShipmentTypes::parse("PA;FA;RD;WN")?;
/// assert!(types.contains(DocumentType::DailyReport));
/// assert!(!types.contains(DocumentType::Receipt));
/// assert!(ShipmentTypes::all().contains(DocumentType::Receipt));
/// assert!(ShipmentTypes::parse("PA,FA").is_err());
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
#[derive(Clone)]
pub struct ShipmentTypes(Box<str>);

const ERROR: IdentError =
    IdentError::new("a list of shipment types", "codes as PA;FA, or ALL, in up to 32 characters");

impl ShipmentTypes {
    /// The word for all kinds.
    const ALL: &'static str = "ALL";

    /// Reads codes with semicolons between them, or `ALL`.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        let is_code = |code: &str| code == Self::ALL || DocumentType::from_raw(code).is_some();
        let fits = text.len() <= 32 && text.split(';').all(is_code);
        if fits { Ok(Self(text.into())) } else { Err(ERROR) }
    }

    /// All kinds: `ALL`.
    pub fn all() -> Self {
        Self(Self::ALL.into())
    }

    /// These kinds, in the order of the document's table; an empty list cannot be written.
    pub fn of(types: &[DocumentType]) -> Result<Self, IdentError> {
        let listed = DocumentType::ALL.iter().filter(|kind| types.contains(kind));
        let codes: Vec<_> = listed.map(|kind| kind.raw()).collect();
        Self::parse(&codes.join(";"))
    }

    /// Whether documents of that kind are sent in detail.
    pub fn contains(&self, kind: DocumentType) -> bool {
        self.0.split(';').any(|code| code == Self::ALL || code == kind.raw())
    }

    /// The kinds that are sent in detail, in the order of the document's table.
    pub fn iter(&self) -> impl Iterator<Item = DocumentType> + '_ {
        DocumentType::ALL.iter().copied().filter(|kind| self.contains(*kind))
    }

    /// Whether an event of that number is sent in detail: 12, 13, 15 and 18 always are.
    ///
    /// ```
    /// use ekasy_device::ident::ShipmentTypes;
    ///
    /// let receipts = ShipmentTypes::parse("PR")?;
    /// assert!(receipts.contains_event(13));
    /// assert!(!receipts.contains_event(14));
    /// # Ok::<(), ekasy_device::ident::IdentError>(())
    /// ```
    pub fn contains_event(&self, number: u32) -> bool {
        EVENTS_ALWAYS_DETAILED.contains(&number) || self.contains(DocumentType::Event)
    }
}

impl PartialEq for ShipmentTypes {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for ShipmentTypes {}

impl fmt::Debug for ShipmentTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShipmentTypes({})", self.0)
    }
}

text_identifier!(ShipmentTypes);
