//! Who asks KSeF for what is new.

use std::{fmt, path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};
use common_core::{
    poll::PollSchedule,
    store::{Expect, Lease, Position},
};
use tokio::time::sleep;

use super::{Checkpoint, Inbox, Mark, Written};
use crate::v2::{
    Account, DurableError, ErrorCode,
    durable::under_lease,
    error::Error,
    wire::{
        InvoiceMetadata, InvoiceQueryDateRange, InvoiceQueryDateType, InvoiceQueryFilters,
        InvoiceQuerySubjectType,
    },
};

/// Settings of a [`Collector`].
#[derive(Clone, Debug)]
#[must_use]
pub struct CollectorOptions {
    holder: String,
    since: DateTime<Utc>,
    lease: Duration,
    interval: Duration,
    pub(super) pages: usize,
    pub(super) documents: Option<PathBuf>,
    pub(super) patience: PollSchedule,
    pause: Duration,
}

impl CollectorOptions {
    /// For a collector of that name, unique among those of an inbox, that begins with what was
    /// stored at that moment or later if there is no checkpoint yet.
    pub fn new(holder: impl Into<String>, since: DateTime<Utc>) -> Self {
        Self {
            holder: holder.into(),
            since,
            lease: Duration::from_secs(60),
            interval: Duration::from_secs(15 * 60),
            pages: 40,
            documents: None,
            patience: PollSchedule::default(),
            pause: Duration::from_secs(5),
        }
    }

    /// How long a role stays with a collector that has died, a minute without it.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long to leave a role alone after everything has arrived, 15 minutes without it, which is
    /// what the service asks for. All collectors of an inbox keep to it together.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How many pages of 250 invoices, or packages, a step reads at most, 40 without it.
    pub fn pages(mut self, most: usize) -> Self {
        self.pages = most.max(1);
        self
    }

    /// Collects the documents, too, as `{KSeF number}.xml` in that folder, which exists: by packages
    /// instead of by metadata. A document is in its file before its arrival is told.
    pub fn documents(mut self, folder: impl Into<PathBuf>) -> Self {
        self.documents = Some(folder.into());
        self
    }

    /// How a package is waited for, ten minutes without it.
    pub fn patience(mut self, patience: PollSchedule) -> Self {
        self.patience = patience;
        self
    }

    /// How long [`run`](Collector::run) rests at least after a failure; five seconds without it.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Collected {
    /// The role was asked for not long ago, or another collector is at it.
    Nothing,
    /// So many invoices arrived, and there may be more.
    Some(u64),
    /// So many invoices arrived, and that is all there is up to the high water mark.
    All(u64),
}

/// Collects what is new into an inbox.
///
/// Any number of collectors may work for an inbox. A future that is dropped, and a process that dies,
/// leave the inbox as it was after the last arrivals; the next step goes on there.
pub struct Collector {
    pub(super) inbox: Inbox,
    pub(super) account: Account,
    pub(super) options: CollectorOptions,
}

impl Inbox {
    /// A collector that works by that account.
    pub fn collector(&self, account: Account, options: CollectorOptions) -> Collector {
        Collector { inbox: self.clone(), account, options }
    }
}

/// Answer of an answer, up to when they are complete, and whether there are more.
pub(super) struct Answer {
    pub(super) rows: Vec<InvoiceMetadata>,
    pub(super) read_to: Option<DateTime<Utc>>,
    pub(super) has_more: bool,
}

impl Collector {
    /// Collects what is new in that role: as many pages as the options allow.
    ///
    /// After an error everything that arrived stays, and the next step goes on behind it.
    pub async fn step(&self, role: InvoiceQuerySubjectType) -> Result<Collected, DurableError> {
        let holder = (self.options.holder.as_str(), self.options.lease);
        let name = self.inbox.lease_name(role);
        let work = |lease| async move { self.collect(role, &lease).await };
        let collected = under_lease(&*self.inbox.store, &name, holder, work).await?;
        Ok(collected.unwrap_or(Collected::Nothing))
    }

