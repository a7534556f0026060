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
    /// Whether its tests may run against the sandbox.
    sandbox_in_tests: bool,
}

/// Crates that are planned and not built yet stand here too, so that their first line is checked.
const DOORS: &[Doors] = &[
    doors("common-core", &[]),
    doors("c14n", &[]),
    doors("common-http", &["common-core"]),
    doors("common-store", &["common-core"]),
    doors("ksef-crypto", &["c14n", "common-core"]),
    client("kros-client", &["common-core", "common-http"]),
    client("epp-client", &["common-core", "common-http"]),
    client("ekasy-device", &["common-core", "common-http", "common-store"]),
    client("ksef-client", &["common-core", "common-http", "common-store", "ksef-crypto"]),
    doors("sandbox", &["c14n", "common-core"]),
    doors("xtask", &[]),
];

const SANDBOX: &str = "sandbox";

const fn doors(name: &'static str, may_use: &'static [&'static str]) -> Doors {
    Doors { name, may_use, sandbox_in_tests: false }
}

const fn client(name: &'static str, may_use: &'static [&'static str]) -> Doors {
    Doors { name, may_use, sandbox_in_tests: true }
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

/// Finds crates that reach themselves; edges of tests count too, although cargo allows those.
pub(crate) fn find_cycles(tree: &Tree) -> Vec<Finding> {
    let members = tree.metadata.members();
    let on_cycle = members.iter().filter(|member| reaches_itself(&tree.metadata, member));
    on_cycle.map(|member| Finding::new(&member.name, "the crate depends on itself")).collect()
}

fn forbidden(doors: &Doors, member: &Package, dependency: &Dependency) -> Option<Finding> {
    let name = dependency.name.as_str();
    let says = if name != SANDBOX {
        if doors.may_use.contains(&name) {
            return None;
        }
        format!("may not depend on `{name}`")
    } else if !doors.sandbox_in_tests || dependency.kind.as_deref() != Some("dev") {
        "only the tests of a client may use the sandbox".to_owned()
    } else if dependency.req != "*" || dependency.path.is_none() {
        "the sandbox is named by path and without a version, so that it never reaches a registry"
            .to_owned()
    } else {
        return None;
    };
    Some(Finding::new(&member.name, says))
}

fn reaches_itself(metadata: &Metadata, start: &Package) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(package) = open.pop() {
        for dependency in &package.dependencies {
            let next = metadata.members().into_iter().find(|m| m.name == dependency.name);
            let Some(next) = next else { continue };
            if next.name == start.name {
                return true;
            }
            if seen.insert(next.name.as_str()) {
                open.push(next);
            }
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
        for edge in [("kros-client", "sandbox", None), ("common-http", "sandbox", Some("dev"))] {
            let findings = lines(&find(&tree(&[edge])));
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert!(findings[0].ends_with("only the tests of a client may use the sandbox"));
        }
    }

    #[test]
    fn the_sandbox_has_no_version_where_it_is_used() {
        let mut bad = tree(&[("kros-client", "sandbox", Some("dev"))]);
        bad.metadata.packages[0].dependencies[0].req = "^0.0.0".to_owned();
        assert!(lines(&find(&bad))[0].contains("without a version"));
    }

    #[test]
    fn a_cycle_through_tests_is_found() {
        let bad = tree(&[
            ("kros-client", "sandbox", Some("dev")),
            ("sandbox", "common-core", None),
            ("common-core", "kros-client", Some("dev")),
        ]);
        let names: Vec<_> = find_cycles(&bad).iter().map(|f| f.place.clone()).collect();
        assert_eq!(names, ["common-core", "kros-client", "sandbox"]);
    }
}
