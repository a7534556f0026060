//! The journey of a parcel: into a session, to the session's end, and to the fates of its invoices.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
};

use common_core::store::{Change, Expect, Lease, StoreError, Swap, Version};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::time::Instant;

use super::{
    Carrier, DurableError,
    draft::Draft,
    fate::{Fate, Known, Refusal},
    parcel::{Letter, Parcel, Stage, Way},
};
use crate::v2::{
    ErrorCode,
    error::{Error, ErrorKind},
    sending::OnlineSession,
};

mod look;
mod lookup;
mod package;
mod session;

/// So many records are read and written at a time: stores make what comes together durable together.
const AT_ONCE: usize = 64;

/// The codes with which a call is refused for what the invoice is: 21405, that its content does not
/// fit; 21166 and 21167, that it is no technical correction any more.
const FINAL: [u32; 3] = [21405, 21166, 21167];

/// A technical correction of the same invoice was issued before.
const CORRECTED: u32 = 21166;

/// So often the correction that KSeF has already is looked for.
const UNFOUND: u32 = 5;

/// How far a parcel came in its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// So many invoices were decided about.
    pub(super) decided: usize,
    /// So many are left.
    pub(super) left: usize,
    pub(super) next: Next,
    /// The service had decided about so many in its session when its list was read.
    pub(super) seen: u64,
}

/// What a parcel waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Its session, which is being processed.
    Look,
    /// Something that may take long.
    Patience,
    /// Another session, after KSeF failed so often on its invoices.
    Session(u32),
}

/// A parcel on its journey.
struct Journey<'a> {
    key: &'a str,
    lease: &'a Lease,
    version: Version,
    parcel: Parcel,
    decided: usize,
    waits: bool,
    seen: u64,
    /// Whether nothing was left of it, and its record was taken away.
    is_over: bool,
}

impl Carrier {
    /// Takes a parcel as far as it goes without waiting; `None` when it is not there any more.
    ///
    /// The record is written before the first invoice is sent, and after fates are.
    pub(super) async fn carry(
        &self,
        key: &str,
        seen: u64,
        lease: &Lease,
    ) -> Result<Option<Progress>, DurableError> {
        let Some(record) = self.outbox.store.get(key).await? else { return Ok(None) };
        let (parcel, version) = (Parcel::decode(&record.value)?, record.version);
        let (decided, waits, is_over) = (0, false, false);
        let mut journey = Journey { key, lease, version, parcel, decided, waits, seen, is_over };
        let trouble = if journey.parcel.session.is_none() {
            self.set_out(&mut journey).await?
        } else {
            self.resume_package(&mut journey).await?
        };
        self.follow(&mut journey).await?;
        let Journey { parcel, decided, waits, seen, .. } = journey;
        match trouble {
            Some(error) if decided == 0 && !is_about_one(&error) => return Err(error.into()),
            _ => {}
        }
        let next = match parcel.session {
            _ if waits => Next::Patience,
            Some(_) => Next::Look,
            None if trouble.is_some() && decided == 0 => Next::Patience,
            None => Next::Session(parcel.tries()),
        };
        Ok(Some(Progress { decided, left: parcel.letters.len(), next, seen }))
    }

    /// Sends a parcel that is in no session. What kept some of its invoices from being sent, if that
    /// was the way and not the invoice, is answered.
    async fn set_out(&self, journey: &mut Journey<'_>) -> Result<Option<Error>, DurableError> {
        // From here on letters are added to other parcels.
        journey.parcel.stage = Stage::Departing;
        if self.options.folder.is_none() {
            // Another carrier meant to make a package of it, and this one makes none.
            journey.parcel.way = Way::Online;
        }
        self.store(journey).await?;
        self.keep_waiting(journey).await?;
        let is_cut = self.compare_rivals(journey).await?;
        if journey.parcel.letters.iter().all(|letter| letter.rival.is_some()) {
            journey.waits = is_cut;
            self.store(journey).await?;
            return Ok(None);
        }
        journey.seen = 0;
        let sent = match journey.parcel.way {
            Way::Batch => self.send_package(journey).await,
            Way::Online => self.send_online(journey).await,
        };
        if sent.is_err() && journey.parcel.session.is_none() {
            // It never left, so letters may join it again.
            journey.parcel.stage = Stage::Home;
            self.store(journey).await?;
        }
        match sent {
            // KSeF opens no session for these: for their form, as far as it says.
            Err(DurableError::Ksef(error)) if is_refused(&error) => {
                self.count_tries(journey, None, &Refusal::of_error(&error)).await?;
                Ok(Some(error))
            }
            sent => sent,
        }
    }

