//! KSeF 2.0: what the test environment lets everybody arrange, limits, Peppol, and collective
//! identifiers.

mod collective;
mod limits;

use std::time::Duration;

use serde_json::{Value, json};

use crate::ksef_v2::client::*;
use crate::ksef_v2_permissions::{STRANGER, found, pesel, signed};

async fn arranged(nobody: &Caller, path: &str, body: &Value) {
    let answer = nobody.post(&format!("/testdata/{path}"), body).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0), "{path}: {body}");
}

#[tokio::test(start_paused = true)]
async fn subjects_have_roles_and_units() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let nobody = Caller::nobody(ksef);
    let subject = |created: &str| {
        json!({"subjectNip": OMEGA, "subjectType": "VatGroup", "description": "Grupa VAT",
            "subunits": [{"subjectNip": BETA, "description": "Członek"}], "createdDate": created})
    };
    arranged(&nobody, "subject", &subject("2026-01-01T10:00:00Z")).await;
    let again = nobody.post("/testdata/subject", &subject("2026-01-02T10:00:00Z")).await;
    assert_eq!(again.code(), 30001);
    let omega = login(ksef, OMEGA).await;
    let below = found(&omega, "subordinate-entities/roles", &json!({})).await;
    assert_eq!((&below[0]["role"], below.len()), (&json!("VatGroupSubUnit"), 1));
    arranged(&nobody, "subject/remove", &json!({"subjectNip": OMEGA})).await;
    assert!(found(&omega, "subordinate-entities/roles", &json!({})).await.is_empty());
    let older = nobody.post("/testdata/subject", &subject("2026-01-01T10:00:00Z")).await;
    assert_eq!(older.code(), 21405, "the next one must be younger");
    arranged(&nobody, "subject", &subject("2026-01-01T10:00:01Z")).await;
    let mut units = subject("2026-01-05T10:00:00Z");
    (units["subjectNip"], units["subjectType"]) = (json!(ALFA), json!("EnforcementAuthority"));
    assert_eq!(nobody.post("/testdata/subject", &units).await.code(), 21405, "no units below it");
    units["subunits"] = json!(null);
    arranged(&nobody, "subject", &units).await;
    let alfa = login(ksef, ALFA).await;
    let roles = alfa.get("/permissions/query/entities/roles").await.ok(200);
    assert_eq!(roles["roles"][0]["role"], "EnforcementAuthority");
    let missing = nobody.post("/testdata/subject", &json!({})).await;
    assert_eq!(missing.code(), 21405);
}

#[tokio::test(start_paused = true)]
async fn a_person_owns_its_context_by_either_number() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let nobody = Caller::nobody(ksef);
    let mut body = json!({"nip": OMEGA, "pesel": STRANGER, "isBailiff": true,
        "description": "Osoba testowa"});
    arranged(&nobody, "person", &body).await;
    assert_eq!(nobody.post("/testdata/person", &body).await.code(), 30001);
    let owner = signed(ksef, ("Nip", OMEGA), "stranger").await;
    let own = owner.post("/permissions/query/personal/grants", &json!({})).await.ok(200);
    assert!(own["ownerPermissions"].as_array().unwrap().contains(&json!("EnforcementOperations")));
    let given = json!({"contextIdentifier": nip(ALFA), "authorizedIdentifier": pesel(STRANGER),
        "permissions": [{"permissionType": "InvoiceRead", "description": "Na próbę"}]});
    arranged(&nobody, "permissions", &given).await;
    signed(ksef, ("Nip", ALFA), "stranger").await;
    arranged(&nobody, "person/remove", &json!({"nip": OMEGA})).await;
    for context in [OMEGA, ALFA] {
        let started = start_signed(ksef, ("Nip", context), "stranger", "certificateSubject").await;
        assert_eq!(outcome(ksef, &started).await.0, 415, "{context}");
    }
    (body["isDeceased"], body["createdDate"]) = (json!(true), json!("2027-01-01T00:00:00Z"));
    arranged(&nobody, "person", &body).await;
    let started = start_signed(ksef, ("Nip", OMEGA), "stranger", "certificateSubject").await;
    assert_eq!(outcome(ksef, &started).await.0, 470);
    assert_eq!(nobody.post("/testdata/person", &json!({})).await.code(), 21405);
}

#[tokio::test(start_paused = true)]
async fn blocked_contexts_let_nobody_in() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let nobody = Caller::nobody(ksef);
    let body = json!({"contextIdentifier": nip(OMEGA)});
    arranged(&nobody, "context/block", &body).await;
    let token = ksef.token(OMEGA).unwrap();
    let started = start_with_token(ksef, &nip(OMEGA), &token).await;
    assert_eq!(outcome(ksef, &started).await.0, 480);
    login(ksef, ALFA).await;
    arranged(&nobody, "context/unblock", &body).await;
    login(ksef, OMEGA).await;
    for path in ["/testdata/context/block", "/testdata/context/unblock"] {
        assert_eq!(nobody.post(path, &json!({})).await.code(), 21405, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn attachments_are_allowed_until_the_day_is_over() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let (nobody, alfa) = (Caller::nobody(ksef), login(ksef, ALFA).await);
    let path = "/permissions/attachments/status";
    assert_eq!(alfa.get(path).await.ok(200), json!({"isAttachmentAllowed": false}));
    arranged(&nobody, "attachment", &json!({"nip": ALFA})).await;
    assert_eq!(alfa.get(path).await.ok(200), json!({"isAttachmentAllowed": true}));
    ksef.set_access_life(Duration::from_secs(864_000));
    let alfa = login(ksef, ALFA).await;
    let body = json!({"nip": ALFA, "expectedEndDate": "2026-02-01"});
    arranged(&nobody, "attachment/revoke", &body).await;
    let status = alfa.get(path).await.ok(200);
    assert_eq!(status["isAttachmentAllowed"], true);
    assert!(text(&status["revokedDate"]).starts_with("2026-02-01T23:00:00"), "{status}");
    tokio::time::advance(Duration::from_secs(36 * 3600)).await;
    assert_eq!(alfa.get(path).await.ok(200)["isAttachmentAllowed"], false);
    arranged(&nobody, "attachment", &json!({"nip": ALFA})).await;
    arranged(&nobody, "attachment/revoke", &json!({"nip": ALFA})).await;
    assert_eq!(alfa.get(path).await.ok(200)["isAttachmentAllowed"], false, "at once");
}

#[tokio::test(start_paused = true)]
async fn providers_of_peppol_come_in_pages_and_can_be_authorized() {
    let sandbox = calm().await;
    let nobody = Caller::nobody(sandbox.ksef_v2());
    let first = nobody.get("/peppol/query").await.ok(200);
    assert_eq!(
        (first["peppolProviders"].as_array().unwrap().len(), &first["hasMore"]),
        (10, &json!(true))
    );
    let second = nobody.get("/peppol/query?pageOffset=1&pageSize=10").await.ok(200);
    assert_eq!(second["peppolProviders"].as_array().unwrap().len(), 2);
    assert_eq!(second["hasMore"], false);
    assert_eq!(nobody.get("/peppol/query?pageSize=101").await.code(), 21405);
}
