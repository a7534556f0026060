//! What the campaign counts.

use trial::rows;

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
    TriesRepeated = "calls: tries repeated by the client",
    NoConnection = "calls: no connection",
    OpenedSession = "sessions: opened",
    OpeningFailed = "sessions: an opening failed and was made again",
    SessionExpired = "sessions: expired under way",
    Accepted = "invoices: accepted",
    Rejected = "invoices: taken and refused",
    AlreadyThere = "invoices: refused as a duplicate of their own copy",
    NotSent = "invoices: certainly not taken",
    Pending = "invoices: taken, outcome not known yet",
    Unknown = "invoices: perhaps taken",
    FoundLost = "invoices: answer lost and found in the session's list",
    Cancelled = "runs: given up under way",
    Resumed = "runs: gone on with from the log",
    ResumedElsewhere = "runs: gone on with in another session",
    Confirmed = "confirmations: invoices confirmed by their bytes",
    BatchAccepted = "batches: accepted",
    BatchRejected = "batches: rejected as a whole",
    BatchCancelled = "batches: a step given up and taken up again",
    BatchFailedStep = "batches: a step failed and was made again",
    BatchRepacked = "batches: packed anew after a lost announcement",
    QueryAnswered = "queries: everything came back byte for byte",
    QueryFailed = "queries: a stream broke and was begun again",
    WindowSplit = "queries: a window with too many invoices was split",
}

pub(crate) type Tally = trial::Tally<Row>;
pub(crate) type Verdict = trial::Verdict<Row>;
