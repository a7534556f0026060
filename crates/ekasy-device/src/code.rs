//! Codes of answers and states, with what they mean and what to do (source document, sections
//! 2.2.9, 2.3.1.5 and 2.4.10).
//!
//! Programs go by codes alone: the repository's sentences differ from table to table and carry
//! text of the server (CRK facts §7, 13). The Polish words here are a gist and not those
//! sentences.
//!
//! Which command may answer which code is told by [`documented`].

mod cpd;
mod register;
mod status;
mod table;
mod web_api;

pub use cpd::CpdCode;
pub use register::{FirmwareVerdict, ReadOnlyReason, RegisterStatus};
pub use status::FiscalisationStatus;
pub use table::{Documented, documented};
pub use web_api::WebApiCode;

use common_core::open::Open;

/// A code that came with an error: of the CPD server or of the WebApi.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnswerCode {
    /// A code of the CPD server, as `B03`.
    Cpd(Open<CpdCode>),
    /// A code of the WebApi, as `110`.
    WebApi(Open<WebApiCode>),
}

#[cfg(test)]
mod tests;
