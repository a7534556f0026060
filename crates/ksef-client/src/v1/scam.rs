//! Reports of abuse: invoices that somebody issued for a sale that never was (specification 1.9,
//! chapter 13.13; KSeF 1.x facts §2.4).

use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::{KsefNumber, ReferenceNumber};

use crate::v1::{
    api::ONLINE,
    endpoint::{check_length, endpoint},
    wire,
};

const REASON: (usize, usize) = (1, 1024);

/// `POST online/Invoice/Scam/Report`: reports an invoice to the administration (chapter 13.13.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    invoice: KsefNumber,
    reason: String,
}

impl Report {
    /// Reports that invoice for that reason, 1 to 1024 characters.
    pub fn new(invoice: KsefNumber, reason: impl Into<String>) -> Self {
        Self { invoice, reason: reason.into() }
    }
}

endpoint!(Report -> wire::ScamInvoiceResponse {
    Info {
        name: "scam.report",
        method: Method::POST,
        path: "/online/Invoice/Scam/Report",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.13.1",
    },
    request: |this, request| {
        check_length("reportReason", &this.reason, REASON)?;
        let report = wire::ScamReport::new(this.invoice.as_str(), this.reason.clone());
        request.json(&wire::ReportScamInvoiceRequest::new().scam_report(report))?.finish()
    },
});

/// `POST online/Invoice/Scam/Cancel`: takes a report back (chapter 13.13.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    invoice: KsefNumber,
    reason: String,
}

impl Cancel {
    /// Takes the report of that invoice back for that reason, 1 to 1024 characters.
    pub fn new(invoice: KsefNumber, reason: impl Into<String>) -> Self {
        Self { invoice, reason: reason.into() }
    }
}

endpoint!(Cancel -> wire::ScamInvoiceResponse {
    Info {
        name: "scam.cancel",
        method: Method::POST,
        path: "/online/Invoice/Scam/Cancel",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.13.2",
    },
    request: |this, request| {
        check_length("reportCancelationReason", &this.reason, REASON)?;
        let cancel = wire::ScamReportCancelation::new(this.invoice.as_str(), this.reason.clone());
        request
            .json(&wire::CancelScamInvoiceRequest::new().scam_report_cancelation(cancel))?
            .finish()
    },
});

/// `GET online/Invoice/Scam/Status/{scamElementReferenceNumber}`: how far a report or its
/// cancelling has come (chapter 13.13.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status(pub ReferenceNumber);

endpoint!(Status -> wire::ScamInvoiceResponse {
    Info {
        name: "scam.status",
        method: Method::GET,
        path: "/online/Invoice/Scam/Status/{scamElementReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.13.3",
    },
    request: |this, request| request.param("scamElementReferenceNumber", &this.0)?.finish(),
});

/// `GET online/Invoice/Scam/{KSeFReferenceNumber}`: whether this context has an active report of an
/// invoice, since when and why (chapter 13.13.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch(pub KsefNumber);

endpoint!(Fetch -> wire::ScamInvoiceStatusResponse {
    Info {
        name: "scam.fetch",
        method: Method::GET,
        path: "/online/Invoice/Scam/{KSeFReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.13.4",
    },
    request: |this, request| request.param("KSeFReferenceNumber", &this.0)?.finish(),
});

#[cfg(test)]
mod tests;
