//! The way of a request through the sandbox, the same for every emulated system: read, noted,
//! admitted, faulted as scripted, answered.
//!
//! [`Entrance`] is that way as a `tower` service, for use without sockets; the accept loop puts
//! the same service behind a port.

use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Polling, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, Limited};
use tower::Service;

use crate::chance::Chance;
use crate::fault::{Code, Fault, Script, Target};
use crate::record::{Journal, System, Unexpected};
use crate::reply::Reply;
use crate::tasks::Tasks;
use crate::time::Clock;
use crate::tls::ClientCertificate;

/// Requests above this size are refused with 413 before anything else happens, unless a system
/// takes larger ones.
const LARGEST_BODY: usize = 32 * 1024 * 1024;

/// How the sandbox behaves where nobody scripted anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mood {
    /// Reordered and unknown members, split writes, an occasional 429 or 503, late, repeated and
    /// overtaking notifications; all of it seeded.
    #[default]
    Hostile,
    /// No faults but the scripted ones, and the shortest sensible delays.
    Calm,
}

/// What the emulators of one sandbox share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) clock: Clock,
    pub(crate) chance: Chance,
    pub(crate) mood: Mood,
    pub(crate) tasks: Tasks,
    pub(crate) journal: Journal,
}

/// A request that has been read completely.
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Where the connection comes from.
    pub(crate) peer: IpAddr,
    /// The certificate that the caller showed, if the connection asked for one.
    pub(crate) certificate: Option<ClientCertificate>,
    /// Bytes of the request line and the headers, as HTTP/1.1 writes them.
    pub(crate) head: usize,
}

impl Incoming {
    /// An entry of the record of unexpected things about this request.
    pub(crate) fn unexpected(&self, system: System, what: impl Into<String>) -> Unexpected {
        let (method, path) = (self.method.to_string(), self.path.clone());
        Unexpected { system, what: what.into(), method, path }
    }
}

/// One emulated system.
pub(crate) trait Emulator: Send + Sync + 'static {
    /// Which one it is.
    fn system(&self) -> System;
    /// What it shares with the others.
    fn context(&self) -> &Context;
    /// Its faults.
    fn script(&self) -> &Script;
    /// The path below the base address, and the template of the route if there is one.
    fn route<'a>(&self, method: &Method, path: &'a str) -> (&'a str, Option<&'static str>);
    /// The command inside the request, for systems whose commands share a path.
    fn command(&self, _: &Incoming) -> Option<String> {
        None
    }
    /// The largest request that is read; a larger one is refused with 413.
    fn largest_body(&self) -> usize {
        LARGEST_BODY
    }
    /// The system's own answer with a status that a fault or its mood asks for.
    fn refusal(&self, _: &Incoming, status: u16) -> Reply {
        Reply::status(status)
    }
    /// The system's own refusal with a scripted code.
    fn refuse(&self, _: &Incoming, _: Code) -> Reply {
        Reply::status(500)
    }
    /// Counts the arrival; an answer here refuses the request before it is looked at.
    fn admit(&self, incoming: &Incoming) -> Option<Reply>;
    /// Processes the request.
    fn answer(&self, incoming: &Incoming) -> Reply;
}

/// The connection was closed by a scripted fault, before or within the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sandbox closed the connection as its script says")]
pub struct ConnectionLost;

/// What the socket has to do to the bytes of an answer; travels as an extension of the response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WirePlan {
    /// Close after so many bytes.
    pub(crate) cut: Option<usize>,
    /// Write at most so many bytes at once.
    pub(crate) piece: Option<usize>,
}

/// An emulated system as a service of whole HTTP messages, without sockets.
///
/// It shares its state with the sandbox it comes from.
/// The faults that close a connection come out as [`ConnectionLost`]: dropped requests and lost
/// answers as the error of the call, a cut answer as an error of the response body.
/// Split writes become several frames of the body.
/// An extension of the request of the type [`IpAddr`] is the caller's address; without one it is
/// 127.0.0.1.
/// An extension of the type [`ClientCertificate`] is what the caller shows where TLS would ask.
#[derive(Clone)]
pub struct Entrance {
    emulator: Arc<dyn Emulator>,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    InProcess,
    BehindSocket,
}

impl std::fmt::Debug for Entrance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entrance").field("system", &self.emulator.system()).finish_non_exhaustive()
    }
}

impl Entrance {
    /// The way in for callers in the same process.
    pub(crate) fn in_process(emulator: Arc<dyn Emulator>) -> Self {
        Self { emulator, place: Place::InProcess }
    }

    /// The way in for the accept loop, which carries out the [`WirePlan`] itself.
    pub(crate) fn behind_socket(emulator: Arc<dyn Emulator>) -> Self {
        Self { emulator, place: Place::BehindSocket }
    }

    /// Answers one request.
    ///
    /// # Errors
    ///
    /// [`ConnectionLost`] when a fault closes the connection before the first byte of the answer.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Body>, ConnectionLost> {
        let (response, plan) = exchange(self.emulator.as_ref(), request).await?;
        Ok(match self.place {
            Place::BehindSocket => {
                let mut response = response.map(Body::from);
                response.extensions_mut().insert(plan);
                response
            }
            Place::InProcess => faulted_in_process(response, plan),
        })
    }
}

impl Service<Request<Body>> for Entrance {
    type Response = Response<Body>;
    type Error = ConnectionLost;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Polling<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let entrance = self.clone();
        Box::pin(async move { entrance.send(request).await })
    }
}

