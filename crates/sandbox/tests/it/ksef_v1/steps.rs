//! Every step of every process of chapter 15: seen in time, and failing when the script says so.

use std::time::Duration;

use sandbox::ksef_v1::{KsefV1, Process, Stage, StepFault};
use serde_json::{Value, json};

use super::batch::{files, package, upload};
use super::client::*;

/// The exception that scripted steps fail with.
const SCRIPTED: u32 = 30012;

/// Code and words of an answer, which must name the scripted exception.
fn check(status: &Value, stage: Stage, process: Process) {
    assert_eq!(status["processingCode"], u64::from(stage.failure), "{process:?} {:?}", stage.step);
    let text = status["processingDescription"].as_str().unwrap();
    assert!(text.starts_with("30012:"), "{process:?} {:?}: {text}", stage.step);
}

/// Starts and ends a session of Alfa with an invoice in it, as far as it comes.
async fn whole_session(ksef: &KsefV1) -> String {
    let request = token_request(ksef, ALFA, &ksef.token(ALFA).unwrap(), "").await;
    let answer = post_bytes(ksef, "/online/Session/InitToken", &[], request).await.ok(201);
    let reference = answer["referenceNumber"].as_str().unwrap().to_owned();
    let token = answer["sessionToken"]["token"].as_str().unwrap().to_owned();
    let session = Session { ksef: ksef.clone(), token, reference: reference.clone() };
    ksef.settle().await;
    if session.code().await == 315 {
        session.put_invoice(&invoice("S/1")).await;
        ksef.settle().await;
        session.get("/online/Session/Terminate").await.ok(200);
        ksef.settle().await;
    }
    reference
}

#[tokio::test(start_paused = true)]
async fn each_step_of_a_session_can_fail() {
    for stage in Process::Session.stages() {
        let sandbox = calm().await;
        let ksef = sandbox.ksef_v1();
        ksef.fail_step(StepFault::new(Process::Session, stage.step, SCRIPTED));
        let reference = whole_session(ksef).await;
        check(&status(ksef, &reference).await, *stage, Process::Session);
    }
    for stage in Process::Authentication.stages() {
        let sandbox = calm().await;
        let ksef = sandbox.ksef_v1();
        ksef.fail_step(StepFault::new(Process::Authentication, stage.step, SCRIPTED));
        let status = status(ksef, &whole_session(ksef).await).await;
        assert_eq!(status["processingCode"], 415, "the session waits for its authentication");
        assert!(status["processingDescription"].as_str().unwrap().starts_with("30012:"));
    }
}

#[tokio::test(start_paused = true)]
async fn each_step_of_an_invoice_can_fail() {
    for stage in Process::Invoice.stages() {
        let sandbox = calm().await;
        let ksef = sandbox.ksef_v1();
        let session = login(ksef, ALFA).await;
        ksef.fail_step(StepFault::new(Process::Invoice, stage.step, SCRIPTED));
        let element = session.put_invoice(&invoice("S/1")).await;
        ksef.settle().await;
        check(&session.invoice_status(&element).await, *stage, Process::Invoice);
        session.terminate().await;
        assert_eq!(session.code().await, 200, "a failed invoice does not fail its session");
    }
}

#[tokio::test(start_paused = true)]
async fn each_step_of_a_package_can_fail() {
    for stage in Process::Batch.stages() {
        let sandbox = calm().await;
        let ksef = sandbox.ksef_v1();
        ksef.fail_step(StepFault::new(Process::Batch, stage.step, SCRIPTED));
        let reference = package(&files(2), 1).send(ksef).await;
        check(&status(ksef, &reference).await, *stage, Process::Batch);
    }
    for stage in Process::Invoice.stages() {
        let sandbox = calm().await;
        let ksef = sandbox.ksef_v1();
        ksef.fail_step(StepFault::new(Process::Invoice, stage.step, SCRIPTED).once());
        let reference = package(&files(3), 1).send(ksef).await;
        let status = status(ksef, &reference).await;
        assert_eq!(status["processingCode"], 440, "{:?}", stage.step);
        assert!(ksef.invoices().is_empty(), "{:?}: all or nothing", stage.step);
    }
}

