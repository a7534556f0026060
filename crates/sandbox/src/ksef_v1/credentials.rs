//! Tokens, and the lists of credentials (specification 1.9, chapters 13.9.1, 13.10.1, 13.10.2).

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answered, Ask, Caller, Version, progress};
use super::exception::Exception;
use super::people::{Grant, Identifier, Token, TokenState, Vector, Way};
use super::process::description;
use super::roles::{OF_TOKENS, Role};
use super::store::{Outcome, Store, WorkKind};
use super::{session, work};
use crate::ksef::{hex, numbers};
use crate::reply::Reply;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GenerateBody {
    generate_token: Generate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Generate {
    description: String,
    credentials_role_list: Vec<DescribedRole>,
}

/// A role with its words.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct DescribedRole {
    pub(super) role_type: Role,
    #[serde(default)]
    pub(super) role_description: Option<String>,
}

/// Whether a description has 5 to 256 characters.
pub(super) fn describes(text: &str) -> bool {
    (5..=256).contains(&text.chars().count())
}

/// The roles of a list, which are described, differ, and are of those allowed.
pub(super) fn described(
    ask: &Ask<'_>,
    list: Vec<DescribedRole>,
    longest: usize,
    allowed: &[Role],
) -> Result<Vec<(Role, String)>, Exception> {
    let wrong = || ask.off_schema("credentialsRoleList");
    let distinct: BTreeSet<Role> = list.iter().map(|one| one.role_type).collect();
    if list.is_empty() || list.len() > longest || distinct.len() != list.len() {
        return Err(wrong());
    }
    let read = |one: DescribedRole| {
        let about = one.role_description.filter(|text| describes(text)).ok_or_else(wrong)?;
        if allowed.contains(&one.role_type) { Ok((one.role_type, about)) } else { Err(wrong()) }
    };
    list.into_iter().map(read).collect()
}

