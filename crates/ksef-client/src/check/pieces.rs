//! An invoice cut into tags, texts and what else XML 1.0 knows, in one pass and without copies.
//!
//! Only where a piece begins and ends is looked at here; what may stand within is the matter of
//! [`markup`](super::markup) and of the walk. A general reader carries each piece about several
//! times, which took as long as all checks together.

use crate::check::markup::{Broken, broken, is_blank};

/// What stands between two places of an invoice, without its brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// The name in a start tag, and what follows it.
    Start(&'t str, &'t str),
    /// The same of an element that ends at once.
    Empty(&'t str, &'t str),
    End(&'t str),
    /// White space only.
    Blanks(&'t str),
    /// Text without `<` and `&`.
    Text(&'t str),
    /// Between `&` and `;`.
    Reference(&'t str),
    Section(&'t str),
    Comment(&'t str),
    /// What follows `<?xml`.
    Declaration(&'t str),
    Instruction(&'t str),
    DocumentType,
}

/// The pieces of a text, one after the other.
pub(super) struct Pieces<'t> {
    text: &'t str,
    at: usize,
}

type Cut<T> = Result<T, Broken>;

impl<'t> Pieces<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Where the next piece begins.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next piece, or nothing at the end.
    pub(super) fn next(&mut self) -> Cut<Option<Piece<'t>>> {
        let bytes = self.text.as_bytes();
        let Some(first) = bytes.get(self.at) else { return Ok(None) };
        let piece = match (first, bytes.get(self.at + 1)) {
            (b'<', Some(b'/')) => Piece::End(self.before(2, b'>', "an end tag has no end")?),
            (b'<', Some(b'?')) => self.instruction()?,
            (b'<', Some(b'!')) => self.declared()?,
            (b'<', _) => self.tag()?,
            (b'&', _) => Piece::Reference(self.before(1, b';', "a reference has no end")?),
            _ => self.characters()?,
        };
        Ok(Some(piece))
    }

    /// What stands behind so many bytes and before a byte, behind which the next piece begins.
    fn before(&mut self, opening: usize, end: u8, why: &'static str) -> Cut<&'t str> {
        let rest = &self.text[self.at + opening..];
        let Some(length) = rest.bytes().position(|byte| byte == end) else {
            return broken(self.at, why);
        };
        self.at += opening + length + 1;
        Ok(&rest[..length])
    }

    /// The same before an end of several bytes.
    fn until(&mut self, opening: usize, end: &str, why: &'static str) -> Cut<&'t str> {
        let rest = &self.text[self.at + opening..];
        let Some(length) = rest.find(end) else { return broken(self.at, why) };
        self.at += opening + length + end.len();
        Ok(&rest[..length])
    }

    fn instruction(&mut self) -> Cut<Piece<'t>> {
        let inner = self.until(2, "?>", "a processing instruction has no end")?;
        Ok(match inner.strip_prefix("xml") {
            Some(rest) if rest.is_empty() || rest.starts_with(is_blank) => Piece::Declaration(rest),
            _ => Piece::Instruction(inner),
        })
    }

    /// What begins with `<!`.
    fn declared(&mut self) -> Cut<Piece<'t>> {
        let rest = &self.text[self.at..];
        if rest.starts_with("<!--") {
            self.until(4, "-->", "a comment has no end").map(Piece::Comment)
        } else if rest.starts_with("<![CDATA[") {
            self.until(9, "]]>", "a section has no end").map(Piece::Section)
        } else if rest.starts_with("<!DOCTYPE") {
            let Some(length) = document_type(rest) else {
                return broken(self.at, "a document type declaration has no end");
            };
            self.at += length;
            Ok(Piece::DocumentType)
        } else {
            broken(self.at, "`<!` begins nothing that is known")
        }
    }

    /// A start tag, which ends outside of quotation marks.
    fn tag(&mut self) -> Cut<Piece<'t>> {
        let rest = &self.text[self.at + 1..];
        let bytes = rest.as_bytes();
        let ends_name = |byte: &u8| ENDS_NAME[usize::from(*byte)];
        let name = bytes.iter().position(ends_name).unwrap_or(bytes.len());
        let mut quote = None;
        let is_end = |byte: &u8| {
            match quote {
                None if *byte == b'>' => return true,
                None if matches!(byte, b'"' | b'\'') => quote = Some(*byte),
                Some(open) if open == *byte => quote = None,
                _ => {}
            }
            false
        };
        let Some(length) = bytes[name..].iter().position(is_end) else {
            return broken(self.at, "a tag has no end");
        };
        self.at += 1 + name + length + 1;
        let (name, rest) = rest[..name + length].split_at(name);
        Ok(match rest.strip_suffix('/') {
            Some(rest) => Piece::Empty(name, rest),
            None => Piece::Start(name, rest),
        })
    }

    /// Text up to the next tag or reference.
    fn characters(&mut self) -> Cut<Piece<'t>> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let is_none = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let blanks = rest.iter().position(is_none).unwrap_or(rest.len());
        let mut end = blanks;
        while let Some(byte) = rest.get(end).filter(|byte| !matches!(byte, b'<' | b'&')) {
            if *byte == b'>' && rest[..end].ends_with(b"]]") {
                return broken(start + end - 2, "`]]>` stands in text");
            }
            end += 1;
        }
        self.at = start + end;
        let text = &self.text[start..self.at];
        Ok(if blanks == end { Piece::Blanks(text) } else { Piece::Text(text) })
    }
}

/// The characters of ASCII that no name has.
static ENDS_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        let is_of_name = byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-' | b'.');
        table[byte as usize] = !is_of_name;
        byte += 1;
    }
    table
};

