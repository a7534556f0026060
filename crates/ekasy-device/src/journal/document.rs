//! A document, and the form in which it stands in the journal.
//!
//! An entry is one byte for the form (1), one for what it is, and then, for a document, eight bytes
//! of its number and four of the event's number (both big-endian) and its bytes; for a gap, eight
//! bytes each for the first and the last number.

use std::fmt;

use serde_json::value::RawValue;

use crate::{
    ident::{JpkId, JpkRange},
    packing::{DocumentKind, Item},
};

const FORM: u8 = 1;

/// The byte that says that an entry is a gap; documents have others.
const GAP: u8 = 0;

/// A document to be journalled: its number, its kind, and its bytes, which never change again.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    id: JpkId,
    kind: DocumentKind,
    bytes: Vec<u8>,
}

/// The bytes are not one JSON object.
#[derive(Debug, thiserror::Error)]
#[error("document {id} is not one JSON object")]
pub struct DocumentError {
    id: JpkId,
    source: Option<serde_json::Error>,
}

impl Document {
    /// A document in its detailed form: one JSON object, an element of `content` of the JPK
    /// structure (CRK facts §2.1).
    ///
    /// Whether the object is a JSON object is looked at here, because one that is none would spoil
    /// the package of all its neighbours; what is in it is not.
    pub fn new(id: JpkId, kind: DocumentKind, bytes: Vec<u8>) -> Result<Self, DocumentError> {
        let raw: Result<&RawValue, _> = serde_json::from_slice(&bytes);
        match raw {
            Ok(raw) if raw.get().starts_with('{') => Ok(Self { id, kind, bytes }),
            Ok(_) => Err(DocumentError { id, source: None }),
            Err(source) => Err(DocumentError { id, source: Some(source) }),
        }
    }

    /// Its number.
    pub fn id(&self) -> JpkId {
        self.id
    }

    /// What it is.
    pub fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// Its bytes, exactly as they were given.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Document {
    /// Without the bytes: a document names what somebody bought.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("length", &self.bytes.len())
            .finish()
    }
}

/// What stands in the journal under a number or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Journalled {
    /// A document.
    Document(Document),
    /// Numbers that were declared to have no document.
    Gap(JpkRange),
}

impl Journalled {
    /// The lowest number.
    pub fn first(&self) -> JpkId {
        self.item().first()
    }

    /// The highest number.
    pub fn last(&self) -> JpkId {
        self.item().last()
    }

    /// As a packer takes it.
    pub fn item(&self) -> Item<'_> {
        match self {
            Self::Document(document) => {
                let Document { id, kind, bytes } = document;
                Item::Document { id: *id, kind: *kind, bytes }
            }
            Self::Gap(range) => Item::Gap(*range),
        }
    }

    /// Whether everything due goes out after it.
    pub(super) fn flushes(&self) -> bool {
        matches!(self, Self::Document(document) if document.kind.flushes())
    }

    /// What of it lies in the range; a gap may be cut.
    pub(super) fn within(self, range: JpkRange) -> Option<Self> {
        match self {
            Self::Document(document) => {
                range.contains(document.id).then_some(Self::Document(document))
            }
            Self::Gap(gap) => {
                let (first, last) = (gap.first().max(range.first()), gap.last().min(range.last()));
                JpkRange::new(first, last).ok().map(Self::Gap)
            }
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let (tag, numbers) = match self {
            Self::Gap(gap) => (GAP, [gap.first().get(), gap.last().get()].map(u64::to_be_bytes)),
            Self::Document(document) => {
                let (tag, event) = tag(document.kind);
                let mut entry = vec![FORM, tag];
                entry.extend(document.id.get().to_be_bytes());
                entry.extend(event.to_be_bytes());
                entry.extend(&document.bytes);
                return entry;
            }
        };
        [&[FORM, tag][..], numbers.as_flattened()].concat()
    }

    /// `None` when it is no entry of this form.
    pub(super) fn decode(entry: &[u8]) -> Option<Self> {
        let (&[FORM, tag], rest) = entry.split_first_chunk()? else { return None };
        let (first, rest) = rest.split_first_chunk()?;
        let id = JpkId::new(u64::from_be_bytes(*first)).ok()?;
        if tag == GAP {
            let last = JpkId::new(u64::from_be_bytes(rest.try_into().ok()?)).ok()?;
            return JpkRange::new(id, last).ok().map(Self::Gap);
        }
        let (event, bytes) = rest.split_first_chunk()?;
        let kind = kind(tag, u32::from_be_bytes(*event))?;
        Some(Self::Document(Document { id, kind, bytes: bytes.to_vec() }))
    }
}

/// The byte for a kind, and the number of an event.
fn tag(kind: DocumentKind) -> (u8, u32) {
    match kind {
        DocumentKind::Receipt => (1, 0),
        DocumentKind::CancelledReceipt => (2, 0),
        DocumentKind::Invoice => (3, 0),
        DocumentKind::CancelledInvoice => (4, 0),
        DocumentKind::DailyReport => (5, 0),
        DocumentKind::NonFiscalPrint => (6, 0),
        DocumentKind::Event(number) => (7, number),
        DocumentKind::FiscalisationReport => (8, 0),
        DocumentKind::Unlisted => (9, 0),
    }
}

fn kind(tag: u8, event: u32) -> Option<DocumentKind> {
    Some(match tag {
        1 => DocumentKind::Receipt,
        2 => DocumentKind::CancelledReceipt,
        3 => DocumentKind::Invoice,
        4 => DocumentKind::CancelledInvoice,
        5 => DocumentKind::DailyReport,
        6 => DocumentKind::NonFiscalPrint,
        7 => DocumentKind::Event(event),
        8 => DocumentKind::FiscalisationReport,
        9 => DocumentKind::Unlisted,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> JpkId {
        JpkId::new(number).unwrap()
    }

    #[test]
    fn every_entry_is_read_as_it_was_written() {
        let bytes = br#"{ "x": 1.10, "\u0142":"" }"#.to_vec();
        for tag in 1..=9 {
            let kind = kind(tag, 13).unwrap();
            let document = Document::new(JpkId::MAX, kind, bytes.clone()).unwrap();
            let entry = Journalled::Document(document);
            assert_eq!(Journalled::decode(&entry.encode()), Some(entry));
        }
        let gap = Journalled::Gap(JpkRange::new(id(3), JpkId::MAX).unwrap());
        assert_eq!(Journalled::decode(&gap.encode()), Some(gap));
    }

    #[test]
    fn other_forms_are_refused() {
        let gap = Journalled::Gap(JpkRange::new(id(3), id(4)).unwrap()).encode();
        for length in 0..gap.len() {
            assert_eq!(Journalled::decode(&gap[..length]), None);
        }
        for (at, byte) in [(0, 2), (1, 10)] {
            let mut other = gap.clone();
            other[at] = byte;
            assert_eq!(Journalled::decode(&other), None);
        }
        assert_eq!(Journalled::decode(&[gap, vec![0]].concat()), None);
    }

    #[test]
    fn what_is_not_one_object_is_no_document() {
        for bytes in [&b""[..], b"7", b"[{}]", b"{}{}", b"{", b"{\"a\":\"\xff\"}"] {
            assert!(Document::new(id(1), DocumentKind::Receipt, bytes.to_vec()).is_err());
        }
    }
}
