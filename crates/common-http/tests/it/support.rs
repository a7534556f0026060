//! An invented system with one endpoint of each effect, and what several tests need.

use std::{
    fmt,
    marker::PhantomData,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{
    Api, Auth, BaseUrl, Body, BodyStream, BuildError, CallOptions, Client, ClientBuilder,
    DecodeError, Detail, Endpoint, Error, Info, Parts, ProblemContext, RequestBuilder, Transport,
    TransportError, decode_json,
    scripted::{Scripted, Step},
};
use http::{HeaderValue, Method};
use tokio::time::Instant;

/// The invented system.
#[derive(Debug)]
pub(crate) struct Toy;

impl Api for Toy {
    const NAME: &'static str = "toy";

    /// The body is the message; `field: message` lines are details.
    fn problem(_: &Parts, body: &Bytes) -> ProblemContext {
        let text = String::from_utf8_lossy(body);
        let details = text.lines().filter_map(|line| line.split_once(": "));
        ProblemContext {
            code: None,
            message: Some(text.clone().into_owned()),
            details: details
                .map(|(path, message)| Detail {
                    path: Some(path.to_owned()),
                    message: Some(message.to_owned()),
                    ..Detail::default()
                })
                .collect(),
        }
    }
}

/// Makes an endpoint of an effect.
pub(crate) trait Kind: Send + Sync + 'static {
    /// What the endpoint is.
    const INFO: Info;
}

const fn info(name: &'static str, method: Method, effect: Effect, limit: &'static str) -> Info {
    Info {
        name,
        method,
        path: "/things/{id}",
        effect,
        auth: Auth::Required,
        limit,
        section: "none",
    }
}

/// [`Effect::Read`], in the limit group `reads`.
pub(crate) struct Reads;
/// [`Effect::Idempotent`], in the limit group `writes`.
pub(crate) struct Replaces;
/// [`Effect::Once`], in the limit group `writes`.
pub(crate) struct Issues;

impl Kind for Reads {
    const INFO: Info = info("things.find", Method::GET, Effect::Read, "reads");
}

impl Kind for Replaces {
    const INFO: Info = info("things.replace", Method::PUT, Effect::Idempotent, "writes");
}

impl Kind for Issues {
    const INFO: Info = info("things.issue", Method::POST, Effect::Once, "writes");
}

/// A call whose answer is a number in JSON.
pub(crate) struct Call<K> {
    id: String,
    body: Option<&'static str>,
    kind: PhantomData<fn() -> K>,
}

pub(crate) type Find = Call<Reads>;
pub(crate) type Replace = Call<Replaces>;
pub(crate) type Issue = Call<Issues>;

impl<K> Call<K> {
    pub(crate) fn new(id: impl fmt::Display) -> Self {
        Self { id: id.to_string(), body: None, kind: PhantomData }
    }

    pub(crate) fn body(mut self, body: &'static str) -> Self {
        self.body = Some(body);
        self
    }
}

impl<K: Kind> Endpoint for Call<K> {
    type Api = Toy;
    type Response = u32;

    const INFO: Info = K::INFO;

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let info = Self::INFO;
        let builder = RequestBuilder::new(&info, base).param("id", &self.id)?;
        match self.body {
            Some(body) => builder.query("secret", body).json(&body)?.finish(),
            None => builder.finish(),
        }
    }

    fn response(_: &Parts, body: &Bytes) -> Result<u32, DecodeError> {
        decode_json(body)
    }
}

/// A call without credentials that gives the answer back as it came.
pub(crate) struct Raw;

impl Endpoint for Raw {
    type Api = Toy;
    type Response = (Parts, Bytes);

    const INFO: Info = Info {
        name: "raw",
        method: Method::GET,
        path: "/raw",
        effect: Effect::Read,
        auth: Auth::None,
        limit: "",
        section: "none",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).finish()
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<Self::Response, DecodeError> {
        Ok((parts.clone(), body.clone()))
    }
}

/// Puts a body, once or more often.
pub(crate) struct Upload(pub(crate) Body);

impl Endpoint for Upload {
    type Api = Toy;
    type Response = ();

    const INFO: Info = Info {
        name: "parts.upload",
        method: Method::PUT,
        path: "/parts",
        effect: Effect::Idempotent,
        auth: Auth::None,
        limit: "",
        section: "none",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let kind = HeaderValue::from_static("application/octet-stream");
        RequestBuilder::new(&Self::INFO, base).body(kind, self.0.clone()).finish()
    }

    fn response(_: &Parts, _: &Bytes) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// Makes a call of that effect.
pub(crate) async fn call(
    client: &Client<Toy>,
    effect: Effect,
    options: CallOptions,
) -> Result<u32, Error> {
    match effect {
        Effect::Read => client.send_with(&Find::new(1), options).await,
        Effect::Idempotent => client.send_with(&Replace::new(1), options).await,
        Effect::Once => client.send_with(&Issue::new(1), options).await,
    }
}

pub(crate) const EFFECTS: [Effect; 3] = [Effect::Read, Effect::Idempotent, Effect::Once];

pub(crate) fn base() -> BaseUrl {
    "https://toy.example.test/api".parse().unwrap()
}

pub(crate) fn builder(transport: impl Transport) -> ClientBuilder<Toy> {
    Client::builder(base(), transport).seed(7)
}

/// A client on a script, and the script to ask what was sent.
pub(crate) fn scripted(steps: impl IntoIterator<Item = Step>) -> (Client<Toy>, Scripted) {
    let script = Scripted::new(steps);
    (builder(script.clone()).build(), script)
}

/// The answer that every endpoint of the system reads.
pub(crate) fn ok() -> Step {
    Step::answer(200, "7")
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A transport that answers at once and notes when it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Stopwatch<T> {
    start: Instant,
    times: Arc<Mutex<Vec<Duration>>>,
    inner: T,
}

impl<T> Stopwatch<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self { start: Instant::now(), times: Arc::default(), inner }
    }

    /// When requests were made, since the stopwatch was.
    pub(crate) fn times(&self) -> Vec<Duration> {
        self.times.lock().unwrap().clone()
    }
}

impl<T: Transport> Transport for Stopwatch<T> {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> common_core::store::BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        self.times.lock().unwrap().push(self.start.elapsed());
        self.inner.send(request)
    }
}

/// A transport that always answers with success, as fast as can be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Always;

impl Transport for Always {
    fn send(
        &self,
        _: http::Request<Body>,
    ) -> common_core::store::BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        Box::pin(std::future::ready(Ok(http::Response::new(BodyStream::whole("7")))))
    }
}
