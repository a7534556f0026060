//! The eight queries as answers; which grants each of them finds is told by `seek`
//! (KSeF 2.0 facts §11).

use serde_json::{Value, json};

use super::describe::Part;
use super::{Authorization, Grant, Permissions, Target, Way, owned, seek};
use crate::ksef_v2::KsefV2;
use crate::ksef_v2::people::{Identity, IdentityKind, Permission};
use crate::ksef_v2::problem::{Problem, moment};
use crate::ksef_v2::request::Request;
use crate::ksef_v2::test_data::Standing;
use crate::reply::Reply;

/// Any of the eight.
pub(in crate::ksef_v2) fn list(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?;
    let body = ksef.with_store(|store| {
        let resources = &store.resources;
        let (permissions, registry) = (&resources.permissions, &resources.registry);
        let (context, subject) = (&caller.context, &caller.subject);
        let grants = |found: Vec<&Grant>, show: fn(&Permissions, &Grant) -> Value| {
            let items = found.iter().map(|grant| show(permissions, grant)).collect();
            page(request, "permissions", items)
        };
        match request.operation.template {
            "/permissions/query/personal/grants" => {
                let found = seek::personal(permissions, registry, caller, &request.body);
                let mut body = grants(found, personal);
                let owned = owned(registry, context, subject);
                if !owned.is_empty() && context.kind != IdentityKind::PeppolId {
                    let names: Vec<_> = owned.into_iter().map(Permission::as_str).collect();
                    body["ownerPermissions"] = json!(names);
                }
                body
            }
            "/permissions/query/persons/grants" => {
                grants(seek::persons(permissions, registry, caller, &request.body), person)
            }
            "/permissions/query/subunits/grants" => {
                grants(seek::subunits(permissions, context, &request.body), subunit)
            }
            "/permissions/query/entities/grants" => {
                grants(seek::entities(permissions, context, &request.body), entity)
            }
            "/permissions/query/eu-entities/grants" => {
                grants(seek::union(permissions, context, &request.body), union)
            }
            "/permissions/query/authorizations/grants" => {
                let found = seek::authorizations(permissions, context, &request.body);
                let items = found.iter().map(|one| authorization(one)).collect();
                page(request, "authorizationGrants", items)
            }
            "/permissions/query/entities/roles" => {
                let nip = own_nip(context);
                let items = seek::newest(registry.standings(nip)).iter().map(role).collect();
                page(request, "roles", items)
            }
            _ => {
                let wanted = &request.body["subordinateEntityIdentifier"]["value"];
                let below = registry
                    .below(own_nip(context))
                    .filter(|one| wanted.as_str().is_none_or(|wanted| wanted == one.nip));
                let below = seek::newest(below.cloned().collect());
                page(request, "roles", below.iter().map(subordinate).collect())
            }
        }
    });
    Ok(ksef.json(200, body))
}

/// The page that the query parameters ask for.
pub(in crate::ksef_v2) fn page(request: &Request<'_>, name: &str, items: Vec<Value>) -> Value {
    let (size, number) = (request.page_size(), request.page_offset());
    let count = items.len();
    let start = number.saturating_mul(size);
    let shown: Vec<Value> = items.into_iter().skip(start).take(size).collect();
    json!({name: shown, "hasMore": start.saturating_add(size) < count})
}

fn own_nip(context: &Identity) -> &str {
    if context.kind == IdentityKind::Nip { &context.value } else { "" }
}

fn author(grant: &Grant) -> Value {
    match &grant.author {
        Some(author) => author.json(),
        None => json!({"type": "System"}),
    }
}

fn common(grant: &Grant) -> Value {
    json!({
        "id": grant.id,
        "permissionScope": grant.permission.as_str(),
        "description": grant.about,
        "startDate": moment(grant.since),
    })
}

/// The members that personal and persons' permissions share.
fn with_state(permissions: &Permissions, grant: &Grant) -> Value {
    let mut body = common(grant);
    let state = if permissions.is_active(grant) { "Active" } else { "Inactive" };
    body["permissionState"] = json!(state);
    body["canDelegate"] = json!(grant.can_delegate);
    body["authorizedIdentifier"] = grant.to.json();
    let shown = matches!(grant.context.kind, IdentityKind::Nip | IdentityKind::InternalId);
    if shown && grant.way != Way::Indirect {
        body["contextIdentifier"] = grant.context.json();
    }
    match &grant.target {
        Some(Target::One(target)) => body["targetIdentifier"] = target.json(),
        Some(Target::All { named: true }) => {
            body["targetIdentifier"] = json!({"type": "AllPartners"});
        }
        Some(Target::All { named: false }) | None => {}
    }
    let parts = [("subjectPersonDetails", Part::Person), ("subjectEntityDetails", Part::Entity)];
    grant.details.show(&parts, &mut body);
    body
}

fn personal(permissions: &Permissions, grant: &Grant) -> Value {
    with_state(permissions, grant)
}

fn person(permissions: &Permissions, grant: &Grant) -> Value {
    let mut body = with_state(permissions, grant);
    body["authorIdentifier"] = author(grant);
    body
}

fn subunit(_: &Permissions, grant: &Grant) -> Value {
    let mut body = common(grant);
    body["authorizedIdentifier"] = grant.to.json();
    body["subunitIdentifier"] = grant.context.json();
    body["authorIdentifier"] = author(grant);
    let parts = [("subjectPersonDetails", Part::Person), ("subunitName", Part::Name)];
    grant.details.show(&parts, &mut body);
    body
}

fn entity(_: &Permissions, grant: &Grant) -> Value {
    let mut body = common(grant);
    body["contextIdentifier"] = grant.context.json();
    body["canDelegate"] = json!(grant.can_delegate);
    body
}

fn union(_: &Permissions, grant: &Grant) -> Value {
    let mut body = common(grant);
    body["authorIdentifier"] = author(grant);
    body["vatUeIdentifier"] = json!(seek::vat_number(&grant.context));
    body["authorizedFingerprintIdentifier"] = json!(grant.to.value);
    let parts = [
        ("euEntityName", Part::Name),
        ("euEntityDetails", Part::EuEntity),
        ("subjectPersonDetails", Part::Person),
        ("subjectEntityDetails", Part::Entity),
    ];
    grant.details.show(&parts, &mut body);
    body
}

fn authorization(one: &Authorization) -> Value {
    let mut body = json!({
        "id": one.id,
        "authorizedEntityIdentifier": one.authorized.json(),
        "authorizingEntityIdentifier": one.authorizing.json(),
        "authorizationScope": one.scope.as_str(),
        "description": one.about,
        "startDate": moment(one.since),
    });
    if let Some(author) = &one.author {
        body["authorIdentifier"] = author.json();
    }
    if !one.details.is_null() {
        body["subjectEntityDetails"] = one.details.clone();
    }
    body
}

fn role(one: &Standing) -> Value {
    let mut body = json!({
        "role": one.role.as_str(),
        "description": one.about,
        "startDate": moment(one.since),
    });
    if let Some(parent) = &one.parent {
        body["parentEntityIdentifier"] = Identity::nip(parent).json();
    }
    body
}

fn subordinate(one: &Standing) -> Value {
    json!({
        "subordinateEntityIdentifier": Identity::nip(&one.nip).json(),
        "role": one.role.as_str(),
        "description": one.about,
        "startDate": moment(one.since),
    })
}
