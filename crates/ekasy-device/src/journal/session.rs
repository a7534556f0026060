//! The lease, what is kept in memory, and how both are found again after a write without an answer.

use std::{future::Future, sync::Arc};

use common_core::store::{
    BoxFuture, Entries, Entry, Fence, Lease, Position, StoreError, StoreErrorKind,
};
use common_store::SealedRecords;
use tokio::sync::{Mutex, MutexGuard};

use super::{
    Engine, JournalError, JournalErrorKind, Options, document::Journalled, names::Names,
    outbox::Outbox, schema::Schema,
};
use crate::ident::{CommandIds, JpkId, UniqueNumber};

/// The record of the run that opened the journal last: the number of its first fence.
const RUN: &str = "run";

/// What all clones of a journal share.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) secrets: SealedRecords<Arc<dyn Engine>>,
    pub(super) names: Names,
    pub(super) first: JpkId,
    pub(super) longest_gap: u64,
    pub(super) schema: Schema,
    number: UniqueNumber,
    holder: String,
    ttl: std::time::Duration,
    /// The fence with which this run opened the journal.
    run: Fence,
    state: Mutex<State>,
}

/// What is kept in memory. It only repeats what stands in the engine.
#[derive(Debug)]
pub(super) struct State {
    health: Health,
    pub(super) lease: Lease,
    pub(super) tail: Tail,
    pub(super) outbox: Outbox,
    /// The last daily report that was journalled and not packed.
    pub(super) flush: Option<JpkId>,
    pub(super) ids: CommandIds,
}

/// The end of the journal of documents.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tail {
    /// The highest number that has an entry.
    pub(super) last: Option<JpkId>,
    /// The place of that entry.
    pub(super) position: Position,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    /// What is in memory is what stands in the engine.
    Sound,
    /// A write had no answer: what it did must be looked up.
    Unsure,
    /// Somebody else has the journal.
    Lost,
}

impl Session {
    pub(super) async fn open(
        engine: Arc<dyn Engine>,
        options: Options,
    ) -> Result<Self, JournalError> {
        let names = Names::of(&options.number);
        let lease = engine.acquire(&names.lease, &options.holder, options.lease).await?;
        let busy = || JournalError::new(JournalErrorKind::Busy, "another holder has this journal");
        let lease = lease.ok_or_else(busy)?;
        let sealed = SealedRecords::new(Arc::clone(&engine), options.key);
        let session = Self {
            engine,
            secrets: options.older_keys.into_iter().fold(sealed, SealedRecords::also_opens),
            names,
            first: options.first,
            longest_gap: options.longest_gap,
            schema: options.schema,
            run: lease.fence,
            state: Mutex::new(State {
                health: Health::Unsure,
                lease,
                tail: Tail::default(),
                outbox: Outbox::default(),
                flush: None,
                ids: CommandIds::resume(options.number.clone(), None),
            }),
            number: options.number,
            holder: options.holder,
            ttl: options.lease,
        };
        let mut state = session.state.lock().await;
        session.check_format(&mut state).await?;
        let run = session.run.number().to_string().into_bytes();
        session.put(&mut state, &session.names.record(RUN), run).await?;
        session.load(&mut state).await?;
        drop(state);
        Ok(session)
    }

    pub(super) fn number(&self) -> &UniqueNumber {
        &self.number
    }

    /// A third of the lease, after which it is to be renewed.
    pub(super) fn third(&self) -> std::time::Duration {
        self.ttl / 3
    }

