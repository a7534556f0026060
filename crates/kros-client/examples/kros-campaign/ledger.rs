//! What the callers were told about each document.

use kros_client::{Error, ErrorKind, PendingRequest, batch::Outcome, webhook::RequestId};

use crate::{
    documents::Nature,
    tally::{Row, Tally},
};

/// A document, what it is, and everything that was said about it, oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Entry<D> {
    pub(crate) external_id: String,
    pub(crate) document: D,
    pub(crate) nature: Nature,
    pub(crate) claims: Vec<Claim>,
}

/// What the client said about one sending of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It was accepted.
    Accepted(RequestId),
    /// The same request had been accepted before.
    AlreadyAccepted,
    /// The answer said success and nothing more could be read of it.
    AcceptedUnread,
    /// The service refused it and said why.
    Refused,
    /// The checks withheld it.
    Withheld,
    /// It was certainly not accepted.
    NotSent,
    /// It may have been accepted.
    Unknown,
    /// It was found by its external id.
    Found,
}

/// What all claims about a document say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The service has it, or failed to create it and told so.
    Taken,
    /// The service does not have it.
    Absent,
    /// Nobody knows.
    Open,
}

impl<D> Entry<D> {
    /// A document of which nothing has been said.
    pub(crate) fn new(external_id: String, document: D, nature: Nature) -> Self {
        Self { external_id, document, nature, claims: Vec::new() }
    }

    /// What the claims say together.
    pub(crate) fn standing(&self) -> Standing {
        if self.claims.iter().any(|claim| claim.is_taken()) {
            Standing::Taken
        } else if self.claims.contains(&Claim::Unknown) {
            Standing::Open
        } else {
            Standing::Absent
        }
    }

    /// Whether the documentation tells the caller to send it again, once it is not there.
    pub(crate) fn is_to_be_sent(&self) -> bool {
        let wrong = |claim: &Claim| matches!(claim, Claim::Refused | Claim::Withheld);
        self.standing() != Standing::Taken && !self.claims.iter().any(wrong)
    }
}

impl Claim {
    /// What a batch says of a document.
    pub(crate) fn of_outcome(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Accepted(PendingRequest { request_id, .. }) => Self::Accepted(*request_id),
            Outcome::AlreadyAccepted => Self::AlreadyAccepted,
            Outcome::Refused(_) => Self::Refused,
            Outcome::Withheld(_) => Self::Withheld,
            Outcome::NotSent(_) => Self::NotSent,
            _ => Self::Unknown,
        }
    }

    /// What a call with one document says of it.
    pub(crate) fn of_call(result: &Result<PendingRequest, Error>) -> Self {
        match result {
            Ok(pending) => Self::Accepted(pending.request_id),
            Err(error) => match error.kind() {
                ErrorKind::AlreadyAccepted | ErrorKind::Duplicate => Self::AlreadyAccepted,
                ErrorKind::Unreadable => Self::AcceptedUnread,
                _ if error.may_have_happened() => Self::Unknown,
                ErrorKind::Invalid if error.rejections().is_empty() => Self::NotSent,
                ErrorKind::Invalid => Self::Refused,
                _ => Self::NotSent,
            },
        }
    }

    /// Counts it.
    pub(crate) fn count(self, tally: &mut Tally) {
        tally.count(match self {
            Self::Accepted(_) | Self::AcceptedUnread => Row::Accepted,
            Self::AlreadyAccepted => Row::AlreadyAccepted,
            Self::Refused => Row::Refused,
            Self::Withheld => Row::Withheld,
            Self::NotSent => Row::NotSent,
            Self::Unknown => Row::Unknown,
            Self::Found => Row::Found,
        });
    }

    fn is_taken(self) -> bool {
        matches!(
            self,
            Self::Accepted(_) | Self::AlreadyAccepted | Self::AcceptedUnread | Self::Found
        )
    }
}
