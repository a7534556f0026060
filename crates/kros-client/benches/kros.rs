//! What the crate's own work costs, each figure as a ratio to a reference that is measured in the
//! same run: signatures against bare HMACs, reading and writing JSON against `serde_json::Value`,
//! and a call against the exchange without a client.
//!
//! `cargo bench -p kros-client --bench kros`, or `cargo xtask bench kros`. The rows at the end are
//! the figures; criterion's output before them shows the same pairs with their spread.

use std::{future::ready, hint::black_box, path::Path, time::Duration};

use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use common_core::{
    clock::{Clock, SystemClock},
    limit::{Window, Windows},
    store::BoxFuture,
};
use common_http::{Api, Body, BodyStream, Endpoint, Parts, Transport, TransportError};
use criterion::Criterion;
use kros_client::{
    Client, Environment, Kros, Limits,
    check::{self, Profile},
    invoices,
    model::NewInvoice,
    webhook::Verifier,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// The time that the client may add to a call, in microseconds.
const CALL_GOAL: f64 = 30.0;

const SECRET: &str = "not-a-real-secret-of-fifty-characters-0123456789ab";

/// What a bench may fail with before it measures anything.
type Failure = Box<dyn std::error::Error>;

/// One figure: the work, its reference, and how many times the reference it may take.
struct Figure<'a> {
    name: &'static str,
    reference: &'static str,
    goal: f64,
    work: Box<dyn FnMut() + 'a>,
    bare: Box<dyn FnMut() + 'a>,
}

fn main() -> Result<(), Failure> {
    // `cargo test --benches` runs this file without `--bench`: then a look is enough.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let samples = if measured { 301 } else { 3 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let client = client(&runtime)?;
    let documents = Documents::read()?;

    let mut figures = vec![
        verification(&documents)?,
        reading_a_page(&documents)?,
        reading_a_refusal(&documents)?,
        writing_a_batch(&documents)?,
        checking(&documents)?,
    ];
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .configure_from_args();
    for figure in &mut figures {
        let (name, reference) = (figure.name, figure.reference);
        criterion.bench_function(&format!("kros/{name}"), |one| one.iter(|| (figure.work)()));
        criterion.bench_function(&format!("kros/{name}, reference: {reference}"), |one| {
            one.iter(|| (figure.bare)());
        });
    }
    criterion.final_summary();

    for figure in &mut figures {
        let (work, bare) = medians(samples, &mut figure.work, &mut figure.bare);
        row(figure.name, work, work / bare, figure.reference, figure.goal);
    }
    let (call, bare) = medians(
        samples,
        || runtime.block_on(async { assert!(client.send(&invoices::List::new()).await.is_ok()) }),
        || runtime.block_on(async { assert_eq!(exchange(&Memory).await, EMPTY.len()) }),
    );
    let added = call - bare;
    row("call of a list, time added to the exchange", added, added / CALL_GOAL, "30 us", 1.0);
    Ok(())
}

/// A signature checked against both schemes; the reference signs the same bytes in both forms,
/// which are there already.
fn verification(documents: &Documents) -> Result<Figure<'_>, Failure> {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let key = |bytes: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
    let (short, long) = (key(SECRET.as_bytes()), key(&utf16(SECRET)));
    let body = &documents.notification;
    let wide = utf16(body);
    let signature = BASE64_STANDARD.encode(hmac::sign(&long, &wide));
    let verifier = Verifier::new().secret(SECRET);
    verifier.verify(body.as_bytes(), Some(signature.as_bytes()))?;
    Ok(Figure {
        name: "verification of a notification of 1.5 KB, both schemes",
        reference: "two bare HMAC-SHA256 of it",
        goal: 2.5,
        work: Box::new(move || {
            let read = verifier.verify(body.as_bytes(), Some(signature.as_bytes()));
            assert!(black_box(read).is_ok());
        }),
        bare: Box::new(move || {
            black_box(hmac::sign(&short, body.as_bytes()));
            black_box(hmac::sign(&long, &wide));
        }),
    })
}

