//! The seven ways to give permissions (KSeF 2.0 facts §11). What the shape of a request alone shows
//! is refused at once with 21405; everything else is told by the status of the operation.

use serde_json::{Value, json};

use super::describe;
use super::operation::{self, Outcome};
use super::{Authorization, Details, Grant, Scope, Target, Way};
use crate::ksef_v2::KsefV2;
use crate::ksef_v2::people::{Identity, IdentityKind, Permission};
use crate::ksef_v2::problem::Problem;
use crate::ksef_v2::request::Request;
use crate::ksef_v2::store::Store;
use crate::reply::Reply;

/// What an entity of the European Union's administrator may do.
const ADMINISTRATION: [Permission; 4] = [
    Permission::VatUeManage,
    Permission::InvoiceWrite,
    Permission::InvoiceRead,
    Permission::Introspection,
];

/// Any of the seven.
pub(in crate::ksef_v2) fn give(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    match request.operation.template {
        "/permissions/persons/grants" => persons(ksef, request),
        "/permissions/entities/grants" => entities(ksef, request),
        "/permissions/authorizations/grants" => authorizations(ksef, request),
        "/permissions/indirect/grants" => indirect(ksef, request),
        "/permissions/subunits/grants" => subunits(ksef, request),
        "/permissions/eu-entities/administration/grants" => union_administration(ksef, request),
        _ => union_representatives(ksef, request),
    }
}

fn persons(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let context = request.caller()?.context.clone();
    let subject = identity(&request.body, "subjectIdentifier")?;
    let grants = drafts(request, Way::Person, &subject)?;
    operation::start(ksef, request, move |store| {
        is_of(&context, &[IdentityKind::Nip, IdentityKind::InternalId])?;
        is_other(&context, &subject)?;
        let enforcing = |grant: &Grant| grant.permission == Permission::EnforcementOperations;
        let owner = context.owner_nip().unwrap_or_default();
        if grants.iter().any(enforcing) && !store.resources.registry.enforces(owner) {
            return Err(Outcome::WrongContext);
        }
        store.resources.permissions.add(grants);
        Ok(())
    })
}

