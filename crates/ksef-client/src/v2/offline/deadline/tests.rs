//! A table of deadlines over weekends, holidays, outages and year ends, with the rule that each
//! shows.

use super::*;
use crate::v2::latarnia::Message;

/// As `kind start end`, days with hours of Polish winter or summer time written in UTC.
fn outage(kind: OutageKind, start: &str, end: &str) -> Outage {
    let at = |text: &str| format!("{text}:00:00Z").parse().unwrap();
    Outage { kind, start: at(start), end: (!end.is_empty()).then(|| at(end)) }
}

fn unavailable(start: &str, end: &str) -> Outage {
    outage(OutageKind::Unavailability, start, end)
}

fn failure(start: &str, end: &str) -> Outage {
    outage(OutageKind::Failure, start, end)
}

fn total(start: &str, end: &str) -> Outage {
    outage(OutageKind::TotalFailure, start, end)
}

fn check(mode: Mode, issued: &str, outages: &[Outage], expected: &str, rule: Rule) {
    let deadline = Deadline::of(mode, issued.parse().unwrap(), outages);
    let due = match deadline.due {
        Due::On(day) => day.to_string(),
        Due::AfterOutage => "open".to_owned(),
        Due::NoDuty => "none".to_owned(),
    };
    assert_eq!((due.as_str(), deadline.rule), (expected, rule), "{mode:?} {issued} {outages:?}");
}

#[test]
fn offline24_is_due_on_the_next_business_day() {
    let table = [
        ("2026-02-03", "2026-02-04"), // Tuesday
        ("2026-02-06", "2026-02-09"), // Friday: over the weekend
        ("2026-02-07", "2026-02-09"), // Saturday
        ("2026-02-08", "2026-02-09"), // Sunday
        ("2026-04-03", "2026-04-07"), // Good Friday: over Easter Monday
        ("2026-04-30", "2026-05-04"), // over Labour Day, Saturday and Sunday the third of May
        ("2026-06-03", "2026-06-05"), // over Corpus Christi, a Thursday
        ("2026-11-10", "2026-11-12"), // over Independence Day
        ("2026-12-23", "2026-12-28"), // over Christmas Eve to the Sunday after Christmas
        ("2026-12-31", "2027-01-04"), // over New Year, a Friday
        ("2027-01-05", "2027-01-07"), // over Epiphany
        ("2027-12-31", "2028-01-03"), // over New Year, a Saturday
        ("2028-02-28", "2028-02-29"), // the leap day is a Tuesday
    ];
    for (issued, expected) in table {
        check(Mode::Offline24, issued, &[], expected, Rule::DayAfterIssue);
    }
}

#[test]
fn an_unavailability_is_counted_from_its_end() {
    let night = [unavailable("2026-03-05T20", "2026-03-06T04")];
    let rule = Rule::DayAfterUnavailability;
    check(Mode::Unavailability, "2026-03-05", &night, "2026-03-09", rule);
    check(Mode::Unavailability, "2026-03-06", &night, "2026-03-09", rule);
    // Ends at 23:30 UTC, which is the next day in Poland.
    let late = [unavailable("2026-03-03T20", "2026-03-03T23")];
    check(Mode::Unavailability, "2026-03-03", &late, "2026-03-05", rule);
    let open = [unavailable("2026-03-05T20", "")];
    check(Mode::Unavailability, "2026-03-09", &open, "open", rule);
    let year_end = [unavailable("2026-12-30T10", "2026-12-31T10")];
    check(Mode::Unavailability, "2026-12-30", &year_end, "2027-01-04", rule);
}

#[test]
fn a_failure_gives_seven_business_days_after_its_end() {
    let rule = Rule::SeventhDayAfterFailure;
    let short = [failure("2026-03-02T08", "2026-03-03T08")];
    check(Mode::Emergency, "2026-03-02", &short, "2026-03-12", rule);
    let over_easter = [failure("2026-03-30T08", "2026-03-31T08")];
    check(Mode::Emergency, "2026-03-31", &over_easter, "2026-04-10", rule);
    let over_christmas = [failure("2026-12-17T08", "2026-12-18T08")];
    check(Mode::Emergency, "2026-12-18", &over_christmas, "2026-12-31", rule);
    let over_new_year = [failure("2026-12-21T08", "2026-12-22T08")];
    check(Mode::Emergency, "2026-12-21", &over_new_year, "2027-01-05", rule);
    let over_epiphany = [failure("2026-12-21T08", "2026-12-23T08")];
    check(Mode::Emergency, "2026-12-21", &over_epiphany, "2027-01-07", rule);
    check(Mode::Emergency, "2026-03-02", &[failure("2026-03-02T08", "")], "open", rule);
}

