//! The buyer's side: everything that was sold to it, in one package.

use std::{collections::BTreeSet, io, path::Path, sync::Arc};

use chrono::TimeDelta;
use ksef_client::v2::{
    Account,
    wire::{
        InvoiceQueryDateRange, InvoiceQueryDateType, InvoiceQueryFilters, InvoiceQuerySubjectType,
    },
};
use ksef_crypto::number::KsefNumber;

use crate::{Outcome, bars, books::Books, patience};

/// Has a package made, checks and decrypts it, and holds every invoice against the seller's books;
/// how many there were.
pub(crate) async fn export(buyer: &Account, books: &Arc<Books>, folder: &Path) -> Outcome<usize> {
    let from = buyer.clock().now() - TimeDelta::hours(1);
    let range = InvoiceQueryDateRange::new(InvoiceQueryDateType::PermanentStorage, from)
        .restrict_to_permanent_storage_hwm_date(true);
    let filters = InvoiceQueryFilters::new(range, InvoiceQuerySubjectType::Subject2);
    let package = buyer.export(filters).start().await?.wait(&patience()).await?;
    let issued = books.issued().len();
    let bar = bars::counting("receiving", issued);
    let (seen, watched) = (Arc::new(std::sync::Mutex::new(BTreeSet::new())), bar.clone());
    let (found, books) = (Arc::clone(&seen), Arc::clone(books));
    let visit = move |name: &str, content: &[u8]| {
        watched.inc(1);
        let number = name.strip_suffix(".xml").and_then(|text| KsefNumber::parse(text).ok());
        let number = number.filter(|number| books.has(number, content));
        let number = number.ok_or_else(|| io::Error::other(format!("{name} was not sold")))?;
        found.lock().map(|mut found| found.insert(number)).map_err(|_| io::Error::other("lock"))?;
        Ok(())
    };
    let (count, metadata) = package.fetch(folder).await?.read(visit).await?;
    bar.finish_and_clear();
    let distinct = seen.lock().map_or(0, |seen| seen.len());
    if distinct == issued && count == issued as u64 && metadata.len() == issued {
        return Ok(issued);
    }
    let rows = metadata.len();
    Err(format!("{distinct} invoices in {count} files with {rows} rows, {issued} sold").into())
}

/// One invoice by its number, as a program does that learnt the number elsewhere.
pub(crate) async fn single(buyer: &Account, books: &Books) -> Outcome {
    let issued = books.issued();
    let (number, entry) = issued.first().ok_or("nothing was issued")?;
    let document = buyer.invoice(number).await?;
    if document.is_checked() && document.bytes()[..] == entry.bytes {
        return Ok(());
    }
    Err(format!("{number} came back with other bytes than were sent").into())
}
