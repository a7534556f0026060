//! Who asks KSeF for what is new.

use std::{fmt, path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};
use common_core::{
    poll::PollSchedule,
    store::{Lease, Position},
};
use common_http::Endpoint as _;
use tokio::time::{Instant, sleep_until};

use super::{Checkpoint, Inbox, Mark, Written, documents::Begun};
use crate::v2::{
    Account, DurableError, ErrorCode,
    durable::under_lease,
    error::{Error, ErrorKind},
    exports,
    invoices::Query,
    receiving::Metadata,
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
            pages: 20,
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

    /// How many pages of 250 invoices, or packages of 10,000, a step reads at most, 20 without it:
    /// as many as the service gives in an hour.
    pub fn pages(mut self, most: usize) -> Self {
        self.pages = most.max(1);
        self
    }

    /// Collects the documents, too, as `{KSeF number}.xml` in that folder, which exists: by packages
    /// instead of by metadata. A document is in its file before its arrival is told. Packages are
    /// fetched and opened in its subfolder `.drafts`.
    ///
    /// All collectors of an inbox should do the same: what one collects without documents arrives
    /// without them ([`Arrival::has_document`](super::Arrival::has_document)).
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
    /// Packages that were not made in time, or not fetched.
    pub(super) begun: Begun,
}

impl Inbox {
    /// A collector that works by that account.
    pub fn collector(&self, account: Account, options: CollectorOptions) -> Collector {
        Collector { inbox: self.clone(), account, options, begun: Begun::default() }
    }
}

/// What KSeF answered: rows, and up to when they are complete; none says that nobody knows.
pub(super) struct Answer {
    pub(super) rows: Vec<InvoiceMetadata>,
    pub(super) read_to: Option<DateTime<Utc>>,
}

impl Collector {
    /// Collects what is new in that role: as many pages as the options allow, and more only where a
    /// step would not come forward otherwise.
    ///
    /// After an error everything that arrived stays, and the next step goes on behind it. More than
    /// 10,000 invoices that were stored at the same moment cannot be read past: that is
    /// [`LimitReached`](crate::v2::ErrorKind::LimitReached).
    pub async fn step(&self, role: InvoiceQuerySubjectType) -> Result<Collected, DurableError> {
        let holder = (self.options.holder.as_str(), self.options.lease);
        let name = self.inbox.lease_name(role);
        let work = |lease| async move { self.collect(role, &lease).await };
        let collected = under_lease(&*self.inbox.store, &name, holder, work).await?;
        Ok(collected.unwrap_or(Collected::Nothing))
    }

    /// Collects these roles again and again, until the future is dropped, or every one of them has met
    /// a failure that waiting does not help against. Every step is told to `hear`.
    ///
    /// Roles take turns, one step each. One that fails is tried again, after twice the time each time,
    /// and disturbs no other.
    pub async fn run(
        &self,
        roles: &[InvoiceQuerySubjectType],
        mut hear: impl FnMut(InvoiceQuerySubjectType, &Result<Collected, DurableError>),
    ) -> DurableError {
        let mut turns: Vec<_> = roles.iter().map(|role| Turn::new(*role)).collect();
        loop {
            for at in 0..turns.len() {
                if turns[at].due > Instant::now() {
                    continue;
                }
                let step = self.step(turns[at].role).await;
                hear(turns[at].role, &step);
                let is_last = turns[at].pass(&step, &self.options);
                match step {
                    Err(error) if is_last && turns.iter().all(|turn| turn.is_lost) => return error,
                    _ => {}
                }
            }
            let next = turns.iter().map(|turn| turn.due).min();
            sleep_until(next.unwrap_or_else(|| Instant::now() + self.options.interval)).await;
        }
    }

    async fn collect(
        &self,
        role: InvoiceQuerySubjectType,
        lease: &Lease,
    ) -> Result<Collected, DurableError> {
        let now = self.account.clock().now();
        let found = self.inbox.mark(role).await?;
        let mut mark = found.map_or_else(|| self.beginning(role), |found| found.mark);
        let is_early = |asked: DateTime<Utc>| {
            (now - asked).to_std().is_ok_and(|passed| passed < self.options.interval)
        };
        if mark.asked.is_some_and(is_early) {
            return Ok(Collected::Nothing);
        }
        let mut arrived = 0;
        let done = match &self.options.documents {
            Some(folder) => self.by_packages(&mut mark, folder, lease, &mut arrived).await,
            None => self.by_pages(&mut mark, lease, &mut arrived).await,
        };
        let is_all = match done {
            Ok(is_all) => is_all,
            // The checkpoint is at the mark, or the mark has gone back behind it: nothing is new.
            Err(DurableError::Ksef(error)) if is_behind_mark(&error) => true,
            Err(error) => return Err(error),
        };
        if is_all {
            mark.asked = Some(now);
            self.inbox.write(role, &mark, lease).await?;
            return Ok(Collected::All(arrived));
        }
        Ok(Collected::Some(arrived))
    }

