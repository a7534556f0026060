//! A document as it came: its text, its tree, and where its content begins.
//!
//! Signing and verifying read documents with the same eyes: UTF-8, no DTD, a limit of size.
//! KSeF refuses documents with a DTD as well (KSeF 1.x facts §11, codes 20001 to 20003).

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;

use roxmltree::{Document, ParsingOptions};

/// The largest document that is read, in bytes: several times the largest page of a confirmation.
pub const MAX_DOCUMENT: usize = 64 * 1024 * 1024;

/// Nodes that a document may have: far above what a confirmation of 10 000 invoices has.
const MAX_NODES: u32 = 4_000_000;

/// Attributes of one element, at most: the parser compares each with all before it.
const MAX_ATTRIBUTES: usize = 256;

/// Prefixes that a document declares, at most: the parser copies those in scope wherever one is
/// added.
const MAX_PREFIXES: usize = 64;

/// Why a document could not be read. Nothing of its content is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotXml {
    /// It is larger than [`MAX_DOCUMENT`].
    TooLarge,
    /// An element has more than 256 attributes, or the document declares more than 64 prefixes. What
    /// is signed has a handful of either, and reading more takes time that grows beyond all measure.
    TooManyNames,
    /// It is not UTF-8, or it declares another encoding.
    Encoding,
    /// It is not well-formed, or it has a DTD.
    Malformed {
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
    },
}

impl fmt::Display for NotXml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(f, "the document is larger than {MAX_DOCUMENT} bytes"),
            Self::TooManyNames => {
                f.write_str("the document has more attributes or prefixes than any that is signed")
            }
            Self::Encoding => f.write_str("the document is not in UTF-8"),
            Self::Malformed { line, column } => {
                write!(f, "the document is not XML without a DTD (line {line}, column {column})")
            }
        }
    }
}

impl Error for NotXml {}

/// The text of a document.
pub(crate) fn text(document: &[u8]) -> Result<&str, NotXml> {
    if document.len() > MAX_DOCUMENT {
        return Err(NotXml::TooLarge);
    }
    let text = std::str::from_utf8(document).map_err(|_| NotXml::Encoding)?;
    match declared_encoding(&text[..content_start(text)]) {
        None => Ok(text),
        Some(name) if name.eq_ignore_ascii_case("utf-8") => Ok(text),
        // ASCII is a part of UTF-8; what is beyond it would be an error of the writer.
        Some(name) if name.eq_ignore_ascii_case("us-ascii") && text.is_ascii() => Ok(text),
        Some(_) => Err(NotXml::Encoding),
    }
}

/// The tree of a document.
pub(crate) fn tree(text: &str) -> Result<Document<'_>, NotXml> {
    limit_names(text)?;
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| {
        let place = error.pos();
        NotXml::Malformed { line: place.row, column: place.col }
    })
}

/// Counts attributes and prefixes in one pass, before the parser meets them.
///
/// It needs no more than to be right about well-formed documents without a DTD; the parser refuses
/// all others.
fn limit_names(text: &str) -> Result<(), NotXml> {
    let mut prefixes = BTreeSet::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        let closed_by = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];
        if let Some((open, end)) = closed_by.into_iter().find(|(open, _)| rest.starts_with(open)) {
            let inner = &rest[open.len()..];
            rest = inner.find(end).map_or("", |at| &inner[at + end.len()..]);
            continue;
        }
        let mut attributes = 0;
        // Up to each value, and behind it.
        while let Some(at) = rest.find(['"', '\'', '>']).filter(|at| rest.as_bytes()[*at] != b'>') {
            let name = rest[..at].trim_end_matches(|c: char| c == '=' || c.is_ascii_whitespace());
            let name = name.rsplit(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
            attributes += 1;
            if name.starts_with("xmlns") {
                prefixes.insert(name);
            }
            if attributes > MAX_ATTRIBUTES || prefixes.len() > MAX_PREFIXES {
                return Err(NotXml::TooManyNames);
            }
            let (value, quote) = (&rest[at + 1..], char::from(rest.as_bytes()[at]));
            rest = value.find(quote).map_or("", |end| &value[end + 1..]);
        }
        rest = rest.find('>').map_or("", |end| &rest[end + 1..]);
    }
    Ok(())
}

