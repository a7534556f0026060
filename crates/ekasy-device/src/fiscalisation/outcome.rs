//! How a run ends.

use std::fmt;

use common_core::open::Open;

use crate::{
    Error,
    client::SetupError,
    code::{CpdCode, FiscalisationStatus},
    command::{FieldError, FiscalisationStep, cpd::FiscalisationRefusal},
    device::DeviceError,
    ident::EvidenceNumber,
    journal::{JournalError, Schedule},
    worker::operations::Trouble,
};

/// How a run ended. All but the first leave the journal so that another run goes on from there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// All rows are done.
    Fiscalised(Box<Fiscalised>),
    /// The repository refuses. Nothing was given out; what to correct, the refusal says.
    Refused(Refusal),
    /// The answer to CMD09 is neither yes nor no. **It may hold the evidence number**: the text
    /// stands in the journal and here, and somebody has to read it before another run.
    Unclear {
        /// What cannot be understood.
        reason: FieldError,
        /// The answer as it came.
        answer: String,
    },
    /// The journal could not take the answer to CMD09, however often it was tried, and forgets it
    /// when this value is gone. **Write it down before anything else**: it may hold the evidence
    /// number. Then see to the store and run again; the request is made once more, with the same
    /// identifier and data.
    NotKept {
        /// The evidence number, when the answer gave one.
        number: Option<EvidenceNumber>,
        /// The answer as it came.
        answer: String,
    },
    /// CMD09 may have been sent by an earlier run, no answer settled what came of it, and
    /// [`Unanswered::Stop`](super::Unanswered::Stop) asks for a person before it is sent again. A
    /// later request that is refused settles nothing about it.
    Unanswered,
    /// The repository calls the register fiscalised already, and the journal does not know its
    /// number. Find it, then run again with [`Order::recovered`](super::Order::recovered). The
    /// answer stands in the journal as it came.
    NumberUnknown,
    /// The repository gave another number than the one that the journal holds. The one in the
    /// journal stays; both are for somebody to look into.
    OtherNumber {
        /// The one in the journal.
        known: EvidenceNumber,
        /// The one that came.
        came: EvidenceNumber,
    },
    /// Identifiers of commands lie too far ahead of the clock: CMD09 would be refused. If the clock
    /// is wrong now, set it right. If it was wrong before, have a person call
    /// [`Journal::set_back_command_ids`](crate::journal::Journal::set_back_command_ids), or wait.
    Clock,
}

/// A register that is fiscalised.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fiscalised {
    /// Its evidence number.
    pub evidence_number: EvidenceNumber,
    /// The schedule of row 14.
    pub schedule: Option<Schedule>,
}

/// Why the repository refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The status of CMD09 (with HTTP 200); only the first reason found is told.
    Status(FiscalisationRefusal),
    /// An error code (with HTTP 406 or 400), and the row that it came at.
    Code(FiscalisationStep, Open<CpdCode>),
    /// The program is not approved (row 2).
    Program,
    /// The register says that its program is not checked, but programs are (row 2).
    NoProgram,
}

impl Refusal {
    /// Whether a clock that is wrong may be the reason: the repository takes CMD09 only when its
    /// identifier is not more than 24 hours behind and 2 hours ahead of its own clock.
    pub fn may_be_clock(&self) -> bool {
        let code = Open::Known(CpdCode::CommandIdOrHeader);
        matches!(self, Self::Code(FiscalisationStep::Request, given) if *given == code)
    }

    /// What to do, when the code tells it.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Status(refusal) => refusal.status.known().map(FiscalisationStatus::advice),
            Self::Code(_, code) => code.known().map(CpdCode::advice),
            Self::Program => Some("install an approved program"),
            Self::NoProgram => Some("let the device name its program"),
        }
    }
}

/// A run ended early. What was done stands in the journal: run again.
///
/// Its source is the error of the call, the journal, the device or the setup itself.
#[derive(Debug)]
pub struct FiscalisationError {
    step: Option<FiscalisationStep>,
    cause: Box<Cause>,
}

/// What ended a run.
#[derive(Debug)]
enum Cause {
    Call(Error),
    Journal(JournalError),
    Device(DeviceError),
    Setup(SetupError),
    Other(Trouble),
}

impl FiscalisationError {
    pub(super) fn new(step: Option<FiscalisationStep>, trouble: Trouble) -> Self {
        let cause = match trouble {
            Trouble::Call(error) => Cause::Call(error),
            Trouble::Journal(error) => Cause::Journal(error),
            Trouble::Device(error) => Cause::Device(error),
            Trouble::Setup(error) => Cause::Setup(error),
            other => Cause::Other(other),
        };
        Self { step, cause: Box::new(cause) }
    }

    /// The row that was under way.
    pub fn step(&self) -> Option<FiscalisationStep> {
        self.step
    }

    /// The call that failed, if it was one.
    pub fn call(&self) -> Option<&Error> {
        match &*self.cause {
            Cause::Call(error) => Some(error),
            _ => None,
        }
    }

    /// What the journal said, if it failed.
    ///
    /// [`Lost`](crate::journal::JournalErrorKind::Lost) says that running again is of no use before
    /// the journal is opened anew.
    pub fn journal(&self) -> Option<&JournalError> {
        match &*self.cause {
            Cause::Journal(error) => Some(error),
            _ => None,
        }
    }

    /// What the register said, if it failed.
    pub fn device(&self) -> Option<&DeviceError> {
        match &*self.cause {
            Cause::Device(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for FiscalisationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(step) => write!(f, "the fiscalisation stopped at row {}", step.row()),
            None => f.write_str("the fiscalisation could not begin"),
        }
    }
}

impl std::error::Error for FiscalisationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(match &*self.cause {
            Cause::Call(error) => error,
            Cause::Journal(error) => error,
            Cause::Device(error) => error,
            Cause::Setup(error) => error,
            Cause::Other(trouble) => trouble,
        })
    }
}
