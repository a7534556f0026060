//! Which crate may depend on which: ARCHITECTURE.md, code map and boundaries.

use std::collections::BTreeSet;

use crate::{
    metadata::{Dependency, Metadata, Package},
    tidy::Finding,
    tree::Tree,
};

/// A crate and the crates of the workspace that it may depend on.
struct Doors {
    name: &'static str,
    may_use: &'static [&'static str],
    /// What its tests may use besides.
    in_tests: &'static [&'static str],
}

/// Crates that are planned and not built yet stand here too, so that their first line is checked.
const DOORS: &[Doors] = &[
    doors("common-core", &[]),
    doors("c14n", &[]),
    tested("common-http", &["common-core"], &["common-store"]),
    tested("common-store", &["common-core"], &["common-http"]),
    doors("ksef-crypto", &["c14n", "common-core"]),
    tested("kros-client", &["common-core", "common-http"], &["common-store", SANDBOX, TRIAL]),
    tested("epp-client", &["common-core", "common-http"], &["common-store", SANDBOX, TRIAL]),
    tested("ekasy-device", &["common-core", "common-http", "common-store"], &[SANDBOX, TRIAL]),
    tested(
        "ksef-client",
        &["common-core", "common-http", "common-store", "ksef-crypto"],
        &[SANDBOX, TRIAL],
    ),
    doors("sandbox", &["c14n", "common-core"]),
    doors("trial", &["common-core", SANDBOX]),
    doors("xtask", &[]),
    // It runs the fuzz targets, which look into everything that reads what strangers wrote.
    doors(
        "fuzz-short",
        &[
            "c14n",
            "common-core",
            "common-http",
            "ekasy-device",
            "epp-client",
            "kros-client",
            "ksef-client",
            "ksef-crypto",
        ],
    ),
];

const SANDBOX: &str = "sandbox";
const TRIAL: &str = "trial";

const fn doors(name: &'static str, may_use: &'static [&'static str]) -> Doors {
    tested(name, may_use, &[])
}

const fn tested(
    name: &'static str,
    may_use: &'static [&'static str],
    in_tests: &'static [&'static str],
) -> Doors {
    Doors { name, may_use, in_tests }
}

/// Finds edges that the table does not allow.
pub(crate) fn find(tree: &Tree) -> Vec<Finding> {
    let members = tree.metadata.members();
    let names: BTreeSet<_> = members.iter().map(|member| member.name.as_str()).collect();
    let mut findings = Vec::new();
    for member in members {
        let Some(doors) = DOORS.iter().find(|doors| doors.name == member.name) else {
            let says = "the crate is not in the table of allowed edges (xtask/src/tidy/edges.rs)";
            findings.push(Finding::new(&member.name, says));
            continue;
        };
        let internal = member.dependencies.iter().filter(|d| names.contains(d.name.as_str()));
        findings.extend(internal.filter_map(|dependency| forbidden(doors, member, dependency)));
    }
    findings
}

/// Finds crates that reach themselves.
///
/// The first step may be an edge of tests, which cargo would allow: the tests would then see the
/// crate twice, with types that differ. After that tests do not count, since those of a
/// dependency are not built.
pub(crate) fn find_cycles(tree: &Tree) -> Vec<Finding> {
    let members = tree.metadata.members();
    let on_cycle = members.iter().filter(|member| reaches_itself(&tree.metadata, member));
    on_cycle.map(|member| Finding::new(&member.name, "the crate depends on itself")).collect()
}

fn forbidden(doors: &Doors, member: &Package, dependency: &Dependency) -> Option<Finding> {
    let name = dependency.name.as_str();
    if doors.may_use.contains(&name) {
        return None;
    }
    let says = if !doors.in_tests.contains(&name) {
        format!("may not depend on `{name}`")
    } else if !is_of_tests(dependency) {
        format!("only its tests may use `{name}`")
    } else if dependency.req != "*" || dependency.path.is_none() {
        format!(
            "its tests name `{name}` by path and without a version, so that no registry sees it"
        )
    } else {
        return None;
    };
    Some(Finding::new(&member.name, says))
}

