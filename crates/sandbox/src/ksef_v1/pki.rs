//! Internal certificates and the fingerprint function (specification 1.9, chapters 13.9.2 and
//! 13.9.5). No form of these operations was ever published (KSeF 1.x facts §13): the members here
//! are the double's own, and clients should treat them so.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answered, Ask, Caller};
use super::credentials::is_primary;
use super::exception::Exception;
use super::people::{Context, Vector};
use super::process::description;
use super::roles::{OF_OWNERS, Role};
use super::store::{Outcome, Store, WorkKind};
use super::work;
use crate::ksef::authority;
use crate::ksef::certificate::Certificate;
use crate::ksef::{base64, unbase64, unbase64_lines};
use crate::reply::Reply;

/// An internal certificate.
pub(super) struct Issued {
    serial: String,
    der: Vec<u8>,
    context: Context,
    parent: Vector,
    roles: BTreeSet<Role>,
    revoked: bool,
}

impl Issued {
    fn json(&self) -> Value {
        json!({
            "certificateSerialNumber": self.serial,
            "certificate": base64(&self.der),
            "active": !self.revoked,
            "credentialsRoleList": self.roles.iter().map(|role| json!({"roleType": role})).collect::<Vec<_>>(),
        })
    }
}

/// The vector of an internal certificate; `None` for any other certificate.
pub(super) fn vector(
    store: &Store,
    certificate: &Certificate,
) -> Result<Option<Vector>, Exception> {
    let Some(issued) = store.issued.iter().find(|one| one.der == certificate.der()) else {
        return Ok(None);
    };
    if issued.revoked {
        return Err(Exception::new(21305));
    }
    let parent = Box::new(issued.parent.clone());
    Ok(Some(Vector::Certificate { parent, roles: issued.roles.clone() }))
}

/// Revokes the certificates whose holders have none of their roles any more.
pub(super) fn revoke_orphans(store: &mut Store) {
    let Store { issued, people, .. } = store;
    for one in issued.iter_mut().filter(|one| !one.revoked) {
        one.revoked = !one.roles.iter().any(|role| people.has(&one.parent, &one.context, *role));
    }
}

/// How many certificates a vector may have at once (chapter 4.3.2.3).
fn most(vector: &Vector) -> usize {
    if matches!(vector, Vector::Pesel(_)) { 5 } else { 50 }
}

/// The vector of the session, which must be one that certificates are made for.
fn primary(ask: &Ask<'_>, caller: &Caller) -> Result<Vector, Exception> {
    let vector = ask.ksef.with_store(|store| {
        store.sessions.get(&caller.session).map(|session| session.vector.clone())
    });
    vector.filter(is_primary).ok_or_else(|| Exception::new(21306))
}

/// What a request for a certificate must say.
pub(super) fn csr_data(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let vector = primary(ask, caller)?;
    let roles = ask.ksef.with_store(|store| available(store, &vector, &caller.context));
    let roles: Vec<Value> = roles.iter().map(|role| json!({"roleType": role})).collect();
    let holder = vector.identifier().value;
    Ok(Reply::json(
        200,
        json!({
            "timestamp": ask.moment(ask.now),
            "referenceNumber": caller.session,
            "countryName": "PL",
            "commonName": format!("Certyfikat wewnętrzny {holder}"),
            "serialNumber": holder,
            "credentialsRoleList": roles,
            "opensslScript": format!(
                "openssl req -new -newkey rsa:2048 -nodes -keyout key.pem -outform DER -out request.der \
                 -utf8 -subj '/C=PL/serialNumber={holder}/CN=Certyfikat wewnętrzny {holder}'"
            ),
        }),
    ))
}

