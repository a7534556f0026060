//! Certificates that were issued: found, fetched, revoked (KSeF 2.0 facts §12.2).

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{End, Issued};
use crate::ksef::base64;
use crate::ksef_v2::KsefV2;
use crate::ksef_v2::people::Caller;
use crate::ksef_v2::permissions;
use crate::ksef_v2::problem::{Problem, moment};
use crate::ksef_v2::request::Request;
use crate::ksef_v2::resources::Resources;
use crate::reply::Reply;

impl Resources {
    /// The certificates of a caller, in the order of issue.
    fn certificates_of(&self, caller: &Caller) -> Vec<(&str, &Issued)> {
        let issued = self.certificates.issued.iter();
        issued.filter(|(_, one)| self.registry.is_same(&one.subject, &caller.subject)).collect()
    }

    /// One certificate of a caller; 25008 when it has none of that number.
    fn certificate_of(&mut self, caller: &Caller, serial: &str) -> Result<&mut Issued, Problem> {
        let registry = &self.registry;
        let known = self.certificates.issued.get_mut(serial);
        let own = known.filter(|one| registry.is_same(&one.subject, &caller.subject));
        own.ok_or_else(|| Problem::code(25008))
    }
}

/// `POST /certificates/query`, the last request first.
pub(in crate::ksef_v2) fn query(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?;
    let body = ksef.with_store(|store| {
        let mut found = store.resources.certificates_of(caller);
        found.retain(|(serial, one)| is_asked(&request.body, serial, one, request.now));
        found.sort_by_key(|(_, one)| Reverse(one.requested));
        let items = found.iter().map(|(serial, one)| item(serial, one, request.now));
        permissions::page(request, "certificates", items.collect())
    });
    Ok(ksef.json(200, body))
}

fn is_asked(filter: &Value, serial: &str, one: &Issued, now: DateTime<Utc>) -> bool {
    let is = |name: &str, value: &str| filter[name].as_str().is_none_or(|it| it == value);
    let named = filter["name"]
        .as_str()
        .is_none_or(|part| one.name.to_lowercase().contains(&part.to_lowercase()));
    let after = filter["expiresAfter"].as_str();
    let after = after.and_then(|it| DateTime::parse_from_rfc3339(it).ok());
    is("certificateSerialNumber", serial)
        && is("type", one.kind.as_str())
        && is("status", one.status(now))
        && named
        && after.is_none_or(|after| one.to > after.with_timezone(&Utc))
}

fn item(serial: &str, one: &Issued, now: DateTime<Utc>) -> Value {
    let mut body = json!({
        "certificateSerialNumber": serial,
        "name": one.name,
        "type": one.kind.as_str(),
        "commonName": one.common_name,
        "status": one.status(now),
        "subjectIdentifier": one.subject.json(),
        "validFrom": moment(one.from),
        "validTo": moment(one.to),
        "requestDate": moment(one.requested),
    });
    if let Some(used) = one.used {
        body["lastUseDate"] = json!(moment(used));
    }
    body
}

/// `POST /certificates/retrieve`; numbers of nobody or of somebody else are left out.
pub(in crate::ksef_v2) fn retrieve(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?;
    let wanted = &request.body["certificateSerialNumbers"];
    let wanted = wanted.as_array().map(Vec::as_slice).unwrap_or_default();
    let items: Vec<Value> = ksef.with_store(|store| {
        let own = store.resources.certificates_of(caller);
        let asked = own.iter().filter(|(serial, _)| wanted.iter().any(|it| it == serial));
        asked
            .map(|(serial, one)| {
                json!({
                    "certificate": base64(&one.der),
                    "certificateName": one.name,
                    "certificateSerialNumber": serial,
                    "certificateType": one.kind.as_str(),
                })
            })
            .collect()
    });
    Ok(ksef.json(200, json!({"certificates": items})))
}

/// `POST /certificates/{certificateSerialNumber}/revoke`; not with a KSeF token.
pub(in crate::ksef_v2) fn revoke(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?;
    if !caller.method.is_xades() {
        return Err(Problem::Forbidden {
            reason: "auth-method-not-allowed",
            about: "Ta operacja wymaga uwierzytelnienia podpisem.",
            security: json!({"authenticationMethodCategory": "Token"}),
        });
    }
    ksef.with_store(|store| {
        let serial = request.path("certificateSerialNumber");
        let one = store.resources.certificate_of(caller, serial)?;
        if one.status(request.now) != "Active" {
            return Err(Problem::code(25009));
        }
        one.end = Some(End::Revoked);
        Ok(Reply::status(204))
    })
}

/// `PUT /testdata/certificates/{serialNumber}`: makes a certificate end earlier, never later.
pub(in crate::ksef_v2) fn shorten(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?;
    let to = request.body["validTo"].as_str().and_then(|it| DateTime::parse_from_rfc3339(it).ok());
    ksef.with_store(|store| {
        let one = store.resources.certificate_of(caller, request.path("serialNumber"))?;
        let to = to.map(|to| to.with_timezone(&Utc)).filter(|to| *to < one.to);
        one.to = to.ok_or_else(|| {
            Problem::misfits(vec!["Pole 'validTo' może być tylko wcześniejsze.".to_owned()])
        })?;
        Ok(Reply::status(200))
    })
}
