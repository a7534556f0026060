//! What all operations share: the name of the system, how it words its errors, and the groups that
//! requests are counted in (KSeF 2.0 facts §13 and §14).

mod problem;

use bytes::Bytes;
use common_core::effect::ErrorKind as CommonKind;
use common_http::{Api, Parts, ProblemContext};

pub(crate) use problem::{FIELDS, RAW_FIELD, SECURITY_FIELD};

use crate::v2::code::ErrorCode;

/// KSeF 2.0, the live interface.
#[derive(Clone, Copy, Debug)]
pub struct KsefV2;

/// The groups that requests are counted in (KSeF 2.0 facts §13.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LimitGroup {
    /// Operations without an access token, counted for the caller's address.
    Anonymous,
    /// Opening a batch.
    BatchSession,
    /// Closing a batch.
    BatchSessionClose,
    /// The four operations of collective identifiers together.
    CollectiveIdentifier,
    /// All operations together, counted for the caller's address beside their own groups.
    Global,
    /// Fetching an invoice by its number.
    InvoiceDownload,
    /// Starting an export.
    InvoiceExport,
    /// Asking for the status of an export.
    InvoiceExportStatus,
    /// Querying metadata.
    InvoiceMetadata,
    /// Sending an invoice.
    InvoiceSend,
    /// Asking for the status of one invoice.
    InvoiceStatus,
    /// Opening an interactive session.
    OnlineSession,
    /// Closing an interactive session.
    OnlineSessionClose,
    /// Everything else: each operation has these limits for itself.
    Other,
    /// Listing the invoices of a session, all or failed.
    SessionInvoiceList,
    /// Listing sessions.
    SessionList,
    /// The status of a session, and confirmations.
    SessionMisc,
}

impl LimitGroup {
    /// All groups, in the order of their names.
    pub const ALL: [Self; 17] = [
        Self::Anonymous,
        Self::BatchSession,
        Self::BatchSessionClose,
        Self::CollectiveIdentifier,
        Self::Global,
        Self::InvoiceDownload,
        Self::InvoiceExport,
        Self::InvoiceExportStatus,
        Self::InvoiceMetadata,
        Self::InvoiceSend,
        Self::InvoiceStatus,
        Self::OnlineSession,
        Self::OnlineSessionClose,
        Self::Other,
        Self::SessionInvoiceList,
        Self::SessionList,
        Self::SessionMisc,
    ];

    /// The contract's name of the group.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::BatchSession => "batchSession",
            Self::BatchSessionClose => "batchSessionClose",
            Self::CollectiveIdentifier => "collectiveIdentifier",
            Self::Global => "global",
            Self::InvoiceDownload => "invoiceDownload",
            Self::InvoiceExport => "invoiceExport",
            Self::InvoiceExportStatus => "invoiceExportStatus",
            Self::InvoiceMetadata => "invoiceMetadata",
            Self::InvoiceSend => "invoiceSend",
            Self::InvoiceStatus => "invoiceStatus",
            Self::OnlineSession => "onlineSession",
            Self::OnlineSessionClose => "onlineSessionClose",
            Self::Other => "other",
            Self::SessionInvoiceList => "sessionInvoiceList",
            Self::SessionList => "sessionList",
            Self::SessionMisc => "sessionMisc",
        }
    }

    /// The group of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.name() == name)
    }
}

impl Api for KsefV2 {
    const NAME: &'static str = "ksef-v2";

    fn problem(_: &Parts, body: &Bytes) -> ProblemContext {
        problem::read(body)
    }

    /// A closed list of codes says more than 400 does, and nothing of it is a matter of retrying
    /// here: what can be repeated is repeated by those who know how.
    fn kind(status: u16, problem: &ProblemContext) -> CommonKind {
        let code = problem.code.as_deref().and_then(|code| code.parse().ok()).map(ErrorCode::new);
        match (status, code) {
            (400, Some(ErrorCode::SESSION_UNAVAILABLE)) => CommonKind::Conflict,
            _ => CommonKind::of_status(status).unwrap_or(CommonKind::Unexpected),
        }
    }
}
