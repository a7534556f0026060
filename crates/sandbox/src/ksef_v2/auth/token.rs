//! Logging in with a KSeF token (KSeF 2.0 facts §4.3).

use super::{AllowedIps, Verdict, begin, common_verdict};
use crate::ksef::unbase64;
use crate::ksef_v2::KsefV2;
use crate::ksef_v2::people::{Caller, Identity, IdentityKind, LoginMethod};
use crate::ksef_v2::problem::Problem;
use crate::ksef_v2::public_keys::Usage;
use crate::ksef_v2::request::Request;
use crate::ksef_v2::resources::{self, TokenFlaw, TokenLogin};
use crate::ksef_v2::store::Store;
use crate::reply::Reply;

/// Takes an encrypted token. What is wrong with the token itself is told by the status of the
/// operation, what is wrong with the request at once.
pub(in super::super) fn with_token(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let body = &request.body;
    let context = Identity::read(&body["contextIdentifier"]).filter(Identity::is_shaped);
    let kinds = [IdentityKind::Pesel, IdentityKind::Fingerprint];
    let context = context.filter(|context| !kinds.contains(&context.kind)).ok_or_else(|| {
        Problem::misfits(vec![
            "Pole 'contextIdentifier.value' ma nieprawidłową wartość.".to_owned(),
        ])
    })?;
    let sealed = body["encryptedToken"].as_str().and_then(unbase64).unwrap_or_default();
    let plain = ksef.unseal(Usage::Token, &sealed, body["publicKeyId"].as_str())?;
    let challenge = body["challenge"].as_str().unwrap_or_default();
    let now = request.now;
    let made = ksef.with_store(|store| {
        let life = store.settings.challenge_life;
        store.logins.take(challenge, life, now).ok_or_else(|| Problem::code(21111))
    })?;
    let wrong = |about: &str| Verdict::detailed(450, about);
    let login = ksef.with_store(|store| {
        let plain = plain.ok_or_else(|| wrong("Nieprawidłowe szyfrowanie tokena"))?;
        let text = String::from_utf8(plain).map_err(|_| wrong("Nieprawidłowe kodowanie tokena"))?;
        let (token, time) = text.rsplit_once('|').ok_or_else(|| wrong("Nieprawidłowy token"))?;
        if time.parse() != Ok(made.timestamp_millis()) {
            return Err(wrong("Nieprawidłowy czas tokena"));
        }
        log_in(store, token, &context, now)
    });
    let mut caller = Caller {
        subject: context.clone(),
        context,
        method: LoginMethod::Token,
        operation: String::new(),
        token: None,
        limited_to: None,
        certificate: None,
        document_hash: None,
    };
    let verdict = match login {
        Ok(login) => {
            caller.subject = login.author;
            caller.token = Some(login.reference);
            caller.limited_to = Some(login.permissions);
            ksef.with_store(|store| common_verdict(store, &caller))
        }
        Err(verdict) => verdict,
    };
    Ok(begin(ksef, caller, AllowedIps::read(&body["authorizationPolicy"]), verdict))
}

fn log_in(
    store: &mut Store,
    token: &str,
    context: &Identity,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<TokenLogin, Verdict> {
    resources::token_login(store, token, context, now).map_err(|flaw| {
        let about = match flaw {
            TokenFlaw::Unknown => "Nieprawidłowy token".to_owned(),
            TokenFlaw::Revoked => "Token unieważniony".to_owned(),
            TokenFlaw::Inactive => "Token nieaktywny".to_owned(),
            TokenFlaw::OtherContext => format!("Token nie może być użyty w kontekście {context}"),
        };
        Verdict::detailed(450, &about)
    })
}
