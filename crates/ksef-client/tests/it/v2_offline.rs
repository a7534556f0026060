//! The queue of invoices that were issued offline: what was printed is what is kept, and deadlines
//! are known whatever happens.

use std::{path::Path, sync::Arc};

use chrono::{DateTime, Utc};
use common_core::{
    clock::{Clock, ManualClock},
    ident::Nip,
    store::Store,
};
use common_store::{MemoryStore, SqliteStore};
use ksef_client::{
    check::Profile,
    v2::{
        DurableError, Environment, FormCode,
        offline::{Due, Issuer, Mode, Outage, OutageKind, Rule},
        outbox::{Draft, Fate, Outbox},
    },
};
use ksef_crypto::{
    certificate::Certificate,
    keys::{LocalSigner, PrivateKey},
    link::{Environment as Host, Link},
    number::ContextIdentifier,
    qr::Correction,
};
use sandbox::ksef_v2;

use crate::{
    support::{ALFA, BETA, dropped_after},
    v2_brittle::{Brittle, BrittleStore, Broken},
    v2_outbox::{House, options},
    v2_support::{assert_expected, invoice},
    v2_test_data_support::latarnia,
};

fn vector(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/ksef/vectors/links");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Whoever issues for that seller, and the certificate by which.
fn issuer(name: &str) -> (Issuer, Certificate) {
    let certificate = Certificate::from_pem(&vector(&format!("{name}.crt.pem"))).unwrap();
    let key = PrivateKey::from_pem(&vector(&format!("{name}.key.pem"))).unwrap();
    let signer = LocalSigner::new(key, certificate.clone()).unwrap();
    (Issuer::new(Host::Test, Nip::parse(ALFA).unwrap(), signer), certificate)
}

fn brittle() -> Arc<BrittleStore> {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at("2026-02-03T10:00:00Z".parse().unwrap()));
    Arc::new(BrittleStore::new(MemoryStore::new(clock), Brittle::default()))
}

fn outbox(store: &Arc<BrittleStore>) -> Outbox {
    Outbox::new(store.clone() as Arc<dyn Store>, "nip-alfa").unwrap()
}

/// An invoice that was issued on that day.
fn dated(number: &str, day: &str) -> String {
    let invoice = String::from_utf8(invoice(ALFA, BETA, number)).unwrap();
    invoice.replace("<P_1>2025-10-01</P_1>", &format!("<P_1>{day}</P_1>"))
}