fn reading_a_page(documents: &Documents) -> Result<Figure<'_>, Failure> {
    let parts = parts(200)?;
    let read = invoices::List::response(&parts, &documents.page)?;
    assert_eq!(read.len(), 100, "the whole page must be read to count");
    Ok(Figure {
        name: "reading of a page of 100 invoices",
        reference: "serde_json::Value",
        goal: 1.0,
        work: Box::new(move || {
            assert!(black_box(invoices::List::response(&parts, &documents.page)).is_ok());
        }),
        bare: Box::new(|| read_value(&documents.page)),
    })
}

fn reading_a_refusal(documents: &Documents) -> Result<Figure<'_>, Failure> {
    let parts = parts(400)?;
    let read = Kros::problem(&parts, &documents.refusal);
    assert_eq!(read.details.len(), 100, "every finding must be read to count");
    Ok(Figure {
        name: "reading of the refusal of 100 documents",
        reference: "serde_json::Value",
        goal: 1.5,
        work: Box::new(move || {
            black_box(Kros::problem(&parts, &documents.refusal));
        }),
        bare: Box::new(|| read_value(&documents.refusal)),
    })
}

fn writing_a_batch(documents: &Documents) -> Result<Figure<'_>, Failure> {
    let value = documents.as_value()?;
    Ok(Figure {
        name: "writing of a batch of 100 invoices",
        reference: "writing an equal serde_json::Value",
        goal: 2.0,
        work: Box::new(|| {
            assert!(black_box(invoices::CreateBatch::new(&documents.invoices)).is_ok());
        }),
        bare: Box::new(move || write_value(&value)),
    })
}

fn checking(documents: &Documents) -> Result<Figure<'_>, Failure> {
    let (profile, value) = (Profile::documented(), documents.as_value()?);
    Ok(Figure {
        name: "checks of 100 invoices",
        reference: "writing an equal serde_json::Value",
        goal: 2.0,
        work: Box::new(move || {
            black_box(check::invoices(&documents.invoices, &profile));
        }),
        bare: Box::new(move || write_value(&value)),
    })
}

fn read_value(bytes: &Bytes) {
    let value: Result<Value, _> = serde_json::from_slice(bytes);
    assert!(black_box(value).is_ok());
}

fn write_value(value: &Value) {
    assert!(black_box(serde_json::to_vec(value)).is_ok());
}

/// The documents and answers that are measured.
struct Documents {
    invoices: Vec<NewInvoice>,
    page: Bytes,
    refusal: Bytes,
    notification: String,
}

impl Documents {
    /// Reads 100 of the example invoices and makes the answers that belong to them.
    fn read() -> Result<Self, Failure> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/kros/examples");
        let mut data = Vec::new();
        for file in 1..=10 {
            let text = std::fs::read(folder.join(format!("invoices-{file:03}.json")))?;
            let body: Value = serde_json::from_slice(&text)?;
            data.extend(body["data"].as_array().into_iter().flatten().cloned());
        }
        let invoices = serde_json::from_value(Value::Array(data.clone()))?;
        let issued: Vec<Value> = (1..).zip(data).map(|(id, invoice)| issued(id, invoice)).collect();
        let findings: Vec<Value> = (0..issued.len()).map(finding).collect();
        let page = serde_json::to_vec(&json!({"data": issued}))?;
        let refusal = serde_json::to_vec(&json!({"isValid": false, "errors": findings}))?;
        let notification = notification(&issued).to_string();
        assert!((1300..1700).contains(&notification.len()), "{} bytes", notification.len());
        Ok(Self { invoices, page: page.into(), refusal: refusal.into(), notification })
    }

    /// The very body that a batch of the invoices has.
    fn as_value(&self) -> Result<Value, Failure> {
        let base = "https://kros.example.test/api".parse()?;
        let request = invoices::CreateBatch::new(&self.invoices)?.request(&base)?;
        match request.body() {
            Body::Bytes(written) => Ok(serde_json::from_slice(written)?),
            Body::File(_) => Err("the body of a batch is no bytes".into()),
        }
    }
}

