//! What the campaign counts.

use trial::rows;

rows! {
    Pages = "seeds: by pages of metadata",
    Packages = "seeds: by packages with the documents",
    Killed = "processes killed",
    KilledEmpty = "kills: of a process that had not stored anything yet",
    Steps = "steps that brought invoices",
    Cut = "answers that the service cut",
    Made = "packages made",
    Booked = "invoices in the books",
    Late = "invoices stored while they were collected",
    Arrived = "invoices arrived",
    Documents = "documents in their files",
}

pub(crate) type Verdict = trial::Verdict<Row>;
