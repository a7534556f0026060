//! The few regular expressions of KSeF's schemas, as patterns of one symbol per character.

/// Tells whether `text` has the form of `pattern`, character by character.
///
/// `9` stands for a digit, `b` for 0 or 1, `h` for an upper-case hexadecimal digit, `a` for an
/// upper-case letter, `x` for an upper-case letter or a digit and `s` for the same or `+` or `*`;
/// anything else stands for itself.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    pattern.len() == text.len()
        && pattern.bytes().zip(text.bytes()).all(|(symbol, byte)| stands_for(symbol, byte))
}

fn stands_for(symbol: u8, byte: u8) -> bool {
    match symbol {
        b'9' => byte.is_ascii_digit(),
        b'b' => matches!(byte, b'0' | b'1'),
        b'h' => matches!(byte, b'0'..=b'9' | b'A'..=b'F'),
        b'a' => byte.is_ascii_uppercase(),
        b'x' => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        b's' => byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'*'),
        literal => byte == literal,
    }
}

/// A NIP as the schemas write it: ten digits, no leading zero, and the next two not both zero.
pub(super) fn is_nip(text: &str) -> bool {
    matches("9999999999", text) && !text.starts_with('0') && &text[1..3] != "00"
}

/// Whoever a number begins with: a NIP, or one of two other identifiers of 10 characters that the
/// schemas allow in its place.
pub(super) fn is_issuer(text: &str) -> bool {
    is_nip(text) || matches("M999999999", text) || matches("aaa9999999", text)
}

/// Year and month, `YYYYMM`, from 2020 on.
pub(super) fn is_month(text: &str) -> bool {
    matches("999999", text) && &text[..4] >= "2020" && ("01"..="12").contains(&&text[4..])
}

/// A date, `YYYYMMDD`, from 2020 on. As in the schemas, every month may have 31 days.
pub(super) fn is_date(text: &str) -> bool {
    matches("99999999", text) && is_month(&text[..6]) && ("01"..="31").contains(&&text[6..])
}
