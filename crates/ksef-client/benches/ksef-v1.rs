//! What sending costs the sender: the CPU time of this process for each invoice, beside the bare
//! work that cannot be avoided, in one run. The sandbox is another process, so that its work does
//! not count.
//!
//! `cargo bench -p ksef-client --bench ksef-v1`, or `cargo xtask bench ksef-v1`.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use common_core::{
    poll::PollSchedule,
    secret::{ExposeSecret, SecretString},
};
use common_http::{Body, Endpoint};
use futures_util::{StreamExt, TryStreamExt, stream};
use ksef_client::v1::{
    BaseUrl, Client, Context, Environment, FormCode, HttpOptions, ReqwestTransport, Session,
    Transport, invoices,
};
use ksef_crypto::seal::{SessionKey, seal};
use sandbox::Sandbox;
use trial::{child::Child, cpu};

/// What a bench may fail with before it measures anything.
type Failure = trial::Failure;

/// Makes this program the process with the sandbox.
const SANDBOX: &str = "--sandbox";

const SELLER: &str = "9990000103";

/// How many requests are under way at a time.
const IN_FLIGHT: usize = 32;

/// A usual invoice, and one so large that cryptography is most of the work.
const USUAL: usize = 2_500;
const LARGE: usize = 250_000;

/// What sending may add to the resident memory once everything is warm, in megabytes.
const MEMORY_GOAL: f64 = 8.0;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == SANDBOX) {
        return serve().await;
    }
    // `cargo test --benches` runs this file without `--bench`: then a look is enough.
    let is_measured = arguments.iter().any(|argument| argument == "--bench");
    let (rounds, usual, large) = if is_measured { (10, 1_000, 40) } else { (2, 40, 4) };
    let mut child = Child::start([SANDBOX])?;
    let ready = child.hear()?.ok_or("the sandbox did not start")?;
    let (base, token) = ready.split_once(' ').ok_or("the sandbox said something else")?;
    let bench = Bench::open(base, token.to_owned().into()).await?;

    let mut sum = Cost::default();
    let mut warm = 0.0;
    for round in 0..rounds {
        sum.add(&bench.round(round, usual, USUAL).await?);
        if round == 0 {
            warm = resident()?;
        }
    }
    let grown = (resident()? - warm).max(0.0);
    sum.say(&format!("{} sends of 2.5 kB, {IN_FLIGHT} in flight", rounds * usual));

    let mut sum = Cost::default();
    for round in 0..rounds {
        sum.add(&bench.round(rounds + round, large, LARGE).await?);
    }
    sum.say(&format!("{} sends of 250 kB, {IN_FLIGHT} in flight", rounds * large));
    let ratio = grown / MEMORY_GOAL;
    say(&format!(
        "memory that the sends after the first tenth add: {grown:.1} MB, {ratio:.2} of \
         {MEMORY_GOAL} MB (goal <= 1)"
    ));
    Ok(())
}

/// The sandbox, until it is killed.
async fn serve() -> Result<(), Failure> {
    let sandbox = Sandbox::builder().calm().start().await?;
    let ksef = sandbox.ksef_v1();
    let token = ksef.token(SELLER).ok_or("the sandbox has no token of the seller")?;
    say(&format!("{} {token}", ksef.base_url()));
    std::future::pending().await
}

/// CPU time for one invoice, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    rounds: f64,
    /// Hash, AES, hash of the ciphertext and Base64: no client can do with less.
    crypto: f64,
    /// The bytes of the request and of its answer through a bare socket.
    socket: f64,
    /// The finished request through the HTTP library.
    exchange: f64,
    /// All that the client does.
    client: f64,
}

impl Cost {
    fn add(&mut self, round: &Self) {
        let mean = |mean: &mut f64, value: f64| *mean += (value - *mean) / (self.rounds + 1.0);
        mean(&mut self.crypto, round.crypto);
        mean(&mut self.socket, round.socket);
        mean(&mut self.exchange, round.exchange);
        mean(&mut self.client, round.client);
        self.rounds += 1.0;
    }

    fn say(&self, name: &str) {
        let Self { crypto, socket, exchange, client, .. } = self;
        let row = |reference: &str, cost: f64| {
            let ratio = client / cost;
            say(&format!(
                "{name}, client CPU per invoice: {client:.1} us, {ratio:.2} of {reference} \
                 (goal <= 1.5)"
            ));
        };
        row("the bare crypto (hash, AES, hash, Base64)", *crypto);
        row("the bare crypto and the HTTP library alone", crypto + exchange);
        say(&format!(
            "of this the bare crypto takes {crypto:.1} us, and the request through the HTTP \
             library {exchange:.1} us; through a bare socket it takes {socket:.1} us"
        ));
    }
}

struct Bench {
    session: Session,
    transport: ReqwestTransport,
    base: BaseUrl,
    key: SessionKey,
    token: String,
}

impl Bench {
    async fn open(base: &str, token: SecretString) -> Result<Self, Failure> {
        let transport = ReqwestTransport::new(HttpOptions::new("ksef-v1-bench"))?;
        let client = Client::builder(Environment::at(base)?).transport(transport.clone());
        let client = client.unlimited().build()?;
        let authority = client.authority_key().await?;
        let opening = client.session(Context::nip(SELLER)?, FormCode::FA_2);
        let opening = opening.encrypted(authority.clone());
        let schedule = PollSchedule::new(Duration::from_millis(20), Duration::from_millis(200));
        let session = opening.by_token(&token, &authority).await?.wait(&schedule).await?;
        let state = session.export().expose_json();
        let state: serde_json::Value = serde_json::from_str(state.expose_secret())?;
        let token = state["token"].as_str().ok_or("the session has no token")?.to_owned();
        let key = session.encryption_key().ok_or("the session has no key")?.duplicate();
        Ok(Self { session, transport, base: client.base().clone(), key, token })
    }