/// An invoice as a list shows it.
fn issued(id: u32, mut invoice: Value) -> Value {
    let sums = json!({"totalPrice": 100, "totalPriceInclVat": 123, "vatTotalPrice": 23});
    let added = json!({
        "id": id,
        "paymentStatus": 0,
        "prices": {"currency": "EUR", "documentPrices": sums, "legislativePrices": sums},
        "sumOfPayments": 0,
        "sumForPayment": 123,
        "lastModifiedTimestamp": "2026-10-01T10:20:30",
        "pdfReportLink": format!("https://kros.example.test/api/invoices/{id}/reports/19"),
        "previewLink": format!("https://kros.example.test/preview/{id}"),
    });
    if let (Value::Object(invoice), Value::Object(added)) = (&mut invoice, added) {
        invoice.extend(added);
    }
    invoice
}

fn finding(index: usize) -> Value {
    let message = "A currency code of ISO 4217 is required.";
    json!({"documentIndex": index, "propertyPath": "currency", "errorMessage": message})
}

/// The notification about a request of some documents, in the current shape (KROS facts §2).
fn notification(issued: &[Value]) -> Value {
    let entity = |invoice: &Value| {
        let data = json!({
            "id": invoice["id"],
            "externalId": invoice["externalId"],
            "numberingSequence": "OF",
            "documentNumber": "20261001001",
            "variableSymbol": "0261001001",
        });
        json!({"data": data, "problems": []})
    };
    json!({
        "companyId": 5001,
        "status": 200,
        "requestId": "0b6f7c1e-5d1a-4c0e-9a53-2f1f6a1f0c11",
        "apiUrl": "https://kros.example.test/api/invoices/{id}",
        "results": {"entities": issued.iter().take(9).map(entity).collect::<Vec<_>>()},
    })
}

fn parts(status: u16) -> Result<Parts, Failure> {
    Ok(http::Response::builder().status(status).body(())?.into_parts().0)
}

const EMPTY: &[u8] = br#"{"data":[]}"#;

/// Answers every request at once with an empty list.
#[derive(Clone, Copy, Debug)]
struct Memory;

impl Transport for Memory {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        drop(request);
        Box::pin(ready(Ok(http::Response::new(BodyStream::whole(Bytes::from_static(EMPTY))))))
    }
}

/// The exchange without a client: how many bytes came.
async fn exchange(transport: &Memory) -> usize {
    match transport.send(http::Request::new(Body::empty())).await {
        Ok(answer) => answer.into_body().collect(1024).await.map_or(0, |body| body.len()),
        Err(_) => 0,
    }
}

fn client(runtime: &Runtime) -> Result<Client, Failure> {
    // A client's clock starts inside a runtime.
    let _inside = runtime.enter();
    // So wide that no call waits, and checked all the same.
    let wide = Windows::new([
        Window::new(1000, Duration::from_nanos(1)),
        Window::new(2000, Duration::from_nanos(2)),
    ]);
    Ok(Client::builder(Environment::at("https://kros.example.test/api")?)
        .token("not-a-real-token-of-the-usual-length-0123456789".into())
        .transport(Memory)
        .limits(Limits::custom(wide))
        .seed(7)
        .build()?)
}

/// The medians of many short measurements in microseconds, taken in turns, so that a slow moment
/// of the machine meets both.
fn medians(samples: usize, mut work: impl FnMut(), mut bare: impl FnMut()) -> (f64, f64) {
    let clock = SystemClock::new();
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..samples {
        times.0.push(micros(&clock, &mut work));
        times.1.push(micros(&clock, &mut bare));
    }
    (median(times.0), median(times.1))
}

/// The time of one round, of as many as a reading of the clock needs to be exact.
fn micros(clock: &SystemClock, round: &mut impl FnMut()) -> f64 {
    const LONG_ENOUGH: Duration = Duration::from_micros(500);

    let (start, mut rounds) = (clock.tick(), 0_u32);
    loop {
        round();
        rounds += 1;
        let passed = clock.tick().since(start);
        if passed >= LONG_ENOUGH {
            return passed.as_secs_f64() * 1e6 / f64::from(rounds);
        }
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Prints a figure in the one form that scripts read.
#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
fn row(figure: &str, micros: f64, ratio: f64, reference: &str, goal: f64) {
    println!("{figure}: {micros:.1} us, {ratio:.2} of {reference} (goal <= {goal})");
}
