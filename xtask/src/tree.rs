//! What the checks look at: the text files of the repository, the packages, and the files of an earlier commit.
//!
//! It is plain data, so that a test of a check can make a small bad tree by hand.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    metadata::Metadata,
    rust_text,
    shell::{self, Failure, Outcome},
};

/// A text file with its path from the root, written with `/`.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
    /// For Rust sources: the text with comments and literals blanked, at the same offsets; else empty.
    pub(crate) code: String,
}

/// The repository as the checks see it.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Sorted by path.
    pub(crate) files: Vec<File>,
    pub(crate) metadata: Metadata,
    /// Files of earlier commits that ratchets compare with, a list per commit.
    pub(crate) earlier: Vec<Vec<File>>,
}

impl File {
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let mut file = Self { path, text, code: String::new() };
        if file.is_rust() {
            file.code = rust_text::blanked(&file.text);
        }
        file
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.ending() == "rs"
    }

    /// What follows the last dot of the path; empty when there is none.
    pub(crate) fn ending(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, ending)| ending)
    }

    /// The code without the test module at its end; empty when the file is a test module itself.
    pub(crate) fn code_without_tests(&self) -> &str {
        if self.path.ends_with("/tests.rs") {
            return "";
        }
        rust_text::without_tests(&self.code)
    }
}

impl Tree {
    /// Reads the working copy, asks cargo for the packages and git for the earlier text of `ratchets`.
    pub(crate) fn load(ratchets: &[String]) -> Outcome<Self> {
        Ok(Self {
            files: files()?,
            metadata: Metadata::load()?,
            earlier: ["HEAD", "HEAD^"]
                .into_iter()
                .map(|commit| ratchets.iter().filter_map(|path| at(commit, path)).collect())
                .collect(),
        })
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }

    /// The Rust sources below a folder.
    pub(crate) fn rust_below(&self, folder: &str) -> impl Iterator<Item = &File> {
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        self.rust().filter(move |file| file.path.starts_with(&prefix))
    }
}

/// All text files of the working copy, sorted by path; what git ignores is left out.
pub(crate) fn files() -> Outcome<Vec<File>> {
    let root = shell::root();
    let mut paths = Vec::new();
    walk(&root, &mut paths)?;
    let mut files: Vec<File> = paths.iter().filter_map(|path| text_file(&root, path)).collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// A path from the root, written with `/` on every system.
pub(crate) fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

fn text_file(root: &Path, path: &Path) -> Option<File> {
    // A file that is no UTF-8 is a binary one and has no lines to check.
    let text = String::from_utf8(fs::read(path).ok()?).ok()?;
    Some(File::new(relative(root, path), text))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Outcome {
    let unreadable =
        |cause| Failure::new(format!("cannot list the folder {}: {cause}", folder.display()));
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if is_ignored(&path) {
            continue;
        }
        if path.is_dir() {
            walk(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn is_ignored(path: &Path) -> bool {
    let is_fuzz_output = ["fuzz/corpus", "fuzz/artifacts"].iter().any(|end| path.ends_with(end));
    is_fuzz_output || path.ends_with("target") || path.ends_with(".git")
}

fn at(commit: &str, path: &str) -> Option<File> {
    let mut show = shell::command("git", &["show", &format!("{commit}:{path}")]);
    let output = show.output().ok().filter(|output| output.status.success())?;
    Some(File::new(path, String::from_utf8(output.stdout).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_working_copy_holds_sources_and_no_build_output() {
        let files = files().unwrap();
        assert!(files.iter().any(|file| file.path == "xtask/src/main.rs"));
        assert!(files.iter().any(|file| file.path == "Cargo.toml"));
        assert!(files.iter().all(|file| !file.path.starts_with("target/")));
        assert!(files.is_sorted_by(|one, other| one.path < other.path));
    }
}
