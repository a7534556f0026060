//! One-time passwords of an authenticator (RFC 6238: HMAC-SHA1, six digits, steps of thirty
//! seconds), computed with another library than the clients use.

use ring::hmac;

/// The length of a time step in seconds.
const STEP: i64 = 30;

/// The time step of a moment in seconds of Unix time.
pub(super) fn step(unix: i64) -> i64 {
    unix.div_euclid(STEP)
}

/// The password of a time step.
pub(super) fn password(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let hash = tag.as_ref();
    // RFC 4226, section 5.3: the low half of the last byte says where the number begins.
    let start = usize::from(hash.last().copied().unwrap_or_default() & 0x0f);
    let number = hash[start..].iter().take(4).fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// The time step whose password this is: the present one or a neighbour.
pub(super) fn step_of(secret: &[u8], given: &str, now: i64) -> Option<i64> {
    [now, now - 1, now + 1].into_iter().find(|step| password(secret, *step) == given)
}

/// The secret as authenticators take it: base32 without padding (RFC 4648, section 6).
pub(super) fn base32(secret: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for chunk in secret.chunks(5) {
        let mut group = [0; 8];
        group[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(group);
        let letters = (chunk.len() * 8).div_ceil(5);
        for index in 0..letters {
            let letter = usize::try_from(bits >> (35 - 5 * index) & 31).unwrap_or_default();
            text.push(char::from(LETTERS[letter]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn the_vectors_of_the_rfc_hold() {
        // RFC 6238, appendix B, the last six of its eight digits.
        for (unix, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(password(SECRET, step(unix)), expected, "{unix}");
        }
    }

    #[test]
    fn the_neighbouring_steps_are_taken_and_no_others() {
        for (offset, taken) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let found = step_of(SECRET, &password(SECRET, 1000 + offset), 1000);
            assert_eq!(found, taken.then_some(1000 + offset), "{offset}");
        }
    }

    #[test]
    fn base32_is_that_of_the_rfc() {
        // RFC 4648, section 10, without the padding.
        for (plain, expected) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(plain.as_bytes()), expected);
        }
    }
}
