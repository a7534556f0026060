//! The client's side of the wire: everything goes through the relay that tears connections, some
//! documents are changed on the way, and every try is watched.
//!
//! What is watched: whether a call that is done once was repeated although an earlier try may have
//! arrived; whether the tokens are renewed by one at a time, and only when it is time; and whether a
//! token was ever shown to a link.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use common_core::{clock::Clock as _, store::BoxFuture};
use common_http::{Body, BodyStream, RuntimeClock, TransportError, TransportErrorKind};
use http::{Method, Request, Response, Uri, header::AUTHORIZATION};
use ksef_client::v2::{Error, ReqwestTransport, Transport};
use rand::{RngExt, rngs::StdRng};
use tokio::time::Instant;
use trial::Failure;

use crate::tally::{Row, Tally};

/// How far the clocks of this process may be apart.
const TOLERANCE: TimeDelta = TimeDelta::milliseconds(60);

/// What is done once (`Effect::Once`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Once {
    Begin,
    Redeem,
    Open,
    Send,
    Close,
    OpenBatch,
    CloseBatch,
    Export,
}

impl Once {
    /// Whether the client asks for the state when the call is refused because of it.
    const fn may_be_found_out(self) -> bool {
        matches!(self, Self::Close | Self::CloseBatch)
    }

    fn is(self, endpoint: &str) -> bool {
        endpoint
            == match self {
                Self::Begin => return endpoint.starts_with("auth.start_"),
                Self::Redeem => "auth.redeem",
                Self::Open => "online.open",
                Self::Send => "online.send",
                Self::Close => "online.close",
                Self::OpenBatch => "batch.open",
                Self::CloseBatch => "batch.close",
                Self::Export => "exports.start",
            }
    }
}

/// The wire of one caller, which does one thing that is done once at a time. Clones share it.
#[derive(Clone)]
pub(crate) struct Wire {
    inner: ReqwestTransport,
    /// Where the bytes go instead of where the request says.
    detour: Option<String>,
    clock: Arc<RuntimeClock>,
    watch: Arc<Mutex<Watch>>,
}

struct Watch {
    calls: BTreeMap<Once, Call>,
    /// Whether logins are made by an account on its own, which begins them when it needs to.
    logs_in_by_itself: bool,
    tokens: Tokens,
    chance: StdRng,
    spoilt: u64,
    sentences: Vec<String>,
}

/// The tries of the call that is meant now.
#[derive(Clone, Copy, Debug, Default)]
struct Call {
    /// Whether one more try may be made: none was, or the last one was certainly not processed.
    may_try: bool,
    doubtful: bool,
    succeeded: bool,
}

#[derive(Default)]
struct Tokens {
    renewing: u32,
    renewed: Option<Instant>,
    refused: bool,
    times: u64,
    after_refusal: u64,
    /// When the next renewal is due: a minute before the token ends.
    due: Option<DateTime<Utc>>,
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Success,
    /// Certainly not processed.
    Refused,
    Doubtful,
}

impl Wire {
    /// A wire through that detour, `http://host:port`; what is changed on the way is drawn from
    /// `chance`.
    pub(crate) fn new(inner: &ReqwestTransport, detour: Option<String>, chance: StdRng) -> Self {
        let watch = Watch {
            calls: BTreeMap::new(),
            logs_in_by_itself: false,
            tokens: Tokens::default(),
            chance,
            spoilt: 0,
            sentences: Vec::new(),
        };
        let (inner, clock) = (inner.clone(), Arc::new(RuntimeClock::new()));
        Self { inner, detour, clock, watch: Arc::new(Mutex::new(watch)) }
    }

    /// Leaves logins out of what is watched: an account makes them on its own.
    pub(crate) fn logs_in_by_itself(self) -> Self {
        self.watch().logs_in_by_itself = true;
        self
    }

    /// A call that is done once is about to be made.
    pub(crate) fn mean(&self, once: Once) {
        let call = Call { may_try: true, ..Call::default() };
        self.watch().calls.insert(once, call);
    }

