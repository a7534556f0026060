//! Every code with which an operation on permissions ends, and what is refused at once.

use std::time::Duration;

use http::Method;
use sandbox::Sandbox;
use sandbox::ksef_v2::{IdentityKind, Limits, Permission};
use serde_json::json;

use super::*;
use crate::ksef_v2::hostile::{log_in, patient};

#[tokio::test(start_paused = true)]
async fn what_shape_alone_shows_is_refused_at_once() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let mut without_details = person(&pesel(STRANGER), &["InvoiceRead"]);
    without_details["subjectDetails"]["personById"] = json!(null);
    let mut wrong_details = person(&pesel(STRANGER), &["InvoiceRead"]);
    wrong_details["subjectDetails"] = union("A", "B")["subjectDetails"].clone();
    let mut unnamed =
        subunit(&pesel(STRANGER), &json!({"type": "InternalId", "value": "9990000103-12345"}));
    unnamed["subunitName"] = json!(null);
    for (kind, body) in [
        ("persons", person(&pesel(STRANGER), &[])),
        ("persons", person(&pesel("99999999999"), &["InvoiceRead"])),
        ("persons", person(&pesel(STRANGER), &["VatUeManage"])),
        ("persons", without_details),
        ("persons", wrong_details),
        ("entities", entity(&nip(BETA), &[])),
        ("authorizations", authorization(&nip(BETA), "InvoiceRead")),
        ("subunits", unnamed),
        ("persons", json!({})),
    ] {
        let answer = alfa.post(&format!("/permissions/{kind}/grants"), &body).await;
        assert_eq!(answer.code(), 21405, "{kind}: {body}");
    }
    let modern = [("x-error-format", "problem-details")];
    let path = "/permissions/persons/grants";
    let answer = alfa.send(Method::POST, path, &modern, "{}").await;
    assert_eq!((answer.status, &answer.json()["errors"][0]["code"]), (400, &json!(21405)));
    let answer = alfa.send(Method::POST, path, &[], "{").await;
    assert_eq!(answer.code(), 21001);
}

#[tokio::test(start_paused = true)]
async fn operations_that_cannot_be_done_end_with_their_codes() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = signed(ksef, ("Nip", ALFA), "seal").await;
    let local = login(ksef, LOCAL).await;
    let internal = |value: &str| json!({"type": "InternalId", "value": value});
    let fingerprint = "AB".repeat(32);
    let mut to_stranger = person(&pesel(STRANGER), &["InvoiceRead"]);
    to_stranger["targetIdentifier"] = nip(OMEGA);
    let peppol = |value: &str| json!({"type": "PeppolId", "value": value});
    for (caller, kind, body, code) in [
        (&alfa, "persons", person(&nip(ALFA), &["InvoiceRead"]), 410),
        (&alfa, "persons", person(&pesel(STRANGER), &["EnforcementOperations"]), 430),
        (&alfa, "entities", entity(&nip(ALFA), &[("InvoiceRead", true)]), 410),
        (&alfa, "indirect", to_stranger, 440),
        (&alfa, "authorizations", authorization(&peppol("PPL000001"), "SelfInvoicing"), 450),
        (&alfa, "authorizations", authorization(&nip(BETA), "PefInvoicing"), 450),
        (&alfa, "authorizations", authorization(&peppol("PZZ999999"), "PefInvoicing"), 450),
        (&alfa, "authorizations", authorization(&peppol("PPL000001"), "PefInvoicing"), 200),
        (&alfa, "subunits", subunit(&pesel(STRANGER), &internal("9990000126-12345")), 410),
        (&alfa, "subunits", subunit(&pesel(STRANGER), &nip(UNIT)), 430),
        (&local, "subunits", subunit(&pesel(STRANGER), &nip(OMEGA)), 440),
        (&alfa, "eu-entities/administration", union(&fingerprint, "9990000126-DE123456789"), 410),
    ] {
        assert_eq!(give(caller, kind, &body).await, code, "{kind}: {body}");
    }
    let unit = identity(IdentityKind::InternalId, "9990000103-12345");
    let stranger = identity(IdentityKind::Pesel, STRANGER);
    ksef.grant(&unit, &stranger, &[Permission::CredentialsManage]);
    let within = signed(ksef, ("InternalId", "9990000103-12345"), "stranger").await;
    let body = authorization(&nip(BETA), "SelfInvoicing");
    assert_eq!(give(&within, "authorizations", &body).await, 430, "not in a unit");
    let nobody = "/permissions/common/grants/00000000-0000-4000-8000-000000000000";
    assert_eq!(ended(&alfa, &alfa.delete(nobody).await).await, 400);
    let nobody = nobody.replace("common", "authorizations");
    assert_eq!(ended(&alfa, &alfa.delete(&nobody).await).await, 400);
    let bailiff = login(ksef, BAILIFF).await;
    let body = person(&pesel(STRANGER), &["EnforcementOperations"]);
    assert_eq!(give(&bailiff, "persons", &body).await, 200, "in its role");
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn grants_of_others_are_not_taken_back() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let (alfa, omega) = (login(ksef, ALFA).await, login(ksef, OMEGA).await);
    let query = json!({"queryType": "PermissionsInCurrentContext"});
    let id = text(&found(&alfa, "persons/grants", &query).await[0]["id"]);
    let path = format!("/permissions/common/grants/{id}");
    assert_eq!(ended(&omega, &omega.delete(&path).await).await, 410);
    let stranger = identity(IdentityKind::Pesel, STRANGER);
    let context = identity(IdentityKind::Nip, ALFA);
    ksef.grant(&context, &stranger, &[Permission::SubunitManage]);
    let units = signed(ksef, ("Nip", ALFA), "stranger").await;
    assert_eq!(ended(&units, &units.delete(&path).await).await, 420, "only those of units");
    assert_eq!(alfa.delete("/permissions/common/grants/short").await.code(), 21405);
}