    /// Drops letters that wait no more: those whose fate was stored by a carrier that was cut off
    /// then, and those that were put in anew.
    async fn keep_waiting(&self, journey: &mut Journey<'_>) -> Result<(), DurableError> {
        let letters = stream::iter(journey.parcel.letters.clone());
        let known = letters.map(|letter| async move {
            let known = self.outbox.known(&letter.hash()?).await?;
            let place = known.and_then(|(known, _)| known.place());
            Ok::<_, DurableError>((place == Some(letter.position)).then_some(letter))
        });
        let kept: Vec<_> = known.buffered(AT_ONCE).try_collect().await?;
        let kept: Vec<_> = kept.into_iter().flatten().collect();
        let dropped = |letter: &&Letter| !kept.contains(letter);
        let dropped = journey.parcel.letters.iter().filter(dropped);
        let places: Vec<_> = dropped.map(|letter| letter.position).collect();
        if !places.is_empty() {
            let journal = self.outbox.names.journal();
            self.outbox.store.acknowledge(journal, &places, Some(journey.lease)).await?;
            journey.parcel.letters = kept;
        }
        Ok(())
    }

    /// Sends the invoices of a parcel, each once, in a session of their own.
    async fn send_online(&self, journey: &mut Journey<'_>) -> Result<Option<Error>, DurableError> {
        // Nobody sends into a session whose number nobody knows, so one that is lost stays empty.
        let session = self.account.online(journey.parcel.kind.form.clone()).open().await?;
        let until = session.valid_until().unwrap_or_else(|| self.account.clock().now() + LIFE);
        journey.parcel.enter(session.reference().clone(), until);
        self.store(journey).await?;
        let (began, stops) = (Instant::now(), AtomicBool::new(false));
        // Those whose turn has not come when it is over go into the next session.
        let letters = journey.parcel.letters.clone().into_iter();
        let sent = stream::iter(letters.filter(|letter| letter.rival.is_none()))
            .take_while(|_| {
                let is_over = stops.load(Ordering::Relaxed) || began.elapsed() >= self.options.turn;
                std::future::ready(!is_over)
            })
            .map(|letter| self.send_letter(&session, letter))
            .buffer_unordered(self.options.at_a_time);
        let mut sent = std::pin::pin!(sent);
        let (mut trouble, mut decided, mut refused) = (None, Vec::new(), Vec::new());
        let mut is_begun = false;
        while let Some(outcome) = sent.next().await {
            let (letter, sent) = outcome?;
            is_begun |= sent.as_ref().err().is_none_or(Error::may_have_happened);
            let Err(error) = sent else { continue };
            if let Some(fate) = self.refusal(&letter, &error).await? {
                decided.push((letter, fate));
                continue;
            }
            // What was not sent by now goes into the next session.
            stops.fetch_or(is_about_session(&error), Ordering::Relaxed);
            if is_refused(&error) {
                refused.push((letter, Refusal::of_error(&error)));
            }
            // The limit is no trouble where something was sent: the rest has its turn later.
            if error.kind() != ErrorKind::Limited || !is_begun {
                trouble = trouble.or(Some(error));
            }
        }
        if stops.load(Ordering::Relaxed) && !is_begun {
            // Nothing is in it, so it need not be looked through; it ends by itself.
            journey.parcel.leave_session();
        }
        for (letter, why) in refused {
            self.count_tries(journey, Some(&letter), &why).await?;
        }
        self.decide(journey, decided).await?;
        self.store(journey).await?;
        Ok(trouble)
    }

    async fn send_letter(
        &self,
        session: &OnlineSession,
        letter: Letter,
    ) -> Result<(Letter, Result<(), Error>), DurableError> {
        let sent = match self.draft(&letter).await {
            Ok(draft) => session.send(draft.outgoing()).await.map(drop),
            // One that cannot be read keeps none of the others here.
            Err(DurableError::Corrupt(cause)) => {
                Err(Error::local(ErrorKind::Corrupt, "outbox.draft", cause))
            }
            Err(error) => return Err(error),
        };
        Ok((letter, sent))
    }

    /// The fate of an invoice whose call was refused because of what it is; `None` for other
    /// failures.
    async fn refusal(&self, letter: &Letter, error: &Error) -> Result<Option<Fate>, DurableError> {
        let code = error.code().map_or(0, ErrorCode::number);
        // 413 comes from the way to the service, too.
        let is_local = error.kind() == ErrorKind::Input && error.problem().is_none();
        if !(is_local || FINAL.contains(&code)) || error.may_have_happened() {
            return Ok(None);
        }
        if code != CORRECTED {
            return Ok(Some(Fate::Refused(Refusal::of_error(error))));
        }
        match self.correction_of(letter).await {
            // That nothing is found is believed later: metadata come after the invoice.
            Ok(None) if letter.tries >= UNFOUND => {
                Ok(Some(Fate::Refused(Refusal::of_error(error))))
            }
            Err(DurableError::Ksef(_)) => Ok(None),
            found => found,
        }
    }

