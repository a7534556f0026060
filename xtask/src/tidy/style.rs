//! The manner of building that CONTRIBUTING.md describes, where a machine can see it.

use crate::{
    codegen,
    rust_text::{line_of, words},
    tidy::Finding,
    tree::{File, Tree},
};

const LONG: usize = 600;
const TOO_LONG: usize = 900;

/// Words that mark unfinished work, written in pieces so that this file is not found.
const MARKS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

/// How a file says why it exists: in its own words, or with the README of its crate.
const MODULE_DOCS: &[&str] = &["//!", "#![doc = include_str!("];

/// Text files whose white space is checked.
const TEXT_ENDINGS: &[&str] = &["rs", "md", "toml", "json", "txt", "yml"];

/// Finds Rust files that do not say why they exist.
pub(crate) fn without_module_doc(tree: &Tree) -> Vec<Finding> {
    let says_why = |file: &File| MODULE_DOCS.iter().any(|doc| file.text.starts_with(doc));
    let silent = tree.rust().filter(|file| !says_why(file));
    silent.map(|file| Finding::new(&file.path, "the file does not begin with `//!`")).collect()
}

/// Finds hand-written files that nobody reads to the end.
pub(crate) fn too_long(tree: &Tree) -> Vec<Finding> {
    let over = hand_written(tree).filter(|(_, lines)| *lines > TOO_LONG);
    over.map(|(file, lines)| long(file, lines, TOO_LONG)).collect()
}

/// Finds hand-written files that are about to become too long; a warning only.
pub(crate) fn getting_long(tree: &Tree) -> Vec<Finding> {
    let over = hand_written(tree).filter(|(_, lines)| (LONG + 1..=TOO_LONG).contains(lines));
    over.map(|(file, lines)| long(file, lines, LONG)).collect()
}

/// Finds `mod.rs` files.
pub(crate) fn mod_rs(tree: &Tree) -> Vec<Finding> {
    let found = tree.rust().filter(|file| file.path.rsplit('/').next() == Some("mod.rs"));
    found.map(|file| Finding::new(&file.path, "name the file after its module")).collect()
}

/// Finds tests that are named like tests or do not run.
pub(crate) fn tests(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let prefixed = file.code.match_indices("fn test_");
        findings.extend(prefixed.map(|(at, _)| {
            let says = "a test is named after what must hold, without `test_`";
            Finding::at(&file.path, line_of(&file.code, at), says)
        }));
        let ignored = file.code.match_indices("#[ignore");
        findings.extend(ignored.map(|(at, _)| {
            Finding::at(&file.path, line_of(&file.code, at), "a test that is ignored tests nothing")
        }));
    }
    for file in tree.files.iter().filter(|file| file.is_rust() || file.ending() == "md") {
        findings.extend(
            file.text.lines().enumerate().filter(|(_, line)| is_ignored_doctest(line)).map(
                |(index, _)| {
                    Finding::at(&file.path, index + 1, "a doctest runs or is marked `text`")
                },
            ),
        );
    }
    findings
}

/// Finds promises of later work in code and comments.
pub(crate) fn unfinished(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for macro_name in ["todo!", "unimplemented!"] {
            let says = format!("`{macro_name}` is no code");
            findings.extend(
                words(&file.code, macro_name)
                    .map(|at| Finding::at(&file.path, line_of(&file.code, at), says.clone())),
            );
        }
        for mark in MARKS.iter().filter(|_| file.is_rust() || file.ending() == "md") {
            let says = format!("{mark}: do it, or put it on docs/roadmap.md");
            findings.extend(
                words(&file.text, mark)
                    .map(|at| Finding::at(&file.path, line_of(&file.text, at), says.clone())),
            );
        }
    }
    findings
}

/// Finds trailing blanks, tabs, carriage returns and missing line ends.
pub(crate) fn white_space(tree: &Tree) -> Vec<Finding> {
    let is_text = |file: &&File| TEXT_ENDINGS.contains(&file.ending());
    tree.files.iter().filter(is_text).flat_map(white_space_in).collect()
}

