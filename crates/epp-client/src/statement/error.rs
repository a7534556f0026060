//! Why a statement cannot be read.

use std::{error::Error, fmt, io};

/// A statement or its archive cannot be read.
///
/// Names the place, such as `Stavka[17].Iznos`, and never the value; the cause is the [`source`](Error::source).
#[derive(Debug)]
pub struct StatementError {
    kind: StatementErrorKind,
    place: String,
    reason: &'static str,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatementErrorKind {
    /// The bytes could not be read: try again, or look at the disk.
    Io,
    /// The file is no well-formed XML or JSON, or ends too early: download it again.
    Syntax,
    /// The file is well-formed but no statement as this crate knows it: an element twice, a section nobody knows, a PDF.
    Shape,
    /// A value is not what its place asks for; lenient reading may bear it.
    Value,
    /// The archive is damaged, encrypted or packed in a way that is not supported: download it again.
    Archive,
    /// The archive is larger than the limits allow: raise [`ArchiveLimits`](super::ArchiveLimits) if it is to be trusted.
    Limit,
}

impl StatementError {
    /// What kind of trouble it is.
    pub fn kind(&self) -> StatementErrorKind {
        self.kind
    }

    /// Where it is, such as `Stavka[17].Iznos`, counted from 0; empty for the file as a whole.
    pub fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn new(
        kind: StatementErrorKind,
        place: impl Into<String>,
        reason: &'static str,
    ) -> Self {
        Self { kind, place: place.into(), reason, source: None }
    }

    pub(super) fn shape(place: impl Into<String>, reason: &'static str) -> Self {
        Self::new(StatementErrorKind::Shape, place, reason)
    }

    pub(super) fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same trouble in a field of a record.
    pub(super) fn at(mut self, record: &str, field: &str) -> Self {
        self.place = if field.is_empty() { record.to_owned() } else { format!("{record}.{field}") };
        self
    }

    /// An input error, or what an archive says through one.
    pub(super) fn io(place: impl Into<String>, error: io::Error) -> Self {
        let is_limit = error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<LimitReached>);
        let (kind, reason) = match error.kind() {
            _ if is_limit => (StatementErrorKind::Limit, "unpacks to more than the limits allow"),
            io::ErrorKind::InvalidData => (StatementErrorKind::Archive, DAMAGED),
            _ => (StatementErrorKind::Io, "cannot be read"),
        };
        Self::new(kind, place, reason).caused_by(error)
    }
}

/// What is wrong with an archive that cannot be unpacked.
pub(super) const DAMAGED: &str = "is damaged, encrypted or packed in a way that is not supported";

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.place.is_empty() { "the statement" } else { &self.place };
        write!(f, "{place} {}", self.reason)
    }
}

impl Error for StatementError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}

/// Marks an input error that is really a limit, on its way through readers that know only input errors.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the limit of unpacked bytes is reached")]
pub(super) struct LimitReached;
