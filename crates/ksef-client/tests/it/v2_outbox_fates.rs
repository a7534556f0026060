//! Fates come as early as KSeF tells them, are told of the invoice and of nothing else, and nothing
//! that is stuck holds up anything else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use common_core::store::{BoxFuture, Position, Store};
use common_http::{Body, BodyStream, Transport, TransportError};
use http::Method;
use ksef_client::{
    check::Profile,
    v2::{
        DurableError, Environment, ErrorKind, FormCode,
        login::Credential,
        offline::Mode,
        outbox::{CarrierOptions, Draft, Fate, Outbox, Step},
    },
};
use ksef_crypto::{
    link::InvoiceHash,
    xades::{Policy, Sha1, Trust},
};
use sandbox::{
    fault::{Fault, Rule, Turn},
    ksef_v2::{Identity, Maintenance, Permission},
};

use crate::{
    support::{ALFA, BETA, InProcess, dropped_after},
    v2_brittle::Broken,
    v2_outbox::{House, LEASE, SEND, options},
    v2_support::{assert_expected, invoice, nip, once, quick},
};

/// A way on which KSeF seems to fail on every invoice of a session, as long as it is told to.
#[derive(Debug)]
struct Failing {
    way: InProcess,
    /// What is put in place of the status that the service gave.
    status: &'static str,
    fails: Arc<AtomicBool>,
}

impl Transport for Failing {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        Box::pin(async move {
            let path = request.uri().path();
            let is_list = path.contains("/sessions/") && path.ends_with("/invoices");
            let fails =
                is_list && request.method() == Method::GET && self.fails.load(Ordering::Relaxed);
            let answer = self.way.send(request).await?;
            if !fails {
                return Ok(answer);
            }
            let (mut parts, body) = answer.into_parts();
            let body = String::from_utf8(body.collect(1_000_000).await.unwrap().to_vec()).unwrap();
            let body = ["\"code\":200", "\"code\":440"]
                .into_iter()
                .fold(body, |body, code| body.replace(code, self.status));
            parts.headers.remove(http::header::CONTENT_LENGTH);
            Ok(http::Response::from_parts(parts, BodyStream::whole(Bytes::from(body))))
        })
    }
}

async fn failing(status: &'static str) -> (House, Arc<AtomicBool>) {
    let fails = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&fails);
    let house = House::with(move |way| Failing { way, status, fails: flag }).await;
    (house, fails)
}

