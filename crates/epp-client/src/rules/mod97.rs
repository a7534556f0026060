//! The arithmetic of ISO 7064 MOD 97-10, which accounts and references share.
//!
//! A number with its two control digits at the end leaves the remainder 1 when it is divided by 97.
//! Since 97 is prime and divides neither 10 nor 9 times a digit, every single wrong digit and every two swapped neighbours
//! change the remainder.

/// The control number of `body`, from 2 to 98; letters count as 10 for `A` up to 35 for `Z`.
///
/// The remainder test alone would let 00, 01 and 99 pass for 97, 98 and 02 (ePP facts §5), so callers compare with this.
pub(super) fn control(body: &str) -> u32 {
    98 - remainder(body) * 100 % 97
}

/// The remainder of the number that `text` writes, of any length, divided by 97.
fn remainder(text: &str) -> u32 {
    text.chars().filter_map(|c| c.to_digit(36)).fold(0, |remainder, value| {
        let shift = if value < 10 { 10 } else { 100 };
        (remainder * shift + value) % 97
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_control_number_is_never_00_01_or_99() {
        for number in 0..97 {
            assert!((2..=98).contains(&control(&number.to_string())));
        }
        assert_eq!((control("0"), control("97"), control("96")), (98, 98, 4));
    }

    proptest! {
        #[test]
        fn it_agrees_with_division_of_whole_numbers(number in any::<u64>()) {
            let expected = 98 - u128::from(number) * 100 % 97;
            prop_assert_eq!(u128::from(control(&number.to_string())), expected);
        }

        #[test]
        fn letters_count_as_their_two_digits(text in "[A-Z0-9]{1,20}") {
            let digits: String =
                text.chars().filter_map(|c| c.to_digit(36)).map(|v| v.to_string()).collect();
            prop_assert_eq!(control(&text), control(&digits));
        }
    }
}
