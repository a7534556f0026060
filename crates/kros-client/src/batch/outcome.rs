//! What became of a batch's documents.

use std::sync::Arc;

use crate::{
    check::Finding,
    error::{Error, Rejection},
    submission::PendingRequest,
};

/// What became of one document.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// A check found it wrong before it was sent. Correct it and send it.
    Withheld(Vec<Finding>),
    /// The service took it and will process it; the notification tells whether it was created.
    Accepted(PendingRequest),
    /// The very same request was accepted within the last 120 s. The first one counts.
    ///
    /// Never said of a document that equals another one of the same batch: such a one is
    /// [`NotSent`](Self::NotSent), and can be sent when the time is over.
    AlreadyAccepted,
    /// The service refused it (400); the indexes are the caller's. Correct it and send it.
    Refused(Vec<Rejection>),
    /// It may have been accepted or not: the answer was lost, or the step was cancelled (without
    /// an error). Look for its external id before sending it again.
    Unknown(Option<Arc<Error>>),
    /// It was certainly not accepted, for the reason given, if there was one (a refusal whose
    /// findings were lost on the way, too). Send it again.
    NotSent(Option<Arc<Error>>),
}

impl Outcome {
    pub(super) fn withhold(&mut self, finding: Finding) {
        match self {
            Self::Withheld(findings) => findings.push(finding),
            _ => *self = Self::Withheld(vec![finding]),
        }
    }
}

/// What became of one request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Step {
    /// The caller's indexes of the request's documents, in the order in which they were sent.
    pub documents: Vec<usize>,
    /// What the service did with them.
    pub verdict: Verdict,
}

/// The service's answer to one request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// All documents were accepted.
    Accepted(PendingRequest),
    /// The same request had been accepted before.
    AlreadyAccepted,
    /// None was accepted, because of these; the indexes are the caller's.
    Refused(Vec<Rejection>),
    /// No good answer; the error tells whether they may have been accepted.
    Failed(Arc<Error>),
}

/// What became of a batch: one outcome per document, by the caller's index.
#[derive(Clone, Debug)]
pub struct BatchReport {
    outcomes: Vec<Outcome>,
    warnings: Vec<Finding>,
}

impl BatchReport {
    pub(super) fn new(outcomes: Vec<Outcome>, warnings: Vec<Finding>) -> Self {
        Self { outcomes, warnings }
    }

    /// One outcome per document, in the caller's order.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// What the checks found worth a look without withholding a document.
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }

    /// How many documents were accepted, now or by the same request before.
    pub fn accepted(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Accepted(_) | Outcome::AlreadyAccepted))
    }

    /// Whether every document was accepted.
    pub fn is_complete(&self) -> bool {
        self.accepted() == self.outcomes.len()
    }

    /// Whether it is known of every document if it was accepted.
    pub fn is_certain(&self) -> bool {
        self.count(|outcome| matches!(outcome, Outcome::Unknown(_))) == 0
    }

    /// The requests that were accepted, each once, in the order in which they were sent; their
    /// notifications will come.
    pub fn pending(&self) -> Vec<PendingRequest> {
        let mut pending = Vec::new();
        for outcome in &self.outcomes {
            if let Outcome::Accepted(request) = outcome
                && !pending.contains(request)
            {
                pending.push(*request);
            }
        }
        pending
    }

    fn count(&self, fits: impl Fn(&Outcome) -> bool) -> usize {
        self.outcomes.iter().filter(|outcome| fits(outcome)).count()
    }
}
