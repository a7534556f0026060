//! An amount with a fixed number of decimal places.

use std::{fmt, iter::Sum, ops::Neg, str::FromStr};

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Amount, AmountError, ScaleError};

/// How [`Money::round_from`] treats what lies between two neighbouring values.
///
/// Both go to the nearer value and differ only in the exact middle.
///
/// ```
/// use common_core::money::{Amount, Money, Rounding};
///
/// let middle = Amount::parse("-0.125")?;
/// let away = Money::<2>::round_from(middle, Rounding::HalfAwayFromZero)?;
/// let even = Money::<2>::round_from(middle, Rounding::HalfEven)?;
/// assert_eq!((away.to_string().as_str(), even.to_string().as_str()), ("-0.13", "-0.12"));
/// # Ok::<(), common_core::money::AmountError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rounding {
    /// The middle goes away from zero: the "half up" of invoices, where -0.125 becomes -0.13.
    HalfAwayFromZero,
    /// The middle goes to the even neighbour, so that many roundings cancel out.
    HalfEven,
}

/// Money with exactly `SCALE` decimal places, at most 28: `Money<2>` counts cents.
///
/// It is written with all its decimal places, always, and reading or converting refuses digits that
/// would be lost instead of rounding them; [`Money::round_from`] is the only way to round.
/// A `SCALE` above 28 does not compile.
/// The JSON is that of [`Amount`].
///
/// ```
/// use common_core::money::Money;
///
/// let price: Money<2> = "24.6".parse()?;
/// assert_eq!(price.to_string(), "24.60");
/// assert!("24.605".parse::<Money<2>>().is_err());
/// # Ok::<(), common_core::money::AmountError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Money<const SCALE: u32>(Amount);

impl<const SCALE: u32> Money<SCALE> {
    /// Reads a number as [`Amount::parse`] does and gives it `SCALE` decimal places.
    ///
    /// Fails with [`AmountError::Scale`] when digits other than zero stand beyond them.
    ///
    /// ```
    /// use common_core::money::Money;
    ///
    /// assert_eq!(Money::<2>::parse("7")?.to_string(), "7.00");
    /// assert_eq!(Money::<2>::parse("7.1000")?.to_string(), "7.10");
    /// # Ok::<(), common_core::money::AmountError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        Ok(Self::try_from(Amount::parse(text)?)?)
    }

    /// The money of so many units of the last decimal place.
    ///
    /// ```
    /// use common_core::money::Money;
    ///
    /// assert_eq!(Money::<2>::from_minor(-5).to_string(), "-0.05");
    /// ```
    pub fn from_minor(minor: i64) -> Self {
        const { assert!(SCALE <= Decimal::MAX_SCALE, "money has at most 28 decimal places") };
        Self(Decimal::new(minor, SCALE).into())
    }

    /// Rounds an amount to `SCALE` decimal places.
    ///
    /// Fails only when the amount is so large that `SCALE` decimal places do not fit beside it.
    ///
    /// ```
    /// use common_core::money::{Amount, Money, Rounding};
    ///
    /// let vat = Money::<2>::round_from(Amount::parse("4.604999")?, Rounding::HalfAwayFromZero)?;
    /// assert_eq!(vat.to_string(), "4.60");
    /// # Ok::<(), common_core::money::AmountError>(())
    /// ```
    pub fn round_from(amount: Amount, rounding: Rounding) -> Result<Self, ScaleError> {
        let strategy = match rounding {
            Rounding::HalfAwayFromZero => RoundingStrategy::MidpointAwayFromZero,
            Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
        };
        let rounded = amount.decimal().round_dp_with_strategy(SCALE, strategy);
        Self::try_from(Amount::from(rounded))
    }

    /// The number of units of the last decimal place, cents for `Money<2>`.
    ///
    /// `i64::try_from` narrows it with a check.
    ///
    /// ```
    /// use common_core::money::Money;
    ///
    /// assert_eq!(Money::<2>::parse("24.60")?.minor(), 2460);
    /// # Ok::<(), common_core::money::AmountError>(())
    /// ```
    pub fn minor(self) -> i128 {
        self.0.decimal().mantissa()
    }

    /// The same value as an amount with `SCALE` decimal places.
    ///
    /// ```
    /// use common_core::money::{Amount, Money};
    ///
    /// assert_eq!(Money::<2>::from_minor(2460).amount(), Amount::parse("24.60")?);
    /// # Ok::<(), common_core::money::AmountError>(())
    /// ```
    pub fn amount(self) -> Amount {
        self.0
    }

    /// Whether it is nothing.
    ///
    /// ```
    /// use common_core::money::Money;
    ///
    /// assert!(Money::<2>::default().is_zero());
    /// ```
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Whether it is below zero.
    ///
    /// ```
    /// use common_core::money::Money;
    ///
    /// assert!(Money::<2>::from_minor(-1).is_negative());
    /// ```
    pub fn is_negative(self) -> bool {
        self.0.is_negative()
    }

    /// The exact sum, or `None` when it has too many digits.
    ///
    /// ```
    /// use common_core::money::Money;
    ///
    /// let sum = Money::<2>::from_minor(1).checked_add(Money::from_minor(2));
    /// assert_eq!(sum, Some(Money::from_minor(3)));
    /// ```
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The exact difference, or `None` when it has too many digits.
    ///
    /// ```
    /// use common_core::money::Money;
    ///
    /// let rest = Money::<2>::from_minor(1).checked_sub(Money::from_minor(2));
    /// assert_eq!(rest, Some(Money::from_minor(-1)));
    /// ```
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The exact product with a whole number, or `None` when it has too many digits.
    ///
    /// For a factor with decimal places multiply the [`amount`](Self::amount) and round the result.
    ///
    /// ```
    /// use common_core::money::Money;
    ///
    /// assert_eq!(Money::<2>::from_minor(1230).checked_mul(2), Some(Money::from_minor(2460)));
    /// ```
    #[must_use]
    pub fn checked_mul(self, factor: i64) -> Option<Self> {
        self.0.checked_mul(Amount::from(factor)).map(Self)
    }
}

