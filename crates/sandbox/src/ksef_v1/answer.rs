//! How the double answers: who asks, with which role, and what each operation does.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use http::header::{ACCEPT, CONTENT_TYPE};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::exception::{Circumstances, Exception, envelope};
use super::people::Context;
use super::roles::{Gate, Role, needs};
use super::routes::{self, Call, Found};
use super::store::{End, Store, Verdict};
use super::{
    KsefV1, Refusal, batch, common, credentials, grants, invoices, login, marks, payments, pki,
    query, query_work, session,
};
use crate::front::{Incoming, Mood};
use crate::ksef::{keys, numbers};
use crate::record::System;
use crate::reply::Reply;

/// A request that found its operation.
pub(super) struct Ask<'a> {
    pub(super) ksef: &'a KsefV1,
    pub(super) incoming: &'a Incoming,
    pub(super) found: Found<'a>,
    pub(super) now: DateTime<Utc>,
}

/// Who asks.
pub(super) struct Caller {
    pub(super) session: String,
    pub(super) context: Context,
    pub(super) roles: BTreeSet<Role>,
}

/// The form of a body that a media type names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// `application/json`.
    Plain,
    /// `application/vnd.vN+json`.
    Vnd(u8),
}

/// What an operation comes to.
pub(super) type Answered = Result<Reply, Exception>;

/// Counts the request against the limits that were set.
pub(super) fn admit(ksef: &KsefV1, incoming: &Incoming) -> Option<Reply> {
    let found = routes::find(&incoming.method, &incoming.path)?;
    let now = ksef.now();
    let who =
        header(incoming, "sessiontoken").map_or_else(|| incoming.peer.to_string(), str::to_owned);
    let admitted = ksef.with_store(|store| {
        if !store.settings.limits.counts() {
            return true;
        }
        let seen = store.calls.entry(format!("{} {who}", found.operation)).or_default();
        let admitted = store.settings.limits.admit(seen, now);
        store.statistics.limited += u64::from(!admitted);
        admitted
    });
    (!admitted).then(|| refusal(ksef, incoming, 429))
}

/// A refusal that came before processing: 429 with its exception, anything else without a body.
pub(super) fn refusal(ksef: &KsefV1, incoming: &Incoming, status: u16) -> Reply {
    let operation = routes::find(&incoming.method, &incoming.path).map(|found| found.operation);
    match status {
        429 => refused(ksef, operation, &Exception::new(21121).with_status(429), None),
        401 => refused(ksef, operation, &Exception::new(21304).with_status(401), None),
        _ => Reply::status(status),
    }
}

/// A scripted exception; a code that is no number stands for an unknown failure of the service.
pub(super) fn scripted(ksef: &KsefV1, incoming: &Incoming, code: &str) -> Reply {
    let operation = routes::find(&incoming.method, &incoming.path).map(|found| found.operation);
    refused(ksef, operation, &Exception::new(code.parse().unwrap_or(30012)), None)
}

/// Processes an admitted request.
pub(super) fn answer(ksef: &KsefV1, incoming: &Incoming) -> Reply {
    let Some(found) = routes::find(&incoming.method, &incoming.path) else {
        ksef.context().journal.unexpected(incoming.unexpected(System::KsefV1, "unknown route"));
        return refused(ksef, None, &Exception::new(21180), None);
    };
    let operation = found.operation;
    let ask = Ask { ksef, incoming, found, now: ksef.now() };
    match processed(&ask) {
        Ok(reply) => reply,
        Err(exception) => {
            let handler = exception.code == 21180;
            let reference = ask.session().filter(|_| !handler);
            let operation = (!handler).then_some(operation);
            ask.refused(operation, &exception, reference.as_deref())
        }
    }
}

fn refused(
    ksef: &KsefV1,
    operation: Option<&str>,
    exception: &Exception,
    reference: Option<&str>,
) -> Reply {
    let (now, chance) = (ksef.now(), &ksef.context().chance);
    let service_code = match operation {
        Some(_) => numbers::reference("EX", now, chance),
        None => chance.uuid().to_string().to_uppercase(),
    };
    let about = Circumstances {
        operation: operation.unwrap_or("exception.handler"),
        timestamp: &ksef.moment(now),
        service_code: &service_code,
        reference,
    };
    Reply::json(exception.status, envelope(exception, &about))
}

