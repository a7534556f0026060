//! What several tests need: sandboxes, clients, open sessions, invoices, and a way into the sandbox
//! without sockets, so that time can be paused.

use std::{fmt, future::poll_fn, pin::pin, task::Poll, time::Duration};

use bytes::Bytes;
use common_core::{poll::PollSchedule, retry::RetryPolicy, secret::SecretString, store::BoxFuture};
use common_http::{Body, BodyStream, TransportError, TransportErrorKind};
use futures_util::{TryStreamExt, stream};
use ksef_client::v1::{
    AcceptedInvoice, Client, ClientBuilder, Context, Environment, FormCode, InvoiceStatus, Session,
    Transport, session::Authorised,
};
use ksef_crypto::{
    certificate::Certificate,
    keys::{LocalSigner, PrivateKey},
};
use sandbox::{Entrance, Sandbox};

/// The seeds over which scenarios run.
pub(crate) const SEEDS: [u64; 3] = [1, 7, 42];

/// The company that sells in most tests, and the one that buys.
pub(crate) const ALFA: &str = "9990000103";
pub(crate) const BETA: &str = "9990000126";

/// When every sandbox starts.
const NOON: &str = "2026-01-31T11:00:00.123Z";

/// A sandbox behind a socket; hostile ones disturb every scenario in their own way.
pub(crate) async fn hostile(seed: u64) -> Sandbox {
    Sandbox::builder().seed(seed).starting_at(NOON.parse().unwrap()).start().await.unwrap()
}

/// A calm sandbox without sockets, for paused time.
pub(crate) async fn in_process() -> Sandbox {
    let builder = Sandbox::builder().calm().without_sockets();
    builder.starting_at(NOON.parse().unwrap()).start().await.unwrap()
}

/// The settings of a client over the sandbox's sockets.
pub(crate) fn over_socket(sandbox: &Sandbox) -> ClientBuilder {
    let environment = Environment::at(sandbox.ksef_v1().base_url()).unwrap();
    // A hostile double refuses often; patience is what it wants to see.
    let retry = RetryPolicy::default().attempts(12).cap(Duration::from_millis(500));
    Client::builder(environment).unlimited().retry(retry).seed(sandbox.seed())
}

/// A client without sockets, which tries nothing twice.
pub(crate) fn beside(sandbox: &Sandbox) -> Client {
    let builder = over_socket(sandbox).transport(InProcess(sandbox.ksef_v1().service()));
    builder.retry(RetryPolicy::never()).build().unwrap()
}

/// A schedule that suits sandboxes.
pub(crate) fn quick() -> PollSchedule {
    PollSchedule::new(Duration::from_millis(20), Duration::from_millis(200))
        .within(Duration::from_secs(60))
}

pub(crate) fn context(nip: &str) -> Context {
    Context::nip(nip).unwrap()
}

/// The token of that company which may do everything that a token may.
pub(crate) fn token(sandbox: &Sandbox, nip: &str) -> SecretString {
    sandbox.ksef_v1().token(nip).unwrap().into()
}

/// The test certificate of that name, with its key.
pub(crate) fn signer(sandbox: &Sandbox, name: &str) -> LocalSigner {
    let certificate = sandbox.ksef_v1().certificate(name).unwrap();
    let key = PrivateKey::from_pem(&certificate.key_pem).unwrap();
    LocalSigner::new(key, Certificate::from_pem(&certificate.certificate_pem).unwrap()).unwrap()
}

/// An open session of that company by its token, without encryption.
pub(crate) async fn session(client: &Client, sandbox: &Sandbox, nip: &str) -> Session {
    opened(client, sandbox, nip).await.wait(&quick()).await.unwrap()
}

/// The same before it is ready.
pub(crate) async fn opened(client: &Client, sandbox: &Sandbox, nip: &str) -> Authorised {
    let key = client.authority_key().await.unwrap();
    let opening = client.session(context(nip), FormCode::FA_2);
    opening.by_token(&token(sandbox, nip), &key).await.unwrap()
}