impl<const SCALE: u32> Default for Money<SCALE> {
    fn default() -> Self {
        Self::from_minor(0)
    }
}

impl<const SCALE: u32> TryFrom<Amount> for Money<SCALE> {
    type Error = ScaleError;

    /// Gives the amount `SCALE` decimal places, adding or dropping zeros only.
    fn try_from(amount: Amount) -> Result<Self, ScaleError> {
        const { assert!(SCALE <= Decimal::MAX_SCALE, "money has at most 28 decimal places") };
        let refused = ScaleError { scale: SCALE };
        let surplus = 10_i128.pow(amount.scale().saturating_sub(SCALE));
        let mantissa = amount.decimal().mantissa();
        if mantissa % surplus != 0 {
            return Err(refused);
        }
        let missing = 10_i128.pow(SCALE.saturating_sub(amount.scale()));
        (mantissa / surplus)
            .checked_mul(missing)
            .and_then(|minor| Amount::from_parts(minor, SCALE))
            .map(Self)
            .ok_or(refused)
    }
}

impl<const SCALE: u32> From<Money<SCALE>> for Amount {
    fn from(money: Money<SCALE>) -> Self {
        money.0
    }
}

impl<const SCALE: u32> FromStr for Money<SCALE> {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl<const SCALE: u32> Neg for Money<SCALE> {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

/// The exact sum, or `None` as soon as a partial sum has too many digits.
impl<const SCALE: u32> Sum<Money<SCALE>> for Option<Money<SCALE>> {
    fn sum<I: Iterator<Item = Money<SCALE>>>(mut parts: I) -> Self {
        parts.try_fold(Money::default(), Money::checked_add)
    }
}

impl<'a, const SCALE: u32> Sum<&'a Money<SCALE>> for Option<Money<SCALE>> {
    fn sum<I: Iterator<Item = &'a Money<SCALE>>>(parts: I) -> Self {
        parts.copied().sum()
    }
}

impl<const SCALE: u32> fmt::Display for Money<SCALE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rounded(text: &str, rounding: Rounding) -> String {
        Money::<2>::round_from(Amount::parse(text).unwrap(), rounding).unwrap().to_string()
    }

