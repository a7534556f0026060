//! Commands that the register receives, read from their decrypted bytes (source document,
//! sections 2.3.1.4.1.1 to 2.3.1.4.1.4).

use common_core::{
    codes,
    open::{Code as _, Open},
};
use serde_json::json;

use super::envelope::{Envelope, FieldError, wrong_form};
use crate::ident::{
    CheckFrequency, CommandId, CommandKind, JpkRange, SendFrequency, ShipmentTypes,
};

/// A command for the register.
///
/// What the repository encrypts is the value of `command`; the tables show the whole object. Both
/// are read, and an inner identifier must be the outer one (CRK facts §7, 10).
///
/// # What is not authenticated
///
/// The documented form has no identifier inside: signature and encryption hold the value of
/// `command` alone, and nothing ties it to the identifier beside it. Whoever can answer in the
/// WebApi's place can therefore give an old command of the repository out once more, under an
/// identifier that this register has never seen, and comparing identifiers finds nothing wrong with
/// it. What stands against that is the connection (mutual TLS with a pinned certificate), not the
/// command. What a replay can do is bounded: an earlier schedule or amount is in force again,
/// documents, certificates or keys go over the wire once more; nothing is lost. Under an identifier
/// of another kind it lacks that kind's fields and is refused. A repository that writes the whole
/// object inside is held to it, and cannot be replayed.
///
/// ```
/// use ekasy_device::{command::{QrPrinting, Received}, ident::CommandId};
///
/// let id = CommandId::parse("CQC.WTE2001000009.2026-02-01T08:00:00.000Z")?;
/// let command = Received::decode(&id, br#"{"attributes":{"qrCode":5000}}"#)?;
/// assert_eq!(command, Received::QrCode(QrPrinting::Above(5000)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received {
    /// CMD01 CCS: call a service of the CPD server.
    CallCpd(CallCpd),
    /// CMD02 TFD: a new schedule.
    Timetable(Timetable),
    /// CMD03 CQC: when to print the QR code.
    QrCode(QrPrinting),
    /// CMD06 DDD: send documents of a range in detail.
    DetailedDocuments(DetailedDocuments),
}

/// CMD01: which service of the CPD server to call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallCpd {
    /// The service; a code that is none of the documented ones is kept, and cannot be done.
    pub service: Open<CpdService>,
}

codes! {
    /// Services that CMD01 may ask for.
    pub enum CpdService: str {
        /// Fetch the certificates of the repository (CMD07).
        FetchKeys = "KCS",
        /// Send the certificates of the register (CMD08).
        SendCertificates = "KFD",
        /// Have the program checked (CMD10); registers in software only.
        CheckFirmware = "CNF",
    }
}

/// CMD02: the schedule that takes the place of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timetable {
    /// When documents are sent.
    pub send: SendFrequency,
    /// When commands are asked for.
    pub check: CheckFrequency,
    /// Which documents are sent in detail.
    pub shipment: ShipmentTypes,
}

/// CMD03: when the QR code is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QrPrinting {
    /// −1: never.
    Off,
    /// 0: on every receipt.
    Always,
    /// On receipts above this amount in grosze (hundredths of a złoty), which is positive.
    Above(u32),
}

impl QrPrinting {
    /// The documented maximum, 26,784.00 zł. It was copied from the table of schedules, so a
    /// larger amount is taken as well (CRK facts §7, 16).
    pub const DOCUMENTED_MAXIMUM: u32 = 2_678_400;

    /// Whether the amount lies above the documented maximum.
    pub const fn exceeds_documented_maximum(self) -> bool {
        matches!(self, Self::Above(grosze) if grosze > Self::DOCUMENTED_MAXIMUM)
    }

    fn from_wire(number: i64) -> Option<Self> {
        match number {
            -1 => Some(Self::Off),
            0 => Some(Self::Always),
            // The field is an int32.
            1..=0x7fff_ffff => u32::try_from(number).ok().map(Self::Above),
            _ => None,
        }
    }

    const fn to_wire(self) -> i64 {
        match self {
            Self::Off => -1,
            Self::Always => 0,
            Self::Above(grosze) => grosze as i64,
        }
    }
}

/// CMD06: documents that the repository wants in detail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DetailedDocuments {
    /// The numbers; nothing outside of them is sent.
    pub scope: JpkRange,
    /// The kinds that are wanted in detail.
    pub shipment: ShipmentTypes,
}

/// Why a command that was decrypted cannot be carried out; its text fits the confirmation's
/// message and says nothing of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The code of the command is none that a register receives.
    #[error("the command is not known to this register")]
    UnknownKind,
    /// The identifier inside the encryption is another one than outside.
    #[error("the inner command identifier differs from the outer one")]
    OtherIdentifier,
    /// A field is missing or has a value that it cannot have.
    #[error("{0}")]
    Field(FieldError),
}

