//! What several tests need: sandboxes, clients, orders, and a way into the sandbox without
//! sockets, so that time can be paused.

use std::{fmt, future::poll_fn, pin::pin, task::Poll};

use bytes::Bytes;
use common_core::{limit::Windows, money::Amount, retry::RetryPolicy, store::BoxFuture};
use common_http::{Body, BodyStream, TransportError, TransportErrorKind};
use epp_client::{
    Client, ClientBuilder, Environment, ErrorKind, Transport,
    batch::BatchTag,
    model::{NewPaymentOrder, PaymentOrderId, TwoFactorChannel},
    payments::{Otp, PaymentRecord, Start, StartedPayment},
    session::Credentials,
};
use futures_util::{TryStreamExt, stream};
use sandbox::{
    Entrance, Sandbox,
    fault::{Fault, Rule},
};

/// The seeds over which scenarios run.
pub(crate) const SEEDS: [u64; 3] = [1, 7, 42];

/// The day of every sandbox, and a moment of it.
pub(crate) const DAY: &str = "2026-01-31";
const NOON: &str = "2026-01-31T11:00:00Z";

/// A sandbox behind a socket; hostile ones disturb every scenario in their own way.
pub(crate) async fn hostile(seed: u64) -> Sandbox {
    Sandbox::builder().seed(seed).starting_at(NOON.parse().unwrap()).start().await.unwrap()
}

/// A sandbox behind a socket that does only what it is told.
pub(crate) async fn calm() -> Sandbox {
    Sandbox::builder().calm().starting_at(NOON.parse().unwrap()).start().await.unwrap()
}

/// A calm sandbox without sockets, for paused time.
pub(crate) async fn in_process() -> Sandbox {
    let builder = Sandbox::builder().calm().without_sockets();
    builder.starting_at(NOON.parse().unwrap()).start().await.unwrap()
}

/// The settings of a client of that user, over the sandbox's sockets.
pub(crate) fn over_socket(sandbox: &Sandbox, user: &str) -> ClientBuilder {
    let epp = sandbox.epp();
    let user = epp.user(user).unwrap();
    Client::builder(Environment::at(epp.base_url(), epp.web_url()).unwrap())
        .credentials(Credentials::new(&user.login, user.password().into()))
        .limits(Windows::unlimited())
        .seed(sandbox.seed())
}

/// A client of the user who may do everything, over sockets.
pub(crate) fn client_of(sandbox: &Sandbox) -> Client {
    over_socket(sandbox, "prvi").build().unwrap()
}

/// The same without sockets.
pub(crate) fn beside(sandbox: &Sandbox, user: &str) -> Client {
    let builder = over_socket(sandbox, user).transport(InProcess::of(sandbox));
    builder.retry(RetryPolicy::never()).build().unwrap()
}

/// Lets a fault happen to every request from now on.
pub(crate) fn always(sandbox: &Sandbox, fault: Fault) {
    sandbox.epp().faults().push(Rule::new(fault));
}

/// Lets a fault happen to the next request of that kind.
pub(crate) fn once(sandbox: &Sandbox, method: &http::Method, path: &str, fault: Fault) {
    sandbox.epp().faults().push(Rule::new(fault).on(method, path).once());
}

/// The end of a test that sends nothing a correct client would not send.
#[track_caller]
pub(crate) fn assert_expected(sandbox: &Sandbox) {
    assert_eq!(sandbox.epp().unexpected(), []);
}

/// The account that pays.
pub(crate) fn account(sandbox: &Sandbox) -> sandbox::epp::Account {
    sandbox.epp().accounts().remove(0)
}

/// An order of so many dinars that the service takes.
pub(crate) fn order(sandbox: &Sandbox, external_id: &str, dinars: i64) -> NewPaymentOrder {
    NewPaymentOrder::new(account(sandbox).full_number(), "840-235664-72", Amount::from(dinars))
        .payment_basis("Uplata po ugovoru")
        .payment_code(221)
        .creditor_name("Izmišljeni Dobavljač")
        .creditor_address("Zamišljena 1, Beograd")
        .external_id(external_id)
}

/// Orders `{prefix}-1` of one dinar, `{prefix}-2` of two and so on.
pub(crate) fn orders(sandbox: &Sandbox, prefix: &str, count: i64) -> Vec<NewPaymentOrder> {
    (1..=count).map(|number| order(sandbox, &format!("{prefix}-{number}"), number)).collect()
}

/// A tag of a batch that no other test of this binary counts on.
pub(crate) fn tag(number: usize) -> BatchTag {
    BatchTag::from_random(number as u128)
}

/// Creates that many orders and gives their ids.
pub(crate) async fn created(
    client: &Client,
    sandbox: &Sandbox,
    prefix: &str,
    count: i64,
) -> Vec<PaymentOrderId> {
    let orders = orders(sandbox, prefix, count);
    let tag = format!("batch-of-{prefix}").parse().unwrap();
    let batch = client.create_and_locate(&orders, &tag).await;
    assert!(batch.is_complete(), "{batch:?}");
    batch.ids()
}

/// Starts a payment of them with a password by message.
pub(crate) async fn started(client: &Client, ids: &[PaymentOrderId]) -> StartedPayment {
    let start = Start::new(ids.to_vec()).channel(TwoFactorChannel::Postal);
    let payment = client.start_payment(&start).await.unwrap();
    assert_eq!(payment.discrepancies(), []);
    payment
}

/// The right password of a payment.
pub(crate) fn otp(sandbox: &Sandbox, record: &PaymentRecord) -> Otp {
    Otp::new(&sandbox.epp().one_time_password(&record.tag).unwrap().into())
}

/// How many orders carry that tag in the sandbox's books.
pub(crate) fn stored(sandbox: &Sandbox, tag: &str) -> usize {
    let orders = sandbox.epp().orders();
    orders.iter().filter(|order| order.user_tags.iter().any(|one| one == tag)).count()
}

/// Fails unless the error is of that kind and says so about having happened.
#[track_caller]
pub(crate) fn assert_error(error: &epp_client::Error, kind: ErrorKind, may_have_happened: bool) {
    assert_eq!((error.kind(), error.may_have_happened()), (kind, may_have_happened), "{error:?}");
    assert_eq!(error.recovery().is_some(), may_have_happened);
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
    api: Entrance,
    web: Entrance,
}

impl InProcess {
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let epp = sandbox.epp();
        Self { api: epp.service(), web: epp.web_service() }
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
        Box::pin(async move {
            let interrupted = || TransportError::new(TransportErrorKind::Interrupted);
            tokio::task::yield_now().await;
            // The doubles share a host; the port tells the web host from the API.
            let entrance = if request.uri().port_u16() == Some(81) { &self.web } else { &self.api };
            let request = request.map(|body| axum::body::Body::from(whole(body)));
            let answer = entrance.send(request).await.map_err(|_| interrupted())?;
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
