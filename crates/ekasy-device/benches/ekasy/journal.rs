//! Journalling documents, with and without durability, against the bare engine.
//!
//! With durability, the engine is a file that is forced to the disk at each append; without, it is
//! memory. The reference appends the same bytes to the same kind of engine, under a lease as well.

use std::{cell::Cell, sync::Arc, time::Duration};

use common_core::{clock::SystemClock, secret::secret_bytes};
use common_store::{MemoryStore, SealKey, SqliteStore};
use ekasy_device::{
    ident::JpkId,
    journal::{Document, Engine, Journal, Journalled, Options},
    packing::DocumentKind,
};
use tokio::runtime::Runtime;

use super::{Failure, medians};

/// Documents that are appended in one measurement, one after the other.
const RUN: u64 = 20;

/// Measures and prints the figures.
pub(super) fn run(samples: usize) -> Result<(), Failure> {
    // Not in the system's folder for such things: that may be memory, where nothing is durable.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    let clock = Arc::new(SystemClock::new());
    let file = |name: &str| SqliteStore::open(folder.path().join(name));
    let (ours, bare) = (Arc::new(file("journal.db")?), Arc::new(file("bare.db")?));
    figure(&runtime, samples, "durable journal append", (ours, bare), 1.25)?;
    let ours = Arc::new(MemoryStore::new(clock.clone()));
    let bare = Arc::new(MemoryStore::new(clock));
    figure(&runtime, samples, "journal append without durability", (ours, bare), 2.0)
}

fn figure<E: Engine + 'static>(
    runtime: &Runtime,
    samples: usize,
    name: &str,
    (ours, bare): (Arc<E>, Arc<E>),
    goal: f64,
) -> Result<(), Failure> {
    let key = SealKey::new(1, secret_bytes(vec![7; 32]))?;
    let lease = Duration::from_secs(3_600);
    let options = Options::new("ABC1700000017".parse()?, "bench", key).lease(lease);
    let journal = runtime.block_on(Journal::open(ours, options))?;
    let lease = runtime.block_on(bare.acquire("bench", "bench", lease))?;
    let (next, next_bare) = (Cell::new(0), Cell::new(0));
    let journalling = || {
        for _ in 0..RUN {
            next.set(next.get() + 1);
            let document = document(next.get())?;
            runtime.block_on(journal.append(document))?;
        }
        Ok(())
    };
    let appending = || {
        for _ in 0..RUN {
            next_bare.set(next_bare.get() + 1);
            let entry = bytes(next_bare.get());
            runtime.block_on(bare.append("bench", vec![entry], lease.as_ref()))?;
        }
        Ok(())
    };
    let times = medians(samples, journalling, appending)?;
    let all = Journalled::Document(document(next.get())?);
    let found = runtime.block_on(journal.find(JpkId::new(next.get())?))?;
    assert_eq!(found, Some(all), "what was measured must stand there");
    row(name, times, goal);
    Ok(())
}

fn document(number: u64) -> Result<Document, Failure> {
    Ok(Document::new(JpkId::new(number)?, DocumentKind::Receipt, bytes(number))?)
}

/// A receipt of about one kilobyte.
fn bytes(number: u64) -> Vec<u8> {
    let signature = "0123456789ABCDEF".repeat(60);
    format!(r#"{{"paragon":{{"JPKID":{number},"podpis":"{signature}"}}}}"#).into_bytes()
}

#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
fn row(name: &str, (ours, theirs): (Duration, Duration), goal: f64) {
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    let each = ours.as_secs_f64() * 1e6 / f64::from(u32::try_from(RUN).unwrap_or(1));
    let speed = 1e6 / each;
    println!(
        "{name}: {speed:.0} appends/s, {ratio:.2} of the bare engine's time (goal <= {goal:.2})"
    );
}
