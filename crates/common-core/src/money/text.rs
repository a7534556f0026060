//! Reads a decimal number from text without losing or inventing a digit.
//!
//! The decimal library rounds a text with more digits than it can hold; a payment must not be read
//! that way, so the digits are collected here and anything that does not fit is an error.

use rust_decimal::Decimal;

use super::AmountError;

/// Reads an optional minus sign, digits, optionally a point and digits, optionally an exponent.
pub(super) fn decimal(text: &str) -> Result<Decimal, AmountError> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, read_exponent(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return Err(AmountError::Malformed),
        Some(parts) => parts,
        None => (number, ""),
    };
    if whole.is_empty() {
        return Err(AmountError::Malformed);
    }
    // Saturation keeps an overlong number too large to be accepted below.
    let mut mantissa = 0_i128;
    for digit in whole.chars().chain(fraction.chars()) {
        let value = digit.to_digit(10).ok_or(AmountError::Malformed)?;
        mantissa = mantissa.saturating_mul(10).saturating_add(i128::from(value));
    }
    let places = i64::try_from(fraction.len()).map_err(|_| AmountError::TooManyDigits)?;
    let mantissa = if negative { -mantissa } else { mantissa };
    assemble(mantissa, places.saturating_sub(exponent)).ok_or(AmountError::TooManyDigits)
}

fn read_exponent(text: &str) -> Result<i64, AmountError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AmountError::Malformed);
    }
    let size = digits.parse::<i64>().unwrap_or(i64::MAX);
    Ok(if negative { -size } else { size })
}

/// `mantissa` divided by ten to the power of `scale`; a negative scale gives a whole number.
fn assemble(mantissa: i128, scale: i64) -> Option<Decimal> {
    if mantissa == 0 && scale < 0 {
        return Some(Decimal::ZERO);
    }
    let zeros = u32::try_from(scale.checked_neg()?.max(0)).ok()?;
    let mantissa = mantissa.checked_mul(10_i128.checked_pow(zeros)?)?;
    Decimal::try_from_i128_with_scale(mantissa, u32::try_from(scale.max(0)).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<String, AmountError> {
        decimal(text).map(|decimal| decimal.to_string())
    }

    #[test]
    fn digits_are_kept_as_written() {
        for (text, printed) in [
            ("0", "0"),
            ("24.60", "24.60"),
            ("-0.005", "-0.005"),
            ("007.10", "7.10"),
            ("-0.00", "0.00"),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
            ("-0.0000000000000000000000000001", "-0.0000000000000000000000000001"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(printed), "{text}");
        }
    }

    #[test]
    fn exponents_move_the_point() {
        for (text, printed) in [
            ("1e2", "100"),
            ("1.50E+1", "15.0"),
            ("1.5e1", "15"),
            ("25e-3", "0.025"),
            ("-1e-28", "-0.0000000000000000000000000001"),
            ("0e999999999999999999999", "0"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(printed), "{text}");
        }
    }

    #[test]
    fn more_digits_than_fit_are_an_error_and_never_rounded() {
        for text in [
            "79228162514264337593543950336",
            "1.00000000000000000000000000001",
            "0.12345678901234567890123456789",
            "1e29",
            "1e-29",
            "1e-99999999999999999999",
            "1e99999999999999999999",
            "99999999999999999999999999999999999999999999999999",
        ] {
            assert_eq!(read(text), Err(AmountError::TooManyDigits), "{text}");
        }
    }

    #[test]
    fn anything_but_a_decimal_number_is_refused() {
        for text in [
            "", "-", "+1", "1.", ".5", "1,5", "1 000", " 1", "1_000", "--1", "1e", "1e+", "e1",
            "1e1.5", "1.2.3", "NaN", "inf", "0x10", "\u{0661}",
        ] {
            assert_eq!(read(text), Err(AmountError::Malformed), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_plain_number_is_printed_as_it_was_read(
            text in "-?(0|[1-9][0-9]{0,13})\\.[0-9]{0,13}[1-9]",
        ) {
            prop_assert_eq!(read(&text), Ok(text));
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".{0,40}", number in "[-+0-9.eE]{0,60}") {
            let _ = read(&text);
            let _ = read(&number);
        }
    }
}
