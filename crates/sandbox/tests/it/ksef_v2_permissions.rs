//! KSeF 2.0: permissions given, used, found, taken back, and enforced for every operation.

mod enforced;
mod given;
mod refused;
mod used;

use sandbox::ksef_v2::{Identity, IdentityKind, KsefV2};
use serde_json::{Value, json};

use crate::ksef_v2::client::*;

pub(crate) const BUREAU: &str = "9990000178";
pub(crate) const LOCAL: &str = "9990000149";
pub(crate) const UNIT: &str = "9990000155";
pub(crate) const BAILIFF: &str = "9990000161";
/// The persons behind the certificates `person-pesel` and `stranger`.
pub(crate) const CLERK: &str = "00810100019";
pub(crate) const STRANGER: &str = "00810100026";

pub(crate) fn pesel(value: &str) -> Value {
    json!({"type": "Pesel", "value": value})
}

pub(crate) fn identity(kind: IdentityKind, value: &str) -> Identity {
    Identity::new(kind, value)
}

/// Logs in with a certificate.
pub(crate) async fn signed(ksef: &KsefV2, context: (&str, &str), certificate: &str) -> Caller {
    let by = match certificate {
        "person-without-number" => "certificateFingerprint",
        _ => "certificateSubject",
    };
    redeem(ksef, &start_signed(ksef, context, certificate, by).await).await
}

/// Waits for an operation on permissions, and gives the code of its status.
pub(crate) async fn ended(caller: &Caller, started: &Answer) -> u64 {
    let reference = text(&started.ok(202)["referenceNumber"]);
    let path = format!("/permissions/operations/{reference}");
    caller.ksef.settle().await;
    let status = caller.get(&path).await.ok(200);
    status["status"]["code"].as_u64().unwrap()
}

/// Gives a permission and tells how that ended.
pub(crate) async fn give(caller: &Caller, kind: &str, body: &Value) -> u64 {
    let started = caller.post(&format!("/permissions/{kind}/grants"), body).await;
    ended(caller, &started).await
}

/// What a query finds, in its one list.
pub(crate) async fn found(caller: &Caller, path: &str, body: &Value) -> Vec<Value> {
    let answer = caller.post(&format!("/permissions/query/{path}"), body).await.ok(200);
    assert_eq!(answer["hasMore"], false);
    let lists = ["permissions", "authorizationGrants", "roles"];
    let list = lists.iter().find_map(|name| answer[*name].as_array());
    list.unwrap_or_else(|| panic!("no list: {answer}")).clone()
}

pub(crate) fn person(subject: &Value, permissions: &[&str]) -> Value {
    json!({
        "subjectIdentifier": subject,
        "permissions": permissions,
        "description": "Praca w biurze",
        "subjectDetails": {
            "subjectDetailsType": "PersonByIdentifier",
            "personById": {"firstName": "Jan", "lastName": "Wymyślony"},
        },
    })
}

/// A grant to whoever has the certificate of that fingerprint.
pub(crate) fn by_fingerprint(value: &str, more: &Value) -> Value {
    let mut body = json!({
        "subjectIdentifier": {"type": "Fingerprint", "value": value},
        "description": "Praca na odległość",
        "subjectDetails": {
            "subjectDetailsType": "PersonByFingerprintWithIdentifier",
            "personByFpWithId": {
                "firstName": "Ewa",
                "lastName": "Nienumerowana",
                "identifier": {"type": "Pesel", "value": "00810100033"},
            },
        },
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

pub(crate) fn entity(subject: &Value, permissions: &[(&str, bool)]) -> Value {
    let permissions: Vec<_> = permissions
        .iter()
        .map(|(name, delegate)| json!({"type": name, "canDelegate": delegate}))
        .collect();
    json!({
        "subjectIdentifier": subject,
        "permissions": permissions,
        "description": "Obsługa faktur",
        "subjectDetails": {"fullName": "Biuro Zmyślone"},
    })
}

pub(crate) fn authorization(subject: &Value, permission: &str) -> Value {
    json!({
        "subjectIdentifier": subject,
        "permission": permission,
        "description": "Upoważnienie podmiotu",
        "subjectDetails": {"fullName": "Podmiot Zmyślony"},
    })
}

pub(crate) fn subunit(subject: &Value, unit: &Value) -> Value {
    let mut body = person(subject, &[]);
    body.as_object_mut().unwrap().remove("permissions");
    body["contextIdentifier"] = unit.clone();
    body["subunitName"] = json!("Jednostka pierwsza");
    body
}

pub(crate) fn union(fingerprint: &str, context: &str) -> Value {
    by_fingerprint(
        fingerprint,
        &json!({
            "contextIdentifier": {"type": "NipVatUe", "value": context},
            "euEntityName": "Fiktiv GmbH, Musterstadt",
            "euEntityDetails": {"fullName": "Fiktiv GmbH", "address": "Musterstadt 1"},
        }),
    )
}
