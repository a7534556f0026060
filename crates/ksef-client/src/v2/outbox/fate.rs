//! What became of an invoice.

use chrono::{DateTime, Utc};
use ksef_crypto::number::{KsefNumber, ReferenceNumber};
use serde::{Deserialize, Serialize};

use super::DurableError;
use crate::v2::{error::Error, status::Status};

/// What became of an invoice that was put into an outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Fate {
    /// It is in the outbox, or on its way: it may have been sent, and KSeF has not decided yet.
    Waiting,
    /// It is issued.
    Issued(Issued),
    /// Another invoice of the same seller, kind and number was issued before (440): this one is not
    /// issued. Its number must be another one, or it is a mistake.
    Duplicate {
        /// The number of the one that was issued, if KSeF named it.
        original: Option<KsefNumber>,
    },
    /// KSeF refused it, and it is not issued. An invoice that was issued offline may be corrected
    /// technically ([`Draft::correcting`](super::Draft::correcting)).
    Refused(Refusal),
}

/// An invoice that is issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Issued {
    /// The KSeF number.
    pub number: KsefNumber,
    /// The session that it went through, where its confirmation is; `None` when it was issued by
    /// somebody else with the same bytes and KSeF did not name the session.
    pub session: Option<ReferenceNumber>,
    /// When it was taken for processing, if KSeF said.
    pub invoicing_date: Option<DateTime<Utc>>,
    /// When it was stored for good, if KSeF had said so by then.
    pub permanent_storage_date: Option<DateTime<Utc>>,
}

/// Why KSeF refused an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Refusal {
    /// The code of its status, as 450, or of the error with which the call was refused, as 21405.
    pub code: Option<i64>,
    /// The service's sentence, in Polish.
    pub description: Option<String>,
    /// What there is to say besides, in Polish; may repeat what was sent.
    pub details: Vec<String>,
}

impl Refusal {
    pub(super) fn of_status(status: &Status) -> Self {
        Self {
            code: Some(status.code.into()),
            description: status.description.clone(),
            details: status.details.clone(),
        }
    }

    pub(super) fn of_error(error: &Error) -> Self {
        let finding = error.problem().and_then(|problem| problem.findings.first());
        Self {
            code: error.code().map(|code| code.number().into()),
            description: finding
                .and_then(|finding| finding.description.clone())
                .or_else(|| Some(error.to_string())),
            details: finding.map(|finding| finding.details.clone()).unwrap_or_default(),
        }
    }
}

impl Fate {
    /// Whether it will not change any more.
    pub fn is_final(&self) -> bool {
        *self != Self::Waiting
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        // Texts and dates cannot fail to be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn decode(value: &[u8]) -> Result<Self, DurableError> {
        serde_json::from_slice(value).map_err(|_| DurableError::Corrupt("the fate of an invoice"))
    }
}
