//! Opening, watching and ending sessions.

use std::time::Duration;

use sandbox::ksef_v1::{Process, Refusal, Role, Step, StepFault};
use serde_json::json;

use super::client::*;
use super::sign;

#[tokio::test(start_paused = true)]
async fn a_token_opens_a_session() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login(ksef, ALFA).await;
    assert_eq!(session.token.len(), 64);
    let status = session.get("/online/Session/Status").await.ok(200);
    assert_eq!(status["processingCode"], 315);
    assert_eq!(status["referenceNumber"], session.reference);
    assert_eq!(status["invoiceStatusList"], json!([]));
    let bare = session.get("/online/Session/Status?IncludeDetails=false").await.ok(200);
    assert!(bare["invoiceStatusList"].is_null());
    assert!(ksef.unexpected().is_empty(), "{:?}", ksef.unexpected());
}

#[tokio::test(start_paused = true)]
async fn both_versions_of_the_login_name_context_and_roles() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let token = ksef.token(ALFA).unwrap();
    let path = "/online/Session/InitToken";
    let request = token_request(ksef, ALFA, &token, "").await;
    let plain = post_bytes(ksef, path, &[("accept", "application/json")], request).await.ok(201);
    let context = &plain["sessionToken"]["context"];
    assert_eq!(context["contextIdentifier"], json!({"type": "onip", "identifier": ALFA}));
    assert_eq!(context["credentialsRoleList"][0]["type"], "token");
    assert!(plain["authenticationIdentifiers"].is_null());
    let request = token_request(ksef, ALFA, &token, "").await;
    let newer = post_bytes(ksef, path, &[("accept", "application/vnd.v2+json")], request).await;
    assert!(newer.headers["content-type"].to_str().unwrap().contains("vnd.v2"));
    let newer = newer.ok(201);
    assert_eq!(newer["authenticationIdentifiers"], json!([{"type": "nip", "identifier": ALFA}]));
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_signature_opens_a_session() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    for (nip, certificate, kind) in [
        (ALFA, "seal", "SerialNumber"),
        (ALFA, "seal-ec", "SerialNumber"),
        (ALFA, "person-nip", "SerialNumber"),
        (ALFA, "person-pesel", "SerialNumber"),
        (BETA, "person-without-number", "Fingerprint"),
        (BETA, "seal-beta", "SerialNumber"),
    ] {
        let session = sign_in(ksef, nip, certificate, kind).await;
        let session = session.unwrap_or_else(|code| panic!("{certificate}: {code}"));
        ksef.settle().await;
        assert_eq!(session.code().await, 315, "{certificate}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_enveloping_signature_opens_a_session_too() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let (challenge, _) = challenge(ksef, ALFA).await;
    let last = "<o:Type>SerialNumber</o:Type>";
    let request = opening("InitSessionSignedRequest", ALFA, &challenge, "", last);
    let request = sign::enveloping(&request, &ksef.certificate("seal").unwrap());
    post_bytes(ksef, "/online/Session/InitSigned", &[], request).await.ok(201);
}

#[tokio::test(start_paused = true)]
async fn wrong_certificates_are_refused_by_name() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    for (certificate, kind, code) in [
        ("stranger", "SerialNumber", 21301),
        ("mixed-subject", "SerialNumber", 21407),
        ("seal", "Fingerprint", 21406),
        ("person-pesel", "Fingerprint", 21406),
        ("person-without-number", "SerialNumber", 21406),
        ("seal-beta", "SerialNumber", 21301),
    ] {
        let refused = sign_in(ksef, ALFA, certificate, kind).await.unwrap_err();
        assert_eq!(refused, code, "{certificate} {kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_certificate_fails_later() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = sign_in(ksef, ALFA, "expired-seal", "SerialNumber").await.unwrap();
    ksef.settle().await;
    let status = status(ksef, &session.reference).await;
    assert_eq!(status["processingCode"], 415);
    assert!(status["processingDescription"].as_str().unwrap().starts_with("21305:"), "{status}");
    assert_eq!(session.get("/online/Session/Status").await.code(), 21153);
}

#[tokio::test(start_paused = true)]
async fn changed_and_missing_signatures_are_told_apart() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let path = "/online/Session/InitSigned";
    let signed = signed_request(ksef, ALFA, "seal", "SerialNumber", "").await;
    let changed = signed.replace(&format!(">{ALFA}<"), &format!(">{BETA}<"));
    assert_eq!(post_bytes(ksef, path, &[], changed).await.code(), 9107);
    // This one has the same key, so that the signature itself holds.
    let other = ksef.certificate("person-nip").unwrap();
    let stranger = ksef.certificate("seal-ec").unwrap();
    let value = signed.split("<ds:X509Certificate>").nth(1).unwrap().split('<').next().unwrap();
    for (certificate, code) in [(other, 21159), (stranger, 9105)] {
        let foreign = base64_of(&sign::der(&certificate.certificate_pem));
        let changed = signed.replace(value, &foreign);
        assert_eq!(post_bytes(ksef, path, &[], changed).await.code(), code);
    }
    let (challenge, _) = challenge(ksef, ALFA).await;
    let last = "<o:Type>SerialNumber</o:Type>";
    let bare = opening("InitSessionSignedRequest", ALFA, &challenge, "", last);
    assert_eq!(post_bytes(ksef, path, &[], bare).await.code(), 9102);
    assert_eq!(post_bytes(ksef, path, &[], "no document").await.code(), 9101);
    let seal = ksef.certificate("seal").unwrap();
    let twice = sign::enveloped(&signed, &seal);
    assert_eq!(post_bytes(ksef, path, &[], twice).await.code(), 9103);
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test(start_paused = true)]
async fn a_challenge_is_good_once_for_its_context_and_for_five_minutes() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let path = "/online/Session/InitToken";
    let token = ksef.token(ALFA).unwrap();
    let request = token_request(ksef, ALFA, &token, "").await;
    post_bytes(ksef, path, &[], request.clone()).await.ok(201);
    assert_eq!(post_bytes(ksef, path, &[], request).await.code(), 21111);
    let request = token_request(ksef, ALFA, &token, "").await;
    tokio::time::advance(Duration::from_secs(301)).await;
    assert_eq!(post_bytes(ksef, path, &[], request).await.code(), 21111);
    let request = token_request(ksef, ALFA, &token, "").await;
    let foreign = request.replace(&format!(">{ALFA}<"), &format!(">{BETA}<"));
    assert_eq!(post_bytes(ksef, path, &[], foreign).await.code(), 21160);
}

