//! Everything that is neither a login, a session nor an invoice: permissions, KSeF tokens,
//! certificates, limits, Peppol, collective identifiers, test data. The core of the double asks
//! this module through the functions below (KSeF 2.0 facts §11 and §12).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::KsefV2;
use super::certificates::{self, Certificates};
use super::collective::{self, Collective};
use super::latarnia::{self, Latarnia};
use super::limits_api;
use super::people::{Identity, IdentityKind, Permission};
use super::peppol::{self, Peppol};
use super::permissions::{self, Authorization, Grant, Permissions, Scope, Way};
use super::problem::Problem;
use super::request::Request;
use super::store::Store;
use super::test_data::{self, Registry, Role, Standing};
use super::tokens::{self, Tokens};
use crate::front::Incoming;
use crate::reply::Reply;

/// The state of all of them.
#[derive(Debug, Default)]
pub(super) struct Resources {
    pub(super) registry: Registry,
    pub(super) permissions: Permissions,
    pub(super) tokens: Tokens,
    pub(super) certificates: Certificates,
    pub(super) collective: Collective,
    pub(super) peppol: Peppol,
    pub(super) latarnia: Latarnia,
}

/// A KSeF token that logs in.
#[derive(Clone, Debug)]
pub(super) struct TokenLogin {
    /// Its reference number.
    pub(super) reference: String,
    /// Who made it, in whose name it acts.
    pub(super) author: Identity,
    /// What it may do at most.
    pub(super) permissions: BTreeSet<Permission>,
}

/// Why a KSeF token does not log in (status 450).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenFlaw {
    Unknown,
    Revoked,
    Inactive,
    OtherContext,
}

/// Why nobody may log in at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoginBlock {
    /// Status 470.
    Deceased,
    /// Status 480.
    Incident,
}

/// What this system knows of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CertificateState {
    /// It was not issued here.
    Foreign,
    /// It was issued here for logging in and is in force.
    InForce,
    /// It was issued here and may not log in; the text is the detail of status 460.
    Unfit(&'static str),
}

/// Fills the registers with what the invented companies are to each other.
pub(super) fn introduce(store: &mut Store, now: DateTime<Utc>) {
    let companies = crate::ksef_v1::companies();
    let nips: Vec<&str> = companies.iter().map(|company| company.nip).collect();
    let [alfa, beta, gamma, local, unit, bailiff, bureau, representative, ..] = nips[..] else {
        return;
    };
    let resources = &mut store.resources;
    resources.peppol = Peppol::seeded(now);
    let standing = |nip: &str, role, parent: Option<&str>, about: &str| Standing {
        nip: nip.to_owned(),
        role,
        parent: parent.map(str::to_owned),
        about: about.to_owned(),
        since: now,
    };
    resources.registry.add(vec![
        standing(local, Role::LocalGovernmentUnit, None, "Nadrzędna jednostka samorządu"),
        standing(unit, Role::LocalGovernmentSubUnit, Some(local), "Jednostka podrzędna"),
        standing(bailiff, Role::CourtBailiff, None, "Komornik sądowy"),
    ]);
    let authorized = [
        (gamma, Scope::SelfInvoicing, "Samofakturowanie od początku"),
        (representative, Scope::TaxRepresentative, "Przedstawicielstwo od początku"),
    ];
    for (nip, scope, about) in authorized {
        let (from, to) = (Identity::nip(alfa), Identity::nip(nip));
        let given = Authorization::new(&from, &to, scope, now).described(about);
        resources.permissions.authorize(given);
    }
    let given = [
        (alfa, Permission::InvoiceRead),
        (alfa, Permission::InvoiceWrite),
        (beta, Permission::InvoiceRead),
    ];
    let grants = given.map(|(nip, permission)| {
        let (from, to) = (Identity::nip(nip), Identity::nip(bureau));
        Grant::new(Way::Entity, &from, &to, permission, now)
            .described("Obsługa faktur od początku")
            .delegable()
    });
    resources.permissions.add(grants.to_vec());
}

