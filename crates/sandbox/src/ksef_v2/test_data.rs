//! What the test environment lets everybody arrange: subjects with roles, persons, permissions,
//! attachments, blocked contexts (KSeF 2.0 facts §12.5).

mod registry;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

pub(super) use registry::{Person, Registry, Role, Standing};

use super::KsefV2;
use super::people::{Identity, Permission};
use super::permissions::{Grant, Way};
use super::problem::{Problem, moment};
use super::request::Request;
use crate::reply::Reply;

/// `POST /testdata/subject`.
pub(super) fn add_subject(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let body = &request.body;
    let nip = text(body, "subjectNip");
    let (own, below) = match body["subjectType"].as_str() {
        Some("EnforcementAuthority") => (Role::EnforcementAuthority, None),
        Some("VatGroup") => (Role::VatGroupUnit, Some(Role::VatGroupSubUnit)),
        _ => (Role::LocalGovernmentUnit, Some(Role::LocalGovernmentSubUnit)),
    };
    let since = created(body, request.now);
    let mut standings = vec![Standing {
        nip: nip.to_owned(),
        role: own,
        parent: None,
        about: text(body, "description").to_owned(),
        since,
    }];
    let units = body["subunits"].as_array().map(Vec::as_slice).unwrap_or_default();
    match below {
        Some(role) => standings.extend(units.iter().map(|unit| Standing {
            nip: text(unit, "subjectNip").to_owned(),
            role,
            parent: Some(nip.to_owned()),
            about: text(unit, "description").to_owned(),
            since,
        })),
        None if !units.is_empty() => return Err(misfit("subunits")),
        None => {}
    }
    ksef.with_store(|store| {
        let registry = &mut store.resources.registry;
        if registry.is_subject(nip) {
            return Err(exists(nip));
        }
        if registry.was_later(nip, since) {
            return Err(misfit("createdDate"));
        }
        registry.add(standings);
        Ok(Reply::status(200))
    })
}

/// `POST /testdata/subject/remove`.
pub(super) fn remove_subject(ksef: &KsefV2, request: &Request<'_>) -> Reply {
    let nip = text(&request.body, "subjectNip");
    ksef.with_store(|store| store.resources.registry.remove_subject(nip));
    Reply::status(200)
}

/// `POST /testdata/person`.
pub(super) fn add_person(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let body = &request.body;
    let person = Person {
        nip: text(body, "nip").to_owned(),
        pesel: text(body, "pesel").to_owned(),
        is_bailiff: body["isBailiff"] == true,
        is_deceased: body["isDeceased"] == true,
        about: text(body, "description").to_owned(),
        since: created(body, request.now),
    };
    ksef.with_store(|store| {
        let registry = &mut store.resources.registry;
        if registry.knows_person(&person) {
            return Err(exists(&person.nip));
        }
        if registry.was_later(&person.nip, person.since) {
            return Err(misfit("createdDate"));
        }
        registry.add_person(person);
        Ok(Reply::status(200))
    })
}

/// `POST /testdata/person/remove`; the person loses everything that was given to it.
pub(super) fn remove_person(ksef: &KsefV2, request: &Request<'_>) -> Reply {
    let nip = text(&request.body, "nip");
    ksef.with_store(|store| {
        let resources = &mut store.resources;
        for person in resources.registry.remove_person(nip) {
            resources.permissions.forget(&person.nip());
            resources.permissions.forget(&person.pesel());
        }
    });
    Reply::status(200)
}

/// `POST /testdata/permissions`: at once, and in the name of the system.
pub(super) fn grant(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let (context, to) = pair(&request.body)?;
    let given = request.body["permissions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let grants = given.iter().filter_map(|one| {
        let permission = Permission::read(text(one, "permissionType"))?;
        let grant = Grant::new(Way::Person, &context, &to, permission, request.now);
        Some(grant.described(text(one, "description")))
    });
    let grants: Vec<Grant> = grants.collect();
    ksef.with_store(|store| store.resources.permissions.add(grants));
    Ok(Reply::status(200))
}

/// `POST /testdata/permissions/revoke`: takes back what the system gave.
pub(super) fn revoke(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let (context, to) = pair(&request.body)?;
    ksef.with_store(|store| store.resources.permissions.forget_given_by_system(&context, &to));
    Ok(Reply::status(200))
}

/// `POST /testdata/attachment`.
pub(super) fn allow_attachments(ksef: &KsefV2, request: &Request<'_>) -> Reply {
    let nip = text(&request.body, "nip");
    ksef.with_store(|store| store.resources.registry.allow_attachments(nip));
    Reply::status(200)
}

/// `POST /testdata/attachment/revoke`: at once, or at the end of the day that is given.
pub(super) fn forbid_attachments(ksef: &KsefV2, request: &Request<'_>) -> Reply {
    let nip = text(&request.body, "nip");
    let day = request.body["expectedEndDate"].as_str().and_then(|day| day.parse().ok());
    ksef.with_store(|store| store.resources.registry.forbid_attachments(nip, day, request.now));
    Reply::status(200)
}

/// `GET /permissions/attachments/status`.
pub(super) fn attachments(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let nip = request.caller()?.context.owner_nip().unwrap_or_default();
    let body = ksef.with_store(|store| {
        let registry = &store.resources.registry;
        let mut body = json!({"isAttachmentAllowed": registry.may_attach(nip, request.now)});
        if let Some(until) = registry.attachments_end(nip) {
            body["revokedDate"] = json!(moment(until));
        }
        body
    });
    Ok(ksef.json(200, body))
}

/// `POST /testdata/context/block`: nobody can log in to the context any more.
pub(super) fn block(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let context = context(&request.body)?;
    ksef.with_store(|store| store.resources.registry.block(context));
    Ok(Reply::status(200))
}

/// `POST /testdata/context/unblock`.
pub(super) fn unblock(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let context = context(&request.body)?;
    ksef.with_store(|store| store.resources.registry.unblock(&context));
    Ok(Reply::status(200))
}

fn pair(body: &Value) -> Result<(Identity, Identity), Problem> {
    let read = |name: &str| {
        let identity = Identity::read(&body[name]).filter(Identity::is_shaped);
        identity.ok_or_else(|| misfit(&format!("{name}.value")))
    };
    Ok((read("contextIdentifier")?, read("authorizedIdentifier")?))
}

fn context(body: &Value) -> Result<Identity, Problem> {
    let context = Identity::read(&body["contextIdentifier"]).filter(Identity::is_shaped);
    context.ok_or_else(|| misfit("contextIdentifier"))
}

fn created(body: &Value, now: DateTime<Utc>) -> DateTime<Utc> {
    let given = body["createdDate"].as_str().and_then(|it| DateTime::parse_from_rfc3339(it).ok());
    given.map_or(now, |given| given.with_timezone(&Utc))
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_default()
}

fn exists(nip: &str) -> Problem {
    Problem::detailed(30001, format!("Podmiot o identyfikatorze {nip} już istnieje."))
}

fn misfit(field: &str) -> Problem {
    Problem::misfits(vec![format!("Pole '{field}' ma nieprawidłową wartość.")])
}
