//! What the campaign counts.

use trial::rows;

rows! {
    Refused = "faults: answered 500 or 503, not processed",
    Masked = "faults: processed, answered 500 or 503",
    Forbidden = "faults: answered 403",
    Unauthorized = "faults: answered 401",
    Busy = "faults: the hub is busy",
    RequestDropped = "faults: connection closed, not processed",
    AnswerLost = "faults: answer lost",
    AnswerCut = "faults: answer cut",
    Delayed = "faults: late, some later than the register waits",
    SplitWrites = "faults: answer in pieces",
    Forgotten = "faults: confirmation answered and forgotten",
    TornRequest = "faults: connection torn",
    TokensExpired = "faults: all tokens made bad",
    FiscalisationCut = "register: broke off in fiscalisation",
    WorkCut = "register: broke off at work",
    AskedAgain = "fiscalisation: CMD09 asked again",
    Fiscalised = "fiscalisation: complete",
    Documents = "documents: in the archive",
    Requested = "documents: sent on request",
    InParts = "documents: sent in parts",
    SentAgain = "packages: sent again with the same bytes",
    Executed = "commands: executed",
    Failed = "commands: failed",
    Offered = "commands: offered again",
    Ended = "registers: read-only in the end",
}