    /// Holds what the client says of the call against what left and came.
    pub(crate) fn judge<T>(&self, once: Once, said: Result<&T, &Error>) {
        let mut watch = self.watch();
        let call = watch.calls.get(&once).copied().unwrap_or_default();
        let arrived = call.doubtful || call.succeeded;
        let sentence = match said {
            Ok(_) if !call.succeeded && !once.may_be_found_out() => {
                "done, and no answer said so".to_owned()
            }
            Err(error) if arrived && !error.may_have_happened() => {
                format!("certainly not done, and bytes had left: {error}")
            }
            // What comes before the call may be doubtful for itself.
            Err(error) if !arrived && error.may_have_happened() && once.is(error.endpoint()) => {
                format!("perhaps done, and it was certainly not: {error}")
            }
            _ => return,
        };
        watch.sentences.push(format!("{once:?} was said to be {sentence}"));
    }

    /// How many documents and parts were changed so far.
    pub(crate) fn spoilt(&self) -> u64 {
        self.watch().spoilt
    }

    /// What was wrong, once; and counts what was met.
    pub(crate) fn take_sentences(&self, tally: &mut Tally) -> Vec<String> {
        let mut watch = self.watch();
        tally.add(Row::Spoilt, std::mem::take(&mut watch.spoilt));
        tally.add(Row::Renewed, std::mem::take(&mut watch.tokens.times));
        tally.add(Row::RenewedAfterRefusal, std::mem::take(&mut watch.tokens.after_refusal));
        std::mem::take(&mut watch.sentences)
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn carry(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<BodyStream>, TransportError> {
        let path = request.uri().path().to_owned();
        let shows_token = request.headers().contains_key(AUTHORIZATION);
        if path.starts_with("/storage/") && shows_token {
            self.watch().sentences.push(format!("a token was shown to a link: {path}"));
        }
        let mut one = Try::begin(self, request.method(), &path);
        if let Some(detour) = &self.detour {
            *request.uri_mut() = around(request.uri(), detour)?;
        }
        let answer = self.inner.send(request).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                one.end(error.kind());
                return Err(error);
            }
        };
        if !one.is_renewal {
            one.answered(answer.status().as_u16());
            return Ok(self.spoil(&path, answer).await);
        }
        let (parts, body) = answer.into_parts();
        match body.collect(u64::MAX).await {
            Ok(body) => {
                one.due = due(&body);
                one.answered(parts.status.as_u16());
                Ok(Response::from_parts(parts, BodyStream::whole(body)))
            }
            Err(error) => {
                one.settle(End::Doubtful);
                Ok(Response::from_parts(parts, broken(error)))
            }
        }
    }

    /// Now and then changes a byte of what has a hash.
    async fn spoil(&self, path: &str, answer: Response<BodyStream>) -> Response<BodyStream> {
        let has_hash = ["/invoice-part/", "/session-upo/"].iter().any(|kind| path.contains(kind));
        let spoils = has_hash && answer.status() == 200 && self.watch().chance.random_bool(0.12);
        if self.detour.is_none() || !spoils {
            return answer;
        }
        let (parts, body) = answer.into_parts();
        let body = match body.collect(u64::MAX).await {
            Ok(body) => body,
            Err(error) => return Response::from_parts(parts, broken(error)),
        };
        let mut bytes = body.to_vec();
        let mut watch = self.watch();
        if !bytes.is_empty() {
            let at = watch.chance.random_range(0..bytes.len());
            bytes[at] ^= 1 << watch.chance.random_range(0..8);
            watch.spoilt += 1;
        }
        Response::from_parts(parts, BodyStream::whole(Bytes::from(bytes)))
    }
}

fn broken(error: TransportError) -> BodyStream {
    BodyStream::stream(futures_util::stream::iter([Err(error)]))
}

/// When a token that was just given is to be renewed: a minute before its end.
fn due(body: &[u8]) -> Option<DateTime<Utc>> {
    let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
    let until: DateTime<Utc> = answer["accessToken"]["validUntil"].as_str()?.parse().ok()?;
    Some(until - TimeDelta::minutes(1))
}

/// The same address at another host.
fn around(uri: &Uri, detour: &str) -> Result<Uri, TransportError> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let wrong = |error: http::uri::InvalidUri| {
        TransportError::new(TransportErrorKind::Request).because(Failure::from(error))
    };
    format!("{detour}{target}").parse().map_err(wrong)
}

