//! Announced times in which KSeF does not work.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use common_core::open::Open;
use serde::{Deserialize, Serialize};

use super::{end_of, polish_day};
use crate::v2::latarnia::{Category, Event, Message};

/// What kind of outage was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OutageKind {
    /// The ministry announced that the system is not available (`MAINTENANCE`).
    Unavailability,
    /// A failure was announced (`FAILURE`).
    Failure,
    /// A failure of everything was announced in the mass media (`TOTAL_FAILURE`).
    TotalFailure,
}

/// One announced outage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// What kind.
    pub kind: OutageKind,
    /// When it began.
    pub start: DateTime<Utc>,
    /// When it ended, or will end; none while nobody has said.
    pub end: Option<DateTime<Utc>>,
}

impl Outage {
    /// The outages that Latarnia's messages tell of, oldest first.
    ///
    /// The beginning and the end of a failure are messages of their own with one event number; a
    /// newer version of a message replaces an older one. Messages that say neither what nor when
    /// are passed over, and so is an end without a beginning.
    pub fn of_messages<'a>(messages: impl IntoIterator<Item = &'a Message>) -> Vec<Self> {
        let events = Self::events(messages).into_values();
        let told = events.filter_map(|(beginning, end)| Self::of(beginning?, end));
        let mut outages: Vec<_> = told.collect();
        outages.sort_by_key(|outage| (outage.start, outage.kind));
        outages
    }

    /// The newest messages about the beginning and the end of each event.
    pub(super) fn events<'a>(
        messages: impl IntoIterator<Item = &'a Message>,
    ) -> BTreeMap<&'a str, (Option<&'a Message>, Option<&'a Message>)> {
        let mut events: BTreeMap<&str, (Option<&Message>, Option<&Message>)> = BTreeMap::new();
        for message in messages {
            let Some(event) = message.event_id.as_deref().or(message.id.as_deref()) else {
                continue;
            };
            let (beginning, end) = events.entry(event).or_default();
            let newest = if is_end(message) { end } else { beginning };
            if newest.is_none_or(|known| version(message) >= version(known)) {
                *newest = Some(message);
            }
        }
        events
    }

    pub(super) fn of(beginning: &Message, end: Option<&Message>) -> Option<Self> {
        let kind = match beginning.category.as_ref()?.known()? {
            Category::Maintenance => OutageKind::Unavailability,
            Category::Failure => OutageKind::Failure,
            Category::TotalFailure => OutageKind::TotalFailure,
        };
        let start = beginning.start.or(beginning.published)?;
        let end = end.and_then(|end| Self::end_told_by(end, start)).or(beginning.end);
        Some(Self { kind, start, end })
    }

    /// The moment that a message about the end of an outage tells; it may repeat its beginning.
    pub(super) fn end_told_by(message: &Message, start: DateTime<Utc>) -> Option<DateTime<Utc>> {
        message.end.or(message.start.filter(|told| *told > start)).or(message.published)
    }

    /// Outages of one kind that overlap or touch as one, by their beginning.
    pub(super) fn joined(outages: &[Self]) -> Vec<Self> {
        let mut sorted = outages.to_vec();
        sorted.sort_by_key(|outage| (outage.kind, outage.start));
        let mut joined: Vec<Self> = Vec::with_capacity(sorted.len());
        for outage in sorted {
            match joined.last_mut() {
                Some(last)
                    if last.kind == outage.kind
                        && last.end.is_none_or(|end| outage.start <= end) =>
                {
                    last.end = last.end.zip(outage.end).map(|(one, other)| one.max(other));
                }
                _ => joined.push(outage),
            }
        }
        joined
    }

    /// Whether it lasts at some moment of that Polish day.
    pub(super) fn covers(&self, day: NaiveDate) -> bool {
        self.starts_on() <= day && self.ends_on().is_none_or(|end| day <= end)
    }

    /// Whether it lasts at the end of that Polish day, or begins later.
    pub(super) fn outlasts(&self, day: NaiveDate) -> bool {
        self.end.is_none_or(|end| end >= end_of(day))
    }

    /// The Polish day on which it begins.
    pub(super) fn starts_on(&self) -> NaiveDate {
        polish_day(self.start)
    }

    /// The Polish day on which it ends. One that ends at midnight does not touch the day that begins.
    pub(super) fn ends_on(&self) -> Option<NaiveDate> {
        let last = |end: DateTime<Utc>| end.checked_sub_signed(TimeDelta::nanoseconds(1));
        self.end.map(|end| polish_day(last(end).unwrap_or(end)).max(self.starts_on()))
    }
}

fn is_end(message: &Message) -> bool {
    message.event.as_ref().and_then(Open::known) == Some(Event::FailureEnd)
}

/// Versions are numbers in all that was seen; others come before them.
fn version(message: &Message) -> Option<u64> {
    message.version.as_deref()?.parse().ok()
}
