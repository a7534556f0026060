//! What only the register itself can do: its irreversible writes, its reports, its documents.
//!
//! Every call is asked for after the intention to make it was journalled, and once more after a
//! crash that came before its success was journalled. **Each call must therefore be idempotent**:
//! asked for what it has done already, it answers with success and changes nothing. A memory that
//! cannot be written twice is read before it is written.

use std::fmt;

use common_core::store::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::{
    code::ReadOnlyReason,
    command::{FiscalisationStep, QrPrinting},
    ident::{
        EvidenceNumber, FirmwareChecksum, FirmwareVersion, JpkId, JpkRange, TaxpayerId,
        UniqueNumber,
    },
    journal::{Journal, JournalError, Journalled, Page, Schedule},
};

/// One of the register's own writes during fiscalisation (source document, chapter 3, rows 5 to
/// 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FiscalWrite {
    /// 5: the fact, the day and the time of fiscalisation, into the register of events of fiscal
    /// memory. **For good.**
    Fact,
    /// 6: initialise both memories and tie them together. **For good.**
    Ties,
    /// 7: set all counters to zero.
    Counters,
    /// 8: the taxpayer's and the evidence number into fiscal memory. **For good.**
    FiscalMemory,
    /// 9: the evidence number into protected memory.
    ProtectedMemory,
    /// 10: what the register is meant for, if its program knows several uses.
    Purpose,
}

impl FiscalWrite {
    /// The row of the fiscalisation.
    pub const fn step(self) -> FiscalisationStep {
        match self {
            Self::Fact => FiscalisationStep::RecordFact,
            Self::Ties => FiscalisationStep::TieMemories,
            Self::Counters => FiscalisationStep::ZeroCounters,
            Self::FiscalMemory => FiscalisationStep::WriteFiscalMemory,
            Self::ProtectedMemory => FiscalisationStep::WriteProtectedMemory,
            Self::Purpose => FiscalisationStep::WritePurpose,
        }
    }

    /// The write of a row, if the row is one.
    pub const fn of_step(step: FiscalisationStep) -> Option<Self> {
        Some(match step {
            FiscalisationStep::RecordFact => Self::Fact,
            FiscalisationStep::TieMemories => Self::Ties,
            FiscalisationStep::ZeroCounters => Self::Counters,
            FiscalisationStep::WriteFiscalMemory => Self::FiscalMemory,
            FiscalisationStep::WriteProtectedMemory => Self::ProtectedMemory,
            FiscalisationStep::WritePurpose => Self::Purpose,
            _ => return None,
        })
    }

    /// Whether it can never be undone.
    pub const fn is_irreversible(self) -> bool {
        matches!(self, Self::Fact | Self::Ties | Self::FiscalMemory)
    }
}

/// What the writes write.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FiscalFacts {
    /// The register.
    pub unique_number: UniqueNumber,
    /// The number that the repository gave it; it stands in the journal already.
    pub evidence_number: EvidenceNumber,
    /// The taxpayer.
    pub taxpayer: TaxpayerId,
}

/// The program that a register runs (CMD10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firmware {
    /// Its version.
    pub version: FirmwareVersion,
    /// Its checksum.
    pub checksum: FirmwareChecksum,
}

/// The register's own side. Every call must be idempotent; see the [module](self).
///
/// What if the process dies inside a call? The same call comes again after the restart, with the
/// same arguments. What if a call never returns? Nothing goes on: there is no time limit, since a
/// memory that is being written must not be given up. What if it fails? The step is tried again
/// later; nothing behind it is done before.
pub trait Device: Send + Sync + fmt::Debug {
    /// Carries out one of the register's own writes during fiscalisation.
    fn write<'a>(
        &'a self,
        write: FiscalWrite,
        facts: &'a FiscalFacts,
    ) -> BoxFuture<'a, DeviceResult>;

    /// Issues the report of the fiscalisation under that number (row 12): its bytes, one JSON
    /// object, an element of `content`.
    ///
    /// Asked again under the same number, it gives the same bytes.
    fn issue_report<'a>(
        &'a self,
        id: JpkId,
        facts: &'a FiscalFacts,
    ) -> BoxFuture<'a, DeviceResult<Vec<u8>>>;

    /// Takes note of a schedule, which belongs into protected memory (row 14 and CMD02). It comes
    /// before the journal has it, so one that fails is not confirmed.
    fn take_schedule<'a>(&'a self, schedule: &'a Schedule) -> BoxFuture<'a, DeviceResult>;

    /// Sets when the QR code is printed (CMD03).
    fn print_qr_code(&self, printing: QrPrinting) -> BoxFuture<'_, DeviceResult>;

    /// Becomes read-only: no sale from now on (CMD15). **For good.**
    fn become_read_only(&self, reason: ReadOnlyReason) -> BoxFuture<'_, DeviceResult>;

    /// The program that is to be checked (CMD10); `None` for a register that is a device, whose
    /// program nobody asks about.
    fn firmware(&self) -> Option<Firmware> {
        None
    }
}

/// What a call of a [`Device`] ends with.
pub type DeviceResult<T = ()> = Result<T, DeviceError>;

/// The register could not do it. The sentence goes into the journal, into events and, for a
/// command of the repository, into its confirmation: it must hold no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub struct DeviceError(String);

impl DeviceError {
    /// An error with one sentence in lower case.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// Where the documents are that the repository asks for (CMD06), which may have left the journal
/// long ago while the register's protected memory keeps them for years.
///
/// A [`Journal`] is one; a register that lets its journal forget documents gives another one.
pub trait DocumentSource: Send + Sync + fmt::Debug {
    /// The first documents and declared gaps of that range, in the order of their numbers; empty
    /// when the register never made any. As many as fit well into memory: a megabyte or so.
    ///
    /// A document must have the bytes that it was journalled with.
    ///
    /// # Errors
    ///
    /// [`SourceError::Gone`] when documents were made and are not kept here: whoever asked for
    /// them is told so, and is not told that there are none.
    fn page(&self, range: JpkRange) -> BoxFuture<'_, Result<Vec<Journalled>, SourceError>>;
}

/// A source gave no documents.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The documents of this range, which is the beginning of the one that was asked for, are not
    /// kept any more. That will not change: a command for them is confirmed as failed.
    #[error("documents {0} are not kept here")]
    Gone(JpkRange),
    /// They cannot be read now. They are asked for again later.
    #[error("the documents cannot be read now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<JournalError> for SourceError {
    fn from(error: JournalError) -> Self {
        Self::Unavailable(error.into())
    }
}

/// What was [dropped](Journal::drop_documents) is gone, and so are numbers before the journal's
/// first ([`Options::first`](crate::journal::Options::first)).
impl DocumentSource for Journal {
    fn page(&self, range: JpkRange) -> BoxFuture<'_, Result<Vec<Journalled>, SourceError>> {
        Box::pin(async move {
            match self.page(range).await? {
                Page::Kept(page) => Ok(page),
                Page::Gone(range) => Err(SourceError::Gone(range)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_5_to_10_are_the_registers_own_writes() {
        for step in FiscalisationStep::ALL {
            let write = FiscalWrite::of_step(step);
            assert_eq!(write.is_some(), (5..=10).contains(&step.row()), "{step:?}");
            assert_eq!(write.map(FiscalWrite::step), write.map(|_| step));
        }
    }
}
