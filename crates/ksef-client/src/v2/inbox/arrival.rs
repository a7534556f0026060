//! Invoices that have arrived.

use common_core::store::Position;
use serde::{Deserialize, Serialize};

use super::Checkpoint;
use crate::v2::{
    durable::DurableError,
    wire::{InvoiceMetadata, InvoiceQuerySubjectType},
};

/// An invoice that has arrived.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Arrival {
    /// Its place among the arrivals of its role.
    pub position: Position,
    /// The role in which the context appears in it.
    pub role: InvoiceQuerySubjectType,
    /// What KSeF says about it.
    pub metadata: InvoiceMetadata,
    /// Whether the document itself is in the file `{KSeF number}.xml` of the folder into which its
    /// collector collects documents.
    pub has_document: bool,
}

/// An arrival as it is stored; the last one of a step carries the checkpoint behind it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Written {
    pub(super) metadata: InvoiceMetadata,
    #[serde(default)]
    pub(super) has_document: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) checkpoint: Option<Checkpoint>,
}

impl Written {
    /// The arrivals of one step, to be stored together.
    pub(super) fn of_step(
        rows: Vec<InvoiceMetadata>,
        has_document: bool,
        checkpoint: &Checkpoint,
    ) -> Vec<Vec<u8>> {
        let last = rows.len().saturating_sub(1);
        let entries = rows.into_iter().enumerate().map(|(index, metadata)| {
            let checkpoint = (index == last).then(|| checkpoint.clone());
            // What was read from JSON cannot fail to be written.
            serde_json::to_vec(&Self { metadata, has_document, checkpoint }).unwrap_or_default()
        });
        entries.collect()
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, DurableError> {
        serde_json::from_slice(payload).map_err(|_| DurableError::Corrupt("an arrival"))
    }
}