/// What a subject may do in a context.
pub(super) fn held(store: &Store, context: &Identity, subject: &Identity) -> BTreeSet<Permission> {
    store.resources.permissions.held(&store.resources.registry, context, subject)
}

/// Gives permissions in a context, as if its owner had given them long ago.
pub(super) fn seed_grant(
    store: &mut Store,
    context: &Identity,
    to: &Identity,
    permissions: &[Permission],
    now: DateTime<Utc>,
) {
    let grants = permissions.iter().map(|permission| {
        Grant::new(Way::Person, context, to, *permission, now).described("Nadane od początku")
    });
    store.resources.permissions.add(grants.collect());
}

/// Whether a KSeF token (the whole text with both bars) logs in to a context.
pub(super) fn token_login(
    store: &mut Store,
    secret: &str,
    context: &Identity,
    now: DateTime<Utc>,
) -> Result<TokenLogin, TokenFlaw> {
    store.resources.tokens.login(secret, context, now)
}

/// Adds an active KSeF token that somebody else made.
pub(super) fn seed_token(
    store: &mut Store,
    reference: &str,
    secret: &str,
    context: &Identity,
    permissions: BTreeSet<Permission>,
    now: DateTime<Utc>,
) {
    store.resources.tokens.seed(reference, secret, context, permissions, now);
}

/// The text of an active KSeF token of a context that was seeded.
pub(super) fn seeded_token(store: &Store, context: &Identity) -> Option<String> {
    store.resources.tokens.seeded(context)
}

/// Whether the certificate was issued by this system, and what is wrong with it now: the detail of
/// status 460.
pub(super) fn certificate_state(
    store: &mut Store,
    der: &[u8],
    now: DateTime<Utc>,
) -> CertificateState {
    store.resources.certificates.state(der, now)
}

/// The fingerprint for which the certificate was issued by this system, if it was.
pub(super) fn holder(store: &Store, der: &[u8]) -> Option<Identity> {
    store.resources.certificates.holder(der)
}

/// Whether the subject or the context may not log in whatever it shows.
pub(super) fn login_block(
    store: &Store,
    context: &Identity,
    subject: &Identity,
) -> Option<LoginBlock> {
    let registry = &store.resources.registry;
    if registry.is_deceased(subject) {
        return Some(LoginBlock::Deceased);
    }
    registry.is_blocked(context).then_some(LoginBlock::Incident)
}

/// Whether a context may issue invoices in the name of a seller: as the seller itself, with an
/// authorization, as a bailiff or enforcement authority, or as a unit below it.
pub(super) fn may_issue(store: &Store, context: &Identity, seller: &str) -> bool {
    let resources = &store.resources;
    let authorizing = Identity::nip(seller);
    let Some(nip) = context.owner_nip() else {
        let scope = Some(Scope::PefInvoicing);
        let provider = context.kind == IdentityKind::PeppolId;
        return provider && resources.permissions.is_authorized(&authorizing, context, scope);
    };
    nip == seller
        || resources.permissions.is_authorized(&authorizing, &Identity::nip(nip), None)
        || resources.registry.enforces(nip)
        || resources.registry.below(seller).any(|unit| unit.nip == nip)
}

/// Whether a taxpayer may send attachments.
pub(super) fn attachments_allowed(store: &Store, nip: &str, now: DateTime<Utc>) -> bool {
    store.resources.registry.may_attach(nip, now)
}