    /// Collects these roles again and again, until the future is dropped, or a failure comes that
    /// waiting does not help against. Every step is told to `hear`.
    pub async fn run(
        &self,
        roles: &[InvoiceQuerySubjectType],
        mut hear: impl FnMut(InvoiceQuerySubjectType, &Result<Collected, DurableError>),
    ) -> DurableError {
        loop {
            let mut rest = self.options.interval;
            for role in roles {
                let step = self.step(*role).await;
                hear(*role, &step);
                match step {
                    Ok(Collected::Some(_)) => rest = Duration::ZERO,
                    Ok(_) => {}
                    Err(error) if error.is_transient() => {
                        rest = rest.min(error.rest(self.options.pause));
                    }
                    Err(error) => return error,
                }
            }
            sleep(rest).await;
        }
    }

    async fn collect(
        &self,
        role: InvoiceQuerySubjectType,
        lease: &Lease,
    ) -> Result<Collected, DurableError> {
        let now = self.account.clock().now();
        let found = self.inbox.mark(role).await?.map(|(mark, _)| mark);
        let mut mark = found.unwrap_or_else(|| self.beginning());
        let is_early = |asked: DateTime<Utc>| {
            (now - asked).to_std().is_ok_and(|passed| passed < self.options.interval)
        };
        if mark.asked.is_some_and(is_early) {
            return Ok(Collected::Nothing);
        }
        let mut arrived = 0;
        let done = match &self.options.documents {
            Some(folder) => self.by_packages(role, &mut mark, folder, lease, &mut arrived).await,
            None => self.by_pages(role, &mut mark, lease, &mut arrived).await,
        };
        let is_all = match done {
            Ok(is_all) => is_all,
            // The checkpoint is at the mark, or the mark has gone back behind it: nothing is new.
            Err(DurableError::Ksef(error)) if is_behind_mark(&error) => true,
            Err(error) => return Err(error),
        };
        if is_all {
            mark.asked = Some(now);
            self.inbox.write(role, &mark, Expect::Anything, Some(lease)).await?;
            return Ok(Collected::All(arrived));
        }
        Ok(Collected::Some(arrived))
    }

    fn beginning(&self) -> Mark {
        let checkpoint = Checkpoint::starting(self.options.since);
        Mark { checkpoint, position: Position::START, asked: None }
    }

    /// Reads metadata page by page; whether that was all.
    async fn by_pages(
        &self,
        role: InvoiceQuerySubjectType,
        mark: &mut Mark,
        lease: &Lease,
        arrived: &mut u64,
    ) -> Result<bool, DurableError> {
        let mut pages = self.account.metadata(filters(role, &mark.checkpoint));
        for _ in 0..self.options.pages {
            let Some(page) = pages.next_page().await? else { return Ok(true) };
            let (rows, read_to) = (page.invoices, pages.checkpoint());
            let read = Answer { rows, read_to, has_more: true };
            *arrived += self.store(role, mark, read, lease).await?;
            if pages.is_done() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Stores arrivals with the checkpoint behind them, in one step; answers how many were new.
    pub(super) async fn store(
        &self,
        role: InvoiceQuerySubjectType,
        mark: &mut Mark,
        read: Answer,
        lease: &Lease,
    ) -> Result<u64, DurableError> {
        let (fresh, checkpoint) = mark.checkpoint.advance(read.rows, read.read_to);
        let count = fresh.len() as u64;
        let entries = Written::of_step(fresh, &checkpoint);
        let mut position = mark.position;
        if !entries.is_empty() {
            let journal = self.inbox.journal(role);
            let stored = self.inbox.store.append(&journal, entries, Some(lease)).await?;
            position = stored.last().copied().unwrap_or(position);
        }
        *mark = Mark { checkpoint, position, asked: None };
        // The last arrival carries the checkpoint; the record spares looking for it.
        self.inbox.write(role, mark, Expect::Anything, Some(lease)).await?;
        Ok(count)
    }
}

/// Everything behind a checkpoint, up to the high water mark.
pub(super) fn filters(
    role: InvoiceQuerySubjectType,
    checkpoint: &Checkpoint,
) -> InvoiceQueryFilters {
    let by = InvoiceQueryDateType::PermanentStorage;
    let mut range = InvoiceQueryDateRange::new(by, checkpoint.from());
    range.restrict_to_permanent_storage_hwm_date = Some(true);
    InvoiceQueryFilters::new(range, role)
}

fn is_behind_mark(error: &Error) -> bool {
    error.code() == Some(ErrorCode::BEHIND_HIGH_WATER_MARK)
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector")
            .field("inbox", &self.inbox)
            .field("holder", &self.options.holder)
            .finish_non_exhaustive()
    }
}
