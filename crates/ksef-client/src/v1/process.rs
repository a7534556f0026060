//! The steps of the service's processes (specification 1.9, chapter 15; KSeF 1.x facts §10).
//!
//! A process answers a code of three digits: 1xx registered, 2xx done, 3xx running, 4xx failed.
//! Which step a code names depends on the process.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A process, with the steps of its own table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Process {
    /// The part that authenticates and decrypts keys for the others (chapter 15.2).
    Authentication,
    /// A batch (chapter 15.3).
    Batch,
    /// An interactive session (chapter 15.4).
    Session,
    /// An invoice (chapter 15.5).
    Invoice,
    /// A query for invoices (chapter 15.6).
    Query,
    /// A part of a query's result (chapter 15.6).
    QueryPart,
    /// A change of credentials (chapter 15.7).
    Credentials,
    /// Another process, of which only the classes of codes are known: hiding, reports of abuse,
    /// payment identifiers.
    Other,
}

/// One step: its name, and the codes at which it begins, succeeds and fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Step {
    /// The service's name of the step.
    pub name: &'static str,
    /// The code while the step is due or under way.
    pub start: u32,
    /// The code when it succeeded: the start of the next step, or 200.
    pub success: u32,
    /// The code when it failed, which ends the process.
    pub failure: u32,
}

/// The class of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// 1xx: registered, not begun or just begun.
    Registered,
    /// 2xx: ended with success.
    Done,
    /// 3xx: at work.
    Running,
    /// 4xx: ended with a failure.
    Failed,
    /// Anything else.
    Unknown,
}

/// A processing code, as `315`; known or not.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ProcessingCode(u32);

impl ProcessingCode {
    /// Registered.
    pub const REGISTERED: Self = Self(100);
    /// Ended with success.
    pub const DONE: Self = Self(200);
    /// A session that can be used (KSeF 1.x facts §10).
    pub const SESSION_READY: Self = Self(315);
    /// A session that has been closed, or has expired, and awaits its confirmation.
    pub const SESSION_ENDING: Self = Self(350);

    /// The code of that number.
    pub const fn new(code: u32) -> Self {
        Self(code)
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Its class.
    pub const fn class(self) -> Class {
        match self.0 {
            100..=199 => Class::Registered,
            200..=299 => Class::Done,
            300..=399 => Class::Running,
            400..=499 => Class::Failed,
            _ => Class::Unknown,
        }
    }

    /// Whether the process has ended, well or badly.
    pub const fn is_final(self) -> bool {
        matches!(self.class(), Class::Done | Class::Failed)
    }

    /// The step that the code names in a process: the one that failed, or the one that is due or
    /// under way; `None` at the end and for codes that are not in its table.
    ///
    /// ```
    /// use ksef_client::v1::process::{Process, ProcessingCode};
    ///
    /// let step = ProcessingCode::new(430).step(Process::Invoice).map(|step| step.name);
    /// assert_eq!(step, Some("VerifyInvoiceEssentials"));
    /// ```
    pub fn step(self, process: Process) -> Option<Step> {
        let names = |step: &&Step| self.0 == step.start || self.0 == step.failure;
        process.steps().iter().find(names).copied()
    }
}

impl fmt::Display for ProcessingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Process {
    /// The steps in their order.
    pub const fn steps(self) -> &'static [Step] {
        match self {
            Self::Authentication => AUTHENTICATION,
            Self::Batch => BATCH,
            Self::Session => SESSION,
            Self::Invoice => INVOICE,
            Self::Query => QUERY,
            Self::QueryPart => QUERY_PART,
            Self::Credentials => CREDENTIALS,
            Self::Other => &[],
        }
    }
}

const fn step(name: &'static str, start: u32, success: u32, failure: u32) -> Step {
    Step { name, start, success, failure }
}

const AUTHENTICATION: &[Step] =
    &[step("Authenticate", 100, 310, 410), step("DecryptKey", 310, 200, 415)];

