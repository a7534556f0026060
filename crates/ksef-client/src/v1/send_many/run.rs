//! A run: what is done for each invoice, and the looking for lost ones at the end.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use common_core::poll::PollSchedule;
use common_http::{BuildError, Endpoint};
use futures_util::{Stream, StreamExt, stream};
use ksef_crypto::{link::InvoiceHash, number::ReferenceNumber, seal::Measure};
use tokio::sync::Semaphore;

use super::{
    SendMany,
    known::Known,
    note::{Note, NoteState},
    outcome::{Outcome, SendResult},
    resolve::{Resolved, Search},
};
use crate::v1::{
    error::{Error, ErrorKind},
    invoices::{InvoiceStatus, Send, SentInvoice},
    outgoing::Outgoing,
};

/// The largest invoice of a session, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// The results of a run.
pub(super) fn run<'s, I>(plan: SendMany<'s>, invoices: I) -> impl Stream<Item = SendResult> + 's
where
    I: Stream<Item = Outgoing> + std::marker::Send + 's,
{
    let (at_once, wide) = (plan.sending, plan.sending + plan.waiting);
    let run = Arc::new(Run {
        plan,
        room: Semaphore::new(at_once),
        known: Known::default(),
        lost: Mutex::default(),
        stopped: Mutex::default(),
        earlier: tokio::sync::OnceCell::new(),
    });
    let end = Arc::clone(&run);
    let results = invoices.enumerate().map(move |(index, invoice)| {
        let run = Arc::clone(&run);
        async move { run.one(index as u64, invoice).await }
    });
    let results = results.buffer_unordered(wide).filter_map(std::future::ready);
    let lost = stream::once(async move { stream::iter(end.find_lost().await) }).flatten();
    results.chain(lost)
}

struct Run<'s> {
    plan: SendMany<'s>,
    /// How many invoices may be sent at a time.
    room: Semaphore,
    known: Known,
    /// Invoices whose answers were lost in this run.
    lost: Mutex<Vec<Lost>>,
    /// Why no further invoice can be sent in this session.
    stopped: Mutex<Option<Arc<Error>>>,
    /// What the sessions of earlier runs say about invoices of which nobody knows.
    earlier: tokio::sync::OnceCell<BTreeMap<ReferenceNumber, Result<Resolved, Arc<Error>>>>,
}

/// An invoice whose answer was lost.
struct Lost {
    index: u64,
    name: String,
    hash: InvoiceHash,
    error: Arc<Error>,
}

/// An invoice that was read.
struct Loaded {
    index: u64,
    name: String,
    hash: InvoiceHash,
    bytes: Bytes,
}

impl Loaded {
    fn result(self, outcome: Outcome) -> SendResult {
        SendResult { index: self.index, name: self.name, hash: Some(self.hash), outcome }
    }
}

