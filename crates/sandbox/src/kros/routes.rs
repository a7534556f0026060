//! The routes of the KROS double, as a table that tests compare with
//! `fixtures/kros/contract/endpoints.json` (KROS facts §1).

use http::Method;

use crate::route;

/// Below which path the API lives; everything else is the web application.
const BASE: &str = "/api";

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    AuthCheck,
    Invoices,
    Invoice,
    CreateInvoice,
    CreateInvoices,
    Report,
    Proformas,
    Expenses,
    Expense,
    CatalogItems,
    Payments,
    CreatePayments,
    Accounts,
    Sequences,
    Tags,
    DeliveryNotes,
    ReceivedOrders,
    Warehouses,
    ConsentPoll,
    ConsentPage,
    ConsentDecision,
}

impl Call {
    /// Whether the route asks for a bearer token.
    pub(super) fn needs_token(self) -> bool {
        !matches!(self, Self::ConsentPoll | Self::ConsentPage | Self::ConsentDecision)
    }
}

struct Route {
    method: Method,
    template: &'static str,
    call: Call,
}

const fn get(template: &'static str, call: Call) -> Route {
    Route { method: Method::GET, template, call }
}

const fn post(template: &'static str, call: Call) -> Route {
    Route { method: Method::POST, template, call }
}

/// The routes below `/api`.
const API: &[Route] = &[
    get("/auth/check", Call::AuthCheck),
    get("/catalog-items", Call::CatalogItems),
    get("/delivery-notes", Call::DeliveryNotes),
    get("/expenses", Call::Expenses),
    get("/expenses/{id}", Call::Expense),
    post("/integration-subscription/poll", Call::ConsentPoll),
    get("/invoices", Call::Invoices),
    post("/invoices", Call::CreateInvoice),
    post("/invoices/batch", Call::CreateInvoices),
    post("/invoices/single", Call::CreateInvoice),
    get("/invoices/{id}", Call::Invoice),
    get("/invoices/{id}/reports/{reportId}", Call::Report),
    get("/numberingSequences", Call::Sequences),
    get("/payments", Call::Payments),
    get("/payments/accounts", Call::Accounts),
    post("/payments/batch", Call::CreatePayments),
    get("/proforma-invoices", Call::Proformas),
    get("/received-orders", Call::ReceivedOrders),
    get("/tags", Call::Tags),
    get("/warehouses", Call::Warehouses),
];

/// The page on which a user of KROS grants an integrator access.
const WEB: &[Route] = &[
    get("/integration-consent", Call::ConsentPage),
    post("/integration-consent", Call::ConsentDecision),
];

/// Method and path template of every route of the API, in the order of the paths.
pub fn routes() -> impl Iterator<Item = (Method, &'static str)> {
    API.iter().map(|route| (route.method.clone(), route.template))
}

/// A route that a request found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    pub(super) call: Call,
    pub(super) template: &'static str,
    /// The value of the first path parameter, or nothing.
    pub(super) id: &'a str,
    /// The value of the second path parameter, or nothing.
    pub(super) report: &'a str,
}

/// The path below the base address.
pub(super) fn below_base(path: &str) -> &str {
    route::below(BASE, path)
}

/// The route of a whole path; literal segments win over parameters because they stand first.
pub(super) fn find<'a>(method: &Method, path: &'a str) -> Option<Found<'a>> {
    let rest = below_base(path);
    let table = if rest.len() == path.len() { WEB } else { API };
    table.iter().filter(|route| route.method == *method).find_map(|route| matched(route, rest))
}

fn matched<'a>(route: &Route, path: &'a str) -> Option<Found<'a>> {
    let found = route::parameters(route.template, path)?;
    let value = |index: usize| found.get(index).map_or("", |(_, value)| value);
    let (id, report) = (value(0), value(1));
    Some(Found { call: route.call, template: route.template, id, report })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_from_the_path() {
        let found = find(&Method::GET, "/api/invoices/12/reports/17").unwrap();
        assert_eq!((found.call, found.id, found.report), (Call::Report, "12", "17"));
    }

    #[test]
    fn literal_segments_win_over_parameters() {
        let found = find(&Method::GET, "/api/payments/accounts").unwrap();
        assert_eq!(found.call, Call::Accounts);
    }

    #[test]
    fn other_methods_cases_and_slashes_are_other_routes() {
        for path in ["/invoices", "/api/invoices/", "/api/Invoices", "/api/numberingsequences"] {
            assert_eq!(find(&Method::GET, path), None, "{path}");
        }
        assert_eq!(find(&Method::DELETE, "/api/invoices"), None);
    }
}
