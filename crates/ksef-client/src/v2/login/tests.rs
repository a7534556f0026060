//! Logins on a script, step by step.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common_core::{poll::PollSchedule, secret::ExposeSecret};
use common_http::{TransportErrorKind, scripted::Step};
use ksef_crypto::{
    keys::{LocalSigner, PrivateKey, Signer as _},
    seal::RsaPadding,
    test_certificates::TestCertificate,
    xades::{Policy, Trust},
};
use serde_json::{Value, json};

use super::*;
use crate::v2::{
    ErrorKind, Recovery,
    client::testing::{LOGIN, bearer, context, lines, public_keys, reference, scripted, sent},
};

const MILLIS: i64 = 1_767_225_600_123;

fn challenge() -> Step {
    let body = json!({
        "challenge": "20260401-CR-0123456789-ABCDEF0123-45",
        "timestamp": "2026-01-01T00:00:00.1231234+00:00",
        "timestampMs": MILLIS,
        "clientIp": "192.0.2.7"
    });
    Step::answer(200, body.to_string())
}

fn started() -> Step {
    let token = json!({"token": "canary-login", "validUntil": "2026-01-01T00:45:00Z"});
    let body = json!({"referenceNumber": LOGIN, "authenticationToken": token});
    Step::answer(202, body.to_string())
}

fn status(code: i32) -> Step {
    Step::answer(200, json!({"status": {"code": code, "description": "canary"}}).to_string())
}

fn redeemed() -> Step {
    let token = json!({"token": "canary", "validUntil": "2036-01-01T00:00:00Z"});
    let both = json!({"accessToken": token, "refreshToken": token});
    Step::answer(200, both.to_string())
}

fn schedule() -> PollSchedule {
    PollSchedule::new(Duration::from_secs(1), Duration::from_secs(1))
        .within(Duration::from_secs(30))
}

fn signer(certificate: &TestCertificate) -> LocalSigner {
    certificate.self_signed(PrivateKey::generate_p256().unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_is_encrypted_with_the_time_of_its_challenge() {
    let (list, receiver) = public_keys();
    let (client, script) = scripted([challenge(), Step::answer(200, list.to_string()), started()]);
    let allowed = AllowedIps::new().address([192, 0, 2, 7].into()).unwrap();
    let token = SecretString::from("20260101-EC-1|nip-1111111111|ff");
    let login = client.login(context()).allowed_ips(allowed);
    let started = login.by_token(&token).await.unwrap();
    assert_eq!(started.reference(), &reference(LOGIN));
    let body = sent(&script, 2);
    assert_eq!(body["contextIdentifier"], json!({"type": "Nip", "value": "1111111111"}));
    assert_eq!(body["publicKeyId"], list[0]["publicKeyId"]);
    assert_eq!(body["authorizationPolicy"]["allowedIps"]["ip4Addresses"], json!(["192.0.2.7"]));
    let encrypted = STANDARD.decode(body["encryptedToken"].as_str().unwrap()).unwrap();
    let plain = receiver.open(RsaPadding::OaepSha256, &encrypted).unwrap();
    let expected = format!("{}|{MILLIS}", token.expose_secret());
    assert_eq!(plain.expose_secret(), expected.as_bytes());
    assert!(!format!("{started:?}").contains("canary"));
}

#[tokio::test]
async fn a_withdrawn_key_is_fetched_again_and_tried_once_more() {
    let (list, _) = public_keys();
    let keys = || Step::answer(200, list.to_string());
    let withdrawn = || {
        let body = json!({"errors": [{"code": 21470, "description": "x"}]});
        Step::answer(400, body.to_string())
    };
    let (client, script) = scripted([challenge(), keys(), withdrawn(), keys(), started()]);
    drop(client.login(context()).by_token(&"t".into()).await.unwrap());
    assert_eq!(script.requests().len(), 5);
    let (client, script) = scripted([challenge(), keys(), withdrawn(), keys(), withdrawn()]);
    let error = client.login(context()).by_token(&"t".into()).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::KeyWithdrawn, false));
    assert_eq!(script.requests().len(), 5);
}

#[tokio::test]
async fn the_document_is_that_of_the_schema_for_every_context() {
    for (kind, value) in [
        ("Nip", "1111111111"),
        ("InternalId", "1111111111-12345"),
        ("NipVatUe", "1111111111-DE123456789"),
        ("PeppolId", "PPL000001"),
    ] {
        let (client, _) = scripted([challenge()]);
        let context = ContextIdentifier::parse(kind, value).unwrap();
        let allowed = AllowedIps::new()
            .range([192, 0, 2, 1].into(), [192, 0, 2, 9].into())
            .and_then(|allowed| allowed.network([198, 51, 100, 0].into(), 24))
            .and_then(|allowed| allowed.address([192, 0, 2, 77].into()));
        let login = client.login(context).allowed_ips(allowed.unwrap());
        let login = login.document_version(DocumentVersion::V2_0);
        let challenged = login.challenge().await.unwrap();
        assert_eq!(challenged.client_ip(), Some("192.0.2.7"));
        assert_eq!(challenged.valid_until().to_rfc3339(), "2026-01-01T00:10:00.123123400+00:00");
        let document = challenged.to_be_signed(SubjectIdentification::Subject).unwrap();
        let expected = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
             <AuthTokenRequest xmlns=\"http://ksef.mf.gov.pl/auth/token/2.0\">\
             <Challenge>20260401-CR-0123456789-ABCDEF0123-45</Challenge>\
             <ContextIdentifier><{kind}>{value}</{kind}></ContextIdentifier>\
             <SubjectIdentifierType>certificateSubject</SubjectIdentifierType>\
             <AuthorizationPolicy><AllowedIps><Ip4Address>192.0.2.77</Ip4Address>\
             <Ip4Range>192.0.2.1-192.0.2.9</Ip4Range><Ip4Mask>198.51.100.0/24</Ip4Mask>\
             </AllowedIps></AuthorizationPolicy></AuthTokenRequest>"
        );
        assert_eq!(String::from_utf8(document).unwrap(), expected);
    }
}

