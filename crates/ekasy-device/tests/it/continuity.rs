//! The checker of numbers, with runs whose flaws are known.

use std::collections::BTreeSet;

use ekasy_device::{
    continuity::{Archive, ArchiveError, Checker, Finding, Form, Line, Sighting},
    ident::{JpkId, JpkRange},
};
use proptest::prelude::*;
use serde_json::json;

fn id(number: u64) -> JpkId {
    JpkId::new(number).unwrap()
}

fn range(first: u64, last: u64) -> JpkRange {
    JpkRange::new(id(first), id(last)).unwrap()
}

fn see(checker: &mut Checker, number: u64, form: Form, bytes: &str) {
    checker.see(&Sighting::of_bytes(id(number), form, bytes.as_bytes()));
}

/// Each of the numbers with bytes of its own.
fn run(numbers: impl IntoIterator<Item = u64>) -> Checker {
    let mut checker = Checker::new(JpkId::MIN);
    for number in numbers {
        see(&mut checker, number, Form::Detailed, &number.to_string());
    }
    checker
}

#[test]
fn a_continuous_run_has_no_findings() {
    let report = run(1..=5_000).finish(Some(id(5_000)));
    assert!(report.is_continuous() && report.findings.is_empty());
    assert_eq!((report.seen, report.numbers, report.highest), (5_000, 5_000, Some(id(5_000))));
}

#[test]
fn missing_numbers_are_found_also_at_both_ends() {
    let report = run([3, 4, 8]).finish(Some(id(10)));
    let missing = [range(1, 2), range(5, 7), range(9, 10)].map(Finding::Missing);
    assert_eq!(report.findings, missing);
    assert_eq!((report.missing, report.violations), (7, 3));
}

#[test]
fn a_late_number_closes_its_gap() {
    let report = run([1, 5, 3, 2, 4]).finish(None);
    assert_eq!(report.findings, [3, 2, 4].map(|number| Finding::Late(id(number))));
    assert!(report.is_continuous());
}

#[test]
fn repetitions_are_told_apart_by_their_bytes() {
    let mut checker = run(1..=3);
    see(&mut checker, 2, Form::Detailed, "2");
    see(&mut checker, 3, Form::Detailed, "other");
    see(&mut checker, 3, Form::Detailed, "3");
    let report = checker.finish(None);
    let findings = [Finding::Repeated(id(2)), Finding::Altered(id(3)), Finding::Repeated(id(3))];
    assert_eq!(report.findings, findings);
    assert_eq!(report.violations, 1);
}

#[test]
fn details_after_a_short_form_are_no_repetition() {
    let mut checker = Checker::new(JpkId::MIN);
    see(&mut checker, 1, Form::Short, "s");
    see(&mut checker, 1, Form::Detailed, "d");
    see(&mut checker, 2, Form::Detailed, "d");
    see(&mut checker, 2, Form::Short, "s");
    see(&mut checker, 2, Form::Short, "t");
    let report = checker.finish(None);
    assert_eq!(report.findings, [Finding::Altered(id(2))]);
    assert_eq!(report.supplemented, 2);
}

#[test]
fn a_declared_gap_is_no_hole_and_must_stay_one() {
    let mut checker = run([1]);
    see(&mut checker, 2, Form::Gap, "gap");
    see(&mut checker, 3, Form::Gap, "gap");
    see(&mut checker, 4, Form::Detailed, "4");
    see(&mut checker, 3, Form::Gap, "gap");
    assert_eq!(checker.clone().finish(None).findings, [Finding::Repeated(id(3))]);
    see(&mut checker, 2, Form::Detailed, "2");
    see(&mut checker, 4, Form::Gap, "gap");
    let report = checker.finish(None);
    let denied = [2, 4].map(|number| Finding::DeclaredAndPresent(id(number)));
    assert_eq!(report.findings[1..], denied);
    assert_eq!((report.declared, report.violations), (2, 2));
}

