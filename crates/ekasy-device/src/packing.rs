//! Packing: from a run of documents to the packages of one shipment (CMD13).
//!
//! Source document, sections 2.2.5, 2.3.1.4.1.4 and 2.3.2.2; CRK facts §5 and §6.4.
//! A package is one request to the event hub. It carries a complete JPK structure with as many
//! documents as fit, or a part of a document that is too large for one request.
//! Nobody can tell from a document's length how long it becomes when it is compressed, signed,
//! encrypted and written into a request, so the packer seals and measures, and looks for the cut
//! with few attempts.
//!
//! Everything here is pure: documents are pushed in, packages come out, and sealing is the
//! caller's ([`Sealer`]). What the source document leaves open stands in replaceable values:
//! [`CutPolicy`], [`ShortForm`], [`Unrequested`], [`Limits`].
//!
//! # Examples
//!
//! ```
//! use ekasy_device::packing::{
//!     DocumentKind, Frame, Item, Packer, Plan, SealFailure, Sealer, Selection,
//! };
//!
//! /// Sealing belongs to the crypto profile; this one shows where it goes.
//! struct Plain;
//!
//! impl Sealer for Plain {
//!     fn seal(&mut self, plaintext: &[u8]) -> Result<String, SealFailure> {
//!         Ok(String::from_utf8(plaintext.to_vec())?)
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let plan = Plan::new(
//!     "DFD.ABC1700000017.2026-03-01T10:00:00.000Z".parse()?,
//!     Frame::new(r#"{"wersja":"JPK_KASA_v2-0"}"#, r#"{"NIP":"1111111111"}"#)?,
//!     Selection::scheduled("RD".parse()?),
//! );
//! let mut packer = Packer::new(plan, Plain);
//! let bytes = br#"{"rapDob":{"JPKID":7}}"#;
//! let item = Item::Document { id: "7".parse()?, kind: DocumentKind::DailyReport, bytes };
//! let mut packages = packer.push(item)?;
//! packages.extend(packer.finish()?);
//! assert_eq!(packages.len(), 1);
//! assert!(packages[0].body().starts_with(br#"{"commandId":"DFD.ABC1700000017."#));
//! # Ok(()) }
//! ```

mod error;
mod form;
mod frame;
mod item;
mod package;
mod packer;
mod parts;
mod plan;
mod profile;
mod search;

pub use error::{PackError, SealFailure};
pub use form::{InfoTable, Selection, Short, ShortForm, Unrequested};
pub use frame::{Frame, FrameError};
pub use item::{DocumentKind, Item};
pub use package::Package;
pub use packer::{Packer, Sealer};
pub use plan::{CutPolicy, Limits, Plan};
pub use profile::ProfileSealer;
