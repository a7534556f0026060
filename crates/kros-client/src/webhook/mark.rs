//! What is remembered about one notification: the states of [`ReplayGuard`](super::ReplayGuard),
//! wherever they are kept.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Claim, ReplayKey, Seen};

/// The state of one notification, and which attempt to handle it brought it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) attempt: u32,
    pub(super) state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Claimed { until: DateTime<Utc> },
    Open,
    Handled { at: DateTime<Utc> },
}

impl Mark {
    /// How many attempts came before, if the notification is to be handled now, or else why not.
    pub(super) fn attempts(known: Option<Self>, now: DateTime<Utc>) -> Result<u32, Seen> {
        match known {
            Some(Self { state: State::Handled { at }, .. }) => Err(Seen::Handled { at }),
            Some(Self { state: State::Claimed { until }, .. }) if now < until => {
                Err(Seen::InProgress { until })
            }
            Some(mark) => Ok(mark.attempt),
            None => Ok(0),
        }
    }

    /// The mark that a claim left.
    pub(super) fn of(claim: &Claim) -> Self {
        Self { attempt: claim.attempt(), state: State::Claimed { until: claim.until() } }
    }
}

/// How long notifications are remembered after their last change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetimes {
    pub(super) usual: TimeDelta,
    /// That of handled ones that name no request.
    pub(super) nameless: TimeDelta,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { usual: TimeDelta::days(7), nameless: TimeDelta::hours(1) }
    }
}

impl Lifetimes {
    /// When a mark that is made now may be forgotten: after the claim has lapsed, if it is one.
    pub(super) fn forget_at(
        &self,
        key: &ReplayKey,
        mark: &Mark,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        match mark.state {
            State::Claimed { until } => after(until, self.usual),
            State::Handled { .. } if key.request_id().is_none() => {
                after(now, self.usual.min(self.nameless))
            }
            State::Open | State::Handled { .. } => after(now, self.usual),
        }
    }
}

/// Saturates, so that "for ever" may be written as the greatest time span.
pub(super) fn after(time: DateTime<Utc>, span: TimeDelta) -> DateTime<Utc> {
    time.checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