fn entities(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?.clone();
    let subject = identity(&request.body, "subjectIdentifier")?;
    let given = request.body["permissions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let details = Details::of_entity(&request.body);
    let grants = given.iter().filter_map(|one| {
        let permission = Permission::read(one["type"].as_str()?)?;
        let mut grant = draft(request, Way::Entity, &caller.context, &subject, permission);
        grant.author = Some(caller.subject.clone());
        grant.can_delegate = one["canDelegate"] == true;
        grant.details = details.clone();
        Some(grant)
    });
    let grants = some(grants.collect())?;
    operation::start(ksef, request, move |store| {
        is_of(&caller.context, &[IdentityKind::Nip, IdentityKind::InternalId])?;
        is_other(&caller.context, &subject)?;
        store.resources.permissions.add(grants);
        Ok(())
    })
}

fn authorizations(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?.clone();
    let body = &request.body;
    let subject = identity(body, "subjectIdentifier")?;
    let scope = body["permission"].as_str().and_then(Scope::read);
    let scope = scope.ok_or_else(|| misfit("permission"))?;
    let about = body["description"].as_str().unwrap_or_default();
    let given = Authorization::new(&caller.context, &subject, scope, request.now);
    let mut given = given.described(about);
    given.author = Some(caller.subject);
    given.details = describe::entity(body);
    operation::start(ksef, request, move |store| {
        is_of(&given.authorizing, &[IdentityKind::Nip])?;
        is_other(&given.authorizing, &subject)?;
        let provider = subject.kind == IdentityKind::PeppolId;
        let known = !provider || store.resources.peppol.knows(&subject.value);
        if provider != (scope == Scope::PefInvoicing) || !known {
            return Err(Outcome::WrongIdentifier);
        }
        store.resources.permissions.authorize(given);
        Ok(())
    })
}

fn indirect(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let context = request.caller()?.context.clone();
    let subject = identity(&request.body, "subjectIdentifier")?;
    let target = target(&request.body["targetIdentifier"])?;
    let mut grants = drafts(request, Way::Indirect, &subject)?;
    for grant in &mut grants {
        grant.target = Some(target.clone());
    }
    operation::start(ksef, request, move |store| {
        is_of(&context, &[IdentityKind::Nip])?;
        is_other(&context, &subject)?;
        if let Target::One(client) = &target {
            is_other(&context, client)?;
            if !store.resources.permissions.may_pass_on(client, &context, None) {
                return Err(Outcome::Unlinked);
            }
        }
        store.resources.permissions.add(grants);
        Ok(())
    })
}

fn subunits(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?.clone();
    let body = &request.body;
    let subject = identity(body, "subjectIdentifier")?;
    let unit = identity(body, "contextIdentifier")?;
    if unit.kind == IdentityKind::InternalId && body["subunitName"].is_null() {
        return Err(misfit("subunitName"));
    }
    let details = Details::of_person(body, subject.kind)?.named(&body["subunitName"]);
    let mut grant = draft(request, Way::Subunit, &unit, &subject, Permission::CredentialsManage);
    grant.within = caller.context.clone();
    grant.author = Some(caller.subject);
    grant.details = details;
    operation::start(ksef, request, move |store| {
        let above = grant.within.clone();
        is_of(&above, &[IdentityKind::Nip])?;
        is_below(store, &above, &unit)?;
        store.resources.permissions.add(vec![grant]);
        Ok(())
    })
}

/// Whether a unit belongs to the context: by its number, or by the roles of both.
fn is_below(store: &Store, above: &Identity, unit: &Identity) -> Result<(), Outcome> {
    if unit.kind == IdentityKind::InternalId {
        let own = unit.owner_nip() == Some(above.value.as_str());
        return if own { Ok(()) } else { Err(Outcome::WrongRelation) };
    }
    let registry = &store.resources.registry;
    if !registry.standings(&above.value).iter().any(|one| one.role.is_parent()) {
        return Err(Outcome::WrongContext);
    }
    let linked = registry.below(&above.value).any(|one| one.nip == unit.value);
    if linked { Ok(()) } else { Err(Outcome::Unlinked) }
}

fn union_administration(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?.clone();
    let body = &request.body;
    let subject = identity(body, "subjectIdentifier")?;
    let entity = identity(body, "contextIdentifier")?;
    let details = Details::of_person(body, subject.kind)?.of_union(body);
    let grants = ADMINISTRATION.map(|permission| {
        let mut grant = draft(request, Way::EuAdministration, &entity, &subject, permission);
        grant.within = caller.context.clone();
        grant.author = Some(caller.subject.clone());
        grant.details = details.clone();
        grant
    });
    operation::start(ksef, request, move |store| {
        is_of(&caller.context, &[IdentityKind::Nip])?;
        if entity.owner_nip() != Some(caller.context.value.as_str()) {
            return Err(Outcome::WrongRelation);
        }
        store.resources.permissions.add(grants.to_vec());
        Ok(())
    })
}

fn union_representatives(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let context = request.caller()?.context.clone();
    let subject = identity(&request.body, "subjectIdentifier")?;
    let mut grants = drafts(request, Way::EuRepresentative, &subject)?;
    operation::start(ksef, request, move |store| {
        is_of(&context, &[IdentityKind::NipVatUe])?;
        let permissions = &mut store.resources.permissions;
        // The entity is described once, when its administrator is named.
        let described = permissions
            .grants
            .iter()
            .find(|grant| grant.way == Way::EuAdministration && grant.context == context);
        if let Some(known) = described.map(|grant| grant.details.clone()) {
            for grant in &mut grants {
                grant.details.name = known.name.clone();
                grant.details.eu_entity = known.eu_entity.clone();
            }
        }
        permissions.add(grants);
        Ok(())
    })
}

/// One grant for each permission that the request names.
fn drafts(request: &Request<'_>, way: Way, to: &Identity) -> Result<Vec<Grant>, Problem> {
    let caller = request.caller()?;
    let details = Details::of_person(&request.body, to.kind)?;
    let names = request.body["permissions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let grants = names.iter().filter_map(|name| {
        let permission = Permission::read(name.as_str()?)?;
        let mut grant = draft(request, way, &caller.context, to, permission);
        grant.author = Some(caller.subject.clone());
        grant.details = details.clone();
        Some(grant)
    });
    some(grants.collect())
}

fn draft(
    request: &Request<'_>,
    way: Way,
    context: &Identity,
    to: &Identity,
    permission: Permission,
) -> Grant {
    let about = request.body["description"].as_str().unwrap_or_default();
    Grant::new(way, context, to, permission, request.now).described(about)
}

fn some(grants: Vec<Grant>) -> Result<Vec<Grant>, Problem> {
    if grants.is_empty() { Err(misfit("permissions")) } else { Ok(grants) }
}

fn target(given: &Value) -> Result<Target, Problem> {
    match given["type"].as_str() {
        None => Ok(Target::All { named: false }),
        Some("AllPartners") => Ok(Target::All { named: true }),
        Some(_) => {
            identity(&json!({"targetIdentifier": given}), "targetIdentifier").map(Target::One)
        }
    }
}

fn identity(body: &Value, name: &str) -> Result<Identity, Problem> {
    let identity = Identity::read(&body[name]).filter(Identity::is_shaped);
    identity.ok_or_else(|| misfit(&format!("{name}.value")))
}

fn is_of(context: &Identity, kinds: &[IdentityKind]) -> Result<(), Outcome> {
    if kinds.contains(&context.kind) { Ok(()) } else { Err(Outcome::WrongContext) }
}

fn is_other(context: &Identity, subject: &Identity) -> Result<(), Outcome> {
    if context == subject { Err(Outcome::WrongRelation) } else { Ok(()) }
}

fn misfit(field: &str) -> Problem {
    Problem::misfits(vec![format!("Pole '{field}' ma nieprawidłową wartość.")])
}
