//! Queries for invoices: their headers at once, or themselves in parts, later (specification 1.9,
//! chapter 13.10.3).

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{Auth, Info, Paged};
use http::Method;
use ksef_crypto::number::ReferenceNumber;

use crate::v1::{
    api::ONLINE,
    endpoint::{
        NumberVariant, OCTETS, Page, PageBounds, RequestExt, V2_JSON, bytes, check_order, endpoint,
        page_setters,
    },
    wire,
};

/// Refuses criteria whose time ends before it begins, of either version.
macro_rules! check_time {
    ($criteria:ident, $value:expr) => {
        match $value {
            wire::$criteria::Incremental(it) => check_order(
                "acquisitionTimestampThresholdFrom",
                &it.acquisition_timestamp_threshold_from,
                &it.acquisition_timestamp_threshold_to,
            ),
            wire::$criteria::Range(it) => {
                check_order("invoicingDateFrom", &it.invoicing_date_from, &it.invoicing_date_to)
            }
            wire::$criteria::Detail(it) => {
                check_order("invoicingDateFrom", &it.invoicing_date_from, &it.invoicing_date_to)
            }
            wire::$criteria::Unknown(_) => Ok(()),
        }
    };
}

/// The media type of the first version of a query.
const V1_JSON: http::HeaderValue = http::HeaderValue::from_static("application/json");

