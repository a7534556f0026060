//! What the journal may fail with.

use std::fmt;

use common_core::store::{StoreError, StoreErrorKind};

use super::SchemaViolation;
use crate::ident::JpkId;

/// Why the journal did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JournalErrorKind {
    /// Another holder has this register's journal. Nothing happened; try again when it has ended.
    Busy,
    /// Another run has taken the journal over, or it was closed. Nothing was written; stop the work,
    /// and open it anew if this process is to go on. A lease that only ended, because the clock
    /// jumped or the machine slept, is taken again and is no error.
    Lost,
    /// The engine failed. Whether the write happened is unknown; the next call finds out, and
    /// repeating the same call does no harm.
    Store,
    /// What stands in the store is no journal of this version, or cannot be opened with the keys
    /// given. Nothing was changed.
    Corrupt,
    /// A document's number is not the next one, and no gap was declared. Nothing was written.
    NotNext,
    /// The number was used for other bytes before. Nothing was written.
    OtherBytes,
    /// The [schema](super::Options::schema) does not take the document. Nothing was written, and the
    /// number is still the next one.
    Schema,
    /// The request does not fit what the journal holds; the sentence says how. Nothing was written.
    Refused,
}

/// The journal did not do what it was asked.
#[derive(Debug)]
pub struct JournalError {
    kind: JournalErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl JournalError {
    pub(super) fn new(kind: JournalErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(super) fn corrupt(message: impl Into<String>) -> Self {
        Self::new(JournalErrorKind::Corrupt, message)
    }

    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self::new(JournalErrorKind::Refused, message)
    }

    pub(super) fn schema(id: JpkId, violation: SchemaViolation) -> Self {
        let message = format!("document {id} is not as the schema has it");
        let source = Some(Box::new(violation) as _);
        Self { kind: JournalErrorKind::Schema, message, source }
    }

    pub(super) fn lost() -> Self {
        Self::new(JournalErrorKind::Lost, "the journal is in other hands or closed")
    }

    pub(super) fn not_next(id: JpkId, next: Option<JpkId>) -> Self {
        let message = match next {
            Some(next) => format!("document {id} came where {next} is next"),
            None => format!("document {id} came, and all numbers are used up"),
        };
        Self::new(JournalErrorKind::NotNext, message)
    }

    /// Why.
    pub fn kind(&self) -> JournalErrorKind {
        self.kind
    }
}

impl From<StoreError> for JournalError {
    fn from(source: StoreError) -> Self {
        let (kind, message) = match source.kind() {
            StoreErrorKind::Corrupt => (JournalErrorKind::Corrupt, "what is stored cannot be read"),
            _ => (JournalErrorKind::Store, "the store failed, and what it did is unknown"),
        };
        Self { kind, message: message.to_owned(), source: Some(Box::new(source)) }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
