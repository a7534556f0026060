//! What the campaign counts.

use trial::rows;

pub(crate) type Tally = trial::Tally<Row>;

rows! {
    Answered503 = "faults: 503, not processed",
    Answered429 = "faults: 429, not processed",
    RequestDropped = "faults: connection closed, not processed",
    AnswerLost = "faults: answer lost",
    AnswerCut = "faults: answer cut",
    MaskedAs408 = "faults: processed, answered 408",
    MaskedAs503 = "faults: processed, answered 503",
    DelayedBefore = "faults: delay before processing",
    DelayedAfter = "faults: delay after processing",
    SplitWrites = "faults: answer in pieces",
    TornRequest = "faults: connection torn within a request",
    NoConnection = "faults: no connection",
    Cancelled = "calls: cancelled under way",
    TriesRepeated = "calls: tries repeated by the client",
    Accepted = "documents: accepted",
    AlreadyAccepted = "documents: already accepted",
    Refused = "documents: refused",
    Withheld = "documents: withheld",
    NotSent = "documents: not sent",
    Unknown = "documents: unknown",
    Found = "recovery: found by external id",
    SentAgain = "recovery: sent again",
    FailedLater = "notifications: document failed in processing",
    Notified = "notifications: handled",
    NotifiedAgain = "notifications: repetition recognised",
}
