//! KSeF tokens: made by somebody, with some of its permissions, active a moment later, shown once
//! (KSeF 2.0 facts §12.1).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::KsefV2;
use super::auth;
use super::listing::{self, ListKind};
use super::people::{Caller, Identity, IdentityKind, Permission};
use super::problem::{Problem, moment};
use super::request::Request;
use super::resources::{TokenFlaw, TokenLogin};
use super::store::{Ordered, Store};
use super::test_data::Registry;
use crate::front::Mood;
use crate::ksef::{hex, numbers, sha256};
use crate::reply::Reply;

/// All tokens by their reference numbers.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    all: Ordered<Token>,
}

/// A token. Of its secret only the hash is kept, but for tokens that tests ask for.
struct Token {
    hash: [u8; 32],
    seeded: Option<String>,
    context: Identity,
    author: Identity,
    permissions: BTreeSet<Permission>,
    about: String,
    created: DateTime<Utc>,
    used: Option<DateTime<Utc>>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Pending,
    Active,
    Revoking,
    Revoked,
    Failed,
}

/// The secret is not shown.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("state", &self.state).finish_non_exhaustive()
    }
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Active => "Active",
            Self::Revoking => "Revoking",
            Self::Revoked => "Revoked",
            Self::Failed => "Failed",
        }
    }
}

impl Token {
    fn json(&self, reference: &str) -> Value {
        let permissions: Vec<_> = self.permissions.iter().map(|one| one.as_str()).collect();
        let details: &[&str] = match self.state {
            State::Failed => &["Przetwarzanie przerwano z przyczyn wewnętrznych."],
            _ => &[],
        };
        let mut body = json!({
            "referenceNumber": reference,
            "authorIdentifier": self.author.json(),
            "contextIdentifier": self.context.json(),
            "description": self.about,
            "requestedPermissions": permissions,
            "dateCreated": moment(self.created),
            "status": self.state.as_str(),
            "statusDetails": details,
        });
        if let Some(used) = self.used {
            body["lastUseDate"] = json!(moment(used));
        }
        body
    }
}

impl Tokens {
    /// The token that logs in with this text to this context.
    pub(super) fn login(
        &mut self,
        secret: &str,
        context: &Identity,
        now: DateTime<Utc>,
    ) -> Result<TokenLogin, TokenFlaw> {
        let reference = secret.split('|').next().unwrap_or_default();
        let hash = sha256(secret.as_bytes());
        let token = self.all.get_mut(reference).filter(|token| token.hash == hash);
        let token = token.ok_or(TokenFlaw::Unknown)?;
        match token.state {
            State::Revoking | State::Revoked => return Err(TokenFlaw::Revoked),
            State::Pending | State::Failed => return Err(TokenFlaw::Inactive),
            State::Active => {}
        }
        if token.context != *context {
            return Err(TokenFlaw::OtherContext);
        }
        token.used = Some(now);
        Ok(TokenLogin {
            reference: reference.to_owned(),
            author: token.author.clone(),
            permissions: token.permissions.clone(),
        })
    }

    /// Adds an active token of the context's owner.
    pub(super) fn seed(
        &mut self,
        reference: &str,
        secret: &str,
        context: &Identity,
        permissions: BTreeSet<Permission>,
        now: DateTime<Utc>,
    ) {
        let author = context.owner_nip().map_or_else(|| context.clone(), Identity::nip);
        let token = Token {
            hash: sha256(secret.as_bytes()),
            seeded: Some(secret.to_owned()),
            context: context.clone(),
            author,
            permissions,
            about: "Token od początku".to_owned(),
            created: now,
            used: None,
            state: State::Active,
        };
        self.all.push(reference, token);
    }

    /// The text of the first seeded token of a context.
    pub(super) fn seeded(&self, context: &Identity) -> Option<String> {
        let mut own = self.all.iter().filter(|(_, token)| token.context == *context);
        own.find_map(|(_, token)| token.seeded.clone())
    }

    fn turn(&mut self, reference: &str, state: State) {
        if let Some(token) = self.all.get_mut(reference) {
            token.state = state;
        }
    }
}

