//! The archive that the sandbox's repository writes: one file for each register, JSON lines.
//!
//! A line is one document as it arrived: `jpk_id`; `kind`, the name of its member in `content`;
//! `command_id` of the shipment that brought it; `at`; `sha256` over the document's compact JSON
//! with sorted names, in hexadecimal digits; and `document` itself. The last line has `analysis`,
//! the repository's own view.

use std::io::{self, BufRead, Read as _};

use serde::Deserialize;
use serde_json::Value;

use super::{
    checker::Checker,
    report::{Form, Report, Sighting, sha256},
};
use crate::ident::{IdentError, JpkId};

/// `typObiektu` of a number under which nothing was made.
const GAP: u64 = 9;

/// How long a line may be, in bytes.
const LONGEST: u64 = 64 << 20;

/// Reads an archive line by line; it is an iterator.
#[derive(Debug)]
pub struct Archive<R> {
    from: R,
    line: u64,
    has_ended: bool,
}

/// A line of an archive.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Line {
    /// A document.
    Document(Sighting),
    /// The repository's own analysis, as it stands there.
    Analysis(Value),
}

/// An archive cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// Reading failed.
    #[error("line {line} of the archive cannot be read")]
    Read {
        /// Which line, from 1.
        line: u64,
        /// The cause.
        source: io::Error,
    },
    /// The line has another form, or is too long.
    #[error("line {line} of the archive has another form")]
    Form {
        /// Which line, from 1.
        line: u64,
        /// The cause, if it is one of JSON.
        source: Option<serde_json::Error>,
    },
    /// A number is none of a document.
    #[error("line {line} of the archive has no document number")]
    Number {
        /// Which line, from 1.
        line: u64,
        /// The cause.
        source: IdentError,
    },
    /// The document is not the one that was digested.
    #[error("line {line} of the archive does not have the digest that stands there")]
    Digest {
        /// Which line, from 1.
        line: u64,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Wire {
    Document { jpk_id: u64, kind: String, sha256: String, document: Value },
    Analysis { analysis: Value },
}

impl<R: BufRead> Archive<R> {
    /// Reads from here.
    pub fn new(from: R) -> Self {
        Self { from, line: 0, has_ended: false }
    }

    /// Holds all documents against each other; `last` is the number that the register named as its
    /// last one, if it did.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`] at the first line that cannot be read.
    pub fn check(self, mut checker: Checker, last: Option<JpkId>) -> Result<Report, ArchiveError> {
        for line in self {
            if let Line::Document(sighting) = line? {
                checker.see(&sighting);
            }
        }
        Ok(checker.finish(last))
    }

    fn read(&mut self) -> Result<Option<Line>, ArchiveError> {
        self.line += 1;
        let line = self.line;
        let mut text = Vec::new();
        let mut limited = (&mut self.from).take(LONGEST);
        let count = limited.read_until(b'\n', &mut text);
        match count.map_err(|source| ArchiveError::Read { line, source })? {
            0 => return Ok(None),
            _ if text.len() as u64 >= LONGEST => {
                return Err(ArchiveError::Form { line, source: None });
            }
            _ => {}
        }
        let wire = serde_json::from_slice(&text);
        match wire.map_err(|source| ArchiveError::Form { line, source: Some(source) })? {
            Wire::Analysis { analysis } => Ok(Some(Line::Analysis(analysis))),
            Wire::Document { jpk_id, kind, sha256, document } => {
                let id = JpkId::new(jpk_id);
                let id = id.map_err(|source| ArchiveError::Number { line, source })?;
                let digest = self::sha256(document.to_string().as_bytes());
                if hexadecimal(&digest) != sha256 {
                    return Err(ArchiveError::Digest { line });
                }
                let form = form(&kind, &document);
                Ok(Some(Line::Document(Sighting { id, form, digest })))
            }
        }
    }
}

impl<R: BufRead> Iterator for Archive<R> {
    type Item = Result<Line, ArchiveError>;

    /// The next line; nothing behind the first one that cannot be read.
    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let line = self.read().transpose();
        self.has_ended = !matches!(line, Some(Ok(_)));
        line
    }
}

fn form(kind: &str, document: &Value) -> Form {
    match document.get("typObiektu").and_then(Value::as_u64) {
        Some(GAP) if kind == "info" => Form::Gap,
        _ if kind == "info" => Form::Short,
        _ => Form::Detailed,
    }
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
