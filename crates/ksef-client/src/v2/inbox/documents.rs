//! Collecting by packages, with the documents.

mod workshop;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use common_core::store::Lease;
use common_http::Endpoint as _;

use super::{
    Checkpoint, Mark, SLICE,
    collector::{Answer, Collector, filters, high_water_mark},
};
use crate::v2::{
    DurableError,
    error::{Error, ErrorKind},
    invoices::LONGEST_RANGE,
    receiving::{Export, FetchedPackage, Package},
    storage,
    wire::{InvoiceMetadata, InvoiceQuerySubjectType},
};

use workshop::Workshop;

/// The name under which failures are told.
const STEP: &str = "inbox.documents";

/// A package that could not be fetched so often is made anew.
const MOST_FAILURES: u32 = 5;

/// Packages that were begun and have not been received, by the roles that they are for.
#[derive(Default)]
pub(super) struct Begun(Mutex<BTreeMap<InvoiceQuerySubjectType, Order>>);

/// A package that was begun, the time that it spans, and how far packages are to lead.
struct Order {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    end: DateTime<Utc>,
    export: Export,
    /// How often it could not be fetched.
    failures: u32,
}

/// What a package held, and up to when that is everything.
struct Content {
    rows: Vec<InvoiceMetadata>,
    read_to: DateTime<Utc>,
    /// Whether it was cut there, or holds all that there is up to the end that was asked for.
    is_cut: bool,
    to: DateTime<Utc>,
}

impl Begun {
    /// How far the package that begins at that moment, and the ones after it, are to lead.
    fn end(&self, role: InvoiceQuerySubjectType, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.lock().get(&role).filter(|order| order.from == from).map(|order| order.end)
    }

    /// The package that begins at that moment. One that begins elsewhere is of no use any more.
    fn take(&self, role: InvoiceQuerySubjectType, from: DateTime<Utc>) -> Option<Order> {
        self.lock().remove(&role).filter(|order| order.from == from)
    }

