//! Tokens, roles, and their lists.

use std::time::Duration;

use http::Method;
use sandbox::ksef_v1::{Process, Role, Step, StepFault};
use serde_json::{Value, json};

use super::client::*;

const PERSON: &str = "00810100026";

fn grant(kind: &str, value: &str, roles: &[&str]) -> Value {
    let roles: Vec<Value> = roles
        .iter()
        .map(|role| json!({"roleType": role, "roleDescription": format!("rola {role}")}))
        .collect();
    json!({"grantCredentials": {
        "credentialsIdentifier": {"type": kind, "identifier": value},
        "credentialsRoleList": roles,
    }})
}

fn revoke(kind: &str, value: &str, roles: &[&str]) -> Value {
    let roles: Vec<Value> = roles.iter().map(|role| json!({"roleType": role})).collect();
    json!({"revokeCredentials": {
        "credentialsIdentifier": {"type": kind, "identifier": value},
        "credentialsRoleList": roles,
    }})
}

/// Waits for a process and gives its last status.
async fn ended(session: &Session, answer: &Value) -> Value {
    session.ksef.settle().await;
    let element = answer["elementReferenceNumber"].as_str().unwrap();
    session.get(&format!("/online/Credentials/Status/{element}")).await.ok(200)
}

#[tokio::test(start_paused = true)]
async fn a_granted_role_opens_the_door_and_a_revoked_one_closes_it() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let owner = owner(ksef).await;
    let body = grant("pesel", PERSON, &["invoice_read", "invoice_write"]);
    let answer = owner.post("/online/Credentials/Grant", &body).await.ok(202);
    assert_eq!(ended(&owner, &answer).await["processingCode"], 200);
    assert_eq!(owner.post("/online/Credentials/Grant", &body).await.code(), 21192);
    let person = sign_in(ksef, ALFA, "stranger", "SerialNumber").await.unwrap();
    ksef.settle().await;
    person.accepted(&invoice("A/1")).await;
    let body = revoke("pesel", PERSON, &["invoice_write"]);
    let answer = owner.post("/online/Credentials/Revoke", &body).await.ok(202);
    assert_eq!(ended(&owner, &answer).await["processingCode"], 200);
    assert_eq!(person.put_plain(invoice("A/2").as_bytes()).await.code(), 21301);
    assert_eq!(owner.post("/online/Credentials/Revoke", &body).await.code(), 21168);
    assert!(ksef.unexpected().is_empty(), "{:?}", ksef.unexpected());
}

#[tokio::test(start_paused = true)]
async fn roles_go_only_where_they_belong() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let owner = owner(ksef).await;
    for (kind, value, role, code) in [
        ("peppolId", "PPL000001", "invoice_read", 21422),
        ("onip", BETA, "credentials_manage", 21306),
        ("pesel", PERSON, "self_invoicing", 21306),
        ("pesel", PERSON, "enforcement_operations", 21306),
        ("pesel", PERSON, "subunit_manage", 21306),
        ("pesel", PERSON, "owner", 21405),
        ("int", "9990000103-00011", "invoice_read", 21405),
        ("pesel", "1", "invoice_read", 21405),
    ] {
        let answer = owner.post("/online/Credentials/Grant", &grant(kind, value, &[role])).await;
        assert_eq!(answer.code(), code, "{kind} {role}");
    }
    let body = grant("peppolId", "PPL000001", &["invoice_write"]);
    owner.post("/online/Credentials/Grant", &body).await.ok(202);
    let body = grant("onip", BETA, &["self_invoicing", "tax_representative"]);
    owner.post("/online/Credentials/Grant", &body).await.ok(202);
}

