//! Logging in: challenge, signed document or KSeF token, status, redeeming, refreshing, and the
//! list of logins (KSeF 2.0 facts §4).

mod document;
mod policy;
mod signed;
mod token;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

pub(super) use policy::AllowedIps;
pub(super) use signed::with_signature;
pub(super) use token::with_token;

use super::jwt::Kind;
use super::listing::{self, ListKind};
use super::people::{Caller, Permission};
use super::problem::{Problem, moment};
use super::request::Request;
use super::resources::{self, LoginBlock};
use super::store::{Ordered, Store};
use super::view::LoginView;
use super::{KsefV2, answer};
use crate::front::{Incoming, Mood};
use crate::ksef::numbers;
use crate::reply::Reply;

/// How long an operation can be asked for.
const RETENTION: TimeDelta = TimeDelta::days(7);

/// How long the token of an operation lives.
const OPERATION_LIFE: TimeDelta = TimeDelta::minutes(45);

/// Challenges and operations.
#[derive(Default)]
pub(super) struct Logins {
    challenges: HashMap<String, DateTime<Utc>>,
    operations: Ordered<Login>,
}

/// One authentication operation.
pub(super) struct Login {
    pub(super) caller: Caller,
    started: DateTime<Utc>,
    verdict: Verdict,
    redeemed: bool,
    refreshed: Option<DateTime<Utc>>,
    refresh_until: Option<DateTime<Utc>>,
    revoked: bool,
    allowed: AllowedIps,
}

/// What became of an operation: a status code and its detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    code: u16,
    detail: Option<String>,
}

impl Verdict {
    const PENDING: Self = Self { code: 100, detail: None };

    /// A verdict without a detail.
    pub(super) fn of(code: u16) -> Self {
        Self { code, detail: None }
    }

    /// A verdict with a detail.
    pub(super) fn detailed(code: u16, detail: &str) -> Self {
        Self { code, detail: Some(detail.to_owned()) }
    }

    fn json(&self) -> Value {
        let description = match self.code {
            100 => "Uwierzytelnianie w toku",
            200 => "Uwierzytelnianie udane",
            415 | 470 => "Uwierzytelnianie nieudane",
            425 => "Uwierzytelnienie unieważnione",
            450 => "Uwierzytelnianie nieudane: błędny token",
            460 => "Uwierzytelnianie nieudane: błędny certyfikat",
            480 => "Uwierzytelnianie zablokowane",
            550 => "Operacja anulowana przez system",
            _ => "Nieznany błąd",
        };
        let mut status = json!({"code": self.code, "description": description});
        if let Some(detail) = &self.detail {
            status["details"] = json!([detail]);
        }
        status
    }
}

impl Logins {
    /// The test's views.
    pub(super) fn views(&self) -> Vec<LoginView> {
        let view = |(reference, login): (&str, &Login)| LoginView {
            reference: reference.to_owned(),
            status: login.verdict.code,
            redeemed: login.redeemed,
            revoked: login.revoked,
        };
        self.operations.iter().map(view).collect()
    }

    /// Whoever stands behind the tokens of an operation.
    pub(super) fn caller(&self, operation: &str) -> Option<&Caller> {
        self.operations.get(operation).map(|login| &login.caller)
    }

    /// Takes a challenge; it works once and for ten minutes.
    fn take(
        &mut self,
        challenge: &str,
        life: TimeDelta,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let made = self.challenges.remove(challenge)?;
        (now - made < life).then_some(made)
    }

    /// Ends the logins of a KSeF token.
    pub(super) fn revoke_token(&mut self, reference: &str) {
        let of_token: Vec<String> = self
            .operations
            .iter()
            .filter(|(_, login)| login.caller.token.as_deref() == Some(reference))
            .map(|(key, _)| key.to_owned())
            .collect();
        for key in of_token {
            if let Some(login) = self.operations.get_mut(&key) {
                login.revoked = true;
            }
        }
    }
}

/// Gives a challenge.
pub(super) fn challenge(ksef: &KsefV2, request: &Request<'_>) -> Reply {
    let now = request.now;
    let challenge = numbers::reference("CR", now, &ksef.context().chance);
    ksef.with_store(|store| store.logins.challenges.insert(challenge.clone(), now));
    ksef.json(
        200,
        json!({
            "challenge": challenge,
            "timestamp": moment(now),
            "timestampMs": now.timestamp_millis(),
            "clientIp": request.incoming.peer.to_string(),
        }),
    )
}

