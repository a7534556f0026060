//! Secrets show nowhere: not in logs of any level, not in `Debug` or `Display`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Mutex, OnceLock, PoisonError},
};

use common_core::{retry::RetryPolicy, secret::SecretString};
use common_http::{
    BaseUrl, CallOptions, Client, HttpOptions, Proxy, ReqwestTransport, StaticBearer,
    TransportErrorKind, scripted::Step,
};
use tracing_subscriber::{Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    authority::Authority,
    loopback::{Server, nobody},
    support::{Find, Issue, Toy, builder, seconds},
};

/// Part of every secret of these tests.
const CANARY: &str = "canary-5d1f";

/// One event, its fields in words.
#[derive(Clone, Debug)]
struct Event {
    target: String,
    fields: BTreeMap<&'static str, String>,
}

impl tracing::field::Visit for Event {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

/// Keeps every event of the process, those of `log` included.
struct Everything;

static EVENTS: Mutex<Vec<Event>> = Mutex::new(Vec::new());

impl<S: tracing::Subscriber> Layer<S> for Everything {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let target = event.metadata().target().to_owned();
        let mut kept = Event { target, fields: BTreeMap::new() };
        event.record(&mut kept);
        EVENTS.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
    }

    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        let target = attributes.metadata().target().to_owned();
        let mut kept = Event { target, fields: BTreeMap::new() };
        attributes.record(&mut kept);
        EVENTS.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
    }
}

/// Listens to the whole process from now on, since connections live on threads of their own.
fn listen() {
    static LISTENING: OnceLock<()> = OnceLock::new();

    LISTENING.get_or_init(|| tracing_subscriber::registry().with(Everything).init());
}

fn bearer() -> StaticBearer {
    StaticBearer::new(&SecretString::from(format!("{CANARY}-token"))).unwrap()
}

fn find() -> Find {
    Find::new(format!("{CANARY}-path")).body("canary-5d1f-body-and-query")
}

/// Everything that an error says about itself and its causes.
fn told(error: &common_http::Error) -> String {
    let first = error as &dyn std::error::Error;
    let chain = std::iter::successors(Some(first), |cause| cause.source());
    chain.map(|cause| format!("{cause} {cause:?} {cause:#?}")).collect::<Vec<_>>().join("\n")
}

/// What was heard so far.
fn events() -> Vec<Event> {
    EVENTS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn assert_silent() {
    for event in events() {
        assert!(!format!("{event:?}").contains(CANARY), "{event:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_show_in_no_log_and_no_error_of_any_outcome() {
    listen();
    let answer = format!("field: {CANARY}-answer");
    let steps = [
        Step::answer(200, format!("\"{answer}\"")),
        Step::answer(400, answer.clone()),
        Step::answer(401, answer.clone()),
        Step::answer(429, answer.clone()).header("set-cookie", "canary-5d1f-cookie"),
        Step::answer(500, answer.clone()),
        Step::answer(302, answer.clone()).header("location", "https://x.test/canary-5d1f"),
        Step::answer(200, answer).then_break_off(),
        Step::fail(TransportErrorKind::Connect),
        Step::fail(TransportErrorKind::Timeout),
    ];
    for step in steps {
        let builder = builder(common_http::scripted::Scripted::new([step]))
            .authorise(bearer())
            .retry(RetryPolicy::never());
        let shown = format!("{builder:?}");
        let client = builder.build();
        let error = client.send(&find()).await.unwrap_err();
        let all = format!("{shown} {client:?} {}", told(&error));
        assert!(!all.contains(CANARY), "{all}");
        assert!(all.contains("things.find") || all.contains("/things/{id}"), "{all}");
    }
    assert_silent();
}

#[tokio::test]
async fn a_download_shows_neither_address_nor_content() {
    let step = Step::answer(200, CANARY).header("content-disposition", CANARY).then_break_off();
    let client = builder(common_http::scripted::Scripted::new([step])).build();
    let mut download = client.download(&find(), CallOptions::new()).await.unwrap();
    assert!(!format!("{download:?}").contains(CANARY));
    download.chunk().await.unwrap();
    let error = download.chunk().await.unwrap_err();
    assert!(!told(&error).contains(CANARY), "{error:?}");
}

fn options() -> HttpOptions {
    HttpOptions::new("test").trust(Authority::new().only())
}

fn over_sockets(base: BaseUrl, options: HttpOptions) -> Client<Toy> {
    let transport = ReqwestTransport::new(options).unwrap();
    Client::builder(base, transport).authorise(bearer()).retry(RetryPolicy::never()).build()
}

#[tokio::test]
async fn the_library_below_shows_no_secret_either() {
    listen();
    let head = "HTTP/1.1 500 No\r\nx-answer: canary-5d1f\r\ncontent-length: 11\r\n\r\n";
    let mut server = Server::answering(format!("{head}{CANARY}")).await;
    let client = over_sockets(server.base(), options());
    let error = client.send(&find()).await.unwrap_err();
    let request = server.request().await;
    assert_eq!(request.matches(CANARY).count(), 3, "{request}");
    assert_eq!(error.problem().unwrap().message.as_deref(), Some(CANARY));
    assert!(!format!("{client:?} {}", told(&error)).contains(CANARY), "{error:?}");

    // Nobody listens there: the failure below must not quote the address or the proxy's password.
    let closed = nobody();
    let base: BaseUrl = format!("http://{closed}/canary-5d1f-base").parse().unwrap();
    let proxy = Proxy::new(format!("http://user:{CANARY}-password@{closed}"));
    let direct = options().connect_timeout(seconds(2));
    let proxied = direct.clone().proxy(proxy);
    assert!(!format!("{proxied:?}").contains(CANARY));
    for options in [direct, proxied] {
        let client = over_sockets(base.clone(), options);
        let error = client.send(&Issue::new(format!("{CANARY}-path"))).await.unwrap_err();
        assert!(!told(&error).contains(CANARY), "{error:?}");
    }
    let wrong = options().proxy(Proxy::new(format!("http://[{CANARY}")));
    let error = ReqwestTransport::new(wrong).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");

    let below =
        |event: &Event| event.fields.get("log.target").is_some_and(|t| t.contains("reqwest"));
    assert!(events().iter().any(below), "the library's own log was not heard");
    assert_silent();
}

#[tokio::test(start_paused = true)]
async fn a_call_is_logged_with_the_listed_fields_only() {
    listen();
    let step = Step::answer(418, "").header("x-request-id", "exchange-418");
    let client = builder(common_http::scripted::Scripted::new([step.after(seconds(2))])).build();
    client.send(&find()).await.unwrap_err();

    let events = events();
    let ours: Vec<_> = events.iter().filter(|event| event.target == "common_http::send").collect();
    let listed = BTreeSet::from([
        "message",
        "api",
        "method",
        "path",
        "attempt",
        "status",
        "request_id",
        "error",
        "duration_ms",
    ]);
    for event in &ours {
        assert!(event.fields.keys().all(|name| listed.contains(name)), "{event:?}");
    }
    let has = |event: &Event, name, value: &str| event.fields.get(name).is_some_and(|v| v == value);
    let mine = ours.iter().find(|event| has(event, "request_id", "\"exchange-418\"")).unwrap();
    let expected = [
        ("api", "\"toy\""),
        ("method", "\"GET\""),
        ("path", "\"/things/{id}\""),
        ("attempt", "1"),
        ("status", "418"),
        ("duration_ms", "2000"),
    ];
    for (name, value) in expected {
        assert!(has(mine, name, value), "{name} of {mine:?}");
    }
}