#[tokio::test(start_paused = true)]
async fn a_bailiff_gives_enforcement_operations() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let bailiff = "9990000161";
    let token = ksef.issue_token(bailiff, &[Role::CredentialsManage]);
    let session = login_with(ksef, bailiff, &token).await;
    let body = grant("pesel", PERSON, &["enforcement_operations"]);
    session.post("/online/Credentials/Grant", &body).await.ok(202);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_given_once_works_and_is_revoked() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let owner = owner(ksef).await;
    let body = json!({"generateToken": {"description": "nowy token", "credentialsRoleList": [
        {"roleType": "invoice_read", "roleDescription": "czytanie"},
        {"roleType": "invoice_write", "roleDescription": "pisanie"},
    ]}});
    let answer = owner.post("/online/Credentials/GenerateToken", &body).await.ok(200);
    let token = answer["authorisationToken"].as_str().unwrap().to_owned();
    assert!(
        token.len() == 64 && token.bytes().all(|it| it.is_ascii_digit() || it.is_ascii_uppercase())
    );
    assert_eq!(ended(&owner, &answer).await["processingCode"], 200);
    let session = login_with(ksef, ALFA, &token).await;
    session.accepted(&invoice("A/1")).await;
    assert_eq!(session.post("/online/Credentials/Grant", &json!({})).await.code(), 21301);
    assert_eq!(
        session.post("/online/Credentials/GenerateToken", &body).await.code(),
        21306,
        "a token makes no tokens"
    );
    let list = list(&owner, "token").await;
    let entry = list.iter().find(|one| one["description"] == "nowy token").unwrap();
    let number = entry["identifier"]["identifier"].as_str().unwrap();
    let old = json!({"revokeToken": {"tokenNumber": number}});
    let mixed = owner.post("/online/Credentials/RevokeToken", &old).await;
    assert_eq!(mixed.code(), 21405, "the older form wants the source of the token");
    let headers = [
        ("SessionToken", owner.token.as_str()),
        ("content-type", "application/vnd.v2+json"),
        ("accept", "application/json"),
    ];
    let path = "/online/Credentials/RevokeToken";
    let conflict = ask(ksef, Method::POST, path, &headers, old.to_string()).await.unwrap();
    assert_eq!(conflict.code(), 21179);
    let headers = [headers[0], headers[1], ("accept", "application/vnd.v2+json")];
    let answer = ask(ksef, Method::POST, path, &headers, old.to_string()).await.unwrap().ok(202);
    assert_eq!(ended(&owner, &answer).await["processingCode"], 200);
    let request = token_request(ksef, ALFA, &token, "").await;
    assert_eq!(post_bytes(ksef, "/online/Session/InitToken", &[], request).await.code(), 21303);
    assert_eq!(session.get("/online/Session/Status").await.status, 200);
    assert_eq!(session.put_plain(invoice("A/2").as_bytes()).await.code(), 21301);
    let unknown = json!({"revokeToken": {"tokenNumber": "20260131-TK-0123456789-0123456789-AB"}});
    let answer = ask(ksef, Method::POST, path, &headers, unknown.to_string()).await.unwrap();
    assert_eq!(answer.code(), 21409);
}

#[tokio::test(start_paused = true)]
async fn a_token_of_an_unauthenticated_session_waits_for_it() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    ksef.set_pace(Duration::from_secs(1));
    let session = sign_in(ksef, ALFA, "seal", "SerialNumber").await.unwrap();
    let body = json!({"generateToken": {"description": "wczesny", "credentialsRoleList": [
        {"roleType": "invoice_read", "roleDescription": "czytanie"},
    ]}});
    let answer = session.post("/online/Credentials/GenerateToken", &body).await.ok(200);
    let token = answer["authorisationToken"].as_str().unwrap().to_owned();
    let request = token_request(ksef, ALFA, &token, "").await;
    assert_eq!(post_bytes(ksef, "/online/Session/InitToken", &[], request).await.code(), 21302);
    ksef.settle().await;
    login_with(ksef, ALFA, &token).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_has_no_more_roles_than_its_maker() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let person = sign_in(ksef, ALFA, "person-pesel", "SerialNumber").await.unwrap();
    ksef.settle().await;
    let body = json!({"generateToken": {"description": "za duzo", "credentialsRoleList": [
        {"roleType": "credentials_manage", "roleDescription": "zarzadzanie"},
    ]}});
    assert_eq!(person.post("/online/Credentials/GenerateToken", &body).await.code(), 21306);
    let body = json!({"generateToken": {"description": "x", "credentialsRoleList": []}});
    assert_eq!(person.post("/online/Credentials/GenerateToken", &body).await.code(), 21405);
}

