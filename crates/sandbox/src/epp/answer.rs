//! How the API of the double answers: who asks, with which right, and what each route does.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};

use super::list::{Listed, Page, Query};
use super::payment::Scene;
use super::routes::{self, Call};
use super::session::Refused;
use super::store::Store;
use super::user::User;
use super::{Epp, batch, pay, statements};
use crate::front::{Incoming, Mood};
use crate::record::System;
use crate::reply::Reply;

/// Checks token and right, in this order.
pub(super) fn admit(epp: &Epp, incoming: &Incoming) -> Option<Reply> {
    let right = routes::find(&incoming.method, &incoming.path)?.call.needs()?;
    let context = epp.context();
    // A hostile server forgets a token now and then.
    if context.mood == Mood::Hostile && context.chance.hits(10) {
        let now = context.clock.now();
        let token = bearer(incoming).unwrap_or_default();
        epp.with_store(|store| store.sessions.end(token, now));
    }
    match user(epp, incoming) {
        Some(user) if user.rights.contains(&right) => None,
        Some(_) => Some(refusal(epp, 403, "Unauthorized")),
        None => Some(unauthenticated(epp, incoming)),
    }
}

/// Processes an admitted request.
pub(super) fn answer(epp: &Epp, incoming: &Incoming) -> Reply {
    match processed(epp, incoming) {
        Ok(reply) | Err(reply) => reply,
    }
}

/// The answer; the error is one, too, that came before the work was done.
fn processed(epp: &Epp, incoming: &Incoming) -> Result<Reply, Reply> {
    let Some(found) = routes::find(&incoming.method, &incoming.path) else {
        note(epp, incoming, "unknown route");
        return Err(not_found());
    };
    // The token may have ended while a scripted delay passed.
    let user = || user(epp, incoming).ok_or_else(|| unauthenticated(epp, incoming));
    match found.call {
        Call::Ping => Ok(ping(epp)),
        Call::Login => login(epp, incoming),
        Call::Refresh => Ok(refresh(epp, incoming)),
        Call::Accounts => Ok(accounts(epp, incoming, &user()?)),
        Call::Account => account(epp, &user()?, found.id),
        Call::StatementUrl => statements::url(epp, incoming, &user()?, found.id),
        Call::Orders => Ok(orders(epp, incoming, &user()?)),
        Call::Order => order(epp, &user()?, found.id),
        Call::CreateOrders => batch::answer(epp, incoming, &user()?, batch::Effect::Create),
        Call::ValidateOrders => batch::answer(epp, incoming, &user()?, batch::Effect::Validate),
        Call::StartPayment => pay::start(epp, incoming, &user()?),
        Call::ConfirmPayment => pay::confirm(epp, incoming, &user()?),
    }
}

/// The envelope of a success (source document, section "API").
pub(super) fn success(payload: Value) -> Reply {
    let mut envelope = json!({"status": {"code": "Success", "message": "Success"}});
    envelope["payload"] = payload;
    Reply::json(200, envelope)
}

/// The envelope of a failure.
pub(super) fn failure(status: u16, code: &str, message: &str) -> Reply {
    let status_member = json!({"code": code, "message": message});
    Reply::json(status, json!({"status": status_member, "payload": null}))
}

/// A refusal for its content; a hostile server uses several statuses, because none is published
/// (ePP facts §3).
pub(super) fn rejected(epp: &Epp, code: &str, message: &str) -> Reply {
    let context = epp.context();
    let status = match context.mood {
        Mood::Hostile => {
            [400, 200, 422][usize::try_from(context.chance.between(0, 2)).unwrap_or(0)]
        }
        Mood::Calm => 400,
    };
    failure(status, code, message)
}

/// Notes what no correct client sends.
pub(super) fn note(epp: &Epp, incoming: &Incoming, what: impl Into<String>) {
    epp.context().journal.unexpected(incoming.unexpected(System::Epp, what));
}

/// The body as JSON, or the answer to one that is not.
pub(super) fn body(epp: &Epp, incoming: &Incoming) -> Result<Value, Reply> {
    let media = incoming.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.and_then(|media| media.split(';').next()).unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") {
        // Trap 18 of the facts: a sample forgets the content type, which is mandatory.
        note(epp, incoming, "the body is not announced as application/json");
        return Err(failure(415, "UnsupportedMediaType", "UnsupportedMediaType."));
    }
    serde_json::from_slice(&incoming.body).map_err(|_| {
        note(epp, incoming, "the body is not JSON");
        failure(400, "ValidationError", "InvalidJson.")
    })
}

/// The circumstances of a payment.
pub(super) fn scene(epp: &Epp) -> Scene<'_> {
    let context = epp.context();
    let loose = context.mood == Mood::Hostile;
    Scene { now: context.clock.now(), chance: &context.chance, loose }
}