impl Run<'_> {
    /// Sends one invoice and waits for what becomes of it; `None` when the answer was lost, so that
    /// its result comes at the end.
    async fn one(&self, index: u64, invoice: Outgoing) -> Option<SendResult> {
        let name = invoice.name().to_owned();
        let unread = |outcome| {
            let name = name.clone();
            Some(SendResult { index, name, hash: None, outcome })
        };
        let room = self.room.acquire().await.ok();
        let stopped = || lock(&self.stopped).clone();
        // What an earlier run knew of an invoice holds whatever stopped this one.
        if let Some(error) = stopped().filter(|_| !self.plan.past.names(&name)) {
            return unread(Outcome::NotSent(error));
        }
        let bytes = match invoice.load(LARGEST).await {
            Ok(bytes) => bytes,
            Err(error) => {
                let error = Arc::new(local(ErrorKind::File, error));
                // Which bytes an earlier run may have sent under that name cannot be told without
                // them.
                return unread(if self.plan.past.names(&name) {
                    Outcome::Unknown(error, Vec::new())
                } else {
                    Outcome::NotSent(error)
                });
            }
        };
        let hash = InvoiceHash::of(&bytes);
        let loaded = Loaded { index, name, hash, bytes };
        if let Some(known) = self.known_outcome(&loaded).await {
            drop(room);
            return Some(match known {
                Ok(outcome) => loaded.result(outcome),
                Err(sent) => self.wait(loaded, sent).await,
            });
        }
        if let Some(error) = stopped() {
            return Some(loaded.result(Outcome::NotSent(error)));
        }
        let sent = self.send(&loaded).await;
        drop(room);
        match sent {
            Ok(sent) => Some(self.wait(loaded, sent).await),
            Err(error) => self.failed(loaded, error).await,
        }
    }

    /// What an earlier run knew of an invoice: its outcome, or the element that it is; `None` when
    /// it has to be sent.
    async fn known_outcome(&self, invoice: &Loaded) -> Option<Result<Outcome, SentInvoice>> {
        self.earlier().await;
        let note = self.plan.past.of(&invoice.name, &invoice.hash)?;
        Some(match &note.state {
            NoteState::NotSent => return None,
            NoteState::Accepted(_, accepted) => Ok(Outcome::Accepted(accepted.clone())),
            NoteState::Rejected(_, progress) => Ok(Outcome::Rejected(progress.clone())),
            NoteState::Sent(element) => {
                Err(SentInvoice::new(note.session.clone(), element.clone(), &invoice.hash))
            }
            NoteState::Sending => Ok(match self.earlier().await.get(&note.session)? {
                Err(error) => Outcome::Unknown(Arc::clone(error), Vec::new()),
                Ok(resolved) => match resolved.find(&invoice.hash) {
                    Some((element, accepted)) => {
                        let accepted = accepted.clone();
                        let state = NoteState::Accepted(element.clone(), accepted.clone());
                        self.note(invoice, &note.session, state).await;
                        Outcome::Accepted(accepted)
                    }
                    // What may be it was refused, so it is not issued, whether it was sent or not.
                    None if resolved.are_refused() => return None,
                    None => {
                        let cause = "an earlier run may have sent it";
                        let error = Arc::new(local(ErrorKind::NotFinished, cause));
                        Outcome::Unknown(error, resolved.candidates.clone())
                    }
                },
            }),
        })
    }

    /// Looks once, before anything is sent, for what earlier runs may have sent.
    async fn earlier(&self) -> &BTreeMap<ReferenceNumber, Result<Resolved, Arc<Error>>> {
        let look = || async {
            let mut doubts = BTreeMap::<&ReferenceNumber, Vec<InvoiceHash>>::new();
            for note in self.plan.past.notes() {
                if let Some(element) = note.state.element() {
                    self.known.insert(element);
                }
                let hash = InvoiceHash::from_base64(&note.hash);
                if let (NoteState::Sending, Some(hash)) = (&note.state, hash) {
                    doubts.entry(&note.session).or_default().push(hash);
                }
            }
            let mut earlier = BTreeMap::new();
            for (session, wanted) in doubts {
                let found = self.search(session, &wanted).await.map_err(Arc::new);
                earlier.insert(session.clone(), found);
            }
            earlier
        };
        self.earlier.get_or_init(look).await
    }

    async fn search(
        &self,
        reference: &ReferenceNumber,
        wanted: &[InvoiceHash],
    ) -> Result<Resolved, Error> {
        let (session, known) = (self.plan.session, &self.known);
        Search { session, reference, wanted, known }.run(&self.plan.schedule).await
    }

    async fn send(&self, invoice: &Loaded) -> Result<SentInvoice, Error> {
        if !(1..=LARGEST).contains(&(invoice.bytes.len() as u64)) {
            let error = BuildError::new("fileSize", format!("must be 1 to {LARGEST} bytes"));
            return Err(Error::input(Send::INFO.name, error));
        }
        if let Some(log) = &self.plan.log {
            let written = log.write(&new_note(invoice, self.session(), NoteState::Sending)).await;
            written.map_err(|error| local(ErrorKind::File, error))?;
        }
        let (session, call) = (self.plan.session, self.plan.call);
        let (size, sha256) = (invoice.bytes.len() as u64, *invoice.hash.as_bytes());
        let sent = session.send_measured(&invoice.bytes, Measure { size, sha256 }, call).await?;
        self.known.insert(&sent.element);
        self.note(invoice, self.session(), NoteState::Sent(sent.element.clone())).await;
        Ok(sent)
    }

    /// Waits for what becomes of an invoice that was taken.
    async fn wait(&self, mut invoice: Loaded, sent: SentInvoice) -> SendResult {
        // Its bytes are not needed any more, and many may be waiting.
        invoice.bytes = Bytes::new();
        let schedule: &PollSchedule = &self.plan.schedule;
        let outcome = match self.plan.session.wait_for_invoice(&sent, schedule).await {
            Ok(InvoiceStatus::Accepted(accepted)) => {
                let state = NoteState::Accepted(sent.element, accepted.clone());
                self.note(&invoice, &sent.session, state).await;
                Outcome::Accepted(accepted)
            }
            Ok(InvoiceStatus::Rejected(progress)) => {
                let state = NoteState::Rejected(sent.element, progress.clone());
                self.note(&invoice, &sent.session, state).await;
                Outcome::Rejected(progress)
            }
            Ok(InvoiceStatus::Pending(progress)) => {
                Outcome::Pending(sent, Arc::new(local(ErrorKind::NotFinished, progress)))
            }
            Err(error) => Outcome::Pending(sent, Arc::new(error)),
        };
        invoice.result(outcome)
    }

    /// Sorts a sending that failed.
    async fn failed(&self, invoice: Loaded, error: Error) -> Option<SendResult> {
        let kind = error.kind();
        let error = Arc::new(error);
        // A duplicate may be an invoice of an earlier run that wrote no log.
        if error.may_have_happened() || kind == ErrorKind::Duplicate {
            let Loaded { index, name, hash, .. } = invoice;
            lock(&self.lost).push(Lost { index, name, hash, error });
            return None;
        }
        if is_hopeless(kind) {
            lock(&self.stopped).get_or_insert_with(|| Arc::clone(&error));
        }
        self.note(&invoice, self.session(), NoteState::NotSent).await;
        let outcome = if is_its_own_fault(&error) {
            Outcome::Refused(error)
        } else {
            Outcome::NotSent(error)
        };
        Some(invoice.result(outcome))
    }

    /// Looks for the invoices whose answers were lost; all others have ended.
    async fn find_lost(&self) -> Vec<SendResult> {
        let lost = std::mem::take(&mut *lock(&self.lost));
        if lost.is_empty() {
            return Vec::new();
        }
        let wanted: Vec<_> = lost.iter().map(|one| one.hash).collect();
        let found = self.search(self.plan.session.reference(), &wanted).await;
        let mut results = Vec::with_capacity(lost.len());
        for Lost { index, name, hash, error } in lost {
            let invoice = Loaded { index, name, hash, bytes: Bytes::new() };
            let outcome = self.outcome_of_lost(&invoice, error, &found).await;
            results.push(invoice.result(outcome));
        }
        results
    }

    async fn outcome_of_lost(
        &self,
        invoice: &Loaded,
        error: Arc<Error>,
        found: &Result<Resolved, Error>,
    ) -> Outcome {
        let Ok(resolved) = found else { return Outcome::Unknown(error, Vec::new()) };
        if let Some((element, accepted)) = resolved.find(&invoice.hash) {
            let state = NoteState::Accepted(element.clone(), accepted.clone());
            self.note(invoice, self.session(), state).await;
            return Outcome::Accepted(accepted.clone());
        }
        if error.kind() == ErrorKind::Duplicate && !error.may_have_happened() {
            self.note(invoice, self.session(), NoteState::NotSent).await;
            return Outcome::Refused(error);
        }
        if !resolved.candidates.is_empty() {
            return Outcome::Unknown(error, resolved.candidates.clone());
        }
        self.note(invoice, self.session(), NoteState::NotSent).await;
        Outcome::NotSent(error)
    }

    /// Writes a note that need not be durable: what it says can be found out again.
    async fn note(&self, invoice: &Loaded, session: &ReferenceNumber, state: NoteState) {
        if let Some(log) = &self.plan.log
            && let Err(error) = log.write(&new_note(invoice, session, state)).await
        {
            tracing::warn!(%error, "a note on an invoice could not be written");
        }
    }

    /// The session in which this run sends.
    fn session(&self) -> &ReferenceNumber {
        self.plan.session.reference()
    }
}

