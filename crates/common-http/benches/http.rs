//! What a call costs beside the transport: time and allocations of the client alone.
//!
//! The transport answers at once from memory, so that the difference between a call through the
//! client and a bare exchange is the client's own. The call is what a user's call usually is: a
//! path parameter, a query, a token, two rate windows, a small answer in JSON.

use std::{future::ready, hint::black_box, time::Duration};

use bytes::Bytes;
use common_core::{
    clock::{Clock, SystemClock},
    effect::Effect,
    limit::{Window, Windows},
    secret::SecretString,
    store::BoxFuture,
};
use common_http::{
    Api, Auth, BaseUrl, Body, BodyStream, BuildError, Client, DecodeError, Endpoint, Info, Parts,
    ProblemContext, RequestBuilder, StaticBearer, Transport, TransportError, decode_json,
};
use criterion::Criterion;
use http::Method;
use tokio::runtime::Runtime;

/// Goal for the time that the client adds to a call, in microseconds.
const TIME_GOAL: f64 = 30.0;

/// Goal for the allocations of a whole call; the answer's body is there already and costs none.
const ALLOCATION_GOAL: f64 = 20.0;

struct Shop;

impl Api for Shop {
    const NAME: &'static str = "shop";

    fn problem(_: &Parts, _: &Bytes) -> ProblemContext {
        ProblemContext::default()
    }
}

struct Find {
    id: u32,
}

#[derive(serde::Deserialize)]
struct Order {
    id: u32,
    total: u64,
}

impl Endpoint for Find {
    type Api = Shop;
    type Response = Order;

    const INFO: Info = Info {
        name: "orders.find",
        method: Method::GET,
        path: "/orders/{id}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: "calls",
        section: "none",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).param("id", self.id)?.query("expand", 1).finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<Order, DecodeError> {
        decode_json(body)
    }
}

/// Answers at once and allocates nothing but its future and the answer's head.
#[derive(Clone, Copy, Debug)]
struct Memory;

impl Transport for Memory {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        drop(request);
        let body = BodyStream::whole(Bytes::from_static(br#"{"id":7,"total":1250}"#));
        Box::pin(ready(Ok(http::Response::new(body))))
    }
}

/// The exchange without a client: a request that is there already, and the answer's bytes.
async fn bare(transport: &Memory) -> usize {
    let answer = transport.send(http::Request::new(Body::empty())).await;
    match answer {
        Ok(answer) => answer.into_body().collect(1024).await.map_or(0, |body| body.len()),
        Err(_) => 0,
    }
}

async fn called(client: &Client<Shop>) -> u64 {
    let order = client.send(&Find { id: 7 }).await;
    order.map_or(0, |order| u64::from(order.id) + order.total)
}

fn client() -> Client<Shop> {
    // So wide that no call waits, and checked all the same.
    let wide = Windows::new([
        Window::new(1000, Duration::from_nanos(1)),
        Window::new(2000, Duration::from_nanos(2)),
    ]);
    let token = SecretString::from("a-token-of-the-usual-length-0123456789");
    let (Ok(base), Ok(bearer)) =
        ("https://shop.example.test/api/v1".parse(), StaticBearer::new(&token))
    else {
        unreachable!("both are constants that are right")
    };
    Client::builder(base, Memory).authorise(bearer).limit("a", "calls", wide).seed(7).build()
}

/// The median of many short measurements, in microseconds per round.
fn median_micros(runtime: &Runtime, samples: usize, mut round: impl AsyncFnMut()) -> f64 {
    const ROUNDS: u32 = 200;

    let clock = SystemClock::new();
    let mut times: Vec<Duration> = (0..samples)
        .map(|_| {
            let start = clock.tick();
            runtime.block_on(async {
                for _ in 0..ROUNDS {
                    round().await;
                }
            });
            clock.tick().since(start) / ROUNDS
        })
        .collect();
    times.sort();
    times[samples / 2].as_secs_f64() * 1e6
}

fn allocations(runtime: &Runtime, mut round: impl AsyncFnMut()) -> u64 {
    // The first rounds fill what is kept, the limiter's log for one.
    runtime.block_on(async {
        for _ in 0..3000 {
            round().await;
        }
    });
    allocation_counter::measure(|| runtime.block_on(round())).count_total
}

/// Prints a figure in the one form that scripts read.
#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
fn row(figure: &str, value: &str, ratio: f64, reference: &str) {
    println!("{figure}: {value}, {ratio:.2} of {reference} (goal <= 1)");
}

fn main() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else {
        unreachable!("a runtime without sockets needs nothing from the system")
    };
    let client = runtime.block_on(async { client() });
    let bare_round = async || {
        black_box(bare(&Memory).await);
    };
    let call_round = async || {
        black_box(called(&client).await);
    };
    assert_eq!(runtime.block_on(called(&client)), 7 + 1250, "the call must succeed to count");

    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("http/bare exchange", |bencher| {
        bencher.iter(|| runtime.block_on(bare_round()));
    });
    criterion.bench_function("http/call", |bencher| {
        bencher.iter(|| runtime.block_on(call_round()));
    });
    criterion.final_summary();

    // `cargo test --benches` runs this file without `--bench`: then a look is enough.
    let samples = if std::env::args().any(|argument| argument == "--bench") { 501 } else { 3 };
    let overhead =
        median_micros(&runtime, samples, call_round) - median_micros(&runtime, samples, bare_round);
    let count = allocations(&runtime, call_round);
    let (us, goal) = (format!("{overhead:.1} us"), format!("{TIME_GOAL} us"));
    row("call overhead", &us, overhead / TIME_GOAL, &goal);
    #[expect(clippy::cast_precision_loss, reason = "some tens of allocations")]
    let ratio = count as f64 / ALLOCATION_GOAL;
    row("call allocations", &format!("{count} allocations"), ratio, &ALLOCATION_GOAL.to_string());
}
