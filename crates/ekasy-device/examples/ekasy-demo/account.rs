//! What the demo tells its reader.

use std::{fmt, path::Path, time::Duration};

use chrono::{DateTime, Utc};

pub(crate) fn opening(receipts: u64) {
    println!("Polish cash registers report every document to the Central Repository of Cash");
    println!("Registers. This scene is the life of an invented register in software against a");
    println!(
        "local double of the repository: {receipts} receipts in three days of virtual time.\n"
    );
}

/// A line with the time on the register's clock.
pub(crate) fn line(at: DateTime<Utc>, what: impl fmt::Display) {
    println!("  {}  {what}", at.format("%d.%m. %H:%M"));
}

/// A line that belongs to the one before.
pub(crate) fn detail(what: impl fmt::Display) {
    println!("                  {what}");
}

pub(crate) fn closing(folder: &Path, took: Duration) {
    println!("\nAll of it took {:.1} s.", took.as_secs_f64());
    println!("Journal, archive, receipt and summary are in {}.", folder.display());
}
