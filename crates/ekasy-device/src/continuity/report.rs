//! What is seen, and what is found.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

use crate::ident::{JpkId, JpkRange};

/// How a number was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// The document itself.
    Detailed,
    /// The document in the short form, `info`.
    Short,
    /// An `info` with `typObiektu` 9: there was never a document.
    Gap,
}

/// A number that came, and what came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The number.
    pub id: JpkId,
    /// How it was reported.
    pub form: Form,
    /// SHA-256 of what tells two documents apart.
    pub digest: [u8; 32],
}

impl Sighting {
    /// A document of these bytes.
    pub fn of_bytes(id: JpkId, form: Form, bytes: &[u8]) -> Self {
        Self { id, form, digest: sha256(bytes) }
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
}

/// Something about the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Finding {
    /// These numbers never came, and were not declared as a gap.
    Missing(JpkRange),
    /// A number came for the first time after higher ones.
    Late(JpkId),
    /// A number came again in the same form with the same bytes: it was sent twice, which does no
    /// harm, or was asked for.
    Repeated(JpkId),
    /// A number came again, and what came before lies too far back to be compared.
    RepeatedUnseen(JpkId),
    /// A number came again in the same form with other bytes: it was used twice.
    Altered(JpkId),
    /// A number came with a document and was declared as a gap as well.
    DeclaredAndPresent(JpkId),
}

impl Finding {
    /// Whether a correct register can never cause it.
    pub fn is_violation(self) -> bool {
        matches!(self, Self::Missing(_) | Self::Altered(_) | Self::DeclaredAndPresent(_))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(range) if range.count() == 1 => {
                write!(f, "document {} never came", range.first())
            }
            Self::Missing(range) => write!(f, "documents {range} never came"),
            Self::Late(id) => write!(f, "document {id} came after higher numbers"),
            Self::Repeated(id) => write!(f, "document {id} came again with the same bytes"),
            Self::RepeatedUnseen(id) => {
                write!(f, "document {id} came again, too long after the first time to compare")
            }
            Self::Altered(id) => write!(f, "document {id} came again with other bytes"),
            Self::DeclaredAndPresent(id) => {
                write!(f, "document {id} came and was declared as a gap")
            }
        }
    }
}

/// What a run of documents looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How many sightings there were.
    pub seen: u64,
    /// How many different numbers came, declared gaps included.
    pub numbers: u64,
    /// How many numbers were declared as gaps.
    pub declared: u64,
    /// How many numbers never came.
    pub missing: u64,
    /// How many numbers came in the short form first and in detail later, or the other way round.
    pub supplemented: u64,
    /// The highest number that came.
    pub highest: Option<JpkId>,
    /// What was found, in the order of arrival, numbers that never came last; at most as many as
    /// [`Checker::findings`](super::Checker::findings) allows.
    pub findings: Vec<Finding>,
    /// How many findings are not listed.
    pub unlisted: u64,
    /// How many findings are violations, listed or not.
    pub violations: u64,
}

impl Report {
    /// Whether every number came, none was used twice, and none was denied.
    pub fn is_continuous(&self) -> bool {
        self.violations == 0
    }
}
