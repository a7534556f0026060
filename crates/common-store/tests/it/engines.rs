//! The suite, run for each engine of this crate.

use common_store::MemoryStore;

use crate::conformance;

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_every_promise() {
    conformance::all(async |clock| MemoryStore::new(clock)).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_keeps_every_promise() {
    use std::sync::atomic::{AtomicU32, Ordering};

    use common_store::SqliteStore;

    let folder = tempfile::tempdir().unwrap();
    let files = AtomicU32::new(0);
    conformance::all(async |clock| {
        let name = format!("{}.db", files.fetch_add(1, Ordering::Relaxed));
        SqliteStore::open_with_clock(folder.path().join(name), clock).unwrap()
    })
    .await;
}
