//! The fifteen rows of the fiscalisation (source document, section 3).

use crate::ident::CommandKind;

/// One row of the fiscalisation, in the document's order.
///
/// The document's sentence speaks of rows 1 to 14 where the table begins with 0, and names the
/// schedule of CMD09 for row 13 where row 14 fetches that of CMD02 (CRK facts §7, 22). All rows
/// must succeed for the register to be fiscalised; those that are not calls are the device's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FiscalisationStep {
    /// 0: fetch the certificates of the repository.
    FetchKeys,
    /// 1: send the certificates of the register.
    SendCertificates,
    /// 2: have the program checked; registers in software only.
    CheckFirmware,
    /// 3: ask to be fiscalised.
    Request,
    /// 4: take the evidence number out of the answer and store it.
    TakeEvidenceNumber,
    /// 5: write the fact and the moment of fiscalisation into fiscal memory, for good.
    RecordFact,
    /// 6: initialise both memories and tie them together, for good.
    TieMemories,
    /// 7: set all counters to zero.
    ZeroCounters,
    /// 8: write the taxpayer's and the evidence number into fiscal memory, for good.
    WriteFiscalMemory,
    /// 9: write the evidence number into protected memory.
    WriteProtectedMemory,
    /// 10: write what the register is meant for, if its program knows several uses.
    WritePurpose,
    /// 11: report that the fiscalisation was carried out.
    Finish,
    /// 12: issue the report of the fiscalisation.
    IssueReport,
    /// 13: send that report.
    SendReport,
    /// 14: fetch and store the schedule.
    FetchTimetable,
}

impl FiscalisationStep {
    /// All rows, in order.
    pub const ALL: [Self; 15] = [
        Self::FetchKeys,
        Self::SendCertificates,
        Self::CheckFirmware,
        Self::Request,
        Self::TakeEvidenceNumber,
        Self::RecordFact,
        Self::TieMemories,
        Self::ZeroCounters,
        Self::WriteFiscalMemory,
        Self::WriteProtectedMemory,
        Self::WritePurpose,
        Self::Finish,
        Self::IssueReport,
        Self::SendReport,
        Self::FetchTimetable,
    ];

    /// The number of the row, 0 to 14.
    pub const fn row(self) -> u8 {
        self as u8
    }

    /// The row of that number.
    ///
    /// ```
    /// use ekasy_device::command::FiscalisationStep;
    ///
    /// assert_eq!(FiscalisationStep::of_row(11), Some(FiscalisationStep::Finish));
    /// assert_eq!(FiscalisationStep::of_row(15), None);
    /// ```
    pub fn of_row(row: u8) -> Option<Self> {
        Self::ALL.get(usize::from(row)).copied()
    }

    /// The row behind this one.
    pub fn next(self) -> Option<Self> {
        Self::of_row(self.row() + 1)
    }

    /// The command that the row is done with; `None` when the device does it.
    pub const fn command(self) -> Option<CommandKind> {
        match self {
            Self::FetchKeys => Some(CommandKind::RepositoryKeys),
            Self::SendCertificates => Some(CommandKind::DeviceKeys),
            Self::CheckFirmware => Some(CommandKind::CheckFirmware),
            Self::Request | Self::TakeEvidenceNumber => Some(CommandKind::Fiscalise),
            Self::Finish => Some(CommandKind::FiscalisationDone),
            Self::SendReport => Some(CommandKind::Documents),
            Self::FetchTimetable => Some(CommandKind::Timetable),
            _ => None,
        }
    }

    /// Whether only registers in software do this row.
    pub const fn software_only(self) -> bool {
        matches!(self, Self::CheckFirmware)
    }
}
