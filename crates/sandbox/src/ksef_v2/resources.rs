//! Everything that is neither a login, a session nor an invoice: permissions, KSeF tokens,
//! certificates, limits, Peppol, collective identifiers, test data. The core of the double asks
//! this module through the functions below (KSeF 2.0 facts §11 and §12).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::KsefV2;
use super::people::{Identity, IdentityKind, Permission};
use super::problem::Problem;
use super::request::Request;
use super::store::Store;
use crate::front::Incoming;
use crate::reply::Reply;

/// The state of all of them.
#[derive(Debug, Default)]
pub(super) struct Resources {
    tokens: Vec<SeededToken>,
    grants: Vec<(Identity, Identity, BTreeSet<Permission>)>,
}

#[derive(Debug)]
struct SeededToken {
    reference: String,
    secret: String,
    context: Identity,
    permissions: BTreeSet<Permission>,
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

/// What a subject may do in a context.
pub(super) fn held(store: &Store, context: &Identity, subject: &Identity) -> BTreeSet<Permission> {
    let owns = subject.kind == IdentityKind::Nip && context.owner_nip() == Some(&subject.value);
    let all = Permission::ALL.into_iter().filter(|one| *one != Permission::VatUeManage);
    if owns {
        return all.collect();
    }
    let grants = store.resources.grants.iter();
    let own = grants.filter(|(within, to, _)| within == context && to == subject);
    own.flat_map(|(_, _, permissions)| permissions.iter().copied()).collect()
}

/// Gives permissions in a context, as if its owner had given them long ago.
pub(super) fn seed_grant(
    store: &mut Store,
    context: &Identity,
    to: &Identity,
    permissions: &[Permission],
    _: DateTime<Utc>,
) {
    let permissions = permissions.iter().copied().collect();
    store.resources.grants.push((context.clone(), to.clone(), permissions));
}

/// Whether a KSeF token (the whole text with both bars) logs in to a context.
pub(super) fn token_login(
    store: &mut Store,
    secret: &str,
    context: &Identity,
    _: DateTime<Utc>,
) -> Result<TokenLogin, TokenFlaw> {
    let found = store.resources.tokens.iter().find(|token| token.secret == secret);
    let token = found.ok_or(TokenFlaw::Unknown)?;
    if token.context != *context {
        return Err(TokenFlaw::OtherContext);
    }
    Ok(TokenLogin {
        reference: token.reference.clone(),
        author: token.context.clone(),
        permissions: token.permissions.clone(),
    })
}

/// Adds an active KSeF token that somebody else made, and gives its text.
pub(super) fn seed_token(
    store: &mut Store,
    reference: &str,
    secret: &str,
    context: &Identity,
    permissions: BTreeSet<Permission>,
) {
    let (reference, secret) = (reference.to_owned(), secret.to_owned());
    let context = context.clone();
    store.resources.tokens.push(SeededToken { reference, secret, context, permissions });
}

/// The text of an active KSeF token of a context that was seeded.
pub(super) fn seeded_token(store: &Store, context: &Identity) -> Option<String> {
    let mut tokens = store.resources.tokens.iter();
    tokens.find(|token| token.context == *context).map(|token| token.secret.clone())
}

/// Whether the certificate was issued by this system, and what is wrong with it now: the detail of
/// status 460.
pub(super) fn certificate_state(_: &Store, _: &[u8], _: DateTime<Utc>) -> CertificateState {
    CertificateState::Foreign
}

/// What this system knows of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(dead_code, reason = "made by the certificates of the double")]
pub(super) enum CertificateState {
    /// It was not issued here.
    Foreign,
    /// It was issued here for logging in and is in force.
    InForce,
    /// It was issued here and may not log in; the text is the detail of status 460.
    Unfit(&'static str),
}

/// Whether the subject or the context may not log in whatever it shows.
pub(super) fn login_block(_: &Store, _: &Identity, _: &Identity) -> Option<LoginBlock> {
    None
}

/// Whether a context may issue invoices in the name of a seller (self-invoicing, tax
/// representative, bailiff, Peppol provider, unit).
pub(super) fn may_issue(_: &Store, context: &Identity, seller: &str) -> bool {
    context.owner_nip() == Some(seller)
}

/// Whether a taxpayer may send attachments.
pub(super) fn attachments_allowed(_: &Store, _: &str) -> bool {
    false
}

/// Answers an operation that the core does not know.
pub(super) fn answer(_: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    tracing::error!(operation = request.operation.key, "an operation without an answer");
    Err(Problem::Status(501))
}

/// Answers the service that tells the status of the system; `path` is `/status` or `/messages`.
pub(super) fn latarnia(_: &KsefV2, _: &Incoming, _: &str) -> Reply {
    Reply::status(404)
}
