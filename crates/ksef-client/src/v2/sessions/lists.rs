//! Lists of sessions, and of the invoices of one.

use chrono::{DateTime, SecondsFormat, Utc};
use common_core::{
    codes,
    effect::Effect,
    open::{Code as _, Open},
};
use common_http::{Auth, Endpoint, Info, Paged};
use http::Method;
use ksef_crypto::number::ReferenceNumber;

use crate::v2::{
    api::LimitGroup,
    endpoint::{PageSizes, RequestExt, Slice, endpoint, page_setters},
    wire,
};

const SIZES: PageSizes = PageSizes(1000);

codes! {
    /// What kind of session it is.
    pub enum SessionType: str {
        /// Interactive.
        Online = "Online",
        /// A batch.
        Batch = "Batch",
    }
}

codes! {
    /// The state of a session of either kind, in four words.
    pub enum SessionState: str {
        /// Open, or being processed.
        InProgress = "InProgress",
        /// Processed; single invoices may have been refused.
        Succeeded = "Succeeded",
        /// Not processed because of an error.
        Failed = "Failed",
        /// Cancelled: parts came too late, or no invoice was sent.
        Cancelled = "Cancelled",
    }
}

/// `GET /sessions`: the sessions of one kind, newest first.
///
/// With `InvoiceWrite` alone one sees one's own sessions, with `Introspection` all of the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    kind: Open<SessionType>,
    reference: Option<ReferenceNumber>,
    times: Vec<(&'static str, DateTime<Utc>)>,
    states: Vec<Open<SessionState>>,
    slice: Slice,
}

impl List {
    /// All sessions of that kind, 1000 to a page.
    pub fn new(kind: impl Into<Open<SessionType>>) -> Self {
        let slice = Slice::first(SIZES);
        let (times, states) = (Vec::new(), Vec::new());
        Self { kind: kind.into(), reference: None, times, states, slice }
    }

    /// Only the session with that number.
    #[must_use]
    pub fn reference(mut self, reference: ReferenceNumber) -> Self {
        self.reference = Some(reference);
        self
    }

    /// Only those in one of these states.
    #[must_use]
    pub fn states(mut self, states: impl IntoIterator<Item = SessionState>) -> Self {
        self.states = states.into_iter().map(Open::from).collect();
        self
    }

    /// Only those that were opened at that time or later.
    #[must_use]
    pub fn created_from(self, time: DateTime<Utc>) -> Self {
        self.time("dateCreatedFrom", time)
    }

    /// Only those that were opened at that time or earlier.
    #[must_use]
    pub fn created_to(self, time: DateTime<Utc>) -> Self {
        self.time("dateCreatedTo", time)
    }

    /// Only those that were closed at that time or later.
    #[must_use]
    pub fn closed_from(self, time: DateTime<Utc>) -> Self {
        self.time("dateClosedFrom", time)
    }

    /// Only those that were closed at that time or earlier.
    #[must_use]
    pub fn closed_to(self, time: DateTime<Utc>) -> Self {
        self.time("dateClosedTo", time)
    }

    /// Only those that changed at that time or later.
    #[must_use]
    pub fn modified_from(self, time: DateTime<Utc>) -> Self {
        self.time("dateModifiedFrom", time)
    }

    /// Only those that changed at that time or earlier.
    #[must_use]
    pub fn modified_to(self, time: DateTime<Utc>) -> Self {
        self.time("dateModifiedTo", time)
    }

    fn time(mut self, name: &'static str, time: DateTime<Utc>) -> Self {
        self.times.retain(|(known, _)| *known != name);
        self.times.push((name, time));
        self
    }
}

page_setters!(List: slice);

endpoint!(List -> wire::SessionsQueryResponse {
    Info {
        name: "sessions.list",
        method: Method::GET,
        path: "/sessions",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LimitGroup::SessionList.name(),
        section: "KSeF 2.0 facts §7",
    },
    request: |this, request| {
        let mut request = request
            .query("sessionType", this.kind.raw())
            .query_opt("referenceNumber", this.reference.as_ref());
        for (name, time) in &this.times {
            request = request.query(name, time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        }
        for state in &this.states {
            request = request.query("statuses", state.raw());
        }
        request.slice(&this.slice, SIZES)?.finish()
    },
});

impl Paged for List {
    type Item = wire::SessionListItem;

    fn items(page: Self::Response) -> Vec<Self::Item> {
        page.sessions
    }

    fn next(&self, page: &<Self as Endpoint>::Response) -> Option<Self> {
        let slice = self.slice.after(page.continuation_token.as_deref())?;
        Some(Self { slice, ..self.clone() })
    }
}

/// `GET /sessions/{referenceNumber}/invoices`: the invoices of a session, taken or not, in the order
/// in which they were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoices {
    session: ReferenceNumber,
    slice: Slice,
}

impl Invoices {
    /// Of that session, 1000 to a page.
    pub fn new(session: ReferenceNumber) -> Self {
        Self { session, slice: Slice::first(SIZES) }
    }
}

page_setters!(Invoices: slice);

endpoint!(Invoices -> wire::SessionInvoicesResponse {
    Info {
        name: "sessions.invoices",
        method: Method::GET,
        path: "/sessions/{referenceNumber}/invoices",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LimitGroup::SessionInvoiceList.name(),
        section: "KSeF 2.0 facts §7",
    },
    request: |this, request| {
        request.param("referenceNumber", &this.session)?.slice(&this.slice, SIZES)?.finish()
    },
});

impl Paged for Invoices {
    type Item = wire::SessionInvoiceStatusResponse;

    fn items(page: Self::Response) -> Vec<Self::Item> {
        page.invoices
    }

    fn next(&self, page: &<Self as Endpoint>::Response) -> Option<Self> {
        let slice = self.slice.after(page.continuation_token.as_deref())?;
        Some(Self { session: self.session.clone(), slice })
    }
}

/// `GET /sessions/{referenceNumber}/invoices/failed`: the invoices of a session that were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedInvoices {
    session: ReferenceNumber,
    slice: Slice,
}

impl FailedInvoices {
    /// Of that session, 1000 to a page.
    pub fn new(session: ReferenceNumber) -> Self {
        Self { session, slice: Slice::first(SIZES) }
    }
}

page_setters!(FailedInvoices: slice);

endpoint!(FailedInvoices -> wire::SessionInvoicesResponse {
    Info {
        name: "sessions.failed_invoices",
        method: Method::GET,
        path: "/sessions/{referenceNumber}/invoices/failed",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LimitGroup::SessionInvoiceList.name(),
        section: "KSeF 2.0 facts §7",
    },
    request: |this, request| {
        request.param("referenceNumber", &this.session)?.slice(&this.slice, SIZES)?.finish()
    },
});

impl Paged for FailedInvoices {
    type Item = wire::SessionInvoiceStatusResponse;

    fn items(page: Self::Response) -> Vec<Self::Item> {
        page.invoices
    }

    fn next(&self, page: &<Self as Endpoint>::Response) -> Option<Self> {
        let slice = self.slice.after(page.continuation_token.as_deref())?;
        Some(Self { session: self.session.clone(), slice })
    }
}

impl SessionType {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        self.raw()
    }
}
