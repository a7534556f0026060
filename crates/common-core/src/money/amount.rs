//! An exact decimal number as it was written.

use std::{fmt, iter::Sum, ops::Neg, str::FromStr};

use rust_decimal::Decimal;

use super::{AmountError, text};

/// An exact decimal amount that keeps its decimal places: `24.60` stays `24.60`.
///
/// It holds up to 28 digits in all, of which up to 28 after the point; currency and meaning belong
/// to the field it stands in.
/// Two amounts are compared, hashed and ordered by value, so `24.6` equals `24.60`.
/// There is no negative zero.
///
/// In JSON it is a number with exactly its digits, and it is read from a number or from a string
/// that holds one.
/// A binary floating-point number from another format is refused, since its decimal digits are a
/// guess.
/// The JSON is exact with `serde_json`; elsewhere write [`Display`](fmt::Display) instead.
/// In an untagged enum let a bare amount stand before a struct without required fields: serde
/// buffers an exact number as a map, which such a struct would take for itself.
///
/// ```
/// use common_core::money::Amount;
///
/// let amount: Amount = serde_json::from_str("24.60")?;
/// assert_eq!(amount, Amount::parse("24.6")?);
/// assert_eq!(serde_json::to_string(&amount)?, "24.60");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Amount(Decimal);

impl Amount {
    /// Zero, without decimal places.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Reads an optional minus sign, digits, optionally a point with digits, optionally an
    /// exponent, and nothing else.
    ///
    /// ```
    /// use common_core::money::Amount;
    ///
    /// assert_eq!(Amount::parse("-0.50")?.to_string(), "-0.50");
    /// assert_eq!(Amount::parse("1.5e3")?.to_string(), "1500");
    /// assert!(Amount::parse("1 500").is_err());
    /// # Ok::<(), common_core::money::AmountError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        text::decimal(text).map(Self)
    }

    /// The amount of `minor` units of which one is the last of `scale` decimal places.
    ///
    /// Fails with [`AmountError::TooManyDigits`] when `scale` is above 28.
    ///
    /// ```
    /// use common_core::money::Amount;
    ///
    /// assert_eq!(Amount::from_minor(-2460, 2)?.to_string(), "-24.60");
    /// # Ok::<(), common_core::money::AmountError>(())
    /// ```
    pub fn from_minor(minor: i64, scale: u32) -> Result<Self, AmountError> {
        Self::from_parts(minor.into(), scale).ok_or(AmountError::TooManyDigits)
    }

    /// The amount as a number of the decimal library, for arithmetic beyond this type.
    ///
    /// Mind that the library's own operations round when digits run out.
    ///
    /// ```
    /// use common_core::money::Amount;
    ///
    /// assert_eq!(Amount::parse("24.60")?.decimal().mantissa(), 2460);
    /// # Ok::<(), common_core::money::AmountError>(())
    /// ```
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// The number of decimal places, from 0 to 28.
    ///
    /// ```
    /// use common_core::money::Amount;
    ///
    /// assert_eq!(Amount::parse("24.60")?.scale(), 2);
    /// # Ok::<(), common_core::money::AmountError>(())
    /// ```
    pub fn scale(self) -> u32 {
        self.0.scale()
    }

    /// Whether the amount is zero, with whatever decimal places.
    ///
    /// ```
    /// use common_core::money::Amount;
    ///
    /// assert!(Amount::parse("0.00")?.is_zero());
    /// # Ok::<(), common_core::money::AmountError>(())
    /// ```
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Whether the amount is below zero.
    ///
    /// ```
    /// use common_core::money::Amount;
    ///
    /// assert!(Amount::parse("-0.01")?.is_negative());
    /// assert!(!Amount::parse("-0.00")?.is_negative());
    /// # Ok::<(), common_core::money::AmountError>(())
    /// ```
    pub fn is_negative(self) -> bool {
        self.0.is_sign_negative()
    }

    /// The exact sum with the decimal places of the more precise amount, or `None` when that has
    /// too many digits.
    ///
    /// ```
    /// use common_core::money::Amount;
    ///
    /// let sum = Amount::parse("24.60")?.checked_add(Amount::parse("0.4")?);
    /// assert_eq!(sum.map(|sum| sum.to_string()).as_deref(), Some("25.00"));
    /// # Ok::<(), common_core::money::AmountError>(())
    /// ```
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale().max(other.scale());
        let mantissa = self.minor_at(scale)?.checked_add(other.minor_at(scale)?)?;
        Self::from_parts(mantissa, scale)
    }

    /// The exact difference with the decimal places of the more precise amount, or `None` when that
    /// has too many digits.
    ///
    /// ```
    /// use common_core::money::Amount;
    ///
    /// let rest = Amount::parse("24.60")?.checked_sub(Amount::parse("25")?);
    /// assert_eq!(rest, Some(Amount::parse("-0.40")?));
    /// # Ok::<(), common_core::money::AmountError>(())
    /// ```
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(-other)
    }

    /// The exact product with the decimal places of both factors together, or `None` when that has
    /// too many digits.
    ///
    /// ```
    /// use common_core::money::Amount;
    ///
    /// let product = Amount::parse("1.50")?.checked_mul(Amount::parse("0.2")?);
    /// assert_eq!(product.map(|product| product.to_string()).as_deref(), Some("0.300"));
    /// # Ok::<(), common_core::money::AmountError>(())
    /// ```
    #[must_use]
    pub fn checked_mul(self, factor: Self) -> Option<Self> {
        let mantissa = self.0.mantissa().checked_mul(factor.0.mantissa())?;
        Self::from_parts(mantissa, self.scale() + factor.scale())
    }

    /// `mantissa` divided by ten to the power of `scale`, when that fits.
    pub(super) fn from_parts(mantissa: i128, scale: u32) -> Option<Self> {
        Decimal::try_from_i128_with_scale(mantissa, scale).ok().map(Self)
    }

    /// The amount in units of the last of `scale` decimal places, of which there are at least as
    /// many as its own.
    pub(super) fn minor_at(self, scale: u32) -> Option<i128> {
        let missing = scale.checked_sub(self.scale())?;
        self.0.mantissa().checked_mul(10_i128.checked_pow(missing)?)
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl From<Decimal> for Amount {
    fn from(mut decimal: Decimal) -> Self {
        if decimal.is_zero() {
            decimal.set_sign_positive(true);
        }
        Self(decimal)
    }
}

impl From<i64> for Amount {
    fn from(whole: i64) -> Self {
        Self(Decimal::from(whole))
    }
}

impl Neg for Amount {
    type Output = Self;

    fn neg(self) -> Self {
        Self::from(-self.0)
    }
}

/// The exact sum, or `None` as soon as a partial sum has too many digits.
///
/// ```
/// use common_core::money::Amount;
///
/// let lines = [Amount::parse("12.30")?, Amount::parse("12.30")?];
/// assert_eq!(lines.iter().sum::<Option<Amount>>(), Some(Amount::parse("24.60")?));
/// # Ok::<(), common_core::money::AmountError>(())
/// ```
impl Sum<Amount> for Option<Amount> {
    fn sum<I: Iterator<Item = Amount>>(mut amounts: I) -> Self {
        amounts.try_fold(Amount::ZERO, Amount::checked_add)
    }
}

impl<'a> Sum<&'a Amount> for Option<Amount> {
    fn sum<I: Iterator<Item = &'a Amount>>(amounts: I) -> Self {
        amounts.copied().sum()
    }
}

