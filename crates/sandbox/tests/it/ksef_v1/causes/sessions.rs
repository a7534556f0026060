//! Sessions: their tokens, their states, and what is no request at all.

use std::time::Duration;

use http::Method;
use sandbox::ksef_v1::Limits;
use serde_json::json;

use super::super::client::*;
use super::{Provoked, provoked};

const STATUS: &str = "/online/Session/Status";

pub(super) async fn provoke() -> Vec<Provoked> {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let missing = get(ksef, STATUS, &[]).await.code();
    let unknown = get(ksef, STATUS, &[("SessionToken", "nobody")]).await.code();
    let failed = sign_in(ksef, ALFA, "expired-seal", "SerialNumber").await.unwrap();
    ksef.settle().await;
    let failed = failed.get(STATUS).await.code();
    let session = login(ksef, ALFA).await;
    session.terminate().await;
    let ended = session.get(STATUS).await.code();
    let session = login(ksef, ALFA).await;
    tokio::time::advance(Duration::from_secs(120 * 60)).await;
    let expired = session.get(STATUS).await.code();
    ksef.settle().await;
    ksef.set_pace(Duration::from_secs(1));
    let early = sign_in(ksef, ALFA, "seal", "SerialNumber").await.unwrap();
    let early = early.get("/online/Session/GenerateInternalIdentifier/0001").await.code();
    ksef.settle().await;
    ksef.set_pace(Duration::ZERO);

    let session = login(ksef, ALFA).await;
    let other = format!("{STATUS}/20260131-SE-0123456789-0123456789-AB");
    let other = session.get(&other).await.code();
    let malformed = session.get(&format!("{STATUS}/nonsense")).await.code();
    let path = "/online/Session/AuthorisationChallenge";
    let headers = [("content-type", "application/json")];
    let no_json = ask(ksef, Method::POST, path, &headers, "{").await.unwrap().code();
    let off = post(ksef, path, &json!({"contextIdentifier": {"type": "nip"}})).await.code();
    ksef.set_limits(Limits::none().of_operations(1, 100, 1000));
    session.get(STATUS).await.ok(200);
    let limited = session.get(STATUS).await.code();
    vec![
        provoked(21121, limited, "more requests than `set_limits` allows"),
        provoked(21149, unknown, "an unknown session token"),
        provoked(21153, failed, "a session whose authentication failed"),
        provoked(21154, ended, "a session that was terminated"),
        provoked(21170, expired, "a session that was idle for 120 minutes"),
        provoked(21171, missing, "no session token"),
        provoked(21173, other, "the number of a session that does not exist in the context"),
        provoked(21180, malformed, "a malformed parameter, or an unknown path"),
        provoked(21304, early, "a synchronous call before step 315"),
        provoked(21404, no_json, "a body that is no JSON"),
        provoked(21405, off, "JSON off its schema"),
    ]
}