    /// What is in memory, after it was made sound.
    pub(super) async fn lock(&self) -> Result<MutexGuard<'_, State>, JournalError> {
        let mut state = self.state.lock().await;
        match state.health {
            Health::Sound => Ok(state),
            Health::Lost => Err(JournalError::lost()),
            Health::Unsure => {
                self.recover(&mut state).await?;
                Ok(state)
            }
        }
    }

    /// Writes under the lease, and remembers when the answer stays out, also because the future was
    /// dropped.
    ///
    /// A lease ends without anybody taking it when the clock jumps or the machine sleeps. Nothing
    /// was written then, so if this run has the journal still, it writes once more under a new one.
    pub(super) async fn write<T, F>(
        &self,
        state: &mut State,
        write: impl Fn(Lease) -> F,
    ) -> Result<T, JournalError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let before = std::mem::replace(&mut state.health, Health::Unsure);
        let mut answer = write(state.lease.clone()).await;
        let is_over = |error: &StoreError| error.kind() == StoreErrorKind::LeaseLost;
        if before == Health::Sound && answer.as_ref().is_err_and(is_over) {
            self.recover(state).await?;
            state.health = Health::Unsure;
            answer = write(state.lease.clone()).await;
        }
        if answer.is_ok() {
            state.health = before;
        }
        Ok(answer?)
    }

    /// Appends to one of the two journals what `encoded` gives, and tells where it stands.
    pub(super) async fn append(
        &self,
        state: &mut State,
        journal: &str,
        encoded: impl Fn() -> Vec<Vec<u8>>,
    ) -> Result<Vec<Position>, JournalError> {
        let append = |lease: Lease| {
            let entries = encoded();
            async move { self.engine.append(journal, entries, Some(&lease)).await }
        };
        self.write(state, append).await
    }

    pub(super) async fn acknowledge(
        &self,
        state: &mut State,
        journal: &str,
        positions: &[Position],
    ) -> Result<(), JournalError> {
        let mark = |lease: Lease| async move {
            self.engine.acknowledge(journal, positions, Some(&lease)).await
        };
        self.write(state, mark).await.map(drop)
    }

    /// Removes what was acknowledged; engines do not fence this.
    pub(super) async fn compact(
        &self,
        state: &mut State,
        journal: &str,
    ) -> Result<u64, JournalError> {
        self.write(state, |_| self.engine.compact(journal)).await
    }

    pub(super) async fn renew(&self) -> Result<(), JournalError> {
        let mut state = self.lock().await?;
        match self.engine.renew(&state.lease, self.ttl).await? {
            Some(lease) => state.lease = lease,
            None => self.recover(&mut state).await?,
        }
        Ok(())
    }

    pub(super) async fn close(&self) -> Result<(), JournalError> {
        let mut state = self.state.lock().await;
        state.health = Health::Lost;
        Ok(self.engine.release(&state.lease).await?)
    }

    /// Takes the lease anew, so that a write that is still under way is refused from now on, and
    /// reads what stands there. Only here it is found out whether somebody else has the journal.
    ///
    /// What if this is cut off when the lease was taken, and nobody here knows? Then the one that
    /// is known does not hold any more, as if it had ended or another run had taken it. But another
    /// run leaves its mark before anything else.
    fn recover<'a>(&'a self, state: &'a mut State) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async move {
            state.health = Health::Unsure;
            let holds = self.engine.renew(&state.lease, self.ttl).await?.is_some();
            let is_ours = holds || self.fetch::<u64>(RUN).await? == Some(self.run.number());
            let lease = if is_ours {
                self.engine.acquire(&self.names.lease, &self.holder, self.ttl).await?
            } else {
                None
            };
            let Some(lease) = lease else {
                state.health = Health::Lost;
                return Err(JournalError::lost());
            };
            state.lease = lease;
            self.load(state).await
        })
    }

    async fn check_format(&self, state: &mut State) -> Result<(), JournalError> {
        let name = self.names.record("format");
        match self.engine.get(&name).await? {
            Some(record) if record.value == super::names::FORMAT => Ok(()),
            Some(_) => Err(JournalError::corrupt("the journal was written in another format")),
            None => self.put(state, &name, super::names::FORMAT.to_vec()).await,
        }
    }

    /// Reads everything that is kept in memory, and finishes what was begun.
    async fn load(&self, state: &mut State) -> Result<(), JournalError> {
        state.health = Health::Unsure;
        state.ids = self.load_ids().await?;
        state.tail = self.find_tail().await?;
        self.load_outbox(state).await?;
        state.flush = self.find_flush(state.outbox.packed(), state.tail).await?;
        state.health = Health::Sound;
        Ok(())
    }

    /// The first entry of the documents behind a place.
    pub(super) async fn entry_behind(&self, after: u64) -> Result<Option<Entry>, JournalError> {
        let after = Position::new(after);
        let entries = self.engine.read(&self.names.documents, Entries::All, after, 1).await?;
        Ok(entries.into_iter().next())
    }

    /// The last entry, found by doubling and halving: places have gaps, but they grow.
    async fn find_tail(&self) -> Result<Tail, JournalError> {
        let Some(mut last) = self.entry_behind(0).await? else { return Ok(Tail::default()) };
        let mut step = 1;
        let mut end = loop {
            let probe = last.position.number().saturating_add(step);
            match self.entry_behind(probe).await? {
                Some(entry) => last = entry,
                None => break probe,
            }
            step = step.saturating_mul(2);
        };
        while last.position.number() < end {
            let middle = last.position.number() + (end - last.position.number()) / 2;
            match self.entry_behind(middle).await? {
                Some(entry) => last = entry,
                None => end = middle,
            }
        }
        let entry = decode(&last)?;
        Ok(Tail { last: Some(entry.last()), position: last.position })
    }
}

impl State {
    /// The number that comes next; `None` when all are used up.
    pub(super) fn next(&self, first: JpkId) -> Option<JpkId> {
        self.tail.last.map_or(Some(first), JpkId::next)
    }
}

pub(super) fn decode(entry: &Entry) -> Result<Journalled, JournalError> {
    let unreadable = || JournalError::corrupt("an entry of the journal has another form");
    Journalled::decode(&entry.payload).ok_or_else(unreadable)
}
