//! The buyer's program, which asks for everything: as metadata and in packages.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use ksef_client::v2::{
    Account, Error, ErrorKind,
    receiving::{Export, ExportState, FetchedPackage, Package},
    wire::{
        InvoiceQueryDateRange, InvoiceQueryDateType, InvoiceQueryFilters, InvoiceQuerySubjectType,
    },
};
use ksef_crypto::package::ArchiveFormat;
use rand::RngExt;
use trial::Failure;

use crate::{
    desk::{Desk, TRIES, quick},
    tally::Row,
    wire::Once,
};

/// How many packages are fetched at most.
const PACKAGES: usize = 100;

/// Everything that was bought, by KSeF numbers.
type Bought = BTreeMap<String, Bytes>;

/// Asks for everything in both ways, and holds it against the books.
pub(crate) async fn check(desk: &mut Desk, account: &Account) -> Result<(), Failure> {
    let issued = desk.ksef.invoices();
    let bytes = |number: &str| desk.ksef.invoice_bytes(number).unwrap_or_default();
    let expected: Bought = issued
        .iter()
        .filter(|one| one.buyer.as_deref() == Some(account.context().value()))
        .map(|one| (one.ksef_number.clone(), bytes(&one.ksef_number)))
        .collect();
    metadata(desk, account, &expected).await?;
    exports(desk, account, &expected).await
}

fn filters(account: &Account, from: Option<DateTime<Utc>>) -> InvoiceQueryFilters {
    let from = from.unwrap_or_else(|| account.clock().now() - TimeDelta::days(1));
    let range = InvoiceQueryDateRange::new(InvoiceQueryDateType::PermanentStorage, from)
        .restrict_to_permanent_storage_hwm_date(true);
    InvoiceQueryFilters::new(range, InvoiceQuerySubjectType::Subject2)
}

async fn metadata(desk: &mut Desk, account: &Account, expected: &Bought) -> Result<(), Failure> {
    let mut metadata = account.metadata(filters(account, None));
    let mut missing: BTreeSet<&str> = expected.keys().map(String::as_str).collect();
    let mut tries = 0;
    loop {
        let page = match metadata.next_page().await {
            Ok(Some(page)) => page,
            Ok(None) => break,
            Err(error) => {
                desk.failed("a page of metadata", &error)?;
                desk.verdict.tally.count(Row::MetadataFailed);
                tries += 1;
                if tries > TRIES {
                    return Err("the metadata never came".into());
                }
                continue;
            }
        };
        desk.verdict.tally.add(Row::MetadataCut, u64::from(page.is_truncated));
        for row in page.invoices {
            if !missing.remove(row.ksef_number.as_str()) {
                let number = &row.ksef_number;
                desk.verdict.duplicated(format!("{number} came twice, or nobody sold it"));
            }
        }
    }
    for number in &missing {
        desk.verdict.lost(format!("{number} is not among the metadata"));
    }
    desk.verdict.tally.count(Row::MetadataRead);
    Ok(())
}

async fn exports(desk: &mut Desk, account: &Account, expected: &Bought) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut found = Bought::new();
    let mut from = None;
    for _ in 0..PACKAGES {
        let (package, fetched) = fetch(desk, account, from, folder.path()).await?;
        let read = read(fetched).await?;
        if package.invoices().is_some_and(|told| u64::from(told) != read.len() as u64) {
            desk.verdict.untrue(format!(
                "a package of {:?} has {}",
                package.invoices(),
                read.len()
            ));
        }
        found.extend(read);
        if !package.is_truncated() {
            compare(desk, expected, &found);
            if std::fs::read_dir(folder.path())?.next().is_some() {
                desk.verdict.untrue("a part of an export was left on the disk");
            }
            return Ok(());
        }
        desk.verdict.tally.count(Row::ExportCut);
        from = package.checkpoint();
    }
    Err("there was no end of packages".into())
}

/// The next package, with its parts as they were announced.
async fn fetch(
    desk: &mut Desk,
    account: &Account,
    from: Option<DateTime<Utc>>,
    folder: &std::path::Path,
) -> Result<(Package, FetchedPackage), Failure> {
    let mut export = None;
    for _ in 0..TRIES {
        let running = match export.take() {
            Some(running) => running,
            None => start(desk, account, from).await?,
        };
        // As another process would take it up.
        let state = ExportState::from_json(&running.export().expose_json())?;
        let running = account.resume_export(state);
        let package = match running.wait(&quick()).await {
            Ok(package) => package,
            Err(error) => {
                again(desk, "an export", &error)?;
                // Broken off by the service: another one has to be started.
                export = (error.kind() != ErrorKind::Failed).then_some(running);
                continue;
            }
        };
        let spoilt = desk.wire.spoilt();
        match package.fetch(folder).await {
            Ok(_) if desk.wire.spoilt() > spoilt => {
                desk.verdict.untrue("a part that was changed on the way was taken");
            }
            Ok(fetched) => return Ok((package, fetched)),
            Err(error) => {
                let is_corrupt = error.kind() == ErrorKind::Corrupt;
                if is_corrupt != (desk.wire.spoilt() > spoilt) {
                    desk.verdict.untrue(format!("a part was changed, or was not: {error}"));
                }
                desk.verdict.tally.add(Row::ExportCorrupt, u64::from(is_corrupt));
                again(desk, "the parts of an export", &error)?;
            }
        }
        export = Some(running);
    }
    Err("an export never came".into())
}

async fn start(
    desk: &mut Desk,
    account: &Account,
    from: Option<DateTime<Utc>>,
) -> Result<Export, Failure> {
    for _ in 0..TRIES {
        let is_zip = desk.rng.random_bool(0.5);
        let format = if is_zip { ArchiveFormat::Zip } else { ArchiveFormat::TarGz };
        let opening = account.export(filters(account, from)).format(format);
        match desk.once(Once::Export, opening.start()).await {
            Ok(export) => return Ok(export),
            Err(error) => again(desk, "the start of an export", &error)?,
        }
    }
    Err("an export could not be started".into())
}

fn again(desk: &mut Desk, what: &str, error: &Error) -> Result<(), Failure> {
    desk.verdict.tally.count(Row::ExportFailed);
    desk.failed(what, error)
}

async fn read(fetched: FetchedPackage) -> Result<Bought, Failure> {
    let read = Arc::new(Mutex::new(Bought::new()));
    let visited = Arc::clone(&read);
    let visit = move |name: &str, content: &[u8]| {
        let number = name.strip_suffix(".xml").unwrap_or(name).to_owned();
        let mut visited = visited.lock().unwrap_or_else(PoisonError::into_inner);
        visited.insert(number, Bytes::copy_from_slice(content));
        Ok(())
    };
    fetched.read(visit).await?;
    Ok(std::mem::take(&mut *read.lock().unwrap_or_else(PoisonError::into_inner)))
}

fn compare(desk: &mut Desk, expected: &Bought, found: &Bought) {
    for (number, bytes) in expected {
        match found.get(number) {
            Some(same) if same == bytes => {}
            Some(_) => desk.verdict.untrue(format!("{number} came back with other bytes")),
            None => desk.verdict.lost(format!("{number} did not come back")),
        }
    }
    for number in found.keys().filter(|number| !expected.contains_key(*number)) {
        desk.verdict.untrue(format!("{number} came back, and nobody sold it"));
    }
    if found == expected {
        desk.verdict.tally.count(Row::ExportRead);
    }
}
