//! `cargo xtask tidy`: the invariants of the workspace that no compiler checks.
//!
//! Each check is a small function over the [`Tree`]; all findings are shown at once, and one is enough to fail.

mod adr;
mod coverage;
pub(crate) mod dependencies;
mod edges;
mod facts;
mod generated;
mod kinds;
mod orphans;
mod packages;
mod purity;
mod signatures;
mod style;
mod words;

use std::fmt::{self, Display};

use crate::{
    shell::{Failure, Outcome},
    tree::Tree,
};

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// A path, a path with a line, or the name of a crate.
    place: String,
    says: String,
}

/// A named check.
struct Check {
    name: &'static str,
    find: fn(&Tree) -> Vec<Finding>,
}

const CHECKS: &[Check] = &[
    Check { name: "edges between crates", find: edges::find },
    Check { name: "cycles", find: edges::find_cycles },
    Check { name: "pure modules", find: purity::find },
    Check { name: "public signatures", find: signatures::find },
    Check { name: "module docs", find: style::without_module_doc },
    Check { name: "orphaned files", find: orphans::find },
    Check { name: "length of files", find: style::too_long },
    Check { name: "file layout", find: style::mod_rs },
    Check { name: "tests", find: style::tests },
    Check { name: "unfinished code", find: style::unfinished },
    Check { name: "white space", find: style::white_space },
    Check { name: "words", find: words::find },
    Check { name: "generated files", find: generated::find },
    Check { name: "published packages", find: packages::find },
    Check { name: "included files", find: packages::find_outside_includes },
    Check { name: "contract coverage", find: coverage::find },
    Check { name: "uncovered list", find: coverage::find_growth },
    Check { name: "banned crates", find: dependencies::find_banned },
    Check { name: "licences and sources", find: dependencies::find_licences_and_sources },
    Check { name: "one library for one job", find: dependencies::find_two_for_one_job },
    Check { name: "kinds of errors", find: kinds::find },
    Check { name: "decision records", find: adr::find },
    Check { name: "citations of facts", find: facts::find },
];

impl Finding {
    pub(crate) fn new(place: impl Into<String>, says: impl Into<String>) -> Self {
        Self { place: place.into(), says: says.into() }
    }

    pub(crate) fn at(path: &str, line: usize, says: impl Into<String>) -> Self {
        Self::new(format!("{path}:{line}"), says)
    }
}

impl Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.says)
    }
}

/// Runs every check, shows what they found, and fails when they found anything.
pub(crate) fn run() -> Outcome {
    let tree = Tree::load(&coverage::ratchets())?;
    for warning in style::getting_long(&tree) {
        println!("warning: {warning}");
    }
    let mut count = 0;
    for check in CHECKS {
        let findings = (check.find)(&tree);
        count += findings.len();
        report(check.name, &findings);
    }
    println!("tidy: {} checks over {} files, {count} findings", CHECKS.len(), tree.files.len());
    if count == 0 { Ok(()) } else { Err(Failure::new("the findings above must go")) }
}

/// Shows the findings of one check, if any.
pub(crate) fn report(check: &str, findings: &[Finding]) {
    for finding in findings {
        println!("{check}: {finding}");
    }
}

#[cfg(test)]
pub(crate) mod samples {
    //! Small bad trees for the tests of the checks.

    use crate::{
        tidy::Finding,
        tree::{File, Tree},
    };

    pub(crate) fn tree(files: &[(&str, &str)]) -> Tree {
        let files = files.iter().map(|(path, text)| File::new(*path, *text)).collect();
        Tree { files, ..Tree::default() }
    }

    pub(crate) fn lines(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(ToString::to_string).collect()
    }
}
