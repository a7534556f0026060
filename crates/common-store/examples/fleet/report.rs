//! What a worker tells, a line for each, written before the next thing is done.
//!
//! Times are microseconds since 1970 on the machine's clock, which the server shares.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};

/// A line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// The lease on the journal was taken: fence, when the answer came, and the end.
    Held { fence: u64, at: i64, until: i64 },
    /// It was renewed.
    Kept { fence: u64, until: i64 },
    /// It is about to be given back.
    LettingGo { fence: u64 },
    /// A write under it was refused.
    Lost { fence: u64 },
    /// An entry was done that nobody had done before.
    Did { place: u64 },
    /// A place of the limit was used: its number, and when.
    Called { number: u64, at: i64 },
    /// The token is about to be refreshed.
    Refreshing { fence: u64 },
    /// A token that is good was seen: the fence under which it was made.
    Token { fence: u64 },
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { fence, at, until } => write!(f, "held {fence} {at} {until}"),
            Self::Kept { fence, until } => write!(f, "kept {fence} {until}"),
            Self::LettingGo { fence } => write!(f, "letting-go {fence}"),
            Self::Lost { fence } => write!(f, "lost {fence}"),
            Self::Did { place } => write!(f, "did {place}"),
            Self::Called { number, at } => write!(f, "called {number} {at}"),
            Self::Refreshing { fence } => write!(f, "refreshing {fence}"),
            Self::Token { fence } => write!(f, "token {fence}"),
        }
    }
}

/// A line that is none of these.
#[derive(Debug, thiserror::Error)]
#[error("a worker said something else: {0}")]
pub(crate) struct Unknown(String);

impl FromStr for Report {
    type Err = Unknown;

    fn from_str(line: &str) -> Result<Self, Unknown> {
        let unknown = || Unknown(line.to_owned());
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        let numbers: Result<Vec<i64>, _> = words.map(str::parse).collect();
        let numbers = numbers.map_err(|_| unknown())?;
        let unsigned = |index: usize| {
            numbers.get(index).and_then(|number| u64::try_from(*number).ok()).ok_or_else(unknown)
        };
        let time = |index: usize| numbers.get(index).copied().ok_or_else(unknown);
        let first = unsigned(0)?;
        Ok(match name {
            "held" => Self::Held { fence: first, at: time(1)?, until: time(2)? },
            "kept" => Self::Kept { fence: first, until: time(1)? },
            "letting-go" => Self::LettingGo { fence: first },
            "lost" => Self::Lost { fence: first },
            "did" => Self::Did { place: first },
            "called" => Self::Called { number: first, at: time(1)? },
            "refreshing" => Self::Refreshing { fence: first },
            "token" => Self::Token { fence: first },
            _ => return Err(unknown()),
        })
    }
}

/// A moment as reports write it.
pub(crate) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}