impl fmt::Display for Amount {
    /// Writes all digits and decimal places; a precision in the format string is ignored, since it
    /// would round.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad_integral(!self.is_negative(), "", &self.0.abs().to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{DefaultHasher, Hash, Hasher};

    use proptest::prelude::*;

    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    fn hash(amount: Amount) -> u64 {
        let mut hasher = DefaultHasher::new();
        amount.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn equality_order_and_hash_go_by_value() {
        assert_eq!(amount("24.6"), amount("24.60"));
        assert_eq!(hash(amount("24.6")), hash(amount("24.6000")));
        assert_eq!(hash(amount("0")), hash(amount("-0.00")));
        assert!(amount("9.99") < amount("10"));
        assert!(amount("-1") < amount("-0.5"));
    }

    #[test]
    fn negative_zero_does_not_exist() {
        for zero in
            [-Amount::ZERO, -amount("0.00"), Amount::from(-Decimal::new(0, 2)), amount("-0.00")]
        {
            assert!(!zero.is_negative());
            assert!(!zero.to_string().starts_with('-'));
        }
        let product = amount("-0.5").checked_mul(amount("0.0")).unwrap();
        assert_eq!(product.to_string(), "0.00");
    }

    #[test]
    fn a_result_that_does_not_fit_is_none_instead_of_rounded() {
        let huge = amount("79228162514264337593543950335");
        assert_eq!(huge.checked_add(Amount::from(1)), None);
        assert_eq!(huge.checked_add(amount("0.4")), None);
        assert_eq!((-huge).checked_sub(Amount::from(1)), None);
        assert_eq!(huge.checked_mul(amount("1.5")), None);
        assert_eq!(amount("1.00000000000001").checked_mul(amount("1.000000000000001")), None);
        assert_eq!([huge, huge].iter().sum::<Option<Amount>>(), None);
    }

    #[test]
    fn the_sum_of_nothing_is_zero() {
        assert_eq!(std::iter::empty::<Amount>().sum::<Option<Amount>>(), Some(Amount::ZERO));
    }

    #[test]
    fn minor_units_take_the_scale_given() {
        assert_eq!(Amount::from_minor(5, 2).unwrap().to_string(), "0.05");
        assert_eq!(Amount::from_minor(i64::MIN, 28).unwrap().scale(), 28);
        assert_eq!(Amount::from_minor(1, 29), Err(AmountError::TooManyDigits));
    }

    #[test]
    fn format_width_pads_and_precision_does_not_round() {
        assert_eq!(format!("[{:>8}]", amount("-24.60")), "[  -24.60]");
        assert_eq!(format!("{:.1}", amount("24.65")), "24.65");
    }

    proptest! {
        #[test]
        fn addition_and_multiplication_agree_with_integers(
            a in any::<i32>(), b in any::<i32>(), scale in 0_u32..9,
        ) {
            let (a, b) = (i64::from(a), i64::from(b));
            let (left, right) = (Amount::from_minor(a, scale)?, Amount::from_minor(b, scale)?);
            prop_assert_eq!(left.checked_add(right), Some(Amount::from_minor(a + b, scale)?));
            prop_assert_eq!(left.checked_sub(right), Some(Amount::from_minor(a - b, scale)?));
            prop_assert_eq!(left.checked_mul(right), Some(Amount::from_minor(a * b, 2 * scale)?));
            prop_assert_eq!(left.cmp(&right), a.cmp(&b));
        }
    }
}
