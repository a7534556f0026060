//! What the codes of the service mean, what to do about each, and whether to try again (KSeF 2.0
//! facts §8 and §14).
//!
//! The service's own sentences are Polish and meant for people; the words here are ours. They come
//! from `fixtures/ksef-v2/contract/codes.json`, which other programs can read as well, and stand on
//! the page `docs/ksef/codes-v2.md`. The lists are open: a number that is not in them has no words.

mod table;

use std::fmt;

use crate::v2::{
    code::ErrorCode,
    status::{Class, Status},
};

/// Whether the same request may succeed another time.
///
/// It says nothing about whether something has happened. Before a request is repeated that changes
/// something, ask [`Error::may_have_happened`](crate::v2::Error::may_have_happened).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retry {
    /// It will not, and no change of it will help.
    Never,
    /// Not as it is: change what the advice says.
    Changed,
    /// Later it may, as it is.
    Later,
}

/// A process of the service, whose statuses have codes of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Process {
    /// A login.
    Authentication,
    /// A batch session.
    BatchSession,
    /// The enrolment of a certificate.
    CertificateEnrollment,
    /// An export of invoices.
    Export,
    /// An invoice in a session.
    Invoice,
    /// An interactive session.
    OnlineSession,
    /// A grant or a revocation.
    PermissionOperation,
}

/// The code of a status and the process that it belongs to, without which it means nothing; known
/// or not.
///
/// # Examples
///
/// ```
/// use ksef_client::v2::catalogue::{Process, Retry};
///
/// let duplicate = Process::Invoice.code(440);
/// assert_eq!(duplicate.meaning(), Some("the same invoice is there already"));
/// assert_eq!(duplicate.retryable(), Some(Retry::Never));
/// assert_eq!(Process::Invoice.code(441).meaning(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusCode {
    process: Process,
    number: i32,
}

/// One line of a list.
struct Entry {
    number: u32,
    meaning: &'static str,
    advice: &'static str,
    retry: Retry,
}

impl Process {
    /// All processes, in the order of their names.
    pub const ALL: [Self; 7] = [
        Self::Authentication,
        Self::BatchSession,
        Self::CertificateEnrollment,
        Self::Export,
        Self::Invoice,
        Self::OnlineSession,
        Self::PermissionOperation,
    ];

    /// The code of that number in this process.
    pub const fn code(self, number: i32) -> StatusCode {
        StatusCode { process: self, number }
    }

    /// The codes that this version knows, by number.
    pub fn known(self) -> impl ExactSizeIterator<Item = StatusCode> {
        let number = |entry: &Entry| entry.number.cast_signed();
        self.entries().iter().map(move |entry| self.code(number(entry)))
    }
}

impl StatusCode {
    /// The process that it belongs to.
    pub const fn process(self) -> Process {
        self.process
    }

    /// The number.
    pub const fn number(self) -> i32 {
        self.number
    }

    /// Its class, which is known for unknown numbers, too.
    pub fn class(self) -> Class {
        Status { code: self.number, description: None, details: Vec::new() }.class()
    }

    /// What it means, in lower case and without a full stop; `None` for an unknown number.
    pub fn meaning(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.meaning)
    }

    /// What to do about it; `None` for an unknown number.
    pub fn advice(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.advice)
    }

    /// Whether the same may succeed another time; `None` for an unknown number.
    pub fn retryable(self) -> Option<Retry> {
        self.entry().map(|entry| entry.retry)
    }

    fn entry(self) -> Option<&'static Entry> {
        find(self.process.entries(), u32::try_from(self.number).ok()?)
    }
}

/// The number.
impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)
    }
}

impl Status {
    /// The code as one of that process, to ask the catalogue for its meaning.
    pub const fn in_process(&self, process: Process) -> StatusCode {
        process.code(self.code)
    }
}

impl ErrorCode {
    /// The codes that this version knows, by number.
    pub fn known() -> impl ExactSizeIterator<Item = Self> {
        table::ERRORS.iter().map(|entry| Self::new(entry.number))
    }

    /// What it means, in lower case and without a full stop; `None` for an unknown number.
    pub fn meaning(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.meaning)
    }

    /// What to do about it; `None` for an unknown number.
    pub fn advice(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.advice)
    }

    /// Whether the same request may succeed another time; `None` for an unknown number.
    pub fn retryable(self) -> Option<Retry> {
        self.entry().map(|entry| entry.retry)
    }

    fn entry(self) -> Option<&'static Entry> {
        find(table::ERRORS, self.number())
    }
}

/// The entry of a number in a list that is in order.
fn find(entries: &'static [Entry], number: u32) -> Option<&'static Entry> {
    let at = entries.binary_search_by_key(&number, |entry| entry.number).ok()?;
    entries.get(at)
}

#[cfg(test)]
mod tests;
