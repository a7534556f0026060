//! What a register is at the repository: fiscalisation, evidence number, schedule, and the rest that
//! changes together with them.
//!
//! All of it stands in one record, because the answer to CMD09 brings the evidence number, the
//! address and the schedule at once, and none of them may be kept without the others (CRK facts
//! §6.1, row 4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Journal, JournalError};
use crate::{
    command::{QrPrinting, Timetable},
    ident::{CheckFrequency, EvidenceNumber, Moment, SendFrequency, ShipmentTypes, WebApiAddress},
};

/// The record.
const REGISTRATION: &str = "registration";

/// What a register is at the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Registration {
    /// How far fiscalisation has come; `None` before it began.
    pub fiscalisation: Option<Fiscalisation>,
    /// The evidence number; once it stands there, it stays.
    pub evidence_number: Option<EvidenceNumber>,
    /// Where the WebApi is.
    pub web_api: Option<WebApiAddress>,
    /// When to send and to poll, and what in detail.
    pub schedule: Option<Schedule>,
    /// When to print the QR code (CMD03).
    #[serde(with = "qr")]
    pub qr_code: Option<QrPrinting>,
    /// Since when the register is read-only (CMD15).
    pub read_only_since: Option<Moment>,
}

/// A schedule that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// When documents are sent.
    pub send: SendFrequency,
    /// When commands are asked for.
    pub check: CheckFrequency,
    /// Which documents are sent in detail.
    pub shipment: ShipmentTypes,
}

impl Schedule {
    /// Whether documents go out by it, or are kept on purpose: its sending part is not undefined.
    pub(crate) fn says_when_to_send(&self) -> bool {
        self.send != SendFrequency::Undefined
    }
}

impl From<Timetable> for Schedule {
    fn from(table: Timetable) -> Self {
        let Timetable { send, check, shipment, .. } = table;
        Self { send, check, shipment }
    }
}

/// Where fiscalisation stands (source document, chapter 3; CRK facts §6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fiscalisation {
    /// The row of the document's table, 0 to 14.
    pub row: u8,
    /// What is known about it.
    pub stage: Stage,
    /// What the steps have to remember, such as the id of a command that is under way.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
}

/// What is known about a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// It is about to be done; after a crash it may have been done.
    Intended,
    /// It was done, and its result is kept.
    Done,
}

impl Journal {
    /// What the register is at the repository.
    pub async fn registration(&self) -> Result<Registration, JournalError> {
        drop(self.session.lock().await?);
        Ok(self.session.fetch(REGISTRATION).await?.unwrap_or_default())
    }

    /// Changes it in one step, and answers what stands there then. Cut off, either the old or the
    /// new one stands.
    ///
    /// # Errors
    ///
    /// [`Refused`](super::JournalErrorKind::Refused) when the change would take away or replace an
    /// evidence number.
    pub async fn update_registration(
        &self,
        change: impl FnOnce(&mut Registration),
    ) -> Result<Registration, JournalError> {
        let mut state = self.session.lock().await?;
        let old: Registration = self.session.fetch(REGISTRATION).await?.unwrap_or_default();
        let mut new = old.clone();
        change(&mut new);
        if old.evidence_number.is_some() && new.evidence_number != old.evidence_number {
            return Err(JournalError::refused("an evidence number is never replaced"));
        }
        if new != old {
            let value = json!(new).to_string().into_bytes();
            let name = self.session.names.record(REGISTRATION);
            self.session.put(&mut state, &name, value).await?;
        }
        Ok(new)
    }
}

/// The QR setting as the number of the protocol: −1 off, 0 always, otherwise grosze.
mod qr {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::command::QrPrinting;

    #[expect(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "serde asks for this signature"
    )]
    pub(super) fn serialize<S: Serializer>(
        qr: &Option<QrPrinting>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let number = qr.map(|qr| match qr {
            QrPrinting::Off => -1,
            QrPrinting::Always => 0,
            QrPrinting::Above(grosze) => i64::from(grosze),
        });
        number.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<QrPrinting>, D::Error> {
        let number = Option::<i64>::deserialize(from)?;
        Ok(number.map(|number| match u32::try_from(number) {
            Err(_) => QrPrinting::Off,
            Ok(0) => QrPrinting::Always,
            Ok(grosze) => QrPrinting::Above(grosze),
        }))
    }
}
