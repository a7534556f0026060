//! Why a value was refused as an identifier: small, copyable, and silent about the value itself.

/// A value does not have the form of an identifier.
///
/// The message names the identifier and its form and never repeats the value, so it may be logged.
///
/// ```
/// use ekasy_device::ident::UniqueNumber;
///
/// let error = UniqueNumber::parse("ZT1").unwrap_err();
/// assert_eq!(error.to_string(), "not a unique number: expected 3 capital letters and 10 digits");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("not {what}: expected {expected}")]
#[non_exhaustive]
pub struct IdentError {
    /// The identifier that was asked for, with its article.
    pub what: &'static str,
    /// The form it must have.
    pub expected: &'static str,
}

impl IdentError {
    pub(crate) const fn new(what: &'static str, expected: &'static str) -> Self {
        Self { what, expected }
    }
}
