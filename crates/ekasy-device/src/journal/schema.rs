//! What a maker may hang in before a document is journalled.
//!
//! The authority publishes a schema of the documents, as JSON Schema; it was not at hand, so this
//! crate checks nothing of a document but that it is one JSON object (CRK facts §2.2). Whoever has
//! the schema puts it here.

use std::{fmt, sync::Arc};

use super::{Document, JournalError, Journalled};

/// What documents must look like: asked of each document before it is journalled.
///
/// It is asked while the journal waits, so it should be quick, and it must not use the journal. It
/// is asked of the report of the fiscalisation too. A document that stands in the journal already
/// is not asked about again, since nothing may change it any more.
///
/// Any function with a [`Document`] is one:
///
/// ```
/// use common_core::secret::secret_bytes;
/// use common_store::SealKey;
/// use ekasy_device::journal::{Document, Options, SchemaViolation};
///
/// let key = SealKey::new(1, secret_bytes(vec![7; 32]))?;
/// let options = Options::new("ABC1700000017".parse()?, "till 1", key);
/// let options = options.schema(|document: &Document| match document.bytes().len() {
///     0..=60_000 => Ok(()),
///     length => Err(SchemaViolation::new(format!("{length} bytes are too many"))),
/// });
/// # let _ = options;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait DocumentSchema: Send + Sync {
    /// Whether the document is as it must be.
    ///
    /// # Errors
    ///
    /// [`SchemaViolation`] refuses it: nothing is journalled, and
    /// [`append`](super::Journal::append) fails with
    /// [`JournalErrorKind::Schema`](super::JournalErrorKind::Schema). **The number is still the
    /// next one**: a register must have the document taken before it gives the receipt away.
    fn check(&self, document: &Document) -> Result<(), SchemaViolation>;
}

impl<F> DocumentSchema for F
where
    F: Fn(&Document) -> Result<(), SchemaViolation> + Send + Sync,
{
    fn check(&self, document: &Document) -> Result<(), SchemaViolation> {
        self(document)
    }
}

/// A document is not as it must be. The sentence goes into errors and logs: it names the place and
/// not what stands there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaViolation(String);

impl SchemaViolation {
    /// A violation with one sentence in lower case.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// The schema of a journal, if there is one.
#[derive(Clone, Default)]
pub(super) struct Schema(pub(super) Option<Arc<dyn DocumentSchema>>);

impl Schema {
    /// Whether an entry may be journalled; gaps have nothing to look at.
    pub(super) fn check(&self, entry: &Journalled) -> Result<(), JournalError> {
        match (&self.0, entry) {
            (Some(schema), Journalled::Document(document)) => schema
                .check(document)
                .map_err(|violation| JournalError::schema(document.id(), violation)),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Schema" } else { "None" })
    }
}
