//! Outboxes against the double: whatever breaks, every invoice is issued exactly once and has the
//! fate that its owner is told.

use std::{sync::Arc, time::Duration};

use common_core::{
    clock::{Clock, ManualClock, SystemClock},
    store::{Position, Store},
};
use common_http::VirtualClock;
use common_store::MemoryStore;
use http::Method;
use ksef_client::v2::{
    Account, DurableError, FormCode, Transport,
    offline::Mode,
    outbox::{Carrier, CarrierOptions, Draft, Fate, Outbox, Step},
};
use ksef_crypto::link::InvoiceHash;
use sandbox::{
    Sandbox,
    fault::{Fault, Rule},
    ksef_v2::{Outage, OutageKind},
};

use crate::{
    support::{ALFA, BETA, InProcess, dropped_after},
    v2_brittle::{Brittle, BrittleStore},
    v2_support::{account, assert_expected, beside, in_process, invoice, once, quick},
    v2_test_data_support::latarnia,
};

pub(crate) const SEND: &str = "/sessions/online/{referenceNumber}/invoices";
pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// A sandbox with a company's account, and an outbox in memory whose clock the test moves.
pub(crate) struct House {
    pub(crate) sandbox: Sandbox,
    pub(crate) account: Account,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<BrittleStore>,
    pub(crate) outbox: Outbox,
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(|transport| transport).await
    }

    /// A house whose way to the sandbox is changed.
    pub(crate) async fn with<T: Transport>(change: impl FnOnce(InProcess) -> T) -> Self {
        let sandbox = in_process().await;
        let transport = change(InProcess(sandbox.ksef_v2().service()));
        // Time that a test lets pass is time for the client, too.
        let time = Arc::new(VirtualClock::starting_at(SystemClock::new().now()));
        let client = beside(&sandbox).transport(transport).clock(time).build().unwrap();
        let account = account(&client, &sandbox, ALFA);
        let clock = Arc::new(ManualClock::at("2026-02-03T10:00:00Z".parse().unwrap()));
        let store = MemoryStore::new(clock.clone() as Arc<dyn Clock>);
        let store = Arc::new(BrittleStore::new(store, Brittle::default()));
        let outbox = Outbox::new(store.clone() as Arc<dyn Store>, "nip-alfa").unwrap();
        Self { sandbox, account, clock, store, outbox }
    }

    pub(crate) fn carrier(&self, name: &str) -> Carrier {
        self.outbox.carrier(self.account.clone(), options(name))
    }

    pub(crate) async fn put(&self, number: &str) -> InvoiceHash {
        self.put_bytes(invoice(ALFA, BETA, number)).await
    }

    pub(crate) async fn put_bytes(&self, bytes: Vec<u8>) -> InvoiceHash {
        let draft = Draft::new(bytes, FormCode::FA_3);
        assert_eq!(self.outbox.put(&draft).await.unwrap(), Fate::Waiting);
        draft.hash()
    }

    pub(crate) async fn fate(&self, hash: &InvoiceHash) -> Fate {
        self.outbox.fate(hash).await.unwrap().unwrap()
    }

    /// Carries until there is nothing left; failures of single steps are what is tried.
    pub(crate) async fn carry_all(&self, carrier: &Carrier) {
        for _ in 0..20 {
            if let Ok(Step::Idle) = carrier.step().await {
                break;
            }
        }
        assert_eq!(self.outbox.waiting(Position::START, 10).await.unwrap(), []);
    }

    /// Whether KSeF has exactly those invoices that the outbox says are issued.
    pub(crate) async fn assert_true(&self, expected: usize) {
        let mut told: Vec<_> = self
            .outbox
            .fates(None, 10_000)
            .await
            .unwrap()
            .into_iter()
            .filter_map(|(_, fate)| match fate {
                Fate::Issued(issued) => Some(issued.number.to_string()),
                _ => None,
            })
            .collect();
        let mut issued: Vec<_> =
            self.sandbox.ksef_v2().invoices().into_iter().map(|one| one.ksef_number).collect();
        told.sort();
        issued.sort();
        assert_eq!((told.len(), &told), (expected, &issued));
    }
}

pub(crate) fn options(name: &str) -> CarrierOptions {
    CarrierOptions::new(name).lease(LEASE).patience(quick())
}