/// The length of a document type declaration with all that it declares.
fn document_type(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        let rest = &bytes[at..];
        // Within these, brackets and quotation marks mean nothing.
        let skipped = match rest.first()? {
            b'<' if rest.starts_with(b"<!--") => Some((4, "-->")),
            b'<' if rest.starts_with(b"<?") => Some((2, "?>")),
            b'"' => Some((1, "\"")),
            b'\'' => Some((1, "'")),
            _ => None,
        };
        if let Some((opening, end)) = skipped {
            at += opening;
            at += text[at..].find(end)? + end.len();
            continue;
        }
        at += 1;
        match rest[0] {
            b'<' => depth += 1,
            b'>' if depth == 1 => return Some(at),
            b'>' => depth -= 1,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Piece::*, *};

    fn cut(text: &str) -> Cut<Vec<Piece<'_>>> {
        let mut pieces = Pieces::new(text);
        let mut all = Vec::new();
        while let Some(piece) = pieces.next()? {
            all.push(piece);
        }
        assert_eq!(pieces.at(), text.len());
        Ok(all)
    }

    #[test]
    fn every_kind_of_piece_is_told_from_the_others() {
        let text = "<?xml version='1.0'?>\n<?xmla b?><!DOCTYPE a [<!ENTITY b '>'><!--'--><?\"?>]>\
                    <a b=\"/>\" c='\">'><b/><c d=''/>x&amp;> ]]</a ><!--<-->\
                    <![CDATA[]]]>";
        let expected = [
            Declaration(" version='1.0'"),
            Blanks("\n"),
            Instruction("xmla b"),
            DocumentType,
            Start("a", " b=\"/>\" c='\">'"),
            Empty("b", ""),
            Empty("c", " d=''"),
            Text("x"),
            Reference("amp"),
            Text("> ]]"),
            End("a "),
            Comment("<"),
            Section("]"),
        ];
        assert_eq!(cut(text), Ok(expected.to_vec()));
        assert_eq!(cut("</><>"), Ok(vec![End(""), Start("", "")]));
        assert_eq!(cut("</ ></a/>"), Ok(vec![End(" "), End("a/")]));
        assert_eq!(cut("<a />< />"), Ok(vec![Empty("a", " "), Empty("", " ")]));
    }

    #[test]
    fn what_has_no_end_is_told_where_it_begins() {
        for text in [
            "x<a",
            "x<a b='>",
            "x</a",
            "x&amp",
            "x<?a>",
            "x<!--->",
            "x<![CDATA[]>",
            "x<!DOCTYPE a [<!ENTITY b '>]>",
            "x<!DOCTYPE a [<b>",
            "x<!doctype a>",
            "x<",
        ] {
            assert_eq!(cut(text).unwrap_err().at, 1, "{text}");
        }
        assert_eq!(cut("x ]]]>").unwrap_err().at, 3);
    }
}
