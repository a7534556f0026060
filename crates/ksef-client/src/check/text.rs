//! The bytes as a whole: size, byte order mark, UTF-8, and characters that do not belong into XML
//! (XML 1.0, section 2.2; KSeF 2.0 facts §17).

use crate::check::{FindingKind, Profile, finding::Findings};

const MARK: &[u8] = b"\xEF\xBB\xBF";

/// As many bytes are looked at together.
const CHUNK: usize = 64;

/// An invoice behind its byte order mark, if it has one.
#[derive(Clone, Copy)]
pub(super) struct Text<'t> {
    pub(super) text: &'t str,
    /// The bytes before it.
    pub(super) before: usize,
}

/// The text of an invoice; `None` when there is no use in looking further.
pub(super) fn read<'t>(
    bytes: &'t [u8],
    profile: &Profile,
    findings: &mut Findings<'_>,
) -> Option<Text<'t>> {
    // The limit for an invoice without attachment is applied when it is known to have none.
    if bytes.len() > profile.attachment_bytes.max(profile.invoice_bytes) {
        return None;
    }
    let (before, bytes) = match bytes.strip_prefix(MARK) {
        Some(rest) => {
            let says = "the invoice begins with a byte order mark";
            findings.add(FindingKind::ByteOrderMark, "/", 0, says);
            (MARK.len(), rest)
        }
        None => (0, bytes),
    };
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let says = "the invoice is not in UTF-8";
            findings.add(FindingKind::Encoding, "/", before + error.valid_up_to(), says);
            return None;
        }
    };
    characters(text, before, findings);
    Some(Text { text, before })
}

/// What a character is to XML.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Allowed,
    Discouraged,
    Forbidden,
}

/// What a character is to XML 1.0, section 2.2.
pub(super) fn standing(character: char) -> Standing {
    match u32::from(character) {
        0x9 | 0xA | 0xD => Standing::Allowed,
        0..0x20 | 0xFFFE | 0xFFFF => Standing::Forbidden,
        0x7F..=0x84 | 0x86..=0x9F | 0xFDD0..=0xFDEF => Standing::Discouraged,
        code if code & 0xFFFE == 0xFFFE => Standing::Discouraged,
        _ => Standing::Allowed,
    }
}

/// Finds discouraged and forbidden characters. Most bytes begin none of them, which is seen of many
/// bytes at once.
fn characters(text: &str, before: usize, findings: &mut Findings<'_>) {
    for (number, chunk) in text.as_bytes().chunks(CHUNK).enumerate() {
        let has_none = !chunk.iter().fold(false, |found, byte| found | is_suspicious(*byte));
        if has_none {
            continue;
        }
        let start = number * CHUNK;
        let suspicious =
            (start..start + chunk.len()).filter(|at| is_suspicious(text.as_bytes()[*at]));
        for at in suspicious {
            if let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
                report(character, before + at, findings);
            }
        }
        if findings.are_full() {
            return;
        }
    }
}

/// Adds a finding for a character that does not belong into an invoice.
pub(super) fn report(character: char, offset: usize, findings: &mut Findings<'_>) {
    let code = u32::from(character);
    match standing(character) {
        Standing::Allowed => {}
        Standing::Discouraged => {
            let says = format!("the character U+{code:04X} is discouraged");
            findings.add(FindingKind::DiscouragedCharacter, "/", offset, says);
        }
        Standing::Forbidden => {
            let says = format!("the character U+{code:04X} is not allowed in XML");
            findings.add(FindingKind::NotWellFormed, "/", offset, says);
        }
    }
}

/// Whether characters that begin with a byte may be discouraged or forbidden.
fn is_suspicious(byte: u8) -> bool {
    let is_blank = byte == 0x9 || byte == 0xA || byte == 0xD;
    let is_control = byte < 0x20 && !is_blank || byte == 0x7F;
    is_control || byte == 0xC2 || byte == 0xEF || byte >= 0xF0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_that_is_not_allowed_begins_with_a_suspicious_byte() {
        let mut buffer = [0; 4];
        for character in (0..=0x10_FFFF).filter_map(char::from_u32) {
            let first = character.encode_utf8(&mut buffer).as_bytes()[0];
            let is_bad = standing(character) != Standing::Allowed;
            assert!(!is_bad || is_suspicious(first), "{character:?}");
        }
    }

    #[test]
    fn the_discouraged_characters_are_those_of_the_recommendation() {
        use Standing::{Allowed, Discouraged, Forbidden};
        for (character, expected) in [
            ('\u{7E}', Allowed),
            ('\u{7F}', Discouraged),
            ('\u{84}', Discouraged),
            ('\u{85}', Allowed),
            ('\u{9F}', Discouraged),
            ('\u{A0}', Allowed),
            ('\u{FDCF}', Allowed),
            ('\u{FDEF}', Discouraged),
            ('\u{FFFD}', Allowed),
            ('\u{FFFE}', Forbidden),
            ('\u{1FFFE}', Discouraged),
            ('\u{10FFFF}', Discouraged),
            ('\u{0}', Forbidden),
            ('\u{1F}', Forbidden),
            ('\t', Allowed),
            ('ż', Allowed),
        ] {
            assert!(standing(character) == expected, "{character:?}");
        }
    }
}
