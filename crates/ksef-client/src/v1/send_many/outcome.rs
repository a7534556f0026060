//! What became of the invoices of a run.

use std::sync::Arc;

use ksef_crypto::link::InvoiceHash;

use crate::v1::{
    error::Error,
    invoices::{AcceptedInvoice, FoundInvoice, SentInvoice},
    progress::Progress,
};

/// What became of one invoice.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SendResult {
    /// The position of the invoice in the stream, from 0.
    pub index: u64,
    /// The name under which it was given.
    pub name: String,
    /// The SHA-256 of the very bytes; `None` when they were not read.
    pub hash: Option<InvoiceHash>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of one invoice.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It is issued.
    Accepted(AcceptedInvoice),
    /// It was taken and then refused; step, code and exception say why. Correct it and send it.
    Rejected(Progress),
    /// It was not taken: too large, of a wrong form, or there already
    /// ([`Duplicate`](crate::v1::ErrorKind::Duplicate): this session has the very same bytes). It
    /// would be refused again.
    Refused(Arc<Error>),
    /// It was certainly not taken, for a reason that lies elsewhere. Send it again.
    ///
    /// After a lost answer this says that the session's list, asked at the end of the run, has no
    /// element that could be it. Should the request have been stuck on the way all that time, then
    /// the service refuses the second one as a duplicate.
    NotSent(Arc<Error>),
    /// It was taken, and its outcome was not known when the schedule's time was up, or could not
    /// be asked for. Ask for its status later; do not send it again.
    Pending(SentInvoice, Arc<Error>),
    /// It may have been taken or not: the answer was lost, and the session's list could not be
    /// read or has elements that may be it; or an earlier run knew an invoice of that name, and its
    /// file cannot be read now. Look at these before sending it again: when every one
    /// of them was refused, it is not issued, and a run that goes on from the log sends it.
    Unknown(Arc<Error>, Vec<FoundInvoice>),
}

/// How many invoices came to which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendTally {
    /// Issued.
    pub accepted: u64,
    /// Taken and then refused.
    pub rejected: u64,
    /// Not taken, for what they are.
    pub refused: u64,
    /// Not taken, for another reason.
    pub not_sent: u64,
    /// Taken and not yet decided.
    pub pending: u64,
    /// Perhaps taken.
    pub unknown: u64,
}

impl SendTally {
    /// Counts one result.
    pub fn add(&mut self, result: &SendResult) {
        *match result.outcome {
            Outcome::Accepted(_) => &mut self.accepted,
            Outcome::Rejected(_) => &mut self.rejected,
            Outcome::Refused(_) => &mut self.refused,
            Outcome::NotSent(_) => &mut self.not_sent,
            Outcome::Pending(..) => &mut self.pending,
            Outcome::Unknown(..) => &mut self.unknown,
        } += 1;
    }

    /// How many results were counted.
    pub fn total(&self) -> u64 {
        self.accepted + self.rejected + self.refused + self.not_sent + self.pending + self.unknown
    }

    /// Whether it is known of every invoice if it was issued.
    pub fn is_certain(&self) -> bool {
        self.pending == 0 && self.unknown == 0
    }
}