#[tokio::test(start_paused = true)]
async fn what_is_put_in_is_issued_once_and_stays_known() {
    let house = House::new().await;
    let hash = house.put("FV/1").await;
    let carrier = house.carrier("a");
    assert_eq!(carrier.step().await.unwrap(), Step::Carried { decided: 1, left: 0 });
    assert_eq!(carrier.step().await.unwrap(), Step::Idle);
    let Fate::Issued(issued) = house.fate(&hash).await else { panic!() };
    assert!(issued.session.is_some() && issued.invoicing_date.is_some());
    let again = Draft::new(invoice(ALFA, BETA, "FV/1"), FormCode::FA_3);
    assert_eq!(house.outbox.put(&again).await.unwrap(), Fate::Issued(issued));
    assert_eq!(carrier.step().await.unwrap(), Step::Idle);
    assert_eq!(house.outbox.compact().await.unwrap(), 1);
    house.assert_true(1).await;
    assert_expected(&house.sandbox);
}

#[tokio::test(start_paused = true)]
async fn lost_answers_and_lost_requests_issue_every_invoice_once() {
    let house = House::new().await;
    let faults = [
        Fault::LoseAnswer,
        Fault::MaskAnswer { status: 502 },
        Fault::DropRequest,
        Fault::Reply { status: 503, retry_after: None },
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        once(&house.sandbox, &Method::POST, SEND, fault);
        house.put(&format!("FV/{number}")).await;
    }
    let carrier = house.carrier("a");
    house.carry_all(&carrier).await;
    house.assert_true(4).await;
    assert_eq!(house.sandbox.ksef_v2().received().len(), 4, "nothing was received twice");
    assert_expected(&house.sandbox);
}

#[tokio::test(start_paused = true)]
async fn every_call_may_lose_its_answer() {
    let paths = [
        (Method::POST, "/sessions/online"),
        (Method::POST, SEND),
        (Method::POST, "/sessions/online/{referenceNumber}/close"),
        (Method::GET, "/sessions/{referenceNumber}"),
        (Method::GET, "/sessions/{referenceNumber}/invoices"),
    ];
    for (method, path) in paths {
        let house = House::new().await;
        let rule = |fault| Rule::new(fault).on(&method, path).once();
        house.sandbox.ksef_v2().faults().push(rule(Fault::LoseAnswer));
        house.put("FV/1").await;
        house.put("FV/2").await;
        house.carry_all(&house.carrier("a")).await;
        house.assert_true(2).await;
        assert_eq!(house.sandbox.ksef_v2().received().len(), 2, "{path}");
    }
}

#[tokio::test]
async fn a_carrier_that_dies_anywhere_is_followed_by_one_that_goes_on() {
    let mut ended = false;
    for pauses in 0.. {
        let house = House::new().await;
        for number in 0..3 {
            house.put(&format!("D/{number}")).await;
        }
        let first = house.carrier("a");
        ended = dropped_after(first.step(), pauses).await.is_some();
        let second = house.carrier("b");
        // While the lease of the dead one lasts, nobody touches what it held.
        house.clock.advance(LEASE + Duration::from_secs(1));
        house.carry_all(&second).await;
        house.assert_true(3).await;
        assert_eq!(house.sandbox.ksef_v2().received().len(), 3, "after {pauses} pauses");
        if ended {
            assert!(pauses > 10, "{pauses}");
            break;
        }
    }
    assert!(ended);
}

