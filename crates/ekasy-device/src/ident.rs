//! Identifiers, numbers and schedules of the protocol, each a type of its own (source document,
//! section 2.2).
//!
//! Parsing demands the written form and no more: a check digit that the document's own example
//! fails is a predicate ([`TaxpayerId::checksum_ok`]).
//! Every type writes exactly what it reads, so that a stored text and a type are the same thing.

mod command_id;
mod command_ids;
mod error;
mod evidence_number;
mod firmware;
mod jpk_id;
mod moment;
mod schedule;
mod shared_key;
mod shipment;
mod taxpayer_id;
mod text;
mod unique_number;
mod web_api_address;

pub use command_id::{CommandId, CommandKind};
pub use command_ids::CommandIds;
pub use error::IdentError;
pub use evidence_number::EvidenceNumber;
pub use firmware::{FirmwareChecksum, FirmwareVersion};
pub use jpk_id::{JpkId, JpkRange};
pub use moment::Moment;
pub use schedule::{CheckFrequency, Interval, SendFrequency};
pub use shared_key::SharedKey;
pub use shipment::{DocumentType, ShipmentTypes};
pub use taxpayer_id::TaxpayerId;
pub use text::{SerialNumber, TechnicianId};
pub use unique_number::UniqueNumber;
pub use web_api_address::WebApiAddress;

#[cfg(test)]
mod tests;