const BATCH: &[Step] = &[
    step("PartsProvidedCheck", 100, 300, 405),
    step("Authorise", 300, 310, 410),
    step("Security", 310, 315, 415),
    step("DecryptParts", 315, 320, 420),
    step("MergeParts", 320, 325, 425),
    step("DecompressPackage", 325, 330, 430),
    step("ExportAndInitSP", 330, 335, 435),
    step("Invoice", 335, 340, 440),
    step("GenerateUPO", 340, 200, 445),
];

const SESSION: &[Step] = &[
    step("Authorise", 100, 310, 410),
    step("Security", 310, 315, 415),
    step("SessionInitCheck", 315, 350, 450),
    step("SessionEndCheck", 350, 355, 455),
    step("Invoice", 355, 360, 460),
    step("GenerateUPO", 360, 200, 465),
];

const INVOICE: &[Step] = &[
    step("Authorise", 100, 310, 410),
    step("Security", 310, 315, 415),
    step("Decrypt", 315, 320, 420),
    step("VerifyInvoiceSemantics", 320, 325, 425),
    step("VerifyInvoiceEssentials", 325, 330, 430),
    step("BeforeAccept", 330, 335, 435),
    step("Accept", 335, 340, 440),
    step("ArchiveData", 340, 200, 445),
];

const QUERY: &[Step] = &[
    step("Authorise", 100, 310, 410),
    step("Security", 310, 315, 415),
    step("Statistics", 315, 320, 420),
    step("SplitDefineAndInitSP", 320, 325, 425),
    step("Part", 325, 330, 430),
    step("ValidateResponse", 330, 200, 435),
];

const QUERY_PART: &[Step] = &[step("PreparePart", 100, 200, 410)];

const CREDENTIALS: &[Step] = &[
    step("Authorise", 100, 310, 410),
    step("Security", 310, 315, 415),
    step("Process", 315, 200, 420),
];

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Process; 8] = [
        Process::Authentication,
        Process::Batch,
        Process::Session,
        Process::Invoice,
        Process::Query,
        Process::QueryPart,
        Process::Credentials,
        Process::Other,
    ];

    #[test]
    fn each_step_begins_where_the_one_before_it_succeeded_and_the_last_ends_with_200() {
        for process in ALL {
            let steps = process.steps();
            assert_eq!(steps.first().map_or(100, |step| step.start), 100, "{process:?}");
            assert_eq!(steps.last().map_or(200, |step| step.success), 200, "{process:?}");
            for pair in steps.windows(2) {
                assert_eq!(pair[0].success, pair[1].start, "{process:?}");
                assert!(pair[0].failure < pair[1].failure, "{process:?}");
            }
        }
    }

    #[test]
    fn a_code_names_the_step_of_its_own_process() {
        let name = |code, process| {
            ProcessingCode::new(code).step(process).map_or("none", |step| step.name)
        };
        assert_eq!(name(320, Process::Invoice), "VerifyInvoiceSemantics");
        assert_eq!(name(320, Process::Batch), "MergeParts");
        assert_eq!(name(440, Process::Invoice), "Accept");
        assert_eq!(name(440, Process::Batch), "Invoice");
        assert_eq!(name(315, Process::Session), "SessionInitCheck");
        assert_eq!(name(200, Process::Session), "none");
        assert_eq!(name(399, Process::Session), "none");
        assert_eq!(name(310, Process::Other), "none");
    }

    #[test]
    fn classes_are_those_of_the_specification() {
        let class = |code| ProcessingCode::new(code).class();
        assert_eq!([class(100), class(199)], [Class::Registered; 2]);
        assert_eq!([class(200), class(299)], [Class::Done; 2]);
        assert_eq!([class(300), class(399)], [Class::Running; 2]);
        assert_eq!([class(400), class(499)], [Class::Failed; 2]);
        assert_eq!([class(0), class(99), class(500)], [Class::Unknown; 3]);
        assert!(ProcessingCode::DONE.is_final() && ProcessingCode::new(445).is_final());
        assert!(!ProcessingCode::SESSION_READY.is_final() && !ProcessingCode::new(0).is_final());
    }
}
