//! What all operations share: the name of the system, how it words its errors, and the groups that
//! requests are counted in (specification 1.9, chapter 14; KSeF 1.x facts §11).

use bytes::Bytes;
use common_core::effect::ErrorKind as CommonKind;
use common_http::{Api, Detail, Parts, ProblemContext};
use serde::Deserialize;

use crate::v1::exception::ExceptionCode;

/// KSeF 1.x, the interface of the specification 1.9.
#[derive(Clone, Copy, Debug)]
pub struct KsefV1;

/// The groups that requests are counted in. The authority's table of limits has no public copy, so
/// the division is ours (KSeF 1.x facts §12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitGroup {
    /// Everything below `/batch`.
    Batch,
    /// What needs no session, unless it has a group of its own.
    Common,
    /// Invoices by their data, `POST common/Invoice/KSeF`: 2 in 60 minutes, as a published client
    /// notes.
    CommonInvoice,
    /// Everything below `/online`.
    Online,
    /// Confirmations of single invoices: 50 an hour (specification 1.9, chapter 12.3.2).
    UpoOnDemand,
}

impl LimitGroup {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Common => "common",
            Self::CommonInvoice => "common-invoice",
            Self::Online => "online",
            Self::UpoOnDemand => "upo-on-demand",
        }
    }
}

pub(crate) const BATCH: &str = LimitGroup::Batch.name();
pub(crate) const COMMON: &str = LimitGroup::Common.name();
pub(crate) const COMMON_INVOICE: &str = LimitGroup::CommonInvoice.name();
pub(crate) const ONLINE: &str = LimitGroup::Online.name();
pub(crate) const UPO_ON_DEMAND: &str = LimitGroup::UpoOnDemand.name();

/// How much of a body that is no envelope is kept, in bytes.
const RAW: usize = 2048;

/// Under these names the envelope's other fields travel beside the findings, whose path is empty.
pub(crate) const FIELDS: [&str; 5] =
    ["serviceCtx", "serviceCode", "serviceName", "timestamp", "referenceNumber"];
pub(crate) const RAW_FIELD: &str = "body";

impl Api for KsefV1 {
    const NAME: &'static str = "ksef-v1";

    fn problem(_: &Parts, body: &Bytes) -> ProblemContext {
        match serde_json::from_slice::<Envelope>(body) {
            Ok(Envelope { exception: Some(exception) }) => exception.into_context(),
            // A 404 or 5xx may come with nothing, or with some gateway's page.
            _ => raw(body),
        }
    }

    /// Missing authentication and used-up limits come with 400, too; both say that nothing was
    /// done, so they are repeated as a 429 is. The undocumented failure 30012 is one of the
    /// server, and 31000, which no source explains, says nothing about what was done.
    fn kind(status: u16, problem: &ProblemContext) -> CommonKind {
        let code = problem.code.as_deref().and_then(|code| code.parse().ok());
        match code.map(ExceptionCode::new) {
            Some(ExceptionCode::NOT_AUTHENTICATED | ExceptionCode::REQUEST_LIMIT) => {
                CommonKind::TooManyRequests
            }
            Some(ExceptionCode::SERVER_FAILURE) => CommonKind::Server,
            Some(ExceptionCode::INVALID_CALL) => CommonKind::Unexpected,
            _ => CommonKind::of_status(status).unwrap_or(CommonKind::Unexpected),
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    exception: Option<Exception>,
}

/// Read as leniently as can be: every field may be missing, and strings are not validated.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exception {
    #[serde(default)]
    service_ctx: Option<String>,
    #[serde(default)]
    service_code: Option<String>,
    #[serde(default)]
    service_name: Option<String>,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    reference_number: Option<String>,
    #[serde(default, rename = "exceptionDetailList")]
    findings: Option<Vec<Finding>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    #[serde(default)]
    exception_code: Option<u32>,
    #[serde(default)]
    exception_description: Option<String>,
}

impl Exception {
    fn into_context(self) -> ProblemContext {
        let findings = self.findings.unwrap_or_default();
        let first = findings.first();
        let code = first.and_then(|finding| finding.exception_code).map(|code| code.to_string());
        let message = first.and_then(|finding| finding.exception_description.clone());
        let findings = findings.into_iter().map(|finding| Detail {
            code: finding.exception_code.map(|code| code.to_string()),
            message: finding.exception_description,
            ..Detail::default()
        });
        let values = [
            self.service_ctx,
            self.service_code,
            self.service_name,
            self.timestamp,
            self.reference_number,
        ];
        let fields = FIELDS.into_iter().zip(values);
        let fields = fields.filter_map(|(name, value)| value.map(|value| field(name, value)));
        ProblemContext { code, message, details: findings.chain(fields).collect() }
    }
}

fn field(name: &str, value: String) -> Detail {
    Detail { path: Some(name.to_owned()), message: Some(value), ..Detail::default() }
}

fn raw(body: &Bytes) -> ProblemContext {
    let start = &body[..body.len().min(RAW)];
    let text = String::from_utf8_lossy(start).trim().to_owned();
    let details = if text.is_empty() { Vec::new() } else { vec![field(RAW_FIELD, text)] };
    ProblemContext { details, ..ProblemContext::default() }
}