fn available(store: &Store, vector: &Vector, context: &Context) -> BTreeSet<Role> {
    let roles = OF_OWNERS.iter().copied();
    roles.filter(|role| store.people.has(vector, context, *role)).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenerateBody {
    csr: String,
    #[serde(default)]
    credentials_role_list: Vec<NamedRole>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NamedRole {
    role_type: Role,
}

/// Starts the making of a certificate.
pub(super) fn generate(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let vector = primary(ask, caller)?;
    let body: GenerateBody = ask.body()?;
    let request = unbase64(&body.csr).ok_or_else(|| Exception::new(20004))?;
    let request = authority::Request::read(&request).ok_or_else(|| Exception::new(21420))?;
    if !request.names(&vector.identifier().value) {
        return Err(Exception::new(21420));
    }
    let asked: BTreeSet<Role> =
        body.credentials_role_list.iter().map(|one| one.role_type).collect();
    let roles = ask.ksef.with_store(|store| {
        let available = available(store, &vector, &caller.context);
        if !asked.is_subset(&available) {
            return Err(Exception::new(21306));
        }
        let own =
            |one: &&Issued| one.parent == vector && one.context == caller.context && !one.revoked;
        if store.issued.iter().filter(own).count() >= most(&vector) {
            return Err(Exception::about(21306, "certificates"));
        }
        Ok(if asked.is_empty() { available } else { asked })
    })?;
    let (context, ksef) = (caller.context.clone(), ask.ksef.clone());
    let act = Box::new(move |store: &mut Store| {
        let der = request.issue(ksef.now()).ok_or_else(|| Exception::new(21420))?;
        let serial = Certificate::from_der(&der).map(|it| it.serial()).unwrap_or_default();
        let issued =
            Issued { serial, der: der.clone(), context, parent: vector, roles, revoked: false };
        store.issued.push(issued);
        Ok(Outcome::Certificate(der))
    });
    Ok(work::start(ask, caller, WorkKind::Certificate, 202, act))
}

/// The certificate that a process made, DER.
pub(super) fn get(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let reference = ask.reference(0)?;
    ask.ksef.with_store(|store| {
        let work = work::find(store, caller, WorkKind::Certificate, reference);
        match work.map(|work| &work.result) {
            Some(Outcome::Certificate(der)) => {
                Ok(Reply::raw(200, "application/octet-stream", der.clone()))
            }
            _ => Err(Exception::new(21168)),
        }
    })
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RetrieveBody {
    certificate_serial_numbers: Vec<String>,
}

/// The certificates of the session's vector.
pub(super) fn retrieve(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let body: RetrieveBody =
        if ask.incoming.body.is_empty() { RetrieveBody::default() } else { ask.body()? };
    let wanted = body.certificate_serial_numbers;
    list(ask, caller, |one| wanted.is_empty() || wanted.contains(&one.serial))
}

/// The same with what is known about them.
pub(super) fn query(ask: &Ask<'_>, caller: &Caller) -> Answered {
    list(ask, caller, |_| true)
}

fn list(ask: &Ask<'_>, caller: &Caller, wanted: impl Fn(&Issued) -> bool) -> Answered {
    let vector = primary(ask, caller)?;
    ask.ksef.with_store(|store| {
        let own = store
            .issued
            .iter()
            .filter(|one| one.parent == vector && one.context == caller.context && wanted(one));
        let own: Vec<Value> = own.map(Issued::json).collect();
        Ok(Reply::json(
            200,
            json!({
                "timestamp": ask.moment(ask.now),
                "referenceNumber": caller.session,
                "certificates": own,
            }),
        ))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RevokeBody {
    certificate_serial_number: String,
}

/// Starts the revocation of a certificate; who may manage credentials may revoke those of others.
pub(super) fn revoke(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let serial = ask.body::<RevokeBody>()?.certificate_serial_number;
    ask.ksef.with_store(|store| {
        let own = store.sessions.get(&caller.session).map(|session| session.vector.clone());
        let mut issued = store.issued.iter();
        let one = issued.find(|one| one.serial == serial && one.context == caller.context);
        let one = one.filter(|one| !one.revoked).ok_or_else(|| Exception::new(21168))?;
        let manages = [Role::Owner, Role::CredentialsManage];
        let may = own.as_ref() == Some(&one.parent)
            || manages.iter().any(|role| caller.roles.contains(role));
        if may { Ok(()) } else { Err(Exception::new(21301)) }
    })?;
    let act = Box::new(move |store: &mut Store| {
        if let Some(one) = store.issued.iter_mut().find(|one| one.serial == serial) {
            one.revoked = true;
        }
        Ok(Outcome::None)
    });
    let reference = work::register(ask, caller, WorkKind::Certificate, act);
    let answer = super::answer::progress(ask, &caller.session, &reference, 100, description(100));
    Ok(Reply::json(202, answer))
}

/// The SHA-256 of a certificate in PEM or DER.
pub(super) fn thumbprint(ask: &Ask<'_>) -> Answered {
    let body = &ask.incoming.body;
    let text = std::str::from_utf8(body).unwrap_or_default();
    let der = text
        .split_once("-----BEGIN CERTIFICATE-----")
        .and_then(|(_, rest)| rest.split_once("-----END CERTIFICATE-----"))
        .and_then(|(inner, _)| unbase64_lines(inner))
        .unwrap_or_else(|| body.to_vec());
    let certificate = Certificate::from_der(&der).ok_or_else(|| Exception::new(21001))?;
    let answer = json!({"timestamp": ask.moment(ask.now), "thumbprint": certificate.fingerprint()});
    Ok(Reply::json(200, answer))
}
