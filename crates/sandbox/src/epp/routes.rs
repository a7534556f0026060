//! The routes of the ePP double, as a table that tests compare with
//! `fixtures/epp/contract/endpoints.json` (ePP facts §1).

use http::Method;

use super::user::Right;
use crate::route;

/// Below which path the API lives.
const BASE: &str = "/api";

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Ping,
    Login,
    Refresh,
    Accounts,
    Account,
    StatementUrl,
    Orders,
    Order,
    CreateOrders,
    ValidateOrders,
    StartPayment,
    ConfirmPayment,
}

impl Call {
    /// The right that a user needs; `None` for the calls around the login, which look at their
    /// tokens themselves.
    pub(super) fn needs(self) -> Option<Right> {
        match self {
            Self::Ping | Self::Login | Self::Refresh => None,
            Self::Accounts | Self::Account | Self::StatementUrl => Some(Right::Accounts),
            Self::Orders | Self::Order => Some(Right::Orders),
            Self::CreateOrders | Self::ValidateOrders => Some(Right::Entry),
            Self::StartPayment | Self::ConfirmPayment => Some(Right::Payment),
        }
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

/// The routes below `/api`; literal segments stand before parameters, so that they win.
const ROUTES: &[Route] = &[
    get("/bank-accounts", Call::Accounts),
    get("/bank-accounts/{BankAccountNumber}", Call::Account),
    get("/bank-accounts/{BankAccountNumber}/statement-url", Call::StatementUrl),
    post("/login", Call::Login),
    get("/login/ping", Call::Ping),
    get("/login/refresh", Call::Refresh),
    get("/payment-orders", Call::Orders),
    post("/payment-orders", Call::CreateOrders),
    post("/payment-orders/validate", Call::ValidateOrders),
    get("/payment-orders/{id}", Call::Order),
    post("/payments", Call::StartPayment),
    Route { method: Method::PUT, template: "/payments", call: Call::ConfirmPayment },
];

/// Method and path template of every route of the API, in the order of the paths.
pub fn routes() -> impl Iterator<Item = (Method, &'static str)> {
    ROUTES.iter().map(|route| (route.method.clone(), route.template))
}

/// A route that a request found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    pub(super) call: Call,
    pub(super) template: &'static str,
    /// The value of the path parameter, or nothing.
    pub(super) id: &'a str,
}

/// The path below the base address.
pub(super) fn below_base(path: &str) -> &str {
    route::below(BASE, path)
}

/// The route of a whole path.
pub(super) fn find<'a>(method: &Method, path: &'a str) -> Option<Found<'a>> {
    let rest = below_base(path);
    if rest.len() == path.len() {
        return None;
    }
    ROUTES.iter().filter(|route| route.method == *method).find_map(|route| matched(route, rest))
}

fn matched<'a>(route: &Route, path: &'a str) -> Option<Found<'a>> {
    let found = route::parameters(route.template, path)?;
    let id = found.first().map_or("", |(_, value)| value);
    Some(Found { call: route.call, template: route.template, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_from_the_path() {
        let found = find(&Method::GET, "/api/bank-accounts/0000000910000/statement-url").unwrap();
        assert_eq!((found.call, found.id), (Call::StatementUrl, "0000000910000"));
    }

    #[test]
    fn the_method_tells_apart_what_shares_a_path() {
        let call = |method| find(&method, "/api/payments").map(|found| found.call);
        assert_eq!(call(Method::POST), Some(Call::StartPayment));
        assert_eq!(call(Method::PUT), Some(Call::ConfirmPayment));
        assert_eq!(call(Method::GET), None);
    }

    #[test]
    fn the_filter_without_a_question_mark_is_an_account_that_nobody_knows() {
        // ePP facts §4, trap 1: the sample of the source document lacks the `?`.
        let path = "/api/bank-accounts/filter[RequestStatus]=2&perPage=10&page=2";
        assert_eq!(find(&Method::GET, path).unwrap().call, Call::Account);
    }

    #[test]
    fn paths_outside_the_base_and_open_ends_are_no_routes() {
        for path in ["/payments", "/api/payments/", "/api", "/api/Payments"] {
            assert_eq!(find(&Method::POST, path), None, "{path}");
        }
    }
}
