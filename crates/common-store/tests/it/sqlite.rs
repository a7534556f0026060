//! What the file promises beyond the suite: restarts, other files, other processes, group commit.

mod opening;
mod processes;
mod sharing;

use std::path::PathBuf;

use common_store::{Entries, Entry, Journals, Position, SqliteStore};
use tempfile::TempDir;

/// A folder for one test, and a path in it where no file is yet.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    (folder, path)
}

/// Everything in the journal.
async fn entries(store: &SqliteStore, journal: &str) -> Vec<Entry> {
    store.read(journal, Entries::All, Position::START, usize::MAX).await.unwrap()
}
