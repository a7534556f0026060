//! What sending costs the sender: the CPU time of this process for each invoice, beside the bare
//! work that cannot be avoided, in one run. The sandbox is another process, so that its work does
//! not count.
//!
//! `cargo bench -p ksef-client --bench ksef-v1`, or `cargo xtask bench ksef-v1`.

use std::{io::Write as _, time::Duration};

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
use trial::child::Child;

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
    let all = rounds * usual;
    let name = format!("{all} sends of 2.5 kB, {IN_FLIGHT} in flight, client CPU per invoice");
    let exchange = "sealing and the same requests without the client";
    sum.row(&name, exchange, sum.bare + sum.exchange);
    say(&format!("of this, sealing alone takes {:.1} us", sum.bare));

    let mut sum = Cost::default();
    for round in 0..rounds {
        sum.add(&bench.round(rounds + round, large, LARGE).await?);
    }
    let all = rounds * large;
    let name = format!("{all} sends of 250 kB, client CPU per invoice");
    sum.row(&name, "sealing alone", sum.bare);
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
#[derive(Debug, Default)]
struct Cost {
    rounds: f64,
    bare: f64,
    exchange: f64,
    client: f64,
}

impl Cost {
    fn add(&mut self, round: &Self) {
        let mean = |mean: &mut f64, value: f64| *mean += (value - *mean) / (self.rounds + 1.0);
        mean(&mut self.bare, round.bare);
        mean(&mut self.exchange, round.exchange);
        mean(&mut self.client, round.client);
        self.rounds += 1.0;
    }

    fn row(&self, figure: &str, reference: &str, cost: f64) {
        let (value, ratio) = (self.client, self.client / cost);
        say(&format!("{figure}: {value:.1} us, {ratio:.2} of {reference} (goal <= 1.5)"));
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

    /// So many invoices sealed, exchanged without the client, and sent by the client; each is
    /// another one.
    async fn round(&self, round: usize, count: usize, size: usize) -> Result<Cost, Failure> {
        let invoices = |kind: &str| -> Vec<Bytes> {
            (0..count).map(|number| invoice(&format!("{kind}/{round}/{number}"), size)).collect()
        };
        let plain = invoices("bare");
        let start = cpu()?;
        for invoice in &plain {
            std::hint::black_box(seal(&self.key, invoice));
        }
        let bare = cpu()? - start;
        let requests =
            plain.iter().map(|invoice| self.request(invoice)).collect::<Result<Vec<_>, _>>()?;
        let start = cpu()?;
        let exchanges = requests.into_iter().map(|request| self.exchange(request));
        stream::iter(exchanges).buffer_unordered(IN_FLIGHT).try_collect::<Vec<_>>().await?;
        let exchange = cpu()? - start;
        let plain = invoices("sent");
        let start = cpu()?;
        let sendings = plain.iter().map(|invoice| self.session.send_invoice(invoice));
        stream::iter(sendings).buffer_unordered(IN_FLIGHT).try_collect::<Vec<_>>().await?;
        let client = cpu()? - start;
        #[expect(clippy::cast_precision_loss, reason = "counts are far below the precision")]
        let each = |micros: f64| micros / count as f64;
        Ok(Cost { rounds: 1.0, bare: each(bare), exchange: each(exchange), client: each(client) })
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

/// The CPU time of this process so far, in microseconds (`/proc`, Linux).
fn cpu() -> Result<f64, Failure> {
    // Nanoseconds that each thread was on a processor; there are no more threads than workers.
    let mut nanos = 0.0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        let first = text.split_whitespace().next().ok_or("the system does not tell CPU times")?;
        nanos += first.parse::<f64>()?;
    }
    Ok(nanos / 1000.0)
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