#[tokio::test(start_paused = true)]
async fn a_number_is_known_while_the_session_goes_on_and_its_confirmation_is_there() {
    let house = House::new().await;
    house.sandbox.ksef_v2().set_pace(Duration::from_secs(10));
    let bytes = invoice(ALFA, BETA, "FV/1");
    let hash = house.put_bytes(bytes.clone()).await;
    let late = house.put("FV/2").await;
    let delay = Rule::new(Fault::DelayBefore { ms: 15_000 }).on(&Method::POST, SEND);
    house.sandbox.ksef_v2().faults().push(delay.turn(Turn::Nth(2)));
    let carrier = house.outbox.carrier(house.account.clone(), options("a").at_a_time(1));
    assert_eq!(carrier.step().await.unwrap(), Step::Carried { decided: 1, left: 1 });
    assert_eq!(house.fate(&late).await, Fate::Waiting);
    let Fate::Issued(issued) = house.fate(&hash).await else { panic!() };
    let session = &house.sandbox.ksef_v2().sessions()[0];
    assert_eq!(session.status, 170, "the session has not ended yet");
    let policy = Policy::new(Trust::AnyCertificate).sha1(Sha1::CertificateDigest);
    let confirmed = issued.confirmation(&house.account, &hash, &policy).await.unwrap();
    assert!(confirmed.row.confirms(&bytes));
    assert_eq!(confirmed.row.ksef_number, issued.number.as_str());
    let other = InvoiceHash::of(b"another invoice");
    let refused = issued.confirmation(&house.account, &other, &policy).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Corrupt);
    house.carry_all(&carrier).await;
    house.assert_true(2).await;
    assert_expected(&house.sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_for_an_hour_leaves_nothing_unresolved() {
    let (house, fails) = failing("\"code\":550").await;
    let hash = house.put("FV/1").await;
    let carrier = house.carrier("a");
    let began = tokio::time::Instant::now();
    while began.elapsed() < Duration::from_secs(3_600) {
        let _ = carrier.step().await;
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(house.fate(&hash).await, Fate::Waiting);
    }
    let sessions = house.sandbox.ksef_v2().sessions().len();
    assert!((5..20).contains(&sessions), "it rests longer and longer: {sessions}");
    fails.store(false, Ordering::Relaxed);
    for _ in 0..100 {
        let _ = carrier.step().await;
    }
    // It was stored the first time: the service says so (440), and it is the same.
    assert!(matches!(house.fate(&hash).await, Fate::Issued(_)));
    house.assert_true(1).await;
}

#[tokio::test(start_paused = true)]
async fn what_ksef_never_decides_about_is_given_up_and_not_called_refused() {
    for (status, code) in [("\"code\":550", 550), ("\"code\":435", 435), ("\"code\":405", 405)] {
        let (house, _) = failing(status).await;
        let hash = house.put("FV/1").await;
        let options = options("a").give_up_after(Duration::ZERO);
        let carrier = house.outbox.carrier(house.account.clone(), options);
        house.carry_all(&carrier).await;
        let fate = house.fate(&hash).await;
        assert!(matches!(&fate, Fate::Unresolved(why) if why.code == Some(code)), "{fate:?}");
    }
    // A file that does not fit what was declared is sent twice; then it is its size.
    let (house, _) = failing("\"code\":430").await;
    let hash = house.put("FV/1").await;
    house.carry_all(&house.carrier("a")).await;
    assert!(matches!(house.fate(&hash).await, Fate::Refused(why) if why.code == Some(430)));
    assert_eq!(house.sandbox.ksef_v2().received().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_parcel_that_is_stuck_holds_up_no_other() {
    let house = House::new().await;
    let stuck = house.put("stuck").await;
    let carrier = house.carrier("a");
    let status = "/sessions/{referenceNumber}";
    once(&house.sandbox, &Method::GET, status, Fault::Reply { status: 503, retry_after: None });
    assert!(carrier.step().await.is_err());
    let session = house.sandbox.ksef_v2().sessions()[0].reference.clone();
    let rule = Rule::new(Fault::Reply { status: 503, retry_after: None });
    house.sandbox.ksef_v2().faults().push(rule.on(&Method::GET, &format!("/sessions/{session}")));
    let other = house.put("other").await;
    let began = tokio::time::Instant::now();
    assert!(matches!(carrier.step().await, Ok(Step::Carried { decided: 1, .. })));
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(matches!(house.fate(&other).await, Fate::Issued(_)));
    assert_eq!(house.fate(&stuck).await, Fate::Waiting);
    house.sandbox.ksef_v2().faults().clear();
    house.carry_all(&carrier).await;
    house.assert_true(2).await;
    assert_eq!(house.sandbox.ksef_v2().received().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_turn_ends_and_the_rest_goes_later() {
    let house = House::new().await;
    for number in 0..5 {
        house.put(&format!("T/{number}")).await;
    }
    house
        .sandbox
        .ksef_v2()
        .faults()
        .push(Rule::new(Fault::DelayBefore { ms: 1_000 }).on(&Method::POST, SEND));
    let options = options("a").at_a_time(1).turn(Duration::from_millis(1_500));
    let carrier = house.outbox.carrier(house.account.clone(), options);
    carrier.step().await.unwrap();
    assert_eq!(house.sandbox.ksef_v2().sessions()[0].received, 2);
    house.carry_all(&carrier).await;
    house.assert_true(5).await;
    assert_eq!(house.sandbox.ksef_v2().received().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_session_under_maintenance_is_left_for_another_one() {
    let house = House::new().await;
    house.sandbox.ksef_v2().set_maintenance(Maintenance::On);
    let hash = house.put("FV/1").await;
    let carrier = house.carrier("a");
    let began = tokio::time::Instant::now();
    let mut steps = 0;
    while began.elapsed() < Duration::from_secs(1_800) {
        steps += usize::from(carrier.step().await.is_ok());
    }
    assert_eq!(house.fate(&hash).await, Fate::Waiting);
    let sessions = house.sandbox.ksef_v2().sessions().len();
    assert!((2..15).contains(&sessions), "{sessions} sessions in {steps} steps");
    house.sandbox.ksef_v2().set_maintenance(Maintenance::Off);
    for _ in 0..60 {
        let _ = carrier.step().await;
    }
    house.assert_true(1).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_a_gateway_is_no_verdict() {
    let house = House::new().await;
    let hash = house.put("FV/1").await;
    for (nth, status) in [(1, 400), (2, 413)] {
        let rule = Rule::new(Fault::Reply { status, retry_after: None });
        house.sandbox.ksef_v2().faults().push(rule.on(&Method::POST, SEND).turn(Turn::Nth(nth)));
    }
    once(
        &house.sandbox,
        &Method::POST,
        "/sessions/online",
        Fault::Reply { status: 400, retry_after: None },
    );
    let carrier = house.carrier("a");
    house.carry_all(&carrier).await;
    assert!(matches!(house.fate(&hash).await, Fate::Issued(_)));
}

#[tokio::test]
async fn a_refusal_at_the_call_is_final_wherever_the_carrier_dies() {
    // The original was issued, so that its correction is refused when it is sent.
    for pauses in 0.. {
        let house = House::new().await;
        let original = house.put("FV/1").await;
        house.carry_all(&house.carrier("a")).await;
        let correction =
            Draft::new(invoice(ALFA, BETA, "FV/2"), FormCode::FA_3).correcting(&original);
        house.outbox.put(&correction).await.unwrap();
        let carrier = |name| {
            let options = options(name).pause(Duration::from_millis(5));
            house
                .outbox
                .carrier(house.account.clone(), options.patience(quick().within(LEASE / 60)))
        };
        let ended = dropped_after(carrier("a").step(), pauses * 5).await.is_some();
        house.outbox.compact().await.unwrap();
        house.clock.advance(LEASE + Duration::from_secs(1));
        house.carry_all(&carrier("b")).await;
        let fate = house.fate(&correction.hash()).await;
        assert!(matches!(&fate, Fate::Refused(why) if why.code == Some(21167)), "{fate:?}");
        house.assert_true(1).await;
        if ended {
            assert!(pauses > 5, "{pauses}");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_invoice_that_is_put_in_again_is_never_thrown_away() {
    let house = House::new().await;
    let wrong = Draft::new(&b"<Faktura/>"[..], FormCode::FA_3);
    for round in 1..4 {
        assert_eq!(house.outbox.put(&wrong).await.unwrap(), Fate::Waiting);
        house.carry_all(&house.carrier("a")).await;
        assert!(matches!(house.fate(&wrong.hash()).await, Fate::Refused(_)));
        assert_eq!(house.sandbox.ksef_v2().received().len(), round);
        assert!(house.outbox.forget(&wrong.hash()).await.unwrap());
        assert_eq!(house.outbox.compact().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn putting_in_and_carrying_may_meet_anywhere() {
    let day = "2025-10-01".parse().unwrap();
    let bytes = invoice(ALFA, BETA, "FV/1");
    let plain = Draft::new(bytes.clone(), FormCode::FA_3);
    let offline = Draft::new(bytes, FormCode::FA_3).offline(Mode::Offline24, day);
    for (waits, stops) in [(false, false), (false, true), (true, false), (true, true)] {
        for pauses in 0.. {
            let house = House::new().await;
            if waits {
                house.outbox.put(&plain).await.unwrap();
            }
            // A put that stops in the middle, a carrier that works or only sorts, and the put that
            // goes on.
            let mut put = std::pin::pin!(house.outbox.put(&offline));
            let ended = dropped_after(put.as_mut(), pauses).await;
            if stops {
                let fault = Fault::Reply { status: 503, retry_after: None };
                once(&house.sandbox, &Method::POST, "/sessions/online", fault);
            }
            let stepped = house.carrier("a").step().await;
            assert!(stepped.is_ok() || stops);
            if ended.is_none() {
                put.await.unwrap();
            }
            house.sandbox.ksef_v2().faults().clear();
            house.clock.advance(LEASE + Duration::from_secs(1));
            house.carry_all(&house.carrier("b")).await;
            let told = (waits, stops, pauses);
            let fate = house.fate(&plain.hash()).await;
            assert!(matches!(fate, Fate::Issued(_)), "{told:?} {fate:?}");
            house.assert_true(1).await;
            assert_eq!(house.sandbox.ksef_v2().received().len(), 1, "{told:?}");
            if ended.is_some() {
                assert!(pauses > 4, "{pauses}");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_breaks_down_at_any_call_loses_and_doubles_nothing() {
    let mut calls = 0;
    for at in (0..).step_by(3) {
        for how in [Broken::Before, Broken::After] {
            let house = House::new().await;
            house.put("FV/1").await;
            house.put("FV/2").await;
            let before = house.store.around.calls();
            house.store.around.break_after(at, how);
            let carrier = house.carrier("a");
            for _ in 0..30 {
                let _ = carrier.step().await;
            }
            assert_eq!(house.outbox.waiting(Position::START, 10).await.unwrap(), []);
            house.assert_true(2).await;
            assert_eq!(house.sandbox.ksef_v2().received().len(), 2, "call {at} {how:?}");
            calls = house.store.around.calls() - before;
        }
        if at > 60 {
            break;
        }
    }
    assert!(calls > 60, "{calls}");
}

#[tokio::test(start_paused = true)]
async fn what_ksef_would_refuse_is_not_put_in() {
    let house = House::new().await;
    let profile = Profile::at(&Environment::Test);
    let outbox = house.outbox.clone().checked(profile);
    let wrong = Draft::new(&b"<Faktura/>"[..], FormCode::FA_3);
    let Err(DurableError::Findings(report)) = outbox.put(&wrong).await else { panic!() };
    assert!(!report.passes());
    assert_eq!(outbox.fate(&wrong.hash()).await.unwrap(), None);
    assert_eq!(outbox.waiting(Position::START, 10).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn an_account_without_its_right_ends_the_work_and_a_broken_service_does_not() {
    let house = House::new().await;
    house.put("FV/1").await;
    let path = "/sessions/online";
    let faults = house.sandbox.ksef_v2().faults();
    let reply = |status| Rule::new(Fault::Reply { status, retry_after: None });
    for (turn, status) in [503, 302, 404, 403].into_iter().enumerate() {
        faults.push(reply(status).on(&Method::POST, path).turn(Turn::Nth(turn as u64 + 1)));
    }
    let right = [Permission::InvoiceRead];
    let token = house.sandbox.ksef_v2().issue_token(&Identity::nip(ALFA), &right);
    let client = house.account.client();
    let account = client.account(nip(ALFA)).credential(Credential::token(token)).build();
    let carrier = house.outbox.carrier(account, options("a"));
    let mut failures = 0;
    let error = carrier.run(|step| failures += usize::from(step.is_err())).await;
    assert!(matches!(error, DurableError::Ksef(error) if error.kind() == ErrorKind::Forbidden));
    assert!((1..=5).contains(&failures), "{failures}");
    // Another account goes on.
    house.carry_all(&house.carrier("b")).await;
    house.assert_true(1).await;
}

/// What is written by a newer version of this program is left alone, and the rest goes on.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_holds_up_nothing_else() {
    let house = House::new().await;
    let store: &dyn Store = &*house.store;
    let journal = "ksef2/nip-alfa/out/invoices";
    let strange = vec![b"{\"form\":7}\n<x/>".to_vec()];
    store.append(journal, strange, None).await.unwrap();
    let key = "ksef2/nip-alfa/out/parcel/99999999999999999999";
    let change = common_core::store::Change::Put { value: b"?".to_vec(), expires_at: None };
    store.swap(key, common_core::store::Expect::Absent, change, None).await.unwrap();
    let hash = house.put("FV/1").await;
    let carrier = house.outbox.carrier(house.account.clone(), CarrierOptions::new("a"));
    let _ = carrier.step().await;
    assert!(matches!(house.fate(&hash).await, Fate::Issued(_)));
    assert!(matches!(carrier.step().await, Err(DurableError::Corrupt(_))));
    let _ = Outbox::compact(&house.outbox).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_that_cannot_be_looked_up_holds_up_no_other() {
    let house = House::new().await;
    let first = Outbox::new(house.store.clone() as Arc<dyn Store>, "restored").unwrap();
    let draft = Draft::new(invoice(ALFA, BETA, "FV/1"), FormCode::FA_3);
    first.put(&draft).await.unwrap();
    let carrier = first.carrier(house.account.clone(), options("a"));
    assert_eq!(carrier.step().await.unwrap(), Step::Carried { decided: 1, left: 0 });
    let original = house.sandbox.ksef_v2().sessions()[0].reference.clone();
    let rule = Rule::new(Fault::Reply { status: 503, retry_after: None });
    let list = format!("/sessions/{original}/invoices");
    house.sandbox.ksef_v2().faults().push(rule.on(&Method::GET, &list));
    // The same invoice once more, from an outbox that knows nothing of the first.
    let again = house.put("FV/1").await;
    let carrier = house.carrier("b");
    for number in 2..6 {
        let other = house.put(&format!("FV/{number}")).await;
        for _ in 0..20 {
            let _ = carrier.step().await;
            if house.fate(&other).await != Fate::Waiting {
                break;
            }
        }
        assert!(matches!(house.fate(&other).await, Fate::Issued(_)), "FV/{number}");
        assert_eq!(house.fate(&again).await, Fate::Waiting);
    }
    house.sandbox.ksef_v2().faults().clear();
    let began = tokio::time::Instant::now();
    while house.fate(&again).await == Fate::Waiting {
        let _ = carrier.step().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(began.elapsed() < Duration::from_secs(3600));
    }
    assert!(matches!(house.fate(&again).await, Fate::Issued(_)));
    assert_eq!(house.sandbox.ksef_v2().invoices().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_is_put_in_while_no_session_can_be_opened_goes_together() {
    let house = House::new().await;
    let rule = Rule::new(Fault::Reply { status: 503, retry_after: None });
    house.sandbox.ksef_v2().faults().push(rule.on(&Method::POST, "/sessions/online"));
    let carrier = house.carrier("a");
    for number in 0..40 {
        house.put(&format!("FV/{number}")).await;
        let _ = carrier.step().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    house.sandbox.ksef_v2().faults().clear();
    let began = tokio::time::Instant::now();
    while !house.outbox.waiting(Position::START, 1).await.unwrap().is_empty() {
        let _ = carrier.step().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(began.elapsed() < Duration::from_secs(7200));
    }
    house.assert_true(40).await;
    let sessions = house.sandbox.ksef_v2().sessions().len();
    assert!(sessions < 16, "{sessions} sessions");
}

#[tokio::test(start_paused = true)]
async fn time_in_which_nobody_tried_gives_nothing_up() {
    let (house, fails) = failing("\"code\":550").await;
    let hash = house.put("FV/1").await;
    let carrier = house.carrier("a");
    let _ = carrier.step().await;
    let before = house.sandbox.ksef_v2().sessions().len();
    tokio::time::advance(Duration::from_secs(3 * 86_400)).await;
    house.clock.advance(Duration::from_secs(3 * 86_400));
    for _ in 0..3 {
        let _ = carrier.step().await;
    }
    assert!(house.sandbox.ksef_v2().sessions().len() > before, "it failed again");
    assert_eq!(house.fate(&hash).await, Fate::Waiting);
    fails.store(false, Ordering::Relaxed);
    house.carry_all(&carrier).await;
    house.assert_true(1).await;
}