async fn list(session: &Session, kind: &str) -> Vec<Value> {
    let body = json!({"queryCriteria": {
        "type": "list_all",
        "queryCredentialsScopeResultType": "current",
        "queryCredentialsTypeResultType": kind,
    }});
    let answer = session.post("/online/Query/Credential/Sync", &body).await.ok(200);
    answer["credentialsList"].as_array().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn credentials_are_listed_by_kind_and_by_receiver() {
    let sandbox = calm().await;
    let owner = owner(sandbox.ksef_v1()).await;
    let plain = list(&owner, "standard").await;
    assert!(plain.iter().all(|one| one["type"] == "list_plain"));
    let clerk = plain.iter().find(|one| one["identifier"]["type"] == "pesel").unwrap();
    assert_eq!(clerk["credentialsRoleList"].as_array().unwrap().len(), 2);
    let tokens = list(&owner, "token").await;
    assert!(tokens.iter().all(|one| one["type"] == "list_token"));
    assert_eq!(list(&owner, "all").await.len(), plain.len() + tokens.len());
    let body = json!({"queryCriteria": {
        "type": "list_id",
        "credentialsIdentifier": {"type": "pesel", "identifier": "00810100019"},
        "queryCredentialsScopeResultType": "current",
        "queryCredentialsTypeResultType": "standard",
    }});
    let one = owner.post("/online/Query/Credential/Sync", &body).await.ok(200);
    assert_eq!(one["credentialsList"].as_array().unwrap().len(), 1);
    let wrong = json!({"queryCriteria": {"type": "list_all"}});
    assert_eq!(owner.post("/online/Query/Credential/Sync", &wrong).await.code(), 21405);
}

fn context(kind: &str, unit: &str, role: &str, words: bool) -> Value {
    let mut role = json!({"roleType": role});
    if words {
        role["roleDescription"] = json!("administrator");
    }
    json!({
        "contextIdentifier": {"type": kind, "identifier": unit},
        "credentialsIdentifier": {"type": "pesel", "identifier": PERSON},
        "credentialsRole": role,
    })
}

/// The internal identifier of the unit 0001 of a company.
fn own_unit(nip: &str) -> String {
    let digits = format!("{nip}0001");
    let weighed = digits.bytes().zip([1, 3].into_iter().cycle());
    let sum: u32 = weighed.map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{nip}-0001{}", sum % 10)
}

#[tokio::test(start_paused = true)]
async fn a_local_government_makes_managers_of_its_units() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let (local, unit) = ("9990000149", "9990000155");
    ksef.grant(
        local,
        sandbox::ksef_v1::Identifier::new(sandbox::ksef_v1::IdKind::Pesel, "00810100019"),
        Role::SubunitManage,
    );
    let session = sign_in(ksef, local, "person-pesel", "SerialNumber").await.unwrap();
    ksef.settle().await;
    let body =
        json!({"grantContextCredentials": context("onip", unit, "credentials_manage", true)});
    let answer = session.post("/online/Credentials/ContextGrant", &body).await.ok(202);
    assert_eq!(ended(&session, &answer).await["processingCode"], 200);
    let path = format!("/online/Query/Credential/Context/Sync?contextNip={unit}");
    let listed = session.get(&path).await.ok(200);
    assert_eq!(
        listed["credentialsList"][0]["credentialsRoleList"][0]["roleType"],
        "credentials_manage"
    );
    let manager = sign_in(ksef, unit, "stranger", "SerialNumber").await.unwrap();
    ksef.settle().await;
    let given = grant("pesel", "00810100033", &["invoice_write"]);
    manager.post("/online/Credentials/Grant", &given).await.ok(202);
    let foreign =
        json!({"grantContextCredentials": context("onip", BETA, "credentials_manage", true)});
    assert_eq!(session.post("/online/Credentials/ContextGrant", &foreign).await.code(), 21160);
    let path = "/online/Credentials/ContextGrant";
    let grant_in = |unit: &str| json!({"grantContextCredentials": context("int", unit, "credentials_manage", true)});
    let good = own_unit(local);
    let digit = (good[15..].parse::<u8>().unwrap() + 1) % 10;
    let wrong = format!("{}{digit}", &good[..15]);
    assert_eq!(session.post(path, &grant_in(&wrong)).await.code(), 24002);
    session.post(path, &grant_in(&good)).await.ok(202);
    assert_eq!(session.post(path, &grant_in(&own_unit(ALFA))).await.code(), 21160);
    let body =
        json!({"revokeContextCredentials": context("onip", unit, "credentials_manage", false)});
    let answer = session.post("/online/Credentials/ContextRevoke", &body).await.ok(202);
    assert_eq!(ended(&session, &answer).await["processingCode"], 200);
    assert_eq!(manager.post("/online/Credentials/Grant", &given).await.code(), 21301);
}

