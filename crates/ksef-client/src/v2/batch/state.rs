//! A batch as plain data, to go on with its upload after a crash.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use chrono::{DateTime, Utc};
use common_core::secret::{ExposeSecret, SecretString};
use ksef_crypto::number::ReferenceNumber;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::v2::sending::StateError;

/// What the upload of a batch is made of: links, files, and what is done. The key of the package is
/// not in it, because the files are encrypted already.
///
/// Whoever has the links can put other content there until they expire; [`Debug`](fmt::Debug) does not
/// show them, and [`expose_json`](Self::expose_json) is the only way to write them.
#[derive(Clone, Serialize, Deserialize)]
pub struct BatchState {
    pub(super) reference: ReferenceNumber,
    pub(super) links_until: DateTime<Utc>,
    pub(super) targets: Vec<Target>,
}

/// Where a part goes, and whether it is there.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Target {
    pub(super) ordinal: u64,
    pub(super) method: String,
    #[serde(serialize_with = "expose", deserialize_with = "hide")]
    pub(super) link: SecretString,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) is_uploaded: bool,
}

impl BatchState {
    /// The session's number.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// Until when the links of the parts work, by the published rule.
    pub fn links_until(&self) -> DateTime<Utc> {
        self.links_until
    }

    /// The state as JSON, **with its links**: store it sealed.
    pub fn expose_json(&self) -> SecretString {
        // Texts and numbers cannot fail to be written.
        SecretString::from(serde_json::to_string(self).unwrap_or_default())
    }

    /// Reads what [`expose_json`](Self::expose_json) wrote.
    pub fn from_json(text: &SecretString) -> Result<Self, StateError> {
        serde_json::from_str(text.expose_secret()).map_err(|_| StateError)
    }
}

impl fmt::Debug for BatchState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchState")
            .field("reference", &self.reference)
            .field("links_until", &self.links_until)
            .field("parts", &self.targets.len())
            .finish_non_exhaustive()
    }
}

fn expose<S: Serializer>(link: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(link.expose_secret())
}

fn hide<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}