fn processed(ask: &Ask<'_>) -> Answered {
    let access = needs(ask.found.call);
    if access.gate == Gate::Open {
        return open(ask);
    }
    let caller = ask.caller(access.gate)?;
    let allowed =
        access.roles.is_empty() || access.roles.iter().any(|role| caller.roles.contains(role));
    if !allowed {
        return Err(ask.unauthorised(21301));
    }
    within(ask, &caller)
}

/// The operations without a session.
fn open(ask: &Ask<'_>) -> Answered {
    match ask.found.call {
        Call::BatchInit => batch::init(ask),
        Call::BatchUpload => batch::upload(ask),
        Call::BatchFinish => batch::finish(ask),
        Call::CommonStatus => common::status(ask),
        Call::Upo => common::receipt(ask),
        Call::UpoOnDemand => common::receipt_on_demand(ask),
        Call::AnonymousInvoice => common::anonymous(ask),
        Call::Download => common::download(ask),
        Call::Verification => common::verification(ask),
        Call::AccessPoints => common::access_points(ask),
        Call::RegisterAccessPoint => common::register(ask),
        Call::Challenge => login::challenge(ask),
        Call::InitSigned => login::signed(ask),
        Call::InitToken => login::token(ask),
        Call::Thumbprint => pki::thumbprint(ask),
        Call::SecurityPem => Ok(Reply::raw(200, "text/plain", keys::encryption().pem())),
        Call::SecurityDer => {
            Ok(Reply::raw(200, "application/octet-stream", keys::encryption().der().to_vec()))
        }
        _ => Err(Exception::new(31000)),
    }
}

/// The operations within a session.
fn within(ask: &Ask<'_>, caller: &Caller) -> Answered {
    match ask.found.call {
        Call::SessionStatus => session::status(ask, caller, &caller.session),
        Call::SessionStatusOf => session::status(ask, caller, ask.reference(0)?),
        Call::Terminate => Ok(session::terminate(ask, caller)),
        Call::InternalIdentifier => session::internal_identifier(ask, caller),
        Call::Send => invoices::send(ask, caller),
        Call::InvoiceStatus => invoices::status(ask, caller),
        Call::InvoiceGet => invoices::get(ask, caller),
        Call::Hide => marks::hide(ask, caller),
        Call::Show => marks::show(ask, caller),
        Call::Visibility => marks::visibility(ask, caller),
        Call::ScamReport => marks::report(ask, caller),
        Call::ScamCancel => marks::cancel(ask, caller),
        Call::Scam => marks::scam(ask, caller),
        Call::GenerateToken => credentials::generate(ask, caller),
        Call::RevokeToken => credentials::revoke(ask, caller),
        Call::Grant => grants::grant(ask, caller),
        Call::Revoke => grants::revoke(ask, caller),
        Call::ContextGrant => grants::context_grant(ask, caller),
        Call::ContextRevoke => grants::context_revoke(ask, caller),
        Call::AccountingGrant => grants::accounting_grant(ask, caller),
        Call::AccountingRevoke => grants::accounting_revoke(ask, caller),
        Call::QueryInvoices => query::sync(ask, caller),
        Call::QueryInit => query_work::init(ask, caller),
        Call::QueryStatus => query_work::status(ask, caller),
        Call::QueryFetch => query_work::fetch(ask, caller),
        Call::QueryCredentials => credentials::query(ask, caller),
        Call::QueryContextCredentials => credentials::query_context(ask, caller),
        Call::QueryAccounting => credentials::query_accounting(ask, caller),
        Call::QueryPayments => payments::query(ask, caller),
        Call::PaymentRequest => payments::request(ask, caller),
        Call::PaymentNumbers => payments::numbers(ask, caller),
        Call::PaymentIdentifiers => payments::identifiers(ask, caller),
        Call::CredentialsStatus
        | Call::VisibilityStatus
        | Call::ScamStatus
        | Call::PaymentStatus
        | Call::CertificateStatus => super::work::status(ask, caller),
        Call::CsrData => pki::csr_data(ask, caller),
        Call::GenerateCertificate => pki::generate(ask, caller),
        Call::GetCertificate => pki::get(ask, caller),
        Call::RetrieveCertificate => pki::retrieve(ask, caller),
        Call::RevokeCertificate => pki::revoke(ask, caller),
        Call::QueryCertificates => pki::query(ask, caller),
        _ => Err(Exception::new(31000)),
    }
}

