//! Certified providers of Peppol (specification 1.9, chapter 18; KSeF 1.x facts §2.2).

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{Auth, Info, Paged};
use http::Method;

use crate::v1::{
    api::COMMON,
    endpoint::{OCTETS, Page, PageBounds, RequestExt, endpoint, page_setters},
    wire,
};

/// `GET common/accessPointsProvidersList`: the certified providers (chapter 18.1).
///
/// Pages of 10 to 100 rows, with indexes up to 100.
/// The specification writes another path; the OpenAPI counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a request does nothing until a client sends it"]
pub struct ListAccessPoints {
    page: Page,
}

impl ListAccessPoints {
    /// All of them, 100 on a page.
    pub fn new() -> Self {
        Self { page: Page::first(PageBounds::USUAL) }
    }
}

impl Default for ListAccessPoints {
    fn default() -> Self {
        Self::new()
    }
}

page_setters!(ListAccessPoints);

endpoint!(ListAccessPoints -> wire::AccessPointsProvidersListResponse {
    Info {
        name: "common.list_access_points",
        method: Method::GET,
        path: "/common/accessPointsProvidersList",
        effect: Effect::Read,
        auth: Auth::None,
        limit: COMMON,
        section: "specification 1.9, chapter 18.1",
    },
    request: |this, request| request.page(this.page, PageBounds::USUAL)?.finish(),
});

impl Paged for ListAccessPoints {
    type Item = wire::AccessPointsProvider;

    fn items(page: Self::Response) -> Vec<Self::Item> {
        page.access_points_provider_list
    }

    fn next(&self, page: &Self::Response) -> Option<Self> {
        let rows = page.access_points_provider_list.len();
        let page = self.page.after(rows, page.number_of_elements)?;
        Some(Self { page })
    }
}

/// `POST common/registerAccessPointProvider`: registers a provider by a signed document.
///
/// The document is described in a specification of its own, which is not public (KSeF 1.x facts
/// §13); it is sent as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterAccessPoint {
    document: Bytes,
}

impl RegisterAccessPoint {
    /// Sends that signed document.
    pub fn new(document: impl Into<Bytes>) -> Self {
        Self { document: document.into() }
    }
}

endpoint!(RegisterAccessPoint -> wire::RegisterAccessPointResponse {
    Info {
        name: "common.register_access_point",
        method: Method::POST,
        path: "/common/registerAccessPointProvider",
        effect: Effect::Once,
        auth: Auth::None,
        limit: COMMON,
        section: "specification 1.9, chapter 18; KSeF 1.x facts §2.2",
    },
    request: |this, request| request.body(OCTETS, this.document.clone()).finish(),
});
