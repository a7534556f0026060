//! Scripted faults on the three channels.

use std::time::Duration;

use http::Method;
use sandbox::crk::State;
use sandbox::fault::{Code, Fault, Rule, Turn};
use serde_json::json;
use tokio::time::Instant;

use super::client::{HARDWARE, Till, calm};

const MESSAGES: &str = "/e-kasy/publishers/{publisher}/messages";

#[tokio::test]
async fn a_lost_answer_of_fiscalisation_can_be_asked_for_again() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    till.tell("KFD", &till.own_certificates()).await;
    till.crk.faults().push(Rule::new(Fault::LoseAnswer).command("MFP").once());
    assert!(till.try_tell("MFP", &till.wish()).await.is_err());
    assert_eq!(till.crk.state(HARDWARE), Some(State::Started));
    let attributes = till.tell("MFP", &till.wish()).await.attributes();
    assert_eq!(attributes["cashRegisterNr"], "2026/000000001");
    till.crk.faults().push(Rule::new(Fault::DropRequest).command("FPD").once());
    assert!(till.try_tell("FPD", &json!({})).await.is_err());
    assert_eq!(till.crk.state(HARDWARE), Some(State::Started));
}

#[tokio::test]
async fn the_event_hub_fails_as_asked() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    till.fiscalise().await;
    let package = till.package(&till.receipts([1])).await;
    let faults = [
        (Fault::Unauthorized, 401, 0),
        (Fault::Reply { status: 500, retry_after: None }, 500, 0),
        (Fault::Code(Code::new("50002").unwrap()), 503, 0),
        (Fault::MaskAnswer { status: 500 }, 500, 1),
    ];
    for (fault, status, taken) in faults {
        till.crk.faults().clear();
        till.crk.faults().push(Rule::new(fault).on(&Method::POST, MESSAGES));
        assert_eq!(till.publish(&package).await, status);
        assert_eq!(till.crk.archive(HARDWARE).packages, taken);
    }
    till.crk.faults().clear();
    assert_eq!(till.publish(&package).await, 201);
    let archive = till.crk.archive(HARDWARE);
    assert_eq!((archive.packages, archive.resends, archive.received), (1, 1, 1));
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn the_webapi_is_late_and_refuses_as_asked() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    till.fiscalise().await;
    let faults = till.crk.faults();
    faults
        .push(Rule::new(Fault::DelayAfter { ms: 30_000 }).on(&Method::GET, "/api/Repository/Ping"));
    let begin = Instant::now();
    assert_eq!(till.get_webapi("Ping").await.status, 204);
    assert_eq!(begin.elapsed(), Duration::from_secs(30));
    faults.clear();
    let code = Fault::Code(Code::new("7").unwrap());
    faults.push(Rule::new(code).on(&Method::GET, "/api/Repository/Command").turn(Turn::Nth(2)));
    assert_eq!(till.get_webapi("Command").await.status, 204);
    assert_eq!(till.get_webapi("Command").await.refusal(), (400, "7".to_owned()));
    assert_eq!(till.get_webapi("Command").await.status, 204);
}