/// Starts an operation that ends with `verdict`.
fn begin(ksef: &KsefV2, mut caller: Caller, allowed: AllowedIps, verdict: Verdict) -> Reply {
    let now = ksef.now();
    let reference = numbers::reference("AU", now, &ksef.context().chance);
    caller.operation.clone_from(&reference);
    let login = Login {
        caller,
        started: now,
        verdict: Verdict::PENDING,
        redeemed: false,
        refreshed: None,
        refresh_until: None,
        revoked: false,
        allowed,
    };
    ksef.with_store(|store| store.logins.operations.push(&reference, login));
    let token = ksef.issuer().operation(&reference, now, OPERATION_LIFE);
    let (handle, key) = (ksef.clone(), reference.clone());
    ksef.context().tasks.spawn_job(async move {
        handle.pace().await;
        let verdict = if handle.is_unlucky() { Verdict::of(550) } else { verdict };
        handle.with_store(|store| {
            if let Some(login) = store.logins.operations.get_mut(&key) {
                login.verdict = verdict;
            }
        });
    });
    let until = moment(now + OPERATION_LIFE);
    let token = json!({"token": token, "validUntil": until});
    ksef.json(202, json!({"referenceNumber": reference, "authenticationToken": token}))
}

/// Whether the login may succeed, after everything about the credential itself.
fn common_verdict(store: &Store, caller: &Caller) -> Verdict {
    match resources::login_block(store, &caller.context, &caller.subject) {
        Some(LoginBlock::Deceased) => {
            return Verdict::detailed(470, "Poświadczenia należą do osoby zmarłej.");
        }
        Some(LoginBlock::Incident) => {
            return Verdict::detailed(480, "Podejrzenie incydentu bezpieczeństwa.");
        }
        None => {}
    }
    if held(store, caller).is_empty() {
        return Verdict::detailed(415, "Brak przypisanych uprawnień.");
    }
    Verdict::of(200)
}

/// What a caller may do: what its subject holds in the context, and with a KSeF token no more
/// than the token.
pub(super) fn held(store: &Store, caller: &Caller) -> BTreeSet<Permission> {
    let mut held = resources::held(store, &caller.context, &caller.subject);
    if let Some(limited) = &caller.limited_to {
        held.retain(|one| limited.contains(one));
    }
    held
}

/// Whoever stands behind the bearer token, which must be of one of these kinds.
pub(super) fn caller(
    ksef: &KsefV2,
    incoming: &Incoming,
    kinds: &[Kind],
) -> Result<Caller, Problem> {
    let operation = operation_of(ksef, incoming, kinds)?;
    ksef.with_store(|store| {
        let login = store.logins.operations.get(&operation);
        let login = login.ok_or(Problem::Unauthorized("Token jest nieznany."))?;
        if !login.allowed.admits(incoming.peer) {
            return Err(Problem::Forbidden {
                reason: "ip-not-allowed",
                about: "Adres IP spoza dozwolonych.",
                security: json!({"clientIp": incoming.peer.to_string()}),
            });
        }
        Ok(login.caller.clone())
    })
}

/// The operation that the bearer token belongs to.
fn operation_of(ksef: &KsefV2, incoming: &Incoming, kinds: &[Kind]) -> Result<String, Problem> {
    let token = answer::bearer(incoming).ok_or(Problem::Unauthorized("Brak tokena."))?;
    let read =
        ksef.issuer().read(token).ok_or(Problem::Unauthorized("Token jest nieprawidłowy."))?;
    if !kinds.contains(&read.kind) {
        return Err(Problem::Unauthorized("Token innego rodzaju."));
    }
    if read.until <= ksef.now() {
        return Err(Problem::Unauthorized("Token wygasł."));
    }
    Ok(read.operation)
}

/// Tells how an operation goes.
pub(super) fn status(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let reference = request.path("referenceNumber");
    let known = ksef.with_store(|store| {
        store.logins.operations.get(reference).map(|login| (login.started, login.json()))
    });
    let operation = operation_of(ksef, request.incoming, &[Kind::Operation, Kind::Access]);
    if known.as_ref().is_some_and(|(started, _)| request.now - *started > RETENTION) {
        return Err(Problem::Gone);
    }
    let operation = operation?;
    match known {
        Some((_, body)) if operation == reference => Ok(ksef.json(200, body)),
        Some(_) | None => {
            Err(Problem::detailed(21304, format!("Operacja {reference} nie została znaleziona.")))
        }
    }
}

impl Login {
    fn json(&self) -> Value {
        let mut body = json!({
            "startDate": moment(self.started),
            "authenticationMethod": self.caller.method.as_str(),
            "authenticationMethodInfo": self.caller.method.info(),
            "status": self.status(),
        });
        if self.verdict.code == 200 {
            body["isTokenRedeemed"] = json!(self.redeemed);
        }
        if let Some(refreshed) = self.refreshed {
            body["lastTokenRefreshDate"] = json!(moment(refreshed));
        }
        if let Some(until) = self.refresh_until {
            body["refreshTokenValidUntil"] = json!(moment(until));
        }
        body
    }

    /// Whether its tokens were given out and can still be renewed.
    fn is_in_force(&self, now: DateTime<Utc>) -> bool {
        !self.revoked && self.refresh_until.is_some_and(|until| now < until)
    }

