//! The inside of tags, references and the declaration, held strictly to XML 1.0.

use std::borrow::Cow;

use crate::check::text::{Standing, standing};

/// An attribute as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attribute<'t> {
    pub(super) name: &'t str,
    /// Between the quotation marks.
    pub(super) raw: &'t str,
}

/// Why something is not well-formed, and how far into the piece it was seen.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) at: usize,
    pub(super) why: &'static str,
}

type Read<T> = Result<T, Broken>;

pub(super) fn broken<T>(at: usize, why: &'static str) -> Read<T> {
    Err(Broken { at, why })
}

/// The attributes in what follows the name of a tag, which is empty or begins with a blank.
pub(super) fn attributes(text: &str) -> Read<Vec<Attribute<'_>>> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let trimmed = rest.trim_start_matches(is_blank);
        if trimmed.is_empty() {
            break;
        }
        if trimmed.len() == rest.len() {
            return broken(at, "a blank is missing before an attribute");
        }
        at += rest.len() - trimmed.len();
        let (attribute, length) =
            attribute(trimmed).map_err(|one| Broken { at: at + one.at, ..one })?;
        found.push(attribute);
        at += length;
    }
    let mut names: Vec<_> = found.iter().map(|one| one.name).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return broken(0, "an attribute stands twice");
    }
    Ok(found)
}

/// One attribute at the start of a text, and its length.
fn attribute(text: &str) -> Read<(Attribute<'_>, usize)> {
    let Some((name, rest)) = text.split_once('=') else {
        return broken(0, "an attribute has no value");
    };
    let name = name.trim_end_matches(is_blank);
    if !is_qualified_name(name) {
        return broken(0, "the name of an attribute is none");
    }
    let value = rest.trim_start_matches(is_blank);
    let start = text.len() - value.len() + 1;
    let quote = value.chars().next().filter(|first| ['"', '\''].contains(first));
    let Some((raw, _)) = quote.and_then(|quote| value[1..].split_once(quote)) else {
        return broken(0, "the value of an attribute has no quotation marks");
    };
    if let Some(at) = raw.find('<') {
        return broken(start + at, "`<` stands in the value of an attribute");
    }
    Ok((Attribute { name, raw }, start + raw.len() + 1))
}

/// The value of an attribute: references resolved, blanks as spaces (XML 1.0, section 3.3.3).
///
/// `seen` hears of every character that a reference stands for.
pub(super) fn attribute_value(raw: &str, mut seen: impl FnMut(char)) -> Read<Cow<'_, str>> {
    if !raw.contains(['&', '\t', '\n', '\r']) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(next) = rest.chars().next() {
        if next == '&' {
            let at = raw.len() - rest.len();
            let Some((inner, after)) = rest[1..].split_once(';') else {
                return broken(at, "a reference has no end");
            };
            let character = reference(inner).map_err(|why| Broken { at, why })?;
            seen(character);
            value.push(character);
            rest = after;
        } else {
            // A carriage return and the line feed behind it are one line end.
            let length = if rest.starts_with("\r\n") { 2 } else { next.len_utf8() };
            value.push(if is_blank(next) { ' ' } else { next });
            rest = &rest[length..];
        }
    }
    Ok(Cow::Owned(value))
}

/// The character that a reference stands for, between `&` and `;`.
pub(super) fn reference(name: &str) -> Result<char, &'static str> {
    let Some(number) = name.strip_prefix('#') else {
        return match name {
            "amp" => Ok('&'),
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => Err("a reference names an unknown entity"),
        };
    };
    let code = match number.strip_prefix('x') {
        Some(hex) if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            u32::from_str_radix(hex, 16).ok()
        }
        None if number.bytes().all(|byte| byte.is_ascii_digit()) => number.parse().ok(),
        _ => None,
    };
    let character = code.and_then(char::from_u32);
    let character = character.filter(|one| standing(*one) != Standing::Forbidden);
    character.ok_or("a reference stands for no character")
}