/// `POST /tokens`.
pub(super) fn generate(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?;
    if !matches!(caller.context.kind, IdentityKind::Nip | IdentityKind::InternalId) {
        let about = format!("Typ kontekstu: {}.", caller.context.kind.as_str());
        return Err(Problem::detailed(26002, about));
    }
    let names = request.body["permissions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let permissions: BTreeSet<Permission> =
        names.iter().filter_map(|name| Permission::read(name.as_str()?)).collect();
    if permissions.is_empty() {
        return Err(Problem::misfits(vec!["Pole 'permissions' jest puste.".to_owned()]));
    }
    let held = ksef.with_store(|store| auth::held(store, caller));
    let beyond: Vec<_> = permissions.difference(&held).map(|one| one.as_str()).collect();
    if !beyond.is_empty() {
        return Err(Problem::detailed(26001, format!("Brakuje: {}.", beyond.join(", "))));
    }
    let chance = &ksef.context().chance;
    let reference = numbers::reference("EC", request.now, chance);
    let secret = text(&reference, &caller.context, &hex(&chance.bytes::<32>()).to_lowercase());
    let token = Token {
        hash: sha256(secret.as_bytes()),
        seeded: None,
        context: caller.context.clone(),
        author: caller.subject.clone(),
        permissions,
        about: request.body["description"].as_str().unwrap_or_default().to_owned(),
        created: request.now,
        used: None,
        state: State::Pending,
    };
    ksef.with_store(|store| store.resources.tokens.all.push(&reference, token));
    let failed = ksef.context().mood == Mood::Hostile && ksef.context().chance.hits(5);
    later(ksef, &reference, if failed { State::Failed } else { State::Active });
    Ok(ksef.json(202, json!({"referenceNumber": reference, "token": secret})))
}

/// The text of a token: its number, its context, 64 digits.
fn text(reference: &str, context: &Identity, digits: &str) -> String {
    let kind = match context.kind {
        IdentityKind::InternalId => "internalId",
        _ => "nip",
    };
    format!("{reference}|{kind}-{}|{digits}", context.value)
}

/// Turns a token into another state after a step of time.
fn later(ksef: &KsefV2, reference: &str, state: State) {
    let (handle, key) = (ksef.clone(), reference.to_owned());
    ksef.context().tasks.spawn_job(async move {
        handle.pace().await;
        handle.with_store(|store| store.resources.tokens.turn(&key, state));
    });
}

/// `GET /tokens`, newest first.
pub(super) fn list(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?;
    let items: Vec<Value> = ksef.with_store(|store| {
        let reading = [Permission::CredentialsManage, Permission::CredentialsRead];
        let all = reaches_all(store, caller, &reading);
        let registry = &store.resources.registry;
        let tokens = store.resources.tokens.all.iter().rev();
        let seen = tokens.filter(|(reference, token)| {
            token.context == caller.context && (all || is_own(registry, caller, reference, token))
        });
        let asked = seen.filter(|(_, token)| is_asked(request, token));
        asked.map(|(reference, token)| token.json(reference)).collect()
    });
    let page = listing::page(request, ListKind::Tokens, &items)?;
    Ok(ksef.json(200, page.body("tokens")))
}

fn is_asked(request: &Request<'_>, token: &Token) -> bool {
    let states = request.queries("status");
    let holds = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
    (states.is_empty() || states.contains(&token.state.as_str()))
        && request.query("description").is_none_or(|part| holds(&token.about, part))
        && request.query("authorIdentifier").is_none_or(|part| holds(&token.author.value, part))
        && request.query("authorIdentifierType").is_none_or(|it| it == token.author.kind.as_str())
}

/// `GET /tokens/{referenceNumber}`.
pub(super) fn status(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let reading = [Permission::CredentialsManage, Permission::CredentialsRead];
    ksef.with_store(|store| {
        let token = seen(store, request, &reading)?;
        Ok(ksef.json(200, token.json(request.path("referenceNumber"))))
    })
}

/// `DELETE /tokens/{referenceNumber}`; the logins of the token end with it. Revoking again changes
/// nothing.
pub(super) fn revoke(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let reference = request.path("referenceNumber");
    let state = ksef.with_store(|store| {
        seen(store, request, &[Permission::CredentialsManage]).map(|token| token.state)
    })?;
    if !matches!(state, State::Revoking | State::Revoked) {
        ksef.with_store(|store| {
            store.resources.tokens.turn(reference, State::Revoking);
            store.logins.revoke_token(reference);
        });
        later(ksef, reference, State::Revoked);
    }
    Ok(Reply::status(204))
}

/// The token that a request names, if the caller may reach it.
fn seen<'a>(
    store: &'a Store,
    request: &Request<'_>,
    enough: &[Permission],
) -> Result<&'a Token, Problem> {
    let (caller, reference) = (request.caller()?, request.path("referenceNumber"));
    let token = store.resources.tokens.all.get(reference).ok_or_else(|| {
        Problem::misfits(vec![format!("Token {reference} nie został znaleziony.")])
    })?;
    let own = is_own(&store.resources.registry, caller, reference, token);
    let reached = token.context == caller.context && (own || reaches_all(store, caller, enough));
    if reached { Ok(token) } else { Err(Problem::not_yours()) }
}

fn reaches_all(store: &Store, caller: &Caller, enough: &[Permission]) -> bool {
    let held = auth::held(store, caller);
    enough.iter().any(|one| held.contains(one))
}

/// Whether a token is the caller's own: the one that it logged in with, or one that it made.
fn is_own(registry: &Registry, caller: &Caller, reference: &str, token: &Token) -> bool {
    match &caller.token {
        Some(used) => used == reference,
        None => registry.is_same(&token.author, &caller.subject),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_log_in_only_while_active_and_only_to_their_context() {
        let mut tokens = Tokens::default();
        let (alfa, now) = (Identity::nip("9990000103"), DateTime::UNIX_EPOCH);
        let secret = text("20260131-EC-1", &alfa, "ab");
        assert_eq!(secret, "20260131-EC-1|nip-9990000103|ab");
        let permissions = BTreeSet::from([Permission::InvoiceRead]);
        tokens.seed("20260131-EC-1", &secret, &alfa, permissions.clone(), now);
        assert_eq!(tokens.seeded(&alfa).as_ref(), Some(&secret));
        let login = tokens.login(&secret, &alfa, now).unwrap();
        assert_eq!((login.author, login.permissions), (alfa.clone(), permissions));
        let other = Identity::nip("9990000126");
        assert_eq!(tokens.login(&secret, &other, now).unwrap_err(), TokenFlaw::OtherContext);
        let changed = secret.replace("|ab", "|ac");
        assert_eq!(tokens.login(&changed, &alfa, now).unwrap_err(), TokenFlaw::Unknown);
        for (state, flaw) in [
            (State::Pending, TokenFlaw::Inactive),
            (State::Failed, TokenFlaw::Inactive),
            (State::Revoking, TokenFlaw::Revoked),
            (State::Revoked, TokenFlaw::Revoked),
        ] {
            tokens.turn("20260131-EC-1", state);
            assert_eq!(tokens.login(&secret, &alfa, now).unwrap_err(), flaw);
        }
        assert!(!format!("{tokens:?}").contains("ab\""), "secrets are not shown");
    }
}
