//! The lists of deny.toml, applied to cargo's own metadata, and one library for one job.
//!
//! cargo-deny reads the same file; these checks stand in for it where it is not installed.

use serde::Deserialize;

use crate::{
    metadata::{Metadata, Package},
    shell,
    tidy::Finding,
    tree::Tree,
};

const LISTS: &str = "deny.toml";
const REGISTRY: &str = "registry+";

/// Jobs and the libraries that do them: a published crate depends directly on one of each at most.
const JOBS: &[(&str, &[&str])] = &[
    ("HTTP client", &["reqwest", "ureq", "isahc", "surf", "hyper"]),
    ("async runtime", &["tokio", "async-std", "smol"]),
    ("TLS", &["rustls", "openssl", "native-tls"]),
    ("cryptography", &["aws-lc-rs", "ring", "openssl"]),
    ("JSON", &["serde_json", "simd-json", "sonic-rs"]),
    ("XML events", &["quick-xml", "xml-rs", "xml"]),
    ("time", &["chrono", "time", "jiff"]),
    ("decimals", &["rust_decimal", "bigdecimal", "fastnum"]),
    ("errors", &["thiserror", "snafu", "anyhow", "eyre"]),
    ("base64", &["base64", "data-encoding", "base64ct"]),
    ("observation", &["tracing", "log", "slog"]),
    ("randomness", &["rand", "fastrand", "oorandom"]),
    ("property tests", &["proptest", "quickcheck"]),
    ("statics", &["once_cell", "lazy_static"]),
];

#[derive(Debug, Deserialize)]
struct Lists {
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    /// The crates that may use it all the same.
    #[serde(default)]
    wrappers: Vec<String>,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// Finds banned crates anywhere below the workspace.
pub(crate) fn find_banned(tree: &Tree) -> Vec<Finding> {
    with_lists(tree, |lists| {
        let banned = lists.bans.deny.iter();
        banned.flat_map(|ban| uses_of(&tree.metadata, ban)).collect()
    })
}

/// Finds packages whose licence or source is not on the lists.
pub(crate) fn find_licences_and_sources(tree: &Tree) -> Vec<Finding> {
    with_lists(tree, |lists| {
        let packages = tree.metadata.packages.iter();
        packages.flat_map(|package| unlisted(package, lists)).collect()
    })
}

/// Finds published crates that take two libraries for one job.
pub(crate) fn find_two_for_one_job(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in tree.metadata.published() {
        for (job, libraries) in JOBS {
            let used: Vec<_> =
                libraries.iter().filter(|library| uses(package, library)).copied().collect();
            if used.len() > 1 {
                let says = format!("{} do one job: {job}", used.join(" and "));
                findings.push(Finding::new(&package.name, says));
            }
        }
    }
    findings
}

/// Whether a package ships a library; tests may use what they like.
fn uses(package: &Package, library: &str) -> bool {
    let shipped = package.dependencies.iter().filter(|d| d.kind.as_deref() != Some("dev"));
    shipped.into_iter().any(|dependency| dependency.name == library)
}

fn with_lists(tree: &Tree, check: impl FnOnce(&Lists) -> Vec<Finding>) -> Vec<Finding> {
    let Some(file) = tree.file(LISTS) else {
        return vec![Finding::new(LISTS, "the file is missing")];
    };
    match toml::from_str(&file.text) {
        Ok(lists) => check(&lists),
        Err(cause) => vec![Finding::new(LISTS, cause.to_string())],
    }
}

fn uses_of(metadata: &Metadata, ban: &Ban) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.name == ban.name) {
        for parent in metadata.parents(&package.id) {
            if !ban.wrappers.contains(&parent.name) {
                let says = format!("uses the banned crate {}: {}", ban.name, ban.reason);
                findings.push(Finding::new(&parent.name, says));
            }
        }
    }
    // A wrapper may use the crate, and still nobody who builds a published crate may get it.
    for published in metadata.published() {
        if metadata.shipped_with(published).iter().any(|package| package.name == ban.name) {
            let says = format!("ships the banned crate {}: {}", ban.name, ban.reason);
            findings.push(Finding::new(&published.name, says));
        }
    }
    findings
}

fn unlisted(package: &Package, lists: &Lists) -> Vec<Finding> {
    let mut findings = Vec::new();
    let place = format!("{} {}", package.name, package.version);
    let licence = package.license.as_deref().unwrap_or_default();
    if !is_met(licence, &lists.licenses.allow) {
        findings.push(Finding::new(&place, format!("the licence `{licence}` is not on the list")));
    }
    if let Some(source) = &package.source {
        let registry = source.strip_prefix(REGISTRY);
        if !registry
            .is_some_and(|registry| lists.sources.allow_registry.iter().any(|r| r == registry))
        {
            findings
                .push(Finding::new(&place, format!("the source `{source}` is not on the list")));
        }
    }
    findings
}