#[tokio::test(start_paused = true)]
async fn an_accountant_works_for_the_partners_of_the_bureau() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let bureau = "9990000178";
    let token = ksef.issue_token(bureau, &[Role::CredentialsManage, Role::CredentialsRead]);
    let session = login_with(ksef, bureau, &token).await;
    assert_eq!(sign_in(ksef, ALFA, "stranger", "SerialNumber").await.unwrap_err(), 21301);
    let body = |partner: Value| {
        json!({
            "targetCredentialIdentifier": {"type": "pesel", "identifier": PERSON},
            "partnerCredentialIdentifier": partner,
            "credentialsRoleList": [{"roleType": "invoice_write", "roleDescription": "ksiegowa"}],
        })
    };
    let all = json!({"type": "allPartners"});
    let grant = json!({"grantCredentials": body(all.clone())});
    let answer = session.post("/online/Credentials/AccountingGrant", &grant).await.ok(202);
    assert_eq!(ended(&session, &answer).await["processingCode"], 200);
    let accountant = sign_in(ksef, ALFA, "stranger", "SerialNumber").await.unwrap();
    ksef.settle().await;
    accountant.accepted(&invoice("K/1")).await;
    assert_eq!(
        sign_in(ksef, BETA, "stranger", "SerialNumber").await.unwrap_err(),
        21301,
        "Beta gave reading only"
    );
    let path = "/online/Query/Credential/Accounting/Sync?PageSize=10&PageOffset=0";
    let found = session.post(path, &json!({"queryCriteria": {}})).await.ok(200);
    assert_eq!(found["numberOfElements"], 1);
    let revoke = json!({"revokeCredentials": body(all)});
    session.post("/online/Credentials/AccountingRevoke", &revoke).await.ok(202);
    ksef.settle().await;
    assert_eq!(accountant.put_plain(invoice("K/2").as_bytes()).await.code(), 21301);
    let one = json!({"type": "onip", "identifier": ALFA});
    let revoke = json!({"revokeCredentials": body(one)});
    assert_eq!(session.post("/online/Credentials/AccountingRevoke", &revoke).await.code(), 21168);
}

#[tokio::test(start_paused = true)]
async fn a_failed_process_changes_nothing() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let owner = owner(ksef).await;
    ksef.fail_step(StepFault::new(Process::Credentials, Step::Process, 30012).once());
    let body = grant("pesel", PERSON, &["invoice_read"]);
    let answer = owner.post("/online/Credentials/Grant", &body).await.ok(202);
    assert_eq!(ended(&owner, &answer).await["processingCode"], 420);
    assert_eq!(sign_in(ksef, ALFA, "stranger", "SerialNumber").await.unwrap_err(), 21301);
    let unknown = "/online/Credentials/Status/20260131-EC-0123456789-0123456789-AB";
    assert_eq!(owner.get(unknown).await.code(), 21168);
}
