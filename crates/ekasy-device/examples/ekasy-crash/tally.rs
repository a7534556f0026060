//! What the campaign counts.

use trial::rows;

rows! {
    KilledOpening = "kills: before the journal held anything",
    KilledFiscalising = "kills: in fiscalisation",
    KilledAtReport = "kills: with the fiscalisation report not sent",
    KilledSelling = "kills: while selling",
    KilledPacked = "kills: with packages waiting",
    KilledUnpacked = "kills: with documents in no package",
    KilledInCommand = "kills: with a command not finished",
    KilledUnconfirmed = "kills: with a command not confirmed",
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
