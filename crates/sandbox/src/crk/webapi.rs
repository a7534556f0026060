//! The WebApi: polling, confirming, tokens (source document, 2.3.1).

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::certificate::Certificate;
use super::command::{Confirmation, Queued};
use super::ident::{self, CommandId};
use super::jose::{jwe, jws};
use super::profile::{Plaintext, Profile};
use super::register::State;
use super::routes::PUBLISHERS;
use super::{Crk, codes};
use crate::front::{Incoming, Mood};
use crate::reply::{Reply, write_value};

/// Characters of the message in a confirmation.
const LONGEST_MESSAGE: usize = 200;

/// `GET /api/Repository/Ping`.
pub(super) fn ping(crk: &Crk, incoming: &Incoming) -> Result<Reply, Reply> {
    caller(crk, incoming).map(|_| Reply::status(204))
}

/// `GET /api/Repository/Command`.
pub(super) fn fetch(crk: &Crk, incoming: &Incoming) -> Result<Reply, Reply> {
    let number = caller(crk, incoming)?;
    let again = crk.context().mood == Mood::Hostile && crk.context().chance.hits(100);
    let found = crk.with_store(|store| {
        store.statistics.polls += 1;
        let record = store.registers.get_mut(&number)?;
        let recipient = record.encryption.first()?.clone();
        let finished = record.queue.iter().rposition(|one| one.confirmation.is_some());
        let queued = match finished.filter(|_| again) {
            // A confirmation may get lost inside the repository too.
            Some(place) => record.queue.get_mut(place),
            None => record.next(),
        }?;
        queued.deliveries += 1;
        store.statistics.deliveries += 1;
        Some((queued.clone(), recipient))
    });
    let Some((queued, recipient)) = found else { return Ok(Reply::status(204)) };
    let profile = crk.profile();
    let sealed = seal(crk, &profile, &queued, &recipient);
    let sealed = sealed.ok_or_else(|| codes::details(crk, 500, "500", "Blad szyfrowania"))?;
    let body = json!({"commandId": queued.command_id, "encryptedCommand": sealed});
    Ok(Reply::json(200, body))
}

/// The command as the register will find it.
fn seal(crk: &Crk, profile: &Profile, queued: &Queued, recipient: &Certificate) -> Option<String> {
    let context = crk.context();
    let spelling = crk.with_store(|store| store.settings.spelling);
    let mut attributes = queued.command.attributes(spelling);
    let name = crk.spelled(spelling, "shipmentType");
    if let Some(members) = attributes.as_object_mut()
        && let Some(value) = members.remove("shipmentType")
    {
        members.insert(name.to_owned(), value);
    }
    let command = json!({"attributes": attributes});
    let plain = match profile.plaintext {
        Plaintext::Value => command,
        Plaintext::Whole => json!({"commandId": queued.command_id, "command": command}),
    };
    let disorder = (context.mood == Mood::Hostile).then_some(&context.chance);
    let mut text = String::new();
    write_value(&plain, disorder, &mut text);
    let repository = crk.pki().repository().ok()?;
    let below = crk.pki().sub();
    let signed =
        jws::sign(text.as_bytes(), profile.signature, profile.form, repository, below).ok()?;
    jwe::encrypt(&signed, profile, recipient, context.chance.bytes()).ok()
}