#[tokio::test(start_paused = true)]
async fn what_another_carrier_holds_is_left_alone() {
    let house = House::new().await;
    house.put("FV/1").await;
    let rule = Rule::new(Fault::Reply { status: 503, retry_after: None });
    let path = "/sessions/online";
    house.sandbox.ksef_v2().faults().push(rule.on(&Method::POST, path).once());
    let (first, second) = (house.carrier("a"), house.carrier("b"));
    assert!(matches!(first.step().await, Err(DurableError::Ksef(_))));
    let (one, other) = tokio::join!(first.step(), second.step());
    let steps = [one.unwrap(), other.unwrap()];
    let carried = Step::Carried { decided: 1, left: 0 };
    assert!(steps.contains(&carried) && steps.contains(&Step::Idle), "{steps:?}");
    house.assert_true(1).await;
    assert_expected(&house.sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_is_issued_if_its_bytes_are_the_same_and_refused_otherwise() {
    let house = House::new().await;
    let same = invoice(ALFA, BETA, "FV/same");
    let earlier = house.account.online(FormCode::FA_3).open().await.unwrap();
    let sent = earlier.send(same.clone()).await.unwrap();
    earlier.wait_for(&sent, &quick()).await.unwrap();
    drop(earlier.close().await.unwrap().wait(&quick()).await.unwrap());
    let same = house.put_bytes(same).await;
    let first = house.put("FV/other").await;
    let carrier = house.carrier("a");
    house.carry_all(&carrier).await;
    let other = house.put_bytes(invoice(ALFA, ALFA, "FV/other")).await;
    house.carry_all(&carrier).await;
    assert!(matches!(house.fate(&same).await, Fate::Issued(_)));
    let Fate::Issued(issued) = house.fate(&first).await else { panic!() };
    assert_eq!(house.fate(&other).await, Fate::Duplicate { original: Some(issued.number) });
    house.assert_true(2).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_invoice_tells_why_and_holds_up_no_other() {
    let house = House::new().await;
    let wrong = house.put_bytes(b"<Faktura/>".to_vec()).await;
    let good = house.put("FV/1").await;
    house.carry_all(&house.carrier("a")).await;
    let Fate::Refused(why) = house.fate(&wrong).await else { panic!() };
    assert!(why.code.is_some_and(|code| (400..500).contains(&code)), "{why:?}");
    assert!(matches!(house.fate(&good).await, Fate::Issued(_)));
    assert!(!house.outbox.forget(&InvoiceHash::of(b"never put in")).await.unwrap());
    assert!(house.outbox.forget(&wrong).await.unwrap());
    assert_eq!(house.outbox.fate(&wrong).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn an_invoice_that_was_put_in_twice_at_once_is_sent_once() {
    let house = House::new().await;
    let draft = Draft::new(invoice(ALFA, BETA, "FV/1"), FormCode::FA_3);
    let (one, other) = tokio::join!(house.outbox.put(&draft), house.outbox.put(&draft));
    assert_eq!([one.unwrap(), other.unwrap()], [Fate::Waiting, Fate::Waiting]);
    house.carry_all(&house.carrier("a")).await;
    house.assert_true(1).await;
    assert_eq!(house.sandbox.ksef_v2().received().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn many_invoices_go_as_a_batch() {
    let house = House::new().await;
    let folder = tempfile::tempdir().unwrap();
    for number in 0..40 {
        house.put(&format!("B/{number}")).await;
    }
    let options = options("a").batches(folder.path(), 10, 30);
    let carrier = house.outbox.carrier(house.account.clone(), options);
    house.carry_all(&carrier).await;
    house.assert_true(40).await;
    let kinds: Vec<_> = house.sandbox.ksef_v2().sessions();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no file is left behind");
    assert_expected(&house.sandbox);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_during_an_outage_and_deadlines_decide_what_goes_first() {
    let house = House::new().await;
    let day = |text: &str| text.parse().unwrap();
    let late = Draft::new(invoice(ALFA, BETA, "O/late"), FormCode::FA_3)
        .offline(Mode::Offline24, day("2026-02-05"));
    let early = Draft::new(invoice(ALFA, BETA, "O/early"), FormCode::FA_3)
        .offline(Mode::Offline24, day("2026-02-02"));
    house.outbox.put(&late).await.unwrap();
    house.outbox.put(&early).await.unwrap();
    let start = "2026-01-01T10:00:00Z".parse().unwrap();
    let outage = Outage::new(OutageKind::Maintenance, start);
    let outage = house.sandbox.ksef_v2().announce_outage(&outage);
    let options = options("a").at_a_time(1);
    let carrier = house.outbox.carrier(house.account.clone(), options);
    let carrier = carrier.heeding(latarnia(&house.sandbox));
    assert!(matches!(carrier.step().await.unwrap(), Step::Resting(_)));
    assert_eq!(house.sandbox.ksef_v2().sessions().len(), 0);
    assert!(house.sandbox.ksef_v2().end_outage(outage));
    tokio::time::advance(Duration::from_secs(61)).await;
    house.carry_all(&carrier).await;
    house.assert_true(2).await;
    let received: Vec<_> =
        house.sandbox.ksef_v2().received().into_iter().map(|one| one.hash).collect();
    assert_eq!(received, [early.hash().base64(), late.hash().base64()]);
}