#[tokio::test(start_paused = true)]
async fn wrong_tokens_and_times_are_told_apart() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let path = "/online/Session/InitToken";
    let unknown = token_request(ksef, ALFA, &"0".repeat(64), "").await;
    assert_eq!(post_bytes(ksef, path, &[], unknown).await.code(), 21116);
    let (challenge, at) = challenge(ksef, ALFA).await;
    let late = format!("{}|{}", ksef.token(ALFA).unwrap(), at / 1000 * 1000);
    let last = format!("<o:Token>{}</o:Token>", seal(ksef, late.as_bytes()));
    let request = opening("InitSessionTokenRequest", ALFA, &challenge, "", &last);
    assert_eq!(post_bytes(ksef, path, &[], request).await.code(), 21112, "the milliseconds count");
    let foreign = token_request(ksef, BETA, &ksef.token(ALFA).unwrap(), "").await;
    assert_eq!(post_bytes(ksef, path, &[], foreign).await.code(), 21301);
    // The bureau may work for Alfa, but its token is good in its own context only.
    let bureau = ksef.token("9990000178").unwrap();
    let foreign = token_request(ksef, ALFA, &bureau, "").await;
    assert_eq!(post_bytes(ksef, path, &[], foreign).await.code(), 21301);
    let bare = ksef.issue_token(ALFA, &[]);
    let request = token_request(ksef, ALFA, &bare, "").await;
    assert_eq!(post_bytes(ksef, path, &[], request).await.code(), 21301);
}

#[tokio::test(start_paused = true)]
async fn requests_off_their_schema_are_refused() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let path = "/online/Session/InitToken";
    let token = ksef.token(ALFA).unwrap();
    let good = token_request(ksef, ALFA, &token, "").await;
    let swapped = good
        .replace("<o:DocumentType>", "<o:Documents>")
        .replace("</o:DocumentType>", "</o:Documents>");
    let changes = [
        (swapped, 21401),
        (good.replace("Service>KSeF<", "Service>KSEF<"), 21145),
        (good.replace(">1-0E<", ">1-1E<"), 21417),
        (good.replace("<t:Value>FA<", "<t:Value>FB<"), 21211),
        (good.replace("t:SubjectIdentifierByCompanyType", "t:Other"), 21401),
        (format!("\u{feff}{good}"), 20001),
        (format!("<!DOCTYPE a>{good}"), 20002),
        (good.replace("Service>KSeF<", "Service><![CDATA[KSeF]]><"), 20003),
        ("<a".to_owned(), 9101),
        (String::new(), 21172),
    ];
    for (request, code) in changes {
        assert_eq!(post_bytes(ksef, path, &[], request.clone()).await.code(), code, "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_session_key_fails_the_session() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let encryption = encryption(ksef, "o", &[1; 16]);
    let request = token_request(ksef, ALFA, &ksef.token(ALFA).unwrap(), &encryption).await;
    let answer = post_bytes(ksef, "/online/Session/InitToken", &[], request).await.ok(201);
    ksef.settle().await;
    let status = status(ksef, answer["referenceNumber"].as_str().unwrap()).await;
    assert_eq!(status["processingCode"], 415);
    assert!(status["processingDescription"].as_str().unwrap().starts_with("21412:"));
}

#[tokio::test(start_paused = true)]
async fn before_315_some_operations_wait_and_others_refuse() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    ksef.set_pace(Duration::from_secs(1));
    let session = sign_in(ksef, ALFA, "seal", "SerialNumber").await.unwrap();
    assert_eq!(session.get("/online/Session/Status").await.ok(200)["processingCode"], 100);
    assert_eq!(session.get("/online/Session/GenerateInternalIdentifier/0001").await.code(), 21304);
    let element = session.put_invoice(&invoice("A/1")).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(session.code().await, 310);
    ksef.settle().await;
    assert_eq!(session.code().await, 315);
    assert_eq!(session.invoice_status(&element).await["processingCode"], 200);
    session.get("/online/Session/GenerateInternalIdentifier/0001").await.ok(200);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_failed_session_fails_with_it() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    ksef.set_pace(Duration::from_secs(1));
    let session = sign_in(ksef, ALFA, "expired-seal", "SerialNumber").await.unwrap();
    session.put_invoice(&invoice("A/1")).await;
    ksef.settle().await;
    assert!(ksef.invoices().is_empty());
    assert_eq!(ksef.statistics().refused, 1);
}