#[test]
fn a_further_failure_begins_the_count_anew() {
    let rule = Rule::SeventhDayAfterFailure;
    let first = failure("2026-03-02T08", "2026-03-03T08");
    let on_the_last_day = failure("2026-03-12T08", "2026-03-13T08");
    let both = [first.clone(), on_the_last_day.clone()];
    check(Mode::Emergency, "2026-03-02", &both, "2026-03-24", rule);
    let a_day_late = [first.clone(), failure("2026-03-13T08", "2026-03-16T08")];
    check(Mode::Emergency, "2026-03-02", &a_day_late, "2026-03-12", rule);
    let unordered = [on_the_last_day.clone(), failure("2026-03-24T08", ""), first.clone()];
    check(Mode::Emergency, "2026-03-02", &unordered, "open", rule);
}

#[test]
fn a_failure_while_another_deadline_runs_replaces_it() {
    let rule = Rule::SeventhDayAfterFailure;
    let next_day = [failure("2026-02-04T08", "2026-02-05T08")];
    check(Mode::Offline24, "2026-02-03", &next_day, "2026-02-16", rule);
    let too_late = [failure("2026-02-05T08", "2026-02-05T18")];
    check(Mode::Offline24, "2026-02-03", &too_late, "2026-02-04", Rule::DayAfterIssue);
    let over_before = [failure("2026-02-01T08", "2026-02-02T18")];
    check(Mode::Offline24, "2026-02-03", &over_before, "2026-02-04", Rule::DayAfterIssue);
    let after_maintenance =
        [unavailable("2026-02-03T08", "2026-02-03T18"), failure("2026-02-04T08", "2026-02-04T18")];
    check(Mode::Unavailability, "2026-02-03", &after_maintenance, "2026-02-13", rule);
    // Maintenance alone moves no deadline of offline24.
    let maintenance = [unavailable("2026-02-04T08", "2026-02-06T18")];
    check(Mode::Offline24, "2026-02-03", &maintenance, "2026-02-04", Rule::DayAfterIssue);
}

#[test]
fn a_failure_of_everything_lifts_the_duty() {
    let rule = Rule::TotalFailure;
    check(Mode::TotalFailure, "2026-02-03", &[], "none", rule);
    let during = [total("2026-02-04T08", "2026-02-10T08")];
    check(Mode::Offline24, "2026-02-03", &during, "none", rule);
    let while_issued = [total("2026-02-01T08", "2026-02-03T08")];
    check(Mode::Offline24, "2026-02-03", &while_issued, "none", rule);
    let before = [total("2026-02-01T08", "2026-02-02T08")];
    check(Mode::Offline24, "2026-02-03", &before, "2026-02-04", Rule::DayAfterIssue);
    let after = [total("2026-02-05T08", "")];
    check(Mode::Offline24, "2026-02-03", &after, "2026-02-04", Rule::DayAfterIssue);
    let in_the_longer_time =
        [failure("2026-02-04T08", "2026-02-05T08"), total("2026-02-12T08", "")];
    check(Mode::Offline24, "2026-02-03", &in_the_longer_time, "none", rule);
}

#[test]
fn an_outage_that_nobody_announced_gives_no_more_time() {
    let rule = Rule::UnknownOutage;
    check(Mode::Emergency, "2026-02-03", &[], "2026-02-04", rule);
    let another_day = [unavailable("2026-02-01T08", "2026-02-02T08")];
    check(Mode::Unavailability, "2026-02-06", &another_day, "2026-02-09", rule);
}

#[test]
fn a_deadline_is_missed_at_midnight_in_poland() {
    let deadline = Deadline::of(Mode::Offline24, "2026-02-03".parse().unwrap(), &[]);
    assert!(!deadline.is_missed("2026-02-04T22:59:59Z".parse().unwrap()));
    assert!(deadline.is_missed("2026-02-04T23:00:00Z".parse().unwrap()));
    let text = "due on 2026-02-04 (next business day after the day of issue)";
    assert_eq!(deadline.to_string(), text);
    let open = Deadline::of(
        Mode::Emergency,
        "2026-03-02".parse().unwrap(),
        &[failure("2026-03-02T08", "")],
    );
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
        unavailable("2026-03-01T20", "2026-03-02T04"),
        failure("2026-03-02T08", "2026-03-03T08"),
        total("2026-05-01T08", ""),
    ];
    assert_eq!(Outage::of_messages(&messages), expected);
}
