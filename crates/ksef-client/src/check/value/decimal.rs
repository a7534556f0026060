//! Numbers as they are written, compared without rounding.

use std::cmp::Ordering;

/// A number by its digits, without zeros that mean nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decimal<'t> {
    is_negative: bool,
    whole: &'t str,
    fraction: &'t str,
}

impl<'t> Decimal<'t> {
    /// A sign, digits, and a point with digits; digits may be missing on one side of the point.
    pub(super) fn of_decimal(text: &'t str) -> Option<Self> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        // Numbers are short: a loop is faster than the search for a character.
        let point = unsigned.bytes().position(|byte| byte == b'.');
        let (whole, fraction) =
            point.map_or((unsigned, ""), |point| (&unsigned[..point], &unsigned[point + 1..]));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        // There is one zero.
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Self { is_negative: text.starts_with('-') && !is_zero, whole, fraction })
    }

    /// A sign and digits.
    pub(super) fn of_integer(text: &'t str) -> Option<Self> {
        if text.contains('.') { None } else { Self::of_decimal(text) }
    }

    pub(super) fn digits(&self) -> usize {
        self.whole.len() + self.fraction.len()
    }

    pub(super) fn fraction_digits(&self) -> usize {
        self.fraction.len()
    }

    pub(super) fn compare(&self, other: Decimal<'_>) -> Ordering {
        let size = self.whole.len().cmp(&other.whole.len());
        let size = size.then_with(|| self.whole.cmp(other.whole));
        let size = size.then_with(|| self.fraction.cmp(other.fraction));
        match (self.is_negative, other.is_negative) {
            (false, false) => size,
            (true, true) => size.reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_value() {
        let ordered = ["-10", "-9.5", "-0.01", "0", "0.009", "0.01", "1", "1.5", "9", "10"];
        let read = |text| Decimal::of_decimal(text).unwrap();
        for pair in ordered.windows(2) {
            assert_eq!(read(pair[0]).compare(read(pair[1])), Ordering::Less, "{pair:?}");
            assert_eq!(read(pair[1]).compare(read(pair[0])), Ordering::Greater, "{pair:?}");
        }
        for same in [["+01.50", "1.5"], ["-0", "0.0"], [".5", "0.5"], ["5.", "5"]] {
            assert_eq!(read(same[0]).compare(read(same[1])), Ordering::Equal, "{same:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", ".", "+", "-", "1,5", "1e3", "0x1", "١", "1.2.3", "--1", " 1", "INF"] {
            assert!(Decimal::of_decimal(text).is_none(), "{text}");
        }
        assert!(Decimal::of_integer("1.0").is_none() && Decimal::of_integer("-1").is_some());
    }
}
