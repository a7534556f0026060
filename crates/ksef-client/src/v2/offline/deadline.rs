//! The rules of deadlines (KSeF 2.0 facts §16).

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{
    calendar::{business_day_after, end_of},
    outage::{Outage, OutageKind},
};

/// After a failure an invoice may be sent for so many business days.
const AFTER_FAILURE: u32 = 7;

/// Why an invoice was issued offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Mode {
    /// The taxpayer chose so (offline24).
    Offline24,
    /// The ministry had announced that KSeF is not available (offline).
    Unavailability,
    /// A failure was announced (tryb awaryjny).
    Emergency,
    /// A failure of everything was announced: any form of invoice will do, without codes. Believed
    /// without an announcement, because it is made in the mass media; if such an invoice is sent
    /// all the same, it is sent as one that was issued offline.
    TotalFailure,
}

/// When an invoice has to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Due {
    /// By the end of that day in Poland.
    On(NaiveDate),
    /// Nobody can say yet, because the outage has not ended. Ask again when its end is announced.
    AfterOutage,
    /// Never: a failure of everything lifted the duty.
    NoDuty,
}

/// Which rule made a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Rule {
    /// The next business day after the day of issue.
    DayAfterIssue,
    /// The next business day after the end of the unavailability.
    DayAfterUnavailability,
    /// The seventh business day after the end of the failure.
    SeventhDayAfterFailure,
    /// No duty, because of a failure of everything.
    TotalFailure,
    /// The mode asks for an outage and none is known that covers the day of issue. The earliest of
    /// all deadlines is taken, the next business day after the day of issue.
    UnknownOutage,
}

/// Until when an invoice has to be sent, and by which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Deadline {
    /// When.
    pub due: Due,
    /// Why.
    pub rule: Rule,
}

impl Deadline {
    /// The deadline of an invoice issued on that day, with all outages that are known.
    ///
    /// A failure that goes on or is announced while a deadline runs moves it to the seventh
    /// business day after its own end, and so does every further one; none moves it to an earlier
    /// day. A failure of everything that falls into the time until the deadline lifts the duty.
    /// Outages of one kind that overlap or touch are one. Call it again whenever an outage is
    /// announced or ends.
    ///
    /// Only days are known of an invoice, so where the hour would decide, the earlier deadline is
    /// taken: an outage that ended on the day of issue may have ended before, and moves nothing,
    /// unless the mode says that the invoice was issued in it. The table of cases is
    /// `docs/ksef/deadlines.md`.
    pub fn of(mode: Mode, issued: NaiveDate, outages: &[Outage]) -> Self {
        let outages = &Outage::joined(outages);
        let lasting = |kind| of_kind(outages, kind).filter(move |outage| outage.outlasts(issued));
        let mut deadline = Self::at_first(mode, issued, outages);
        for failure in lasting(OutageKind::Failure) {
            if deadline.is_running_on(failure.starts_on()) {
                deadline = deadline.or_later(Self::after_failure(failure));
            }
        }
        let is_lifted = lasting(OutageKind::TotalFailure)
            .any(|outage| deadline.is_running_on(outage.starts_on()));
        if is_lifted { Self { due: Due::NoDuty, rule: Rule::TotalFailure } } else { deadline }
    }

    /// The moment at which it is missed: midnight in Poland after its day.
    pub fn moment(&self) -> Option<DateTime<Utc>> {
        match self.due {
            Due::On(day) => Some(end_of(day)),
            Due::AfterOutage | Due::NoDuty => None,
        }
    }

    /// Whether it was missed by that moment.
    pub fn is_missed(&self, now: DateTime<Utc>) -> bool {
        self.moment().is_some_and(|end| now >= end)
    }

    /// The deadline by the mode alone, without what was announced later.
    fn at_first(mode: Mode, issued: NaiveDate, outages: &[Outage]) -> Self {
        // Of two that fall on that day, the one that ended first gives the earlier deadline.
        let covering = |kind| of_kind(outages, kind).find(|outage| outage.covers(issued));
        let found = match mode {
            Mode::Offline24 => Some(Self::next_day(issued, Rule::DayAfterIssue)),
            Mode::Unavailability => {
                covering(OutageKind::Unavailability).map(Self::after_unavailability)
            }
            Mode::Emergency => covering(OutageKind::Failure).map(Self::after_failure),
            Mode::TotalFailure => Some(Self { due: Due::NoDuty, rule: Rule::TotalFailure }),
        };
        found.unwrap_or_else(|| Self::next_day(issued, Rule::UnknownOutage))
    }

    fn next_day(after: NaiveDate, rule: Rule) -> Self {
        Self { due: Due::On(business_day_after(after, 1)), rule }
    }

    fn after_unavailability(outage: &Outage) -> Self {
        let rule = Rule::DayAfterUnavailability;
        match outage.ends_on() {
            Some(end) => Self::next_day(end, rule),
            None => Self { due: Due::AfterOutage, rule },
        }
    }

    fn after_failure(failure: &Outage) -> Self {
        let due = failure
            .ends_on()
            .map_or(Due::AfterOutage, |end| Due::On(business_day_after(end, AFTER_FAILURE)));
        Self { due, rule: Rule::SeventhDayAfterFailure }
    }

    fn is_running_on(&self, day: NaiveDate) -> bool {
        match self.due {
            Due::On(last) => day <= last,
            Due::AfterOutage => true,
            Due::NoDuty => false,
        }
    }

    /// The later of two; what ends after an outage that goes on is later than any day.
    fn or_later(self, other: Self) -> Self {
        match (self.due, other.due) {
            (Due::On(day), Due::On(later)) if later >= day => other,
            (Due::On(_), Due::AfterOutage) => other,
            _ => self,
        }
    }
}

fn of_kind(outages: &[Outage], kind: OutageKind) -> impl Iterator<Item = &Outage> {
    outages.iter().filter(move |outage| outage.kind == kind)
}

/// As in "due on 2026-04-07 (next business day after the day of issue)".
impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.due {
            Due::On(day) => write!(f, "due on {day}")?,
            Due::AfterOutage => f.write_str("due after the end of the outage")?,
            Due::NoDuty => f.write_str("no duty to send")?,
        }
        write!(f, " ({})", self.rule)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DayAfterIssue => "next business day after the day of issue",
            Self::DayAfterUnavailability => "next business day after the unavailability",
            Self::SeventhDayAfterFailure => "seventh business day after the failure",
            Self::TotalFailure => "a failure of everything lifted the duty",
            Self::UnknownOutage => {
                "no outage is known for the day of issue: next business day after it"
            }
        })
    }
}

#[cfg(test)]
mod tests;
