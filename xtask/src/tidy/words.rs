//! Words that say something about the machine or the hour of writing, and nothing about the project.

use crate::{
    tidy::Finding,
    tree::{File, Tree},
};

/// Folders of somebody's machine; in pieces, so that this file is not found.
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("C:", "\\Users"),
];

/// Talk about how a text came to be, in lower case.
const TALK: &[&str] = &[
    concat!("as an ", "ai "),
    concat!("language ", "model"),
    concat!("chat", "gpt"),
    concat!("clau", "de"),
    concat!("sub", "agent"),
    concat!("in this ", "session we"),
    concat!("the task ", "description"),
    concat!("as ", "requested by"),
];

/// The folder beside the repository, of which only one part may be named.
const BESIDE: &str = concat!("../sha", "red");

/// Finds such words in every text file but the lock file.
pub(crate) fn find(tree: &Tree) -> Vec<Finding> {
    let files = tree.files.iter().filter(|file| file.path != "Cargo.lock");
    files.flat_map(find_in).collect()
}

fn find_in(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let lower = line.to_lowercase();
        let path = MACHINE_PATHS.iter().find(|path| line.contains(**path));
        let talk = TALK.iter().find(|talk| lower.contains(**talk));
        let temporary = names_temporary_file(line).then_some(&"/tmp");
        let beside = names_folder_beside(line).then_some(&BESIDE);
        if let Some(word) = path.or(talk).or(temporary).or(beside) {
            findings.push(Finding::at(
                &file.path,
                index + 1,
                format!("`{word}` does not belong here"),
            ));
        }
    }
    findings
}

fn names_temporary_file(line: &str) -> bool {
    let mut places = line.split("/tmp/").skip(1);
    places.any(|rest| rest.starts_with(|next: char| next.is_ascii_lowercase()))
}

fn names_folder_beside(line: &str) -> bool {
    line.split(BESIDE).skip(1).any(|rest| !rest.starts_with("/reference"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::samples::tree;

    #[test]
    fn each_kind_of_word_is_found() {
        for word in MACHINE_PATHS.iter().chain(TALK) {
            let text = format!("See {word}x.\n");
            assert_eq!(find(&tree(&[("a.md", text.as_str())])).len(), 1, "{word}");
        }
        for rest in ["/tools", " "] {
            let text = format!("{BESIDE}{rest}\n");
            assert_eq!(find(&tree(&[("a.md", text.as_str())])).len(), 1, "{text}");
        }
        assert_eq!(find(&tree(&[("a.rs", concat!("\"/tm", "p/abc\"\n"))])).len(), 1);
    }

    #[test]
    fn the_reference_and_ordinary_text_may_be_named() {
        let text = format!("{BESIDE}/reference/kros\nThe work is done, and home is near.\n");
        assert_eq!(find(&tree(&[("a.md", text.as_str()), ("Cargo.lock", MACHINE_PATHS[0])])), []);
    }
}
