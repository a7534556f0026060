//! UTF-8 to UTF-16LE in pieces, so that a signature over the transcoded body needs no second copy
//! of the body (KROS OpenAPI documentation page, section "Kontrola správnosti notifikácie", the C#
//! sample: `Encoding.Unicode` is UTF-16LE without a byte order mark).

use common_core::secret::Zeroizing;

/// Bytes handed on at a time; even, so that a code unit is never cut.
const PIECE: usize = 1024;

/// Hands the UTF-16LE form of `text` to `sink`, piece by piece.
pub(super) fn each_piece(text: &str, mut sink: impl FnMut(&[u8])) {
    // Keys pass through here as well, so the buffer is wiped.
    let mut piece = Zeroizing::new([0_u8; PIECE]);
    let mut used = 0;
    for unit in text.encode_utf16() {
        piece[used..used + 2].copy_from_slice(&unit.to_le_bytes());
        used += 2;
        if used == PIECE {
            sink(&piece[..]);
            used = 0;
        }
    }
    sink(&piece[..used]);
}

/// The whole UTF-16LE form, for what is short, as a key is.
pub(super) fn bytes(text: &str) -> Zeroizing<Vec<u8>> {
    // The exact size is reserved at once, so that no half-filled copy of a key is left behind.
    let mut all = Zeroizing::new(Vec::with_capacity(text.encode_utf16().count() * 2));
    each_piece(text, |piece| all.extend_from_slice(piece));
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_letter_a_letter_with_accent_and_a_pair_have_their_known_bytes() {
        assert_eq!(bytes("aľ😀")[..], [0x61, 0, 0x3e, 0x01, 0x3d, 0xd8, 0x00, 0xde]);
        assert!(bytes("").is_empty());
    }

    #[test]
    fn a_pair_across_two_pieces_stays_whole() {
        let text = format!("{}😀", "a".repeat(PIECE / 2 - 1));
        let tail = &bytes(&text)[PIECE - 2..];
        assert_eq!(tail, [0x3d, 0xd8, 0x00, 0xde]);
    }

    proptest! {
        #[test]
        fn pieces_together_are_the_standard_encoding(text in "\\PC{0,1500}") {
            let expected: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            prop_assert_eq!(&bytes(&text)[..], expected);
        }
    }
}
