//! Commands that the repository gives to registers (source document, 2.3.1.4.1).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A command before it is signed and encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Command {
    /// CMD01, `CCS`: call the CPD server with the named service, `KCS`, `KFD` or `CNF`.
    CallServer {
        /// The three letters of the service.
        service: String,
    },
    /// CMD02, `TFD`: a new timetable.
    Timetable(Timetable),
    /// CMD03, `CQC`: print QR codes above so many grosze; 0 always, -1 never.
    QrCode {
        /// Grosze.
        threshold: i64,
    },
    /// CMD06, `DDD`: send these documents in detail.
    Documents {
        /// The first JPK number.
        from: u64,
        /// The last JPK number.
        to: u64,
        /// The kinds to send in detail, such as `PR;PA`.
        shipment_type: String,
    },
    /// Any attributes under any code, right or wrong.
    Raw {
        /// The three letters of the command.
        code: String,
        /// Written as they are.
        attributes: Map<String, Value>,
    },
}

/// When a register sends and polls, and what it sends in detail (source document, 2.2.4, 2.2.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timetable {
    /// Seconds between two shipments, 60 to 2678400; 0 after each document; -1 never.
    pub send: i64,
    /// Seconds between two polls of the WebApi, 60 to 2678400.
    pub check: i64,
    /// The kinds that are sent in detail, such as `PR;PA`.
    pub shipment_type: String,
}

impl Default for Timetable {
    fn default() -> Self {
        Self { send: 7200, check: 1800, shipment_type: "ALL".to_owned() }
    }
}

/// How the shipment type is spelled; the source document has both, for the same command
/// (CRK facts §7, 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spelling {
    /// As the table of each command has it.
    #[default]
    Table,
    /// `shipmentType`.
    Single,
    /// `shippmentType`.
    Double,
}

impl Spelling {
    /// The name of the member; `double` tells what the table of the command has.
    pub(super) fn name(self, table: &'static str) -> &'static str {
        match self {
            Self::Table => table,
            Self::Single => "shipmentType",
            Self::Double => "shippmentType",
        }
    }
}

impl Command {
    /// The three letters of the command.
    pub fn code(&self) -> &str {
        match self {
            Self::CallServer { .. } => "CCS",
            Self::Timetable(_) => "TFD",
            Self::QrCode { .. } => "CQC",
            Self::Documents { .. } => "DDD",
            Self::Raw { code, .. } => code,
        }
    }

    pub(super) fn attributes(&self, spelling: Spelling) -> Value {
        match self {
            Self::CallServer { service } => json!({"CPDServiceName": service}),
            Self::Timetable(timetable) => {
                let mut attributes = json!({
                    "sendFreqEventHub": timetable.send,
                    "checkFreqWebApi": timetable.check,
                });
                attributes[spelling.name("shipmentType")] = json!(timetable.shipment_type);
                attributes
            }
            Self::QrCode { threshold } => json!({"qrCode": threshold}),
            Self::Documents { from, to, shipment_type } => {
                let mut attributes = json!({"scope": format!("{from}-{to}")});
                attributes[spelling.name("shipmentType")] = json!(shipment_type);
                attributes
            }
            Self::Raw { attributes, .. } => Value::Object(attributes.clone()),
        }
    }
}

/// A command in the queue of a register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Queued {
    /// Its identifier.
    pub command_id: String,
    /// What it says.
    pub command: Command,
    /// The higher one is delivered first; equal ones in their order.
    pub priority: u8,
    /// How often it was delivered.
    pub deliveries: u64,
    /// How the register confirmed it; the first confirmation counts.
    pub confirmation: Option<Confirmation>,
}

/// What a register said about a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Confirmation {
    /// `0` for done, `1` for failed.
    pub code: String,
    /// Why it failed.
    pub message: Option<String>,
    /// When it was done, as the register says.
    pub executed: DateTime<Utc>,
    /// When the confirmation came.
    pub at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_form_of_commands_is_read() {
        let read = |text: &str| serde_json::from_str::<Command>(text).unwrap();
        let text = r#"{"timetable":{"send":0,"check":60,"shipment_type":"PR"}}"#;
        let attributes = read(text).attributes(Spelling::Double);
        assert_eq!(attributes["shippmentType"], "PR");
        let text = r#"{"documents":{"from":3,"to":9,"shipment_type":"ALL"}}"#;
        assert_eq!(read(text).code(), "DDD");
        assert_eq!(read(text).attributes(Spelling::Table)["scope"], "3-9");
        assert_eq!(read(r#"{"call_server":{"service":"KFD"}}"#).code(), "CCS");
        assert_eq!(read(r#"{"qr_code":{"threshold":-1}}"#).code(), "CQC");
        let text = r#"{"raw":{"code":"XYZ","attributes":{"a":1}}}"#;
        assert_eq!(read(text).attributes(Spelling::Table)["a"], 1);
    }
}