fn offline(number: &str, mode: Mode, day: &str) -> Draft {
    Draft::new(dated(number, day), FormCode::FA_3).offline(mode, day.parse().unwrap())
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn failure(start: &str, end: Option<&str>) -> Outage {
    Outage { kind: OutageKind::Failure, start: at(start), end: end.map(at) }
}

#[tokio::test]
async fn what_is_printed_leads_to_the_invoice_and_says_who_issued_it() {
    for key in ["rsa", "p256"] {
        let (issuer, certificate) = issuer(key);
        let context = ContextIdentifier::parse("Nip", BETA).unwrap();
        let issuer = issuer.in_context(context.clone());
        let outbox = outbox(&brittle());
        let draft = offline("O/1", Mode::Offline24, "2026-02-06");
        let printed = outbox.issue(&draft, &issuer).await.unwrap();
        assert_eq!(printed.fate, Fate::Waiting);
        let link = printed.codes.invoice.to_string();
        let expected = format!(
            "https://qr-test.ksef.mf.gov.pl/invoice/{ALFA}/06-02-2026/{}",
            draft.hash().base64url()
        );
        assert_eq!(link, expected);
        assert!(Link::parse(&link).unwrap().matches(draft.bytes()));
        let certified = &printed.codes.certificate;
        assert!(certified.matches(draft.bytes()));
        assert_eq!((certified.context(), certified.seller().as_str()), (&context, ALFA));
        assert_eq!(certified.verify(certificate.public_key().unwrap()), Ok(()));
        let [kod_i, kod_ii] = printed.codes.symbols(Correction::Low).unwrap();
        assert!(kod_i.svg().contains("OFFLINE") && kod_ii.svg().contains("CERTYFIKAT"));
    }
}

#[tokio::test]
async fn codes_that_were_handed_over_come_back_after_every_death() {
    let (issuer, _) = issuer("p256");
    let draft = offline("O/1", Mode::Offline24, "2026-02-06");
    for pauses in 0.. {
        let store = brittle();
        let ended = dropped_after(outbox(&store).issue(&draft, &issuer), pauses).await;
        let kept = outbox(&store).codes(&draft.hash()).await.unwrap();
        let again = outbox(&store).issue(&draft, &issuer).await.unwrap();
        // What was kept is what may have been printed; another signature would be another code.
        assert!(kept.is_none_or(|kept| kept == again.codes), "after {pauses} pauses");
        assert_eq!(outbox(&store).timetable().await.unwrap().all().len(), 1);
        if let Some(first) = ended {
            assert!(pauses > 4, "{pauses}");
            assert_eq!(first.unwrap(), again);
            return;
        }
    }
}

#[tokio::test]
async fn a_store_that_breaks_down_leaves_codes_and_invoice_or_neither_told() {
    let (issuer, _) = issuer("p256");
    let draft = offline("O/1", Mode::Offline24, "2026-02-06");
    for (calls, how) in (0..4).flat_map(|calls| [(calls, Broken::Before), (calls, Broken::After)]) {
        let store = brittle();
        store.around.break_after(calls, how);
        let outbox = outbox(&store);
        let failed = outbox.issue(&draft, &issuer).await;
        assert!(matches!(failed, Err(DurableError::Store(_))), "{calls} {how:?}");
        let kept = outbox.codes(&draft.hash()).await.unwrap();
        let printed = outbox.issue(&draft, &issuer).await.unwrap();
        assert!(kept.is_none_or(|kept| kept == printed.codes), "{calls} {how:?}");
    }
}

#[tokio::test]
async fn two_that_issue_the_same_invoice_print_the_same() {
    let store = brittle();
    let (one, other) = (outbox(&store), outbox(&store));
    let (issuer, _) = issuer("p256");
    let draft = offline("O/1", Mode::Offline24, "2026-02-06");
    let (one, other) = tokio::join!(one.issue(&draft, &issuer), other.issue(&draft, &issuer));
    assert_eq!(one.unwrap().codes, other.unwrap().codes);
}

#[tokio::test]
async fn codes_survive_a_file_and_go_with_the_fate() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    let open = || -> Outbox {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path).unwrap());
        Outbox::new(store, "nip-alfa").unwrap()
    };
    let (issuer, _) = issuer("p256");
    let draft = offline("O/1", Mode::Offline24, "2026-02-06");
    let codes = open().issue(&draft, &issuer).await.unwrap().codes;
    assert_eq!(open().codes(&draft.hash()).await.unwrap(), Some(codes));
    assert!(!open().forget(&draft.hash()).await.unwrap(), "it waits");
    let written = std::fs::read(&path).unwrap();
    let key = vector("p256.key.pem");
    let secret = key.lines().nth(1).unwrap().as_bytes();
    assert!(!written.windows(secret.len()).any(|window| window == secret));
}

#[tokio::test]
async fn codes_are_for_what_was_issued_offline_and_would_not_be_refused() {
    let (issuer, _) = issuer("p256");
    let outbox = outbox(&brittle()).checked(Profile::at(&Environment::Test));
    let plain = Draft::new(invoice(ALFA, BETA, "O/1"), FormCode::FA_3);
    assert!(matches!(outbox.issue(&plain, &issuer).await, Err(DurableError::NotOffline)));
    let day = "2026-02-06".parse().unwrap();
    let wrong = Draft::new(&b"<Faktura/>"[..], FormCode::FA_3).offline(Mode::Offline24, day);
    let Err(DurableError::Findings(report)) = outbox.issue(&wrong, &issuer).await else { panic!() };
    assert!(!report.findings().is_empty());
    assert_eq!(outbox.fate(&wrong.hash()).await.unwrap(), None);
    assert_eq!(outbox.codes(&wrong.hash()).await.unwrap(), None);
}