/// Where the content begins: behind the byte order mark and the XML declaration.
pub(crate) fn content_start(text: &str) -> usize {
    let content = text.trim_start_matches('\u{feff}');
    let skipped = text.len() - content.len();
    let is_declaration = content
        .strip_prefix("<?xml")
        .is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_whitespace()));
    match content.find("?>") {
        Some(end) if is_declaration => skipped + end + 2,
        _ => skipped,
    }
}

/// The encoding that an XML declaration names.
fn declared_encoding(declaration: &str) -> Option<&str> {
    let (_, rest) = declaration.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest[1..].split(quote).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_must_be_utf8_whether_it_is_declared_or_not() {
        for document in [
            "<a/>",
            "\u{feff}<?xml version='1.0'?><a/>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a>\u{142}</a>",
            "<?xml version='1.0' encoding = 'utf-8' standalone='yes'?><a/>",
            "<?xml version='1.0' encoding='US-ASCII'?><a/>",
            "<a>encoding='latin2'</a>",
        ] {
            assert_eq!(text(document.as_bytes()), Ok(document));
        }
        for document in [
            "<?xml version='1.0' encoding='ISO-8859-2'?><a/>",
            "<?xml version='1.0' encoding='US-ASCII'?><a>\u{142}</a>",
        ] {
            assert_eq!(text(document.as_bytes()), Err(NotXml::Encoding));
        }
        assert_eq!(text(b"<a>\xb3</a>"), Err(NotXml::Encoding));
    }

    #[test]
    fn the_content_begins_behind_mark_and_declaration() {
        assert_eq!(content_start("<a/>"), 0);
        assert_eq!(content_start("\u{feff}<a/>"), 3);
        assert_eq!(content_start("<?xml version='1.0'?>\n<a/>"), 21);
        assert_eq!(content_start("<?xml-stylesheet href='a'?><a/>"), 0);
    }

    #[test]
    fn more_names_than_anybody_signs_are_refused_before_they_are_read() {
        let with = |attributes: usize, prefixes: usize| {
            let attributes: Vec<_> = (0..attributes).map(|n| format!(" a{n} = '>{n}\"'")).collect();
            let nested: Vec<_> =
                (0..prefixes).map(|n| format!("<b xmlns:p{n}=\"u\" c='&gt;'>")).collect();
            let (attributes, nested) = (attributes.concat(), nested.concat());
            format!(
                "<?xml version='1.0'?><!-- <c d='e'> --><a{attributes}>{nested}<![CDATA[<]]>{}</a>",
                "</b>".repeat(prefixes)
            )
        };
        for text in [with(0, 0), with(MAX_ATTRIBUTES, MAX_PREFIXES)] {
            tree(&text).unwrap();
        }
        for text in [with(MAX_ATTRIBUTES + 1, 0), with(0, MAX_PREFIXES + 1)] {
            assert_eq!(tree(&text).unwrap_err(), NotXml::TooManyNames);
        }
        // One prefix again and again is one.
        let again = format!("<a>{}</a>", "<b xmlns='u'/>".repeat(1000));
        tree(&again).unwrap();
    }

    #[test]
    fn reading_names_bears_any_text() {
        for text in ["<", "<a b='", "<a b=\"c>", "<!--", "<![CDATA[", "<?", "a > b", "<a 'ż'ó>"] {
            limit_names(text).unwrap();
        }
    }

    #[test]
    fn a_dtd_and_an_oversized_document_are_refused() {
        let with_dtd = "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>";
        assert!(matches!(tree(with_dtd), Err(NotXml::Malformed { line: 1, .. })));
        assert_eq!(text(&vec![b' '; MAX_DOCUMENT + 1]), Err(NotXml::TooLarge));
    }
}