    /// So many invoices through the bare crypto, a bare socket, the HTTP library and the client;
    /// each is another one.
    async fn round(&self, round: usize, count: usize, size: usize) -> Result<Cost, Failure> {
        let invoices = |kind: &str| -> Vec<Bytes> {
            (0..count).map(|number| invoice(&format!("{kind}/{round}/{number}"), size)).collect()
        };
        let requests = |kind: &str| -> Result<Vec<_>, Failure> {
            invoices(kind).iter().map(|invoice| self.request(invoice)).collect()
        };
        let plain = invoices("crypto");
        let start = cpu()?;
        for invoice in &plain {
            let sealed = seal(&self.key, invoice);
            std::hint::black_box(STANDARD.encode(&sealed.bytes));
        }
        let crypto = cpu()? - start;
        let finished = requests("socket")?;
        let start = cpu()?;
        self.through_a_socket(finished)?;
        let socket = cpu()? - start;
        let finished = requests("exchange")?;
        let start = cpu()?;
        let exchanges = finished.into_iter().map(|request| self.exchange(request));
        stream::iter(exchanges).buffer_unordered(IN_FLIGHT).try_collect::<Vec<_>>().await?;
        let exchange = cpu()? - start;
        let plain = invoices("client");
        let start = cpu()?;
        let sendings = plain.iter().map(|invoice| self.session.send_invoice(invoice));
        stream::iter(sendings).buffer_unordered(IN_FLIGHT).try_collect::<Vec<_>>().await?;
        let client = cpu()? - start;
        #[expect(clippy::cast_precision_loss, reason = "counts are far below the precision")]
        let each = |micros: f64| micros / count as f64;
        let (crypto, socket) = (each(crypto), each(socket));
        Ok(Cost { rounds: 1.0, crypto, socket, exchange: each(exchange), client: each(client) })
    }

    /// The requests one after the other over one connection, with no more around them than HTTP
    /// needs: little but what the kernel takes.
    fn through_a_socket(&self, requests: Vec<http::Request<Body>>) -> Result<(), Failure> {
        let host = self.base.as_str().trim_start_matches("http://").split('/').next();
        let host = host.ok_or("the base has no host")?;
        let mut socket = TcpStream::connect(host)?;
        socket.set_nodelay(true)?;
        let mut answer = [0; 16 * 1024];
        for request in requests {
            let (head, body) = request.into_parts();
            let Body::Bytes(body) = body else { return Err("the body is no bytes".into()) };
            let mut text = format!("{} {} HTTP/1.1\r\n", head.method, head.uri.path());
            for (name, value) in &head.headers {
                text.extend([name.as_str(), ": ", value.to_str()?, "\r\n"]);
            }
            text.extend(["host: ", host, "\r\ncontent-length: "]);
            text.extend([&*body.len().to_string(), "\r\n\r\n"]);
            socket.write_all(text.as_bytes())?;
            socket.write_all(&body)?;
            // A calm double answers in one piece.
            let length = socket.read(&mut answer)?;
            if !answer[..length].starts_with(b"HTTP/1.1 202") {
                return Err("the bare request was not taken".into());
            }
        }
        Ok(())
    }

    /// The request that the client would send.
    fn request(&self, invoice: &[u8]) -> Result<http::Request<Body>, Failure> {
        let mut request = invoices::Send::encrypted(invoice, &self.key)?.request(&self.base)?;
        request.headers_mut().insert("sessiontoken", self.token.parse()?);
        Ok(request)
    }

    async fn exchange(&self, request: http::Request<Body>) -> Result<usize, Failure> {
        let answer = self.transport.send(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect(1 << 20).await?;
        if status.as_u16() == 202 {
            Ok(body.len())
        } else {
            Err(format!("answered {status}").into())
        }
    }
}

/// An invoice of about that size.
fn invoice(number: &str, size: usize) -> Bytes {
    let party = |nip: &str| {
        format!(
            "<DaneIdentyfikacyjne><NIP>{nip}</NIP><Nazwa>Zmyślona</Nazwa></DaneIdentyfikacyjne>"
        )
    };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Faktura xmlns=\"http://crd.gov.pl/wzor/2023/06/29/12648/\">\n<Naglowek>\
         <KodFormularza kodSystemowy=\"FA (2)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\
         <WariantFormularza>2</WariantFormularza>\
         <DataWytworzeniaFa>2026-01-31T10:30:00Z</DataWytworzeniaFa></Naglowek>\n\
         <Podmiot1>{}</Podmiot1>\n<Podmiot2>{}</Podmiot2>\n<Fa><KodWaluty>PLN</KodWaluty>\
         <P_1>2026-01-31</P_1><P_2>{number}</P_2><P_13_1>200.00</P_13_1><P_14_1>46.00</P_14_1>\
         <P_15>246.00</P_15><Adnotacje><P_16>2</P_16><P_17>2</P_17><P_18>2</P_18></Adnotacje>\
         <RodzajFaktury>VAT</RodzajFaktury>",
        party(SELLER),
        party("9990000126"),
    );
    let row = "<FaWiersz><NrWierszaFa>1</NrWierszaFa><P_7>chleb wymyślony</P_7></FaWiersz>\n";
    while text.len() < size {
        text.push_str(row);
    }
    text.push_str("</Fa>\n</Faktura>\n");
    text.into()
}

/// The resident memory of this process in megabytes.
fn resident() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.ok_or("the system does not tell the memory")?.parse::<f64>()? / 1024.0)
}

fn say(line: &str) {
    // When nobody reads any more, there is nobody to tell.
    let _ = writeln!(std::io::stdout(), "{line}");
}