    fn status(&self) -> Value {
        if self.revoked { Verdict::of(425).json() } else { self.verdict.json() }
    }
}

/// Gives the access token and the refresh token, once.
pub(super) fn redeem(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let reference = operation_of(ksef, request.incoming, &[Kind::Operation])?;
    let now = request.now;
    let (caller, held, access, refresh) = ksef.with_store(|store| {
        let (access, refresh) = (store.settings.access_life, store.settings.refresh_life);
        let login = store.logins.operations.get_mut(&reference);
        let login = login.ok_or_else(|| Problem::code(21304))?;
        if login.redeemed {
            let detail = format!("Tokeny operacji {reference} zostały już pobrane.");
            return Err(Problem::detailed(21301, detail));
        }
        if login.verdict.code != 200 || login.revoked {
            let detail = format!("Status {} nie pozwala na pobranie tokenów.", login.verdict.code);
            return Err(Problem::detailed(21301, detail));
        }
        login.redeemed = true;
        login.refresh_until = Some(now + refresh);
        let caller = login.caller.clone();
        store.statistics.redeemed += 1;
        let held: Vec<Permission> = held(store, &caller).into_iter().collect();
        Ok((caller, held, access, refresh))
    })?;
    let token = |kind, life| {
        let token = ksef.issuer().caller(kind, &caller, &held, now, life);
        json!({"token": token, "validUntil": moment(now + life)})
    };
    let body = json!({
        "accessToken": token(Kind::Access, access),
        "refreshToken": token(Kind::Refresh, refresh),
    });
    Ok(ksef.json(200, body))
}

/// Gives another access token.
pub(super) fn refresh(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let reference = operation_of(ksef, request.incoming, &[Kind::Refresh])?;
    let now = request.now;
    let (caller, held, life) = ksef.with_store(|store| {
        let life = store.settings.access_life;
        let login = store.logins.operations.get(&reference).ok_or_else(|| Problem::code(21304))?;
        let caller = login.caller.clone();
        let block = resources::login_block(store, &caller.context, &caller.subject);
        if block == Some(LoginBlock::Deceased) {
            return Err(Problem::code(21308));
        }
        let held: Vec<Permission> = held(store, &caller).into_iter().collect();
        if login.revoked || held.is_empty() {
            let code = if login.revoked { 425 } else { 415 };
            let detail = format!("Status {code} nie pozwala na odświeżenie tokenu.");
            return Err(Problem::detailed(21301, detail));
        }
        store.statistics.refreshed += 1;
        if let Some(login) = store.logins.operations.get_mut(&reference) {
            login.refreshed = Some(now);
        }
        Ok((caller, held, life))
    })?;
    let token = ksef.issuer().caller(Kind::Access, &caller, &held, now, life);
    let token = json!({"token": token, "validUntil": moment(now + life)});
    Ok(ksef.json(200, json!({"accessToken": token})))
}

/// The logins in force of the caller's subject in its context, newest first.
pub(super) fn list(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?;
    let items: Vec<Value> = ksef.with_store(|store| {
        let all = store.logins.operations.iter().rev();
        let own = all
            .filter(|(_, login)| is_same(&login.caller, caller) && login.is_in_force(request.now));
        own.map(|(reference, login)| {
            let mut item = login.json();
            item["referenceNumber"] = json!(reference);
            item["isCurrent"] = json!(reference == caller.operation);
            item
        })
        .collect()
    });
    let page = listing::page(request, ListKind::Logins, &items)?;
    Ok(ksef.json(200, page.body("items")))
}

fn is_same(first: &Caller, second: &Caller) -> bool {
    first.context == second.context && first.subject == second.subject
}

/// Ends the caller's own login: its refresh token works no longer.
pub(super) fn revoke_current(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let operation = request.caller()?.operation.clone();
    end(ksef, &operation);
    Ok(Reply::status(204))
}

/// Ends another login of the same subject in the same context.
pub(super) fn revoke(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let (caller, reference) = (request.caller()?, request.path("referenceNumber"));
    let own = ksef.with_store(|store| {
        store.logins.operations.get(reference).is_some_and(|login| is_same(&login.caller, caller))
    });
    if !own {
        return Err(Problem::misfits(vec![format!("Sesja {reference} nie została znaleziona.")]));
    }
    end(ksef, reference);
    Ok(Reply::status(204))
}

fn end(ksef: &KsefV2, reference: &str) {
    ksef.with_store(|store| {
        if let Some(login) = store.logins.operations.get_mut(reference) {
            login.revoked = true;
        }
    });
}

impl KsefV2 {
    /// Whether a hostile service cancels an operation for no reason (status 550).
    pub(super) fn is_unlucky(&self) -> bool {
        self.context().mood == Mood::Hostile && self.context().chance.hits(8)
    }
}
