//! Windows of time, split until each holds no more than one query gives.
//!
//! A query gives 10,100 rows at most and refuses more (21177), and a window has at most 24 months
//! (KSeF 1.x facts §5 and §12). Splitting is pure: the service's answers decide when.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, Months, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Utc};
use ksef_crypto::number::KsefNumber;

use crate::v1::wire::QueryCriteriaInvoiceV2 as Criteria;

/// How long a window may be, in months.
const LONGEST: Months = Months::new(24);

/// A stretch of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
}

/// What the ends of a window are compared with, which decides how it is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    /// The moment of acceptance, in milliseconds.
    Moment,
    /// The date of issue.
    Date,
}

/// The windows of one query that have not been asked about, the earliest first.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    criteria: Criteria,
    measure: Measure,
    /// The earliest is the last.
    waiting: Vec<Window>,
}

impl Windows {
    /// The window of the criteria, in stretches of 24 months at most. Criteria of an unknown kind
    /// have one window that cannot be split.
    ///
    /// A window of acceptance that reaches into the future ends with `now`: what is accepted while
    /// the rows are read would move them to other pages. Its ends are whole milliseconds, as the
    /// service counts, around those of the criteria.
    ///
    /// A window that ends before it begins stays as it is, and the request for it is refused.
    pub(super) fn new(criteria: Criteria, now: DateTime<Utc>) -> Self {
        let (measure, window) = match &criteria {
            Criteria::Incremental(it) => {
                let (from, to) = (
                    it.acquisition_timestamp_threshold_from,
                    it.acquisition_timestamp_threshold_to,
                );
                (Measure::Moment, Some(acceptance((from, to).into(), now)))
            }
            Criteria::Range(it) => {
                (Measure::Date, Some((it.invoicing_date_from, it.invoicing_date_to).into()))
            }
            Criteria::Detail(it) => {
                (Measure::Date, Some((it.invoicing_date_from, it.invoicing_date_to).into()))
            }
            _ => (Measure::Date, None),
        };
        let now = Window { from: now, to: now };
        let waiting = stretches(window.unwrap_or(now), measure);
        Self { criteria, measure, waiting }
    }

    /// The next window to ask about.
    pub(super) fn next(&mut self) -> Option<Window> {
        self.waiting.pop()
    }

    /// Puts the halves of a window in its place; false when it cannot be split.
    pub(super) fn split(&mut self, window: Window) -> bool {
        let Some((earlier, later)) = halves(window, self.measure) else { return false };
        self.waiting.extend([later, earlier]);
        true
    }

    /// The criteria for one window.
    pub(super) fn criteria(&self, window: Window) -> Criteria {
        let mut criteria = self.criteria.clone();
        match &mut criteria {
            Criteria::Incremental(it) => {
                it.acquisition_timestamp_threshold_from = window.from;
                it.acquisition_timestamp_threshold_to = window.to;
            }
            Criteria::Range(it) => {
                (it.invoicing_date_from, it.invoicing_date_to) = (window.from, window.to);
            }
            Criteria::Detail(it) => {
                (it.invoicing_date_from, it.invoicing_date_to) = (window.from, window.to);
            }
            _ => {}
        }
        criteria
    }
}

impl From<(DateTime<Utc>, DateTime<Utc>)> for Window {
    fn from((from, to): (DateTime<Utc>, DateTime<Utc>)) -> Self {
        Self { from, to }
    }
}

/// A window of acceptance in whole milliseconds, up to now.
fn acceptance(asked: Window, now: DateTime<Utc>) -> Window {
    if asked.from > asked.to {
        return asked;
    }
    let from = asked.from.trunc_subsecs(3);
    let to = up_to_millis(asked.to.min(now)).min(now.trunc_subsecs(3)).max(from);
    Window { from, to }
}

/// The next whole millisecond.
fn up_to_millis(moment: DateTime<Utc>) -> DateTime<Utc> {
    let whole = moment.trunc_subsecs(3);
    if whole == moment { whole } else { whole + TimeDelta::milliseconds(1) }
}

