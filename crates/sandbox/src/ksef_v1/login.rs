//! Opening a session: challenge, token or signature (specification 1.9, chapters 4 and 13.2).

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::answer::{Answered, Ask, Version};
use super::exception::Exception;
use super::people::{Context, Source, TokenState, Vector};
use super::process::description;
use super::request::{self, Kind, Opening, Proof};
use super::roles::{OPERATIONAL, Role};
use super::store::{Challenge, End, Session, Store, Verdict};
use super::{session, to_millis};
use crate::ksef::certificate::{Certificate, Holder};
use crate::ksef::document::Form;
use crate::ksef::{hex, keys, numbers, signature};
use crate::reply::Reply;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ChallengeBody {
    context_identifier: ContextBody,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContextBody {
    #[serde(rename = "type")]
    kind: String,
    identifier: String,
}

/// Gives a challenge for a context.
pub(super) fn challenge(ask: &Ask<'_>) -> Answered {
    let body: ChallengeBody = ask.body()?;
    let ContextBody { kind, identifier } = body.context_identifier;
    let context = match kind.as_str() {
        "onip" if numbers::is_nip(&identifier) => Context::Nip(identifier),
        "int" if numbers::is_internal(&identifier) => Context::Internal(identifier),
        _ => return Err(ask.off_schema("contextIdentifier")),
    };
    check_context(&context)?;
    let challenge = ask.new_reference("CR");
    // The client sends the milliseconds back, so what is told is what is meant.
    let told = ask.moment(to_millis(ask.now));
    let at = told.parse().unwrap_or(ask.now);
    ask.ksef.with_store(|store| {
        store.statistics.challenges += 1;
        store.challenges.insert(challenge.clone(), Challenge { context, at });
    });
    Ok(Reply::json(201, json!({"timestamp": told, "challenge": challenge})))
}

/// Opens a session by a token.
pub(super) fn token(ask: &Ask<'_>) -> Answered {
    binary(ask)?;
    let opening = request::opening(&ask.incoming.body, Kind::Token)?;
    let challenge = check(ask, &opening)?;
    let Proof::Token(sealed) = &opening.proof else { return Err(Exception::new(21116)) };
    let plain = keys::encryption().decrypt(sealed).ok_or_else(|| Exception::new(21116))?;
    let plain = String::from_utf8(plain).map_err(|_| Exception::new(21116))?;
    let (secret, millis) = plain.split_once('|').ok_or_else(|| Exception::new(21116))?;
    let number = ask.ksef.with_store(|store| {
        let token = store.people.tokens.iter_mut().find(|token| token.secret == secret);
        let token = token.ok_or_else(|| Exception::new(21116))?;
        match token.state {
            TokenState::Inactive => return Err(Exception::new(21302)),
            TokenState::Revoked => return Err(Exception::new(21303)),
            TokenState::Active => {}
        }
        if millis != challenge.at.timestamp_millis().to_string() {
            return Err(Exception::new(21112));
        }
        token.used = Some(ask.now);
        Ok(token.number.clone())
    })?;
    open(ask, opening, &Vector::Token(number), None)
}

/// Opens a session by a signature.
pub(super) fn signed(ask: &Ask<'_>) -> Answered {
    binary(ask)?;
    let signed =
        signature::verify(&ask.incoming.body).map_err(|flaw| Exception::new(flaw.code()))?;
    let opening = request::opening(&signed.content, Kind::Signed)?;
    check(ask, &opening)?;
    let vector = vector(ask, &signed.certificate, &opening.proof)?;
    open(ask, opening, &vector, Some(signed.certificate))
}

/// The vector of a certificate, which must fit the declared type (KSeF 1.x facts §6).
pub(super) fn vector(
    ask: &Ask<'_>,
    certificate: &Certificate,
    proof: &Proof,
) -> Result<Vector, Exception> {
    let issued = ask.ksef.with_store(|store| super::pki::vector(store, certificate))?;
    if let Some(vector) = issued {
        return Ok(vector);
    }
    let holder = certificate.holder().ok_or_else(|| Exception::new(21407))?;
    ask.ksef.introduce_fingerprint();
    match (proof, holder) {
        (Proof::SerialNumber, Holder::Seal { nip } | Holder::Person { nip: Some(nip), .. }) => {
            Ok(Vector::Nip(nip))
        }
        (Proof::SerialNumber, Holder::Person { pesel: Some(pesel), .. }) => {
            Ok(Vector::Pesel(pesel))
        }
        (Proof::Fingerprint, Holder::Person { nip: None, pesel: None }) => {
            Ok(Vector::Fingerprint(certificate.fingerprint()))
        }
        _ => Err(Exception::new(21406)),
    }
}

/// The vector of a batch, whose request does not declare a type.
pub(super) fn undeclared(ask: &Ask<'_>, certificate: &Certificate) -> Result<Vector, Exception> {
    vector(ask, certificate, &Proof::SerialNumber)
        .or_else(|_| vector(ask, certificate, &Proof::Fingerprint))
}

/// A request of bytes should say so.
pub(super) fn binary(ask: &Ask<'_>) -> Result<(), Exception> {
    let media = ask.header("content-type").unwrap_or_default();
    if media.split(';').next().map(str::trim) != Some("application/octet-stream") {
        ask.note("the body is not announced as application/octet-stream");
    }
    if ask.incoming.body.is_empty() {
        return Err(Exception::new(21172));
    }
    Ok(())
}

/// The challenge of a request, which is spent by it.
fn check(ask: &Ask<'_>, opening: &Opening) -> Result<Challenge, Exception> {
    check_context(&opening.context)?;
    check_form(&opening.form)?;
    ask.ksef.with_store(|store| {
        let life = store.settings.challenge_life;
        let challenge = store.challenges.remove(&opening.challenge);
        let challenge = challenge.filter(|it| ask.now - it.at < life);
        let challenge = challenge.ok_or_else(|| Exception::new(21111))?;
        if challenge.context == opening.context {
            Ok(challenge)
        } else {
            Err(Exception::about(21160, "Identifier"))
        }
    })
}

/// A form that is not taken is told from another version of one that is.
pub(super) fn check_form(form: &Form) -> Result<(), Exception> {
    if form.is_known() {
        return Ok(());
    }
    let other = Form::known().into_iter().any(|known| {
        let version = form.schema_version.clone();
        *form == Form { schema_version: version, ..known }
    });
    Err(Exception::about(if other { 21417 } else { 21211 }, "FormCode"))
}

fn check_context(context: &Context) -> Result<(), Exception> {
    match context {
        Context::Internal(value) if !numbers::internal_holds(value) => Err(Exception::new(24002)),
        _ => Ok(()),
    }
}

/// A session without anything in it.
pub(super) fn blank(
    ask: &Ask<'_>,
    reference: &str,
    context: Context,
    vector: Vector,
    form: Form,
) -> Session {
    Session {
        reference: reference.to_owned(),
        context,
        vector,
        form,
        declared: None,
        key: None,
        certificate: None,
        code: 100,
        description: description(100).to_owned(),
        created: ask.now,
        updated: ask.now,
        used: ask.now,
        end: End::Open,
        elements: Vec::new(),
        hashes: HashSet::new(),
        verdict: watch::Sender::new(Verdict::Pending),
        open: watch::Sender::new(0),
        receipts: Vec::new(),
        batch: None,
    }
}

/// Opens an authorised session; its authentication goes on by itself.
fn open(
    ask: &Ask<'_>,
    opening: Opening,
    vector: &Vector,
    certificate: Option<Certificate>,
) -> Answered {
    let token = hex(&ask.ksef.context().chance.bytes::<32>()).to_lowercase();
    let reference = ask.new_reference("SE");
    let held = ask.ksef.with_store(|store| store.people.roles(vector, &opening.context));
    // Chapter 5.7.1.
    if !held.iter().any(|(role, _)| OPERATIONAL.contains(role)) {
        return Err(ask.unauthorised(21301));
    }
    let version = ask.accepted();
    let answer = ask.ksef.with_store(|store| {
        let context = opening.context.clone();
        let mut session = blank(ask, &reference, context, vector.clone(), opening.form);
        (session.declared, session.certificate) = (opening.encryption, certificate);
        store.session_order.push(reference.clone());
        store.sessions.insert(reference.clone(), session);
        store.tokens.insert(token.clone(), reference.clone());
        store.statistics.sessions += 1;
        let roles: Vec<Value> = held
            .iter()
            .map(|(role, source)| role_entry(store, *role, *source, vector, version))
            .collect();
        json!({
            "timestamp": ask.moment(ask.now),
            "referenceNumber": reference,
            "sessionToken": {
                "token": token,
                "context": {
                    "contextIdentifier": opening.context.json(),
                    "contextName": {
                        "type": "fn",
                        "tradeName": null,
                        "fullName": super::seed::name(opening.context.nip()),
                    },
                    "credentialsRoleList": roles,
                },
            },
        })
    });
    session::begin(ask.ksef, &reference);
    Ok(match version {
        Version::Vnd(2) => {
            let mut answer = answer;
            answer["authenticationIdentifiers"] = identifiers(ask, vector);
            Reply::json_as(201, "application/vnd.v2+json; charset=utf-8", answer)
        }
        _ => Reply::json(201, answer),
    })
}

/// Whom the login showed; for a token that is its parent.
fn identifiers(ask: &Ask<'_>, vector: &Vector) -> Value {
    let shown = match vector {
        Vector::Token(number) => ask.ksef.with_store(|store| {
            let tokens = &store.people.tokens;
            tokens.iter().find(|token| token.number == *number).map(|it| it.parent.identifier())
        }),
        other => Some(other.identifier()),
    };
    json!(shown.map(|one| one.json()).into_iter().collect::<Vec<_>>())
}

fn role_entry(
    store: &Store,
    role: Role,
    source: Source,
    vector: &Vector,
    version: Version,
) -> Value {
    let grant = store.people.grants.iter().find(|grant| grant.role == role);
    if role == Role::Owner {
        let kind = if version == Version::Vnd(2) { "direct" } else { "standard_plain" };
        return json!({"type": kind, "roleType": role, "roleDescription": "system"});
    }
    let about = match vector {
        Vector::Token(number) => store
            .people
            .tokens
            .iter()
            .find(|token| token.number == *number)
            .and_then(|token| token.roles_about.iter().find(|(one, _)| *one == role))
            .map(|(_, about)| about.clone()),
        _ => grant.map(|grant| grant.about.clone()),
    };
    let kind = match (source, version) {
        (Source::Token, _) => "token",
        (Source::Granted, _) => "granted",
        (Source::Direct, Version::Vnd(2)) => "direct",
        (Source::Inherited, Version::Vnd(2)) => "inherited",
        (Source::Accounting, Version::Vnd(2)) => "accounting",
        _ => "standard_details",
    };
    let mut entry = json!({"type": kind, "roleType": role});
    entry["roleDescription"] = json!(about.unwrap_or_else(|| "role".to_owned()));
    if source == Source::Granted {
        let giver = grant.map(|grant| grant.context.clone()).unwrap_or_default();
        entry["roleGrantorIdentifier"] = json!({"type": "onip", "identifier": giver});
    }
    entry
}