/// `POST /api/Repository/Command`.
pub(super) fn confirm(crk: &Crk, incoming: &Incoming) -> Result<Reply, Reply> {
    let number = caller(crk, incoming)?;
    let sent: Map<String, Value> = serde_json::from_slice(&incoming.body)
        .map_err(|_| invalid(crk, incoming, "the confirmation is no JSON object"))?;
    let text = |name: &str| sent.get(name).and_then(Value::as_str);
    let command_id = text("commandId").filter(|id| CommandId::read(id).is_ok());
    let Some(command_id) = command_id else {
        crk.note(incoming, "a confirmation with a malformed `commandId`");
        return Err(codes::details(crk, 400, "100", "Błędny format CommandId"));
    };
    let confirmation = confirmation(crk, &text)
        .ok_or_else(|| invalid(crk, incoming, "a confirmation that is not as described"))?;
    let outcome = crk.with_store(|store| {
        let record = store.registers.get_mut(&number)?;
        let mut queue = record.queue.iter_mut();
        let queued = queue.find(|one| one.command_id == command_id && one.deliveries > 0)?;
        store.statistics.confirmations += 1;
        let earlier = queued.confirmation.get_or_insert_with(|| confirmation.clone());
        Some(earlier.code == confirmation.code)
    });
    match outcome {
        None => Err(codes::details(crk, 400, "110", "Nie znaleziono komendy")),
        Some(same) => {
            if !same {
                crk.note(incoming, "a command that was confirmed with another `Code` before");
            }
            Ok(Reply::status(204))
        }
    }
}

fn confirmation<'a>(crk: &Crk, text: &impl Fn(&str) -> Option<&'a str>) -> Option<Confirmation> {
    let executed = ident::moment(text("ExecTime")?)?;
    let code = text("Code").filter(|code| ["0", "1"].contains(code))?;
    let message = text("Message").filter(|message| !message.is_empty());
    let fits = message.is_none_or(|message| message.chars().count() <= LONGEST_MESSAGE);
    if !fits || (code == "1" && message.is_none()) {
        return None;
    }
    let (code, message) = (code.to_owned(), message.map(str::to_owned));
    Some(Confirmation { code, message, executed, at: crk.now() })
}

/// The codes 100 and 110 are the only ones published; for the rest the double has the status.
fn invalid(crk: &Crk, incoming: &Incoming, what: &str) -> Reply {
    crk.note(incoming, what);
    codes::details(crk, 400, "400", "Błędne zapytanie")
}

/// `GET /api/Repository/EventHubSasToken`.
pub(super) fn token(crk: &Crk, incoming: &Incoming) -> Result<Reply, Reply> {
    let number = caller(crk, incoming)?;
    let context = crk.context();
    let life = crk.with_store(|store| {
        store.statistics.tokens += 1;
        store.settings.token_life
    });
    let life = match context.mood {
        // A token may be shorter-lived than the last one.
        Mood::Hostile => life / i32::try_from(context.chance.between(1, 4)).unwrap_or(1),
        Mood::Calm => life,
    };
    let life = life.max(TimeDelta::seconds(1));
    let resource = format!("{}{PUBLISHERS}{number}", crk.hub_url());
    let value = crk.with_sas(|sas| sas.token(&resource, crk.now() + life));
    Ok(Reply::json(
        200,
        json!({
            "urlToSend": format!("{resource}/messages?timeout=60&api-version=2014-01"),
            "sasValue": value,
            "timeoutInSec": life.num_seconds(),
        }),
    ))
}

/// The unique number of a fiscalised register that shows a certificate it registered.
fn caller(crk: &Crk, incoming: &Incoming) -> Result<String, Reply> {
    let limit = crk.with_store(|store| store.settings.webapi_limit);
    if incoming.head + incoming.body.len() > limit {
        crk.note(incoming, "a request of more than 100 kB");
        return Err(Reply::status(404));
    }
    let shown = incoming.certificate.as_ref();
    let certificate = shown.and_then(|shown| crk.pki().trusted(shown, crk.now()));
    let known = certificate.and_then(|certificate| {
        crk.with_store(|store| {
            let record = store.registers.get(&certificate.name)?;
            let registered = record.tls.iter().any(|one| one.der == certificate.der);
            let open = matches!(record.state, Some(State::Fiscalised | State::ReadOnly));
            (registered && open).then_some(certificate.name.clone())
        })
    });
    known.ok_or_else(|| Reply::status(403))
}
