//! What a process keeps on disk, and what it was told to do.

use std::{collections::BTreeMap, fs, path::Path};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use trial::{Failure, plan::rng};

use crate::{
    invoices::{self, Invoice},
    judge::Claim,
};

/// The file of the [`Task`].
pub(super) const TASK: &str = "task.json";

/// The file of the [`Notebook`].
pub(super) const NOTES: &str = "notes.json";

/// What all processes of a seed have to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) seed: u64,
    pub(super) api: String,
    pub(super) token: String,
    pub(super) invoices: usize,
}

/// What has to outlive a process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Notebook {
    pub(super) stage: Stage,
    /// How often an announcement was meant.
    pub(super) announcements: usize,
    /// How many parts the package has.
    pub(super) parts: u64,
    /// By the hash of an invoice the number under which it is issued, or nothing.
    pub(super) ended: BTreeMap<String, Option<String>>,
}

/// How far the batch has come.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) enum Stage {
    #[default]
    Nothing,
    /// The state that the client exported.
    Announced(String),
    /// The number of the session.
    Closed(String),
    Ended,
}

impl Task {
    /// The invoices, the same ones in every process.
    pub(super) fn invoices(&self) -> Vec<Invoice> {
        let mut random = rng(self.seed, "invoices of the crash");
        let prefix = format!("{}-crash", self.seed);
        invoices::package(&prefix, self.invoices, self.seed.is_multiple_of(2), &mut random)
    }
}

impl Notebook {
    pub(super) fn claims(&self) -> BTreeMap<String, Claim> {
        let claim = |number: &Option<String>| match number {
            Some(number) => Claim::Accepted(number.clone()),
            None => Claim::Refused,
        };
        self.ended.iter().map(|(hash, number)| (hash.clone(), claim(number))).collect()
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
