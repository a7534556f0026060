//! What several tests need: sandboxes, clients, documents, and a way into the sandbox without
//! sockets, so that time can be paused.

use std::{
    fmt,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};

use bytes::Bytes;
use common_core::{limit::Windows, money::Amount, secret::SecretString, store::BoxFuture};
use common_http::{Body, BodyStream, TransportError, TransportErrorKind};
use futures_util::{TryStreamExt, stream};
use kros_client::{
    Client, ClientBuilder, Environment, Limits, Transport,
    model::{InvoiceItem, NewInvoice, NewPayment, Partner},
};
use sandbox::{Entrance, Sandbox, fault::Fault, fault::Rule, kros::Profile};

/// The seeds over which scenarios run.
pub(crate) const SEEDS: [u64; 3] = [1, 7, 42];

/// A sandbox behind a socket; hostile ones disturb every scenario in their own way.
pub(crate) async fn hostile(seed: u64) -> Sandbox {
    Sandbox::builder().seed(seed).start().await.unwrap()
}

/// A sandbox behind a socket that does only what it is told.
pub(crate) async fn calm() -> Sandbox {
    Sandbox::builder().calm().start().await.unwrap()
}

/// A calm sandbox without sockets, for paused time.
pub(crate) async fn in_process() -> Sandbox {
    Sandbox::builder().calm().without_sockets().start().await.unwrap()
}

/// A calm sandbox without sockets that counts no requests.
pub(crate) async fn unlimited() -> Sandbox {
    let sandbox = in_process().await;
    sandbox.kros().set_limits(Profile::Unlimited);
    sandbox
}

/// The settings of a client of the sandbox's first company, over its socket.
pub(crate) fn over_socket(sandbox: &Sandbox) -> ClientBuilder {
    let environment = Environment::at(sandbox.kros().base_url()).unwrap();
    Client::builder(environment).token(token(sandbox)).seed(sandbox.seed())
}

/// The same without sockets.
pub(crate) fn beside(sandbox: &Sandbox) -> ClientBuilder {
    over_socket(sandbox).transport(InProcess::of(sandbox))
}

/// A client without sockets and without limits of its own.
pub(crate) fn unlimited_client(sandbox: &Sandbox) -> Client {
    beside(sandbox).limits(Limits::custom(Windows::unlimited())).build().unwrap()
}

pub(crate) fn token(sandbox: &Sandbox) -> SecretString {
    sandbox.kros().token("0").unwrap().into()
}

/// Lets a fault happen to every request from now on.
pub(crate) fn always(sandbox: &Sandbox, fault: Fault) {
    sandbox.kros().faults().push(Rule::new(fault));
}

/// Lets a fault happen to the next request.
pub(crate) fn once(sandbox: &Sandbox, fault: Fault) {
    sandbox.kros().faults().push(Rule::new(fault).once());
}

/// The end of a test that sends nothing a correct client would not send.
#[track_caller]
pub(crate) fn assert_expected(sandbox: &Sandbox) {
    assert_eq!(sandbox.kros().unexpected(), []);
}

pub(crate) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// An invoice that the service takes.
pub(crate) fn invoice(external_id: &str) -> NewInvoice {
    let bread = InvoiceItem::new("Chlieb", 2, amount("5.00")).vat_rate(5);
    NewInvoice::new(Partner::new("Vymyslená Pekáreň s.r.o."), [bread]).external_id(external_id)
}

/// Invoices `{prefix}-0`, `{prefix}-1` and so on.
pub(crate) fn invoices(prefix: &str, count: usize) -> Vec<NewInvoice> {
    (0..count).map(|number| invoice(&format!("{prefix}-{number}"))).collect()
}

/// An invoice that passes the client's checks with a warning and that the service refuses.
pub(crate) fn refusable(external_id: &str) -> NewInvoice {
    let mut invoice = invoice(external_id);
    invoice.items[0].vat_rate = Some(amount("150"));
    invoice
}

/// A payment that the service takes.
pub(crate) fn payment(external_id: &str) -> NewPayment {
    NewPayment::new("2026-02-01", amount("5.00")).external_id(external_id)
}

/// The external ids of the stored invoices, sorted.
pub(crate) fn stored(sandbox: &Sandbox) -> Vec<String> {
    let documents = sandbox.kros().documents();
    let mut ids: Vec<_> = documents.into_iter().filter_map(|one| one.external_id).collect();
    ids.sort();
    ids
}

/// Lets a future go on until it has waited `pauses` times and drops it at the next wait; its
/// output when it ends before.
pub(crate) async fn dropped_after<F: Future>(future: F, pauses: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = pauses;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// The way into the sandbox without sockets.
///
/// It waits for a moment before the request is delivered, before the answer comes back and before
/// each piece of its body, as a socket may.
#[derive(Clone)]
pub(crate) struct InProcess {
    entrance: Entrance,
    sent: Arc<AtomicU64>,
}

impl InProcess {
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        Self { entrance: sandbox.kros().service(), sent: Arc::default() }
    }

    /// How many requests were given to it.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl Transport for InProcess {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let interrupted = || TransportError::new(TransportErrorKind::Interrupted);
            tokio::task::yield_now().await;
            let request = request.map(|body| axum::body::Body::from(whole(body)));
            let answer = self.entrance.send(request).await.map_err(|_| interrupted())?;
            tokio::task::yield_now().await;
            Ok(answer.map(|body| {
                let pieces = stream::try_unfold(body.into_data_stream(), |mut pieces| async {
                    tokio::task::yield_now().await;
                    Ok(pieces.try_next().await?.map(|piece| (piece, pieces)))
                });
                BodyStream::stream(pieces.map_err(move |_: axum::Error| interrupted()))
            }))
        })
    }
}

fn whole(body: Body) -> Bytes {
    match body {
        Body::Bytes(bytes) => bytes,
        Body::File(_) => panic!("this client sends no files"),
    }
}
