//! Codes of both kinds, known and unknown, in every place where JSON can hold them.

use std::collections::HashSet;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

crate::codes! {
    /// How a document stands.
    enum Status: i64 {
        /// Not paid.
        NotPaid = 0,
        /// Paid.
        Paid = 1,
        /// Cancelled.
        Cancelled = -1,
    }
}

crate::codes! {
    /// What was found.
    enum Verdict: str {
        /// It is right.
        Approved = "Approved",
        /// It is wrong.
        Rejected = "Rejected",
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    #[serde(flatten)]
    inner: Inner,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    status: Open<Status>,
    verdict: Option<Open<Verdict>>,
}

fn both_ways<T: DeserializeOwned>(json: &str) -> [T; 2] {
    let value: Value = serde_json::from_str(json).unwrap();
    [serde_json::from_str(json).unwrap(), serde_json::from_value(value).unwrap()]
}

#[test]
fn every_code_is_found_by_its_raw_value() {
    assert_eq!(Status::ALL, [Status::NotPaid, Status::Paid, Status::Cancelled]);
    for code in Status::ALL {
        assert_eq!(Status::from_raw(code.raw()), Some(*code));
    }
    for code in Verdict::ALL {
        assert_eq!(Verdict::from_raw(code.raw()), Some(*code));
    }
    assert_eq!(Status::Cancelled.raw(), -1);
    assert_eq!(Verdict::Rejected.to_string(), "Rejected");
    assert_eq!(serde_json::to_value([Status::Paid]).unwrap(), json!([1]));
}

#[test]
fn unknown_values_are_kept_and_written_back() {
    for json in [r#"{"status":7,"verdict":"Postponed"}"#, r#"{"status":-1,"verdict":null}"#] {
        for flat in both_ways::<Flat>(json) {
            assert_eq!(serde_json::to_string(&flat).unwrap(), json);
        }
    }
    let [flat, _] = both_ways::<Flat>(r#"{"status":7,"verdict":"Postponed"}"#);
    assert_eq!(flat.inner.status.known(), None);
    assert_eq!(flat.inner.status.raw(), 7);
    assert_eq!(flat.inner.verdict.unwrap().raw(), "Postponed");
}

#[test]
fn known_values_compare_with_the_plain_code() {
    let [flat, _] = both_ways::<Flat>(r#"{"status":1,"verdict":"Approved"}"#);
    assert_eq!(flat.inner.status, Status::Paid);
    assert_ne!(flat.inner.status, Status::NotPaid);
    assert!(matches!(flat.inner.verdict, Some(Open::Known(Verdict::Approved))));
    assert_eq!(format!("{:?} {}", flat.inner.status, flat.inner.status), "Known(Paid) 1");
}

#[test]
fn a_known_value_wrapped_as_unknown_equals_the_code() {
    let disguised: Open<Verdict> = Open::Unknown("Approved".into());
    assert_eq!(disguised, Open::from(Verdict::Approved));
    assert_eq!(disguised.known(), Some(Verdict::Approved));
    let set: HashSet<Open<Verdict>> = [disguised, Verdict::Approved.into()].into();
    assert_eq!(set.len(), 1);
}

#[test]
fn numbers_written_as_strings_are_read_leniently() {
    for status in both_ways::<Open<Status>>("\"1\"") {
        assert_eq!(status, Status::Paid);
    }
    for status in both_ways::<Open<Status>>("\"3\"") {
        assert_eq!(status, Open::Unknown(3));
        assert_eq!(serde_json::to_string(&status).unwrap(), "3");
    }
}

#[test]
fn what_is_no_code_is_refused_without_echo() {
    for json in ["null", "true", "1.5", "9223372036854775808", "\"\"", "\"secret\"", "{}"] {
        let error = serde_json::from_str::<Open<Status>>(json).unwrap_err();
        assert!(
            error.to_string().contains("expected a whole number of 64 bits"),
            "{json}: {error}"
        );
        assert!(!error.to_string().contains("secret"));
    }
    assert!(serde_json::from_str::<Open<Verdict>>("1").is_err());
}

proptest! {
    #[test]
    fn any_raw_value_makes_the_round_trip(number in any::<i64>(), text in ".{0,20}") {
        let json = serde_json::to_string(&number).unwrap();
        for status in both_ways::<Open<Status>>(&json) {
            prop_assert_eq!(serde_json::to_string(&status).unwrap(), json.clone());
        }
        let json = serde_json::to_string(&text).unwrap();
        for verdict in both_ways::<Open<Verdict>>(&json) {
            prop_assert_eq!(serde_json::to_string(&verdict).unwrap(), json.clone());
        }
    }
}
