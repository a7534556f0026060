//! Queries for permissions, certificates and payment identifiers (specification 1.9, chapters
//! 13.9.2, 13.10.1, 13.10.2 and 13.11.1).

use common_core::effect::Effect;
use common_http::{Auth, Info, Paged};
use http::Method;
use serde_json::Value;

use crate::v1::{
    api::ONLINE,
    endpoint::{Page, PageBounds, RequestExt, check_order, endpoint, page_setters},
    wire,
};

/// `POST online/Query/Credential/Sync`: the permissions and tokens of the session's context (chapter
/// 13.10.1), at most 1000.
#[derive(Clone, Debug, PartialEq)]
pub struct Credentials(wire::QueryCriteriaCredentials);

impl Credentials {
    /// Those that meet the criteria: all, or those of one holder.
    pub fn new(criteria: wire::QueryCriteriaCredentials) -> Self {
        Self(criteria)
    }
}

endpoint!(Credentials -> wire::QuerySyncCredentialsResponse {
    Info {
        name: "queries.credentials",
        method: Method::POST,
        path: "/online/Query/Credential/Sync",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.10.1",
    },
    request: |this, request| {
        request.json(&wire::QuerySyncCredentialsRequest::new(this.0.clone()))?.finish()
    },
});

/// `GET online/Query/Credential/Context/Sync`: the permissions that a superior unit granted (chapter
/// 13.10.2). All filters are optional and are sent as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a request does nothing until a session sends it"]
pub struct ContextCredentials {
    context_nip: Option<String>,
    source: Option<String>,
    target: Option<String>,
}

impl ContextCredentials {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those in the context of that NIP (`contextNip`).
    pub fn context_nip(mut self, nip: impl Into<String>) -> Self {
        self.context_nip = Some(nip.into());
        self
    }

    /// Those that this identifier granted (`sourceIdentifier`).
    pub fn source_identifier(mut self, identifier: impl Into<String>) -> Self {
        self.source = Some(identifier.into());
        self
    }

    /// Those that this identifier has (`targetIdentifier`).
    pub fn target_identifier(mut self, identifier: impl Into<String>) -> Self {
        self.target = Some(identifier.into());
        self
    }
}

endpoint!(ContextCredentials -> wire::QuerySyncCredentialsResponse {
    Info {
        name: "queries.context_credentials",
        method: Method::GET,
        path: "/online/Query/Credential/Context/Sync",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.10.2",
    },
    request: |this, request| {
        request
            .query_opt("contextNip", this.context_nip.as_deref())
            .query_opt("sourceIdentifier", this.source.as_deref())
            .query_opt("targetIdentifier", this.target.as_deref())
            .finish()
    },
});

/// `POST online/Query/Credential/Accounting/Sync`: what an accounting office granted to its
/// employees.
///
/// The list itself is in no description (KSeF 1.x facts §13), so the answer is given as it comes,
/// beside its description's paging fields.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a request does nothing until a session sends it"]
pub struct AccountingCredentials {
    criteria: wire::QueryCriteriaAccountingCredentials,
    page: Page,
}

impl AccountingCredentials {
    /// Those that meet the criteria, 100 on a page.
    pub fn new(criteria: wire::QueryCriteriaAccountingCredentials) -> Self {
        Self { criteria, page: Page::first(PageBounds::USUAL) }
    }
}

page_setters!(AccountingCredentials);

endpoint!(AccountingCredentials -> Value {
    Info {
        name: "queries.accounting_credentials",
        method: Method::POST,
        path: "/online/Query/Credential/Accounting/Sync",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "KSeF 1.x facts §2.6",
    },
    request: |this, request| {
        let criteria = wire::QuerySyncAccountingCredentialsRequest::new(this.criteria.clone());
        request.page(this.page, PageBounds::USUAL)?.json(&criteria)?.finish()
    },
});

/// `POST online/Query/PaymentIdentifier/Sync`: the payment identifiers that the session's context
/// made (chapter 13.11.1), at most 1000.
///
/// Pages of 10 to 50 rows, with indexes up to 50. The answer comes with 202 although it is complete.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a request does nothing until a session sends it"]
pub struct PaymentIdentifiers {
    criteria: Option<wire::QueryPaymentCriteria>,
    page: Option<Page>,
}

impl PaymentIdentifiers {
    /// All of them, 50 on a page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those that meet the criteria.
    pub fn criteria(mut self, criteria: wire::QueryPaymentCriteria) -> Self {
        self.criteria = Some(criteria);
        self
    }

    /// Sets how many rows a page has (`PageSize`).
    pub fn page_size(mut self, rows: u32) -> Self {
        self.page = Some(Page::new(rows, self.page().index));
        self
    }

    /// Sets the index of the page, counted from 0 (`PageOffset`).
    pub fn page_index(mut self, index: u32) -> Self {
        self.page = Some(Page::new(self.page().size, index));
        self
    }

    fn page(&self) -> Page {
        self.page.unwrap_or(Page::first(PageBounds::PAYMENTS))
    }
}

endpoint!(PaymentIdentifiers -> wire::QueryPaymentIdentifierResponse {
    Info {
        name: "queries.payment_identifiers",
        method: Method::POST,
        path: "/online/Query/PaymentIdentifier/Sync",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.11.1",
    },
    request: |this, request| {
        if let Some(criteria) = &this.criteria
            && let (Some(from), Some(to)) = (criteria.created_date_from, criteria.created_date_to)
        {
            check_order("createdDateFrom", &from, &to)?;
        }
        let mut query = wire::QueryPaymentRequest::new();
        query.query_criteria.clone_from(&this.criteria);
        request.page(this.page(), PageBounds::PAYMENTS)?.json(&query)?.finish()
    },
});

impl Paged for PaymentIdentifiers {
    type Item = wire::PaymentIdentifierSummary;

    fn items(page: Self::Response) -> Vec<Self::Item> {
        page.payment_identifiers
    }

    fn next(&self, page: &Self::Response) -> Option<Self> {
        let rows = page.payment_identifiers.len();
        let next = self.page().after(rows, page.number_of_elements)?;
        Some(Self { page: Some(next), ..self.clone() })
    }
}

/// `POST online/Query/Credential/Certificates/Sync`: the internal certificates of the session's
/// subject, with their roles (chapter 13.9.2).
///
/// **Unverified**: the operation is in no published interface description, so its method and its
/// bodies are assumptions (KSeF 1.x facts §13); both bodies are given as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Certificates(pub Value);

endpoint!(Certificates -> Value {
    Info {
        name: "queries.certificates",
        method: Method::POST,
        path: "/online/Query/Credential/Certificates/Sync",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.2",
    },
    request: |this, request| {
        let body = if this.0.is_null() { serde_json::json!({}) } else { this.0.clone() };
        request.json(&body)?.finish()
    },
});
