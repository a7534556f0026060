//! What must hold of all deadlines; the table of cases is `docs/ksef/deadlines.md`, which
//! `tests/it/v2_deadlines.rs` computes.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::v2::{latarnia::Message, offline::is_business_day};

fn at(text: &str) -> DateTime<Utc> {
    format!("{text}:00:00Z").parse().unwrap()
}

fn outage(kind: OutageKind, start: &str, end: &str) -> Outage {
    Outage { kind, start: at(start), end: (!end.is_empty()).then(|| at(end)) }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn a_deadline_is_missed_at_midnight_in_poland() {
    let deadline = Deadline::of(Mode::Offline24, day("2026-02-03"), &[]);
    assert!(!deadline.is_missed("2026-02-04T22:59:59Z".parse().unwrap()));
    assert!(deadline.is_missed("2026-02-04T23:00:00Z".parse().unwrap()));
    let text = "due on 2026-02-04 (next business day after the day of issue)";
    assert_eq!(deadline.to_string(), text);
    let failure = outage(OutageKind::Failure, "2026-03-02T08", "");
    let open = Deadline::of(Mode::Emergency, day("2026-03-02"), &[failure]);
    assert_eq!(open.moment(), None);
    assert!(!open.is_missed("2036-01-01T00:00:00Z".parse().unwrap()));
}

#[test]
fn outages_are_read_from_the_messages_of_latarnia() {
    let messages: Vec<Message> = serde_json::from_str(
        r#"[
            {"id":1,"eventId":7,"category":"FAILURE","type":"FAILURE_START","start":"2026-03-02T08:00:00Z","version":1},
            {"id":2,"eventId":7,"category":"FAILURE","type":"FAILURE_END","end":"2026-03-03T07:00:00Z","version":1},
            {"id":3,"eventId":7,"category":"FAILURE","type":"FAILURE_END","end":"2026-03-03T08:00:00Z","version":2},
            {"id":4,"category":"MAINTENANCE","type":"MAINTENANCE_ANNOUNCEMENT","start":"2026-03-01T20:00:00Z","end":"2026-03-02T04:00:00Z"},
            {"id":5,"eventId":9,"category":"TOTAL_FAILURE","type":"FAILURE_START","start":"2026-05-01T08:00:00Z"},
            {"id":6,"eventId":10,"category":"FAILURE","type":"FAILURE_END","end":"2026-05-01T08:00:00Z"},
            {"id":7,"eventId":11,"category":"NEW_KIND","type":"FAILURE_START","start":"2026-05-01T08:00:00Z"},
            {"title":"nothing"}
        ]"#,
    )
    .unwrap();
    let expected = [
        outage(OutageKind::Unavailability, "2026-03-01T20", "2026-03-02T04"),
        outage(OutageKind::Failure, "2026-03-02T08", "2026-03-03T08"),
        outage(OutageKind::TotalFailure, "2026-05-01T08", ""),
    ];
    assert_eq!(Outage::of_messages(&messages), expected);
}

/// Four weeks over Christmas, in hours from their beginning.
const HOURS: i64 = 4 * 7 * 24;

fn begin() -> DateTime<Utc> {
    at("2026-12-14T23")
}

fn any_outage() -> impl Strategy<Value = Outage> {
    let kind = prop_oneof![
        4 => Just(OutageKind::Failure),
        4 => Just(OutageKind::Unavailability),
        1 => Just(OutageKind::TotalFailure),
    ];
    let length = prop_oneof![4 => (1_i64..150).prop_map(Some), 1 => Just(None)];
    (kind, 0..HOURS, length).prop_map(|(kind, from, length)| {
        let start = begin() + TimeDelta::hours(from);
        Outage { kind, start, end: length.map(|hours| start + TimeDelta::hours(hours)) }
    })
}

fn any_case() -> impl Strategy<Value = (Mode, NaiveDate, Vec<Outage>)> {
    let mode =
        prop_oneof![Just(Mode::Offline24), Just(Mode::Unavailability), Just(Mode::Emergency),];
    let issued = (0..HOURS)
        .prop_map(|hours| crate::v2::offline::polish_day(begin() + TimeDelta::hours(hours)));
    (mode, issued, prop::collection::vec(any_outage(), 0..5))
}

/// How much time a deadline gives.
fn time(deadline: &Deadline) -> (u8, Option<NaiveDate>) {
    match deadline.due {
        Due::On(day) => (0, Some(day)),
        Due::AfterOutage => (1, None),
        Due::NoDuty => (2, None),
    }
}

proptest! {
    #[test]
    fn a_deadline_is_a_business_day_after_the_issue(case in any_case()) {
        let (mode, issued, outages) = case;
        let deadline = Deadline::of(mode, issued, &outages);
        if let Due::On(day) = deadline.due {
            prop_assert!(day > issued && is_business_day(day));
        }
        let never_less = Deadline::of(Mode::Offline24, issued, &[]);
        prop_assert!(time(&deadline) >= time(&never_less));
    }

    #[test]
    fn a_further_failure_never_takes_time_away(case in any_case(), further in any_outage()) {
        let (mode, issued, mut outages) = case;
        prop_assume!(further.kind != OutageKind::Unavailability);
        let before = Deadline::of(mode, issued, &outages);
        outages.push(further);
        prop_assert!(time(&Deadline::of(mode, issued, &outages)) >= time(&before));
    }

    #[test]
    fn an_outage_told_in_pieces_is_one(case in any_case(), piece in 0_usize..5, cut in 1_i64..150) {
        let (mode, issued, mut outages) = case;
        let whole = Deadline::of(mode, issued, &outages);
        prop_assume!(piece < outages.len());
        let cut = outages[piece].start + TimeDelta::hours(cut);
        prop_assume!(outages[piece].end.is_none_or(|end| cut <= end));
        let rest = Outage { start: cut, ..outages[piece].clone() };
        outages[piece].end = Some(cut);
        outages.insert(0, rest);
        prop_assert_eq!(Deadline::of(mode, issued, &outages), whole);
    }
}
