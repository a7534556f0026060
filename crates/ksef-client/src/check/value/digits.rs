//! Decimal digits of all scripts, which `\d` of a pattern stands for (XML Schema 1.0 part 2,
//! appendix F.1.1).

/// The zeros beyond ASCII of Unicode 14; nine more digits follow each.
const ZEROS: &[u32] = &[
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
    0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650,
    0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50,
    0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
];

/// Whether a character beyond ASCII is a decimal digit.
pub(super) fn is_digit(character: char) -> bool {
    let code = u32::from(character);
    let after = ZEROS.partition_point(|zero| *zero <= code);
    after > 0 && code - ZEROS[after - 1] < 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_other_scripts_are_digits_and_letters_are_none() {
        assert!(['٠', '٩', '०', '𝟎', '𝟿', '９'].into_iter().all(is_digit));
        assert!(!['ż', '²', '½', 'Ⅷ', '一', '٪'].into_iter().any(is_digit));
        // The standard library knows more numbers, of which these are a part.
        let all = (128..0x11_0000).filter_map(char::from_u32);
        assert!(all.filter(|c| is_digit(*c)).all(char::is_numeric));
    }
}
