//! The table of deadlines in `docs/ksef/deadlines.md`, row by row: the page is the test.

use std::{collections::BTreeSet, path::Path};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Europe::Warsaw;
use ksef_client::v2::offline::{Deadline, Due, Mode, Outage, OutageKind, Rule, is_business_day};

const PAGE: &str = "../../docs/ksef/deadlines.md";

/// One row of the page.
#[derive(Debug)]
struct Case {
    issued: NaiveDate,
    mode: Mode,
    outages: Vec<Outage>,
    due: Due,
    rule: Rule,
    shows: Vec<usize>,
}

fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).unwrap()
}

fn cases(page: &str) -> Vec<Case> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.contains("issued |"));
    rows.map(case).collect()
}

fn case(row: &str) -> Case {
    let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
    let [issued, mode, announced, due, counted_from, shows, why] = cells[..] else {
        panic!("not seven cells: {row}")
    };
    assert!(!why.is_empty(), "{row}");
    Case {
        issued: day(issued),
        mode: match mode {
            "offline24" => Mode::Offline24,
            "unavailability" => Mode::Unavailability,
            "emergency" => Mode::Emergency,
            "total failure" => Mode::TotalFailure,
            _ => panic!("no mode: {row}"),
        },
        outages: announced.split("; ").filter(|one| *one != "nothing").map(outage).collect(),
        due: match due {
            "not known yet" => Due::AfterOutage,
            "no duty" => Due::NoDuty,
            text => Due::On(day(text)),
        },
        rule: match counted_from {
            "issue" => Rule::DayAfterIssue,
            "unavailability" => Rule::DayAfterUnavailability,
            "failure" => Rule::SeventhDayAfterFailure,
            "nothing" => Rule::TotalFailure,
            "issue, outage unknown" => Rule::UnknownOutage,
            _ => panic!("counted from nothing known: {row}"),
        },
        shows: shows.split(", ").map(|number| number.parse().unwrap()).collect(),
    }
}

/// As `Tue 2026-02-03`, where the weekday has to be right.
fn day(text: &str) -> NaiveDate {
    let day = NaiveDate::parse_from_str(text, "%a %Y-%m-%d");
    day.unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// As `failure from 2026-03-02 09:00 to 2026-03-03 09:00`; without an end it goes on.
fn outage(text: &str) -> Outage {
    let (kind, time) = text.split_once(" from ").unwrap();
    let (start, end) = match time.split_once(" to ") {
        Some((start, end)) => (start, Some(end)),
        None => (time, None),
    };
    let kind = match kind {
        "unavailability" => OutageKind::Unavailability,
        "failure" => OutageKind::Failure,
        "total failure" => OutageKind::TotalFailure,
        _ => panic!("no outage: {text}"),
    };
    Outage { kind, start: polish(start), end: end.map(polish) }
}

fn polish(text: &str) -> DateTime<Utc> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    local.and_local_timezone(Warsaw).unwrap().to_utc()
}

#[test]
fn every_row_of_the_page_is_what_is_computed() {
    let cases = cases(&page());
    assert!(cases.len() >= 100, "{} rows", cases.len());
    for case in &cases {
        let deadline = Deadline::of(case.mode, case.issued, &case.outages);
        assert_eq!((deadline.due, deadline.rule), (case.due, case.rule), "{case:?}");
        if let Due::On(day) = deadline.due {
            assert!(day > case.issued && is_business_day(day), "{case:?}");
        }
    }
}

#[test]
fn every_rule_of_the_page_is_shown_by_a_row() {
    let page = page();
    let rules: BTreeSet<usize> =
        page.lines().filter_map(|line| line.split_once(". ")?.0.parse().ok()).collect();
    assert!(rules.iter().copied().eq(1..=rules.len()), "{rules:?}");
    let shown: BTreeSet<_> = cases(&page).into_iter().flat_map(|case| case.shows).collect();
    assert_eq!(shown, rules);
}

#[test]
fn the_order_in_which_outages_are_told_does_not_matter() {
    for mut case in cases(&page()) {
        case.outages.reverse();
        let deadline = Deadline::of(case.mode, case.issued, &case.outages);
        assert_eq!((deadline.due, deadline.rule), (case.due, case.rule), "{case:?}");
    }
}
