//! What the campaign counts.

use trial::rows;

rows! {
    SeedsAlone = "seeds: one process with SQLite",
    SeedsFleet = "seeds: four workers on PostgreSQL",
    Killed = "kills",
    KilledPutting = "kills: while invoices were still put in",
    KilledInSession = "kills: with an interactive session open",
    KilledUploading = "kills: with a batch open",
    KilledProcessing = "kills: with a session being processed",
    KilledUndecided = "kills: with invoices issued and the outbox not knowing it",
    KilledCollecting = "kills: with issued invoices that had not arrived",
    Torn = "wire: connections torn",
    Outages = "service: outages announced",
    Rested = "service: steps that rested for an outage",
    Failed = "steps that failed and were made again",
    Empty = "sessions: without an invoice",
    Online = "sessions: interactive",
    Batch = "sessions: batch",
    Issued = "invoices: issued",
    SentAgain = "invoices: sent again after the service had broken off",
    Duplicate = "invoices: told to be duplicates",
    Refused = "invoices: told to be refused",
    Arrived = "invoices: arrived at the buyer",
}

pub(crate) type Verdict = trial::Verdict<Row>;
