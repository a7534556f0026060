//! The log of a caller, which outlives the runs that it gives up.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use common_core::store::BoxFuture;
use ksef_client::v1::send_many::{Note, NoteState, SendLog, SendProgress};
use ksef_crypto::link::InvoiceHash;

/// Every note, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<Note>>>);

impl Notes {
    /// What is known of the invoices.
    pub(crate) fn progress(&self) -> SendProgress {
        self.all().iter().cloned().collect()
    }

    /// How often an invoice was about to be sent.
    pub(crate) fn sendings(&self) -> usize {
        self.all().iter().filter(|note| note.state == NoteState::Sending).count()
    }

    /// What is known to be issued, by the number of its session.
    pub(crate) fn accepted(&self) -> BTreeMap<String, Vec<InvoiceHash>> {
        let mut accepted = BTreeMap::<_, Vec<_>>::new();
        for note in self.progress().notes() {
            let hash = InvoiceHash::from_base64(&note.hash);
            if let (NoteState::Accepted(..), Some(hash)) = (&note.state, hash) {
                accepted.entry(note.session.to_string()).or_default().push(hash);
            }
        }
        accepted
    }

    fn all(&self) -> MutexGuard<'_, Vec<Note>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SendLog for Notes {
    fn write<'a>(&'a self, note: &'a Note) -> BoxFuture<'a, io::Result<()>> {
        self.all().push(note.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}
