//! Permissions that were given do work, and stop working when they are taken back.

use serde_json::json;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_person_works_with_what_it_was_given_until_it_is_taken_back() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = signed(ksef, ("Nip", ALFA), "seal").await;
    let own = ("Nip", ALFA);
    let refused = start_signed(ksef, own, "stranger", "certificateSubject").await;
    assert_eq!(outcome(ksef, &refused).await.0, 415, "nothing was given yet");
    let body = person(&pesel(STRANGER), &["Introspection", "CredentialsRead"]);
    assert_eq!(give(&alfa, "persons", &body).await, 200);
    let stranger = signed(ksef, own, "stranger").await;
    stranger.get("/sessions?sessionType=Online").await.ok(200);
    assert_eq!(stranger.post("/invoices/exports", &json!({})).await.status, 403);
    let query = json!({"queryType": "PermissionsInCurrentContext"});
    let list = found(&stranger, "persons/grants", &query).await;
    for one in list.iter().filter(|it| it["authorizedIdentifier"]["value"] == STRANGER) {
        let path = format!("/permissions/common/grants/{}", text(&one["id"]));
        let started = alfa.delete(&path).await;
        assert_eq!(ended(&alfa, &started).await, 200);
    }
    let answer = stranger.get("/sessions?sessionType=Online").await;
    assert_eq!(answer.json()["reasonCode"], "missing-permissions");
    let refused = start_signed(ksef, own, "stranger", "certificateSubject").await;
    assert_eq!(outcome(ksef, &refused).await.0, 415);
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn an_entity_passes_on_what_it_may_pass_on() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let (beta, omega) = (signed(ksef, ("Nip", BETA), "seal-beta").await, login(ksef, OMEGA).await);
    let mut body = person(&pesel(STRANGER), &["InvoiceRead"]);
    body["targetIdentifier"] = nip(OMEGA);
    assert_eq!(give(&beta, "indirect", &body).await, 440, "Omega has given nothing");
    let given = entity(&nip(BETA), &[("InvoiceRead", true), ("InvoiceWrite", false)]);
    assert_eq!(give(&omega, "entities", &given).await, 200);
    assert_eq!(give(&beta, "indirect", &body).await, 200);
    let stranger = signed(ksef, ("Nip", OMEGA), "stranger").await;
    let own = found(&stranger, "personal/grants", &json!({})).await;
    assert_eq!(own.len(), 1, "{own:?}");
    assert_eq!(own[0]["permissionScope"], "InvoiceRead");
    assert_eq!(own[0]["targetIdentifier"], nip(OMEGA));
    let direct = signed(ksef, ("Nip", OMEGA), "seal-beta").await;
    let refused = direct.get("/permissions/attachments/status").await;
    let present = &refused.json()["security"]["presentPermissions"];
    assert_eq!(*present, json!(["InvoiceWrite", "InvoiceRead"]), "the entity itself");
    // Without the entity's right the person's one sleeps.
    let received = found(&beta, "entities/grants", &json!({"contextIdentifier": nip(OMEGA)})).await;
    let read = received.iter().find(|it| it["permissionScope"] == "InvoiceRead").unwrap();
    let path = format!("/permissions/common/grants/{}", text(&read["id"]));
    assert_eq!(ended(&omega, &omega.delete(&path).await).await, 200);
    let refused = start_signed(ksef, ("Nip", OMEGA), "stranger", "certificateSubject").await;
    assert_eq!(outcome(ksef, &refused).await.0, 415);
    for (state, count) in [("Active", 0), ("Inactive", 1)] {
        let query = json!({"queryType": "PermissionsInCurrentContext", "permissionState": state,
            "authorizedIdentifier": pesel(STRANGER)});
        assert_eq!(found(&beta, "persons/grants", &query).await.len(), count, "{state}");
    }
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn general_indirect_permissions_hold_for_every_client() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let bureau = login(ksef, BUREAU).await;
    let mut body = person(&pesel(STRANGER), &["InvoiceRead"]);
    body["targetIdentifier"] = json!({"type": "AllPartners"});
    assert_eq!(give(&bureau, "indirect", &body).await, 200);
    for client in [ALFA, BETA] {
        signed(ksef, ("Nip", client), "stranger").await;
    }
    let refused = start_signed(ksef, ("Nip", OMEGA), "stranger", "certificateSubject").await;
    assert_eq!(outcome(ksef, &refused).await.0, 415, "no client of the bureau");
    let query = json!({"queryType": "PermissionsGrantedInCurrentContext",
        "targetIdentifier": {"type": "AllPartners"}});
    assert_eq!(found(&bureau, "persons/grants", &query).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn administrators_of_units_give_permissions_inside_them() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = signed(ksef, ("Nip", ALFA), "seal").await;
    let unit = "9990000103-12345";
    let within = json!({"type": "InternalId", "value": unit});
    assert_eq!(give(&alfa, "subunits", &subunit(&pesel(STRANGER), &within)).await, 200);
    let local = login(ksef, LOCAL).await;
    assert_eq!(give(&local, "subunits", &subunit(&pesel(STRANGER), &nip(UNIT))).await, 200);
    signed(ksef, ("Nip", UNIT), "stranger").await;
    let stranger = signed(ksef, ("InternalId", unit), "stranger").await;
    assert_eq!(give(&stranger, "persons", &person(&pesel(CLERK), &["InvoiceRead"])).await, 200);
    signed(ksef, ("InternalId", unit), "person-pesel").await;
    let list = found(&alfa, "subunits/grants", &json!({"subunitIdentifier": within})).await;
    assert_eq!(list.len(), 1);
    assert_eq!(list[0]["subunitName"], "Jednostka pierwsza");
    let other = json!({"subunitIdentifier": {"type": "InternalId", "value": "9990000103-54321"}});
    assert!(found(&alfa, "subunits/grants", &other).await.is_empty());
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn entities_of_the_european_union_have_administrators_and_representatives() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let fingerprint = ksef.certificate("person-without-number").unwrap().fingerprint;
    let other = ksef.certificate("stranger").unwrap().fingerprint;
    let alfa = signed(ksef, ("Nip", ALFA), "seal").await;
    let context = "9990000103-DE123456789";
    let body = union(&fingerprint, context);
    assert_eq!(give(&alfa, "eu-entities/administration", &body).await, 200);
    let administrator = signed(ksef, ("NipVatUe", context), "person-without-number").await;
    let body = by_fingerprint(&other, &json!({"permissions": ["InvoiceRead"]}));
    assert_eq!(give(&administrator, "eu-entities", &body).await, 200);
    let started =
        start_signed(ksef, ("NipVatUe", context), "stranger", "certificateFingerprint").await;
    redeem(ksef, &started).await;
    let filter = json!({"vatUeIdentifier": "DE123456789"});
    assert_eq!(found(&alfa, "eu-entities/grants", &filter).await.len(), 4, "administrators only");
    let list = found(&administrator, "eu-entities/grants", &json!({})).await;
    assert_eq!(list.len(), 5);
    let one = list.iter().find(|it| it["authorizedFingerprintIdentifier"] == other.as_str());
    let one = one.unwrap();
    assert_eq!(one["euEntityName"], "Fiktiv GmbH, Musterstadt");
    let path = format!("/permissions/common/grants/{}", text(&one["id"]));
    assert_eq!(ended(&administrator, &administrator.delete(&path).await).await, 200);
    let filter = json!({"permissionTypes": ["VatUeManage", "Introspection"],
        "authorizedFingerprintIdentifier": fingerprint});
    assert_eq!(found(&administrator, "eu-entities/grants", &filter).await.len(), 2);
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn authorized_entities_issue_invoices_for_others() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let (omega, beta) = (login(ksef, OMEGA).await, login(ksef, BETA).await);
    let session = beta.open().await;
    let status = beta.settled(&session, &invoice_of(OMEGA, ALFA, "U/1")).await;
    assert_eq!(status["status"]["code"], 410, "not authorized yet");
    let body = authorization(&nip(BETA), "TaxRepresentative");
    assert_eq!(give(&omega, "authorizations", &body).await, 200);
    let status = beta.settled(&session, &invoice_of(OMEGA, ALFA, "U/2")).await;
    assert_eq!(status["status"]["code"], 200);
    let granted = json!({"queryType": "Granted", "authorizedIdentifier": nip(BETA)});
    let list = found(&omega, "authorizations/grants", &granted).await;
    assert_eq!(list[0]["authorizationScope"], "TaxRepresentative");
    let received = json!({"queryType": "Received", "permissionTypes": ["TaxRepresentative"]});
    assert_eq!(found(&beta, "authorizations/grants", &received).await, list);
    let none = json!({"queryType": "Received", "permissionTypes": ["SelfInvoicing"]});
    assert!(found(&beta, "authorizations/grants", &none).await.is_empty());
    let path = format!("/permissions/authorizations/grants/{}", text(&list[0]["id"]));
    assert_eq!(ended(&beta, &beta.delete(&path).await).await, 410, "not Beta's to take back");
    assert_eq!(ended(&omega, &omega.delete(&path).await).await, 200);
    let status = beta.settled(&session, &invoice_of(OMEGA, ALFA, "U/3")).await;
    assert_eq!(status["status"]["code"], 410);
    assert_eq!(ksef.unexpected(), []);
}
