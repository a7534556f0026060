//! Just enough of Rust's grammar to read sources without compiling them.
//!
//! Comments and literals are blanked in place, so that a search never finds a word in a sentence and offsets stay valid in the original text.

/// The source with the contents of comments, strings and characters replaced by spaces of the same length.
///
/// Quotes and line ends stay where they are.
pub(crate) fn blanked(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let (blank_from, blank_to, next) = opaque(source, at);
        for byte in &mut out[blank_from..blank_to] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = next;
    }
    // Only whole literals and comments were replaced, each by ASCII, so this keeps every character.
    String::from_utf8_lossy(&out).into_owned()
}

/// The part of blanked code before its test module.
pub(crate) fn without_tests(code: &str) -> &str {
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(test)]") {
        let attribute = from + found;
        let after = attribute + "#[cfg(test)]".len();
        if code[after..].trim_start().starts_with("mod ") {
            return &code[..attribute];
        }
        from = after;
    }
    code
}

/// The number of the line that holds `offset`, counted from one.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Offsets at which `word` stands in blanked code and is not part of a longer name.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = code[..*at].chars().next_back();
        let after = code[*at + word.len()..].chars().next();
        let ends_open = !word.ends_with(is_name);
        !before.is_some_and(is_name) && (ends_open || !after.is_some_and(is_name))
    })
}

/// The end of the bracketed group that opens at `open`, just behind its closing bracket.
pub(crate) fn group_end(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, character) in code[open..].char_indices() {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return open + offset + character.len_utf8();
        }
    }
    code.len()
}

pub(crate) fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// What stands at `at`: the range to blank (empty for plain code) and where to go on.
fn opaque(source: &str, at: usize) -> (usize, usize, usize) {
    let rest = &source[at..];
    if rest.starts_with("//") {
        let end = at + rest.find('\n').unwrap_or(rest.len());
        return (at, end, end);
    }
    if rest.starts_with("/*") {
        let end = at + block_comment(rest);
        return (at, end, end);
    }
    let starts_name = !source[..at].chars().next_back().is_some_and(is_name);
    if starts_name && let Some((from, to, end)) = raw_string(rest) {
        return (at + from, at + to, at + end);
    }
    let found = if rest.starts_with('"') {
        Some(string(rest))
    } else if rest.starts_with('\'') {
        character(rest)
    } else {
        None
    };
    let width = rest.chars().next().map_or(1, char::len_utf8);
    match found {
        Some(close) => (at + 1, at + close, at + (close + 1).min(rest.len())),
        None => (at, at, at + width),
    }
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    let bytes = rest.as_bytes();
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// Contents and end of a raw string that begins here, `r"` or `br#"` for instance.
fn raw_string(rest: &str) -> Option<(usize, usize, usize)> {
    let after_prefix = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after_prefix.len() - after_prefix.trim_start_matches('#').len();
    let contents = after_prefix[hashes..].strip_prefix('"')?;
    let from = rest.len() - contents.len();
    let close = format!("\"{}", "#".repeat(hashes));
    let to = from + contents.find(&close).unwrap_or(contents.len());
    Some((from, to, (to + close.len()).min(rest.len())))
}

/// Offset of the quote that closes the string which opens here.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (offset, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return offset,
            _ => {}
        }
    }
    rest.len()
}

/// Offset of the quote that closes the character which opens here; none for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut characters = rest.char_indices().skip(1);
    let (_, first) = characters.next()?;
    if first == '\\' {
        characters.next()?;
        return characters.find(|(_, character)| *character == '\'').map(|(offset, _)| offset);
    }
    characters.next().filter(|(_, character)| *character == '\'').map(|(offset, _)| offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_in_place() {
        let source = "let a = \"x // y\"; // tail\nlet b = 'q'; /* c /* d */ e */ f(\"\\\"g\")";
        let code = blanked(source);
        assert_eq!(code.len(), source.len());
        assert_eq!(
            code.split_whitespace().collect::<Vec<_>>().join(" "),
            "let a = \" \"; let b = ' '; f(\" \")"
        );
    }

    #[test]
    fn raw_strings_end_at_their_own_hashes() {
        assert_eq!(blanked("x(r#\"a\"b\"#, 1)"), "x(r#\"   \"#, 1)");
        assert_eq!(blanked("br\"\\\" + y"), "br\" \" + y");
        assert_eq!(blanked("for\"a\""), "for\" \"");
    }

    #[test]
    fn real_sources_keep_their_offsets_and_their_brackets() {
        let files = crate::tree::files().unwrap();
        let own = files.iter().filter(|file| file.is_rust() && file.path.starts_with("xtask/"));
        for file in own {
            assert_eq!(file.code.len(), file.text.len(), "{}", file.path);
            for (open, close) in [('{', '}'), ('(', ')'), ('[', ']')] {
                let counts = (file.code.matches(open).count(), file.code.matches(close).count());
                assert_eq!(counts.0, counts.1, "{} has {open} and {close}", file.path);
            }
        }
    }

    #[test]
    fn lifetimes_are_code_and_escaped_characters_are_literals() {
        assert_eq!(blanked("fn a<'b>(c: &'b str)"), "fn a<'b>(c: &'b str)");
        assert_eq!(blanked("['\\'', 'č']").len(), "['\\'', 'č']".len());
        assert!(!blanked("['\\'', 'č']").contains('č'));
    }

    #[test]
    fn words_are_whole_names() {
        let code = "rand::x operand::y rand_core::z";
        assert_eq!(words(code, "rand::").collect::<Vec<_>>(), [0]);
        assert_eq!(words("fn a_fn fn", "fn").collect::<Vec<_>>(), [0, 8]);
    }

    #[test]
    fn the_test_module_is_cut_and_a_test_only_item_is_not() {
        let code = "#[cfg(test)]\nuse x;\nfn a() {}\n#[cfg(test)]\nmod tests {}";
        assert!(without_tests(code).contains("fn a()"));
        assert!(!without_tests(code).contains("mod tests"));
    }

    #[test]
    fn groups_end_at_the_matching_bracket() {
        assert_eq!(&"f({ a(b) }) + c"[1..group_end("f({ a(b) }) + c", 1)], "({ a(b) })");
    }
}
