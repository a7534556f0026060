//! The shared keys of a register in software: kept sealed, found by their day, fetched in time; and
//! the code that somebody else computes with them.

use std::{path::Path, sync::Arc};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{Days, NaiveDate};
use common_core::secret::secret_bytes;
use common_http::Endpoint as _;
use common_store::{SealKey, SqliteStore};
use ekasy_device::{
    command::cpd::{FetchSharedKeys, SharedKeys},
    ident::SharedKey,
    journal::{Journal, JournalErrorKind, Options},
    packing::DocumentKind,
    verification::{
        CodeError, KeyRing, ReceiptFacts, ReceiptVerificationCode, VerificationError, polish_day,
    },
};
use sandbox::{
    crk::Kind,
    fault::{Code, Fault, Rule},
};

use crate::{
    journal::dying::{Dying, Failing, Fault as Cut, Moment},
    till::{Till, calm, document, hours, now, pass},
};

async fn software() -> Till {
    Till::of(calm().await, Kind::Software)
}

fn today(till: &Till) -> NaiveDate {
    polish_day(now(till))
}

fn fetches(till: &Till) -> u64 {
    till.sandbox.crk().statistics().cpd.get("SharedKey").copied().unwrap_or(0)
}

fn later(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap()
}

/// An answer of CMD16 for a register and days, with keys made of a byte.
fn answer(number: &str, days: [NaiveDate; 3], byte: u8) -> SharedKeys {
    let key = STANDARD.encode([byte; 32]);
    let days =
        days.map(|day| format!(r#"{{"forDate":"{}","sharedKey":"{key}"}}"#, day.format("%Y%m%d")));
    let body = format!(r#"{{"CN":"{number}","sharedKeys":[{}]}}"#, days.join(","));
    let (parts, ()) = http::Response::new(()).into_parts();
    FetchSharedKeys::response(&parts, &Bytes::from(body)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn keys_survive_a_restart_and_are_not_fetched_again() {
    let till = software().await;
    let journal = till.journal().await;
    let ring = KeyRing::new(till.client(), journal.clone());
    let (day, fetched) = (today(&till), ring.renew().await.unwrap());
    assert_eq!(fetched.days().collect::<Vec<_>>(), [day, later(day, 1), later(day, 2)]);
    journal.close().await.unwrap();
    let again = KeyRing::new(till.client(), till.journal().await);
    for day in fetched.days() {
        let key = again.for_day(day).await.unwrap();
        assert_eq!(key.expose_bytes(), fetched.for_day(day).unwrap().expose_bytes());
    }
    again.renew().await.unwrap();
    assert_eq!(fetches(&till), 1);
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn keys_run_out_and_are_fetched_in_time_every_day() {
    let till = software().await;
    let journal = till.journal().await;
    let ring = KeyRing::new(till.client(), journal.clone());
    let mut announced: Option<SharedKeys> = None;
    for passed in 0..10_u64 {
        let day = today(&till);
        let held = ring.renew().await.unwrap();
        assert_eq!(fetches(&till), passed + 1, "two later days are enough, one is not");
        assert!(held.days_after(day) >= 2);
        let key = ring.for_day(day).await.unwrap();
        if let Some(before) = announced.and_then(|keys| keys.for_day(day).cloned()) {
            assert_eq!(key.expose_bytes(), before.expose_bytes());
        } else {
            assert_eq!(passed, 0, "the key of {day} was there the day before");
        }
        let kept = journal.shared_keys().await.unwrap();
        let oldest = if passed == 0 { day } else { day.pred_opt().unwrap() };
        assert_eq!(kept.days().next(), Some(oldest), "what is over goes");
        assert_eq!(fetches(&till), passed + 1, "and selling asks nobody");
        announced = Some(held);
        pass(hours(24)).await;
    }
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn without_a_connection_a_register_sells_until_its_last_key_is_over() {
    let till = software().await;
    let ring = KeyRing::new(till.client(), till.journal().await);
    let first = today(&till);
    ring.renew().await.unwrap();
    till.sandbox.crk().faults().push(Rule::new(Fault::DropRequest));
    for passed in 1..=2 {
        pass(hours(24)).await;
        let error = ring.renew().await.unwrap_err();
        assert!(matches!(error, VerificationError::Call(_)), "{error:?}");
        ring.for_day(today(&till)).await.unwrap();
        assert_eq!(today(&till), later(first, passed));
    }
    pass(hours(24)).await;
    let error = ring.for_day(today(&till)).await.unwrap_err();
    assert!(matches!(error, VerificationError::Call(_)), "{error:?}");
    // The day before may still be asked for: a receipt of before midnight.
    ring.for_day(later(first, 2)).await.unwrap();
    till.sandbox.crk().faults().clear();
    ring.for_day(today(&till)).await.unwrap();
    assert_eq!(fetches(&till), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_the_repository_leaves_the_keys_that_are_there() {
    let till = software().await;
    let ring = KeyRing::new(till.client(), till.journal().await);
    ring.renew().await.unwrap();
    pass(hours(24)).await;
    let fault = Fault::Code(Code::new("E05").unwrap());
    let path = "/api/SerwerCPD/SharedKey";
    till.sandbox.crk().faults().push(Rule::new(fault).on(&http::Method::GET, path).once());
    let VerificationError::Call(error) = ring.renew().await.unwrap_err() else { panic!("no call") };
    assert_eq!(error.cpd_code(), Some(ekasy_device::code::CpdCode::General));
    assert!(error.retryable() && !error.may_have_happened());
    ring.for_day(today(&till)).await.unwrap();
    assert_eq!(ring.renew().await.unwrap().days_after(today(&till)), 2);
}

#[tokio::test(start_paused = true)]
async fn a_day_that_is_over_is_not_asked_for() {
    let till = software().await;
    let ring = KeyRing::new(till.client(), till.journal().await);
    let before_yesterday = today(&till).checked_sub_days(Days::new(2)).unwrap();
    let error = ring.for_day(before_yesterday).await.unwrap_err();
    assert!(matches!(error, VerificationError::NoKey(day) if day == before_yesterday));
    assert_eq!(fetches(&till), 0);
    let error = ring.for_day(later(today(&till), 9)).await.unwrap_err();
    assert!(matches!(error, VerificationError::NoKey(_)));
    assert_eq!(fetches(&till), 1, "the repository was asked, and gave no key of that day");
}

#[tokio::test(start_paused = true)]
async fn a_key_is_found_by_its_day_whichever_three_days_come() {
    let till = software().await;
    let (journal, day) = (till.journal().await, today(&till));
    let number = till.register.unique_number.clone();
    let yesterday = day.pred_opt().unwrap();
    let keys = answer(&number, [later(day, 1), yesterday, day], 1);
    assert_eq!(journal.set_shared_keys(&keys, day).await.unwrap().days().count(), 3);
    let ring = KeyRing::new(till.client(), journal.clone());
    for day in [yesterday, day, later(day, 1)] {
        assert_eq!(ring.for_day(day).await.unwrap().expose_bytes(), [1; 32]);
    }
    assert_eq!(fetches(&till), 0);
    // What an answer says of a day replaces what was kept; the other days stay.
    let newer = answer(&number, [day, later(day, 2), later(day, 3)], 2);
    let kept = journal.set_shared_keys(&newer, day).await.unwrap();
    let bytes: Vec<_> =
        kept.days().map(|day| kept.for_day(day).unwrap().expose_bytes()[0]).collect();
    assert_eq!(bytes, [1, 2, 1, 2, 2]);
    // A repository with a wrong calendar fills no journal.
    for year in 2030..2060 {
        let far = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let keys = answer(&number, [far, later(far, 1), later(far, 2)], 3);
        assert!(journal.set_shared_keys(&keys, day).await.unwrap().days().count() <= 8);
    }
}

/// A clock that is a month ahead while there is a connection, and is right again when there is none.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_ahead_erases_no_key() {
    let till = software().await;
    let (journal, day) = (till.journal().await, today(&till));
    let number = till.register.unique_number.clone();
    let days = |from| [from, later(from, 1), later(from, 2)];
    journal.set_shared_keys(&answer(&number, days(day), 1), day).await.unwrap();
    let (tomorrow, ahead) = (later(day, 1), later(day, 60));
    let kept = journal.set_shared_keys(&answer(&number, days(tomorrow), 2), ahead).await.unwrap();
    assert_eq!(kept.days().collect::<Vec<_>>(), [days(day).to_vec(), vec![later(day, 3)]].concat());
    till.sandbox.crk().faults().push(Rule::new(Fault::DropRequest));
    let ring = KeyRing::new(till.client(), journal);
    for (of, byte) in [(day, 1), (tomorrow, 2), (later(day, 3), 2)] {
        assert_eq!(ring.for_day(of).await.unwrap().expose_bytes(), [byte; 32], "{of}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_of_another_register_are_not_kept() {
    let till = software().await;
    let (journal, day) = (till.journal().await, today(&till));
    let keys = answer("ZZZ9900000001", [day, later(day, 1), later(day, 2)], 1);
    let error = journal.set_shared_keys(&keys, day).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Refused);
    assert_eq!(journal.shared_keys().await.unwrap().days().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_store_may_die_at_every_operation_of_a_renewal() {
    for moment in [Moment::Before, Moment::After] {
        for at in 1.. {
            let till = software().await;
            let kept = KeyRing::new(till.client(), till.journal().await).renew().await.unwrap();
            pass(hours(24)).await;
            let dying = Dying::new(till.store.clone(), Failing::new(at, moment, Cut::Death));
            if let Ok(journal) = till.journal_in(Arc::new(dying.clone())).await {
                let renewed = KeyRing::new(till.client(), journal).renew().await;
                assert_eq!(renewed.is_err(), dying.around.has_failed(), "at {at}");
            }
            let journal = till.journal().await;
            let day = today(&till);
            let found = journal.shared_keys().await.unwrap();
            let key = found.for_day(day).unwrap().expose_bytes();
            assert_eq!(key, kept.for_day(day).unwrap().expose_bytes(), "at {at}");
            let held = KeyRing::new(till.client(), journal).renew().await.unwrap();
            assert_eq!(held.days_after(day), 2, "at {at}");
            if !dying.around.has_failed() {
                assert!(at > 5, "only {at} operations");
                break;
            }
        }
    }
}

/// A code as somebody might compute it: HMAC-SHA256 over number and bytes. **An assumption of this
/// test**, which nobody should print.
#[derive(Debug)]
struct Unofficial;

impl ReceiptVerificationCode for Unofficial {
    fn code(&self, key: &SharedKey, receipt: &ReceiptFacts<'_>) -> Result<String, CodeError> {
        if receipt.receipt.kind() != DocumentKind::Receipt {
            return Err(CodeError::new("only receipts have a code"));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose_bytes());
        let input = [receipt.unique_number.as_str().as_bytes(), receipt.receipt.bytes()].concat();
        Ok(STANDARD.encode(hmac::sign(&key, &input)))
    }
}

#[tokio::test(start_paused = true)]
async fn the_code_of_a_receipt_follows_its_day_and_its_bytes() {
    let till = software().await;
    let ring = KeyRing::new(till.client(), till.journal().await);
    let (day, receipt) = (today(&till), document(7, DocumentKind::Receipt));
    let code = ring.code_of(&Unofficial, day, &receipt).await.unwrap();
    let again = KeyRing::new(till.client(), till.journal().await);
    assert_eq!(again.code_of(&Unofficial, day, &receipt).await.unwrap(), code);
    let other = ring.code_of(&Unofficial, later(day, 1), &receipt).await.unwrap();
    assert_ne!(other, code, "another day, another key");
    let other = document(8, DocumentKind::Receipt);
    assert_ne!(ring.code_of(&Unofficial, day, &other).await.unwrap(), code);
    let report = document(9, DocumentKind::DailyReport);
    let error = ring.code_of(&Unofficial, day, &report).await.unwrap_err();
    assert!(matches!(error, VerificationError::Code(_)), "{error:?}");
    assert_eq!(fetches(&till), 1);
}

fn sqlite(till: &Till, path: &Path, seal: u8) -> (Arc<SqliteStore>, Options) {
    let key = SealKey::new(u32::from(seal), secret_bytes(vec![seal; 32])).unwrap();
    let options = Options::new(till.number(), "till", key);
    (Arc::new(SqliteStore::open(path).unwrap()), options)
}

#[tokio::test(start_paused = true)]
async fn no_key_stands_in_the_file_as_it_is_and_another_seal_does_not_open_it() {
    let till = software().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut canaries = Vec::new();
    {
        let (store, options) = sqlite(&till, &path, 7);
        let journal = Journal::open(store, options).await.unwrap();
        let ring = KeyRing::new(till.client(), journal.clone());
        journal.append(document(1, DocumentKind::Receipt)).await.unwrap();
        let shown = format!("{ring:?} {journal:?}");
        let keys = ring.renew().await.unwrap();
        for day in keys.days() {
            let key = keys.for_day(day).unwrap().expose_bytes().to_vec();
            assert!(!shown.contains(&STANDARD.encode(&key)));
            assert!(!format!("{keys:?} {:?}", keys.for_day(day)).contains(&STANDARD.encode(&key)));
            canaries.extend([STANDARD.encode(&key).into_bytes(), key]);
        }
        journal.close().await.unwrap();
    }
    let mut file = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        file.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let stands = |text: &[u8]| file.windows(text.len()).any(|window| window == text);
    assert!(stands(b"\"paragon\""), "this is the file of the journal");
    assert_eq!(canaries.len(), 6);
    // Sixteen bytes in a row are enough to call it in clear.
    assert!(!canaries.iter().any(|canary| stands(&canary[..16])));

    let (store, options) = sqlite(&till, &path, 8);
    let journal = Journal::open(store, options).await.unwrap();
    let error = journal.shared_keys().await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Corrupt);
    journal.close().await.unwrap();
    let (store, options) = sqlite(&till, &path, 7);
    let journal = Journal::open(store, options).await.unwrap();
    let ring = KeyRing::new(till.client(), journal);
    let key = ring.for_day(today(&till)).await.unwrap();
    assert_eq!(key.expose_bytes(), canaries[1]);
    assert_eq!(fetches(&till), 1);
}

#[tokio::test(start_paused = true)]
async fn keys_whose_seal_was_lost_are_fetched_again() {
    let till = software().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let open = async |seal| {
        let (store, options) = sqlite(&till, &path, seal);
        Journal::open(store, options).await.unwrap()
    };
    let journal = open(7).await;
    let first = KeyRing::new(till.client(), journal.clone()).renew().await.unwrap();
    journal.close().await.unwrap();
    let journal = open(8).await;
    let ring = KeyRing::new(till.client(), journal.clone());
    let key = ring.for_day(today(&till)).await.unwrap();
    assert_eq!(key.expose_bytes(), first.for_day(today(&till)).unwrap().expose_bytes());
    assert_eq!(ring.renew().await.unwrap().days_after(today(&till)), 2);
    assert_eq!(fetches(&till), 2, "once for each seal");
}
