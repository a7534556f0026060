//! Collecting by packages, with the documents.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
};

use chrono::{DateTime, Utc};
use common_core::store::Lease;

use super::{
    Mark,
    collector::{Answer, Collector, filters},
};
use crate::v2::{
    DurableError,
    error::{Error, ErrorKind},
    invoices::LONGEST_RANGE,
    receiving::Package,
    wire::{InvoiceMetadata, InvoiceQuerySubjectType},
};

/// The name under which failures of files are told.
const STEP: &str = "inbox.documents";

impl Collector {
    /// Has packages made one after the other; whether that was all.
    ///
    /// A process that dies on the way leaves a package that nobody fetches, which counts among the
    /// twenty of an hour, and no arrivals.
    pub(super) async fn by_packages(
        &self,
        role: InvoiceQuerySubjectType,
        mark: &mut Mark,
        folder: &Path,
        lease: &Lease,
        arrived: &mut u64,
    ) -> Result<bool, DurableError> {
        for _ in 0..self.options.pages {
            let read = self.one_package(role, mark, folder).await?;
            let has_more = read.has_more;
            let before = mark.checkpoint.clone();
            let count = self.store(role, mark, read, lease).await?;
            *arrived += count;
            if !has_more {
                return Ok(true);
            }
            if count == 0 && mark.checkpoint == before {
                let cause = "more invoices than one package holds have the same date";
                return Err(Error::local(ErrorKind::LimitReached, STEP, cause).into());
            }
        }
        Ok(false)
    }

    async fn one_package(
        &self,
        role: InvoiceQuerySubjectType,
        mark: &Mark,
        folder: &Path,
    ) -> Result<Answer, DurableError> {
        let mut filters = filters(role, &mark.checkpoint);
        let farthest = filters.date_range.from + LONGEST_RANGE;
        // An end that is left out means now, and whether that is when the package is asked for or when
        // it is made, nobody says. A mark of the later moment would leave a gap, so the end is told.
        let now = self.account.clock().now();
        let is_last = farthest >= now;
        let to = farthest.min(now).max(filters.date_range.from);
        filters.date_range.to = Some(to);
        let export = self.account.export(filters).start().await?;
        let package = export.wait(&self.options.patience).await?;
        let read_to = read_to(&package, to);
        let fetched = package.fetch(folder).await?;
        let target = folder.to_owned();
        let visit = move |name: &str, content: &[u8]| keep(&target, name, content);
        let (_, mut rows) = fetched.read(visit).await?;
        sync(folder)?;
        sort(&mut rows);
        let goes_on = !is_last && package.high_water_mark().is_some_and(|mark| mark > to);
        Ok(Answer { rows, read_to, has_more: package.is_truncated() || goes_on })
    }
}

/// Up to when a package is complete: its last invoice if it was cut, and otherwise the high water
/// mark, or the end of its window if that is earlier.
fn read_to(package: &Package, to: DateTime<Utc>) -> Option<DateTime<Utc>> {
    Some(package.checkpoint()?.min(to))
}

fn sort(rows: &mut [InvoiceMetadata]) {
    rows.sort_by(|one, other| {
        (one.permanent_storage_date, &one.ksef_number)
            .cmp(&(other.permanent_storage_date, &other.ksef_number))
    });
}

/// Writes a document so that its file is whole or not there.
fn keep(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let is_plain = Path::new(name).file_name().is_some_and(|plain| plain == name);
    if !is_plain {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the name of a document is a path"));
    }
    let draft = folder.join(format!("{name}.part"));
    let mut file = File::create(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&draft, folder.join(name))
}

/// Makes the names in a folder durable.
fn sync(folder: &Path) -> Result<(), Error> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| Error::local(ErrorKind::File, STEP, error))
}