#[tokio::test(start_paused = true)]
async fn each_step_of_a_query_can_fail() {
    let mut cases: Vec<(Process, Stage, u16)> = Vec::new();
    cases.extend(Process::Query.stages().iter().map(|it| (Process::Query, *it, it.failure)));
    // A part that cannot be prepared fails the step that waits for the parts.
    cases.extend(Process::QueryPart.stages().iter().map(|it| (Process::QueryPart, *it, 430)));
    for (process, stage, failure) in cases {
        let sandbox = calm().await;
        let ksef = sandbox.ksef_v1();
        let session = login(ksef, ALFA).await;
        session.accepted(&invoice("S/1")).await;
        ksef.fail_step(StepFault::new(process, stage.step, SCRIPTED));
        let body = super::queries::incremental("subject1");
        let answer = session.post("/online/Query/Invoice/Async/Init", &body).await.ok(202);
        ksef.settle().await;
        let element = answer["elementReferenceNumber"].as_str().unwrap();
        let path = format!("/online/Query/Invoice/Async/Status/{element}");
        let status = session.get(&path).await.ok(200);
        assert_eq!(status["processingCode"], u64::from(failure), "{process:?} {:?}", stage.step);
        assert!(status["processingDescription"].as_str().unwrap().starts_with("30012:"));
    }
}

#[tokio::test(start_paused = true)]
async fn each_step_of_credentials_can_fail() {
    for stage in Process::Credentials.stages() {
        let sandbox = calm().await;
        let ksef = sandbox.ksef_v1();
        let owner = owner(ksef).await;
        ksef.fail_step(StepFault::new(Process::Credentials, stage.step, SCRIPTED));
        let body = json!({"grantCredentials": {
            "credentialsIdentifier": {"type": "pesel", "identifier": "00810100026"},
            "credentialsRoleList": [{"roleType": "invoice_read", "roleDescription": "czytanie"}],
        }});
        let answer = owner.post("/online/Credentials/Grant", &body).await.ok(202);
        ksef.settle().await;
        let element = answer["elementReferenceNumber"].as_str().unwrap();
        let path = format!("/online/Credentials/Status/{element}");
        check(&owner.get(&path).await.ok(200), *stage, Process::Credentials);
    }
}

/// The codes that a status shows when it is asked every half second.
async fn seen(ask: impl AsyncFn() -> u64) -> Vec<u64> {
    let mut codes = vec![ask().await];
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let code = ask().await;
        if codes.last() != Some(&code) {
            codes.push(code);
        }
    }
    codes
}

/// The codes of a process that goes well.
fn codes(process: Process) -> Vec<u64> {
    let stages = process.stages();
    let successes = stages.iter().map(|stage| u64::from(stage.success));
    std::iter::once(100).chain(successes).collect()
}

#[tokio::test(start_paused = true)]
async fn the_codes_of_invoices_and_sessions_are_those_of_the_specification() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login(ksef, ALFA).await;
    ksef.set_pace(Duration::from_secs(1));
    let element = session.put_invoice(&invoice("S/1")).await;
    let invoice =
        seen(async || session.invoice_status(&element).await["processingCode"].as_u64().unwrap());
    assert_eq!(invoice.await, codes(Process::Invoice));
    session.get("/online/Session/Terminate").await.ok(200);
    assert_eq!(seen(async || session.code().await).await, [350, 355, 360, 200]);
    let request = token_request(ksef, ALFA, &ksef.token(ALFA).unwrap(), "").await;
    let answer = post_bytes(ksef, "/online/Session/InitToken", &[], request).await.ok(201);
    let reference = answer["referenceNumber"].as_str().unwrap();
    let opening = seen(async || status(ksef, reference).await["processingCode"].as_u64().unwrap());
    assert_eq!(opening.await, [100, 310, 315]);
}

#[tokio::test(start_paused = true)]
async fn the_codes_of_packages_and_queries_are_those_of_the_specification() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let package = package(&files(2), 1);
    let init = package.try_init(ksef).await.ok(201);
    let reference = init["referenceNumber"].as_str().unwrap();
    upload(ksef, &init, 0, &package.parts[0]).await.ok(201);
    ksef.set_pace(Duration::from_secs(1));
    super::batch::finish(ksef, reference).await.ok(200);
    let batch = seen(async || status(ksef, reference).await["processingCode"].as_u64().unwrap());
    assert_eq!(batch.await, codes(Process::Batch));
    let session = login(ksef, ALFA).await;
    let body = super::queries::incremental("subject1");
    let answer = session.post("/online/Query/Invoice/Async/Init", &body).await.ok(202);
    let element = answer["elementReferenceNumber"].as_str().unwrap();
    let path = format!("/online/Query/Invoice/Async/Status/{element}");
    let query = seen(async || session.get(&path).await.ok(200)["processingCode"].as_u64().unwrap());
    assert_eq!(query.await, codes(Process::Query));
}
