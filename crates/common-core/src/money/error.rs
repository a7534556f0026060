//! Why a text or a number is no amount.

/// A text or a number cannot be taken as an amount exactly.
///
/// ```
/// use common_core::money::{Amount, AmountError};
///
/// assert_eq!(Amount::parse("24,60"), Err(AmountError::Malformed));
/// assert_eq!(Amount::parse("1e30"), Err(AmountError::TooManyDigits));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// The text is not a decimal number of the form `-12.34` or `-1.2e3`.
    #[error("amount is not a decimal number")]
    Malformed,
    /// The number needs more than 28 digits, or more than 28 decimal places.
    #[error("amount has more digits than can be kept exactly")]
    TooManyDigits,
    /// The number has more decimal places than the [`Money`](super::Money) it is meant for.
    #[error(transparent)]
    Scale(#[from] ScaleError),
}

/// An amount cannot be written exactly with a fixed number of decimal places.
///
/// Either digits other than zero would be lost, or the number is so large that the places do not
/// fit beside it.
///
/// ```
/// use common_core::money::{Amount, Money};
///
/// let error = Money::<2>::try_from(Amount::parse("0.125")?).unwrap_err();
/// assert_eq!(error.to_string(), "amount cannot be written exactly with 2 decimal places");
/// # Ok::<(), common_core::money::AmountError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("amount cannot be written exactly with {scale} decimal places")]
#[non_exhaustive]
pub struct ScaleError {
    /// The number of decimal places asked for.
    pub scale: u32,
}