/// Carries one request through: the faults that act before processing, the processing, the faults
/// that act after it.
async fn exchange(
    emulator: &dyn Emulator,
    request: Request<Body>,
) -> Result<(Response<Bytes>, WirePlan), ConnectionLost> {
    let context = emulator.context();
    let incoming = match read(request, emulator.largest_body()).await? {
        Ok(incoming) => incoming,
        Err(refusal) => return Ok((refusal.into_response(None), WirePlan::default())),
    };
    let now = context.clock.now();
    let id =
        context.journal.begin(emulator.system(), incoming.method.as_str(), &incoming.path, now);
    let refusal = emulator.admit(&incoming);
    let faults = faults(emulator, &incoming);
    wait(&faults, |fault| if let Fault::DelayBefore { ms } = fault { Some(*ms) } else { None })
        .await;
    if faults.contains(&Fault::DropRequest) {
        return Err(ConnectionLost);
    }
    let instead = faults.iter().find_map(|fault| instead_of_processing(emulator, &incoming, fault));
    let reply = instead.or(refusal).unwrap_or_else(|| emulator.answer(&incoming));
    wait(&faults, |fault| if let Fault::DelayAfter { ms } = fault { Some(*ms) } else { None })
        .await;
    if faults.contains(&Fault::LoseAnswer) {
        return Err(ConnectionLost);
    }
    let reply = faults.iter().find_map(masked).unwrap_or(reply);
    let disorder = (context.mood == Mood::Hostile).then_some(&context.chance);
    let response = reply.into_response(disorder);
    context.journal.answered(id, response.status().as_u16());
    Ok((response, plan(&faults)))
}

/// Reads the whole request; the inner error is an answer, the outer one a broken connection.
async fn read(
    request: Request<Body>,
    largest: usize,
) -> Result<Result<Incoming, Reply>, ConnectionLost> {
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<IpAddr>().copied();
    let certificate = parts.extensions.get::<ClientCertificate>().cloned();
    let head = head_size(&parts);
    let body = match Limited::new(body, largest).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return Ok(Err(Reply::status(413)));
        }
        Err(_) => return Err(ConnectionLost),
    };
    Ok(Ok(Incoming {
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        method: parts.method,
        headers: parts.headers,
        body,
        peer: peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        certificate,
        head,
    }))
}

/// The request line, the headers and the empty line after them.
fn head_size(parts: &Parts) -> usize {
    let target = parts.uri.path_and_query().map_or(1, |target| target.as_str().len());
    let line = parts.method.as_str().len() + target + " ".len() * 2 + "HTTP/1.1\r\n".len();
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        name.as_str().len() + value.len() + ": ".len() + "\r\n".len()
    };
    line + parts.headers.iter().map(header).sum::<usize>() + "\r\n".len()
}

/// The scripted faults of this request and, from a hostile sandbox, perhaps one more.
fn faults(emulator: &dyn Emulator, incoming: &Incoming) -> Vec<Fault> {
    let context = emulator.context();
    let (path, template) = emulator.route(&incoming.method, &incoming.path);
    let command = emulator.command(incoming);
    let command = command.as_deref();
    let sent = incoming.path.as_str();
    let target = Target { method: &incoming.method, sent, path, template, command };
    let mut faults = emulator.script().draw(&target, &context.chance);
    if context.mood == Mood::Hostile {
        match context.chance.between(1, 1000) {
            1..=15 => faults.push(Fault::Reply { status: 503, retry_after: None }),
            16..=30 => faults.push(Fault::Reply { status: 429, retry_after: Some(1) }),
            _ => {}
        }
        if context.chance.hits(100) {
            let size = usize::try_from(context.chance.between(1, 40)).unwrap_or(1);
            faults.push(Fault::SplitWrites { size });
        }
    }
    faults
}

async fn wait(faults: &[Fault], delay: impl Fn(&Fault) -> Option<u64>) {
    let total: u64 = faults.iter().filter_map(delay).sum();
    if total > 0 {
        tokio::time::sleep(Duration::from_millis(total)).await;
    }
}

fn instead_of_processing(
    emulator: &dyn Emulator,
    incoming: &Incoming,
    fault: &Fault,
) -> Option<Reply> {
    match fault {
        Fault::Code(code) => Some(emulator.refuse(incoming, *code)),
        Fault::Reply { status, retry_after } => {
            Some(emulator.refusal(incoming, *status).retry_after(*retry_after))
        }
        Fault::Unauthorized => Some(emulator.refusal(incoming, 401)),
        _ => None,
    }
}

fn masked(fault: &Fault) -> Option<Reply> {
    match fault {
        Fault::MaskAnswer { status } => Some(Reply::status(*status)),
        _ => None,
    }
}

fn plan(faults: &[Fault]) -> WirePlan {
    let mut plan = WirePlan::default();
    for fault in faults {
        match fault {
            Fault::CutAnswer { after } => plan.cut = Some(*after),
            Fault::SplitWrites { size } => plan.piece = Some((*size).max(1)),
            _ => {}
        }
    }
    plan
}

/// The body as frames that are cut or split; the length that the answer promises stays true to
/// the whole answer.
fn faulted_in_process(response: Response<Bytes>, plan: WirePlan) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
    let kept = plan.cut.unwrap_or(body.len()).min(body.len());
    let piece = plan.piece.unwrap_or(body.len()).max(1);
    let mut frames: Vec<Result<Bytes, ConnectionLost>> =
        body.slice(..kept).chunks(piece).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    if kept < body.len() {
        frames.push(Err(ConnectionLost));
    }
    Response::from_parts(parts, Body::from_stream(stream::iter(frames)))
}