/// An open session of that company by its seal, with every role and with encryption.
pub(crate) async fn owner(client: &Client, sandbox: &Sandbox) -> Session {
    let key = client.authority_key().await.unwrap();
    let opening = client.session(context(ALFA), FormCode::FA_2).encrypted(key);
    let authorised = opening.by_signature(&signer(sandbox, "seal")).await.unwrap();
    authorised.wait(&quick()).await.unwrap()
}

/// The same as [`owner`] where openings may get lost: they are not repeated by themselves.
pub(crate) async fn persistent_owner(client: &Client, sandbox: &Sandbox) -> Session {
    let (key, signer) = (client.authority_key().await.unwrap(), signer(sandbox, "seal"));
    for _ in 0..50 {
        let opening = client.session(context(ALFA), FormCode::FA_2).encrypted(key.clone());
        match opening.by_signature(&signer).await {
            Ok(authorised) => return authorised.wait(&quick()).await.unwrap(),
            Err(error) => assert!(error.is_transient(), "{error:?}"),
        }
    }
    panic!("no session can be opened")
}

/// An invoice of Alfa to Beta that the service takes.
pub(crate) fn invoice(number: &str) -> Vec<u8> {
    invoice_of(ALFA, number)
}

/// An invoice of that seller to Beta.
pub(crate) fn invoice_of(seller: &str, number: &str) -> Vec<u8> {
    let party = |nip: &str, name: &str| {
        format!("<DaneIdentyfikacyjne><NIP>{nip}</NIP><Nazwa>{name}</Nazwa></DaneIdentyfikacyjne>")
    };
    let head = "<KodFormularza kodSystemowy=\"FA (2)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\n\
        <WariantFormularza>2</WariantFormularza>\n\
        <DataWytworzeniaFa>2026-01-31T10:30:00Z</DataWytworzeniaFa>";
    let body = format!(
        "<KodWaluty>PLN</KodWaluty><P_1>2026-01-31</P_1><P_2>{number}</P_2>\n\
         <P_13_1>200.00</P_13_1><P_14_1>46.00</P_14_1><P_15>246.00</P_15>\n\
         <Adnotacje><P_16>2</P_16><P_17>2</P_17><P_18>2</P_18></Adnotacje>\n\
         <RodzajFaktury>VAT</RodzajFaktury>"
    );
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Faktura xmlns=\"http://crd.gov.pl/wzor/2023/06/29/12648/\">\n\
         <Naglowek>{head}</Naglowek>\n<Podmiot1>{}</Podmiot1>\n<Podmiot2>{}</Podmiot2>\n\
         <Fa>{body}</Fa>\n</Faktura>\n",
        party(seller, "Zmyślony Sprzedawca"),
        party(BETA, "Zmyślony Nabywca"),
    )
    .into_bytes()
}

/// Sends an invoice and waits until it is issued.
pub(crate) async fn issued(session: &Session, invoice: &[u8]) -> AcceptedInvoice {
    let sent = session.send_invoice(invoice).await.unwrap();
    match session.wait_for_invoice(&sent, &quick()).await.unwrap() {
        InvoiceStatus::Accepted(accepted) => accepted,
        other => panic!("the invoice was not issued: {other:?}"),
    }
}

/// The end of a test that sends nothing a correct client would not send.
#[track_caller]
pub(crate) fn assert_expected(sandbox: &Sandbox) {
    assert_eq!(sandbox.ksef_v1().unexpected(), []);
}

/// The way into the sandbox without sockets.
#[derive(Clone)]
pub(crate) struct InProcess(pub(crate) Entrance);

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
            let (parts, body) = request.into_parts();
            let body = axum::body::Body::from(whole(body).await?);
            let request = http::Request::from_parts(parts, body);
            let answer = self.0.send(request).await.map_err(|_| interrupted())?;
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

async fn whole(body: Body) -> Result<Bytes, TransportError> {
    match body {
        Body::Bytes(bytes) => Ok(bytes),
        Body::File(part) => {
            let read: Result<Vec<Bytes>, _> = part.read().try_collect().await;
            let unread = |_| TransportError::new(TransportErrorKind::Request);
            Ok(read.map_err(unread)?.concat().into())
        }
    }
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
