//! How far a process has come, as every status tells it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::v1::{
    error::{Error, ErrorKind},
    exception::ExceptionCode,
    process::{Class, Process, ProcessingCode, Step},
};

/// The code of a process, what it names, and the service's sentence.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// Which process it is.
    pub process: Process,
    /// The processing code.
    pub code: ProcessingCode,
    /// The service's sentence, in Polish; may repeat what was sent.
    pub description: Option<String>,
}

impl Progress {
    pub(crate) fn new(process: Process, code: u32, description: Option<String>) -> Self {
        Self { process, code: ProcessingCode::new(code), description }
    }

    /// The class of the code.
    pub fn class(&self) -> Class {
        self.code.class()
    }

    /// The step that is due, under way or failed.
    pub fn step(&self) -> Option<Step> {
        self.code.step(self.process)
    }

    /// The exception that a failed step names before its sentence, as in `20005:…`.
    pub fn exception(&self) -> Option<ExceptionCode> {
        ExceptionCode::in_description(self.description.as_deref()?)
    }

    /// The error of a process that has failed, when this one has.
    pub(crate) fn check(self, endpoint: &'static str) -> Result<Self, Error> {
        match self.class() {
            Class::Failed => Err(Error::local(ErrorKind::Failed, endpoint, self)),
            _ => Ok(self),
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.class() {
            Class::Failed => "failed",
            Class::Done => "is done",
            Class::Registered | Class::Running | Class::Unknown => "has not ended",
        };
        match self.step() {
            Some(step) => write!(f, "the step {} {verb} (code {})", step.name, self.code)?,
            None => write!(f, "the process {verb} (code {})", self.code)?,
        }
        match self.exception() {
            Some(code) => match code.meaning() {
                Some(meaning) => write!(f, ": exception {code}, {meaning}"),
                None => write!(f, ": exception {code}"),
            },
            None => Ok(()),
        }
    }
}

/// Without the service's sentence, which may repeat what was sent.
impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("process", &self.process)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

/// A process that has failed is a cause of errors.
impl std::error::Error for Progress {}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(code: u32, description: &str) -> Progress {
        Progress::new(Process::Invoice, code, Some(description.to_owned()))
    }

    #[test]
    fn a_failed_step_is_named_with_its_exception_and_without_the_services_words() {
        let failed = progress(420, "20005:canary");
        let shown = "the step Decrypt failed (code 420): exception 20005, \
            the content could not be decrypted";
        assert_eq!(failed.to_string(), shown);
        assert!(!format!("{failed:?}").contains("canary"));
        let error = failed.check("invoices.status").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Failed);
        assert_eq!(error.progress().map(|progress| progress.code.number()), Some(420));
    }

    #[test]
    fn what_has_not_failed_is_no_error() {
        for (code, shown) in [
            (200, "the process is done (code 200)"),
            (315, "the step Decrypt has not ended (code 315)"),
            (999, "the process has not ended (code 999)"),
        ] {
            let progress = progress(code, "canary").check("x").unwrap();
            assert_eq!(progress.to_string(), shown);
        }
    }
}
