//! PEM and the Base64 in it, with lines of any length.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common_core::secret::Zeroizing;

/// What stands between one pair of dashes.
pub(super) struct Block {
    pub(super) label: String,
    pub(super) content: Zeroizing<Vec<u8>>,
}

/// All blocks in their order; text between them is skipped. `None` when a block is broken.
pub(super) fn blocks(text: &str) -> Option<Vec<Block>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----")?;
        let (body, after) = after.split_once("-----END ")?;
        let (end, after) = after.split_once("-----")?;
        if end != label {
            return None;
        }
        found.push(Block { label: label.to_owned(), content: base64_content(body)? });
        rest = after;
    }
    Some(found)
}

/// The bytes of a Base64 text, white space skipped. No copy of a key stays behind in memory.
pub(super) fn base64_content(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut packed = Zeroizing::new(Vec::with_capacity(text.len()));
    packed.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let mut content = Zeroizing::new(vec![0; packed.len() / 4 * 3 + 3]);
    let length = STANDARD.decode_slice(packed.as_slice(), &mut content).ok()?;
    content.truncate(length);
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_line_is_read_and_text_between_blocks_is_skipped() {
        let text = "x\n-----BEGIN A-----\nAAEC\r\nAwQF-----END A-----\ny\n\
                    -----BEGIN B-----\nAA==\n-----END B-----";
        let blocks = blocks(text).unwrap();
        assert_eq!((blocks[0].label.as_str(), blocks[0].content.len()), ("A", 6));
        assert_eq!((blocks[1].label.as_str(), blocks[1].content.as_slice()), ("B", &[0][..]));
    }

    #[test]
    fn broken_blocks_are_refused() {
        for text in [
            "-----BEGIN A-----\nAAAA",
            "-----BEGIN A-----\nAAAA\n-----END B-----\n",
            "-----BEGIN A-----\nAA*A\n-----END A-----\n",
        ] {
            assert!(blocks(text).is_none(), "{text}");
        }
    }
}