fn white_space_in(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.split('\n').enumerate() {
        let says = if line.ends_with('\r') {
            "the line ends with a carriage return"
        } else if line.ends_with([' ', '\t']) {
            "the line ends with a blank"
        } else if line.contains('\t') {
            "the line holds a tab"
        } else {
            continue;
        };
        findings.push(Finding::at(&file.path, index + 1, says));
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        findings.push(Finding::new(&file.path, "the last line has no end"));
    }
    if file.text.ends_with("\n\n") {
        findings.push(Finding::new(&file.path, "the file ends with an empty line"));
    }
    findings
}

fn hand_written(tree: &Tree) -> impl Iterator<Item = (&File, usize)> {
    let written = tree.rust().filter(|file| !codegen::is_output(&file.path));
    written.map(|file| (file, file.text.lines().count()))
}

fn long(file: &File, lines: usize, limit: usize) -> Finding {
    Finding::new(&file.path, format!("{lines} lines are more than {limit}: split the file"))
}

fn is_ignored_doctest(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches("//!").trim_start_matches("///").trim_start();
    line.strip_prefix("```")
        .is_some_and(|marks| marks.split(',').any(|mark| mark.trim() == "ignore"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::samples::{lines, tree};

    #[test]
    fn a_file_must_say_why_it_exists() {
        let tree = tree(&[
            ("a.rs", "use b;\n"),
            ("c.rs", "//! Why.\n"),
            ("d.rs", "#![doc = include_str!(\"../README.md\")]\n"),
        ]);
        assert_eq!(lines(&without_module_doc(&tree)), ["a.rs: the file does not begin with `//!`"]);
    }

    #[test]
    fn length_warns_first_and_then_fails() {
        let (long, longer) = ("\n".repeat(601), "\n".repeat(901));
        let tree = tree(&[("a.rs", "\n"), ("b.rs", long.as_str()), ("c.rs", longer.as_str())]);
        assert_eq!(
            lines(&getting_long(&tree)),
            ["b.rs: 601 lines are more than 600: split the file"]
        );
        assert_eq!(lines(&too_long(&tree)), ["c.rs: 901 lines are more than 900: split the file"]);
    }

    #[test]
    fn mod_rs_is_found() {
        let tree = tree(&[("src/a/mod.rs", ""), ("src/amod.rs", "")]);
        assert_eq!(lines(&mod_rs(&tree)), ["src/a/mod.rs: name the file after its module"]);
    }

    #[test]
    fn badly_named_and_ignored_tests_are_found() {
        let source = concat!(
            "fn test_a() {}\n#[ign",
            "ore = \"slow\"]\nfn b() {}\n/// ``",
            "`no_run,ignore\n/// ```\n"
        );
        let found = tests(&tree(&[("a.rs", source)]));
        let places: Vec<_> = lines(&found).iter().map(|line| line[..6].to_owned()).collect();
        assert_eq!(places, ["a.rs:1", "a.rs:2", "a.rs:4"]);
    }

    #[test]
    fn unfinished_code_and_comments_are_found() {
        let mark = MARKS[0];
        let source = format!("fn a() {{ todo!() }}\n// {mark}: more\nfn {mark}s() {{}}\n");
        let found = unfinished(&tree(&[("a.rs", source.as_str())]));
        assert_eq!(lines(&found).len(), 2, "{found:?}");
    }

    #[test]
    fn each_fault_of_white_space_is_found() {
        for text in ["a \n", "\ta\n", "a\r\n", "a", "a\n\n"] {
            assert_eq!(white_space(&tree(&[("a.md", text)])).len(), 1, "{text:?}");
        }
        assert_eq!(white_space(&tree(&[("a.md", "a\n\nb\n"), ("b.rs", "")])), []);
    }
}