#[test]
fn what_lies_too_far_back_is_not_called_the_same() {
    let mut checker = Checker::new(JpkId::MIN).window(10).findings(1);
    for number in 1..=20 {
        see(&mut checker, number, Form::Detailed, "x");
    }
    see(&mut checker, 5, Form::Detailed, "x");
    see(&mut checker, 20, Form::Detailed, "x");
    let report = checker.finish(None);
    assert_eq!(report.findings, [Finding::RepeatedUnseen(id(5))]);
    assert_eq!(report.unlisted, 1);
}

#[test]
fn memory_is_bounded_when_every_second_number_is_missing() {
    let report = run((1..=30_000).map(|number| number * 2)).finish(None);
    assert_eq!((report.missing, report.violations, report.numbers), (30_000, 30_000, 30_000));
    assert_eq!((report.findings.len(), report.unlisted), (1_000, 29_000));
}

proptest! {
    #[test]
    fn the_checker_agrees_with_a_set(numbers in prop::collection::vec(1_u64..60, 0..120)) {
        let report = run(numbers.clone()).finish(None);
        let set: BTreeSet<_> = numbers.iter().copied().collect();
        let highest = set.last().copied().unwrap_or(0);
        prop_assert_eq!(report.numbers, set.len() as u64);
        prop_assert_eq!(report.missing, highest - set.len() as u64);
        let repeated = report.findings.iter().filter(|one| matches!(one, Finding::Repeated(_)));
        prop_assert_eq!(repeated.count(), numbers.len() - set.len());
        prop_assert_eq!(report.is_continuous(), highest == set.len() as u64);
    }
}

/// A line as the sandbox writes it.
fn line(number: u64, kind: &str, document: &serde_json::Value) -> String {
    let digest = Sighting::of_bytes(id(1), Form::Short, document.to_string().as_bytes()).digest;
    let sha256 = digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let (command, at) = ("DFD.ABC1700000017.2026-03-01T10:00:00.000Z", "2026-03-01T10:00:00Z");
    let line = json!({"jpk_id": number, "kind": kind, "command_id": command, "at": at,
                      "sha256": sha256, "document": document});
    line.to_string() + "\n"
}

#[test]
fn an_archive_is_read_line_by_line() {
    let text = [
        line(1, "paragon", &json!({"JPKID": 1, "b": 1, "a": 2})),
        line(2, "info", &json!({"JPKID": 2, "typObiektu": 9})),
        line(4, "info", &json!({"JPKID": 4, "typObiektu": 1})),
        json!({"analysis": {"received": 3}}).to_string(),
    ]
    .concat();
    let lines: Vec<_> = Archive::new(text.as_bytes()).collect::<Result<_, _>>().unwrap();
    let forms: Vec<_> = lines
        .iter()
        .map(|line| match line {
            Line::Document(sighting) => Some((sighting.id.get(), sighting.form)),
            _ => None,
        })
        .collect();
    let expected = [Some((1, Form::Detailed)), Some((2, Form::Gap)), Some((4, Form::Short)), None];
    assert_eq!(forms, expected);
    let report = Archive::new(text.as_bytes()).check(Checker::new(JpkId::MIN), None).unwrap();
    assert_eq!(report.findings, [Finding::Missing(range(3, 3))]);
}

#[test]
fn a_damaged_archive_is_refused_with_its_line() {
    let good = line(1, "paragon", &json!({"JPKID": 1}));
    let first = |damaged: String| {
        let text = good.clone() + &damaged;
        let mut archive = Archive::new(text.as_bytes());
        assert!(archive.next().unwrap().is_ok());
        let error = archive.next().unwrap().unwrap_err();
        assert!(archive.next().is_none());
        error
    };
    let other = line(2, "paragon", &json!({"JPKID": 2, "kwota": 100})).replace("100", "101");
    assert!(matches!(first(other), ArchiveError::Digest { line: 2 }));
    let none = line(0, "paragon", &json!({"JPKID": 0}));
    assert!(matches!(first(none), ArchiveError::Number { line: 2, .. }));
    for damaged in ["{}\n", "\n", "{\"jpk_id\":", "\u{feff}{}"] {
        assert!(matches!(first(damaged.into()), ArchiveError::Form { line: 2, .. }), "{damaged}");
    }
}
