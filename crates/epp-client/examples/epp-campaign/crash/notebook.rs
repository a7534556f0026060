//! What a process keeps on disk, and what it was told to do.

use std::{collections::BTreeMap, fs, path::Path};

use epp_client::{batch::BatchTag, model::PaymentOrderId, payments::PaymentRecord};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use trial::{Failure, plan::rng};

use crate::ledger::{self, Entry, Nature};

/// The file of the [`Task`].
pub(super) const TASK: &str = "task.json";

/// The file of the [`Notebook`].
pub(super) const NOTES: &str = "notes.json";

/// Among so many orders enough are good.
const ENOUGH: i64 = 24;

/// What all processes of a seed have to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) seed: u64,
    pub(super) api: String,
    pub(super) web: String,
    pub(super) login: String,
    pub(super) password: String,
    pub(super) debtor: String,
    pub(super) orders: usize,
}

/// What has to outlive a process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Notebook {
    /// The tags under which orders may have been created and have not been looked for yet.
    pub(super) open_tags: Vec<String>,
    /// How many tags there were.
    pub(super) tags: u64,
    /// The orders that are known to be created, by external id.
    pub(super) created: BTreeMap<String, PaymentOrderId>,
    /// A payment may have been started whose record is not here.
    pub(super) is_starting: bool,
    /// The started payment.
    pub(super) payment: Option<PaymentRecord>,
    /// Its confirmation may have been sent.
    pub(super) is_confirming: bool,
    /// The tag of the attempt that paid.
    pub(super) paid: Option<String>,
}

impl Task {
    /// The orders, the same ones in every process; those that are wrong are left out.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut random = rng(self.seed, "orders of the crash");
        let prefix = format!("{}-crash", self.seed);
        let mut entries = ledger::orders(&prefix, &self.debtor, ENOUGH, &mut random);
        entries.retain(|entry| entry.nature == Nature::Good);
        entries.truncate(self.orders);
        entries
    }
}

impl Notebook {
    /// A tag that no creation had before, by this process or those that died.
    pub(super) fn new_tag(&mut self, task: &Task) -> BatchTag {
        self.tags += 1;
        let tag = BatchTag::from_random(u128::from(task.seed) << 64 | u128::from(self.tags));
        self.open_tags.push(tag.as_str().to_owned());
        tag
    }
}

/// Reads a file of the folder.
pub(super) fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<T, Failure> {
    Ok(serde_json::from_slice(&fs::read(folder.join(name))?)?)
}

/// Writes a file of the folder, wholly or not at all.
pub(super) fn write(folder: &Path, name: &str, value: &impl Serialize) -> Result<(), Failure> {
    let draft = folder.join(format!("{name}.draft"));
    fs::write(&draft, serde_json::to_vec(value)?)?;
    Ok(fs::rename(draft, folder.join(name))?)
}

/// The file in which the password of a payment arrives.
pub(super) fn password_file(tag: &str) -> String {
    format!("password-{tag}.json")
}
