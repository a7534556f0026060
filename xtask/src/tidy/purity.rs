//! Protocol cores take time, randomness, configuration and bytes as arguments and never fetch them.

use crate::{
    rust_text::{line_of, words},
    tidy::Finding,
    tree::{File, Tree},
};

/// Folders and files whose code is pure; a path that does not exist yet does no harm.
const PURE: &[&str] = &[
    "crates/common-core/src",
    "crates/ksef-crypto/src",
    "crates/c14n/src",
    "crates/ekasy-device/src/code",
    "crates/ekasy-device/src/command",
    "crates/ekasy-device/src/ident",
    "crates/ksef-client/src/check",
];

/// Modules of std that reach outside.
const OUTSIDE_STD: &[&str] = &["fs", "net", "env", "thread", "process"];

/// Paths that reach outside without std's name in front.
const OUTSIDE: &[&str] = &[
    "rand::",
    "getrandom::",
    "tokio::",
    "Instant::now",
    "SystemTime::now",
    "Utc::now",
    "Local::now",
];

/// The one place where the wall clock is read, behind the trait that everything else asks, and
/// the one where aws-lc-rs wants its own generator named for signing, which it then ignores.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("crates/ksef-crypto/src/keys/private_key.rs", "rand::"),
    ("crates/common-core/src/clock.rs", "Instant::now"),
    ("crates/common-core/src/clock.rs", "SystemTime::now"),
];

/// Finds reads of the outside world in pure modules.
pub(crate) fn find(tree: &Tree) -> Vec<Finding> {
    let is_test = |path: &str| path.contains("/tests/") || path.ends_with("/tests.rs");
    let is_pure = |path: &str| PURE.iter().any(|pure| path.starts_with(pure)) && !is_test(path);
    tree.rust().filter(|file| is_pure(&file.path)).flat_map(find_in).collect()
}

fn find_in(file: &File) -> Vec<Finding> {
    let code = file.code_without_tests();
    let mut found: Vec<(usize, String)> = Vec::new();
    for path in OUTSIDE {
        found.extend(words(code, path).map(|at| (at, (*path).to_owned())));
    }
    for module in OUTSIDE_STD {
        let path = format!("std::{module}");
        found.extend(words(code, &path).map(|at| (at, path.clone())));
        found.extend(grouped_imports(code, module).map(|at| (at, path.clone())));
    }
    found.retain(|(_, what)| !EXCEPTIONS.contains(&(file.path.as_str(), what.as_str())));
    found.sort();
    let says = |what: &str| format!("a pure module may not reach for `{what}`");
    found.iter().map(|(at, what)| Finding::at(&file.path, line_of(code, *at), says(what))).collect()
}

/// Uses of `module` inside `use std::{…}`.
fn grouped_imports<'a>(code: &'a str, module: &'a str) -> impl Iterator<Item = usize> + 'a {
    let groups = words(code, "use std::{");
    groups.filter_map(move |at| {
        let end = at + code[at..].find(';').unwrap_or(code.len() - at);
        let names = &code[at + "use std::{".len()..end];
        let first_segment = |at: &usize| {
            names[..*at].trim_end().chars().next_back().is_none_or(|before| before != ':')
        };
        words(names, module).find(first_segment).map(|found| at + "use std::{".len() + found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::samples::{lines, tree};

    #[test]
    fn tests_of_a_pure_module_may_read_their_vectors() {
        let source = "//! Doc.\nuse std::fs;\n";
        assert!(find(&tree(&[("crates/c14n/src/a/tests/b.rs", source)])).is_empty());
        assert!(find(&tree(&[("crates/c14n/src/a/tests.rs", source)])).is_empty());
    }

    #[test]
    fn each_way_outside_is_found_in_a_pure_module() {
        let source = "//! Doc.\nuse std::{collections::BTreeMap, fs};\nfn a() { std::env::args(); }\nlet b = Utc::now();\nuse rand::Rng;\n";
        let findings = lines(&find(&tree(&[("crates/common-core/src/a.rs", source)])));
        let places: Vec<_> = findings.iter().map(|line| &line[27..29]).collect();
        assert_eq!(places, [":2", ":3", ":4", ":5"], "{findings:?}");
    }

    #[test]
    fn tests_comments_and_other_crates_may_reach_outside() {
        let tested = "//! Says std::fs.\n#[cfg(test)]\nmod tests { use std::fs; }\n";
        let files = [
            ("crates/common-core/src/a.rs", tested),
            ("crates/common-http/src/a.rs", "use std::fs;"),
            ("crates/common-core/src/a/tests.rs", "use std::fs;"),
        ];
        assert_eq!(find(&tree(&files)), []);
    }
}