fn is_of_tests(dependency: &Dependency) -> bool {
    dependency.kind.as_deref() == Some("dev")
}

fn reaches_itself(metadata: &Metadata, start: &Package) -> bool {
    let mut seen = BTreeSet::new();
    let mut open: Vec<_> = start.dependencies.iter().collect();
    while let Some(dependency) = open.pop() {
        let next = metadata.members().into_iter().find(|m| m.name == dependency.name);
        let Some(next) = next else { continue };
        if next.name == start.name {
            return true;
        }
        if seen.insert(next.name.as_str()) {
            open.extend(next.dependencies.iter().filter(|further| !is_of_tests(further)));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metadata::samples::workspace, tidy::samples::lines};

    fn tree(edges: &[(&str, &str, Option<&str>)]) -> Tree {
        Tree { metadata: workspace(edges), ..Tree::default() }
    }

    #[test]
    fn edges_of_the_table_are_allowed() {
        let good = tree(&[
            ("common-http", "common-core", None),
            ("kros-client", "common-http", None),
            ("kros-client", "sandbox", Some("dev")),
            ("sandbox", "common-core", None),
        ]);
        assert_eq!(find(&good), []);
        assert_eq!(find_cycles(&good), []);
    }

    #[test]
    fn a_client_may_not_use_another_client() {
        let bad = tree(&[("kros-client", "epp-client", None)]);
        assert_eq!(lines(&find(&bad)), ["kros-client: may not depend on `epp-client`"]);
    }

    #[test]
    fn an_unknown_crate_must_join_the_table() {
        let bad = tree(&[("news", "common-core", None)]);
        assert!(lines(&find(&bad))[0].starts_with("news: the crate is not in the table"));
    }

    #[test]
    fn the_sandbox_is_for_tests_of_clients_only() {
        let bad = tree(&[("kros-client", "sandbox", None)]);
        assert_eq!(lines(&find(&bad)), ["kros-client: only its tests may use `sandbox`"]);
        let bad = tree(&[("common-http", "sandbox", Some("dev"))]);
        assert_eq!(lines(&find(&bad)), ["common-http: may not depend on `sandbox`"]);
    }

    #[test]
    fn a_store_is_for_tests_where_the_crate_itself_knows_its_traits_only() {
        for user in ["common-http", "kros-client"] {
            assert_eq!(find(&tree(&[(user, "common-store", Some("dev"))])), []);
            let bad = tree(&[(user, "common-store", None)]);
            let says = format!("{user}: only its tests may use `common-store`");
            assert_eq!(lines(&find(&bad)), [says]);
        }
        assert_eq!(find(&tree(&[("ksef-client", "common-store", None)])), []);
    }

    #[test]
    fn what_only_tests_use_has_no_version_there() {
        for edge in [("kros-client", "sandbox"), ("common-http", "common-store")] {
            let mut bad = tree(&[(edge.0, edge.1, Some("dev"))]);
            bad.metadata.packages[0].dependencies[0].req = "^0.1.0".to_owned();
            let findings = lines(&find(&bad));
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert!(findings[0].contains("without a version"));
        }
    }

    #[test]
    fn a_cycle_that_begins_with_tests_is_found() {
        let bad = tree(&[
            ("kros-client", "common-http", None),
            ("common-http", "common-core", None),
            ("common-core", "kros-client", Some("dev")),
        ]);
        let names: Vec<_> = find_cycles(&bad).iter().map(|f| f.place.clone()).collect();
        assert_eq!(names, ["common-core"]);
    }

    #[test]
    fn tests_of_two_crates_may_use_the_other_one() {
        let good = tree(&[
            ("common-http", "common-store", Some("dev")),
            ("common-store", "common-http", Some("dev")),
        ]);
        assert_eq!(find_cycles(&good), []);
        let bad = tree(&[
            ("common-http", "common-store", None),
            ("common-store", "common-http", Some("dev")),
        ]);
        let names: Vec<_> = find_cycles(&bad).iter().map(|f| f.place.clone()).collect();
        assert_eq!(names, ["common-store"]);
    }
}