#[tokio::test(start_paused = true)]
async fn a_terminated_session_gives_a_receipt() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login(ksef, ALFA).await;
    session.accepted(&invoice("A/1")).await;
    session.terminate().await;
    let status = status(ksef, &session.reference).await;
    assert_eq!((&status["processingCode"], &status["upoPageCount"]), (&json!(200), &json!(1)));
    assert_eq!(session.get("/online/Session/Status").await.code(), 21154);
    let next = login(ksef, ALFA).await;
    let path = format!("/online/Session/Status/{}", session.reference);
    let old = next.get(&path).await.ok(200);
    assert_eq!(old["numberOfElements"], 1);
    let foreign = login(ksef, BETA).await;
    assert_eq!(foreign.get(&path).await.code(), 21173);
}

#[tokio::test(start_paused = true)]
async fn a_session_expires_after_two_hours_without_use() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login(ksef, ALFA).await;
    tokio::time::advance(Duration::from_secs(119 * 60)).await;
    session.get("/online/Session/Status").await.ok(200);
    tokio::time::advance(Duration::from_secs(119 * 60)).await;
    session.get("/online/Session/Status").await.ok(200);
    tokio::time::advance(Duration::from_secs(120 * 60)).await;
    assert_eq!(session.get("/online/Session/Status").await.code(), 21170);
    ksef.settle().await;
    assert_eq!(session.code().await, 200, "the expired session is closed");
    let empty = status(ksef, &session.reference).await;
    assert_eq!(empty["upoPageCount"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_missing_authorisation_has_the_status_that_was_chosen() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let ask = |token: &'static str| async move {
        let answer = get(ksef, "/online/Session/Status", &[("SessionToken", token)]).await;
        (answer.status, answer.code())
    };
    let missing = get(ksef, "/online/Session/Status", &[]).await;
    assert_eq!((missing.status, missing.code()), (400, 21171));
    assert_eq!(ask("nobody").await, (400, 21149));
    ksef.set_refusal(Refusal::Documented);
    assert_eq!(ask("nobody").await, (401, 21149));
    assert_eq!(ksef.unexpected().len(), 1, "a missing header is a mistake of the client");
}

#[tokio::test(start_paused = true)]
async fn a_lost_role_is_noticed_before_315() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    ksef.fail_step(StepFault::new(Process::Session, Step::Authorise, 21301).once());
    let session = sign_in(ksef, ALFA, "person-pesel", "SerialNumber").await.unwrap();
    ksef.settle().await;
    assert_eq!(session.code().await, 410);
}

#[tokio::test(start_paused = true)]
async fn internal_identifiers_have_a_check_digit_and_can_be_a_context() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = owner(ksef).await;
    let path = "/online/Session/GenerateInternalIdentifier/";
    let answer = session.get(&format!("{path}0001")).await.ok(200);
    let unit = answer["internalIdentifier"].as_str().unwrap().to_owned();
    assert!(unit.starts_with(&format!("{ALFA}-0001")));
    assert_eq!(session.get(&format!("{path}12345")).await.code(), 21180);
    let wrong = format!("{}{}", &unit[..15], (unit[15..].parse::<u8>().unwrap() + 1) % 10);
    let body = json!({"contextIdentifier": {"type": "int", "identifier": wrong}});
    let path = "/online/Session/AuthorisationChallenge";
    assert_eq!(post(ksef, path, &body).await.code(), 24002);
    ksef.grant(
        &unit,
        sandbox::ksef_v1::Identifier::new(sandbox::ksef_v1::IdKind::Pesel, "00810100026"),
        Role::InvoiceWrite,
    );
    let inside = sign_in(ksef, &unit, "stranger", "SerialNumber").await.unwrap();
    ksef.settle().await;
    assert_eq!(inside.code().await, 315);
    inside.accepted(&invoice("U/1")).await;
}
