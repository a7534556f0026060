//! What became of an invoice.

use chrono::{DateTime, Utc};
use common_core::{
    open::Open,
    store::{Change, Position},
};
use ksef_crypto::number::{KsefNumber, ReferenceNumber};
use serde::{Deserialize, Serialize};

use super::{DurableError, parcel::Rival};
use crate::v2::{error::Error, status::Status, wire::InvoicingMode};

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
    /// KSeF refused it, for what it is or because its issuer may not issue it (410), and it is not
    /// issued. An invoice that was issued offline may be
    /// corrected technically ([`Draft::correcting`](super::Draft::correcting)).
    Refused(Refusal),
    /// KSeF failed on it again and again, as long as the carrier tries, or says that an invoice of
    /// its number exists that this context may not see. It is not known to be issued, and
    /// it is not known not to be: look for its number. [Forgotten](super::Outbox::forget), it can be
    /// put in again.
    Unresolved(Refusal),
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
    /// When it was taken for processing, if KSeF said: the moment that tells whether a deadline was
    /// kept.
    pub invoicing_date: Option<DateTime<Utc>>,
    /// When it was stored for good, if KSeF had said so by then.
    pub permanent_storage_date: Option<DateTime<Utc>>,
    /// How KSeF took it, if it said: one that was sent later than on its day of issue is offline, too,
    /// and owes its buyer what goes with that (KSeF 2.0 facts §16).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Open<InvoicingMode>>,
}

/// Why KSeF refused an invoice, or on what it failed.
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

    /// Another invoice has its number, and cannot be seen.
    pub(super) fn unseen(rival: &Rival) -> Self {
        let details = rival.number.iter().map(KsefNumber::to_string).collect();
        Self { code: Some(440), description: None, details }
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
}

/// What is stored of an invoice that was put in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) fate: Fate,
    /// While it waits: the place whose bytes count. The same bytes may have been put in at other
    /// places, by two callers at once, or once more after they were forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Position>,
}

impl Known {
    pub(super) fn waiting(place: Position) -> Self {
        Self { fate: Fate::Waiting, place: Some(place) }
    }

    pub(super) fn decided(fate: Fate) -> Self {
        Self { fate, place: None }
    }

    /// The place that counts; none when the invoice does not wait any more.
    pub(super) fn place(&self) -> Option<Position> {
        self.place.filter(|_| self.fate == Fate::Waiting)
    }

    /// As a change of its record.
    pub(super) fn put(&self) -> Change {
        // Texts and dates cannot fail to be written.
        Change::Put { value: serde_json::to_vec(self).unwrap_or_default(), expires_at: None }
    }

    pub(super) fn decode(value: &[u8]) -> Result<Self, DurableError> {
        serde_json::from_slice(value).map_err(|_| DurableError::Corrupt("the fate of an invoice"))
    }
}
