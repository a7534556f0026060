//! States of a register, and two small answers and questions that are numbers.

use common_core::codes;

codes! {
    /// State of a register in the repository (source document, sections 2.4.7 and 2.4.8).
    pub enum RegisterStatus: str {
        /// Fiscalisation was begun.
        Started = "ROZ",
        /// Fiscalisation is finished.
        Fiscalised = "FIS",
        /// The register is read-only.
        ReadOnly = "RDO",
    }
}

impl RegisterStatus {
    /// Whether CMD14 is taken in this state; it may be sent again and again.
    pub const fn takes_finish(self) -> bool {
        matches!(self, Self::Started | Self::Fiscalised)
    }

    /// Whether CMD15 is taken in this state; it may be sent again and again.
    pub const fn takes_end_of_life(self) -> bool {
        matches!(self, Self::Fiscalised | Self::ReadOnly)
    }
}

codes! {
    /// Why a register became read-only (`reasonReadOnly`, source document, section 2.4.8).
    pub enum ReadOnlyReason: i64 {
        /// By itself, when a daily report filled the fiscal memory.
        MemoryFull = 0,
        /// By a total settlement report in service mode.
        SettlementReport = 1,
    }
}

codes! {
    /// Whether a program may be used (`status` of CMD10, source document, section 2.4.4).
    pub enum FirmwareVerdict: i64 {
        /// It is approved.
        Approved = 0,
        /// It is not.
        NotApproved = 1,
    }
}
