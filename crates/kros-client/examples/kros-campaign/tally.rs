//! How often each kind of trouble and each kind of outcome was met, so that a campaign in which
//! nothing happened cannot pass for a good one.

use std::{collections::BTreeMap, fmt};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    /// The service answers 503 and does nothing.
    Answered503,
    /// The service answers 429 and does nothing.
    Answered429,
    /// The connection closes after the request and nothing is done.
    RequestDropped,
    /// The request is processed and the connection closes before the answer.
    AnswerLost,
    /// The request is processed and only some bytes of the answer arrive.
    AnswerCut,
    /// The request is processed and 408 takes the place of the answer.
    MaskedAs408,
    /// The request is processed and 503 takes the place of the answer.
    MaskedAs503,
    /// The request waits before it is processed, perhaps longer than the client.
    DelayedBefore,
    /// The answer waits, perhaps longer than the client.
    DelayedAfter,
    /// The answer comes in small pieces.
    SplitWrites,
    /// The connection breaks in the middle of a request.
    TornRequest,
    /// Nobody listens at the address.
    NoConnection,
    /// A call was dropped while it was under way.
    Cancelled,
    /// A try was repeated by the client.
    TriesRepeated,
    /// A document was reported as accepted.
    Accepted,
    /// A document was reported as accepted by the same request before.
    AlreadyAccepted,
    /// A document was reported as refused by the service.
    Refused,
    /// A document was reported as withheld by the checks.
    Withheld,
    /// A document was reported as certainly not accepted.
    NotSent,
    /// A document was reported as perhaps accepted.
    Unknown,
    /// An unknown document was found by its external id.
    Found,
    /// A document that was not there was sent again.
    SentAgain,
    /// An accepted document failed in processing, and the notification said so.
    FailedLater,
    /// A verified notification was handled.
    Notified,
    /// A notification came again and was recognised.
    NotifiedAgain,
}

impl Row {
    const ALL: [Self; 25] = [
        Self::Answered503,
        Self::Answered429,
        Self::RequestDropped,
        Self::AnswerLost,
        Self::AnswerCut,
        Self::MaskedAs408,
        Self::MaskedAs503,
        Self::DelayedBefore,
        Self::DelayedAfter,
        Self::SplitWrites,
        Self::TornRequest,
        Self::NoConnection,
        Self::Cancelled,
        Self::TriesRepeated,
        Self::Accepted,
        Self::AlreadyAccepted,
        Self::Refused,
        Self::Withheld,
        Self::NotSent,
        Self::Unknown,
        Self::Found,
        Self::SentAgain,
        Self::FailedLater,
        Self::Notified,
        Self::NotifiedAgain,
    ];

    const fn words(self) -> &'static str {
        match self {
            Self::Answered503 => "faults: 503, not processed",
            Self::Answered429 => "faults: 429, not processed",
            Self::RequestDropped => "faults: connection closed, not processed",
            Self::AnswerLost => "faults: answer lost",
            Self::AnswerCut => "faults: answer cut",
            Self::MaskedAs408 => "faults: processed, answered 408",
            Self::MaskedAs503 => "faults: processed, answered 503",
            Self::DelayedBefore => "faults: delay before processing",
            Self::DelayedAfter => "faults: delay after processing",
            Self::SplitWrites => "faults: answer in pieces",
            Self::TornRequest => "faults: connection torn within a request",
            Self::NoConnection => "faults: no connection",
            Self::Cancelled => "calls: cancelled under way",
            Self::TriesRepeated => "calls: tries repeated by the client",
            Self::Accepted => "documents: accepted",
            Self::AlreadyAccepted => "documents: already accepted",
            Self::Refused => "documents: refused",
            Self::Withheld => "documents: withheld",
            Self::NotSent => "documents: not sent",
            Self::Unknown => "documents: unknown",
            Self::Found => "recovery: found by external id",
            Self::SentAgain => "recovery: sent again",
            Self::FailedLater => "notifications: document failed in processing",
            Self::Notified => "notifications: handled",
            Self::NotifiedAgain => "notifications: repetition recognised",
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// The counts of one seed or of all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(BTreeMap<Row, u64>);

impl Tally {
    /// Counts one.
    pub(crate) fn count(&mut self, row: Row) {
        self.add(row, 1);
    }

    /// Counts several.
    pub(crate) fn add(&mut self, row: Row, times: u64) {
        *self.0.entry(row).or_default() += times;
    }

    /// Takes over the counts of another tally.
    pub(crate) fn join(&mut self, other: Self) {
        for (row, times) in other.0 {
            self.add(row, times);
        }
    }

    /// What was never met.
    pub(crate) fn missing(&self) -> impl Iterator<Item = Row> {
        Row::ALL.into_iter().filter(|row| self.times(*row) == 0)
    }

    fn times(&self, row: Row) -> u64 {
        self.0.get(&row).copied().unwrap_or_default()
    }
}

/// A row per line, also those that were never met.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Row::ALL.iter().try_for_each(|row| writeln!(f, "{:>8}  {row}", self.times(*row)))
    }
}
