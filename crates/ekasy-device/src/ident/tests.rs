//! Identifiers against vectors that another program made, and what holds for all of them.

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use common_core::open::{Code as _, Open};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn vectors(section: &str, name: &str) -> Vec<Value> {
    let place = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/crk/vectors/identifiers/identifiers.json"
    );
    let all: Value = serde_json::from_str(&fs::read_to_string(place).unwrap()).unwrap();
    let list = all[section][name].as_array().unwrap().clone();
    assert!(!list.is_empty(), "{section} {name}");
    list
}

fn texts(section: &str, list: &str) -> Vec<String> {
    vectors(section, list).iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

type Parse<T> = fn(&str) -> Result<T, IdentError>;

/// Every valid text is read and written back unchanged, every other one is refused; in JSON too.
fn assert_form<T>(section: &str, valid: &[String], parse: Parse<T>)
where
    T: std::fmt::Display + serde::Serialize + serde::de::DeserializeOwned,
{
    assert_forms(section, valid, parse, parse);
}

/// As [`assert_form`], where JSON is read by another function.
fn assert_forms<T>(section: &str, valid: &[String], parse: Parse<T>, in_json: Parse<T>)
where
    T: std::fmt::Display + serde::Serialize + serde::de::DeserializeOwned,
{
    for text in valid {
        let json = serde_json::to_string(text).unwrap();
        assert_eq!(&parse(text).unwrap().to_string(), text);
        let read: T = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }
    for refused in vectors(section, "invalid") {
        let text = refused.as_str().or_else(|| refused[0].as_str()).unwrap();
        assert!(parse(text).is_err(), "{section} {refused}");
        let json = serde_json::to_string(text).unwrap();
        let is_read = serde_json::from_str::<T>(&json).is_ok();
        assert_eq!(is_read, in_json(text).is_ok(), "{section} {refused}");
    }
}

#[test]
fn unique_numbers_have_13_characters_unless_read_leniently() {
    let valid = texts("uniqueNumber", "valid");
    assert_form("uniqueNumber", &valid, UniqueNumber::parse);
    for text in texts("uniqueNumber", "lenientOnly") {
        assert!(UniqueNumber::parse(&text).is_err());
        let number = UniqueNumber::parse_lenient(&text).unwrap();
        assert_eq!(
            (number.prefix(), number.serial(), number.is_standard()),
            ("TT", "003001", false)
        );
    }
    for text in valid {
        let number = UniqueNumber::parse_lenient(&text).unwrap();
        let parts = [number.prefix(), number.year(), number.approval(), number.serial()];
        assert_eq!(parts.map(str::len), [3, 2, 2, 6]);
        assert_eq!(parts.concat(), text);
    }
}

#[test]
fn command_identifiers_have_the_parts_that_another_program_gave_them() {
    let rows = vectors("commandId", "valid");
    let valid: Vec<_> = rows.iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect();
    assert_forms("commandId", &valid, CommandId::parse, CommandId::parse_lenient);
    for row in rows {
        let id = CommandId::parse(row["text"].as_str().unwrap()).unwrap();
        assert_eq!(id.code(), row["kind"]);
        assert_eq!(id.kind().raw(), row["kind"].as_str().unwrap());
        assert_eq!(id.unique_number().as_str(), row["number"]);
        assert_eq!(id.moment().timestamp_millis(), row["millis"]);
        assert_eq!(id.as_str().len(), CommandId::LENGTH);
    }
    let unknown = CommandId::parse("XYZ.WTE2001000009.2020-02-29T00:00:00.000Z").unwrap();
    assert_eq!(unknown.kind(), Open::Unknown("XYZ".to_owned()));
}

#[test]
fn a_short_unique_number_is_read_back_leniently_only() {
    let number = UniqueNumber::parse_lenient("TT1701003001").unwrap();
    let id = CommandId::new(CommandKind::TestCpd, &number, Moment::MAX);
    assert!(CommandId::parse(id.as_str()).is_err());
    assert_eq!(CommandId::parse_lenient(id.as_str()).unwrap(), id);
}

#[test]
fn evidence_numbers_taxpayers_and_ranges_have_their_forms() {
    let valid = texts("evidenceNumber", "valid");
    assert_form("evidenceNumber", &valid, EvidenceNumber::parse);
    assert_eq!(EvidenceNumber::parse("2017/000000101").unwrap().serial(), 101);
    let (right, wrong) = (texts("taxpayerId", "right"), texts("taxpayerId", "wrong"));
    assert_form("taxpayerId", &[right.clone(), wrong.clone()].concat(), TaxpayerId::parse);
    assert!(right.iter().all(|text| TaxpayerId::parse(text).unwrap().checksum_ok()));
    assert!(!wrong.iter().any(|text| TaxpayerId::parse(text).unwrap().checksum_ok()));
    let ranges = vectors("scope", "valid");
    let valid: Vec<_> = ranges.iter().map(|row| row[0].as_str().unwrap().to_owned()).collect();
    assert_form("scope", &valid, JpkRange::parse);
    for row in ranges {
        let range = JpkRange::parse(row[0].as_str().unwrap()).unwrap();
        assert_eq!(
            (range.first().get(), range.last().get()),
            (row[1].as_u64().unwrap(), row[2].as_u64().unwrap())
        );
    }
}

#[test]
fn shared_keys_are_32_bytes_and_show_nowhere() {
    for row in vectors("sharedKey", "valid") {
        let (text, bytes) = (row[0].as_str().unwrap(), row[1].as_array().unwrap());
        let key = SharedKey::parse(text).unwrap();
        let bytes: Vec<_> = bytes.iter().filter_map(Value::as_u64).collect();
        assert!(key.expose_bytes().iter().map(|byte| u64::from(*byte)).eq(bytes));
        assert_eq!(key.clone().expose_bytes(), key.expose_bytes());
        assert!(!format!("{key:?}").contains(&text[..6]));
    }
    for text in texts("sharedKey", "invalid") {
        assert!(SharedKey::parse(&text).is_err(), "{text}");
    }
}

#[test]
fn shipment_types_are_a_list_with_semicolons() {
    let rows = vectors("shipmentType", "valid");
    let valid: Vec<_> = rows.iter().map(|row| row[0].as_str().unwrap().to_owned()).collect();
    assert_form("shipmentType", &valid, ShipmentTypes::parse);
    for row in rows {
        let types = ShipmentTypes::parse(row[0].as_str().unwrap()).unwrap();
        assert_eq!(types.iter().count() as u64, row[1], "{row}");
    }
    let all = ShipmentTypes::of(DocumentType::ALL).unwrap();
    assert_eq!((all.as_str(), &all), ("PR;PA;FK;FA;RD;WN;ZE;RF", &ShipmentTypes::all()));
    assert!(ShipmentTypes::of(&[]).is_err());
    let receipts = ShipmentTypes::parse("PR").unwrap();
    let always: Vec<_> = (0..40).filter(|event| receipts.contains_event(*event)).collect();
    assert_eq!(always, [12, 13, 15, 18]);
    assert!((0..40).all(|event| ShipmentTypes::all().contains_event(event)));
}

#[test]
fn schedules_are_numbers_of_the_documented_range() {
    let number = |value: Value| value.as_i64().unwrap();
    for wire in vectors("sendFrequency", "valid").into_iter().map(number) {
        assert_eq!(SendFrequency::from_wire(wire).unwrap().to_wire(), wire);
    }
    for wire in vectors("checkFrequency", "valid").into_iter().map(number) {
        assert_eq!(CheckFrequency::from_wire(wire).unwrap().to_wire(), wire);
    }
    for wire in vectors("sendFrequency", "invalid").into_iter().map(number) {
        assert!(SendFrequency::from_wire(wire).is_err(), "{wire}");
    }
    for wire in vectors("checkFrequency", "invalid").into_iter().map(number) {
        assert!(CheckFrequency::from_wire(wire).is_err(), "{wire}");
    }
}

#[test]
fn texts_have_their_lengths_in_characters() {
    assert!(SerialNumber::parse(&"ż".repeat(240)).is_ok());
    assert!(SerialNumber::parse(&"ż".repeat(241)).is_err());
    assert!(TechnicianId::parse(&"x".repeat(30)).is_ok());
    assert!(TechnicianId::parse(&"x".repeat(31)).is_err());
    assert!(FirmwareVersion::parse("").is_err());
    for (length, fits) in [(39, false), (40, true), (64, true), (128, true), (129, false)] {
        assert_eq!(FirmwareChecksum::parse(&"a".repeat(length)).is_ok(), fits, "{length}");
    }
    assert!(FirmwareChecksum::parse(&"g".repeat(64)).is_err());
    assert_eq!(FirmwareChecksum::of_hash(&[0xab; 32]).unwrap().as_str(), "ab".repeat(32));
    assert!(FirmwareChecksum::of_hash(&[0; 16]).is_err());
}

#[test]
fn an_error_never_repeats_the_text() {
    let errors = [
        UniqueNumber::parse("canary").unwrap_err(),
        CommandId::parse("canary").unwrap_err(),
        Moment::parse("canary").unwrap_err(),
        SharedKey::parse("canary").unwrap_err(),
        ShipmentTypes::parse("canary").unwrap_err(),
    ];
    assert!(errors.iter().all(|error| !format!("{error} {error:?}").contains("canary")));
}

#[test]
fn a_generator_that_is_at_the_end_of_time_gives_nothing_out() {
    let number = UniqueNumber::parse("WTE2001000009").unwrap();
    let mut ids = CommandIds::resume(number, Some(Moment::MAX));
    let now = "2026-02-01T08:00:00Z".parse().unwrap();
    assert!(ids.next(CommandKind::Documents, now).is_err());
    assert_eq!(ids.last(), Some(Moment::MAX));
}

#[test]
fn a_generator_says_how_far_it_lies_ahead_of_a_clock_that_was_set_back() {
    let number = UniqueNumber::parse("WTE2001000009").unwrap();
    let now: DateTime<Utc> = "2026-02-01T08:00:00Z".parse().unwrap();
    let mut ids = CommandIds::new(number);
    assert_eq!(ids.ahead_of(now).as_millis(), 0);
    ids.next(CommandKind::Documents, now).unwrap();
    assert_eq!(ids.ahead_of(now).as_millis(), 10);
    assert_eq!(ids.ahead_of(now + TimeDelta::minutes(1)).as_millis(), 0);
    assert_eq!(ids.ahead_of(now - TimeDelta::hours(3)).as_secs(), 3 * 3600);
}

#[test]
fn a_generator_is_set_back_nine_times_and_only_when_it_lies_far_ahead() {
    let number = UniqueNumber::parse("WTE2001000009").unwrap();
    let now: DateTime<Utc> = "2026-02-01T08:00:00Z".parse().unwrap();
    let mut ids = CommandIds::new(number.clone());
    ids.next(CommandKind::Documents, now + TimeDelta::hours(2)).unwrap();
    let before = ids.clone();
    ids.set_back(now).unwrap();
    assert_eq!(ids, before, "two hours are no reason");
    for time in 1..=9 {
        // Also from the last identifier that there can be.
        let end = Moment::MAX.instant() - TimeDelta::milliseconds(10 - time);
        let far = if time == 5 { end } else { now + TimeDelta::days(70 * 365) };
        ids.next(CommandKind::Documents, far).unwrap();
        ids = CommandIds::resume(number.clone(), ids.last());
        ids.set_back(now).unwrap();
        let next = ids.next(CommandKind::Documents, now).unwrap().moment();
        assert_eq!(next.timestamp_millis() % 10, time);
        assert!(next.timestamp_millis() - now.timestamp_millis() < 20, "{next}");
    }
    ids.next(CommandKind::Documents, now + TimeDelta::hours(3)).unwrap();
    let before = ids.clone();
    assert!(ids.set_back(now).is_err());
    assert_eq!(ids, before);
}

fn any_moment() -> impl Strategy<Value = Moment> {
    (Moment::MIN.timestamp_millis()..=Moment::MAX.timestamp_millis())
        .prop_map(|millis| DateTime::from_timestamp_millis(millis).unwrap().into())
}

proptest! {
    #[test]
    fn any_moment_is_read_as_it_was_written(moment in any_moment()) {
        let text = moment.to_string();
        prop_assert_eq!(text.len(), Moment::LENGTH);
        prop_assert_eq!(Moment::parse(&text), Ok(moment));
        prop_assert_eq!(Moment::from(moment.instant()), moment);
    }

    #[test]
    fn moments_are_ordered_as_their_texts(one in any_moment(), other in any_moment()) {
        prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
    }

    #[test]
    fn any_command_identifier_is_read_as_it_was_written(
        kind in proptest::sample::select(CommandKind::ALL),
        number in "[A-Z]{3}[0-9]{10}",
        moment in any_moment(),
    ) {
        let number = UniqueNumber::parse(&number).unwrap();
        let id = CommandId::new(kind, &number, moment);
        prop_assert_eq!(id.as_str().len(), CommandId::LENGTH);
        prop_assert_eq!(CommandId::parse(id.as_str()), Ok(id.clone()));
        prop_assert_eq!((id.kind(), id.code()), (Open::from(kind), kind.raw()));
        prop_assert_eq!((id.unique_number(), id.moment()), (&number, moment));
    }

    #[test]
    fn identifiers_grow_whatever_the_clock_and_the_restarts_do(
        steps in proptest::collection::vec((-5_000_000_i64..5_000_000, any::<bool>()), 1..60),
    ) {
        let start: DateTime<Utc> = "2026-02-01T08:00:00Z".parse().unwrap();
        let number = UniqueNumber::parse("WTE2001000009").unwrap();
        let mut ids = CommandIds::new(number.clone());
        let mut before: Option<CommandId> = None;
        for (step, restart) in steps {
            let now = start + TimeDelta::milliseconds(step);
            if restart {
                ids = CommandIds::resume(number.clone(), ids.last());
            }
            let id = ids.next(CommandKind::Documents, now).unwrap();
            prop_assert!(before.as_ref().is_none_or(|before| *before < id));
            prop_assert!(id.moment() >= Moment::from(now));
            prop_assert_eq!(Some(id.moment()), ids.last());
            before = Some(id);
        }
    }

    #[test]
    fn no_identifier_comes_twice_however_often_the_clock_is_wrong_and_put_right(
        steps in proptest::collection::vec((0..200_i64, any::<bool>(), 0..12_u8), 1..200),
    ) {
        let start: DateTime<Utc> = "2026-02-01T08:00:00Z".parse().unwrap();
        let mut ids = CommandIds::new(UniqueNumber::parse("WTE2001000009").unwrap());
        let mut given = std::collections::BTreeSet::new();
        for (step, is_wrong, set_back) in steps {
            // Days that are as near to each other as milliseconds, so that stretches overlap.
            let wrong = TimeDelta::days(i64::from(is_wrong));
            let now = start + wrong + TimeDelta::milliseconds(step);
            if set_back == 0 && ids.set_back(now).is_ok() {
                prop_assert!(ids.ahead_of(now) < std::time::Duration::from_secs(2 * 3600 + 1));
            }
            let id = ids.next(CommandKind::Documents, now).unwrap();
            prop_assert!(given.insert(id.clone()), "{id} came twice");
        }
    }

    #[test]
    fn ranges_and_numbers_are_read_as_they_were_written(first in 1..1_000_u64, more in 0..10_u64) {
        let (first, last) = (JpkId::new(first).unwrap(), JpkId::new(first + more).unwrap());
        let range = JpkRange::new(first, last).unwrap();
        prop_assert_eq!(JpkRange::parse(&range.to_string()), Ok(range));
        prop_assert_eq!(JpkId::parse(&first.to_string()), Ok(first));
        prop_assert_eq!(range.count(), more + 1);
        prop_assert!(range.contains(first) && range.contains(last));
        prop_assert!(!last.next().is_some_and(|next| range.contains(next)));
        prop_assert_eq!(first.next().and_then(JpkId::previous), Some(first));
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC{0,60}", near in "[A-Z0-9.:TZ/;|-]{0,45}") {
        for text in [text, near] {
            let id = CommandId::parse(&text);
            prop_assert!(id.is_err() || id.is_ok_and(|id| id.as_str() == text));
            let number = UniqueNumber::parse_lenient(&text);
            prop_assert!(number.is_err() || number.is_ok_and(|number| number.as_str() == text));
            let moment = Moment::parse(&text);
            prop_assert!(moment.is_err() || moment.is_ok_and(|moment| moment.to_string() == text));
            let types = ShipmentTypes::parse(&text);
            prop_assert!(types.is_err() || types.is_ok_and(|types| types.iter().count() > 0));
            let range = JpkRange::parse(&text);
            prop_assert!(range.is_err() || range.is_ok_and(|range| range.to_string() == text));
        }
    }
}
