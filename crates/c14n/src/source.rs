//! What the tree does not keep and the source text still tells: prefixes, and line ends beside references.
//!
//! `roxmltree` resolves names to namespaces and forgets the prefix, which a canonical form shows.
//! It also leaves or drops a lone carriage return that stands directly before a reference or behind a referenced carriage return, so such a text is read again from the source.

use roxmltree::{Attribute, Node};

/// A name as it stands in the source: `prefix:local` or `local`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QName<'a> {
    whole: &'a str,
    /// 0 without a prefix.
    prefix_length: usize,
}

impl<'a> QName<'a> {
    pub(crate) fn whole(self) -> &'a str {
        self.whole
    }

    /// Empty without a prefix.
    pub(crate) fn prefix(self) -> &'a str {
        &self.whole[..self.prefix_length]
    }

    /// The name at the start of `source`, whose part behind the prefix is known.
    ///
    /// When they do not fit, as for text that an external entity brought, the local part alone.
    fn at_start_of(source: &'a str, local: &'a str) -> Self {
        let colon = source.bytes().position(|byte| byte == b':').unwrap_or(0);
        match source.get(..colon + 1 + local.len()) {
            Some(whole) if whole.ends_with(local) => Self { whole, prefix_length: colon },
            _ => Self::unprefixed(local),
        }
    }

    fn unprefixed(whole: &'a str) -> Self {
        Self { whole, prefix_length: 0 }
    }

    /// The name of an element; `source` is the text of its whole document.
    pub(crate) fn of_element(source: &'a str, element: Node<'_, 'a>) -> Self {
        let local = element.tag_name().name();
        let Some(tag) = source.get(element.range().start + 1..) else {
            return Self::unprefixed(local);
        };
        // A longer name than the local part goes on with a character of a name.
        match tag.as_bytes().get(local.len()) {
            Some(b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>') => Self::unprefixed(local),
            _ => Self::at_start_of(tag, local),
        }
    }

    /// The name of an attribute; `source` is the text of its whole document.
    pub(crate) fn of_attribute(source: &'a str, attribute: &Attribute<'_, 'a>) -> Self {
        let local = attribute.name();
        // Without a namespace there is no prefix: the default namespace does not hold for attributes.
        match source.get(attribute.range().start..) {
            Some(source) if attribute.namespace().is_some() => Self::at_start_of(source, local),
            _ => Self::unprefixed(local),
        }
    }
}

/// Whether a document needs its texts read again: it has a carriage return that no line feed follows, and no DTD, whose entities could not be resolved here.
pub(crate) fn has_lone_carriage_return(source: &str) -> bool {
    let is_lone = |(place, _)| source.as_bytes().get(place + 1) != Some(&b'\n');
    source.match_indices('\r').any(is_lone) && !source.contains("<!DOCTYPE")
}

/// Reads the character data at the start of `source`, up to the next tag, comment or processing instruction.
///
/// `None` when there is a reference that XML itself does not define.
pub(crate) fn character_data(source: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = source;
    loop {
        if let Some(section) = rest.strip_prefix("<![CDATA[") {
            let (content, after) = section.split_once("]]>")?;
            push_lines(&mut text, content);
            rest = after;
        } else if let Some(reference) = rest.strip_prefix('&') {
            let (name, after) = reference.split_once(';')?;
            text.push(referenced(name)?);
            rest = after;
        } else {
            let end = rest.find(['<', '&']).unwrap_or(rest.len());
            if end == 0 {
                return Some(text);
            }
            push_lines(&mut text, &rest[..end]);
            rest = &rest[end..];
        }
    }
}

/// Line ends become line feeds before anything else is read (XML 1.0, section 2.11).
fn push_lines(text: &mut String, content: &str) {
    text.push_str(&content.replace("\r\n", "\n").replace('\r', "\n"));
}

fn referenced(name: &str) -> Option<char> {
    let code = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => name.strip_prefix('#')?,
    };
    let number = match code.strip_prefix('x') {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
        None => code.parse(),
    };
    char::from_u32(number.ok()?)
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;

    #[test]
    fn names_keep_their_prefixes() {
        let source = "<a:x xmlns:a='urn:a' a:y='1' y='2' xml:lang='pl'><x/><żó:łć xmlns:żó='urn:z'\n/></a:x>";
        let document = Document::parse(source).unwrap();
        let names: Vec<_> = document
            .descendants()
            .filter(Node::is_element)
            .map(|element| QName::of_element(source, element))
            .map(|name| (name.whole(), name.prefix()))
            .collect();
        assert_eq!(names, [("a:x", "a"), ("x", ""), ("żó:łć", "żó")]);
        let attributes: Vec<_> = document
            .root_element()
            .attributes()
            .map(|attribute| QName::of_attribute(source, &attribute).whole())
            .collect();
        assert_eq!(attributes, ["a:y", "y", "xml:lang"]);
    }

    #[test]
    fn character_data_is_read_as_xml_reads_it() {
        let read = |source| character_data(source).unwrap();
        assert_eq!(read("a\r&amp;b\r\n&#xD;\r<b>"), "a\n&b\n\r\n");
        assert_eq!(read("x<![CDATA[&\r<]]>\ry&lt;&#x10FFFF;</x>"), "x&\n<\ny<\u{10ffff}");
        assert_eq!(character_data("a&own;b<"), None);
    }

    #[test]
    fn only_a_carriage_return_alone_calls_for_reading_again() {
        assert!(!has_lone_carriage_return("<a>\r\n</a>\r\n"));
        assert!(has_lone_carriage_return("<a>\r\n\r</a>"));
        assert!(has_lone_carriage_return("<a/>\r"));
        assert!(!has_lone_carriage_return("<!DOCTYPE a [<!ENTITY e 'f'>]><a>\r&e;</a>"));
    }
}