/// Answers an operation that the core does not know.
pub(super) fn answer(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let key = request.operation.key;
    let template = request.operation.template;
    if template.starts_with("/permissions/") {
        return permission_answer(ksef, request);
    }
    if template.starts_with("/testdata/") {
        return arrange(ksef, request);
    }
    match key {
        "POST /tokens" => tokens::generate(ksef, request),
        "GET /tokens" => tokens::list(ksef, request),
        "GET /tokens/{referenceNumber}" => tokens::status(ksef, request),
        "DELETE /tokens/{referenceNumber}" => tokens::revoke(ksef, request),
        "GET /certificates/limits" => certificates::limits(ksef, request),
        "GET /certificates/enrollments/data" => certificates::data(ksef, request),
        "POST /certificates/enrollments" => certificates::enroll(ksef, request),
        "GET /certificates/enrollments/{referenceNumber}" => certificates::status(ksef, request),
        "POST /certificates/retrieve" => certificates::retrieve(ksef, request),
        "POST /certificates/query" => certificates::query(ksef, request),
        "POST /certificates/{certificateSerialNumber}/revoke" => {
            certificates::revoke(ksef, request)
        }
        "POST /collective-identifiers" => collective::generate(ksef, request),
        "POST /collective-identifiers/query" => collective::query(ksef, request),
        "POST /collective-identifiers/invoices" => collective::invoices(ksef, request),
        "GET /collective-identifiers/ksef/{ksefNumber}" => collective::of_invoice(ksef, request),
        "GET /limits/context" => limits_api::of_context(ksef, request),
        "GET /limits/subject" => limits_api::of_subject(ksef, request),
        "GET /rate-limits" => limits_api::of_requests(ksef, request),
        "GET /peppol/query" => Ok(peppol::query(ksef, request)),
        _ => Err(unanswered(request)),
    }
}

fn permission_answer(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let template = request.operation.template;
    if template.starts_with("/permissions/query/") {
        return permissions::list(ksef, request);
    }
    match request.operation.key {
        "GET /permissions/operations/{referenceNumber}" => permissions::status(ksef, request),
        "GET /permissions/attachments/status" => test_data::attachments(ksef, request),
        "DELETE /permissions/common/grants/{permissionId}"
        | "DELETE /permissions/authorizations/grants/{permissionId}" => {
            permissions::take(ksef, request)
        }
        _ => permissions::give(ksef, request),
    }
}

fn arrange(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    match request.operation.key {
        "POST /testdata/subject" => test_data::add_subject(ksef, request),
        "POST /testdata/subject/remove" => Ok(test_data::remove_subject(ksef, request)),
        "POST /testdata/person" => test_data::add_person(ksef, request),
        "POST /testdata/person/remove" => Ok(test_data::remove_person(ksef, request)),
        "POST /testdata/permissions" => test_data::grant(ksef, request),
        "POST /testdata/permissions/revoke" => test_data::revoke(ksef, request),
        "POST /testdata/attachment" => Ok(test_data::allow_attachments(ksef, request)),
        "POST /testdata/attachment/revoke" => Ok(test_data::forbid_attachments(ksef, request)),
        "POST /testdata/context/block" => test_data::block(ksef, request),
        "POST /testdata/context/unblock" => test_data::unblock(ksef, request),
        "PUT /testdata/certificates/{serialNumber}" => certificates::shorten(ksef, request),
        "POST /testdata/limits/context/session" => limits_api::set_of_context(ksef, request),
        "DELETE /testdata/limits/context/session" => limits_api::reset_of_context(ksef, request),
        "POST /testdata/limits/subject/certificate" => limits_api::set_of_subject(ksef, request),
        "DELETE /testdata/limits/subject/certificate" => {
            limits_api::reset_of_subject(ksef, request)
        }
        "POST /testdata/rate-limits" => limits_api::set_of_requests(ksef, request),
        "DELETE /testdata/rate-limits" => limits_api::reset_of_requests(ksef, request),
        "POST /testdata/rate-limits/production" => limits_api::production(ksef, request),
        _ => Err(unanswered(request)),
    }
}

fn unanswered(request: &Request<'_>) -> Problem {
    tracing::error!(operation = request.operation.key, "an operation without an answer");
    Problem::Status(501)
}

/// Answers the service that tells the status of the system; `path` is `/status` or `/messages`.
pub(super) fn latarnia(ksef: &KsefV2, incoming: &Incoming, path: &str) -> Reply {
    latarnia::answer(ksef, incoming, path)
}
