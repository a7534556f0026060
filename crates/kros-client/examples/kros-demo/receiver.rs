//! The shop's own address for notifications: a verified endpoint, and a queue behind it.

use std::{collections::BTreeSet, error::Error, time::Duration};

use axum::{Extension, Router, body::Bytes, extract::State, routing::post};
use http::StatusCode;
use kros_client::{
    PendingRequest,
    webhook::{Authentic, MemoryReplayGuard, Notification, RequestId, Verifier, VerifyLayer},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// One notification: what it says and the body that was signed.
#[derive(Clone, Debug)]
pub(crate) struct News {
    notification: Notification,
    body: Bytes,
}

impl News {
    pub(crate) fn notification(&self) -> &Notification {
        &self.notification
    }

    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    pub(crate) fn request(&self) -> Option<RequestId> {
        self.notification.request_id
    }
}

/// A running endpoint; ends with the program.
pub(crate) struct Receiver {
    address: String,
    queue: UnboundedReceiver<News>,
}

impl Receiver {
    /// Listens on any free port of the loopback interface.
    pub(crate) async fn start(secret: &str) -> Result<Self, Box<dyn Error>> {
        let (sender, queue) = unbounded_channel();
        // Everything that matters is in these lines: what is not signed with the secret, or was
        // handled before, does not get as far as `receive`.
        let verifier = Verifier::new().secret(secret);
        let app = Router::new()
            .route("/kros", post(receive))
            .route_layer(VerifyLayer::new(verifier, MemoryReplayGuard::default()))
            .with_state(sender);

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}/kros", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { address, queue })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The notifications of these requests, in the order of their arrival.
    pub(crate) async fn wait_for(
        &mut self,
        pending: &[PendingRequest],
        patience: Duration,
    ) -> Result<Vec<News>, Box<dyn Error>> {
        let mut missing: BTreeSet<RequestId> =
            pending.iter().map(|pending| pending.request_id).collect();
        let mut all = Vec::new();
        while !missing.is_empty() {
            let next = tokio::time::timeout(patience, self.queue.recv()).await;
            let news = next
                .map_err(|_| format!("{} notifications did not come", missing.len()))?
                .ok_or("the receiver has stopped")?;
            if let Some(request) = news.request() {
                missing.remove(&request);
            }
            all.push(news);
        }
        Ok(all)
    }
}

/// Takes a genuine and new notification: puts it into the queue and answers at once.
async fn receive(
    State(queue): State<UnboundedSender<News>>,
    Extension(notification): Extension<Authentic<Notification>>,
    body: Bytes,
) -> StatusCode {
    let notification = Notification::clone(&notification);
    match queue.send(News { notification, body }) {
        Ok(()) => StatusCode::NO_CONTENT,
        // The sender will try again later.
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
