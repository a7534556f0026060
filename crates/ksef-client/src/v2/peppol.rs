//! The providers of the Peppol network that may issue invoices through KSeF (KSeF 2.0 facts §12.3).

use common_core::effect::Effect;
use common_http::{Auth, Info, Paged};
use http::Method;

use crate::v2::{
    api::LimitGroup,
    endpoint::{Page, PageSizes, RequestExt, counted, endpoint, page_setters},
    wire,
};

const SIZES: PageSizes = PageSizes(100);

/// `GET /peppol/query`: the registered providers, in pages of 10 to 100 rows; needs no login.
///
/// A provider issues invoices for a seller who has granted it
/// [`PefInvoicing`](crate::v2::permissions::Authorization::PefInvoicing).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    page: Page,
}

impl List {
    /// All of them, 100 rows to a page.
    pub fn new() -> Self {
        Self { page: Page::first(SIZES) }
    }
}

impl Default for List {
    fn default() -> Self {
        Self::new()
    }
}

page_setters!(List: page);

endpoint!(List -> wire::QueryPeppolProvidersResponse {
    Info {
        name: "peppol.list",
        method: Method::GET,
        path: "/peppol/query",
        effect: Effect::Read,
        auth: Auth::None,
        limit: LimitGroup::Anonymous.name(),
        section: "KSeF 2.0 facts §12.3",
    },
    request: |this, request| request.page(this.page, SIZES)?.finish(),
    response: counted,
});

impl Paged for List {
    type Item = wire::PeppolProvider;

    fn items(page: Self::Response) -> Vec<Self::Item> {
        page.peppol_providers
    }

    fn next(&self, page: &Self::Response) -> Option<Self> {
        Some(Self { page: self.page.after(page.has_more)? })
    }
}

#[cfg(test)]
mod tests;