/// The encoding that an XML declaration names, if it does; `text` stands between `<?xml` and `?>`.
pub(super) fn declaration(text: &str) -> Read<Option<&str>> {
    let attributes = attributes(text)?;
    let mut rest = attributes.iter();
    let mut next = rest.next();
    match next {
        Some(Attribute { name: "version", raw: "1.0" }) => next = rest.next(),
        Some(Attribute { name: "version", .. }) => return broken(0, "the version is not 1.0"),
        _ => return broken(0, "the declaration names no version"),
    }
    let mut encoding = None;
    if let Some(Attribute { name: "encoding", raw }) = next {
        let is_name = raw.starts_with(|first: char| first.is_ascii_alphabetic())
            && raw.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !is_name {
            return broken(0, "the declaration names no encoding");
        }
        encoding = Some(*raw);
        next = rest.next();
    }
    if let Some(Attribute { name: "standalone", raw: "yes" | "no" }) = next {
        next = rest.next();
    }
    match next {
        None => Ok(encoding),
        Some(_) => broken(0, "the declaration holds something unknown"),
    }
}

/// The prefix of a name, which may be empty, and the name without it.
pub(super) fn split_name(name: &str) -> (&str, &str) {
    // Names are short: a loop is faster than the search for a character.
    let colon = name.bytes().position(|byte| byte == b':');
    colon.map_or(("", name), |colon| (&name[..colon], &name[colon + 1..]))
}

pub(super) fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// Whether a text is a name (XML 1.0, section 2.3).
pub(super) fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(begins_name) && characters.all(continues_name)
}

/// Whether a text is a name, or two with a colon between them (Namespaces in XML 1.0, section 4).
pub(super) fn is_qualified_name(text: &str) -> bool {
    let (prefix, local) = text.split_once(':').unwrap_or(("_", text));
    [prefix, local].iter().all(|part| is_name(part) && !part.contains(':'))
}

fn begins_name(character: char) -> bool {
    matches!(character,
        ':' | '_' | 'A'..='Z' | 'a'..='z'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn continues_name(character: char) -> bool {
    begins_name(character)
        || matches!(character,
            '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_prefix_are_names_on_both_sides_of_one_colon() {
        for name in ["a", "x:a", "_:_", "x:a-8.ż"] {
            assert!(is_qualified_name(name), "{name}");
        }
        for name in ["", ":", ":a", "a:", "x:8y", "8x:y", "a:b:c", "a b"] {
            assert!(!is_qualified_name(name), "{name}");
        }
    }

    #[test]
    fn attributes_are_read_and_what_is_wrong_with_them_is_seen() {
        let read = attributes(" a=\"1\"\n b = '>\"' ").unwrap();
        assert_eq!(read, [Attribute { name: "a", raw: "1" }, Attribute { name: "b", raw: ">\"" }]);
        for (text, at) in [
            (" a", 1),
            (" a=1", 1),
            (" a='1'b='2'", 6),
            (" a='1' a='2'", 0),
            (" a='<'", 4),
            (" 1='x'", 1),
            (" a='", 1),
            (" /", 1),
        ] {
            assert_eq!(attributes(text).unwrap_err().at, at, "{text}");
        }
    }

    #[test]
    fn values_have_references_resolved_and_line_ends_as_spaces() {
        let mut seen = String::new();
        let value = attribute_value("a\r\nb\t&#10;&amp;&#x17C;", |one| seen.push(one)).unwrap();
        assert_eq!((&*value, &*seen), ("a b \n&ż", "\n&ż"));
        for raw in ["&", "&x;", "&#0;", "&#xD800;", "&#+1;", "&#;", "&#x;", "&#xFFFF;"] {
            assert!(attribute_value(raw, |_| ()).is_err(), "{raw}");
        }
    }

    #[test]
    fn a_declaration_has_its_order() {
        assert_eq!(declaration(" version='1.0'"), Ok(None));
        let whole = " version=\"1.0\" encoding=\"utf-8\" standalone='yes' ";
        assert_eq!(declaration(whole), Ok(Some("utf-8")));
        for text in [
            "",
            " encoding='UTF-8'",
            " version='1.1'",
            " version='1.0' standalone='x'",
            " version='1.0' encoding='8'",
        ] {
            assert!(declaration(text).is_err(), "{text}");
        }
    }
}