    /// Counts a try of one letter, or of all; those that had enough are decided about.
    async fn count_tries(
        &self,
        journey: &mut Journey<'_>,
        one: Option<&Letter>,
        why: &Refusal,
    ) -> Result<(), DurableError> {
        let mut decided = Vec::new();
        for letter in &mut journey.parcel.letters {
            if one.is_some_and(|one| one.position != letter.position) {
                continue;
            }
            match self.tried(letter.clone(), why.clone()) {
                Ok(tried) => *letter = tried,
                Err(fate) => decided.push((letter.clone(), fate)),
            }
        }
        self.decide(journey, decided).await?;
        self.store(journey).await
    }

    /// The invoice of a letter, from the store.
    async fn draft(&self, letter: &Letter) -> Result<Draft, DurableError> {
        let entry = self.outbox.entry(letter.position).await?;
        let entry = entry.ok_or(DurableError::Corrupt("an invoice of a parcel is missing"))?;
        let draft = Draft::decode(&entry.payload)?;
        if draft.hash() != letter.hash()? {
            return Err(DurableError::Corrupt("an invoice has changed"));
        }
        Ok(draft)
    }

    /// Stores how far a parcel is, or takes it away when nothing is left; unless letters were added
    /// to it since it was read, when its next turn takes all of them.
    async fn store(&self, journey: &mut Journey<'_>) -> Result<(), DurableError> {
        if journey.is_over {
            return Ok(());
        }
        let parcel = &journey.parcel;
        journey.is_over = parcel.letters.is_empty();
        let change = if journey.is_over {
            Change::Remove
        } else {
            Change::Put { value: parcel.encode(), expires_at: None }
        };
        let (key, expect) = (journey.key, Expect::Version(journey.version));
        match self.outbox.store.swap(key, expect, change, Some(journey.lease)).await? {
            Swap::Done(version) => journey.version = version,
            Swap::Conflict(_) => {
                let grown = "the parcel has changed meanwhile";
                return Err(DurableError::Store(StoreError::unavailable(grown)));
            }
        }
        Ok(())
    }

    /// Stores the fates of invoices, and takes them out of the outbox and out of the parcel in memory.
    ///
    /// Cut off between the steps, the session is looked through again and says the same.
    async fn decide(
        &self,
        journey: &mut Journey<'_>,
        decided: Vec<(Letter, Fate)>,
    ) -> Result<(), DurableError> {
        if decided.is_empty() {
            return Ok(());
        }
        let positions: Vec<_> = decided.iter().map(|(letter, _)| letter.position).collect();
        let lease = journey.lease;
        let told = stream::iter(decided)
            .map(|(letter, fate)| self.tell(letter, fate, lease))
            .buffer_unordered(AT_ONCE);
        told.try_collect::<()>().await?;
        let journal = self.outbox.names.journal();
        self.outbox.store.acknowledge(journal, &positions, Some(lease)).await?;
        let positions: HashSet<_> = positions.into_iter().collect();
        journey.parcel.letters.retain(|letter| !positions.contains(&letter.position));
        journey.decided += positions.len();
        Ok(())
    }

    /// Stores the fate of a letter, unless the invoice was put in anew or is decided about already.
    async fn tell(&self, letter: Letter, fate: Fate, lease: &Lease) -> Result<(), DurableError> {
        let hash = letter.hash()?;
        let key = self.outbox.names.fate(&hash);
        loop {
            let Some((known, version)) = self.outbox.known(&hash).await? else { return Ok(()) };
            // Issued is issued, wherever the same bytes stand now.
            let counts = known.place() == Some(letter.position)
                || (known.place().is_some() && matches!(fate, Fate::Issued(_)));
            if !counts {
                return Ok(());
            }
            let (expect, change) = (Expect::Version(version), Known::decided(fate.clone()).put());
            let swap = self.outbox.store.swap(&key, expect, change, Some(lease)).await?;
            if matches!(swap, Swap::Done(_)) {
                return Ok(());
            }
        }
    }
}

/// How long an interactive session lives where the service does not say.
const LIFE: chrono::TimeDelta = chrono::TimeDelta::hours(12);

/// Whether the service, and nobody on the way to it, found a request wrong.
fn is_refused(error: &Error) -> bool {
    let kinds = [ErrorKind::Invalid, ErrorKind::Conflict];
    kinds.contains(&error.kind()) && error.code().is_some() && !error.may_have_happened()
}

/// Whether the failure is one of the session that is over now, so that the next one may fare better.
fn is_about_one(error: &Error) -> bool {
    let kinds = [ErrorKind::SessionState, ErrorKind::SessionUnavailable, ErrorKind::LimitReached];
    kinds.contains(&error.kind())
}

/// Whether further invoices would fare alike in the same session.
fn is_about_session(error: &Error) -> bool {
    let kinds = [
        ErrorKind::Unauthenticated,
        ErrorKind::NoLogin,
        ErrorKind::Forbidden,
        ErrorKind::NotFound,
        ErrorKind::Limited,
        ErrorKind::TooManyRequests,
    ];
    is_about_one(error) || kinds.contains(&error.kind())
}
