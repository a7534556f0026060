//! Reads PEM leniently: the authority publishes keys whose Base64 stands on one long line
//! without a final newline, which strict readers of RFC 7468 refuse (KSeF 1.x facts §1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common_core::secret::Zeroizing;

/// One block of a PEM text.
pub(crate) struct Block {
    /// The word between `BEGIN` and the dashes.
    pub(crate) label: String,
    /// The decoded content, overwritten when dropped because it may be a private key.
    pub(crate) content: Zeroizing<Vec<u8>>,
}

/// All blocks of a text in their order; whatever stands between them is skipped.
///
/// `None` when a block does not end, ends with another label or is not Base64.
pub(crate) fn blocks(text: &str) -> Option<Vec<Block>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----")?;
        let (body, after) = after.split_once("-----END ")?;
        let (end, after) = after.split_once("-----")?;
        if end != label {
            return None;
        }
        let content = base64_content(body)?;
        found.push(Block { label: label.to_owned(), content });
        rest = after;
    }
    Some(found)
}

/// Decodes Base64 with any white space in it.
pub(crate) fn base64_content(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut packed = Zeroizing::new(Vec::with_capacity(text.len()));
    packed.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let mut content = Zeroizing::new(vec![0; packed.len() / 4 * 3 + 3]);
    let length = STANDARD.decode_slice(packed.as_slice(), &mut content).ok()?;
    content.truncate(length);
    Some(content)
}

/// Writes one block with lines of 64 characters, as RFC 7468 wants them.
#[cfg(any(test, feature = "csr"))]
pub(crate) fn written(label: &str, content: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(content));
    let mut text = Zeroizing::new(String::with_capacity(body.len() + body.len() / 64 + 100));
    for dash in ["-----BEGIN ", label, "-----\n"] {
        text.push_str(dash);
    }
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    for dash in ["-----END ", label, "-----\n"] {
        text.push_str(dash);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_line_without_final_newline_is_read() {
        let text = "-----BEGIN PUBLIC KEY-----\nAAECAwQF-----END PUBLIC KEY-----";
        let blocks = blocks(text).unwrap();
        assert_eq!(blocks[0].label, "PUBLIC KEY");
        assert_eq!(*blocks[0].content, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn several_blocks_keep_their_order_and_text_between_them_is_skipped() {
        let content: Vec<u8> = (0..=255).collect();
        let text = format!(
            "Bag Attributes\n{}subject=x\r\n{}",
            *written("A", &content),
            *written("B", b"b")
        );
        let blocks = blocks(&text.replace('\n', "\r\n")).unwrap();
        assert_eq!(blocks.len(), 2);
        assert_eq!(*blocks[0].content, content);
        assert_eq!((blocks[1].label.as_str(), blocks[1].content.as_slice()), ("B", &b"b"[..]));
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
