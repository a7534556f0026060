//! The numbers by which the service names what is wrong (KSeF 2.0 facts §14).
//!
//! The list is open: a number that is not in it is kept and shown as it came.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::v2::error::ErrorKind;

/// The number of an error, as `21405`; known or not.
///
/// It has nothing to do with the codes of [`Status`](crate::v2::Status), whose numbers mean another
/// thing for each kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ErrorCode(u32);

impl ErrorCode {
    /// 21155: the session has as many invoices as it may have.
    pub const SESSION_FULL: Self = Self(21155);
    /// 21164: there is no invoice of this number, or it is not the caller's.
    pub const NO_INVOICE: Self = Self(21164);
    /// 21165: the invoice is accepted and cannot be fetched yet.
    pub const NOT_YET_AVAILABLE: Self = Self(21165);
    /// 21180: the state of the session does not allow it.
    pub const SESSION_STATE: Self = Self(21180);
    /// 21182: as many exports run as may run in a context.
    pub const TOO_MANY_EXPORTS: Self = Self(21182);
    /// 21183: the query begins behind the high water mark and is restricted to it.
    pub const BEHIND_HIGH_WATER_MARK: Self = Self(21183);
    /// 21184: the session is under maintenance: open another one.
    pub const SESSION_UNAVAILABLE: Self = Self(21184);
    /// 21208: parts or end came too late, and the batch was cancelled.
    pub const BATCH_TOO_LATE: Self = Self(21208);
    /// 21301: the tokens were given out already, or the login does not allow it.
    pub const ALREADY_REDEEMED: Self = Self(21301);
    /// 21405: the content of the request does not fit, or its numbers name nothing.
    pub const INPUT: Self = Self(21405);
    /// 21470: the public key is unknown or withdrawn: fetch the keys and encrypt again.
    pub const KEY_WITHDRAWN: Self = Self(21470);

    /// The code of that number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The kind of failure; `None` for an unknown number.
    pub(crate) const fn kind(self) -> Option<ErrorKind> {
        Some(match self.0 {
            9101..=9103 | 9105 | 21115 | 21217 | 21401 | 21406 => ErrorKind::Signature,
            21111 | 21117 | 21301 | 21304 | 21308 => ErrorKind::LoginRefused,
            21470 => ErrorKind::KeyWithdrawn,
            21164 | 21173 | 21175 | 21178 | 25005 | 25008 | 71001 => ErrorKind::NotFound,
            21165 => ErrorKind::NotYet,
            21180 | 21208 => ErrorKind::SessionState,
            21184 => ErrorKind::SessionUnavailable,
            21155 | 21161 | 21182 | 25006 | 25007 | 71002 => ErrorKind::LimitReached,
            21166 | 21167 | 25009 | 30001 => ErrorKind::Conflict,
            25001 | 25002 | 26001 | 26002 => ErrorKind::Forbidden,
            21001 | 21157 | 21181 | 21183 | 21205 | 21402 | 21403 | 21405 | 21418 | 25003
            | 25004 | 25010 | 25011 | 71004 | 71005 => ErrorKind::Invalid,
            _ => return None,
        })
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v2::operations;

    #[test]
    fn every_code_of_the_contract_has_a_kind() {
        let codes = operations::ALL.iter().flat_map(|operation| operation.codes);
        let without: Vec<_> =
            codes.filter(|code| ErrorCode::new(**code).kind().is_none()).collect();
        assert_eq!(without, Vec::<&u32>::new());
        assert_eq!(ErrorCode::new(29999).kind(), None);
    }
}