    #[test]
    fn only_zeros_are_added_or_dropped_without_rounding() {
        for (text, printed) in
            [("24.6", "24.60"), ("24", "24.00"), ("-1.5000", "-1.50"), ("0", "0.00")]
        {
            assert_eq!(Money::<2>::parse(text).unwrap().to_string(), printed);
        }
        assert_eq!(Money::<0>::parse("7.00").unwrap().to_string(), "7");
        assert_eq!(Money::<2>::parse("24.605"), Err(AmountError::Scale(ScaleError { scale: 2 })));
        assert_eq!(Money::<2>::parse("x"), Err(AmountError::Malformed));
        let huge = Amount::parse("79228162514264337593543950335").unwrap();
        assert_eq!(Money::<2>::try_from(huge), Err(ScaleError { scale: 2 }));
        assert_eq!(Money::<2>::round_from(huge, Rounding::HalfEven), Err(ScaleError { scale: 2 }));
    }

    #[test]
    fn middles_are_rounded_as_named() {
        for (text, away, even) in [
            ("0.125", "0.13", "0.12"),
            ("0.135", "0.14", "0.14"),
            ("-0.125", "-0.13", "-0.12"),
            ("-0.135", "-0.14", "-0.14"),
            ("0.1250000000001", "0.13", "0.13"),
            ("0.1249999999999", "0.12", "0.12"),
            ("-0.004", "0.00", "0.00"),
            ("2.675", "2.68", "2.68"),
            ("1.5", "1.50", "1.50"),
        ] {
            assert_eq!(rounded(text, Rounding::HalfAwayFromZero), away, "{text}");
            assert_eq!(rounded(text, Rounding::HalfEven), even, "{text}");
        }
    }

    #[test]
    fn arithmetic_is_checked_and_keeps_the_scale() {
        let most = Money::<2>::parse("792281625142643375935439503.35").unwrap();
        assert_eq!(most.checked_add(Money::from_minor(1)), None);
        assert_eq!((-most).checked_sub(Money::from_minor(1)), None);
        assert_eq!(most.checked_mul(2), None);
        assert!(i64::try_from(most.minor()).is_err());
        let parts = [Money::<2>::from_minor(1), Money::from_minor(2)];
        assert_eq!(parts.iter().sum::<Option<Money<2>>>().unwrap().to_string(), "0.03");
        assert_eq!([most, most].into_iter().sum::<Option<Money<2>>>(), None);
    }

    proptest! {
        #[test]
        fn rounding_agrees_with_integer_division(minor in any::<i32>()) {
            let minor = i64::from(minor);
            let amount = Amount::from_minor(minor, 4)?;
            // In units of 0.01, with 100 units of the fourth place to each.
            let (down, rest) = (minor.div_euclid(100), minor.rem_euclid(100));
            let away = down + i64::from(rest > 50 || (rest == 50 && minor > 0));
            let even = down + i64::from(rest > 50 || (rest == 50 && down % 2 != 0));
            let rounded = |rounding| Money::<2>::round_from(amount, rounding);
            prop_assert_eq!(rounded(Rounding::HalfAwayFromZero)?, Money::from_minor(away));
            prop_assert_eq!(rounded(Rounding::HalfEven)?, Money::from_minor(even));
        }

        #[test]
        fn printing_and_parsing_money_gives_it_back(minor in any::<i64>()) {
            let money = Money::<4>::from_minor(minor);
            prop_assert_eq!(Money::parse(&money.to_string()), Ok(money));
            prop_assert_eq!(money.minor(), i128::from(minor));
        }
    }
}
