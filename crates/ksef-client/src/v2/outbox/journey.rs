//! The journey of a parcel: into a session, to the session's end, and to the fates of its invoices.

use std::collections::HashMap;

use common_core::store::{Change, Entries, Expect, Lease, Position};
use common_http::{Polled, poll_until};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use ksef_crypto::number::ReferenceNumber;

use super::{
    Carrier, DurableError,
    draft::Draft,
    fate::{Fate, Issued, Refusal},
    parcel::{Letter, Parcel, Way},
    verdict::{self, Verdict},
};
use crate::v2::{
    batch,
    error::{Error, ErrorKind},
    online,
    sending::OnlineSession,
    sessions,
    status::{Class, Status},
};

mod lookup;
mod package;

/// How far a parcel came in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// So many invoices were decided about.
    pub(super) decided: usize,
    /// So many are left.
    pub(super) left: usize,
}

/// What is known of a letter after its session was looked through.
enum Look {
    Decided(Fate),
    Again,
    Pending,
}

impl Carrier {
    /// Takes a parcel one session further; `None` when it is not there any more.
    ///
    /// The record is written before the first invoice is sent, and after all fates are.
    pub(super) async fn carry(
        &self,
        key: &str,
        lease: &Lease,
    ) -> Result<Option<Progress>, DurableError> {
        let Some(record) = self.outbox.store.get(key).await? else { return Ok(None) };
        let mut parcel = Parcel::decode(&record.value)?;
        let mut decided = 0;
        let mut trouble = None;
        if parcel.session.is_none() && !parcel.letters.is_empty() {
            let before = parcel.letters.len();
            trouble = match parcel.way {
                Way::Online => self.send_online(key, &mut parcel, lease).await?,
                Way::Batch => self.send_package(key, &mut parcel, lease).await?,
            };
            decided += before - parcel.letters.len();
        }
        if let Some(session) = parcel.session.clone() {
            if !self.end(&session, parcel.way).await? {
                return Ok(Some(Progress { decided, left: parcel.letters.len() }));
            }
            decided += self.look_through(key, &mut parcel, &session, lease).await?;
        }
        if parcel.letters.is_empty() {
            self.outbox.store.swap(key, Expect::Anything, Change::Remove, Some(lease)).await?;
        } else if let Some(error) = trouble.filter(|error| decided == 0 && !is_about_one(error)) {
            return Err(error.into());
        }
        Ok(Some(Progress { decided, left: parcel.letters.len() }))
    }

    /// Sends the invoices of a parcel, each once, in a session of their own. What kept some of them
    /// from being sent, if that was the way and not the invoice, is answered.
    async fn send_online(
        &self,
        key: &str,
        parcel: &mut Parcel,
        lease: &Lease,
    ) -> Result<Option<Error>, DurableError> {
        // Nobody sends into a session whose number nobody knows, so one that is lost stays empty.
        let session = self.account.online(parcel.form.clone()).open().await?;
        parcel.session = Some(session.reference().clone());
        self.write(key, parcel.encode(), lease).await?;
        let sent = stream::iter(parcel.letters.clone())
            .map(|letter| self.send_letter(&session, letter))
            .buffer_unordered(self.options.at_a_time);
        let mut sent = std::pin::pin!(sent);
        let mut trouble = None;
        while let Some(outcome) = sent.next().await {
            let (letter, Err(error)) = outcome? else { continue };
            match refusal(&error) {
                Some(fate) => self.decide(parcel, &letter, &fate, lease).await?,
                None if is_about_session(&error) => {
                    trouble = Some(error);
                    // What was not sent by now goes into the next session.
                    break;
                }
                None => trouble = trouble.or(Some(error)),
            }
        }
        Ok(trouble)
    }

    async fn send_letter(
        &self,
        session: &OnlineSession,
        letter: Letter,
    ) -> Result<(Letter, Result<(), Error>), DurableError> {
        let draft = self.draft(&letter).await?;
        let sent = session.send(draft.outgoing()).await;
        Ok((letter, sent.map(drop)))
    }

    /// The invoice of a letter, from the store.
    async fn draft(&self, letter: &Letter) -> Result<Draft, DurableError> {
        let before = Position::new(letter.position.number().saturating_sub(1));
        let journal = self.outbox.names.journal();
        let entries = self.outbox.store.read(journal, Entries::All, before, 1).await?;
        let entry = entries.into_iter().find(|entry| entry.position == letter.position);
        let entry = entry.ok_or(DurableError::Corrupt("an invoice of a parcel is missing"))?;
        let draft = Draft::decode(&entry.payload)?;
        if draft.hash() != letter.hash()? {
            return Err(DurableError::Corrupt("an invoice has changed"));
        }
        Ok(draft)
    }

