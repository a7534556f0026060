//! Announced times in which KSeF does not work.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use common_core::open::Open;
use serde::{Deserialize, Serialize};

use super::polish_day;
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
        let mut newest: BTreeMap<(&str, bool), &Message> = BTreeMap::new();
        for message in messages {
            let Some(event) = message.event_id.as_deref().or(message.id.as_deref()) else {
                continue;
            };
            let slot = newest.entry((event, is_end(message))).or_insert(message);
            if version(message) >= version(slot) {
                *slot = message;
            }
        }
        let mut outages: Vec<_> = newest
            .iter()
            .filter(|((_, is_end), _)| !is_end)
            .filter_map(|((event, _), beginning)| {
                let end = newest.get(&(*event, true)).copied();
                Self::of(beginning, end)
            })
            .collect();
        outages.sort_by_key(|outage| (outage.start, outage.kind));
        outages
    }

    fn of(beginning: &Message, end: Option<&Message>) -> Option<Self> {
        let kind = match beginning.category.as_ref()?.known()? {
            Category::Maintenance => OutageKind::Unavailability,
            Category::Failure => OutageKind::Failure,
            Category::TotalFailure => OutageKind::TotalFailure,
        };
        let told = end.and_then(|end| end.end.or(end.start).or(end.published));
        Some(Self {
            kind,
            start: beginning.start.or(beginning.published)?,
            end: told.or(beginning.end),
        })
    }

    /// Whether it lasts at some moment of that Polish day.
    pub(super) fn covers(&self, day: NaiveDate) -> bool {
        self.starts_on() <= day && self.ends_on().is_none_or(|end| day <= end)
    }

    /// The Polish day on which it begins.
    pub(super) fn starts_on(&self) -> NaiveDate {
        polish_day(self.start)
    }

    /// The Polish day on which it ends.
    pub(super) fn ends_on(&self) -> Option<NaiveDate> {
        self.end.map(polish_day)
    }
}

fn is_end(message: &Message) -> bool {
    message.event.as_ref().and_then(Open::known) == Some(Event::FailureEnd)
}

/// Versions are numbers in all that was seen; others come before them.
fn version(message: &Message) -> Option<u64> {
    message.version.as_deref()?.parse().ok()
}