#[tokio::test]
async fn a_signature_covers_the_document_and_names_the_signer() {
    for (certificate, by) in [
        (TestCertificate::person("TINPL-1111111111"), "certificateSubject"),
        (TestCertificate::seal("1111111111"), "certificateSubject"),
        (TestCertificate::person_without_identifier(), "certificateFingerprint"),
    ] {
        let (client, script) = scripted([challenge(), started()]);
        let signer = signer(&certificate);
        let login = client.login(context()).verify_certificate_chain();
        drop(login.by_signature(&signer).await.unwrap());
        assert_eq!(lines(&script)[1], "POST /v2/auth/xades-signature?verifyCertificateChain=true");
        let document = match script.requests()[1].body() {
            common_http::Body::Bytes(bytes) => bytes.clone(),
            common_http::Body::File(_) => panic!("a document is no file"),
        };
        let policy = Policy::new(Trust::AnyCertificate);
        let verified = ksef_crypto::xades::verify(&document, &policy).unwrap();
        assert_eq!(verified.certificate(), signer.certificate());
        let content = String::from_utf8(verified.content().to_vec()).unwrap();
        assert!(content.contains(&format!("<SubjectIdentifierType>{by}<")), "{content}");
        assert!(content.contains("http://ksef.mf.gov.pl/auth/token/2.1"));
    }
}

#[tokio::test]
async fn a_signature_can_be_made_elsewhere_in_two_phases() {
    let (client, script) = scripted([challenge(), started()]);
    let signer = signer(&TestCertificate::seal("1111111111"));
    let challenged = client.login(context()).challenge().await.unwrap();
    let draft = challenged.draft(signer.certificate()).unwrap();
    let signature = signer.sign(draft.algorithm(), draft.to_be_signed()).unwrap();
    let document = draft.finish(&signature).unwrap();
    drop(challenged.by_signed_document(document).await.unwrap());
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_login_is_waited_for_with_its_own_token_and_redeemed_once() {
    let (client, script) = scripted([status(100), status(200), redeemed()]);
    let started = client.resume_login(context(), reference(LOGIN), "canary-login".into());
    assert!(matches!(started.poll_once().await.unwrap(), Progress::Pending(_)));
    let account = started.finish(&schedule()).await.unwrap();
    assert_eq!(account.tokens().await.unwrap().reference(), Some(&reference(LOGIN)));
    let used: Vec<_> = (0..3).map(|at| bearer(&script, at).unwrap()).collect();
    assert_eq!(used, ["canary-login"; 3]);
}

#[tokio::test]
async fn a_login_that_failed_says_why_in_a_code() {
    for (code, transient) in [(415, false), (450, false), (460, false), (480, false), (550, true)] {
        let (client, _) = scripted([status(code)]);
        let started = client.resume_login(context(), reference(LOGIN), "t".into());
        let error = started.wait(&schedule()).await.unwrap_err().into_parts().1;
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Failed, transient));
        assert_eq!(error.status().unwrap().code, code);
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_takes_too_long_gives_its_handle_back() {
    let (client, script) = scripted((0..3).map(|_| status(100)).chain([status(200)]));
    let started = client.resume_login(context(), reference(LOGIN), "t".into());
    let short = schedule().within(Duration::from_secs(2));
    let unfinished = started.wait(&short).await.unwrap_err();
    assert_eq!(unfinished.error().kind(), ErrorKind::NotFinished);
    assert_eq!(script.requests().len(), 3);
    assert!(unfinished.into_handle().wait(&short).await.is_ok());
}

#[tokio::test]
async fn a_lost_answer_of_redeem_is_not_repeated_and_says_what_to_do() {
    let given: Value = json!({"errors": [{"code": 21301, "description": "x"}]});
    let (client, script) = scripted([
        status(200),
        Step::fail(TransportErrorKind::Timeout),
        Step::answer(400, given.to_string()),
    ]);
    let started = client.resume_login(context(), reference(LOGIN), "t".into());
    let authenticated = started.wait(&schedule()).await.unwrap();
    let unfinished = authenticated.redeem().await.unwrap_err();
    assert_eq!(unfinished.error().recovery(), Some(Recovery::RevokeAndLogInAgain));
    assert_eq!(script.requests().len(), 2);
    let again = unfinished.into_handle().redeem().await.unwrap_err();
    assert_eq!(again.error().kind(), ErrorKind::LoginRefused);
    assert!(!again.error().may_have_happened());
}
