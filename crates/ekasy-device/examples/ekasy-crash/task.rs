//! What a child is told.

use ekasy_device::ident::UniqueNumber;
use serde::{Deserialize, Serialize};
use trial::Failure;

use crate::register::Make;

/// What a child has to know; it stands in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) seed: u64,
    pub(crate) number: String,
    pub(crate) is_software: bool,
    pub(crate) cpd: String,
    pub(crate) web_api: String,
    pub(crate) hub: String,
    /// The number behind which it sells nothing more.
    pub(crate) last: u64,
    pub(crate) ends_read_only: bool,
}

impl Task {
    pub(crate) fn make(&self) -> Make {
        if self.is_software { Make::Software } else { Make::Hardware }
    }

    pub(crate) fn number(&self) -> Result<UniqueNumber, Failure> {
        Ok(self.number.parse()?)
    }
}