/// Declares one version of the query that gives headers at once.
macro_rules! sync {
    (
        $(#[$doc:meta])* $name:ident, $criteria:ident, $request:ident, $media_type:ident, $info:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        #[must_use = "a request does nothing until a session sends it"]
        pub struct $name {
            criteria: wire::$criteria,
            page: Page,
            variant: Option<NumberVariant>,
        }

        impl $name {
            /// The invoices that meet the criteria, 100 on a page.
            pub fn new(criteria: wire::$criteria) -> Self {
                Self { criteria, page: Page::first(PageBounds::USUAL), variant: None }
            }

            /// Sets the form of the KSeF numbers in the answer.
            pub fn number_variant(mut self, variant: NumberVariant) -> Self {
                self.variant = Some(variant);
                self
            }
        }

        page_setters!($name);

        endpoint!($name -> wire::QueryInvoiceSyncResponse {
            $info,
            request: |this, request| {
                check_time!($criteria, &this.criteria)?;
                request
                    .page(this.page, PageBounds::USUAL)?
                    .number_variant(this.variant)
                    .json_as($media_type, &wire::$request::new(this.criteria.clone()))?
                    .finish()
            },
        });

        impl Paged for $name {
            type Item = wire::InvoiceHeader;

            fn items(page: Self::Response) -> Vec<Self::Item> {
                page.invoice_header_list
            }

            fn next(&self, page: &Self::Response) -> Option<Self> {
                let rows = page.invoice_header_list.len();
                let next = self.page.after(rows, page.number_of_elements)?;
                Some(Self { page: next, ..self.clone() })
            }
        }
    };
}

sync!(
    /// `POST online/Query/Invoice/Sync`: headers of invoices at once, in version 2 (chapter
    /// 13.10.3.1).
    ///
    /// Pages of 10 to 100 rows, with indexes up to 100: 10,100 rows are the most that one query
    /// gives, and [`TooManyResults`](crate::v1::ErrorKind::TooManyResults) asks for a shorter time.
    /// Times are sent in UTC. Fix the upper bound: new invoices move rows to other pages.
    Invoices, QueryCriteriaInvoiceV2, QueryInvoiceRequestV2, V2_JSON, Info {
        name: "queries.invoices",
        method: Method::POST,
        path: "/online/Query/Invoice/Sync",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.10.3.1",
    }
);

sync!(
    /// The same in version 1, which needs names beside identifiers and is deprecated.
    InvoicesV1, QueryCriteriaInvoice, QueryInvoiceRequest, V1_JSON, Info {
        name: "queries.invoices_v1",
        method: Method::POST,
        path: "/online/Query/Invoice/Sync",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.10.3.1",
    }
);

impl Invoices {
    /// Whether the last page that can be asked for is full and the list does not say how long it
    /// is.
    pub(super) fn is_last_full(&self, page: &wire::QueryInvoiceSyncResponse) -> bool {
        let rows = u32::try_from(page.invoice_header_list.len()).unwrap_or(u32::MAX);
        let is_last = self.page.index >= PageBounds::USUAL.index;
        is_last && page.number_of_elements.is_none() && rows >= self.page.size
    }
}

/// Declares one version of the query whose results are fetched later.
macro_rules! start {
    (
        $(#[$doc:meta])* $name:ident, $criteria:ident, $request:ident, $media_type:ident, $info:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        #[must_use = "a request does nothing until a session sends it"]
        pub struct $name {
            criteria: wire::$criteria,
            variant: Option<NumberVariant>,
        }

        impl $name {
            /// The invoices that meet the criteria.
            pub fn new(criteria: wire::$criteria) -> Self {
                Self { criteria, variant: None }
            }

            /// Sets the form of the KSeF numbers in the answer.
            pub fn number_variant(mut self, variant: NumberVariant) -> Self {
                self.variant = Some(variant);
                self
            }
        }

        endpoint!($name -> wire::QueryInvoiceAsyncInitResponse {
            $info,
            request: |this, request| {
                check_time!($criteria, &this.criteria)?;
                request
                    .number_variant(this.variant)
                    .json_as($media_type, &wire::$request::new(this.criteria.clone()))?
                    .finish()
            },
        });
    };
}

start!(
    /// `POST online/Query/Invoice/Async/Init`: starts a query for invoices themselves, in version 2
    /// (chapter 13.10.3.2).
    StartInvoices, QueryCriteriaInvoiceV2, QueryInvoiceRequestV2, V2_JSON, Info {
        name: "queries.start_invoices",
        method: Method::POST,
        path: "/online/Query/Invoice/Async/Init",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.10.3.2",
    }
);

start!(
    /// The same in version 1, which is deprecated.
    StartInvoicesV1, QueryCriteriaInvoice, QueryInvoiceRequest, V1_JSON, Info {
        name: "queries.start_invoices_v1",
        method: Method::POST,
        path: "/online/Query/Invoice/Async/Init",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.10.3.2",
    }
);

/// `GET online/Query/Invoice/Async/Status/{QueryElementReferenceNumber}`: how far a query has come,
/// and its parts when it is done (chapter 13.10.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoicesStatus(pub ReferenceNumber);

endpoint!(InvoicesStatus -> wire::QueryInvoiceAsyncStatusResponse {
    Info {
        name: "queries.invoices_status",
        method: Method::GET,
        path: "/online/Query/Invoice/Async/Status/{QueryElementReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.10.3.2",
    },
    request: |this, request| request.param("QueryElementReferenceNumber", &this.0)?.finish(),
});

/// `GET online/Query/Invoice/Async/Fetch/{QueryElementReferenceNumber}/{PartElementReferenceNumber}`:
/// one part of a query's result (chapter 13.10.3.2).
///
/// A ZIP archive of invoices, encrypted as a whole with the session's key when the session declared
/// one. Large parts are better fetched by [`Session::download`](crate::v1::session::Session::download).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchInvoices {
    query: ReferenceNumber,
    part: ReferenceNumber,
}

impl FetchInvoices {
    /// That part of that query.
    pub fn new(query: ReferenceNumber, part: ReferenceNumber) -> Self {
        Self { query, part }
    }
}

endpoint!(FetchInvoices -> Bytes {
    Info {
        name: "queries.fetch_invoices",
        method: Method::GET,
        path: "/online/Query/Invoice/Async/Fetch/{QueryElementReferenceNumber}/{PartElementReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.10.3.2",
    },
    request: |this, request| {
        request
            .param("QueryElementReferenceNumber", &this.query)?
            .param("PartElementReferenceNumber", &this.part)?
            .accept(OCTETS)
            .finish()
    },
    response: bytes,
});