    fn keep(&self, role: InvoiceQuerySubjectType, order: Order) {
        self.lock().insert(role, order);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<InvoiceQuerySubjectType, Order>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector {
    /// Has packages made one after the other; whether that was all.
    ///
    /// A process that dies on the way leaves a package that nobody fetches, which counts among the
    /// twenty of an hour, and no arrivals.
    pub(super) async fn by_packages(
        &self,
        mark: &mut Mark,
        folder: &Path,
        lease: &Lease,
        arrived: &mut u64,
    ) -> Result<bool, DurableError> {
        let role = mark.checkpoint.role();
        let end = match self.begun.end(role, mark.checkpoint.from()) {
            Some(end) => end,
            None => match self.end_of_news(mark, lease).await? {
                Some(end) => end,
                None => return Ok(true),
            },
        };
        let name = format!("{}-{role}-", self.inbox.name);
        let workshop = Workshop::open(folder, name, lease).await?;
        let done = self.packages(mark, end, &workshop, lease, arrived).await;
        workshop.close().await;
        done
    }

    async fn packages(
        &self,
        mark: &mut Mark,
        end: DateTime<Utc>,
        workshop: &Workshop,
        lease: &Lease,
        arrived: &mut u64,
    ) -> Result<bool, DurableError> {
        let begun = mark.checkpoint.from();
        let mut from = begun;
        let mut left = self.options.pages;
        loop {
            let Content { rows, read_to, is_cut, to } =
                self.one_package(&mark.checkpoint, (from, end), workshop).await?;
            *arrived += self.store_slices(mark, rows, read_to, lease).await?;
            if !is_cut && (to >= end || read_to < to) {
                return Ok(true);
            }
            // Rather from a little before, but on.
            let next = [mark.checkpoint.from(), read_to].into_iter().find(|next| *next > from);
            from = next.ok_or_else(|| {
                let cause = "more invoices than one package holds have the same date";
                Error::local(ErrorKind::LimitReached, STEP, cause)
            })?;
            left = left.saturating_sub(1);
            // As for pages: the next step has to begin farther on than this one did.
            if left == 0 && mark.checkpoint.from() > begun {
                return Ok(false);
            }
        }
    }

    /// Stores the rows of a package as if they had come in pages, so that they need not be in memory
    /// as texts all at once.
    async fn store_slices(
        &self,
        mark: &mut Mark,
        rows: Vec<InvoiceMetadata>,
        read_to: DateTime<Utc>,
        lease: &Lease,
    ) -> Result<u64, DurableError> {
        let (mut rows, mut count) = (rows.into_iter(), 0);
        loop {
            let slice: Vec<_> = rows.by_ref().take(SLICE).collect();
            let is_last = rows.len() == 0;
            let last = slice.last().and_then(|row| row.permanent_storage_date);
            let read_to = if is_last { Some(read_to) } else { last };
            count += self.store(mark, Answer { rows: slice, read_to }, lease).await?;
            if is_last {
                return Ok(count);
            }
        }
    }

    /// The high water mark, if something is new up to it; the checkpoint moves as far as nothing is.
    ///
    /// Whatever is stored up to that mark is complete and stays so. Packages that end at it hold all
    /// of it, whenever they are made and whatever mark they tell; and for nothing new none has to be
    /// made.
    async fn end_of_news(
        &self,
        mark: &mut Mark,
        lease: &Lease,
    ) -> Result<Option<DateTime<Utc>>, DurableError> {
        let mut pages = self.account.metadata(filters(&mark.checkpoint));
        while let Some(page) = pages.next_page().await? {
            let end = high_water_mark(&pages)?;
            if page.invoices.iter().any(|row| mark.checkpoint.is_new(&row.ksef_number)) {
                return Ok(Some(end));
            }
            let nothing = Answer { rows: Vec::new(), read_to: pages.checkpoint() };
            self.store(mark, nothing, lease).await?;
        }
        Ok(None)
    }

    /// Receives a package, one that was begun earlier if there is such a one.
    async fn one_package(
        &self,
        checkpoint: &Checkpoint,
        (from, end): (DateTime<Utc>, DateTime<Utc>),
        workshop: &Workshop,
    ) -> Result<Content, Error> {
        let role = checkpoint.role();
        let mut order = if let Some(order) = self.begun.take(role, from) {
            order
        } else {
            let to = end.min(from + LONGEST_RANGE).max(from);
            let mut filters = filters(checkpoint);
            filters.date_range.from = from;
            filters.date_range.to = Some(to);
            let export = self.account.export(filters).start().await?;
            Order { from, to, end, export, failures: 0 }
        };
        let read = self.receive(checkpoint, &order, workshop).await;
        if let Err(error) = &read {
            order.failures += u32::from(error.kind() != ErrorKind::NotFinished);
            if is_receivable(error) && order.failures < MOST_FAILURES {
                self.begun.keep(role, order);
            }
        }
        read
    }

    async fn receive(
        &self,
        checkpoint: &Checkpoint,
        order: &Order,
        workshop: &Workshop,
    ) -> Result<Content, Error> {
        let package = order.export.wait(&self.options.patience).await?;
        let fetched = self.fetch(&order.export, &package, workshop).await?;
        let (_, mut rows) = fetched.read(workshop.visit()).await?;
        sort(&mut rows);
        rows.dedup_by(|one, other| one.ksef_number == other.ksef_number);
        let numbers = rows.iter().map(|row| &row.ksef_number);
        let fresh = numbers.filter(|number| checkpoint.is_new(number)).cloned().collect();
        workshop.publish(fresh).await?;
        let (read_to, is_cut) = (read_to(&package, &rows, order.to)?, package.is_truncated());
        Ok(Content { rows, read_to, is_cut, to: order.to })
    }

    /// The parts of a package; once more when the links to them have expired meanwhile.
    async fn fetch(
        &self,
        export: &Export,
        package: &Package,
        workshop: &Workshop,
    ) -> Result<FetchedPackage, Error> {
        match package.fetch(workshop.drafts()).await {
            Err(error) if error.kind() == ErrorKind::Forbidden => {
                let anew = export.wait(&self.options.patience).await?;
                anew.fetch(workshop.drafts()).await
            }
            fetched => fetched,
        }
    }
}

/// Whether the package may still be received later, as one of which a part was broken on the way;
/// otherwise another one has to be made.
fn is_receivable(error: &Error) -> bool {
    use ErrorKind::{Corrupt, Failed, Gone, NotFound, Unreadable};

    match error.kind() {
        Corrupt => error.endpoint() == storage::Fetch::INFO.name,
        kind => !matches!(kind, Failed | Gone | NotFound | Unreadable),
    }
}

/// Up to when a package is complete: its last invoice if it was cut, and otherwise its end, or its
/// mark if that has gone back behind it.
fn read_to(
    package: &Package,
    rows: &[InvoiceMetadata],
    to: DateTime<Utc>,
) -> Result<DateTime<Utc>, Error> {
    if !package.is_truncated() {
        return Ok(package.high_water_mark().map_or(to, |mark| mark.min(to)));
    }
    let last = rows.last().and_then(|row| row.permanent_storage_date);
    let last = package.checkpoint().or(last);
    Ok(last.ok_or_else(|| corrupt("a package that was cut does not tell where"))?.min(to))
}

fn sort(rows: &mut [InvoiceMetadata]) {
    rows.sort_by(|one, other| {
        (one.permanent_storage_date, &one.ksef_number)
            .cmp(&(other.permanent_storage_date, &other.ksef_number))
    });
}

fn corrupt(cause: &'static str) -> Error {
    Error::local(ErrorKind::Corrupt, STEP, cause)
}
