//! The layer in front of a counting handler: what is let through, what is answered, and what
//! becomes of the claim.

use std::{
    convert::Infallible,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use common_core::{
    clock::ManualClock,
    store::{StoreError, StoreResult},
};
use common_store::MemoryStore;
use futures_util::{FutureExt, future};
use http_body_util::Full;
use tower::{ServiceExt, service_fn};

use super::*;
use crate::webhook::{Arrival, MemoryReplayGuard, ReplayKey, StoredReplayGuard};

const SECRET: &str = "not-a-real-secret-0001";
const BODY: &str = r#"{"status":200}"#;
/// HMAC-SHA256 of [`BODY`] and of `[]` under [`SECRET`] as UTF-16LE, by Python's hmac.
const SIGNATURE: &str = "Sfd43QOsO48tdzT13IJV2Gl+m1f6Ir/TZI91CTlud6w=";
const LIST_SIGNATURE: &str = "ZDdkKS8qF+sQtYHZGA0hEfx7zia4xbd9Z/bwkFdfo0I=";

/// What the handler saw and what it is to answer.
#[derive(Default)]
struct Handler {
    answers: Mutex<Vec<StatusCode>>,
    calls: AtomicUsize,
    arrivals: Mutex<Vec<Arrival>>,
}

impl Handler {
    fn answering(answers: &[StatusCode]) -> Arc<Self> {
        let answers = Mutex::new(answers.iter().rev().copied().collect());
        Arc::new(Self { answers, ..Self::default() })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn handle(&self, request: Request<Full<Bytes>>) -> Response<Full<Bytes>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let extensions = request.extensions().clone();
        let news = extensions.get::<Authentic<Notification>>().expect("the notification");
        assert_eq!(news.status, Some(200));
        let arrival = extensions.get::<Arrival>().copied().expect("the arrival");
        self.arrivals.lock().expect("no panic").push(arrival);
        let body = request.into_body().collect().await.expect("a body in memory").to_bytes();
        assert_eq!(body, BODY);
        let answer = self.answers.lock().expect("no panic").pop();
        let mut response = Response::new(Full::from(Bytes::from_static(b"handled")));
        *response.status_mut() = answer.unwrap_or(StatusCode::OK);
        response
    }
}

fn layer() -> VerifyLayer<MemoryReplayGuard> {
    VerifyLayer::new(Verifier::new().secret(SECRET), MemoryReplayGuard::default())
}

fn post(body: &'static str, signature: &str) -> Request<Full<Bytes>> {
    Request::post("/kros")
        .header(SIGNATURE_HEADER, signature)
        .body(Full::from(Bytes::from_static(body.as_bytes())))
        .expect("a request")
}

async fn send<G: ReplayGuard + 'static>(
    layer: &VerifyLayer<G>,
    handler: &Arc<Handler>,
    request: Request<Full<Bytes>>,
) -> Response<Full<Bytes>> {
    let handler = Arc::clone(handler);
    let inner = service_fn(move |request| {
        let handler = Arc::clone(&handler);
        async move { Ok::<_, Infallible>(handler.handle(request).await) }
    });
    layer.layer(inner).oneshot(request).await.expect("an answer")
}

#[tokio::test]
async fn a_notification_reaches_the_handler_once_and_its_repetition_is_acknowledged() {
    let (layer, handler) = (layer(), Handler::answering(&[StatusCode::ACCEPTED]));
    let first = send(&layer, &handler, post(BODY, SIGNATURE)).await;
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    let second = send(&layer, &handler, post(BODY, SIGNATURE)).await;
    assert_eq!(second.status(), StatusCode::NO_CONTENT);
    assert_eq!(handler.calls(), 1);
}

