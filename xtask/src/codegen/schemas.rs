//! The tables by which the client checks an invoice, made from the facts of the schemas in `fixtures/ksef/schemas`.
//!
//! Each form becomes a list of types; a type of elements becomes an automaton with a state per element, a pattern a table of states over classes of characters.
//! What the tables cannot say yet, such as a group that repeats, is a failure, so that no rule is lost unseen.

mod automaton;
mod pattern;
mod print;
mod resolve;

use std::collections::BTreeMap;

use crate::{
    codegen::{Made, rust_format},
    fixtures::ksef_schemas,
    shell::{Failure, Outcome},
    tree::File,
    xsd::Schema,
};

/// The folder of the tables.
pub(crate) const FOLDER: &str = "crates/ksef-client/src/check/table/";

/// A form, the file of its facts, and the name of its table.
struct Form {
    facts: &'static str,
    module: &'static str,
    title: &'static str,
}

const FORMS: &[Form] = &[
    Form { facts: "fa-2.json", module: "fa_2", title: "FA(2)" },
    Form { facts: "fa-3.json", module: "fa_3", title: "FA(3)" },
    Form { facts: "fa-rr-1.json", module: "fa_rr_1", title: "`FA_RR(1)`" },
];

/// Documents that forms import; they share one namespace.
const BASE: &[&str] = &["structures.json", "values.json", "countries.json"];

/// Makes the table of each form and the one of what they share.
pub(crate) fn make(files: &[File]) -> Outcome<Vec<Made>> {
    let base = base(files)?;
    let mut shared = print::Shared::default();
    let mut made = Vec::new();
    for Form { facts, module, title } in FORMS {
        let schema = read(files, facts)?;
        let form = resolve::form(&schema, &base)
            .map_err(|says| Failure::new(format!("{}/{facts}: {says}", ksef_schemas::FOLDER)))?;
        let text = print::form(title, facts, &form, &mut shared);
        made.push(Made {
            path: format!("{FOLDER}{module}.rs"),
            text: rust_format::formatted(&text)?,
        });
    }
    let text = rust_format::formatted(&shared.text().map_err(Failure::new)?)?;
    made.push(Made { path: format!("{FOLDER}shared.rs"), text });
    Ok(made)
}

/// The base types of all documents as one.
fn base(files: &[File]) -> Outcome<Schema> {
    let mut joined: Option<Schema> = None;
    for name in BASE {
        let schema = read(files, name)?;
        let Some(joined) = &mut joined else {
            joined = Some(schema);
            continue;
        };
        if joined.namespace != schema.namespace {
            return Err(Failure::new(format!("{name} has another namespace than {}", BASE[0])));
        }
        joined.types.extend(schema.types);
    }
    joined.ok_or_else(|| Failure::new("there are no base types"))
}

fn read(files: &[File], name: &str) -> Outcome<Schema> {
    let place = format!("{}/{name}", ksef_schemas::FOLDER);
    let file = files.iter().find(|file| file.path == place);
    let file = file.ok_or_else(|| Failure::new(format!("{place} is missing")))?;
    serde_json::from_str(&file.text).map_err(|cause| Failure::new(format!("{place}: {cause}")))
}

/// Numbers things in the order in which they are first asked for.
#[derive(Debug)]
struct Numbered<K> {
    numbers: BTreeMap<K, usize>,
}

impl<K> Default for Numbered<K> {
    fn default() -> Self {
        Self { numbers: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Numbered<K> {
    fn number(&mut self, key: &K) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(key.clone()).or_insert(next)
    }

    /// The things by number.
    fn in_order(&self) -> Vec<&K> {
        let mut all: Vec<_> = self.numbers.iter().collect();
        all.sort_by_key(|(_, number)| **number);
        all.into_iter().map(|(key, _)| key).collect()
    }
}