/// Stretches that are short enough, the latest first.
fn stretches(mut window: Window, measure: Measure) -> Vec<Window> {
    let mut all = Vec::new();
    while let Some(end) = window.from.checked_add_months(LONGEST).filter(|end| *end < window.to) {
        let (earlier, from) = match measure {
            Measure::Moment => (Window { to: end, ..window }, end),
            Measure::Date => around(window, (end - TimeDelta::days(1)).date_naive()),
        };
        all.push(earlier);
        window.from = from;
    }
    all.push(window);
    all.reverse();
    all
}

/// The halves of a window.
///
/// Two windows of acceptance share the moment between them, so that nothing falls into a gap.
/// Windows of dates end with a day in UTC; where the service takes another time of day for the
/// boundary, they overlap by some hours. What is found twice is given once.
fn halves(window: Window, measure: Measure) -> Option<(Window, Window)> {
    match measure {
        Measure::Moment => {
            let middle = (window.from + (window.to - window.from) / 2).trunc_subsecs(3);
            if middle > window.from && middle < window.to {
                return Some((Window { to: middle, ..window }, Window { from: middle, ..window }));
            }
            let (from, to) = (window.from, window.to);
            (from < to).then_some((Window { to: from, from }, Window { from: to, to }))
        }
        Measure::Date => {
            let (first, last) = (window.from.date_naive(), window.to.date_naive());
            // Rounded down, so that the last day is never in the earlier half.
            let middle = first + TimeDelta::days((last - first).num_days() / 2);
            let (earlier, from) = around(window, middle);
            (first < last).then_some((earlier, Window { from, ..window }))
        }
    }
}

/// The window up to the end of that day, and the beginning of the next day.
fn around(window: Window, day: NaiveDate) -> (Window, DateTime<Utc>) {
    let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
    let next = next.and_time(NaiveTime::MIN).and_utc();
    (Window { to: next - TimeDelta::milliseconds(1), ..window }, next)
}

/// What was given already, so that it is given once.
///
/// The same invoice can come twice from one window, whose rows move between pages, and from two
/// neighbours. So what two windows gave is kept, and what a window gave before it had to be split.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    now: BTreeSet<String>,
    before: BTreeSet<String>,
    split: BTreeSet<String>,
}

impl Seen {
    /// Whether this one is new. Both forms of a KSeF number are one.
    pub(super) fn is_new(&mut self, number: &str) -> bool {
        let number = match number.parse::<KsefNumber>() {
            Ok(number) => number.compact().to_string(),
            Err(_) => number.to_owned(),
        };
        let known = self.before.contains(&number) || self.split.contains(&number);
        !known && self.now.insert(number)
    }

