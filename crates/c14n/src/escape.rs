//! Characters that a canonical form does not show as they are.
//!
//! Source: Canonical XML 1.0, section 2.3, "Attribute Nodes", "Text Nodes", "Processing Instruction Nodes" and "Comment Nodes".

use crate::output::Output;

/// For each byte whether text and attribute values replace it; the two sets differ in few bytes, so one table holds both as bits.
static REPLACED: [u8; 256] = {
    let mut table = [0; 256];
    table[b'&' as usize] = TEXT | VALUE;
    table[b'<' as usize] = TEXT | VALUE;
    table[b'\r' as usize] = TEXT | VALUE;
    table[b'>' as usize] = TEXT;
    table[b'"' as usize] = VALUE;
    table[b'\t' as usize] = VALUE;
    table[b'\n' as usize] = VALUE;
    table
};

const TEXT: u8 = 1;
const VALUE: u8 = 2;

/// Writes character data.
pub(crate) fn text(out: &mut impl Output, text: &str) {
    escaped::<TEXT>(out, text.as_bytes());
}

/// Writes the value of an attribute or of a namespace declaration, without the quotes.
pub(crate) fn value(out: &mut impl Output, value: &str) {
    escaped::<VALUE>(out, value.as_bytes());
}

#[inline]
fn escaped<const SET: u8>(out: &mut impl Output, mut bytes: &[u8]) {
    while let Some(place) = bytes.iter().position(|byte| REPLACED[usize::from(*byte)] & SET != 0) {
        out.put(&bytes[..place]);
        out.put(replacement(bytes[place]));
        bytes = &bytes[place + 1..];
    }
    out.put(bytes);
}

fn replacement(byte: u8) -> &'static [u8] {
    match byte {
        b'&' => b"&amp;",
        b'<' => b"&lt;",
        b'>' => b"&gt;",
        b'"' => b"&quot;",
        b'\t' => b"&#x9;",
        b'\n' => b"&#xA;",
        _ => b"&#xD;",
    }
}

/// Writes the content of a comment or processing instruction.
///
/// Nothing is escaped there, but the parser leaves line ends as they stand in the source, where XML 1.0, section 2.11, wants one line feed for each.
pub(crate) fn verbatim(out: &mut impl Output, content: &str) {
    let mut rest = content;
    while let Some((line, after)) = rest.split_once('\r') {
        out.put(line.as_bytes());
        out.put(b"\n");
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    out.put(rest.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_and_values_replace_different_sets() {
        let all = "a&<>\"'\t\n\rż";
        assert_eq!(written(|out| text(out, all)), "a&amp;&lt;&gt;\"'\t\n&#xD;ż");
        assert_eq!(written(|out| value(out, all)), "a&amp;&lt;>&quot;'&#x9;&#xA;&#xD;ż");
    }

    #[test]
    fn line_ends_in_comments_become_line_feeds() {
        assert_eq!(written(|out| verbatim(out, "a\r\nb\rc\r\r\n\n&<d\r")), "a\nb\nc\n\n\n&<d\n");
    }
}
