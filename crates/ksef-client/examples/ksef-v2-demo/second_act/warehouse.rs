//! The warehouse of the wholesaler: a process that collects what was sold to it, documents included.

use std::{fs, path::Path, sync::Arc, time::Duration};

use common_http::VirtualClock;
use common_store::SqliteStore;
use ksef_client::v2::{
    inbox::{Collected, CollectorOptions, Inbox},
    wire::InvoiceQuerySubjectType::Subject2,
};
use tokio::time::sleep;

use super::{
    days,
    process::{DONE, Shift},
    till::{FAILED, client, patience, say},
};
use crate::{Outcome, people};

/// The word that starts it, the file of its store and the name of its inbox.
pub(crate) const PART: &str = "--warehouse";
pub(crate) const STORE: &str = "warehouse.db";
pub(crate) const NAME: &str = "hurtownia";

/// The folder of its documents.
pub(crate) const DOCUMENTS: &str = "documents";

/// Collects until there is nothing new.
pub(crate) async fn work(folder: &Path, shift: Shift<'_>) -> Outcome {
    let clock = Arc::new(VirtualClock::starting_at(shift.now));
    let store = SqliteStore::open_with_clock(folder.join(STORE), clock.clone())?;
    let inbox = Inbox::new(Arc::new(store), NAME)?;
    let documents = folder.join(DOCUMENTS);
    fs::create_dir_all(&documents)?;
    let options = CollectorOptions::new("warehouse", days::TUESDAY.parse()?)
        .interval(Duration::ZERO)
        .patience(patience())
        .documents(documents);
    let collector = inbox.collector(people::buyer(&client(&shift, clock)?)?, options);
    loop {
        match collector.step(Subject2).await {
            Ok(Collected::All(_)) => return say(DONE),
            Ok(_) => continue,
            Err(error) if error.is_transient() => say(FAILED)?,
            Err(error) => return Err(error.into()),
        }
        sleep(Duration::from_millis(50)).await;
    }
}
