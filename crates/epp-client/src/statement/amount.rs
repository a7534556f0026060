//! Amounts as statements write them: with a point in newer files, with a comma in older ones (ePP facts §2.4).

use common_core::money::Amount;

/// Reads an amount with a comma, with or without groups of thousands: `40824,00`, `40.824,00`, `40 824,00`.
///
/// Groups have three digits, all of them, so that a point that means decimals is never taken for a group.
pub(super) fn with_comma(text: &str) -> Option<Amount> {
    let (whole, decimals) = text.split_once(',').unwrap_or((text, "00"));
    let (sign, whole) = match whole.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", whole),
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(decimals) {
        return None;
    }
    let parting = |c: char| matches!(c, '.' | ' ' | '\u{a0}');
    let mut groups = whole.split(parting);
    let first = groups.next().filter(|first| is_number(first))?;
    let rest: Vec<&str> = groups.collect();
    let is_grouped = rest.iter().all(|group| group.len() == 3 && is_number(group));
    if !is_grouped || (!rest.is_empty() && first.len() > 3) {
        return None;
    }
    Amount::parse(&format!("{sign}{first}{}.{decimals}", rest.concat())).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<String> {
        with_comma(text).map(|amount| amount.to_string())
    }

    #[test]
    fn commas_and_groups_are_read() {
        for (text, amount) in [
            ("40824,00", "40824.00"),
            ("40.824,00", "40824.00"),
            ("1 040 824,5", "1040824.5"),
            ("1\u{a0}040\u{a0}824,50", "1040824.50"),
            ("-0,01", "-0.01"),
            ("1.040.824", "1040824.00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(amount), "{text}");
        }
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        for text in [
            "",
            ",",
            ",50",
            "12,",
            "1,2,3",
            "1.04,00",
            "1234.567,00",
            "12.34",
            "1e5,0",
            "--1,00",
            "+1,00",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_comma_is_a_point(whole in 0_u64..1_000_000_000_000, cents in 0_u8..100) {
            let point = Amount::parse(&format!("{whole}.{cents:02}")).unwrap();
            prop_assert_eq!(with_comma(&format!("{whole},{cents:02}")), Some(point));
        }

        #[test]
        fn no_text_makes_reading_panic(text in "\\PC{0,20}", near in "[0-9., -]{0,20}") {
            for text in [text, near] {
                if let Some(amount) = with_comma(&text) {
                    prop_assert!(text.contains(|c: char| c.is_ascii_digit()), "{amount}");
                }
            }
        }
    }
}