/// Makes a token with some of the roles of the session.
pub(super) fn generate(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let Generate { description: about, credentials_role_list } =
        ask.body::<GenerateBody>()?.generate_token;
    if !describes(&about) {
        return Err(ask.off_schema("description"));
    }
    let roles = described(ask, credentials_role_list, 6, OF_TOKENS)?;
    let (number, secret) = (ask.new_reference("TK"), hex(&ask.ksef.context().chance.bytes::<32>()));
    ask.ksef.with_store(|store| {
        let session = store.sessions.get(&caller.session).ok_or_else(|| Exception::new(21149))?;
        let has = |role| store.people.has(&session.vector, &session.context, role);
        if session::is_token(&session.vector) || !work::names(&roles).all(has) {
            return Err(Exception::new(21306));
        }
        store.people.tokens.push(Token {
            number: number.clone(),
            secret: secret.clone(),
            context: session.context.clone(),
            parent: session.vector.clone(),
            roles: work::names(&roles).collect(),
            about,
            roles_about: roles,
            since: ask.now,
            used: None,
            state: TokenState::Inactive,
        });
        Ok(())
    })?;
    let act = Box::new(move |store: &mut Store| {
        let token = store.people.tokens.iter_mut().find(|token| token.number == number);
        if let Some(token) = token.filter(|token| token.state == TokenState::Inactive) {
            token.state = TokenState::Active;
        }
        Ok(Outcome::None)
    });
    let element = work::register(ask, caller, WorkKind::Credentials, act);
    let mut answer = progress(ask, &caller.session, &element, 100, description(100));
    answer["authorisationToken"] = json!(secret);
    Ok(Reply::json(200, answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RevokeBody {
    revoke_token: RevokeToken,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RevokeToken {
    token_number: String,
    source_token_identifier: Option<Identifier>,
}

/// Takes a token away; without the right to manage only one's own.
pub(super) fn revoke(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let version = ask.sent();
    let newer = version == Version::Vnd(2);
    let asked = ask.accepted();
    if (asked == Version::Vnd(2)) != newer {
        return Err(Exception::new(21179));
    }
    let RevokeToken { token_number, source_token_identifier } =
        ask.body::<RevokeBody>()?.revoke_token;
    if newer == source_token_identifier.is_some()
        || newer && !numbers::is_reference(&token_number)
        || source_token_identifier.as_ref().is_some_and(|one| !one.fits())
    {
        return Err(ask.off_schema("revokeToken"));
    }
    ask.ksef.with_store(|store| {
        let own = store.sessions.get(&caller.session).map(|session| session.vector.clone());
        let mut tokens = store.people.tokens.iter();
        let token = tokens.find(|one| one.number == token_number && one.context == caller.context);
        let maker = |token: &&Token| {
            let named = source_token_identifier.as_ref();
            named.is_none_or(|one| one.value == token.parent.identifier().value)
        };
        let token = token.filter(maker).ok_or_else(|| Exception::new(21409))?;
        let manages =
            caller.roles.contains(&Role::Owner) || caller.roles.contains(&Role::CredentialsManage);
        match token.state {
            TokenState::Revoked => Err(Exception::new(21303)),
            _ if manages || own == Some(token.parent.clone()) => Ok(()),
            _ => Err(Exception::new(21301)),
        }
    })?;
    let act = Box::new(move |store: &mut Store| {
        let mut tokens = store.people.tokens.iter_mut();
        if let Some(token) = tokens.find(|token| token.number == token_number) {
            token.state = TokenState::Revoked;
        }
        Ok(Outcome::None)
    });
    let element = work::register(ask, caller, WorkKind::Credentials, act);
    let answer = progress(ask, &caller.session, &element, 100, description(100));
    let media = if newer {
        "application/vnd.v2+json; charset=utf-8"
    } else {
        "application/json; charset=utf-8"
    };
    Ok(Reply::json_as(202, media, answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct QueryBody {
    query_criteria: Criteria,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Criteria {
    #[serde(rename = "type")]
    kind: String,
    query_credentials_scope_result_type: String,
    query_credentials_type_result_type: String,
    credentials_identifier: Option<Identifier>,
}

/// The credentials of the context.
pub(super) fn query(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let criteria = ask.body::<QueryBody>()?.query_criteria;
    let one = match (criteria.kind.as_str(), criteria.credentials_identifier) {
        ("list_all", None) => None,
        ("list_id", Some(one)) if one.fits() => Some(one),
        _ => return Err(ask.off_schema("queryCriteria")),
    };
    let (standard, tokens) = match criteria.query_credentials_type_result_type.as_str() {
        "all" => (true, true),
        "standard" => (true, false),
        "token" => (false, true),
        _ => return Err(ask.off_schema("queryCredentialsTypeResultType")),
    };
    if criteria.query_credentials_scope_result_type != "current" {
        return Err(ask.off_schema("queryCredentialsScopeResultType"));
    }
    let mut list = Vec::new();
    ask.ksef.with_store(|store| {
        let wanted = |to: &Identifier| one.as_ref().is_none_or(|one| one == to);
        if standard {
            let here = store.people.grants.iter().filter(|grant| {
                grant.context == caller.context.key()
                    && !matches!(grant.way, Way::Accounting { .. })
                    && wanted(&grant.to)
            });
            list.extend(plain(ask, here));
        }
        if tokens {
            let here = store.people.tokens.iter().filter(|token| {
                token.context == caller.context && wanted(&token.parent.identifier())
            });
            list.extend(here.map(|token| token_entry(ask, token)));
        }
    });
    listed(ask, &list)
}

fn listed(ask: &Ask<'_>, list: &[Value]) -> Answered {
    if list.len() > 1000 {
        return Err(Exception::about(21177, "1000"));
    }
    Ok(Reply::json(
        200,
        json!({
            "timestamp": ask.moment(ask.now),
            "referenceNumber": ask.new_reference("QC"),
            "credentialsList": list,
        }),
    ))
}

/// One entry for each receiver, with all of its roles.
fn plain<'g>(ask: &Ask<'_>, grants: impl Iterator<Item = &'g Grant>) -> Vec<Value> {
    let mut receivers: Vec<(Identifier, Vec<Value>)> = Vec::new();
    for grant in grants {
        let assignment = if grant.way == Way::Office { "system" } else { "user" };
        let role = json!({
            "type": "standard_details",
            "roleType": grant.role,
            "roleDescription": grant.about,
            "startTimestamp": ask.moment(grant.since),
            "credentialsAssignmentType": assignment,
            "roleAssigningAuthorIdentifier": grant.author.json(),
        });
        match receivers.iter_mut().find(|(to, _)| *to == grant.to) {
            Some((_, roles)) => roles.push(role),
            None => receivers.push((grant.to.clone(), vec![role])),
        }
    }
    let entry = |(to, roles): (Identifier, Vec<Value>)| json!({"type": "list_plain", "identifier": to.json(), "credentialsRoleList": roles});
    receivers.into_iter().map(entry).collect()
}

fn token_entry(ask: &Ask<'_>, token: &Token) -> Value {
    let role = |(role, about): &(Role, String)| {
        json!({
            "type": "token",
            "roleType": role,
            "roleDescription": about,
            "startTimestamp": ask.moment(token.since),
        })
    };
    let roles: Vec<Value> = token.roles_about.iter().map(role).collect();
    let status = match token.state {
        TokenState::Inactive => 0,
        TokenState::Active => 1,
        TokenState::Revoked => 2,
    };
    json!({
        "type": "list_token",
        "identifier": {"type": "token", "identifier": token.number},
        "description": token.about,
        "registrationTimestamp": ask.moment(token.since),
        "lastUseTimestamp": ask.moment(token.used.unwrap_or(token.since)),
        "status": status,
        "parent": {"type": "list_plain", "identifier": token.parent.identifier().json(), "credentialsRoleList": []},
        "credentialsRoleList": roles,
    })
}

/// What the context gave in its units.
pub(super) fn query_context(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let filters =
        ["contextNip", "sourceIdentifier", "targetIdentifier"].map(|name| ask.query(name));
    let mut list = Vec::new();
    ask.ksef.with_store(|store| {
        for grant in &store.people.grants {
            let Way::Context { by } = &grant.way else { continue };
            let [context, source, target] = &filters;
            let fits = |filter: &Option<String>, value: &str| {
                filter.as_deref().is_none_or(|it| it == value)
            };
            if by != caller.context.nip()
                || !fits(context, &grant.context)
                || !fits(source, by)
                || !fits(target, &grant.to.value)
            {
                continue;
            }
            let kind = if grant.context.contains('-') { "int" } else { "onip" };
            list.push(json!({
                "type": "list_context",
                "identifier": grant.to.json(),
                "credentialsRoleList": [{
                    "type": "context",
                    "roleType": grant.role,
                    "roleDescription": grant.about,
                    "startTimestamp": ask.moment(grant.since),
                    "credentialsAssignmentType": "user",
                    "contextIdentifier": {"type": kind, "identifier": grant.context},
                    "sourceIdentifier": {"type": "onip", "identifier": by},
                    "targetIdentifier": grant.to.json(),
                }],
            }));
        }
    });
    listed(ask, &list)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AccountingBody {
    query_criteria: AccountingCriteria,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AccountingCriteria {
    partner_identifier: Option<super::grants::Partner>,
    assignee_identifier: Option<Identifier>,
}

/// How many roles the context gave on; the list itself has no published form (KSeF 1.x facts §2.6).
pub(super) fn query_accounting(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let (size, index) = ask.page((10, 100), 100, None)?;
    let criteria = ask.body::<AccountingBody>()?.query_criteria;
    let partner = criteria.partner_identifier.map(|one| one.read(ask)).transpose()?;
    let count = ask.ksef.with_store(|store| {
        let grants = store.people.grants.iter().filter(|grant| match &grant.way {
            Way::Accounting { partner: one } => {
                grant.context == caller.context.key()
                    && partner.as_ref().is_none_or(|partner| partner == one)
                    && criteria.assignee_identifier.as_ref().is_none_or(|it| *it == grant.to)
            }
            _ => false,
        });
        grants.count()
    });
    Ok(Reply::json(
        200,
        json!({
            "timestamp": ask.moment(ask.now),
            "referenceNumber": ask.new_reference("QC"),
            "numberOfElements": count,
            "pageSize": size,
            "pageOffset": index,
        }),
    ))
}

/// Whether the vector of a session may make certificates: not a token, not a certificate.
pub(super) fn is_primary(vector: &Vector) -> bool {
    !matches!(vector, Vector::Token(_) | Vector::Certificate { .. })
}
