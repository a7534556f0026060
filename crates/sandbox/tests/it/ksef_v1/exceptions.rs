//! The envelope of exceptions, limits, and scripted faults.

use http::Method;
use sandbox::ConnectionLost;
use sandbox::fault::{Code, Fault, Rule};
use sandbox::ksef_v1::Limits;
use serde_json::json;

use super::client::*;

#[tokio::test(start_paused = true)]
async fn an_exception_names_its_operation_and_session() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login(ksef, ALFA).await;
    let answer = session.get("/online/Invoice/Get/9990000103-20260131-0123456789AB-CD").await;
    assert_eq!((answer.status, answer.code()), (400, 21169));
    let exception = answer.json()["exception"].clone();
    assert_eq!(exception["serviceName"], "online.invoice.invoice.get");
    assert_eq!(exception["referenceNumber"], session.reference);
    assert_eq!(exception["timestamp"], "2026-01-31T11:00:00.123Z");
    assert!(exception["serviceCode"].as_str().unwrap().contains("-EX-"));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_json_and_what_is_off_its_schema_are_told_apart() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let path = "/online/Session/AuthorisationChallenge";
    let headers = [("content-type", "application/json")];
    for (body, code) in [
        ("{", 21404),
        ("", 21172),
        ("{}", 21405),
        (r#"{"contextIdentifier":{"type":"onip","identifier":"1"}}"#, 21405),
        (r#"{"contextIdentifier":{"type":"nip","identifier":"9990000103"}}"#, 21405),
        (r#"{"contextIdentifier":{"type":"onip","identifier":"9990000103"},"x":1}"#, 21405),
    ] {
        let answer = ask(ksef, Method::POST, path, &headers, body).await.unwrap();
        assert_eq!(answer.code(), code, "{body}");
    }
    assert_eq!(ksef.unexpected().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn limits_are_by_operation_and_session() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login(ksef, ALFA).await;
    let other = login(ksef, BETA).await;
    ksef.set_limits(Limits::none().of_operations(2, 100, 1000));
    for status in [200, 200, 429] {
        assert_eq!(session.get("/online/Session/Status").await.status, status);
    }
    assert_eq!(session.get("/online/Session/Status").await.code(), 21121);
    assert_eq!(other.get("/online/Session/Status").await.status, 200);
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert_eq!(session.get("/online/Session/Status").await.status, 200);
    assert_eq!(ksef.statistics().limited, 2);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_was_processed_and_a_dropped_request_was_not() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login(ksef, ALFA).await;
    let body = plain(invoice("A/1").as_bytes()).to_string();
    let headers = [("SessionToken", session.token.as_str()), ("content-type", "application/json")];
    let path = "/online/Invoice/Send";
    ksef.faults().push(Rule::new(Fault::DropRequest).on(&Method::PUT, path).once());
    let lost = ask(ksef, Method::PUT, path, &headers, body.clone()).await.unwrap_err();
    assert_eq!((lost, ksef.statistics().sent), (ConnectionLost, 0));
    ksef.faults().push(Rule::new(Fault::LoseAnswer).on(&Method::PUT, path).once());
    ask(ksef, Method::PUT, path, &headers, body.clone()).await.unwrap_err();
    assert_eq!(ksef.statistics().sent, 1);
    let again = ask(ksef, Method::PUT, path, &headers, body).await.unwrap();
    assert_eq!(again.code(), 21176, "the session knows it already");
}

#[tokio::test(start_paused = true)]
async fn scripted_refusals_have_the_form_of_the_system() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login(ksef, ALFA).await;
    let path = "/online/Session/Status";
    let rule = |fault| Rule::new(fault).on(&Method::GET, path).once();
    ksef.faults().push(rule(Fault::Code(Code::new("31000").unwrap())));
    assert_eq!(session.get(path).await.code(), 31000);
    ksef.faults().push(rule(Fault::Reply { status: 429, retry_after: Some(3) }));
    let limited = session.get(path).await;
    assert_eq!((limited.status, limited.code()), (429, 21121));
    assert_eq!(limited.headers["retry-after"], "3");
    ksef.faults().push(rule(Fault::Unauthorized));
    assert_eq!(session.get(path).await.code(), 21304);
    ksef.faults().push(rule(Fault::Reply { status: 503, retry_after: None }));
    assert_eq!(session.get(path).await.body.len(), 0);
    session.get(path).await.ok(200);
    assert_eq!(json!(ksef.unexpected()), json!([]));
}

#[tokio::test(start_paused = true)]
async fn every_known_code_can_be_provoked() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login(ksef, ALFA).await;
    let path = "/online/Session/Status";
    let mut count = 0;
    for (code, meaning) in sandbox::ksef_v1::exceptions() {
        let fault = Fault::Code(Code::new(&code.to_string()).unwrap());
        ksef.faults().push(Rule::new(fault).on(&Method::GET, path).once());
        let answer = session.get(path).await;
        assert_eq!(answer.code(), u64::from(code));
        let detail = &answer.json()["exception"]["exceptionDetailList"][0];
        assert_eq!(detail["exceptionDescription"], meaning);
        ksef.faults().clear();
        count += 1;
    }
    assert_eq!(count, 115, "114 of the list and 30012");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "CI sets a variable to forbid skipping")]
fn the_codes_are_those_of_the_published_list() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/reference/ksef-v1/errors/exception-codes.csv"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        assert!(std::env::var_os("FISKUS_REQUIRE_ORACLES").is_none(), "the list is missing");
        println!("SKIPPED: the list of codes is not here");
        return;
    };
    let listed: Vec<u32> =
        text.lines().filter_map(|line| line.split(',').next()?.parse().ok()).collect();
    let mut known: Vec<u32> = sandbox::ksef_v1::exceptions().map(|(code, _)| code).collect();
    known.retain(|code| *code != 30012);
    assert_eq!(known, listed);
}
