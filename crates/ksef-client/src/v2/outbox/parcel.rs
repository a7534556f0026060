//! Invoices that travel together.

use common_core::store::Position;
use ksef_crypto::{link::InvoiceHash, number::ReferenceNumber};
use serde::{Deserialize, Serialize};

use super::DurableError;
use crate::v2::FormCode;

/// Invoices that travel together, and how far they have come: the record that is written before
/// anything is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parcel {
    /// The form of all of them.
    pub(super) form: FormCode,
    /// How they go.
    pub(super) way: Way,
    /// Whether they were issued offline; in a session each says so itself, a batch says it for all.
    pub(super) offline: bool,
    /// The invoices that KSeF has not decided about.
    pub(super) letters: Vec<Letter>,
    /// The session that they were sent in, and that has not been looked through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<ReferenceNumber>,
}

/// How a parcel goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Way {
    /// One by one, in an interactive session.
    Online,
    /// As a package.
    Batch,
}

/// One invoice of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Letter {
    /// Where its bytes are.
    pub(super) position: Position,
    /// Their hash in Base64, as KSeF writes it.
    pub(super) hash: String,
}

impl Letter {
    pub(super) fn hash(&self) -> Result<InvoiceHash, DurableError> {
        InvoiceHash::from_base64(&self.hash).ok_or(DurableError::Corrupt("a hash in a parcel"))
    }
}

impl Parcel {
    /// Its number: the place of its first invoice, which no other parcel ever has.
    pub(super) fn number(&self) -> u64 {
        self.letters.first().map_or(0, |letter| letter.position.number())
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        // Texts and numbers cannot fail to be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn decode(value: &[u8]) -> Result<Self, DurableError> {
        serde_json::from_slice(value).map_err(|_| DurableError::Corrupt("a parcel"))
    }
}