fn header<'a>(incoming: &'a Incoming, name: &str) -> Option<&'a str> {
    incoming.headers.get(name).and_then(|value| value.to_str().ok())
}

impl Ask<'_> {
    /// A path parameter.
    pub(super) fn value(&self, index: usize) -> &str {
        self.found.values.get(index).copied().unwrap_or_default()
    }

    /// A path parameter that must be a reference number.
    pub(super) fn reference(&self, index: usize) -> Result<&str, Exception> {
        let value = self.value(index);
        if numbers::is_reference(value) { Ok(value) } else { Err(self.malformed("path parameter")) }
    }

    /// A path parameter that must be an invoice number, in its 35-character form.
    pub(super) fn ksef_number(&self, index: usize) -> Result<String, Exception> {
        numbers::short_form(self.value(index)).ok_or_else(|| self.malformed("path parameter"))
    }

    /// A malformed parameter, which a correct client does not send.
    pub(super) fn malformed(&self, what: &str) -> Exception {
        self.note(format!("malformed {what}"));
        Exception::about(21180, what)
    }

    /// Notes what no correct client sends.
    pub(super) fn note(&self, what: impl Into<String>) {
        let journal = &self.ksef.context().journal;
        journal.unexpected(self.incoming.unexpected(System::KsefV1, what));
    }

    /// A header as a text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(self.incoming, name)
    }

    /// A query parameter; names are case-sensitive.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.incoming.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Page size and page index; a default stands for a parameter that may be absent.
    pub(super) fn page(
        &self,
        sizes: (usize, usize),
        last: usize,
        default: Option<(usize, usize)>,
    ) -> Result<(usize, usize), Exception> {
        let read = |name: &str, range: (usize, usize), default: Option<usize>| {
            let given = self.query(name);
            let number = match given.as_deref() {
                None => default,
                Some(text) => text.parse().ok().filter(|it| (range.0..=range.1).contains(it)),
            };
            number.ok_or_else(|| {
                self.note(format!("malformed {name}"));
                Exception::about(21405, name)
            })
        };
        let size = read("PageSize", sizes, default.map(|it| it.0))?;
        Ok((size, read("PageOffset", (0, last), default.map(|it| it.1))?))
    }

    /// The body as JSON of a form; unknown members are refused.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Exception> {
        let value = self.json()?;
        serde_json::from_value(value).map_err(|_| self.off_schema("body"))
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Value, Exception> {
        if self.incoming.body.is_empty() {
            self.note("the body is missing");
            return Err(Exception::new(21172));
        }
        let media = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim();
        if !media.ends_with("json") {
            self.note("the body is not announced as JSON");
        }
        serde_json::from_slice(&self.incoming.body).map_err(|_| {
            self.note("the body is not JSON");
            Exception::new(21404)
        })
    }

    /// A body off its schema, which a correct client does not send.
    pub(super) fn off_schema(&self, what: &str) -> Exception {
        self.note(format!("off the schema: {what}"));
        Exception::about(21405, what)
    }

    /// A body without a member that has a code of its own, or with a value in it that has one;
    /// a correct client does not send it.
    pub(super) fn lacking(&self, code: u32, what: &str) -> Exception {
        self.note(format!("off the schema: {what}"));
        Exception::about(code, what)
    }

    /// The version of the answer that is asked for.
    pub(super) fn accepted(&self) -> Version {
        version(self.header(ACCEPT.as_str()).unwrap_or_default())
    }

    /// The version of the request.
    pub(super) fn sent(&self) -> Version {
        version(self.header(CONTENT_TYPE.as_str()).unwrap_or_default())
    }

    /// An invoice number in the form that the request asks for.
    pub(super) fn number(&self, short: &str) -> String {
        match self.header("ksef-number-variant") {
            Some("v36") => numbers::long_form(short),
            _ => short.to_owned(),
        }
    }

    pub(super) fn moment(&self, moment: DateTime<Utc>) -> String {
        self.ksef.moment(moment)
    }

    /// A new reference number.
    pub(super) fn new_reference(&self, kind: &str) -> String {
        numbers::reference(kind, self.now, &self.ksef.context().chance)
    }

    /// A missing authorisation, with the status that was set.
    pub(super) fn unauthorised(&self, code: u32) -> Exception {
        let refusal = self.ksef.with_store(|store| store.settings.refusal);
        let status = if refusal == Refusal::Documented { 401 } else { 400 };
        Exception::new(code).with_status(status)
    }

    /// The session whose token the request carries.
    fn session(&self) -> Option<String> {
        let token = self.header("sessiontoken")?;
        self.ksef.with_store(|store| store.tokens.get(token).cloned())
    }

    fn refused(
        &self,
        operation: Option<&str>,
        exception: &Exception,
        reference: Option<&str>,
    ) -> Reply {
        let context = self.ksef.context();
        // What does not exist is answered with an empty 404, too (KSeF 1.x facts §2).
        let absent = matches!(exception.code, 21164 | 21168 | 21173 | 21175 | 21178 | 21184);
        if absent && context.mood == Mood::Hostile && context.chance.hits(300) {
            return Reply::status(404);
        }
        refused(self.ksef, operation, exception, reference)
    }

    /// The session of the request, if it is good enough for the operation.
    fn caller(&self, gate: Gate) -> Result<Caller, Exception> {
        if self.header("sessiontoken").is_none() {
            self.note("the header SessionToken is missing");
            return Err(self.unauthorised(21171));
        }
        let reference = self.session().ok_or_else(|| self.unauthorised(21149))?;
        session::expire(self.ksef, &reference, self.now);
        let context = self.ksef.context();
        let late = context.mood == Mood::Hostile && context.chance.hits(10);
        let result = self.ksef.with_store(|store| {
            let caller = caller(store, &reference, self.now)?;
            let verdict = store.sessions.get(&reference).map(|it| it.verdict.borrow().clone());
            let code = store.sessions.get(&reference).map_or(0, |it| it.code);
            match verdict {
                Some(Verdict::Failed(_)) => Err(21153),
                _ if gate == Gate::Authenticated && (code < 315 || late) => Err(21304),
                _ => Ok(caller),
            }
        });
        result.map_err(|code| self.unauthorised(code))
    }
}

