//! The way of a request: known, admitted, authenticated, permitted, of the right shape, answered.

use http::Method;
use serde_json::Value;

use super::contract::{self, Operation};
use super::jwt::Kind;
use super::people::Caller;
use super::problem::{Problem, Scene};
use super::request::{Request, header};
use super::{KsefV2, auth, batch, export, invoices, listing, online, public_keys, query};
use super::{resources, session, storage, upo};
use crate::front::{Incoming, Mood};
use crate::record::System;
use crate::reply::Reply;

/// Where a path leads.
pub(super) enum Place<'a> {
    /// The API, below `/v2`.
    Api(&'a str),
    /// The storage behind presigned links.
    Storage(&'a str),
    /// The service that tells the status of the system.
    Latarnia(&'a str),
    Nowhere,
}

/// The place of a path.
pub(super) fn place(path: &str) -> Place<'_> {
    if let Some(rest) = path.strip_prefix("/v2").filter(|rest| rest.starts_with('/')) {
        return Place::Api(rest);
    }
    if path.starts_with("/storage/") {
        return Place::Storage(path);
    }
    match path.strip_prefix("/latarnia").filter(|rest| rest.starts_with('/')) {
        Some(rest) => Place::Latarnia(rest),
        None => Place::Nowhere,
    }
}

/// The template of a path, for rules of faults.
pub(super) fn template(method: &Method, path: &str) -> Option<&'static str> {
    match place(path) {
        Place::Api(rest) => contract::find(method, rest).map(|(found, _)| found.template),
        Place::Storage(path) => storage::template(path),
        Place::Latarnia("/status") => Some("/latarnia/status"),
        Place::Latarnia("/messages") => Some("/latarnia/messages"),
        Place::Latarnia(_) | Place::Nowhere => None,
    }
}

/// Counts the request against the limits; only the API has any.
pub(super) fn admit(ksef: &KsefV2, incoming: &Incoming) -> Option<Reply> {
    let Place::Api(rest) = place(&incoming.path) else { return None };
    let (operation, _) = contract::find(&incoming.method, rest)?;
    let now = ksef.now();
    let token = bearer(incoming).and_then(|token| ksef.issuer().read(token));
    let group = if operation.limit == "other" { operation.key } else { operation.limit };
    let exceeded = ksef.with_store(|store| {
        let login = token.filter(|token| token.kind == Kind::Access && token.until > now);
        let login = login.and_then(|token| store.logins.caller(&token.operation));
        let context = login.map(|caller| caller.context.clone());
        let limits = store.limits_of(context.as_ref()).clone();
        let anonymous = context.is_none() || operation.limit == "anonymous";
        let who = context.filter(|_| !anonymous);
        let who = who.map(|it| format!("{}:{}", it.kind.as_str(), it.value)).unwrap_or_default();
        let (peer, limiter) = (incoming.peer, &mut store.limiter);
        let admitted = limiter
            .admit("", peer, "global", limits.of("global"), now)
            .and_then(|()| limiter.admit(&who, peer, group, limits.of(operation.limit), now));
        admitted.inspect_err(|_| store.statistics.throttled += 1).err()
    })?;
    let problem = Problem::TooMany { seconds: exceeded.seconds, about: exceeded.about };
    Some(problem.reply(&ksef.scene(incoming)))
}

/// Answers a request that was admitted.
pub(super) fn answer(ksef: &KsefV2, incoming: &Incoming) -> Reply {
    let answer = match place(&incoming.path) {
        Place::Api(rest) => api(ksef, incoming, rest),
        Place::Storage(path) => return storage::answer(ksef, incoming, path),
        Place::Latarnia(rest) => return resources::latarnia(ksef, incoming, rest),
        Place::Nowhere => Err(unknown(ksef, incoming, 404)),
    };
    let reply = answer.unwrap_or_else(|problem| {
        note(ksef, incoming, &problem);
        problem.reply(&ksef.scene(incoming))
    });
    warned(ksef, incoming, reply)
}

