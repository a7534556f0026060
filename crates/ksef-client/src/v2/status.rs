//! How far an operation has come that goes on after its answer (KSeF 2.0 facts §8).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::v2::{
    error::{Error, ErrorKind},
    wire,
};

/// The state of an operation: a code of three digits, and the service's words.
///
/// The same number means different things for different operations: 440 is a cancelled session and
/// a duplicate invoice. So a status belongs to its operation and to nothing else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// The code.
    pub code: i32,
    /// The service's sentence, in Polish.
    pub description: Option<String>,
    /// What there is to say besides, in Polish; may repeat what was sent.
    pub details: Vec<String>,
}

/// The class of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// Below 200: under way.
    Pending,
    /// 200: done.
    Done,
    /// Another 2xx: over in another way, as an export that has expired (210).
    Over,
    /// 550: the service broke it off; it may be tried again.
    Cancelled,
    /// Anything else: failed.
    Failed,
}

impl Status {
    pub(crate) fn new(code: i32, description: Option<String>, details: Vec<String>) -> Self {
        Self { code, description, details }
    }

    /// The class of the code; unknown codes are classed by their hundred.
    pub const fn class(&self) -> Class {
        match self.code {
            ..200 => Class::Pending,
            200 => Class::Done,
            201..=299 => Class::Over,
            550 => Class::Cancelled,
            _ => Class::Failed,
        }
    }

    /// Whether the operation has ended, well or badly.
    pub const fn is_final(&self) -> bool {
        !matches!(self.class(), Class::Pending)
    }

    /// `Ok(true)` when it is done, `Ok(false)` while it is under way, and the failure otherwise.
    pub(crate) fn check(self, endpoint: &'static str) -> Result<bool, Error> {
        match self.class() {
            Class::Pending => Ok(false),
            Class::Done => Ok(true),
            Class::Over | Class::Cancelled | Class::Failed => {
                Err(Error::local(ErrorKind::Failed, endpoint, self))
            }
        }
    }
}

impl From<wire::StatusInfo> for Status {
    fn from(status: wire::StatusInfo) -> Self {
        let wire::StatusInfo { code, description, details } = status;
        Self { code, description, details }
    }
}

/// Without the service's words, which may repeat what was sent.
impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Status").field("code", &self.code).finish_non_exhaustive()
    }
}

/// As the cause of a failure: the code alone.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the operation has status {}", self.code)
    }
}

impl std::error::Error for Status {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_codes_are_classed_by_their_hundred() {
        let class = |code| Status { code, description: None, details: Vec::new() }.class();
        assert_eq!([class(100), class(170), class(199), class(0)], [Class::Pending; 4]);
        assert_eq!(
            (class(200), class(210), class(550)),
            (Class::Done, Class::Over, Class::Cancelled)
        );
        assert_eq!([class(300), class(440), class(500), class(999)], [Class::Failed; 4]);
    }
}