fn new_note(invoice: &Loaded, session: &ReferenceNumber, state: NoteState) -> Note {
    let (name, hash) = (invoice.name.clone(), invoice.hash.base64());
    Note { name, hash, session: session.clone(), state }
}

/// Whether every other invoice would fail in the same way.
fn is_hopeless(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::SessionEnded
            | ErrorKind::NoSession
            | ErrorKind::Unauthenticated
            | ErrorKind::Forbidden
            | ErrorKind::Store
    )
}

/// Whether the invoice would be refused again. A refusal of which only the status arrived does not
/// say so.
fn is_its_own_fault(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Input => true,
        ErrorKind::Invalid | ErrorKind::Encryption => error.code().is_some(),
        _ => false,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn local(
    kind: ErrorKind,
    error: impl Into<Box<dyn std::error::Error + std::marker::Send + Sync>>,
) -> Error {
    Error::local(kind, Send::INFO.name, error)
}

#[cfg(test)]
mod tests {
    use common_http::scripted::Step;
    use futures_util::StreamExt;

    use super::*;
    use crate::v1::{
        client::testing::{ELEMENT, SESSION},
        send_many::SendProgress,
        session::tests::plain_session,
    };

    async fn outcome_of_an_unreadable_file(notes: impl IntoIterator<Item = Note>) -> Outcome {
        let (session, script) = plain_session(std::iter::empty::<Step>());
        let run = session.send_many().resume(SendProgress::from_iter(notes));
        let invoices = stream::iter([Outgoing::file("/nowhere/at/all/a.xml")]);
        let mut results: Vec<_> = run.send(invoices).collect().await;
        assert_eq!((results.len(), script.requests().len()), (1, 0));
        results.remove(0).outcome
    }

    #[tokio::test]
    async fn an_invoice_that_may_have_been_sent_and_cannot_be_read_does_not_pass_for_one_that_was_not()
     {
        let note = |state| Note {
            name: "a.xml".to_owned(),
            hash: InvoiceHash::of(b"<a/>").base64(),
            session: SESSION.parse().unwrap(),
            state,
        };
        let element = ELEMENT.parse().unwrap();
        for state in [NoteState::Sending, NoteState::Sent(element)] {
            let outcome = outcome_of_an_unreadable_file([note(state)]).await;
            let Outcome::Unknown(error, _) = &outcome else { panic!("{outcome:?}") };
            assert_eq!(error.kind(), ErrorKind::File);
        }
        for notes in [Vec::new(), vec![note(NoteState::Sending), note(NoteState::NotSent)]] {
            let outcome = outcome_of_an_unreadable_file(notes).await;
            assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
        }
    }
}