fn bearer(incoming: &Incoming) -> Option<&str> {
    let value = incoming.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn user(epp: &Epp, incoming: &Incoming) -> Option<User> {
    let now = epp.context().clock.now();
    let token = bearer(incoming)?;
    epp.with_store(|store| {
        let login = store.sessions.login_of(token, now)?.to_owned();
        store.user(&login).cloned()
    })
}

fn unauthenticated(epp: &Epp, incoming: &Incoming) -> Reply {
    let wrong = epp.with_store(|store| {
        store.statistics.unauthenticated += 1;
        bearer(incoming).is_some_and(|token| store.sessions.is_refresh(token))
    });
    if wrong {
        // Trap 2 of the facts: the source document asks for it, and it is wrong.
        note(epp, incoming, "a refresh token in place of an access token");
    }
    refusal(epp, 401, "Unauthenticated")
}

/// A refusal of access; the code is that of the table in the source document, and a hostile
/// server has two more forms of it.
fn refusal(epp: &Epp, status: u16, message: &str) -> Reply {
    let context = epp.context();
    let form = if context.mood == Mood::Hostile { context.chance.between(0, 2) } else { 0 };
    match form {
        1 => failure(status, message, message),
        2 => Reply::status(status),
        _ => failure(status, &status.to_string(), message),
    }
}

/// The body of a ping is not published.
fn ping(epp: &Epp) -> Reply {
    let context = epp.context();
    if context.mood == Mood::Hostile && context.chance.hits(500) {
        return Reply::raw(200, "text/plain; charset=utf-8", "pong");
    }
    success(Value::Null)
}

fn login(epp: &Epp, incoming: &Incoming) -> Result<Reply, Reply> {
    let sent = body(epp, incoming)?;
    let (Some(login), Some(password)) = (sent["login"].as_str(), sent["password"].as_str()) else {
        note(epp, incoming, "a login without `login` or `password`");
        return Err(failure(400, "ValidationError", "InvalidLoginValidation."));
    };
    let (now, chance) = (epp.context().clock.now(), &epp.context().chance);
    let answer = epp.with_store(|store| {
        let good = store.user(login).is_some_and(|user| user.password() == password);
        let passed = store.sessions.knock(login, good, now);
        match passed {
            Ok(()) => store.statistics.logins += 1,
            Err(_) => store.statistics.refused_logins += 1,
        }
        passed.map(|()| store.sessions.open(login, now, store.settings.lives, chance))
    });
    answer.map(success).map_err(|refused| match refused {
        Refused::Unknown => failure(401, "InvalidLogin", "InvalidLogin."),
        Refused::Blocked => failure(401, "UserBlocked", "UserBlocked."),
    })
}

fn refresh(epp: &Epp, incoming: &Incoming) -> Reply {
    let (now, chance) = (epp.context().clock.now(), &epp.context().chance);
    let token = bearer(incoming).unwrap_or_default();
    let (renewed, wrong) = epp.with_store(|store| {
        let wrong = store.sessions.is_access(token);
        let renewed = store.sessions.renew(token, now, store.settings.lives, chance);
        match &renewed {
            Some((_, early)) => {
                store.statistics.refreshes += 1;
                store.statistics.early_refreshes += u64::from(*early);
            }
            None => store.statistics.refused_refreshes += 1,
        }
        (renewed, wrong)
    });
    if wrong {
        note(epp, incoming, "an access token in place of a refresh token");
    }
    match renewed {
        Some((tokens, _)) => success(tokens),
        None => refusal(epp, 401, "Unauthenticated"),
    }
}

fn accounts(epp: &Epp, incoming: &Incoming, user: &User) -> Reply {
    list(epp, incoming, |store, query, show| query.page(store.accounts_of(user), show))
}

fn orders(epp: &Epp, incoming: &Incoming, user: &User) -> Reply {
    list(epp, incoming, |store, query, show| query.page(store.orders_of(user), show))
}

/// A list; `fetch` cuts the page out of the entries that the user sees.
fn list<T: Listed>(
    epp: &Epp,
    incoming: &Incoming,
    fetch: impl FnOnce(&Store, &Query<T>, &dyn Fn(&T) -> Value) -> Result<Page, String>,
) -> Reply {
    let mut oddities = Vec::new();
    let query = Query::read(&incoming.query, &mut oddities);
    for what in oddities {
        note(epp, incoming, what);
    }
    let loose = epp.context().mood == Mood::Hostile;
    let payload = query.and_then(|query| {
        epp.with_store(|store| {
            let query = query.clamped(store.settings.largest_page);
            let page = fetch(store, &query, &|entry| entry.shown(loose))?;
            Ok(page.payload(store.settings.page_shape))
        })
    });
    match payload {
        Ok(payload) => success(payload),
        Err(name) => rejected(epp, "ValidationError", &format!("Invalid {name}.")),
    }
}

fn account(epp: &Epp, user: &User, number: &str) -> Result<Reply, Reply> {
    let loose = epp.context().mood == Mood::Hostile;
    let found = epp.with_store(|store| {
        store.accounts_of(user).find(|one| one.number == number).map(|one| one.shown(loose))
    });
    found.map(success).ok_or_else(not_found)
}

fn order(epp: &Epp, user: &User, id: &str) -> Result<Reply, Reply> {
    let loose = epp.context().mood == Mood::Hostile;
    let found = epp.with_store(|store| {
        let id: u64 = id.parse().ok()?;
        store.orders_of(user).find(|order| order.id == id).map(|order| order.shown(loose))
    });
    found.map(success).ok_or_else(not_found)
}

/// What does not exist, or belongs to somebody else.
pub(super) fn not_found() -> Reply {
    failure(404, "NotFound", "NotFound.")
}
