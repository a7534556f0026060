//! The routes of the three channels, as a table that tests compare with
//! `fixtures/crk/contract/endpoints.json` (source document, 2.3 and 2.4).

use http::Method;

/// Which of the three addresses a route lies at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// The CPD server.
    Cpd,
    /// The WebApi.
    WebApi,
    /// The Event Hub.
    EventHub,
}

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Ask,
    Tell,
    SharedKey,
    Ping,
    Fetch,
    Confirm,
    Token,
    Send,
}

/// The path of the Event Hub below which publishers send.
pub(super) const PUBLISHERS: &str = "/e-kasy/publishers/";

/// The template of the Event Hub's path; the register never builds it (CRK facts §5).
const MESSAGES: &str = "/e-kasy/publishers/{publisher}/messages";

struct Route {
    channel: Channel,
    method: Method,
    template: &'static str,
    call: Call,
}

const fn route(channel: Channel, method: Method, template: &'static str, call: Call) -> Route {
    Route { channel, method, template, call }
}

const ROUTES: &[Route] = &[
    route(Channel::Cpd, Method::GET, "/api/SerwerCPD/Command", Call::Ask),
    route(Channel::Cpd, Method::POST, "/api/SerwerCPD/Command", Call::Tell),
    route(Channel::Cpd, Method::GET, "/api/SerwerCPD/SharedKey", Call::SharedKey),
    route(Channel::WebApi, Method::GET, "/api/Repository/Ping", Call::Ping),
    route(Channel::WebApi, Method::GET, "/api/Repository/Command", Call::Fetch),
    route(Channel::WebApi, Method::POST, "/api/Repository/Command", Call::Confirm),
    route(Channel::WebApi, Method::GET, "/api/Repository/EventHubSasToken", Call::Token),
    route(Channel::EventHub, Method::POST, MESSAGES, Call::Send),
];

/// Channel, method and path template of every route.
pub fn routes() -> impl Iterator<Item = (Channel, Method, &'static str)> {
    ROUTES.iter().map(|route| (route.channel, route.method.clone(), route.template))
}

/// What a request asks for, with the template of its path.
pub(super) fn find(channel: Channel, method: &Method, path: &str) -> Option<(Call, &'static str)> {
    let mut routes = ROUTES.iter().filter(|route| route.channel == channel);
    let matching = |route: &&Route| {
        let fits = if route.call == Call::Send {
            publisher(path).is_some()
        } else {
            route.template == path
        };
        fits && route.method == *method
    };
    routes.find(matching).map(|route| (route.call, route.template))
}

/// The publisher in a path of the Event Hub.
pub(super) fn publisher(path: &str) -> Option<&str> {
    let publisher = path.strip_prefix(PUBLISHERS)?.strip_suffix("/messages")?;
    (!publisher.is_empty() && !publisher.contains('/')).then_some(publisher)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_do_not_answer_for_each_other() {
        let found = |channel, method, path| find(channel, &method, path).map(|(call, _)| call);
        let path = "/api/SerwerCPD/Command";
        assert_eq!(found(Channel::Cpd, Method::GET, path), Some(Call::Ask));
        assert_eq!(found(Channel::Cpd, Method::POST, path), Some(Call::Tell));
        assert_eq!(found(Channel::WebApi, Method::GET, path), None);
        let path = "/e-kasy/publishers/TSA2601000001/messages";
        assert_eq!(found(Channel::EventHub, Method::POST, path), Some(Call::Send));
        assert_eq!(publisher(path), Some("TSA2601000001"));
        assert_eq!(publisher("/e-kasy/publishers//messages"), None);
    }
}