/// The state of a session as its user has it; the error is an exception code.
fn caller(store: &mut Store, reference: &str, now: DateTime<Utc>) -> Result<Caller, u32> {
    let session = store.sessions.get_mut(reference).ok_or(21149_u32)?;
    match session.end {
        End::Terminated => return Err(21154),
        End::Expired => return Err(21170),
        End::Open if session.code >= 400 => return Err(21153),
        End::Open => session.used = now,
    }
    let (vector, context) = (session.vector.clone(), session.context.clone());
    let roles = store.people.roles(&vector, &context).into_iter().map(|(role, _)| role).collect();
    Ok(Caller { session: reference.to_owned(), context, roles })
}

/// The newest version that a list of media types names.
fn version(media: &str) -> Version {
    let versions = media.split(',').filter_map(|one| {
        let name = one.split(';').next()?.trim();
        name.strip_prefix("application/vnd.v")?.split('+').next()?.parse().ok()
    });
    versions.max().map_or(Version::Plain, Version::Vnd)
}

/// The members that every asynchronous answer has.
pub(super) fn progress(
    ask: &Ask<'_>,
    session: &str,
    element: &str,
    code: u16,
    description: &str,
) -> Value {
    json!({
        "timestamp": ask.moment(ask.now),
        "referenceNumber": session,
        "elementReferenceNumber": element,
        "processingCode": code,
        "processingDescription": description,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_media_type() {
        assert_eq!(version("application/json"), Version::Plain);
        assert_eq!(version("*/*"), Version::Plain);
        assert_eq!(version("application/vnd.v3+json; q=1"), Version::Vnd(3));
        assert_eq!(version("application/json, application/vnd.v4+json"), Version::Vnd(4));
    }
}