#[tokio::test(start_paused = true)]
async fn operations_are_pending_at_first_and_kept_for_thirty_days() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    ksef.set_pace(Duration::from_secs(5));
    ksef.set_access_life(Duration::from_secs(40 * 24 * 3600));
    let (alfa, omega) = (login(ksef, ALFA).await, login(ksef, OMEGA).await);
    let body = person(&pesel(STRANGER), &["InvoiceRead"]);
    let started = alfa.post("/permissions/persons/grants", &body).await.ok(202);
    let reference = text(&started["referenceNumber"]);
    assert_eq!(&reference[8..12], "-EG-");
    let path = format!("/permissions/operations/{reference}");
    assert_eq!(alfa.get(&path).await.ok(200)["status"]["code"], 100);
    ksef.settle().await;
    assert_eq!(alfa.get(&path).await.ok(200)["status"]["code"], 200);
    let answer = omega.get(&path).await;
    assert_eq!(answer.json()["reasonCode"], "insufficient-resource-access");
    let unknown = "/permissions/operations/20260131-EG-0000000000-0000000000-00";
    assert_eq!(alfa.get(unknown).await.code(), 21405);
    tokio::time::advance(Duration::from_secs(30 * 24 * 3600 + 1)).await;
    let answer = alfa.get(&path).await;
    assert_eq!((answer.status, &answer.json()["status"]), (410, &json!(410)));
}

#[tokio::test(start_paused = true)]
async fn whoever_lost_its_permission_meanwhile_is_refused_with_420() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let stranger = identity(IdentityKind::Pesel, STRANGER);
    let context = identity(IdentityKind::Nip, ALFA);
    ksef.grant(&context, &stranger, &[Permission::CredentialsManage, Permission::InvoiceRead]);
    let manager = signed(ksef, ("Nip", ALFA), "stranger").await;
    ksef.set_pace(Duration::from_secs(60));
    let body = person(&pesel(CLERK), &["Introspection"]);
    let started = manager.post("/permissions/persons/grants", &body).await;
    let body = json!({"contextIdentifier": nip(ALFA), "authorizedIdentifier": pesel(STRANGER)});
    Caller::nobody(ksef).post("/testdata/permissions/revoke", &body).await.ok(200);
    assert_eq!(ended(&manager, &started).await, 420);
}

#[tokio::test(start_paused = true)]
async fn a_hostile_service_cancels_some_operations() {
    let mut codes = std::collections::BTreeSet::new();
    for seed in 0..8 {
        let sandbox = Sandbox::builder().seed(seed).without_sockets().start().await.unwrap();
        let ksef = sandbox.ksef_v2();
        ksef.set_limits(Limits::none());
        let alfa = log_in(ksef).await;
        for number in 0..60 {
            let body = person(&pesel(&format!("008101{number:05}")), &["InvoiceRead"]).to_string();
            let started = patient(&alfa, Method::POST, "/permissions/persons/grants", &body).await;
            let path = format!("/permissions/operations/{}", text(&started["referenceNumber"]));
            ksef.settle().await;
            let status = patient(&alfa, Method::GET, &path, "").await;
            codes.insert(status["status"]["code"].as_u64().unwrap());
        }
    }
    assert_eq!(codes, [200, 550].into());
}