/// The refusal that a fault or the mood asks for.
pub(super) fn refusal(ksef: &KsefV2, incoming: &Incoming, status: u16) -> Reply {
    let api = matches!(place(&incoming.path), Place::Api(_));
    let problem = match status {
        401 if api => Problem::Unauthorized("Token jest nieprawidłowy."),
        410 if api => Problem::Gone,
        429 if api => {
            Problem::TooMany { seconds: 1, about: "Przekroczono limit żądań.".to_owned() }
        }
        _ => Problem::Status(status),
    };
    problem.reply(&ksef.scene(incoming))
}

/// The refusal with a scripted code.
pub(super) fn scripted(ksef: &KsefV2, incoming: &Incoming, code: &str) -> Reply {
    let code = code.parse().unwrap_or(21405);
    Problem::code(code).reply(&ksef.scene(incoming))
}

fn api(ksef: &KsefV2, incoming: &Incoming, rest: &str) -> Result<Reply, Problem> {
    let Some((operation, path)) = contract::find(&incoming.method, rest) else {
        let status = if contract::knows_path(rest) { 405 } else { 404 };
        return Err(unknown(ksef, incoming, status));
    };
    let caller = authenticate(ksef, incoming, operation)?;
    if let Some(caller) = &caller {
        permit(ksef, caller, operation)?;
    }
    let request = Request::read(incoming, operation, path, caller, ksef.now())?;
    dispatch(ksef, &request)
}

/// Who asks. The operations of a login read their own kind of token.
fn authenticate(
    ksef: &KsefV2,
    incoming: &Incoming,
    operation: &'static Operation,
) -> Result<Option<Caller>, Problem> {
    let own =
        ["GET /auth/{referenceNumber}", "POST /auth/token/redeem", "POST /auth/token/refresh"];
    if !operation.auth || own.contains(&operation.key) {
        return Ok(None);
    }
    let kinds: &[Kind] = if operation.key == "DELETE /auth/sessions/current" {
        &[Kind::Access, Kind::Refresh]
    } else {
        &[Kind::Access]
    };
    auth::caller(ksef, incoming, kinds).map(Some)
}

/// The bearer token of a request.
pub(super) fn bearer(incoming: &Incoming) -> Option<&str> {
    header(&incoming.headers, "authorization")?.strip_prefix("Bearer ").map(str::trim)
}

/// 403 unless the caller holds any of the wanted permissions.
fn permit(ksef: &KsefV2, caller: &Caller, operation: &Operation) -> Result<(), Problem> {
    if operation.permissions.is_empty() {
        return Ok(());
    }
    let held = ksef.with_store(|store| auth::held(store, caller));
    let enough = held.iter().any(|one| operation.permissions.iter().any(|it| it == one.as_str()));
    if enough { Ok(()) } else { Err(Problem::missing(operation.permissions, held.into_iter())) }
}

