//! Giving and taking roles: in the own context, in that of a unit, and for a bureau's partners
//! (specification 1.9, chapters 13.9.3 and 13.9.4; KSeF 1.x facts §2.5).

use serde::Deserialize;

use super::answer::{Answered, Ask, Caller};
use super::credentials::{DescribedRole, described};
use super::exception::Exception;
use super::people::{Context, Grant, IdKind, Identifier, Way};
use super::roles::{GRANTABLE, Role};
use super::store::{Outcome, Store, WorkKind};
use super::work;
use crate::ksef::numbers;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GrantBody {
    grant_credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RevokeBody {
    revoke_credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Credentials {
    credentials_identifier: Identifier,
    credentials_role_list: Vec<DescribedRole>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ContextGrantBody {
    grant_context_credentials: ContextCredentials,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ContextRevokeBody {
    revoke_context_credentials: ContextCredentials,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ContextCredentials {
    context_identifier: Identifier,
    credentials_identifier: Identifier,
    credentials_role: DescribedRole,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AccountingGrantBody {
    grant_credentials: AccountingCredentials,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AccountingRevokeBody {
    revoke_credentials: AccountingCredentials,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AccountingCredentials {
    target_credential_identifier: Identifier,
    partner_credential_identifier: Partner,
    credentials_role_list: Vec<DescribedRole>,
}

/// One partner of a bureau, or all of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Partner {
    #[serde(rename = "type")]
    kind: String,
    identifier: Option<String>,
}

impl Partner {
    /// The partner's identifier; `None` stands for all.
    pub(super) fn read(self, ask: &Ask<'_>) -> Result<Option<String>, Exception> {
        match (self.kind.as_str(), self.identifier) {
            ("allPartners", None) => Ok(None),
            ("onip" | "nip" | "int" | "pesel" | "fingerprint", Some(value)) => Ok(Some(value)),
            _ => Err(ask.off_schema("partnerCredentialIdentifier")),
        }
    }
}

/// What `Grant` and `Revoke` may be about: not a unit, a token, or the system.
fn check_receiver(ask: &Ask<'_>, to: &Identifier) -> Result<(), Exception> {
    let known = !matches!(to.kind, IdKind::Int | IdKind::Token | IdKind::System);
    if known && to.fits() { Ok(()) } else { Err(ask.off_schema("credentialsIdentifier")) }
}

/// Gives roles in the context of the session.
pub(super) fn grant(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let Credentials { credentials_identifier: to, credentials_role_list } =
        ask.body::<GrantBody>()?.grant_credentials;
    check_receiver(ask, &to)?;
    let roles = described(ask, credentials_role_list, 10, GRANTABLE)?;
    check_roles(caller, &to, &roles)?;
    let flagged =
        |role: Role| ask.ksef.with_store(|store| flagged(store, caller.context.nip(), role));
    for role in work::names(&roles) {
        let allowed = match role {
            // Chapter 5.2.3.1: only where the office has flagged the context.
            Role::EnforcementOperations => {
                flagged(Role::CourtBailiff) || flagged(Role::EnforcementAuthority)
            }
            Role::SubunitManage => {
                flagged(Role::LocalGovernmentUnit) || flagged(Role::VatGroupUnit)
            }
            _ => true,
        };
        if !allowed {
            return Err(Exception::new(21306));
        }
    }
    let (context, author) = (caller.context.key().to_owned(), caller.context.identifier());
    give(ask, caller, roles, &to, &context, &author, &Way::Standard)
}

/// Companies get the roles of companies, persons those of persons (chapters 5.2.3.2 and 5.2.3.3).
fn check_roles(
    caller: &Caller,
    to: &Identifier,
    roles: &[(Role, String)],
) -> Result<(), Exception> {
    let invoices = |role| matches!(role, Role::InvoiceRead | Role::InvoiceWrite);
    let institutional = |role| matches!(role, Role::SelfInvoicing | Role::TaxRepresentative);
    let foreign = caller.roles.contains(&Role::VatUeManage)
        && !caller.roles.contains(&Role::Owner)
        && !caller.roles.contains(&Role::CredentialsManage);
    for role in work::names(roles) {
        match to.kind {
            IdKind::PeppolId if role != Role::InvoiceWrite => return Err(Exception::new(21422)),
            IdKind::PeppolId => {}
            IdKind::Onip if !invoices(role) && !institutional(role) => {
                return Err(Exception::new(21306));
            }
            _ if to.kind != IdKind::Onip && institutional(role) => {
                return Err(Exception::new(21306));
            }
            // Chapter 5.2.3.1: the manager of a foreign taxpayer gives the roles of invoices only.
            _ if foreign && !invoices(role) => return Err(Exception::new(21306)),
            _ => {}
        }
    }
    Ok(())
}

fn flagged(store: &Store, nip: &str, role: Role) -> bool {
    let mut grants = store.people.grants.iter();
    grants.any(|it| {
        it.way == Way::Office && it.to.kind == IdKind::Onip && it.to.value == nip && it.role == role
    })
}

/// Starts the process that gives roles.
fn give(
    ask: &Ask<'_>,
    caller: &Caller,
    roles: Vec<(Role, String)>,
    to: &Identifier,
    context: &str,
    author: &Identifier,
    way: &Way,
) -> Answered {
    let grants: Vec<Grant> = roles
        .into_iter()
        .map(|(role, about)| Grant {
            context: context.to_owned(),
            to: to.clone(),
            role,
            about,
            since: ask.now,
            author: author.clone(),
            way: way.clone(),
        })
        .collect();
    ask.ksef.with_store(|store| check_linked(store, &grants))?;
    let act = Box::new(move |store: &mut Store| {
        check_linked(store, &grants)?;
        store.people.grants.extend(grants);
        Ok(Outcome::None)
    });
    Ok(work::start(ask, caller, WorkKind::Credentials, 202, act))
}

/// None of the roles may be there already, for the receiver or for a linked number.
fn check_linked(store: &Store, grants: &[Grant]) -> Result<(), Exception> {
    let links = &store.people.links;
    let same = |one: &Identifier, other: &Identifier| {
        let linked = |a: &str, b: &str| links.iter().any(|(nip, pesel)| nip == a && pesel == b);
        one == other || linked(&one.value, &other.value) || linked(&other.value, &one.value)
    };
    let there = |grant: &Grant| {
        store.people.grants.iter().any(|one| {
            one.context == grant.context
                && one.role == grant.role
                && one.way == grant.way
                && same(&one.to, &grant.to)
        })
    };
    if grants.iter().any(there) { Err(Exception::new(21192)) } else { Ok(()) }
}

/// Takes roles in the context of the session.
pub(super) fn revoke(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let Credentials { credentials_identifier: to, credentials_role_list } =
        ask.body::<RevokeBody>()?.revoke_credentials;
    check_receiver(ask, &to)?;
    let roles = bare(ask, &credentials_role_list, 10)?;
    let context = caller.context.key().to_owned();
    take(ask, caller, roles, to, context, |way| {
        !matches!(way, Way::Accounting { .. } | Way::Office)
    })
}

/// The roles of a list without words.
fn bare(ask: &Ask<'_>, list: &[DescribedRole], longest: usize) -> Result<Vec<Role>, Exception> {
    let plain = list.iter().all(|one| one.role_description.is_none());
    if list.is_empty() || list.len() > longest || !plain {
        return Err(ask.off_schema("credentialsRoleList"));
    }
    Ok(list.iter().map(|one| one.role_type).collect())
}

/// Starts the process that takes roles; what is not there cannot be taken.
fn take(
    ask: &Ask<'_>,
    caller: &Caller,
    roles: Vec<Role>,
    to: Identifier,
    context: String,
    way: impl Fn(&Way) -> bool + Send + 'static,
) -> Answered {
    let matching = move |grant: &Grant| {
        grant.context == context && grant.to == to && roles.contains(&grant.role) && way(&grant.way)
    };
    let known = ask.ksef.with_store(|store| store.people.grants.iter().any(&matching));
    if !known {
        return Err(Exception::new(21168));
    }
    let act = Box::new(move |store: &mut Store| {
        store.people.grants.retain(|grant| !matching(grant));
        super::pki::revoke_orphans(store);
        Ok(Outcome::None)
    });
    Ok(work::start(ask, caller, WorkKind::Credentials, 202, act))
}

/// Makes somebody the manager of a unit.
pub(super) fn context_grant(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let body = ask.body::<ContextGrantBody>()?.grant_context_credentials;
    let context = unit(ask, caller, &body.context_identifier)?;
    individual(ask, &body.credentials_identifier)?;
    let managing = [Role::CredentialsManage, Role::VatUeManage];
    let roles = described(ask, vec![body.credentials_role], 1, &managing)?;
    let way = Way::Context { by: caller.context.nip().to_owned() };
    let author = caller.context.identifier();
    give(ask, caller, roles, &body.credentials_identifier, context.key(), &author, &way)
}

/// Takes the management of a unit from somebody.
pub(super) fn context_revoke(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let body = ask.body::<ContextRevokeBody>()?.revoke_context_credentials;
    let context = unit(ask, caller, &body.context_identifier)?;
    individual(ask, &body.credentials_identifier)?;
    let roles = bare(ask, &[body.credentials_role], 1)?;
    let by = caller.context.nip().to_owned();
    let way = move |way: &Way| *way == Way::Context { by: by.clone() };
    take(ask, caller, roles, body.credentials_identifier, context.key().to_owned(), way)
}

fn individual(ask: &Ask<'_>, to: &Identifier) -> Result<(), Exception> {
    let person = matches!(to.kind, IdKind::Nip | IdKind::Pesel | IdKind::Fingerprint);
    if person && to.fits() { Ok(()) } else { Err(ask.off_schema("credentialsIdentifier")) }
}

/// A unit of the context: one of its own internal identifiers, or a company that the office has put
/// below it (chapter 13.9.4).
fn unit(ask: &Ask<'_>, caller: &Caller, unit: &Identifier) -> Result<Context, Exception> {
    let nip = caller.context.nip();
    match unit.kind {
        IdKind::Int if unit.fits() => {
            if !numbers::internal_holds(&unit.value) {
                return Err(Exception::new(24002));
            }
            let context = Context::Internal(unit.value.clone());
            if context.nip() == nip { Ok(context) } else { Err(Exception::about(21160, "int")) }
        }
        IdKind::Onip if unit.fits() => {
            let below = ask.ksef.with_store(|store| {
                let above = flagged(store, nip, Role::LocalGovernmentUnit)
                    || flagged(store, nip, Role::VatGroupUnit);
                let below = store.people.grants.iter().any(|grant| {
                    let role =
                        matches!(grant.role, Role::LocalGovernmentSubUnit | Role::VatGroupSubUnit);
                    role && grant.way == Way::Office
                        && grant.context == nip
                        && grant.to.value == unit.value
                });
                above && below
            });
            if below {
                Ok(Context::Nip(unit.value.clone()))
            } else {
                Err(Exception::about(21160, "onip"))
            }
        }
        _ => Err(ask.off_schema("contextIdentifier")),
    }
}

/// Lets somebody of a bureau work for a partner, or for all of them.
pub(super) fn accounting_grant(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let body = ask.body::<AccountingGrantBody>()?.grant_credentials;
    check_receiver(ask, &body.target_credential_identifier)?;
    let partner = body.partner_credential_identifier.read(ask)?;
    let invoices = [Role::InvoiceRead, Role::InvoiceWrite];
    let roles = described(ask, body.credentials_role_list, 2, &invoices)?;
    let way = Way::Accounting { partner };
    let (context, author) = (caller.context.key().to_owned(), caller.context.identifier());
    give(ask, caller, roles, &body.target_credential_identifier, &context, &author, &way)
}

/// Takes it back. The list of roles has the form of the grant, words included.
pub(super) fn accounting_revoke(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let body = ask.body::<AccountingRevokeBody>()?.revoke_credentials;
    check_receiver(ask, &body.target_credential_identifier)?;
    let partner = body.partner_credential_identifier.read(ask)?;
    let roles: Vec<Role> = body.credentials_role_list.iter().map(|one| one.role_type).collect();
    if roles.is_empty() || roles.len() > 2 {
        return Err(ask.off_schema("credentialsRoleList"));
    }
    let context = caller.context.key().to_owned();
    let way = move |way: &Way| *way == Way::Accounting { partner: partner.clone() };
    take(ask, caller, roles, body.target_credential_identifier, context, way)
}