#[tokio::test]
async fn codes_that_would_name_another_seller_or_day_are_not_made() {
    let (issuer, _) = issuer("p256");
    let outbox = outbox(&brittle());
    let day = "2026-02-06";
    let of_day = |bytes: String| {
        Draft::new(bytes, FormCode::FA_3).offline(Mode::Offline24, day.parse().unwrap())
    };
    let other_day = of_day(dated("O/1", "2026-02-05"));
    let other_seller = of_day(dated("O/1", day).replace(ALFA, "9990000132"));
    for (draft, what) in [(other_day, "day of issue"), (other_seller, "seller")] {
        let refused = outbox.issue(&draft, &issuer).await;
        assert!(matches!(refused, Err(DurableError::CodesDiffer(told)) if told == what));
        assert_eq!(outbox.codes(&draft.hash()).await.unwrap(), None);
        assert_eq!(outbox.fate(&draft.hash()).await.unwrap(), None);
    }
    outbox.issue(&of_day(dated("O/1", day)), &issuer).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_invoice_that_was_put_in_and_then_issued_offline_is_offline() {
    let house = House::new().await;
    let (issuer, _) = issuer("p256");
    let bytes = invoice(ALFA, BETA, "O/1");
    house.put_bytes(bytes.clone()).await;
    let day = "2025-10-01".parse().unwrap();
    let draft = Draft::new(bytes, FormCode::FA_3).offline(Mode::Offline24, day);
    assert_eq!(house.outbox.issue(&draft, &issuer).await.unwrap().fate, Fate::Waiting);
    assert_eq!(house.outbox.timetable().await.unwrap().all().len(), 1);
    house.carry_all(&house.carrier("a")).await;
    house.assert_true(1).await;
    assert_eq!(house.sandbox.ksef_v2().received().len(), 1, "the bytes were sent once");
    assert_expected(&house.sandbox);
}

#[tokio::test]
async fn the_nearest_deadline_comes_first_and_what_was_missed_is_told() {
    let outbox = outbox(&brittle());
    let drafts = [
        offline("none", Mode::TotalFailure, "2026-02-02"),
        offline("friday", Mode::Offline24, "2026-02-06"),
        offline("tuesday", Mode::Offline24, "2026-02-03"),
        offline("emergency", Mode::Emergency, "2026-02-09"),
    ];
    for draft in &drafts {
        outbox.put(draft).await.unwrap();
    }
    outbox.put(&Draft::new(&b"<online/>"[..], FormCode::FA_3)).await.unwrap();
    outbox.enter_outage(&failure("2026-02-09T08:00:00Z", None)).await.unwrap();
    let table = outbox.timetable().await.unwrap();
    let hashes: Vec<_> = table.all().iter().map(|dated| dated.hash).collect();
    // A failure on Monday moves the invoice of Friday, whose deadline runs until then.
    let [none, friday, tuesday, emergency] = drafts.each_ref().map(Draft::hash);
    assert_eq!(hashes[0], tuesday);
    assert!(hashes[1..3].contains(&friday) && hashes[1..3].contains(&emergency));
    assert_eq!(hashes[3..], [none]);
    assert_eq!(table.overdue(at("2026-02-04T22:59:59Z")), []);
    let missed = table.overdue(at("2026-02-04T23:00:00Z"));
    assert_eq!(missed.iter().map(|dated| dated.hash).collect::<Vec<_>>(), [tuesday]);
    assert_eq!(missed[0].deadline.rule, Rule::DayAfterIssue);

    // The end is known: both have seven business days after it.
    outbox
        .enter_outage(&failure("2026-02-09T08:00:00Z", Some("2026-02-10T08:00:00Z")))
        .await
        .unwrap();
    let table = outbox.timetable().await.unwrap();
    let moved = table.all().iter().filter(|dated| dated.hash == friday);
    let dues: Vec<_> = moved.map(|dated| dated.deadline.due).collect();
    assert_eq!(dues, [Due::On("2026-02-19".parse().unwrap())]);
    outbox.strike_out_outage(&failure("2026-02-09T08:00:00Z", None)).await.unwrap();
    assert_eq!(outbox.outages().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn outages_that_were_heard_of_are_known_after_a_restart_and_in_silence() {
    let house = House::new().await;
    let draft = offline("O/1", Mode::Emergency, "2026-02-03");
    house.outbox.put(&draft).await.unwrap();
    let start = at("2026-02-03T06:00:00Z");
    let outage = ksef_v2::Outage::new(ksef_v2::OutageKind::Failure, start);
    house.sandbox.ksef_v2().announce_outage(&outage);
    let carrier = house.carrier("a").heeding(latarnia(&house.sandbox));
    carrier.step().await.unwrap();
    drop(carrier);
    // Another process, which reaches nobody.
    let outbox = outbox(&house.store);
    let table = outbox.timetable().await.unwrap();
    assert_eq!(table.all()[0].deadline.due, Due::AfterOutage);
    assert_eq!(outbox.outages().await.unwrap(), [failure("2026-02-03T06:00:00Z", None)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_due_tonight_overtakes_what_is_not() {
    let house = House::new().await;
    for number in 0..3 {
        house.put(&format!("N/{number}")).await;
    }
    let today = house.account.clock().now().date_naive();
    let later = Draft::new(invoice(ALFA, BETA, "later"), FormCode::FA_RR)
        .offline(Mode::Offline24, today + chrono::TimeDelta::days(5));
    let overdue = offline("overdue", Mode::Offline24, "2025-10-01");
    house.outbox.put(&later).await.unwrap();
    house.outbox.put(&overdue).await.unwrap();
    house.carry_all(&house.carrier("a")).await;
    let received = house.sandbox.ksef_v2().received();
    let hashes: Vec<_> = received.iter().map(|one| one.hash.as_str()).collect();
    assert_eq!(hashes.first(), Some(&overdue.hash().base64().as_str()));
    assert_eq!(hashes.last(), Some(&later.hash().base64().as_str()));
    assert_eq!(hashes.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_technical_correction_is_issued_once_and_found_again() {
    let house = House::new().await;
    let day = "2025-10-01".parse().unwrap();
    let broken = Draft::new(&b"<Faktura>"[..], FormCode::FA_3).offline(Mode::Offline24, day);
    house.outbox.put(&broken).await.unwrap();
    let carrier = house.carrier("a");
    house.carry_all(&carrier).await;
    assert!(matches!(house.fate(&broken.hash()).await, Fate::Refused(_)));
    let right = offline("T/1", Mode::Offline24, "2025-10-01").correcting(&broken.hash());
    house.outbox.put(&right).await.unwrap();
    house.carry_all(&carrier).await;
    let Fate::Issued(issued) = house.fate(&right.hash()).await else { panic!() };
    // Another correction of the same invoice comes too late, and is told which one was first.
    let other = offline("T/2", Mode::Offline24, "2025-10-01").correcting(&broken.hash());
    house.outbox.put(&other).await.unwrap();
    house.carry_all(&carrier).await;
    let fate = house.fate(&other.hash()).await;
    assert!(matches!(&fate, Fate::Refused(why) if why.code == Some(21166)), "{fate:?}");
    // The very same one, sent from elsewhere, is found to be issued.
    let elsewhere = Outbox::new(brittle() as Arc<dyn Store>, "nip-alfa").unwrap();
    elsewhere.put(&right).await.unwrap();
    let carrier = elsewhere.carrier(house.account.clone(), options("b"));
    carrier.step().await.unwrap();
    let fate = elsewhere.fate(&right.hash()).await.unwrap().unwrap();
    assert!(matches!(&fate, Fate::Issued(again) if again.number == issued.number), "{fate:?}");
}
