//! Every command and call of the protocol as a value: what to send, and how to read the answer
//! (source document, sections 2.3 and 2.4).
//!
//! Nothing here does I/O. Endpoints are driven by
//! [`common_http::Client`], one per channel; the encrypted texts that two of the channels carry
//! are made and opened elsewhere, here they are texts.
//!
//! | command | code | direction | type | repeated after a lost answer? |
//! |---|---|---|---|---|
//! | CMD01 | CCS | received | [`Received::CallCpd`] | |
//! | CMD02 | TFD | received | [`Received::Timetable`] | |
//! | CMD03 | CQC | received | [`Received::QrCode`] | |
//! | CMD06 | DDD | received | [`Received::DetailedDocuments`] | |
//! | CMD07 | KCS | to the CPD server | [`cpd::FetchKeys`] | yes, changes nothing |
//! | CMD08 | KFD | to the CPD server | [`cpd::SendCertificates`] | yes |
//! | CMD09 | MFP | to the CPD server | [`cpd::Fiscalise`] | **no**, only on purpose |
//! | CMD10 | CNF | to the CPD server | [`cpd::CheckFirmware`] | yes |
//! | CMD11 | TCS | to the CPD server | [`cpd::Test`] | yes, changes nothing |
//! | CMD12 | GIS | to the CPD server | [`cpd::FetchState`] | yes, changes nothing |
//! | CMD13 | DFD | to the Event Hub | [`event_hub::Publish`] | yes, with the same bytes |
//! | CMD14 | FPD | to the CPD server | [`cpd::FinishFiscalisation`] | yes, so says the document |
//! | CMD15 | EFL | to the CPD server | [`cpd::EnterReadOnly`] | yes, so says the document |
//! | CMD16 | none | to the CPD server | [`cpd::FetchSharedKeys`] | yes, changes nothing |
//! | ping | | to the WebApi | [`web_api::Ping`] | yes, changes nothing |
//! | fetch | | to the WebApi | [`web_api::FetchCommand`] | yes, changes nothing |
//! | confirm | | to the WebApi | [`web_api::ConfirmCommand`] | yes |
//! | SAS token | | to the WebApi | [`web_api::FetchToken`] | yes, changes nothing |
//!
//! Each endpoint says why. What a refusal means is told by [`code`](crate::code).

mod certificate;
pub mod cpd;
mod envelope;
pub mod event_hub;
mod received;
mod step;
#[cfg(test)]
pub(crate) mod testing;
pub mod web_api;

pub use certificate::Certificate;
pub use envelope::FieldError;
pub use received::{
    CallCpd, CommandError, CpdService, DetailedDocuments, QrPrinting, Received, Timetable,
};
pub use step::FiscalisationStep;