/// Whether an SPDX expression can be met with the allowed licences alone.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    // The old form `MIT/Apache-2.0` means a choice too.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = choice(&mut words, allowed);
    met && words.peek().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn choice(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = all(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        // Each side is read whether it is needed or not.
        let other = all(words, allowed);
        met = met || other;
    }
    met
}

fn all(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        let other = one(words, allowed);
        met = met && other;
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> bool {
    match words.next() {
        Some("(") => {
            let met = choice(words, allowed);
            words.next_if_eq(&")").is_some() && met
        }
        Some(licence) => {
            // An exception makes another licence of it, and none is on the list.
            let excepted = words.next_if_eq(&"WITH").is_some() && words.next().is_some();
            !excepted && allowed.iter().any(|name| name == licence)
        }
        None => false,
    }
}

/// Runs the stand-in for cargo-deny and says what it found.
pub(crate) fn stand_in() -> shell::Outcome {
    let tree = Tree::load(&[])?;
    let mut count = 0;
    for (name, findings) in
        [("bans", find_banned(&tree)), ("licences and sources", find_licences_and_sources(&tree))]
    {
        super::report(name, &findings);
        count += findings.len();
    }
    println!("{} packages against deny.toml: {count} findings", tree.metadata.packages.len());
    if count == 0 { Ok(()) } else { Err(shell::Failure::new("the findings above must go")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metadata::{Dependency, samples::workspace},
        tidy::samples::{self, lines},
    };

    const TEXT: &str = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0", "ISC"]
        [bans]
        deny = [{ crate = "openssl", reason = "no" }, { crate = "rsa", wrappers = ["sandbox"], reason = "leaks" }]
        [sources]
        allow-registry = ["https://github.com/rust-lang/crates.io-index"]
    "#;

    fn tree(edges: &[(&str, &str, Option<&str>)]) -> Tree {
        Tree { metadata: workspace(edges), ..samples::tree(&[(LISTS, TEXT)]) }
    }

    #[test]
    fn a_banned_crate_is_found_and_so_is_who_ships_it() {
        let bad = tree(&[("kros-client", "common-http", None), ("common-http", "openssl", None)]);
        let found = lines(&find_banned(&bad));
        assert!(found.contains(&"common-http: uses the banned crate openssl: no".to_owned()));
        assert!(found.contains(&"kros-client: ships the banned crate openssl: no".to_owned()));
    }

    #[test]
    fn an_exception_holds_for_its_wrapper_and_never_for_users() {
        // The graph of the sample counts every package as a member, so the banned crate itself is taken out.
        let mut fine = tree(&[("kros-client", "sandbox", Some("dev")), ("sandbox", "rsa", None)]);
        fine.metadata.workspace_members.retain(|id| id != "rsa");
        assert_eq!(find_banned(&fine), []);
        let mut bad = tree(&[("kros-client", "sandbox", None), ("sandbox", "rsa", None)]);
        bad.metadata.workspace_members.retain(|id| id != "rsa");
        assert_eq!(lines(&find_banned(&bad)), ["kros-client: ships the banned crate rsa: leaks"]);
    }

    #[test]
    fn licence_expressions_are_weighed_and_not_compared() {
        let allowed = ["MIT", "Apache-2.0", "ISC"].map(str::to_owned);
        for met in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "ISC AND (Apache-2.0 OR GPL-3.0)",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
        ] {
            assert!(is_met(met, &allowed), "{met}");
        }
        for unmet in
            ["", "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0 WITH LLVM-exception", "(MIT", "MIT MIT"]
        {
            assert!(!is_met(unmet, &allowed), "{unmet}");
        }
    }

    #[test]
    fn a_foreign_licence_or_source_is_found() {
        let mut bad = tree(&[("sandbox", "common-core", None)]);
        bad.metadata.packages[0].license = Some("GPL-3.0".to_owned());
        bad.metadata.packages[1].source = Some("git+https://example.com/a".to_owned());
        let found = lines(&find_licences_and_sources(&bad));
        assert_eq!(
            found,
            [
                "sandbox 0.1.0: the licence `GPL-3.0` is not on the list",
                "common-core 0.1.0: the source `git+https://example.com/a` is not on the list"
            ]
        );
    }

    #[test]
    fn two_libraries_for_one_job_are_found() {
        let mut bad = tree(&[("sandbox", "common-core", None)]);
        bad.metadata.packages[1].dependencies = ["chrono", "jiff"]
            .map(|name| Dependency { name: name.to_owned(), ..Dependency::default() })
            .to_vec();
        assert_eq!(
            lines(&find_two_for_one_job(&bad)),
            ["common-core: chrono and jiff do one job: time"]
        );
    }

    #[test]
    fn a_missing_or_broken_list_is_a_finding() {
        assert_eq!(find_banned(&Tree::default()).len(), 1);
        assert_eq!(find_banned(&samples::tree(&[(LISTS, "[bans]\n")])).len(), 1);
    }
}
