//! One document of a JPK structure, with its bytes.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::{
    DailyReport, DocumentError, DocumentSealer, Info, Receipt, SealerError, Unsealed, error,
};

/// An element of `content`: an object with one member, whose name is the kind of the document.
///
/// The text of the document is kept as it was read or made, and written unchanged.
#[derive(Clone)]
pub struct Entry {
    kind: String,
    raw: Box<RawValue>,
    jpk_id: Option<u64>,
}

/// What an entry holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// `paragon`: a receipt.
    Receipt(Box<Receipt>),
    /// `rapDob`: a daily report.
    DailyReport(Box<DailyReport>),
    /// `info`: the short form of a document.
    Info(Info),
    /// Another kind; its fields are not known.
    Other,
}

impl Entry {
    /// The name of receipts.
    pub const RECEIPT: &str = "paragon";
    /// The name of daily reports.
    pub const DAILY_REPORT: &str = "rapDob";
    /// The name of the short form.
    pub const INFO: &str = "info";
    /// The name of the seal within a document.
    const SEAL: &str = "podpis";

    /// Takes a document of any kind as JSON.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when the text is no JSON object or the kind has no name.
    pub fn new(kind: impl Into<String>, json: impl Into<String>) -> Result<Self, DocumentError> {
        let raw = RawValue::from_string(json.into())
            .map_err(|cause| DocumentError::from_json("", &cause))?;
        Self::from_raw(kind.into(), raw).ok_or_else(|| DocumentError::at(""))
    }

    /// Writes a receipt.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when it cannot be written, which no value of this crate causes.
    pub fn receipt(receipt: &Receipt) -> Result<Self, DocumentError> {
        Self::written(Self::RECEIPT, receipt)
    }

    /// Writes a daily report.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when it cannot be written, which no value of this crate causes.
    pub fn daily_report(report: &DailyReport) -> Result<Self, DocumentError> {
        Self::written(Self::DAILY_REPORT, report)
    }

    /// Writes the short form of a document.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when it cannot be written, which no value of this crate causes.
    pub fn info(info: &Info) -> Result<Self, DocumentError> {
        Self::written(Self::INFO, info)
    }

    /// The name of the kind.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The text of the document, without its kind.
    pub fn json(&self) -> &str {
        self.raw.get()
    }

    /// The number of the document, when it is a whole number under `JPKID`.
    pub fn jpk_id(&self) -> Option<u64> {
        self.jpk_id
    }

    /// Reads the document.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when a known kind has not the fields it was seen with. The entry can
    /// still be kept and sent.
    pub fn content(&self) -> Result<Content, DocumentError> {
        let read = match self.kind.as_str() {
            Self::RECEIPT => {
                error::read(self.json()).map(|receipt| Content::Receipt(Box::new(receipt)))
            }
            Self::DAILY_REPORT => {
                error::read(self.json()).map(|report| Content::DailyReport(Box::new(report)))
            }
            Self::INFO => error::read(self.json()).map(Content::Info),
            _ => Ok(Content::Other),
        };
        read.map_err(|error: DocumentError| error.below(&self.kind))
    }

    /// This document with a seal (`podpis`) as its last member; nothing else of its text changes.
    ///
    /// `header` and `taxpayer` are the JSON of the structure that it will be sent in, for a
    /// sealer that needs them.
    ///
    /// # Errors
    ///
    /// [`SealerError`] when the document has a seal already or the sealer refuses.
    pub fn sealed(
        &self,
        header: &str,
        taxpayer: &str,
        sealer: &dyn DocumentSealer,
    ) -> Result<Self, SealerError> {
        let members: BTreeMap<String, &RawValue> =
            serde_json::from_str(self.json()).map_err(SealerError::new)?;
        if members.contains_key(Self::SEAL) {
            return Err(SealerError::new("the document has a seal already"));
        }
        let seal = sealer.seal(&Unsealed::new(&self.kind, self.json(), header, taxpayer))?;
        let seal = serde_json::to_string(&seal).map_err(SealerError::new)?;
        let body = self.json().strip_suffix('}').unwrap_or_default();
        let comma = if members.is_empty() { "" } else { "," };
        Self::new(self.kind.as_str(), format!("{body}{comma}\"{}\":{seal}}}", Self::SEAL))
            .map_err(SealerError::new)
    }

    fn written(kind: &str, value: &impl Serialize) -> Result<Self, DocumentError> {
        let raw = to_raw_value(value).map_err(|cause| DocumentError::from_json(kind, &cause))?;
        Self::from_raw(kind.to_owned(), raw).ok_or_else(|| DocumentError::at(kind))
    }

    fn from_raw(kind: String, raw: Box<RawValue>) -> Option<Self> {
        if kind.is_empty() || !raw.get().starts_with('{') {
            return None;
        }
        let numbered: Option<Numbered> = serde_json::from_str(raw.get()).ok();
        Some(Self { kind, raw, jpk_id: numbered.and_then(|numbered| numbered.jpk_id) })
    }
}

/// The one field that all documents were seen with.
#[derive(Deserialize)]
struct Numbered {
    #[serde(rename = "JPKID")]
    jpk_id: Option<u64>,
}

/// Two are equal when kind and text are.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.raw.get() == other.raw.get()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("kind", &self.kind)
            .field("jpk_id", &self.jpk_id)
            .field("bytes", &self.raw.get().len())
            .finish()
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(&self.kind, &self.raw)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose one member is a document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Entry, A::Error> {
        let (kind, raw) =
            members.next_entry()?.ok_or_else(|| A::Error::custom("an empty element"))?;
        if members.next_key::<String>()?.is_some() {
            return Err(A::Error::custom("an element with several documents"));
        }
        Entry::from_raw(kind, raw).ok_or_else(|| A::Error::custom("a document is no object"))
    }
}