impl From<FieldError> for CommandError {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

impl Received {
    /// Reads the decrypted bytes of the command that came under the identifier `id`.
    pub fn decode(id: &CommandId, plaintext: &[u8]) -> Result<Self, CommandError> {
        let kind = id.kind().known().ok_or(CommandError::UnknownKind)?;
        let envelope = Envelope::read(plaintext)?;
        if envelope.command_id()?.is_some_and(|inner| inner != *id) {
            return Err(CommandError::OtherIdentifier);
        }
        Ok(match kind {
            CommandKind::CallCpdServer => Self::CallCpd(call(&envelope)?),
            CommandKind::Timetable => Self::Timetable(timetable(&envelope)?),
            CommandKind::QrCode => Self::QrCode(qr_code(&envelope)?),
            CommandKind::DetailedDocuments => Self::DetailedDocuments(documents(&envelope)?),
            _ => return Err(CommandError::UnknownKind),
        })
    }

    /// The kind.
    pub const fn kind(&self) -> CommandKind {
        match self {
            Self::CallCpd(_) => CommandKind::CallCpdServer,
            Self::Timetable(_) => CommandKind::Timetable,
            Self::QrCode(_) => CommandKind::QrCode,
            Self::DetailedDocuments(_) => CommandKind::DetailedDocuments,
        }
    }

    /// The bytes that would be encrypted: `{"attributes":{…}}`, as the repository writes them.
    pub fn plaintext(&self) -> Vec<u8> {
        let attributes = match self {
            Self::CallCpd(call) => json!({"CPDServiceName": call.service}),
            Self::Timetable(table) => json!({
                "sendFreqEventHub": table.send,
                "checkFreqWebApi": table.check,
                "shipmentType": table.shipment,
            }),
            Self::QrCode(printing) => json!({"qrCode": printing.to_wire()}),
            Self::DetailedDocuments(wanted) => {
                json!({"scope": wanted.scope, "shipmentType": wanted.shipment})
            }
        };
        json!({"attributes": attributes}).to_string().into_bytes()
    }
}

fn call(envelope: &Envelope) -> Result<CallCpd, FieldError> {
    let field = "CPDServiceName";
    let code = |text: &str| {
        let known = CpdService::from_raw(text).is_some();
        let fits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if known || fits { Ok(Open::from_raw(text.to_owned())) } else { Err(()) }
    };
    let service = envelope.parsed(field, code)?.ok_or(FieldError::missing(field))?;
    Ok(CallCpd { service })
}

fn timetable(envelope: &Envelope) -> Result<Timetable, FieldError> {
    Ok(Timetable {
        send: number(envelope, "sendFreqEventHub", SendFrequency::from_wire)?,
        check: number(envelope, "checkFreqWebApi", CheckFrequency::from_wire)?,
        shipment: shipment(envelope)?.ok_or(FieldError::missing(SHIPMENT))?,
    })
}

fn qr_code(envelope: &Envelope) -> Result<QrPrinting, FieldError> {
    number(envelope, "qrCode", |number| QrPrinting::from_wire(number).ok_or(()))
}

fn documents(envelope: &Envelope) -> Result<DetailedDocuments, FieldError> {
    let scope = envelope.parsed("scope", JpkRange::parse)?;
    Ok(DetailedDocuments {
        scope: scope.ok_or(FieldError::missing("scope"))?,
        shipment: shipment(envelope)?.ok_or(FieldError::missing(SHIPMENT))?,
    })
}

fn number<T, E>(
    envelope: &Envelope,
    field: &'static str,
    read: impl FnOnce(i64) -> Result<T, E>,
) -> Result<T, FieldError> {
    let number = envelope.number(field)?.ok_or(FieldError::missing(field))?;
    read(number).map_err(|_| wrong_form(field))
}

const SHIPMENT: &str = "shipmentType";

/// The shipment types, under the name of most tables or under the one with two p; `None` when
/// they are empty (CRK facts §7, 6).
pub(super) fn shipment(envelope: &Envelope) -> Result<Option<ShipmentTypes>, FieldError> {
    match envelope.find_either(SHIPMENT, "shippmentType")? {
        None => Ok(None),
        Some(value) => match value.as_str() {
            Some("") => Ok(None),
            Some(text) => ShipmentTypes::parse(text).map(Some).map_err(|_| wrong_form(SHIPMENT)),
            None => Err(wrong_form(SHIPMENT)),
        },
    }
}

#[cfg(test)]
mod tests;
