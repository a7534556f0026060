//! Which grants each of the queries finds, newest first (KSeF 2.0 facts §11).

use std::cmp::Reverse;

use serde_json::Value;

use super::{Authorization, Grant, Permissions, Target, Way, owned};
use crate::ksef_v2::people::{Caller, Identity, IdentityKind};
use crate::ksef_v2::test_data::{Registry, Standing};

/// The caller's own permissions in its context, and what other entities gave to the entity that
/// it owns.
pub(super) fn personal<'a>(
    permissions: &'a Permissions,
    registry: &Registry,
    caller: &Caller,
    filter: &Value,
) -> Vec<&'a Grant> {
    let (context, subject) = (&caller.context, &caller.subject);
    let owns = !owned(registry, context, subject).is_empty();
    let found = permissions.grants.iter().filter(|grant| {
        let own = registry.is_same(&grant.to, subject);
        match grant.way {
            Way::Indirect => {
                own && (grant.within == *context || permissions.reaches(grant, context))
            }
            Way::Entity if grant.to == *context => owns,
            _ => own && grant.context == *context,
        }
    });
    sorted(found.filter(|grant| fits(permissions, grant, filter)))
}

/// The permissions that hold in the context, or those that the caller gave there.
pub(super) fn persons<'a>(
    permissions: &'a Permissions,
    registry: &Registry,
    caller: &Caller,
    filter: &Value,
) -> Vec<&'a Grant> {
    let context = &caller.context;
    let mine = filter["queryType"] == "PermissionsGrantedInCurrentContext";
    let found = permissions.grants.iter().filter(|grant| match grant.way {
        Way::EuAdministration | Way::EuRepresentative => false,
        _ if mine => {
            let author = grant.author.as_ref();
            let own = author.is_some_and(|author| registry.is_same(author, &caller.subject));
            own && grant.within == *context
        }
        _ => grant.context == *context,
    });
    let found = found.filter(|grant| {
        let author = match &filter["authorIdentifier"]["type"] {
            Value::Null => true,
            kind if kind == "System" => grant.author.is_none(),
            _ => grant.author.as_ref().is_some_and(|it| is(&filter["authorIdentifier"], it)),
        };
        author && is(&filter["authorizedIdentifier"], &grant.to)
    });
    sorted(found.filter(|grant| fits(permissions, grant, filter)))
}

/// The administrators of units whom the context named.
pub(super) fn subunits<'a>(
    permissions: &'a Permissions,
    context: &Identity,
    filter: &Value,
) -> Vec<&'a Grant> {
    sorted(permissions.grants.iter().filter(|grant| {
        let own = grant.way == Way::Subunit && grant.within == *context;
        own && is(&filter["subunitIdentifier"], &grant.context)
    }))
}

/// What other entities gave to the one of the context.
pub(super) fn entities<'a>(
    permissions: &'a Permissions,
    context: &Identity,
    filter: &Value,
) -> Vec<&'a Grant> {
    sorted(permissions.grants.iter().filter(|grant| {
        let own = grant.way == Way::Entity && grant.to == *context;
        own && is(&filter["contextIdentifier"], &grant.context)
    }))
}

/// Administrators of entities of the European Union that belong to a NIP, or everybody in the
/// context of one.
pub(super) fn union<'a>(
    permissions: &'a Permissions,
    context: &Identity,
    filter: &Value,
) -> Vec<&'a Grant> {
    sorted(permissions.grants.iter().filter(|grant| {
        let own = match grant.way {
            Way::EuAdministration if context.kind == IdentityKind::Nip => grant.within == *context,
            Way::EuAdministration | Way::EuRepresentative => grant.context == *context,
            _ => false,
        };
        let number = filter["vatUeIdentifier"].as_str();
        let fingerprint = filter["authorizedFingerprintIdentifier"].as_str();
        own && number.is_none_or(|it| it == vat_number(&grant.context))
            && fingerprint.is_none_or(|it| it == grant.to.value)
            && is_listed(filter, grant.permission.as_str())
    }))
}

/// The authorizations that the context gave or was given.
pub(super) fn authorizations<'a>(
    permissions: &'a Permissions,
    context: &Identity,
    filter: &Value,
) -> Vec<&'a Authorization> {
    let given = filter["queryType"] == "Granted";
    let found = permissions.authorizations.iter().filter(|one| {
        let own = if given { &one.authorizing } else { &one.authorized };
        *own == *context
            && is(&filter["authorizingIdentifier"], &one.authorizing)
            && is(&filter["authorizedIdentifier"], &one.authorized)
            && is_listed(filter, one.scope.as_str())
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by(|first, second| (second.since, &first.id).cmp(&(first.since, &second.id)));
    found
}

/// Roles, newest first.
pub(super) fn newest(mut standings: Vec<Standing>) -> Vec<Standing> {
    standings.sort_by_key(|one| Reverse(one.since));
    standings
}

/// The VAT number in a context of the European Union.
pub(super) fn vat_number(context: &Identity) -> &str {
    context.value.split_once('-').map_or("", |(_, number)| number)
}

/// The filters that personal and persons' permissions share.
fn fits(permissions: &Permissions, grant: &Grant, filter: &Value) -> bool {
    let target = match (&filter["targetIdentifier"], &grant.target) {
        (Value::Null, _) => true,
        (wanted, Some(Target::All { .. })) => wanted["type"] == "AllPartners",
        (wanted, Some(Target::One(target))) => is(wanted, target),
        (_, None) => false,
    };
    let state = match filter["permissionState"].as_str() {
        Some(wanted) => (wanted == "Active") == permissions.is_active(grant),
        None => true,
    };
    let context = filter["contextIdentifier"].is_null()
        || (grant.way != Way::Indirect && is(&filter["contextIdentifier"], &grant.context));
    target && state && context && is_listed(filter, grant.permission.as_str())
}

/// Whether a filter names this identity; without one, every identity fits.
fn is(filter: &Value, identity: &Identity) -> bool {
    filter.is_null()
        || (filter["type"] == identity.kind.as_str() && filter["value"] == identity.value.as_str())
}

/// Whether the list of wanted permissions names this one; an empty list names all.
fn is_listed(filter: &Value, name: &str) -> bool {
    let wanted = filter["permissionTypes"].as_array().map(Vec::as_slice).unwrap_or_default();
    wanted.is_empty() || wanted.iter().any(|it| it == name)
}

fn sorted<'a>(found: impl Iterator<Item = &'a Grant>) -> Vec<&'a Grant> {
    let mut found: Vec<_> = found.collect();
    found.sort_by(|first, second| (second.since, &first.id).cmp(&(first.since, &second.id)));
    found
}
