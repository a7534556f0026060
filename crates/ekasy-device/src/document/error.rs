//! Why a text is no document.

use std::error::Error;
use std::fmt;

use serde::de::DeserializeOwned;

/// A text is no document of the expected form. It names the place and never the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError {
    path: String,
    line: usize,
    column: usize,
}

impl DocumentError {
    /// The JSON path of the place, as `content[3].paragon.podsum`; empty for the whole text.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The line of the text that was being read, from 1; 0 when it is not known.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in that line, from 1; 0 when it is not known.
    pub fn column(&self) -> usize {
        self.column
    }

    pub(super) fn from_json(path: &str, cause: &serde_json::Error) -> Self {
        Self { path: path.to_owned(), line: cause.line(), column: cause.column() }
    }

    pub(super) fn at(path: &str) -> Self {
        Self { path: path.to_owned(), line: 0, column: 0 }
    }

    /// The same error within a larger document.
    pub(super) fn below(mut self, place: &str) -> Self {
        let point = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{place}{point}{}", self.path);
        self
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the document is not of the expected form")?;
        if !self.path.is_empty() {
            write!(f, " at `{}`", self.path)?;
        }
        if self.line > 0 {
            write!(f, " (line {}, column {})", self.line, self.column)?;
        }
        Ok(())
    }
}

impl Error for DocumentError {}

/// Reads a whole JSON text.
pub(super) fn read<T: DeserializeOwned>(json: &str) -> Result<T, DocumentError> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { "" } else { &path };
        DocumentError::from_json(path, error.inner())
    })?;
    reader.end().map_err(|cause| DocumentError::from_json("", &cause))?;
    Ok(value)
}