fn dispatch(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    match request.operation.key {
        "POST /auth/challenge" => Ok(auth::challenge(ksef, request)),
        "POST /auth/xades-signature" => auth::with_signature(ksef, request),
        "POST /auth/ksef-token" => auth::with_token(ksef, request),
        "GET /auth/{referenceNumber}" => auth::status(ksef, request),
        "POST /auth/token/redeem" => auth::redeem(ksef, request),
        "POST /auth/token/refresh" => auth::refresh(ksef, request),
        "GET /auth/sessions" => auth::list(ksef, request),
        "DELETE /auth/sessions/current" => auth::revoke_current(ksef, request),
        "DELETE /auth/sessions/{referenceNumber}" => auth::revoke(ksef, request),
        "GET /security/public-key-certificates" => Ok(public_keys::list(ksef)),
        "POST /sessions/online" => online::open(ksef, request),
        "POST /sessions/online/{referenceNumber}/invoices" => online::send(ksef, request),
        "POST /sessions/online/{referenceNumber}/close" => online::close(ksef, request),
        "POST /sessions/batch" => batch::open(ksef, request),
        "POST /sessions/batch/{referenceNumber}/close" => batch::close(ksef, request),
        "GET /sessions" => listing::sessions(ksef, request),
        "GET /sessions/{referenceNumber}" => session::status(ksef, request),
        "GET /sessions/{referenceNumber}/invoices" => listing::invoices(ksef, request),
        "GET /sessions/{referenceNumber}/invoices/failed" => listing::failed(ksef, request),
        "GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}" => {
            listing::invoice(ksef, request)
        }
        "GET /sessions/{referenceNumber}/invoices/ksef/{ksefNumber}/upo" => {
            upo::by_number(ksef, request)
        }
        "GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}/upo" => {
            upo::by_reference(ksef, request)
        }
        "GET /sessions/{referenceNumber}/upo/{upoReferenceNumber}" => {
            upo::of_session(ksef, request)
        }
        "GET /invoices/ksef/{ksefNumber}" => invoices::download(ksef, request),
        "POST /invoices/query/metadata" => query::metadata(ksef, request),
        "POST /invoices/exports" => export::start(ksef, request),
        "GET /invoices/exports/{referenceNumber}" => export::status(ksef, request),
        _ => resources::answer(ksef, request),
    }
}

/// Adds the warning that the request asks to be warned with, as the test environment does.
fn warned(ksef: &KsefV2, incoming: &Incoming, reply: Reply) -> Reply {
    let asked = header(&incoming.headers, "x-test-system-warning");
    if let Some(asked) = asked {
        return reply.header("x-system-warning", asked);
    }
    let context = ksef.context();
    if context.mood == Mood::Hostile && context.chance.hits(10) {
        return reply.header("x-system-warning", "[xml-002]: The sandbox warns without a reason.");
    }
    reply
}

fn unknown(ksef: &KsefV2, incoming: &Incoming, status: u16) -> Problem {
    let unexpected = incoming.unexpected(System::KsefV2, format!("no such operation ({status})"));
    ksef.context().journal.unexpected(unexpected);
    Problem::Status(status)
}

/// Writes down what a correct client does not send. Codes that depend on the state of the system
/// and on time are no mistakes.
fn note(ksef: &KsefV2, incoming: &Incoming, problem: &Problem) {
    const MISTAKES: [u32; 12] =
        [9101, 9102, 9103, 9105, 21001, 21217, 21401, 21402, 21403, 21405, 21406, 21418];
    let Problem::Refused(refusals) = problem else { return };
    let Place::Api(rest) = place(&incoming.path) else { return };
    let known = contract::find(&incoming.method, rest).map_or(&[][..], |(found, _)| found.codes);
    // Nothing but the double itself can be wrong here.
    for refusal in refusals.iter().filter(|it| !known.contains(&it.code)) {
        let what = format!("the double answers {}, which the contract does not know", refusal.code);
        ksef.context().journal.unexpected(incoming.unexpected(System::KsefV2, what));
    }
    for refusal in refusals.iter().filter(|it| MISTAKES.contains(&it.code)) {
        let what = format!("refused with {}", refusal.code);
        ksef.context().journal.unexpected(incoming.unexpected(System::KsefV2, what));
    }
}

impl KsefV2 {
    /// What a refusal of this request needs to know.
    pub(super) fn scene<'a>(&self, incoming: &'a Incoming) -> Scene<'a> {
        let trace = crate::ksef::hex(&self.context().chance.bytes::<16>()).to_lowercase();
        Scene { incoming, now: self.now(), trace }
    }

    /// A JSON body as an answer.
    #[expect(clippy::unused_self, reason = "every answer of the double comes from its handle")]
    pub(super) fn json(&self, status: u16, body: Value) -> Reply {
        Reply::json(status, body)
    }
}
