//! The receiving layer behind a real socket: signed deliveries come through once, repetitions and
//! forgeries do not.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Extension, Router, extract::State, routing::post};
use common_core::limit::Windows;
use common_http::Body;
use futures_util::future::join_all;
use http::StatusCode;
use kros_client::{
    HttpOptions, Limits, ReqwestTransport, Transport,
    batch::{AfterTrouble, BatchOptions},
    invoices::Create,
    webhook::{
        Arrival, Authentic, MemoryReplayGuard, Notification, SIGNATURE_HEADER, Verifier,
        VerifyLayer,
    },
};
use sandbox::{Sandbox, kros::Profile};
use tokio::{net::TcpListener, task::JoinHandle};
use trial::Everything;

use crate::support::{SEEDS, assert_expected, calm, hostile, invoice, invoices, over_socket};

const SECRET: &str = "vymyslené-tajomstvo-0002";

/// What the handler behind the layer saw, and how often it shall fail first.
#[derive(Clone, Default)]
struct Seen {
    failures: Arc<AtomicUsize>,
    arrivals: Arc<Mutex<Vec<(String, Arrival)>>>,
}

async fn handle(
    State(seen): State<Seen>,
    Extension(news): Extension<Authentic<Notification>>,
    Extension(arrival): Extension<Arrival>,
) -> StatusCode {
    let request = news.request_id.map(|id| id.to_string()).unwrap_or_default();
    seen.arrivals.lock().unwrap().push((request, arrival));
    let failures = &seen.failures;
    if failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    StatusCode::NO_CONTENT
}

/// A receiver that is registered as the first company's webhook.
async fn receiver(sandbox: &Sandbox, seen: Seen) -> (String, JoinHandle<()>) {
    let verifier = Verifier::new().secret(SECRET);
    let layer = VerifyLayer::new(verifier, MemoryReplayGuard::default());
    let app = Router::new().route("/kros", post(handle)).route_layer(layer).with_state(seen);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/kros", listener.local_addr().unwrap());
    sandbox.kros().set_webhook(5001, &url, SECRET).unwrap();
    (url, tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }))
}

/// Posts a body to the receiver as anybody could.
async fn posted(url: &str, signature: Option<&str>, body: &str) -> StatusCode {
    let transport = ReqwestTransport::new(HttpOptions::new("replayer")).unwrap();
    let mut request = http::Request::post(url).body(Body::from(body.as_bytes().to_vec())).unwrap();
    if let Some(signature) = signature {
        request.headers_mut().insert(SIGNATURE_HEADER, signature.parse().unwrap());
    }
    transport.send(request).await.unwrap().status()
}

#[tokio::test]
async fn a_delivery_that_is_played_again_is_handled_once() {
    let sandbox = calm().await;
    let seen = Seen::default();
    let (url, server) = receiver(&sandbox, seen.clone()).await;
    let client = over_socket(&sandbox).build().unwrap();
    let pending = client.send(&Create::new(&invoice("a")).unwrap()).await.unwrap();
    sandbox.kros().settle().await;
    let told = sandbox.kros().notifications().remove(0);
    assert!(told.is_delivered());
    for _ in 0..3 {
        let status = posted(&url, Some(&told.signature), &told.body).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    }
    let arrivals = seen.arrivals.lock().unwrap().clone();
    assert_eq!(arrivals, [(pending.request_id.to_string(), Arrival::First)]);
    // Forged, unsigned and changed ones never reach the handler.
    let changed = told.body.replace("200", "207");
    for (signature, body) in [
        (None, &told.body),
        (Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), &told.body),
        (Some(told.signature.as_str()), &changed),
    ] {
        assert_eq!(posted(&url, signature, body).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(seen.arrivals.lock().unwrap().len(), 1);
    server.abort();
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_failed_handler_is_told_again_and_knows_it() {
    let sandbox = calm().await;
    let seen = Seen::default();
    seen.failures.store(2, Ordering::SeqCst);
    let (_, server) = receiver(&sandbox, seen.clone()).await;
    let client = over_socket(&sandbox).build().unwrap();
    client.send(&Create::new(&invoice("a")).unwrap()).await.unwrap();
    sandbox.kros().settle().await;
    let told = sandbox.kros().notifications().remove(0);
    let statuses: Vec<_> = told.attempts.iter().map(|one| one.status).collect();
    assert_eq!(statuses, [Some(500), Some(500), Some(204)]);
    let arrivals = seen.arrivals.lock().unwrap().clone();
    let kinds: Vec<_> = arrivals.into_iter().map(|(_, arrival)| arrival).collect();
    let retried = |attempts| Arrival::Retried { attempts };
    assert_eq!(kinds, [Arrival::First, retried(1), retried(2)]);
    server.abort();
    assert_expected(&sandbox);
}

#[tokio::test]
async fn neither_secret_nor_content_of_a_delivery_is_logged() {
    let (everything, _listening) = Everything::heard();
    let sandbox = calm().await;
    let seen = Seen::default();
    seen.failures.store(1, Ordering::SeqCst);
    let (url, server) = receiver(&sandbox, seen).await;
    let client = over_socket(&sandbox).build().unwrap();
    client.send(&Create::new(&invoice("canary-order")).unwrap()).await.unwrap();
    sandbox.kros().settle().await;
    let told = sandbox.kros().notifications().remove(0);
    assert!(told.is_delivered() && told.body.contains("canary-order"));
    posted(&url, Some("AAAA"), &told.body).await;
    posted(&url, None, &told.body).await;
    let all = everything.all();
    assert!(all.iter().all(|(_, text)| !text.contains(SECRET)));
    let ours = everything.ours("kros_client");
    let refusals = ours.iter().filter(|text| text.contains("a notification was refused")).count();
    assert_eq!(refusals, 2, "{ours:?}");
    for content in ["canary-order", told.signature.as_str(), "documentNumber"] {
        assert!(!ours.iter().any(|text| text.contains(content)), "{content} is logged");
    }
    server.abort();
    assert_expected(&sandbox);
}

#[tokio::test]
async fn hostile_deliveries_are_each_handled_once() {
    let run = |seed| async move {
        let sandbox = hostile(seed).await;
        let seen = Seen::default();
        let (_, server) = receiver(&sandbox, seen.clone()).await;
        sandbox.kros().set_limits(Profile::Unlimited);
        let unlimited = Limits::custom(Windows::unlimited());
        let client = over_socket(&sandbox).limits(unlimited).build().unwrap();
        let options = BatchOptions::new().size(1).after_trouble(AfterTrouble::GoOn);
        let report = client.batch_with(invoices("n", 12), options).finish().await;
        sandbox.kros().settle().await;
        let mut handled: Vec<_> =
            seen.arrivals.lock().unwrap().iter().map(|(request, _)| request.clone()).collect();
        let mut accepted: Vec<_> =
            report.pending().iter().map(|one| one.request_id.to_string()).collect();
        handled.sort();
        accepted.sort();
        assert!(!accepted.is_empty());
        assert_eq!(handled, accepted, "seed {seed}");
        server.abort();
        assert_expected(&sandbox);
    };
    join_all(SEEDS.map(run)).await;
}