    fn beginning(&self, role: InvoiceQuerySubjectType) -> Mark {
        let checkpoint = Checkpoint::starting(role, self.options.since);
        Mark { checkpoint, position: Position::START, asked: None }
    }

    /// Reads metadata page by page; whether that was all.
    async fn by_pages(
        &self,
        mark: &mut Mark,
        lease: &Lease,
        arrived: &mut u64,
    ) -> Result<bool, DurableError> {
        let begun = mark.checkpoint.from();
        let mut pages = self.account.metadata(filters(&mark.checkpoint));
        let mut left = self.options.pages;
        while let Some(page) = pages.next_page().await? {
            high_water_mark(&pages)?;
            let read = Answer { rows: page.invoices, read_to: pages.checkpoint() };
            *arrived += self.store(mark, read, lease).await?;
            left = left.saturating_sub(1);
            // The next step begins at the checkpoint: if that is where this one began, it would read
            // the same pages, and never the ones behind them.
            if left == 0 && !pages.is_done() && mark.checkpoint.from() > begun {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Stores arrivals with the checkpoint behind them, in one step; answers how many were new.
    pub(super) async fn store(
        &self,
        mark: &mut Mark,
        read: Answer,
        lease: &Lease,
    ) -> Result<u64, DurableError> {
        let role = mark.checkpoint.role();
        let (fresh, checkpoint) = mark.checkpoint.advance(read.rows, read.read_to);
        let count = fresh.len() as u64;
        let entries = Written::of_step(fresh, self.options.documents.is_some(), &checkpoint);
        let mut position = mark.position;
        if !entries.is_empty() {
            let journal = self.inbox.journal(role);
            let stored = self.inbox.store.append(&journal, entries, Some(lease)).await?;
            position = stored.last().copied().unwrap_or(position);
        }
        *mark = Mark { checkpoint, position, asked: None };
        // The last arrival carries the checkpoint; the record spares looking for it.
        self.inbox.write(role, mark, lease).await?;
        Ok(count)
    }
}

/// Everything behind a checkpoint, up to the high water mark.
pub(super) fn filters(checkpoint: &Checkpoint) -> InvoiceQueryFilters {
    let by = InvoiceQueryDateType::PermanentStorage;
    let mut range = InvoiceQueryDateRange::new(by, checkpoint.from());
    range.restrict_to_permanent_storage_hwm_date = Some(true);
    InvoiceQueryFilters::new(range, checkpoint.role())
}

/// The mark that came with the pages; without one nobody knows what is complete, and no checkpoint
/// could ever move.
pub(super) fn high_water_mark(pages: &Metadata) -> Result<DateTime<Utc>, Error> {
    let cause = "the answer tells no high water mark";
    pages.high_water_mark().ok_or_else(|| Error::unreadable(&Query::INFO, cause))
}

/// The question begins behind the mark: 21183 for a query, 420 for a package.
fn is_behind_mark(error: &Error) -> bool {
    error.code() == Some(ErrorCode::BEHIND_HIGH_WATER_MARK)
        || error.status().is_some_and(|status| status.code == 420)
}

/// When a role is collected next.
struct Turn {
    role: InvoiceQuerySubjectType,
    due: Instant,
    /// How often it has failed since it succeeded last.
    failures: u32,
    /// Whether it failed for good the last time.
    is_lost: bool,
}

impl Turn {
    fn new(role: InvoiceQuerySubjectType) -> Self {
        Self { role, due: Instant::now(), failures: 0, is_lost: false }
    }

    /// Notes how a step went; whether it failed for good.
    fn pass(&mut self, step: &Result<Collected, DurableError>, options: &CollectorOptions) -> bool {
        self.is_lost = false;
        self.failures = if step.is_ok() { 0 } else { self.failures + 1 };
        let rest = match step {
            Ok(Collected::Some(_)) => Duration::ZERO,
            Ok(Collected::All(_)) => options.interval,
            // Whoever is at it may die.
            Ok(Collected::Nothing) => options.interval.min(options.lease),
            Err(error) => {
                self.is_lost = is_for_good(error);
                let longest = options.interval.max(options.pause);
                let pause = options.pause * 2_u32.pow(self.failures.min(10) - 1);
                error.rest(pause.min(longest))
            }
        };
        self.due = Instant::now() + rest;
        self.is_lost
    }
}

/// Whether no later step will succeed, unless somebody does something. Another package may well be
/// made where one could not be, or was made too long ago.
fn is_for_good(error: &DurableError) -> bool {
    match error {
        DurableError::Ksef(error) if error.endpoint() == exports::Status::INFO.name => {
            !matches!(error.kind(), ErrorKind::Failed | ErrorKind::Gone | ErrorKind::NotFinished)
                && !error.is_transient()
        }
        // Of the same moment there are more than can be read; too many exports have a code.
        DurableError::Ksef(error) if error.kind() == ErrorKind::LimitReached => {
            error.code().is_none()
        }
        error => !error.is_transient(),
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector")
            .field("inbox", &self.inbox)
            .field("holder", &self.options.holder)
            .finish_non_exhaustive()
    }
}
