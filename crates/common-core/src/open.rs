//! Codes of a contract that may grow: values this version does not know are kept and written back
//! unchanged.
//!
//! A server that learns a new status must not break a client that was built before it.
//! So a response holds [`Open<E>`]: a known code, or the raw value as it came.
//! A request takes the plain enum, since nobody should send what they do not know, unless they mean
//! to and wrap it.
//!
//! ```
//! use common_core::{codes, open::Open};
//!
//! codes! {
//!     /// Whether an invoice has been paid.
//!     pub enum PaymentStatus: i64 {
//!         /// Nothing has been paid.
//!         NotPaid = 0,
//!         /// Everything has been paid.
//!         Paid = 1,
//!     }
//! }
//!
//! let statuses: Vec<Open<PaymentStatus>> = serde_json::from_str("[1, 7]")?;
//! assert_eq!(statuses[0], PaymentStatus::Paid);
//! assert_eq!(statuses[1].known(), None);
//! assert_eq!(serde_json::to_string(&statuses)?, "[1,7]");
//! # Ok::<(), serde_json::Error>(())
//! ```

mod macros;
mod raw;

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use raw::Raw;

#[doc(hidden)]
pub mod __private {
    pub use serde;
}

/// A closed set of codes, each with a raw value on the wire; made by [`codes!`](crate::codes).
///
/// ```
/// use common_core::{codes, open::Code};
///
/// codes! {
///     /// The state of a document.
///     pub enum State: str {
///         /// It has been approved.
///         Approved = "Approved",
///     }
/// }
///
/// assert_eq!(State::from_raw("Approved"), Some(State::Approved));
/// assert_eq!(State::Approved.raw(), "Approved");
/// ```
pub trait Code: Copy + Eq + fmt::Debug + 'static {
    /// What carries the code on the wire: `i64` or `String`.
    type Raw: Raw;

    /// The code with this raw value, if it is a known one.
    fn from_raw(raw: <Self::Raw as Raw>::Ref<'_>) -> Option<Self>;

    /// The raw value of the code.
    fn raw(self) -> <Self::Raw as Raw>::Ref<'static>;
}

/// A known code, or the raw value of an unknown one.
///
/// Equality and hashing go by the raw value.
/// In JSON it is the raw value, a number or a string; a numeric code is also read from a string of
/// its digits, and then written as a number.
///
/// ```
/// use common_core::{codes, open::Open};
///
/// codes! {
///     /// How a document is meant.
///     pub enum Kind: i64 {
///         /// An invoice.
///         Invoice = 0,
///     }
/// }
///
/// let kind: Open<Kind> = serde_json::from_str("\"3\"")?;
/// assert_eq!(kind, Open::Unknown(3));
/// assert_eq!(kind.to_string(), "3");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Open<E: Code> {
    /// A code of the contract this version was written for.
    Known(E),
    /// A value outside of it, as it came.
    Unknown(E::Raw),
}

impl<E: Code> Open<E> {
    /// The known code with this raw value, or the raw value itself.
    ///
    /// ```
    /// # use common_core::{codes, open::Open};
    /// # codes! {
    /// #     /// How a document is meant.
    /// #     pub enum Kind: i64 {
    /// #         /// An invoice.
    /// #         Invoice = 0,
    /// #     }
    /// # }
    /// assert_eq!(Open::from_raw(0), Open::Known(Kind::Invoice));
    /// ```
    pub fn from_raw(raw: E::Raw) -> Self {
        match E::from_raw(raw.view()) {
            Some(code) => Self::Known(code),
            None => Self::Unknown(raw),
        }
    }

    /// The code, if it is a known one.
    ///
    /// ```
    /// # use common_core::{codes, open::Open};
    /// # codes! {
    /// #     /// How a document is meant.
    /// #     pub enum Kind: i64 {
    /// #         /// An invoice.
    /// #         Invoice = 0,
    /// #     }
    /// # }
    /// assert_eq!(Open::<Kind>::from_raw(0).known(), Some(Kind::Invoice));
    /// assert_eq!(Open::<Kind>::from_raw(9).known(), None);
    /// ```
    pub fn known(&self) -> Option<E> {
        E::from_raw(self.raw())
    }

    /// The raw value, known or not.
    ///
    /// ```
    /// # use common_core::{codes, open::Open};
    /// # codes! {
    /// #     /// How a document is meant.
    /// #     pub enum Kind: i64 {
    /// #         /// An invoice.
    /// #         Invoice = 0,
    /// #     }
    /// # }
    /// assert_eq!(Open::from(Kind::Invoice).raw(), 0);
    /// ```
    pub fn raw(&self) -> <E::Raw as Raw>::Ref<'_> {
        match self {
            Self::Known(code) => E::Raw::shorten(code.raw()),
            Self::Unknown(raw) => raw.view(),
        }
    }
}

impl<E: Code> From<E> for Open<E> {
    fn from(code: E) -> Self {
        Self::Known(code)
    }
}

impl<E: Code> PartialEq for Open<E> {
    fn eq(&self, other: &Self) -> bool {
        self.raw() == other.raw()
    }
}

impl<E: Code> Eq for Open<E> {}

impl<E: Code> PartialEq<E> for Open<E> {
    fn eq(&self, code: &E) -> bool {
        self.known() == Some(*code)
    }
}

impl<E: Code> Hash for Open<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.raw().hash(state);
    }
}

impl<E: Code> fmt::Display for Open<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw().fmt(f)
    }
}

impl<E: Code> Serialize for Open<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw().serialize(serializer)
    }
}

impl<'de, E: Code> Deserialize<'de> for Open<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        E::Raw::read(deserializer).map(Self::from_raw)
    }
}

#[cfg(test)]
mod tests;
