//! The journal: what it takes it keeps, what it gives out twice is the same, and nothing that a
//! crash can cut off makes it forget.

mod commands;
mod crashes;
mod documents;
pub(crate) mod dying;
mod life;
mod memory_use;
mod packages;
mod records;
mod writers;

use std::sync::Arc;

use common_core::{clock::ManualClock, secret::secret_bytes};
use common_store::{MemoryStore, SealKey};
use ekasy_device::{
    ident::{JpkId, JpkRange},
    journal::{Document, Engine, Journal, Journalled, Options},
    packing::{DocumentKind, Frame, Packer, Plan, Selection},
};

use super::packing::sealing::Deflating;

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-03-01T10:00:00Z".parse().unwrap()))
}

pub(crate) fn memory() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new(clock()))
}

pub(crate) fn options() -> Options {
    let key = SealKey::new(1, secret_bytes(vec![7; 32])).unwrap();
    Options::new("ABC1700000017".parse().unwrap(), "till", key)
}

pub(crate) async fn open(engine: Arc<dyn Engine>) -> Journal {
    Journal::open(engine, options()).await.unwrap()
}

pub(crate) fn id(number: u64) -> JpkId {
    JpkId::new(number).unwrap()
}

pub(crate) fn range(first: u64, last: u64) -> JpkRange {
    JpkRange::new(id(first), id(last)).unwrap()
}

pub(crate) fn gap(first: u64, last: u64) -> Journalled {
    Journalled::Gap(range(first, last))
}

pub(crate) fn receipt(number: u64, text: &str) -> Document {
    document(number, DocumentKind::Receipt, text)
}

pub(crate) fn document(number: u64, kind: DocumentKind, text: &str) -> Document {
    let bytes = format!(r#"{{"paragon":{{"JPKID":{number},"text":"{text}"}}}}"#);
    Document::new(id(number), kind, bytes.into_bytes()).unwrap()
}

/// A shipment of everything in detail.
pub(crate) fn plan(command: &str) -> Plan {
    let frame = Frame::new("{}", "{}").unwrap();
    Plan::new(command.parse().unwrap(), frame, Selection::scheduled("ALL".parse().unwrap()))
}

/// What stands in a range, page by page.
pub(crate) async fn read(journal: &Journal, of: JpkRange) -> Vec<Journalled> {
    let mut reader = journal.read(of).await.unwrap();
    let mut all = Vec::new();
    loop {
        let page = reader.next_page().await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// The packages of a range, as a worker makes them.
pub(crate) async fn pack(
    journal: &Journal,
    of: JpkRange,
    plan: Plan,
) -> Vec<ekasy_device::packing::Package> {
    let mut packer = Packer::new(plan, Deflating::default());
    let mut packages = Vec::new();
    for entry in read(journal, of).await {
        packages.extend(packer.push(entry.item()).unwrap());
    }
    packages.extend(packer.finish().unwrap());
    packages
}
