//! How often each kind of trouble and each kind of outcome was met, so that a campaign in which
//! nothing happened cannot pass for a good one.

use std::{collections::BTreeMap, fmt};

/// Declares the rows in the order in which they are printed.
macro_rules! rows {
    ($($name:ident = $words:literal,)+) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Row {
            $($name,)+
        }

        impl Row {
            const ALL: &[Self] = &[$(Self::$name,)+];

            const fn words(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)+
                }
            }
        }
    };
}

rows! {
    Answered503 = "faults: 503, not processed",
    Answered429 = "faults: 429, not processed",
    LinkGone = "faults: the link to a statement was gone",
    RequestDropped = "faults: connection closed, not processed",
    AnswerLost = "faults: answer lost",
    AnswerCut = "faults: answer cut",
    MaskedAs408 = "faults: processed, answered 408",
    MaskedAs503 = "faults: processed, answered 503",
    DelayedBefore = "faults: delay before processing",
    DelayedAfter = "faults: delay after processing",
    SplitWrites = "faults: answer in pieces",
    TornRequest = "faults: connection torn within a request",
    TokenExpired = "faults: the access token expired",
    Cancelled = "calls: cancelled under way",
    TriesRepeated = "calls: tries repeated by the client",
    Refreshed = "session: refreshes",
    LoggedIn = "session: logins",
    Created = "orders: created",
    Refused = "orders: refused",
    NotCreated = "orders: certainly not created",
    Unknown = "orders: unknown after the call",
    Found = "orders: unknown and found by the tag",
    Absent = "orders: unknown and not there",
    Started = "payments: started",
    NotStarted = "payments: certainly not started",
    StartUnknown = "payments: start unknown, left to lapse",
    Paid = "payments: confirmed",
    WrongPassword = "payments: wrong password, not paid",
    UsedPassword = "payments: used password, not paid",
    NotPaid = "payments: certainly not paid",
    ConfirmUnknown = "payments: confirmation unknown",
    FoundPaid = "payments: unknown and found paid",
    FoundUnpaid = "payments: unknown and found unpaid",
    Downloads = "statements: downloaded, checked and matched",
    DownloadsFailed = "statements: a download failed and was made again",
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
        Row::ALL.iter().copied().filter(|row| self.times(*row) == 0)
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