    /// Closes a session and waits until it has ended; `false` while it has not.
    ///
    /// Only then does its list of invoices say what is **not** there. A batch that lacks parts cannot
    /// be closed, and ends by itself when its links do.
    async fn end(&self, session: &ReferenceNumber, way: Way) -> Result<bool, DurableError> {
        let closed = match way {
            Way::Online => self.account.send(&online::Close(session.clone())).await,
            Way::Batch => self.account.send(&batch::Close(session.clone())).await,
        };
        if let Err(error) = &closed {
            let by_state =
                [ErrorKind::SessionState, ErrorKind::Invalid, ErrorKind::SessionUnavailable];
            if !error.may_have_happened() && !by_state.contains(&error.kind()) {
                return closed.map(|()| false).map_err(DurableError::from);
            }
            tracing::debug!(%error, "the session was not closed; its status decides");
        }
        let is_closed = closed.is_ok();
        let poll = || async {
            let answer = self.account.send(&sessions::Status(session.clone())).await?;
            let status = Status::from(answer.status);
            // An open session does not end by being watched: only a closed one is waited for.
            let polled = match (status.class(), status.code) {
                (Class::Pending, 100) if !is_closed => Polled::Ended(false),
                (Class::Pending, _) => Polled::Pending(None),
                _ => Polled::Ended(true),
            };
            Ok::<_, Error>(polled)
        };
        let ended = poll_until(self.account.clock(), &self.options.patience, poll).await?;
        Ok(ended.unwrap_or(false))
    }

    /// Finds every invoice of a parcel in the list of the session that has ended.
    async fn look_through(
        &self,
        key: &str,
        parcel: &mut Parcel,
        session: &ReferenceNumber,
        lease: &Lease,
    ) -> Result<usize, DurableError> {
        let list = sessions::Invoices::new(session.clone());
        let rows: Vec<_> = self.account.items(list).try_collect().await?;
        let found = verdict::by_hash(&rows, &parcel.letters);
        let mut lists = HashMap::from([(session.clone(), lookup::numbers(&rows))]);
        let (mut decided, mut is_pending) = (0, false);
        for letter in parcel.letters.clone() {
            let rows = found.get(&letter.hash).map(Vec::as_slice).unwrap_or_default();
            match self.look(verdict::of_rows(rows, session), &letter, &mut lists).await? {
                Look::Decided(fate) => {
                    self.decide(parcel, &letter, &fate, lease).await?;
                    decided += 1;
                }
                Look::Pending => is_pending = true,
                Look::Again => {}
            }
        }
        if !is_pending {
            parcel.session = None;
        }
        self.write(key, parcel.encode(), lease).await?;
        Ok(decided)
    }

    async fn look(
        &self,
        verdict: Option<Verdict>,
        letter: &Letter,
        lists: &mut HashMap<ReferenceNumber, lookup::Numbers>,
    ) -> Result<Look, DurableError> {
        Ok(match verdict {
            None | Some(Verdict::Again) => Look::Again,
            Some(Verdict::Pending) => Look::Pending,
            Some(Verdict::Decided(fate)) => Look::Decided(fate),
            Some(Verdict::Known { original: None, .. }) => {
                Look::Decided(Fate::Duplicate { original: None })
            }
            Some(Verdict::Known { original: Some(number), session }) => {
                match self.is_same(&number, session.as_ref(), letter, lists).await? {
                    Some(true) => Look::Decided(Fate::Issued(Issued {
                        number,
                        session,
                        invoicing_date: None,
                        permanent_storage_date: None,
                    })),
                    Some(false) => Look::Decided(Fate::Duplicate { original: Some(number) }),
                    None => Look::Pending,
                }
            }
        })
    }

    /// Stores the fate of an invoice and takes it out of the outbox, and out of the parcel in memory.
    ///
    /// Cut off between the steps, the session is looked through again and says the same.
    async fn decide(
        &self,
        parcel: &mut Parcel,
        letter: &Letter,
        fate: &Fate,
        lease: &Lease,
    ) -> Result<(), DurableError> {
        let names = &self.outbox.names;
        self.write(&names.fate(&letter.hash()?), fate.encode(), lease).await?;
        let position = [letter.position];
        self.outbox.store.acknowledge(names.journal(), &position, Some(lease)).await?;
        parcel.letters.retain(|other| other != letter);
        Ok(())
    }
}

/// The fate of an invoice whose call was refused because of what it is; `None` for other failures.
fn refusal(error: &Error) -> Option<Fate> {
    let is_final =
        matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Conflict | ErrorKind::Input);
    (is_final && !error.may_have_happened()).then(|| Fate::Refused(Refusal::of_error(error)))
}

/// Whether the failure is one of the session that is over now, so that the next one may fare better.
fn is_about_one(error: &Error) -> bool {
    let kinds = [ErrorKind::SessionState, ErrorKind::SessionUnavailable, ErrorKind::LimitReached];
    kinds.contains(&error.kind())
}

/// Whether further invoices would fare alike in the same session.
fn is_about_session(error: &Error) -> bool {
    let kinds =
        [ErrorKind::Unauthenticated, ErrorKind::NoLogin, ErrorKind::Forbidden, ErrorKind::NotFound];
    is_about_one(error) || kinds.contains(&error.kind())
}
