//! The queries: what they show, their filters, their pages, roles.

use serde_json::json;

use super::*;

#[tokio::test(start_paused = true)]
async fn owners_see_what_they_own_and_what_others_gave_them() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let bureau = login(ksef, BUREAU).await;
    let answer = bureau.post("/permissions/query/personal/grants", &json!({})).await.ok(200);
    assert_eq!(answer["permissions"].as_array().unwrap().len(), 3);
    let owned = answer["ownerPermissions"].as_array().unwrap();
    assert!(owned.contains(&json!("CredentialsManage")) && owned.len() == 7, "{owned:?}");
    let filter = json!({"contextIdentifier": nip(BETA), "permissionTypes": ["InvoiceRead"],
        "permissionState": "Active"});
    let list = found(&bureau, "personal/grants", &filter).await;
    assert_eq!((list.len(), &list[0]["canDelegate"]), (1, &json!(true)));
    let list = found(&bureau, "entities/grants", &json!({})).await;
    assert_eq!(list.len(), 3);
    let bailiff = login(ksef, BAILIFF).await;
    let answer = bailiff.post("/permissions/query/personal/grants", &json!({})).await.ok(200);
    let owned = answer["ownerPermissions"].as_array().unwrap();
    assert!(owned.contains(&json!("EnforcementOperations")));
    let clerk = signed(ksef, ("Nip", ALFA), "person-pesel").await;
    let answer = clerk.post("/permissions/query/personal/grants", &json!({})).await.ok(200);
    assert!(answer.get("ownerPermissions").is_none());
    assert_eq!(answer["permissions"].as_array().unwrap().len(), 2);
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn persons_are_found_by_author_by_permission_and_by_whom() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = signed(ksef, ("Nip", ALFA), "seal").await;
    let body = person(&pesel(STRANGER), &["InvoiceRead", "SubunitManage", "InvoiceRead"]);
    assert_eq!(give(&alfa, "persons", &body).await, 200);
    assert_eq!(give(&alfa, "persons", &body).await, 200, "a second time changes nothing");
    let here = "PermissionsInCurrentContext";
    let by_alfa = json!({"type": "Nip", "value": ALFA});
    for (filter, count) in [
        (json!({"queryType": here}), 6),
        (json!({"queryType": here, "authorIdentifier": {"type": "System"}}), 4),
        (json!({"queryType": here, "authorIdentifier": by_alfa}), 2),
        (json!({"queryType": here, "authorizedIdentifier": pesel(CLERK)}), 2),
        (json!({"queryType": here, "permissionTypes": ["InvoiceRead"]}), 3),
        (json!({"queryType": here, "contextIdentifier": nip(BETA)}), 0),
        (json!({"queryType": "PermissionsGrantedInCurrentContext"}), 2),
    ] {
        let list = found(&alfa, "persons/grants", &filter).await;
        assert_eq!(list.len(), count, "{filter}: {list:?}");
    }
    let filter = json!({"queryType": here, "authorizedIdentifier": pesel(STRANGER)});
    let list = found(&alfa, "persons/grants", &filter).await;
    assert_eq!(list[0]["subjectPersonDetails"]["lastName"], "Wymyślony");
    assert_eq!(list[0]["description"], "Praca w biurze");
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn pages_follow_each_other_without_gaps() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let omega = login(ksef, OMEGA).await;
    for number in 0..25 {
        let subject = pesel(&format!("008101{number:05}"));
        give(&omega, "persons", &person(&subject, &["InvoiceRead"])).await;
    }
    let body = json!({"queryType": "PermissionsInCurrentContext"});
    let mut seen = Vec::new();
    for (page, more) in [(0, true), (1, true), (2, false)] {
        let path = format!("/permissions/query/persons/grants?pageOffset={page}&pageSize=10");
        let answer = omega.post(&path, &body).await.ok(200);
        assert_eq!(answer["hasMore"], more, "page {page}");
        seen.extend(answer["permissions"].as_array().unwrap().iter().map(|it| text(&it["id"])));
    }
    let unique: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), unique.len()), (25, 25));
    let path = "/permissions/query/persons/grants?pageOffset=9";
    assert!(omega.post(path, &body).await.ok(200)["permissions"].as_array().unwrap().is_empty());
    for query in ["pageSize=9", "pageSize=101", "pageOffset=-1"] {
        let path = format!("/permissions/query/persons/grants?{query}");
        assert_eq!(omega.post(&path, &body).await.code(), 21405, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn roles_are_told_from_both_sides() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let (local, unit) = (login(ksef, LOCAL).await, login(ksef, UNIT).await);
    let path = "/permissions/query/entities/roles";
    let roles = local.get(path).await.ok(200)["roles"].clone();
    assert_eq!(roles[0]["role"], "LocalGovernmentUnit");
    let roles = unit.get(path).await.ok(200)["roles"].clone();
    assert_eq!(roles[0]["role"], "LocalGovernmentSubUnit");
    assert_eq!(roles[0]["parentEntityIdentifier"], nip(LOCAL));
    let below = found(&local, "subordinate-entities/roles", &json!({})).await;
    assert_eq!(below[0]["subordinateEntityIdentifier"], nip(UNIT));
    let other = json!({"subordinateEntityIdentifier": nip(OMEGA)});
    assert!(found(&local, "subordinate-entities/roles", &other).await.is_empty());
    let bailiff = login(ksef, BAILIFF).await;
    assert_eq!(bailiff.get(path).await.ok(200)["roles"][0]["role"], "CourtBailiff");
}
