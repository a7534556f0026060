//! Whether the numbers of a register's documents are continuous, looked at from outside.
//!
//! The repository judges a register by its document numbers (source document, section 2.3.2.2):
//! every number from the first one up must come, as a document, in the short form, or as a declared
//! gap. [`Checker`] does the same with any run of documents in the order of their arrival, of any
//! length, with memory that does not grow with it. [`Archive`] reads such a run from the archive
//! that the sandbox's repository writes.
//!
//! # Examples
//!
//! ```
//! use ekasy_device::continuity::{Checker, Finding, Form, Sighting};
//! use ekasy_device::ident::JpkId;
//!
//! let mut checker = Checker::new(JpkId::MIN);
//! for (number, bytes) in [(1, "a"), (2, "b"), (5, "e"), (2, "b"), (5, "f")] {
//!     checker.see(&Sighting::of_bytes(JpkId::new(number)?, Form::Detailed, bytes.as_bytes()));
//! }
//! let report = checker.finish(None);
//! assert!(!report.is_continuous());
//! let findings: Vec<_> = report.findings.iter().map(Finding::to_string).collect();
//! assert_eq!(findings, [
//!     "document 2 came again with the same bytes",
//!     "document 5 came again with other bytes",
//!     "documents 3-4 never came",
//! ]);
//! # Ok::<(), ekasy_device::ident::IdentError>(())
//! ```

mod archive;
mod checker;
mod ranges;
mod recent;
mod report;

pub use archive::{Archive, ArchiveError, Line};
pub use checker::Checker;
pub use report::{Finding, Form, Report, Sighting};
