//! What a run writes down, so that another one can go on.

use std::{collections::BTreeMap, fmt, io, sync::Arc};

use common_core::store::BoxFuture;
use ksef_crypto::{link::InvoiceHash, number::ReferenceNumber};
use serde::{Deserialize, Serialize};

use crate::v1::{invoices::AcceptedInvoice, progress::Progress};

/// One thing that happened to one invoice. Plain data.
///
/// An invoice is told by its name and its bytes: other bytes under the same name are another
/// invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Note {
    /// The name under which the invoice was given.
    pub name: String,
    /// The SHA-256 of its bytes in Base64.
    pub hash: String,
    /// The session in which it is sent.
    pub session: ReferenceNumber,
    /// What happened.
    pub state: NoteState,
}

/// What happened to an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoteState {
    /// It is about to be sent: from here on it may have been.
    Sending,
    /// It was certainly not taken.
    NotSent,
    /// It was taken, as that element.
    Sent(ReferenceNumber),
    /// It is issued.
    Accepted(ReferenceNumber, AcceptedInvoice),
    /// It was refused after it had been taken.
    Rejected(ReferenceNumber, Progress),
}

impl NoteState {
    /// The element that the invoice is, once that is known.
    pub(super) fn element(&self) -> Option<&ReferenceNumber> {
        match self {
            Self::Sending | Self::NotSent => None,
            Self::Sent(element) | Self::Accepted(element, _) | Self::Rejected(element, _) => {
                Some(element)
            }
        }
    }
}

/// Where a run writes what happens: for resuming, for showing progress, or both.
pub trait SendLog: Send + Sync + fmt::Debug {
    /// Writes one note.
    ///
    /// A note [`Sending`](NoteState::Sending) must be durable when this returns, because the invoice
    /// is sent then; an invoice whose note fails is not sent. Other notes may be lost in a crash:
    /// what they say can be found out again.
    fn write<'a>(&'a self, note: &'a Note) -> BoxFuture<'a, io::Result<()>>;
}

impl<L: SendLog + ?Sized> SendLog for Arc<L> {
    fn write<'a>(&'a self, note: &'a Note) -> BoxFuture<'a, io::Result<()>> {
        (**self).write(note)
    }
}

/// What is known of the invoices of earlier runs: the last note of each. Some hundred bytes for an
/// invoice; as JSON a list of notes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Note>", into = "Vec<Note>")]
pub struct SendProgress {
    notes: BTreeMap<(String, String), Note>,
}

impl SendProgress {
    /// Takes a note into account; later ones count more.
    pub fn apply(&mut self, note: Note) {
        let key = (note.name.clone(), note.hash.clone());
        match note.state {
            NoteState::NotSent => self.notes.remove(&key),
            _ => self.notes.insert(key, note),
        };
    }

    /// What is known, by name.
    pub fn notes(&self) -> impl Iterator<Item = &Note> {
        self.notes.values()
    }

    /// How many invoices are known.
    pub fn len(&self) -> usize {
        self.notes.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// Whether an invoice of that name is known, whatever its bytes.
    pub(super) fn names(&self, name: &str) -> bool {
        let mut notes = self.notes.range((name.to_owned(), String::new())..);
        notes.next().is_some_and(|((known, _), _)| known == name)
    }

    pub(super) fn of(&self, name: &str, hash: &InvoiceHash) -> Option<&Note> {
        self.notes.get(&(name.to_owned(), hash.base64()))
    }
}

impl From<Vec<Note>> for SendProgress {
    fn from(notes: Vec<Note>) -> Self {
        notes.into_iter().collect()
    }
}

impl From<SendProgress> for Vec<Note> {
    fn from(progress: SendProgress) -> Self {
        progress.notes.into_values().collect()
    }
}

impl FromIterator<Note> for SendProgress {
    fn from_iter<I: IntoIterator<Item = Note>>(notes: I) -> Self {
        let mut progress = Self::default();
        notes.into_iter().for_each(|note| progress.apply(note));
        progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::client::testing::{ELEMENT, SESSION};

    fn note(name: &str, bytes: &[u8], state: NoteState) -> Note {
        let hash = InvoiceHash::of(bytes).base64();
        Note { name: name.to_owned(), hash, session: SESSION.parse().unwrap(), state }
    }

    #[test]
    fn the_last_note_of_an_invoice_counts_and_one_that_was_not_sent_is_as_if_unknown() {
        let element = || ELEMENT.parse().unwrap();
        let progress = SendProgress::from_iter([
            note("a", b"1", NoteState::Sending),
            note("a", b"1", NoteState::Sent(element())),
            note("a", b"2", NoteState::Sending),
            note("b", b"1", NoteState::Sending),
            note("b", b"1", NoteState::NotSent),
        ]);
        let known = |name, bytes| progress.of(name, &InvoiceHash::of(bytes)).map(|it| &it.state);
        assert_eq!(known("a", b"1").and_then(NoteState::element), Some(&element()));
        assert_eq!(known("a", b"2"), Some(&NoteState::Sending));
        assert_eq!(known("b", b"1"), None);
        assert_eq!(
            ["", "a", "aa", "b"].map(|name| progress.names(name)),
            [false, true, false, false]
        );
        assert_eq!((progress.len(), progress.is_empty()), (2, false));
        let text = serde_json::to_string(&progress).unwrap();
        assert_eq!(serde_json::from_str::<SendProgress>(&text).unwrap(), progress);
    }
}
