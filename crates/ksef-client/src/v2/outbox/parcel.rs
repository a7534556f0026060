//! Invoices that travel together.

use chrono::{DateTime, Utc};
use common_core::store::Position;
use ksef_crypto::{
    link::InvoiceHash,
    number::{KsefNumber, ReferenceNumber},
};
use serde::{Deserialize, Serialize};

use super::{DurableError, Issue};
use crate::v2::{FormCode, offline::Outage};

/// Invoices that travel together, and how far they have come: the record that is written before
/// anything is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parcel {
    #[serde(flatten)]
    pub(super) kind: Kind,
    /// How they go.
    pub(super) way: Way,
    /// The invoices that KSeF has not decided about; a parcel that is stored has at least one.
    pub(super) letters: Vec<Letter>,
    /// The session that they were sent in, and that has not been looked through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<ReferenceNumber>,
    /// How far its session is.
    #[serde(default)]
    pub(super) stage: Stage,
    /// After that moment nothing can arrive in that session any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<DateTime<Utc>>,
    /// How many go into the next package at most, after a larger one could not be made or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) most: Option<usize>,
}

/// What the invoices of a parcel have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kind {
    /// The form of all of them.
    pub(super) form: FormCode,
    /// Whether they were issued offline; in a session each says so itself, a batch says it for all.
    pub(super) offline: bool,
    /// Whether they are technical corrections, which never go in a batch.
    #[serde(default)]
    pub(super) corrects: bool,
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

/// How far the session of a parcel is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Stage {
    /// There is none, and letters may be added to the parcel.
    #[default]
    Home,
    /// It is being opened, or a package is being made for it.
    Departing,
    /// It is open: invoices, or parts of a batch, are sent.
    Open,
    /// Somebody may be closing it. Before that is written nobody closes a batch, and a batch that
    /// nobody closed is never processed.
    Closing,
    /// It is closed, or has ended.
    Closed,
}

/// One invoice of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Letter {
    /// Where its bytes are.
    pub(super) position: Position,
    /// Their hash in Base64, as KSeF writes it.
    pub(super) hash: String,
    /// How it was issued, if offline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) issue: Option<Issue>,
    /// So often KSeF failed on it, since when, and when it did last.
    #[serde(default)]
    pub(super) tries: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failing_since: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failed_at: Option<DateTime<Utc>>,
    /// KSeF said once that its file is not what had been declared, or too large.
    #[serde(default)]
    pub(super) misfit: bool,
    /// The invoice that has its number already, while nobody could find out whether it is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rival: Option<Rival>,
}

/// An invoice of the same seller, kind and number that KSeF knows (440).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rival {
    /// Its number, if KSeF named it.
    pub(super) number: Option<KsefNumber>,
    /// The session that it went through, if KSeF named it.
    pub(super) session: Option<ReferenceNumber>,
}

impl Letter {
    pub(super) fn new(position: Position, hash: &InvoiceHash, issue: Option<Issue>) -> Self {
        let (tries, failing_since, failed_at) = (0, None, None);
        let (hash, misfit, rival) = (hash.base64(), false, None);
        Self { position, hash, issue, tries, failing_since, failed_at, misfit, rival }
    }

    /// The moment by which it has to be sent, as for a parcel.
    pub(super) fn due(&self, outages: &[Outage], today: DateTime<Utc>) -> DateTime<Utc> {
        let deadline = self.issue.map(|issue| issue.deadline(outages));
        match deadline {
            Some(deadline) => deadline.moment().unwrap_or(DateTime::<Utc>::MAX_UTC),
            None => today,
        }
    }

    pub(super) fn hash(&self) -> Result<InvoiceHash, DurableError> {
        InvoiceHash::from_base64(&self.hash).ok_or(DurableError::Corrupt("a hash in a parcel"))
    }
}

impl Parcel {
    pub(super) fn new(kind: Kind, way: Way, letters: Vec<Letter>) -> Self {
        let (session, stage, until, most) = (None, Stage::Home, None, None);
        Self { kind, way, letters, session, stage, until, most }
    }

    /// The moment by which it has to be sent; what has none, or was issued by being sent, is due when
    /// `today` is over.
    pub(super) fn due(&self, outages: &[Outage], today: DateTime<Utc>) -> DateTime<Utc> {
        let dues = self.letters.iter().map(|letter| letter.due(outages, today));
        dues.min().unwrap_or(today)
    }

    /// The most tries of its letters.
    pub(super) fn tries(&self) -> u32 {
        self.letters.iter().map(|letter| letter.tries).max().unwrap_or(0)
    }

    /// Whether letters may be added: it is on no journey.
    pub(super) fn is_at_home(&self) -> bool {
        self.stage == Stage::Home && self.tries() == 0
    }

    /// Goes into a session, in which nothing can arrive after that moment.
    pub(super) fn enter(&mut self, session: ReferenceNumber, until: DateTime<Utc>) {
        (self.session, self.stage, self.until) = (Some(session), Stage::Open, Some(until));
    }

    /// Takes the session away that was looked through, or that nobody will ever close.
    pub(super) fn leave_session(&mut self) {
        (self.session, self.stage, self.until) = (None, Stage::Home, None);
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        // Texts and numbers cannot fail to be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn decode(value: &[u8]) -> Result<Self, DurableError> {
        serde_json::from_slice(value).map_err(|_| DurableError::Corrupt("a parcel"))
    }
}