#[tokio::test]
async fn a_failed_handling_is_repeated_and_marked_as_such() {
    let (layer, handler) = (layer(), Handler::answering(&[StatusCode::INTERNAL_SERVER_ERROR]));
    let first = send(&layer, &handler, post(BODY, SIGNATURE)).await;
    assert_eq!(first.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let second = send(&layer, &handler, post(BODY, SIGNATURE)).await;
    assert_eq!(second.status(), StatusCode::OK);
    let third = send(&layer, &handler, post(BODY, SIGNATURE)).await;
    assert_eq!(third.status(), StatusCode::NO_CONTENT);
    let arrivals = handler.arrivals.lock().expect("no panic").clone();
    assert_eq!(arrivals, [Arrival::First, Arrival::Retried { attempts: 1 }]);
}

#[tokio::test]
async fn an_error_of_the_service_inside_gives_the_notification_back() {
    let layer = layer();
    let failing = service_fn(|_: Request<Full<Bytes>>| {
        future::ready(Err::<Response<Full<Bytes>>, _>("the database is gone"))
    });
    let failed = layer.layer(failing).oneshot(post(BODY, SIGNATURE)).await;
    assert_eq!(failed.err(), Some("the database is gone"));
    let handler = Handler::answering(&[]);
    let answer = send(&layer, &handler, post(BODY, SIGNATURE)).await;
    assert_eq!((answer.status(), handler.calls()), (StatusCode::OK, 1));
}

#[tokio::test]
async fn a_cancelled_handling_blocks_only_until_its_claim_lapses() {
    let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
    let layer = layer().clock(Arc::clone(&clock) as Arc<dyn Clock>);
    let hanging = service_fn(|_: Request<Full<Bytes>>| {
        future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
    });
    let mut cancelled = Box::pin(layer.layer(hanging).oneshot(post(BODY, SIGNATURE)));
    assert!((&mut cancelled).now_or_never().is_none());
    drop(cancelled);

    let handler = Handler::answering(&[]);
    clock.advance(Duration::from_secs(20));
    let busy = send(&layer, &handler, post(BODY, SIGNATURE)).await;
    assert_eq!(busy.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(busy.headers()[header::RETRY_AFTER], "40");
    assert_eq!(handler.calls(), 0);
    clock.advance(Duration::from_secs(40));
    let answer = send(&layer, &handler, post(BODY, SIGNATURE)).await;
    assert_eq!((answer.status(), handler.calls()), (StatusCode::OK, 1));
    let arrivals = handler.arrivals.lock().expect("no panic").clone();
    assert_eq!(arrivals, [Arrival::Retried { attempts: 1 }]);
}

#[tokio::test]
async fn what_is_not_a_notification_is_refused_without_calling_the_handler() {
    let unsigned = Request::post("/kros").body(Full::from(BODY)).expect("a request");
    let read = Request::get("/kros").body(Full::default()).expect("a request");
    let mut doubled = post(BODY, SIGNATURE);
    doubled.headers_mut().append(SIGNATURE_HEADER, HeaderValue::from_static(SIGNATURE));
    let cases = [
        (unsigned, StatusCode::UNAUTHORIZED),
        (doubled, StatusCode::UNAUTHORIZED),
        (post(BODY, "x"), StatusCode::UNAUTHORIZED),
        (post(BODY, LIST_SIGNATURE), StatusCode::UNAUTHORIZED),
        (post(r#"{"status": 200}"#, SIGNATURE), StatusCode::UNAUTHORIZED),
        (post("[]", LIST_SIGNATURE), StatusCode::BAD_REQUEST),
        (read, StatusCode::METHOD_NOT_ALLOWED),
    ];
    let (layer, handler) = (layer(), Handler::answering(&[]));
    for (request, expected) in cases {
        let answer = send(&layer, &handler, request).await;
        assert_eq!(answer.status(), expected);
        assert_eq!(answer.headers().contains_key(header::ALLOW), expected == 405);
        let text = answer.into_body().collect().await.expect("a body in memory").to_bytes();
        assert!(!text.is_empty());
    }
    assert_eq!(handler.calls(), 0);
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_declared_or_not() {
    let limit = BODY.len();
    let handler = Handler::answering(&[]);
    let exact = send(&layer().body_limit(limit), &handler, post(BODY, SIGNATURE)).await;
    assert_eq!(exact.status(), StatusCode::OK);
    let declared = send(&layer().body_limit(limit - 1), &handler, post(BODY, SIGNATURE)).await;
    assert_eq!(declared.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(handler.calls(), 1);

    let chunks = std::iter::repeat_n(Ok::<_, Infallible>(Bytes::from_static(b"{{{{")), 8);
    let body = axum::body::Body::from_stream(futures_util::stream::iter(chunks));
    let streamed = Request::post("/").header(SIGNATURE_HEADER, SIGNATURE).body(body);
    let inner = service_fn(|_: Request<axum::body::Body>| {
        future::ready(Ok::<_, Infallible>(Response::new(axum::body::Body::empty())))
    });
    let service = layer().body_limit(limit).layer(inner);
    let answer = service.oneshot(streamed.expect("a request")).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let pieces = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("cut"))];
    let body = axum::body::Body::from_stream(futures_util::stream::iter(pieces));
    let broken = Request::post("/").header(SIGNATURE_HEADER, SIGNATURE).body(body);
    let inner = service_fn(|_: Request<axum::body::Body>| {
        future::ready(Ok::<_, Infallible>(Response::new(axum::body::Body::empty())))
    });
    let answer = layer().layer(inner).oneshot(broken.expect("a request")).await;
    assert_eq!(answer.expect("an answer").status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_verifier_without_secret_is_the_receivers_fault() {
    let layer = VerifyLayer::new(Verifier::new(), MemoryReplayGuard::default());
    let handler = Handler::answering(&[]);
    let answer = send(&layer, &handler, post(BODY, SIGNATURE)).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(handler.calls(), 0);
}

/// A store that fails before the work, after it, or both.
struct Broken {
    begins: bool,
}

fn broken() -> StoreError {
    StoreError::unavailable("no disk")
}

impl ReplayGuard for Broken {
    fn begin<'a>(&'a self, key: &'a ReplayKey, now: DateTime<Utc>) -> StoreResult<'a, Seen> {
        let claimed = Seen::Claimed(Claim::new(*key, 1, Arrival::First, now));
        future::ready(if self.begins { Ok(claimed) } else { Err(broken()) }).boxed()
    }

    fn complete(&self, _: Claim, _: DateTime<Utc>) -> StoreResult<'_, Settled> {
        future::ready(Err(broken())).boxed()
    }

    fn abandon(&self, _: Claim, _: DateTime<Utc>) -> StoreResult<'_, Settled> {
        future::ready(Ok(Settled::TakenOver)).boxed()
    }
}

#[tokio::test]
async fn a_store_that_fails_before_the_work_makes_the_sender_come_again() {
    let layer = VerifyLayer::new(Verifier::new().secret(SECRET), Broken { begins: false });
    let handler = Handler::answering(&[]);
    let answer = send(&layer, &handler, post(BODY, SIGNATURE)).await;
    assert_eq!((answer.status(), handler.calls()), (StatusCode::SERVICE_UNAVAILABLE, 0));
}

#[tokio::test]
async fn a_store_that_fails_after_the_work_does_not_change_the_answer() {
    let layer = VerifyLayer::new(Verifier::new().secret(SECRET), Broken { begins: true });
    let handler = Handler::answering(&[StatusCode::OK, StatusCode::IM_A_TEAPOT]);
    for expected in [StatusCode::OK, StatusCode::IM_A_TEAPOT] {
        let answer = send(&layer, &handler, post(BODY, SIGNATURE)).await;
        assert_eq!(answer.status(), expected);
    }
}

#[tokio::test]
async fn no_secret_shows_in_debug() {
    let shown = format!("{:?} {:?}", layer(), layer().layer(()));
    assert!(shown.contains("VerifyService") && !shown.contains(SECRET));
}

#[tokio::test]
async fn receivers_that_share_a_store_handle_a_notification_once() {
    let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
    let store = MemoryStore::new(Arc::clone(&clock) as Arc<dyn Clock>);
    let receiver = || {
        let guard = StoredReplayGuard::new(store.clone(), "kros-webhook");
        let layer = VerifyLayer::new(Verifier::new().secret(SECRET), guard);
        layer.clock(Arc::clone(&clock) as Arc<dyn Clock>)
    };
    let handler = Handler::answering(&[StatusCode::INTERNAL_SERVER_ERROR]);
    for expected in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::OK, StatusCode::NO_CONTENT] {
        let answer = send(&receiver(), &handler, post(BODY, SIGNATURE)).await;
        assert_eq!(answer.status(), expected);
    }
    let arrivals = handler.arrivals.lock().expect("no panic").clone();
    assert_eq!(arrivals, [Arrival::First, Arrival::Retried { attempts: 1 }]);
}