    /// A window has been read to its end.
    pub(super) fn next_window(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    /// A window is split after some of it was given.
    pub(super) fn split_window(&mut self) {
        self.split.append(&mut self.now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::v1::wire;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn incremental(from: &str, to: &str) -> Criteria {
        let role = wire::SubjectRole::Subject1;
        Criteria::Incremental(wire::QueryCriteriaInvoiceIncremental::new(at(from), at(to), role))
    }

    fn range(from: &str, to: &str) -> Criteria {
        let role = wire::SubjectRole::Subject1;
        Criteria::Range(wire::QueryCriteriaInvoiceRange::new(at(from), at(to), role))
    }

    fn all(mut windows: Windows) -> Vec<Window> {
        std::iter::from_fn(|| windows.next()).collect()
    }

    #[test]
    fn a_window_of_acceptance_ends_with_now_and_one_of_dates_does_not() {
        let now = at("2026-01-15T12:00:00.123456Z");
        let (from, to) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        let ends = |criteria| all(Windows::new(criteria, now)).iter().map(|it| it.to).collect();
        let moments: Vec<_> = ends(incremental(from, to));
        assert_eq!(moments, [at("2026-01-15T12:00:00.123Z")]);
        let dates: Vec<_> = ends(range(from, to));
        assert_eq!(dates, [at(to)]);
    }

    #[test]
    fn the_ends_of_a_window_of_acceptance_are_whole_milliseconds_around_it() {
        let (from, to) = ("2026-01-01T00:00:00.000600Z", "2026-01-01T00:00:00.001300Z");
        let windows = all(Windows::new(incremental(from, to), at("2026-01-15T12:00:00Z")));
        let (from, to) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T00:00:00.002Z"));
        assert_eq!(windows, [Window { from, to }]);
    }

    #[test]
    fn a_window_without_an_end_is_one_that_ends_with_now() {
        let now = at("2026-01-15T12:00:00.123456Z");
        let role = wire::SubjectRole::Subject1;
        let (from, to) = (at("2026-01-01T00:00:00Z"), DateTime::<Utc>::MAX_UTC);
        let criteria = wire::QueryCriteriaInvoiceIncremental::new(from, to, role);
        let windows = all(Windows::new(Criteria::Incremental(criteria), now));
        assert_eq!(windows, [Window { from, to: at("2026-01-15T12:00:00.123Z") }]);
    }

    #[test]
    fn a_long_time_is_asked_for_in_stretches_of_two_years_the_earliest_first() {
        let now = at("2026-01-15T12:00:00Z");
        let windows =
            all(Windows::new(incremental("2022-01-01T00:00:00Z", "2026-01-10T00:00:00Z"), now));
        let ends: Vec<_> = windows.iter().map(|it| (it.from, it.to)).collect();
        let expected = [
            (at("2022-01-01T00:00:00Z"), at("2024-01-01T00:00:00Z")),
            (at("2024-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z")),
            (at("2026-01-01T00:00:00Z"), at("2026-01-10T00:00:00Z")),
        ];
        assert_eq!(ends, expected);
        let dates = all(Windows::new(range("2022-01-01T00:00:00Z", "2024-06-01T00:00:00Z"), now));
        assert_eq!(dates[0].to, at("2023-12-31T23:59:59.999Z"));
        assert_eq!(dates[1].from, at("2024-01-01T00:00:00Z"));
    }

    #[test]
    fn a_day_and_a_millisecond_cannot_be_split() {
        let now = at("2026-01-15T12:00:00Z");
        let mut dates = Windows::new(range("2026-01-01T00:00:00Z", "2026-01-01T23:00:00Z"), now);
        let day = dates.next().unwrap();
        assert!(!dates.split(day));
        let (from, to) = ("2026-01-01T00:00:00.001Z", "2026-01-01T00:00:00.002Z");
        let mut moments = Windows::new(incremental(from, to), now);
        let two = moments.next().unwrap();
        assert!(moments.split(two));
        let one = moments.next().unwrap();
        assert_eq!((one.from, one.to), (at(from), at(from)));
        assert!(!moments.split(one));
    }

    proptest! {
        #[test]
        fn halves_leave_no_gap_and_are_smaller(start in 0_i64..10_000_000, length in 0_i64..200_000_000) {
            let origin = at("2026-01-01T00:00:00Z");
            let from = origin + TimeDelta::milliseconds(start);
            let to = from + TimeDelta::milliseconds(length);
            for measure in [Measure::Moment, Measure::Date] {
                let Some((earlier, later)) = halves(Window { from, to }, measure) else {
                    let whole = if measure == Measure::Moment { from == to } else { from.date_naive() == to.date_naive() };
                    prop_assert!(whole);
                    continue;
                };
                prop_assert!(earlier.from == from && later.to == to);
                prop_assert!(earlier.from <= earlier.to && later.from <= later.to);
                prop_assert!(later.from - earlier.to <= TimeDelta::milliseconds(1));
                prop_assert!(earlier.to < to && later.from > from);
            }
        }
    }

    #[test]
    fn what_neighbours_and_halves_give_again_is_not_new() {
        let mut seen = Seen::default();
        assert!(seen.is_new("1111111111-20240401-012345-6789AB-CD"));
        assert!(!seen.is_new("1111111111-20240401-0123456789AB-CD"));
        seen.next_window();
        assert!(!seen.is_new("1111111111-20240401-0123456789AB-CD"));
        assert!(seen.is_new("second"));
        seen.split_window();
        seen.next_window();
        seen.next_window();
        assert!(!seen.is_new("second"));
        assert!(seen.is_new("1111111111-20240401-0123456789AB-CD"));
    }
}
