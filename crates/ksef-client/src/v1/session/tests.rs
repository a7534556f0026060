//! Requests and answers as bytes, and the flow of a session on a script.

use std::time::Duration;

use common_core::{
    poll::PollSchedule,
    secret::{ExposeSecret, SecretString},
};
use common_http::{
    Paged,
    scripted::{Scripted, Step},
};
use futures_util::TryStreamExt;
use ksef_crypto::{
    keys::PrivateKey,
    seal::{AuthorityKey, ReceiverKey, RsaPadding, SessionKey},
    test_certificates::TestCertificate,
    xades::{Policy, Trust, verify},
};
use serde_json::json;

use super::{
    open::{Core, Parts},
    *,
};
use crate::v1::{
    Client, Context, ErrorKind, FormCode, NumberVariant,
    client::testing::{
        SESSION, answer, base, get, lines, post, read, refusal, refused, scripted, shown,
    },
    wire,
};

const CHALLENGE: &str = "20240401-CR-0123456789-ABCDEF0123-51";
const UPO: &str = "20240401-EU-0123456789-ABCDEF0123-50";

fn context() -> Context {
    Context::nip("1111111111").unwrap()
}

/// An open session without a key, and its script.
pub(crate) fn plain_session(steps: impl IntoIterator<Item = Step>) -> (Session, Scripted) {
    session(None, steps)
}

/// An open session with a key of sevens and a vector of nines.
pub(crate) fn encrypted_session(steps: impl IntoIterator<Item = Step>) -> (Session, Scripted) {
    session(Some(SessionKey::from_parts([7; 32], [9; 16])), steps)
}

fn session(key: Option<SessionKey>, steps: impl IntoIterator<Item = Step>) -> (Session, Scripted) {
    let (client, script) = scripted(steps);
    let parts = Parts {
        reference: SESSION.parse().unwrap(),
        token: "canary-session-token".into(),
        context: context(),
        form: FormCode::FA_2,
        key,
    };
    (Session::new(Core::new(&client, parts).unwrap()), script)
}

fn receiver() -> ReceiverKey {
    ReceiverKey::new(&PrivateKey::generate_rsa_2048().unwrap()).unwrap()
}

fn challenge() -> Step {
    let time = "2021-10-01T12:13:14.999Z";
    Step::answer(201, json!({"challenge": CHALLENGE, "timestamp": time}).to_string())
}

fn opened() -> Step {
    let role = json!({"type": "token", "roleType": "invoice_write"});
    Step::answer(
        201,
        json!({
            "referenceNumber": SESSION,
            "timestamp": "2021-10-01T12:13:15Z",
            "authenticationIdentifiers": [{"type": "onip", "identifier": "1111111111"}],
            "sessionToken": {"token": "canary-session-token", "context": {
                "contextIdentifier": {"type": "onip", "identifier": "1111111111"},
                "contextName": {"type": "fn", "tradeName": null, "fullName": "Zmyślona"},
                "credentialsRoleList": [role],
            }},
        })
        .to_string(),
    )
}

fn status(code: u32) -> Step {
    Step::answer(
        200,
        json!({"processingCode": code, "processingDescription": "canary"}).to_string(),
    )
}

fn pages(code: u32, pages: &[&str]) -> Step {
    let pages: Vec<_> = pages.iter().map(|page| json!({"upoReferenceNumber": page})).collect();
    Step::answer(200, json!({"processingCode": code, "upoPageList": pages}).to_string())
}

fn quick() -> PollSchedule {
    PollSchedule::new(Duration::from_secs(1), Duration::from_secs(1)).within(Duration::from_secs(9))
}

fn body(script: &Scripted, request: usize) -> Vec<u8> {
    match script.requests()[request].body() {
        common_http::Body::Bytes(body) => body.to_vec(),
        common_http::Body::File(_) => panic!("sessions send no files"),
    }
}

#[test]
fn a_challenge_is_asked_for_a_context() {
    let path = "/online/Session/AuthorisationChallenge";
    let body = r#"{"contextIdentifier":{"type":"onip","identifier":"1111111111"}}"#;
    assert_eq!(shown(&Challenge(context())), post(path, body));
    let branch = Context::internal_id("1111111111-12346").unwrap();
    let body = r#"{"contextIdentifier":{"type":"int","identifier":"1111111111-12346"}}"#;
    assert_eq!(shown(&Challenge(branch)), post(path, body));
}

