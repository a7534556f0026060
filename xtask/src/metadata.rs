//! The part of `cargo metadata` that the checks need.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::shell::{self, Failure, Outcome};

/// All packages of the workspace and below it, and how they hang together.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
    pub(crate) resolve: Resolve,
    #[serde(default)]
    pub(crate) workspace_root: String,
}

/// One package; the fields are cargo's.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    /// None for a package of the workspace.
    pub(crate) source: Option<String>,
    /// None when any registry is allowed, an empty list when none is.
    pub(crate) publish: Option<Vec<String>>,
    pub(crate) description: Option<String>,
    pub(crate) readme: Option<String>,
    pub(crate) keywords: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) metadata: serde_json::Value,
    pub(crate) manifest_path: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A dependency as a manifest names it.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// None for an ordinary one, else `dev` or `build`.
    pub(crate) kind: Option<String>,
    /// `*` when the manifest names no version.
    pub(crate) req: String,
    pub(crate) path: Option<String>,
}

/// The dependency graph that cargo chose.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

/// A package of the graph with its edges.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) deps: Vec<Edge>,
}

/// An edge of the graph.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Edge {
    pub(crate) pkg: String,
    pub(crate) dep_kinds: Vec<EdgeKind>,
}

/// What an edge is for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct EdgeKind {
    pub(crate) kind: Option<String>,
}

impl Metadata {
    /// Asks cargo.
    pub(crate) fn load() -> Outcome<Self> {
        let mut ask = shell::cargo(&["metadata", "--format-version", "1", "--all-features"]);
        serde_json::from_str(&shell::capture(&mut ask)?)
            .map_err(|cause| Failure::new(format!("cannot read cargo metadata: {cause}")))
    }

    pub(crate) fn package(&self, id: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.id == id)
    }

    /// The packages of the workspace, by name.
    pub(crate) fn members(&self) -> Vec<&Package> {
        let mut members: Vec<_> =
            self.workspace_members.iter().filter_map(|id| self.package(id)).collect();
        members.sort_by(|one, other| one.name.cmp(&other.name));
        members
    }

    /// The members that are published.
    pub(crate) fn published(&self) -> Vec<&Package> {
        self.members().into_iter().filter(|package| package.is_published()).collect()
    }

    /// The folder of a member from the root of the workspace, written with `/`.
    pub(crate) fn folder(&self, package: &Package) -> String {
        let manifest = package.manifest_path.replace('\\', "/");
        let root = self.workspace_root.replace('\\', "/");
        let path = manifest.strip_prefix(&root).unwrap_or(&manifest).trim_start_matches('/');
        path.trim_end_matches("Cargo.toml").trim_end_matches('/').to_owned()
    }

    /// The packages that have an edge to `id`.
    pub(crate) fn parents(&self, id: &str) -> Vec<&Package> {
        let mut parents: Vec<_> = self
            .resolve
            .nodes
            .iter()
            .filter(|node| node.deps.iter().any(|edge| edge.pkg == id))
            .filter_map(|node| self.package(&node.id))
            .collect();
        parents.sort_by(|one, other| one.name.cmp(&other.name));
        parents
    }

    /// Everything a user of `package` builds: its ordinary and build dependencies, through and through.
    pub(crate) fn shipped_with(&self, package: &Package) -> Vec<&Package> {
        let nodes: BTreeMap<_, _> =
            self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut seen = BTreeSet::new();
        let mut open = vec![package.id.as_str()];
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                let edges = nodes.get(id).map_or(&[][..], |node| &node.deps);
                open.extend(edges.iter().filter(|edge| edge.ships()).map(|edge| edge.pkg.as_str()));
            }
        }
        seen.into_iter().filter_map(|id| self.package(id)).collect()
    }
}

impl Package {
    pub(crate) fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }
}

impl Edge {
    fn ships(&self) -> bool {
        self.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev"))
    }
}

#[cfg(test)]
pub(crate) mod samples {
    //! Small graphs for the tests of the checks.

    use super::*;

    /// A workspace whose members and edges are written as `name -> name` with a kind.
    pub(crate) fn workspace(edges: &[(&str, &str, Option<&str>)]) -> Metadata {
        let mut metadata = Metadata { workspace_root: "/w".to_owned(), ..Metadata::default() };
        for (from, to, kind) in edges {
            for name in [from, to] {
                add_member(&mut metadata, name);
            }
            let kind = kind.map(str::to_owned);
            let dependency = Dependency {
                name: (*to).to_owned(),
                kind: kind.clone(),
                req: if kind.is_some() { "*" } else { "^0.1.0" }.to_owned(),
                path: Some(format!("/w/crates/{to}")),
            };
            let package = metadata.packages.iter_mut().find(|package| package.name == *from);
            package.unwrap().dependencies.push(dependency);
            let node = metadata.resolve.nodes.iter_mut().find(|node| node.id == *from).unwrap();
            let dep_kinds = vec![EdgeKind { kind }];
            node.deps.push(Edge { pkg: (*to).to_owned(), dep_kinds });
        }
        metadata
    }

    fn add_member(metadata: &mut Metadata, name: &str) {
        if metadata.packages.iter().any(|package| package.name == name) {
            return;
        }
        metadata.packages.push(Package {
            id: name.to_owned(),
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            license: Some("MIT OR Apache-2.0".to_owned()),
            manifest_path: format!("/w/crates/{name}/Cargo.toml"),
            publish: ["sandbox", "xtask"].contains(&name).then(Vec::new),
            ..Package::default()
        });
        metadata.workspace_members.push(name.to_owned());
        metadata.resolve.nodes.push(Node { id: name.to_owned(), deps: Vec::new() });
    }

    #[test]
    fn what_only_tests_need_is_not_shipped() {
        let metadata = workspace(&[
            ("kros-client", "common-http", None),
            ("kros-client", "sandbox", Some("dev")),
            ("sandbox", "rsa", None),
        ]);
        let client = metadata.package("kros-client").unwrap();
        let names: Vec<_> = metadata.shipped_with(client).iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["common-http", "kros-client"]);
        assert_eq!(metadata.folder(client), "crates/kros-client");
    }
}