impl Transport for Wire {
    fn send(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'_, Result<Response<BodyStream>, TransportError>> {
        Box::pin(self.carry(request))
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire(..)")
    }
}

/// One try; one that is dropped before its end is doubtful.
struct Try<'a> {
    wire: &'a Wire,
    once: Option<Once>,
    is_renewal: bool,
    begun: Instant,
    due: Option<DateTime<Utc>>,
    is_open: bool,
}

impl<'a> Try<'a> {
    fn begin(wire: &'a Wire, method: &Method, path: &str) -> Self {
        let mut watch = wire.watch();
        let once = once(method, path).filter(|once| {
            !(watch.logs_in_by_itself && matches!(once, Once::Begin | Once::Redeem))
        });
        if let Some(once) = once {
            let call = watch.calls.entry(once).or_default();
            let may_try = std::mem::take(&mut call.may_try);
            if !may_try {
                watch.sentences.push(format!("{once:?} was repeated without leave: {path}"));
            }
        }
        let is_renewal = path == "/v2/auth/token/refresh";
        if is_renewal {
            watch.renewal_begins(wire.clock.now());
        }
        Self { wire, once, is_renewal, begun: Instant::now(), due: None, is_open: true }
    }

    fn end(&mut self, error: TransportErrorKind) {
        let unsent = matches!(error, TransportErrorKind::Connect | TransportErrorKind::Request);
        self.settle(if unsent { End::Refused } else { End::Doubtful });
    }

    fn answered(&mut self, status: u16) {
        if status == 401 {
            self.refused();
        }
        self.settle(match status {
            200..=299 => End::Success,
            400..=407 | 409..=499 => End::Refused,
            _ => End::Doubtful,
        });
    }

    /// A refused token has to be renewed, unless it is one from before the last renewal.
    fn refused(&self) {
        let mut watch = self.wire.watch();
        let tokens = &mut watch.tokens;
        tokens.refused |= tokens.renewed.is_none_or(|at| self.begun >= at);
    }

    fn settle(&mut self, end: End) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        let mut watch = self.wire.watch();
        if self.is_renewal {
            watch.renewal_ends(end, self.due);
        }
        let Some(call) = self.once.and_then(|once| watch.calls.get_mut(&once)) else { return };
        match end {
            End::Success => call.succeeded = true,
            End::Refused => call.may_try = true,
            End::Doubtful => call.doubtful = true,
        }
    }
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        self.settle(End::Doubtful);
    }
}

impl Watch {
    fn renewal_begins(&mut self, now: DateTime<Utc>) {
        let tokens = &mut self.tokens;
        tokens.renewing += 1;
        let is_early = tokens.due.is_some_and(|due| now + TOLERANCE < due) && !tokens.refused;
        if tokens.renewing > 1 {
            self.sentences.push("the tokens are renewed by two at a time".to_owned());
        } else if is_early {
            self.sentences.push("the tokens were renewed twice".to_owned());
        }
    }

    fn renewal_ends(&mut self, end: End, due: Option<DateTime<Utc>>) {
        let tokens = &mut self.tokens;
        tokens.renewing -= 1;
        if end == End::Success {
            tokens.times += 1;
            tokens.after_refusal += u64::from(std::mem::take(&mut tokens.refused));
            tokens.renewed = Some(Instant::now());
            tokens.due = due;
        }
    }
}

fn once(method: &Method, path: &str) -> Option<Once> {
    if method != Method::POST {
        return None;
    }
    let parts: Vec<&str> = path.trim_start_matches("/v2/").split('/').collect();
    Some(match parts.as_slice() {
        ["auth", "xades-signature" | "ksef-token"] => Once::Begin,
        ["auth", "token", "redeem"] => Once::Redeem,
        ["sessions", "online"] => Once::Open,
        ["sessions", "online", _, "invoices"] => Once::Send,
        ["sessions", "online", _, "close"] => Once::Close,
        ["sessions", "batch"] => Once::OpenBatch,
        ["sessions", "batch", _, "close"] => Once::CloseBatch,
        ["invoices", "exports"] => Once::Export,
        _ => return None,
    })
}
