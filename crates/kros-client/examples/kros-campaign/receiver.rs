//! The program that receives the notifications, over a socket: it verifies them, handles each
//! once, and sometimes fails before its work is done or before it could say so.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    routing::post,
};
use common_core::clock::Clock;
use common_http::RuntimeClock;
use kros_client::webhook::{
    MemoryReplayGuard, Notification, ReplayGuard, RequestId, SIGNATURE_HEADER, Seen, Settled,
    Verifier,
};
use rand::{RngExt, rngs::StdRng};
use tokio::{net::TcpListener, task::JoinHandle};

use trial::Failure;

/// A receiver that listens until it is dropped.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    inbox: Arc<Inbox>,
    task: JoinHandle<()>,
}

/// What arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received {
    /// The notifications that were handled, by their request.
    pub(crate) handled: BTreeMap<RequestId, Vec<Notification>>,
    /// How many repetitions were recognised.
    pub(crate) repeated: u64,
    /// How many were not authentic, not readable, or belonged to no request.
    pub(crate) rejected: u64,
}

#[derive(Debug)]
struct Inbox {
    verifier: Verifier,
    guard: MemoryReplayGuard,
    clock: RuntimeClock,
    received: Mutex<Received>,
    chance: Mutex<StdRng>,
}

impl Receiver {
    /// Listens on the loopback interface for notifications signed with `secret`.
    pub(crate) async fn start(secret: &str, chance: StdRng) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let inbox = Arc::new(Inbox {
            verifier: Verifier::new().secret(secret),
            guard: MemoryReplayGuard::default(),
            clock: RuntimeClock::new(),
            received: Mutex::default(),
            chance: Mutex::new(chance),
        });
        let app = Router::new().route("/kros", post(receive)).with_state(Arc::clone(&inbox));
        let task = tokio::spawn(async move {
            // An error ends the receiver, and missing notifications are what the judge looks for.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, inbox, task })
    }

    /// The address for the company's settings.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/kros", self.address)
    }

    /// What has arrived so far.
    pub(crate) fn received(&self) -> Received {
        self.inbox.received().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(
    State(inbox): State<Arc<Inbox>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, StatusCode> {
    let signature = headers.get(SIGNATURE_HEADER).map(HeaderValue::as_bytes);
    let Ok(news) = inbox.verifier.verify_and_parse(&body, signature) else {
        inbox.received().rejected += 1;
        return Err(StatusCode::UNAUTHORIZED);
    };
    let Some(request_id) = news.request_id else {
        inbox.received().rejected += 1;
        return Err(StatusCode::BAD_REQUEST);
    };
    let seen = inbox.guard.begin(&news.replay_key(), inbox.clock.now()).await;
    let claim = match seen.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)? {
        Seen::Claimed(claim) => claim,
        Seen::InProgress { .. } => return Err(StatusCode::SERVICE_UNAVAILABLE),
        Seen::Handled { .. } => {
            inbox.received().repeated += 1;
            return Ok(StatusCode::NO_CONTENT);
        }
    };
    // Only first attempts fail, since the sender gives up after five.
    if claim.attempt() == 1 && inbox.stumbles() {
        // Whether this is recorded or taken over, the sender's next attempt brings it again.
        let _ = inbox.guard.abandon(claim, inbox.clock.now()).await;
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let handled = inbox.guard.complete(claim, inbox.clock.now()).await;
    match handled.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)? {
        Settled::Recorded => {
            inbox.received().handled.entry(request_id).or_default().push(news.into_inner());
        }
        Settled::TakenOver => return Err(StatusCode::SERVICE_UNAVAILABLE),
    }
    if inbox.stumbles() {
        return Err(StatusCode::BAD_GATEWAY);
    }
    Ok(StatusCode::NO_CONTENT)
}

impl Inbox {
    fn received(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stumbles(&self) -> bool {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).random_bool(0.1)
    }
}

/// Registers the receiver as the webhook of a company.
pub(crate) async fn connect(
    kros: &sandbox::kros::Kros,
    company: u64,
    chance: StdRng,
) -> Result<Receiver, Failure> {
    let secret = "not-a-real-secret-of-the-campaign";
    let receiver = Receiver::start(secret, chance).await?;
    kros.set_webhook(company, &receiver.url(), secret)?;
    Ok(receiver)
}