#[test]
fn a_challenge_is_read_to_the_millisecond_and_without() {
    let millis = |time: &str| {
        let body = json!({"challenge": CHALLENGE, "timestamp": time}).to_string();
        read::<Challenge>(&body).unwrap().timestamp.timestamp_millis()
    };
    assert_eq!(millis("2021-10-01T12:13:14.999Z"), 1_633_090_394_999);
    assert_eq!(millis("2021-10-01T12:13:14Z"), 1_633_090_394_000);
    assert!(read::<Challenge>("{}").is_err());
}

/// A document sent to that path, with an answer of that type.
fn document(path: &str, accept: &str) -> String {
    let headers = format!("accept: {accept}\ncontent-type: application/octet-stream");
    format!("POST {}{path}\n{headers}\n<a/>", base())
}

const V2: &str = "application/vnd.v2+json";

#[test]
fn a_token_opens_with_its_document_in_version_2() {
    let expected = document("/online/Session/InitToken", V2);
    assert_eq!(shown(&InitToken::new("<a/>")), expected);
}

#[test]
fn a_session_by_token_is_read_with_roles_of_every_kind_and_shows_no_token() {
    let role = json!({"type": "standard_plain", "roleType": "owner", "roleDescription": "system"});
    let granted =
        json!({"type": "granted", "roleGrantorIdentifier": {"type": "onip", "identifier": "1"}});
    let body = json!({"referenceNumber": SESSION, "sessionToken": {
        "token": "canary", "context": {"credentialsRoleList": [role, granted]}
    }});
    let answer = read::<InitToken>(&body.to_string()).unwrap();
    assert!(!format!("{answer:?}").contains("canary"));
    let roles = answer.session_token.context.unwrap().credentials_role_list;
    assert!(matches!(&roles[0], wire::SessionRoleV2::Unknown(_)));
    assert!(matches!(&roles[1], wire::SessionRoleV2::Granted(_)));
    assert!(read::<InitToken>(r#"{"sessionToken":{}}"#).is_err());
}

#[test]
fn a_token_opens_with_its_document_in_version_1() {
    let expected = document("/online/Session/InitToken", "application/json");
    assert_eq!(shown(&InitTokenV1::new("<a/>")), expected);
}

#[test]
fn a_session_by_token_is_read_in_version_1() {
    let role = json!({"type": "standard_plain", "roleType": "owner"});
    let body = json!({"referenceNumber": SESSION, "sessionToken": {
        "token": "canary", "context": {"credentialsRoleList": [role]}
    }});
    let answer = read::<InitTokenV1>(&body.to_string()).unwrap();
    let roles = answer.session_token.context.unwrap().credentials_role_list;
    assert!(matches!(&roles[0], wire::SessionRole::Plain(_)));
}

#[test]
fn a_signed_document_opens_in_version_2() {
    let expected = document("/online/Session/InitSigned", V2);
    assert_eq!(shown(&InitSigned::new("<a/>")), expected);
}

#[test]
fn a_session_by_signature_is_read() {
    let body = json!({"referenceNumber": SESSION, "sessionToken": {"token": "x"}}).to_string();
    assert_eq!(read::<InitSigned>(&body).unwrap().reference_number, SESSION);
}

#[test]
fn a_signed_document_opens_in_version_1() {
    let expected = document("/online/Session/InitSigned", "application/json");
    assert_eq!(shown(&InitSignedV1::new("<a/>")), expected);
}

#[test]
fn a_session_by_signature_is_read_in_version_1() {
    let body = json!({"referenceNumber": SESSION, "sessionToken": {"token": "x"}}).to_string();
    assert_eq!(read::<InitSignedV1>(&body).unwrap().reference_number, SESSION);
}

#[test]
fn the_status_of_the_session_is_asked_for_in_pages() {
    let path = "/online/Session/Status?PageSize=100&PageOffset=0&IncludeDetails=true";
    assert_eq!(shown(&Status::new()), get(path));
    let other = Status::new().details(Details::Omit).page_size(10).page_index(1_000_000);
    let path = "/online/Session/Status?PageSize=10&PageOffset=1000000&IncludeDetails=false";
    assert_eq!(shown(&other), get(path));
    assert!(shown(&other.clone().number_variant(NumberVariant::V36)).contains("variant: v36"));
    assert_eq!(refused(&other.clone().page_size(101)), "PageSize");
    assert_eq!(refused(&other.page_index(1_000_001)), "PageOffset");
}

#[test]
fn the_status_of_the_session_is_read_and_the_next_page_is_known() {
    let row = json!({"elementReferenceNumber": SESSION, "processingCode": 200});
    let rows = vec![row; 10];
    let body = json!({
        "processingCode": 315, "numberOfElements": 25, "invoiceStatusList": rows
    });
    let page = read::<Status>(&body.to_string()).unwrap();
    let status = Status::new().page_size(10);
    assert_eq!(status.next(&page), Some(status.clone().page_index(1)));
    assert_eq!(status.clone().page_index(2).next(&page), None);
    assert_eq!(Status::items(page).len(), 10);
    assert!(read::<Status>("{}").is_err());
}

#[test]
fn the_status_of_another_session_is_asked_by_its_number() {
    let status = StatusOf::new(SESSION.parse().unwrap()).details(Details::Omit);
    let path =
        format!("/online/Session/Status/{SESSION}?PageSize=100&PageOffset=0&IncludeDetails=false");
    assert_eq!(shown(&status), get(&path));
}

#[test]
fn the_status_of_another_session_is_read() {
    let page = read::<StatusOf>(r#"{"processingCode":200,"entityType":"x"}"#).unwrap();
    assert_eq!(page.processing_code, 200);
    assert_eq!(StatusOf::new(SESSION.parse().unwrap()).next(&page), None);
    assert!(StatusOf::items(page).is_empty());
}

#[test]
fn a_session_is_terminated_by_a_get() {
    assert_eq!(shown(&Terminate), get("/online/Session/Terminate"));
}

#[test]
fn a_terminated_session_is_read() {
    let answer = read::<Terminate>(r#"{"processingCode":350}"#).unwrap();
    assert_eq!(answer.processing_code, Some(350));
}

#[test]
fn an_internal_identifier_is_asked_for_by_four_digits() {
    let generate = GenerateInternalIdentifier::new(7).unwrap();
    assert_eq!(shown(&generate), get("/online/Session/GenerateInternalIdentifier/0007"));
    assert!(GenerateInternalIdentifier::new(10_000).is_err());
}

#[test]
fn an_internal_identifier_is_read() {
    let body = r#"{"internalIdentifier":"1111111111-12346"}"#;
    let read = read::<GenerateInternalIdentifier>(body).unwrap();
    assert_eq!(read.internal_identifier, "1111111111-12346");
    assert!(answer::<GenerateInternalIdentifier>(b"").is_err());
}

async fn by_token(client: &Client, receiver: &ReceiverKey) -> Result<Authorised, crate::v1::Error> {
    let authority = AuthorityKey::from(receiver.public_key().clone());
    let token = SecretString::from("T".repeat(64));
    client.session(context(), FormCode::FA_2).by_token(&token, &authority).await
}

#[tokio::test(start_paused = true)]
async fn a_session_goes_from_challenge_to_confirmation() {
    let (client, script) = scripted([
        challenge(),
        opened(),
        status(100),
        refusal(400, 21304),
        status(310),
        status(315),
        Step::answer(200, r#"{"processingCode":350}"#),
        pages(355, &[]),
        pages(200, &[UPO]),
        Step::answer(200, "<Potwierdzenie/>"),
    ]);
    let authorised = by_token(&client, &receiver()).await.unwrap();
    assert_eq!(authorised.roles().len(), 1);
    assert_eq!(authorised.authentication_identifiers().len(), 1);
    let session = authorised.wait(&quick()).await.unwrap();
    assert_eq!(session.reference().as_str(), SESSION);
    assert!(session.encryption_key().is_none());
    let closed = session.terminate().await.unwrap().wait(&quick()).await.unwrap();
    assert_eq!(closed.confirmations().await.unwrap(), ["<Potwierdzenie/>"]);
    let tokens: Vec<_> = script
        .requests()
        .iter()
        .map(|request| request.headers().get("SessionToken").is_some())
        .collect();
    // Neither challenge nor opening nor what follows the end carries the token.
    let expected = [false, false, true, true, true, true, true, false, false, false];
    assert_eq!(tokens, expected);
}

#[tokio::test]
async fn the_token_travels_with_the_challenges_exact_time() {
    let receiver = receiver();
    let (client, script) = scripted([challenge(), opened()]);
    let authorised = by_token(&client, &receiver).await.unwrap();
    assert_eq!(authorised.reference().as_str(), SESSION);
    let document = String::from_utf8(body(&script, 1)).unwrap();
    let from = document.find("<o:Token>").unwrap() + 9;
    let encrypted = &document[from..from + 344];
    let encrypted = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, encrypted);
    let plain = receiver.open(RsaPadding::Pkcs1V15, &encrypted.unwrap()).unwrap();
    let expected = format!("{}|1633090394999", "T".repeat(64));
    assert_eq!(plain.expose_secret(), expected.as_bytes());
    assert!(document.contains(CHALLENGE));
}

#[tokio::test]
async fn a_signature_signs_what_the_challenge_asks_for() {
    let signer = TestCertificate::seal("1111111111");
    let signer = signer.self_signed(PrivateKey::generate_p256().unwrap()).unwrap();
    let authority = AuthorityKey::from(receiver().public_key().clone());
    let (client, script) = scripted([challenge(), opened()]);
    let opening = client.session(context(), FormCode::FA_1).encrypted(authority);
    let session = opening.by_signature(&signer).await.unwrap().without_waiting();
    assert!(session.encryption_key().is_some());
    let verified = verify(&body(&script, 1), &Policy::new(Trust::AnyCertificate)).unwrap();
    let content = String::from_utf8(verified.content().to_vec()).unwrap();
    assert!(content.contains(CHALLENGE) && content.contains(">SerialNumber<"));
    assert!(content.contains("FA (1)") && content.contains("EncryptionKey>"));
}

#[tokio::test]
async fn a_session_that_fails_or_has_ended_is_not_ready() {
    for (step, kind, step_name) in [
        (status(410), ErrorKind::Failed, Some("Authorise")),
        (status(415), ErrorKind::Failed, Some("Security")),
        (status(350), ErrorKind::SessionEnded, Some("SessionEndCheck")),
        (status(200), ErrorKind::SessionEnded, None),
    ] {
        let (client, _) = scripted([challenge(), opened(), step]);
        let authorised = by_token(&client, &receiver()).await.unwrap();
        let unfinished = authorised.wait(&quick()).await.unwrap_err();
        assert_eq!(unfinished.error().kind(), kind);
        let step = unfinished.error().progress().unwrap().step();
        assert_eq!(step.map(|step| step.name), step_name);
        assert!(!format!("{unfinished} {unfinished:?}").contains("canary"));
    }
    // The status that needs no session may know more.
    for (known, kind, step_name) in [
        (pages(415, &[]), ErrorKind::Failed, Some("Security")),
        (pages(355, &[]), ErrorKind::SessionEnded, None),
        (refusal(400, 21173), ErrorKind::SessionEnded, None),
    ] {
        let (client, _) = scripted([challenge(), opened(), refusal(400, 21153), known]);
        let authorised = by_token(&client, &receiver()).await.unwrap();
        let error: crate::v1::Error = authorised.wait(&quick()).await.unwrap_err().into();
        assert_eq!(error.kind(), kind);
        let step = error.progress().and_then(crate::v1::Progress::step);
        assert_eq!(step.map(|step| step.name), step_name);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_takes_too_long_gives_its_handle_back() {
    let mut steps = vec![challenge(), opened()];
    steps.extend((0..10).map(|_| status(310)));
    steps.push(status(315));
    let (client, _) = scripted(steps);
    let authorised = by_token(&client, &receiver()).await.unwrap();
    let (authorised, error) = authorised.wait(&quick()).await.unwrap_err().into_parts();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::NotFinished, false));
    assert_eq!(authorised.wait(&quick()).await.unwrap().reference().as_str(), SESSION);
}

#[tokio::test]
async fn a_challenge_that_cannot_be_read_opens_nothing() {
    let odd = json!({"challenge": "x", "timestamp": "2021-10-01T12:13:14Z"}).to_string();
    let (client, script) = scripted([Step::answer(201, odd)]);
    let error = by_token(&client, &receiver()).await.unwrap_err();
    assert_eq!((error.kind(), script.requests().len()), (ErrorKind::Unreadable, 1));
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn an_opening_that_is_refused_or_lost_says_so() {
    let (client, _) = scripted([challenge(), refusal(400, 21116)]);
    let error = by_token(&client, &receiver()).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::LoginRefused, false));
    let (client, _) = scripted([challenge(), Step::answer(500, "")]);
    let error = by_token(&client, &receiver()).await.unwrap_err();
    assert_eq!(error.recovery(), Some(crate::v1::Recovery::SessionExpires));
}

#[tokio::test]
async fn a_session_that_was_not_terminated_can_be_terminated_again() {
    let (session, script) =
        plain_session([refusal(400, 21405), Step::answer(200, r#"{"processingCode":350}"#)]);
    let unfinished = session.terminate().await.unwrap_err();
    assert_eq!(unfinished.error().kind(), ErrorKind::Invalid);
    let closing = unfinished.into_handle().terminate().await.unwrap();
    assert_eq!(closing.reference().as_str(), SESSION);
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn a_session_that_has_ended_by_itself_is_closing() {
    let (session, _) = plain_session([refusal(400, 21170)]);
    assert!(session.terminate().await.is_ok());
}

#[tokio::test]
async fn idle_sessions_end_and_their_calls_say_so() {
    for code in [21153, 21154, 21170] {
        let (session, _) = plain_session([refusal(400, code)]);
        let error = session.send_invoice(b"<Faktura/>").await.unwrap_err();
        assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::SessionEnded, false));
    }
}

#[tokio::test]
async fn a_confirmation_can_be_waited_for_by_the_number_alone() {
    let (client, script) = scripted([pages(200, &[])]);
    let closed = client.closing(SESSION.parse().unwrap()).wait(&quick()).await.unwrap();
    assert!(closed.pages().is_empty() && closed.confirmations().await.unwrap().is_empty());
    assert_eq!(lines(&script), [format!("GET /api/common/Status/{SESSION}")]);
    let (client, _) = scripted([pages(465, &[])]);
    let closing = client.closing(SESSION.parse().unwrap());
    let error = closing.wait(&quick()).await.unwrap_err();
    let step = error.error().progress().unwrap().step().unwrap();
    assert_eq!((error.error().kind(), step.name), (ErrorKind::Failed, "GenerateUPO"));
}

#[tokio::test]
async fn a_system_that_lacks_the_newest_status_is_asked_for_the_one_before() {
    for refusal in [Step::answer(406, ""), refusal(400, 21414), refusal(400, 21179)] {
        let older = json!({"processingCode": 200, "upoReferenceNumber": UPO}).to_string();
        let (client, script) = scripted([refusal, Step::answer(200, older)]);
        let closed = client.closing(SESSION.parse().unwrap()).wait(&quick()).await.unwrap();
        assert_eq!(closed.pages(), [UPO.parse().unwrap()]);
        let requests = script.requests();
        let accepts: Vec<_> = requests.iter().map(|request| &request.headers()["accept"]).collect();
        assert_eq!(accepts, ["application/vnd.v4+json", "application/vnd.v3+json"]);
    }
}

#[tokio::test]
async fn a_state_survives_its_export_and_shows_nothing() {
    for session in [plain_session([]).0, encrypted_session([]).0] {
        let exported = session.export();
        let text = exported.expose_json();
        assert!(!format!("{exported:?} {session:?} {text:?}").contains("canary"));
        let state = SessionState::from_json(&text).unwrap();
        assert_eq!(state.reference().as_str(), SESSION);
        let (client, script) =
            scripted([status(315), Step::answer(200, r#"{"processingCode":350}"#)]);
        let resumed = client.resume(state).unwrap();
        let resumed = resumed.wait(&quick()).await.unwrap();
        let key = |session: &Session| session.encryption_key().map(|key| *key.expose_key());
        assert_eq!(key(&resumed), key(&session));
        assert_eq!(resumed.form(), &FormCode::FA_2);
        assert_eq!(resumed.context(), &context());
        let closing = resumed.terminate().await.unwrap();
        assert_eq!(closing.reference().as_str(), SESSION);
        let requests = script.requests();
        assert!(
            requests
                .iter()
                .all(|request| request.headers()["SessionToken"] == "canary-session-token")
        );
    }
}

#[test]
fn what_is_no_state_is_refused_without_its_content() {
    let good = encrypted_session([]).0.export().expose_json();
    let good = good.expose_secret();
    for wrong in [
        "{}".to_owned(),
        good.replace("onip", "nip"),
        good.replace("1111111111", "1"),
        good.replace("CQkJ", ""),
        good.replace(r#""vector":"#, r#""other":"#),
    ] {
        assert_ne!(wrong, *good);
        assert!(SessionState::from_json(&wrong.into()).is_err());
    }
}

#[tokio::test]
async fn the_invoices_of_a_session_come_as_a_stream_of_pages() {
    let row = json!({"elementReferenceNumber": SESSION, "processingCode": 200});
    let page = |rows: usize| {
        let rows = vec![row.clone(); rows];
        let body = json!({
            "processingCode": 315, "numberOfElements": 130, "invoiceStatusList": rows
        });
        Step::answer(200, body.to_string())
    };
    let (session, script) = plain_session([page(100), page(30)]);
    let rows: Vec<_> = session.invoices().try_collect().await.unwrap();
    assert_eq!((rows.len(), script.requests().len()), (130, 2));
}

#[tokio::test]
async fn a_call_that_needs_a_session_is_not_made_without_one() {
    let (client, script) = scripted([]);
    let error = client.send(&Status::new()).await.unwrap_err();
    assert_eq!((error.kind(), script.requests().len()), (ErrorKind::NoSession, 0));
}
