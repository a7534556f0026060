//! Wire types: what a contract says of bodies, as structs and enums that serde reads and writes.
//!
//! They are data only.
//! They are read leniently: a field that a caller can do without is an `Option` even where the contract requires it, `null` and missing are the same, unknown fields are ignored, unknown values and variants are kept.
//! They are written strictly: a constructor takes what the contract requires.

mod docs;
mod fields;
mod naming;
mod plan;
mod render;
mod types;
mod usage;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt::Write as _};

use crate::{
    codegen::{HEADER, Made, rust_format},
    contract::{System, overlay::Contract},
    shell::{Failure, Outcome},
};

/// Lints that ask for taste where the authority chose the words.
const ALLOWED: &str = "#![allow(
    clippy::doc_markdown,
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    clippy::too_many_arguments,
    clippy::enum_variant_names,
    reason = \"names and shapes are those of the contract\"
)]";

/// Lines of a file beyond which nobody finds anything in it.
const LONGEST: usize = 1_500;

/// Makes the wire types of a system: a file with the list of modules, and one file per module.
pub(crate) fn make(system: &System, contract: &Contract) -> Outcome<Vec<Made>> {
    let mut plan = plan::plan(contract)?;
    for module in too_long(system, &plan)? {
        plan.split(&module);
    }
    if let Some(module) = too_long(system, &plan)?.first() {
        let says = format!("the wire types of `{module}` are more than {LONGEST} lines");
        return Err(Failure::new(format!("{says}: split the resource in names.json")));
    }
    let name = system.name;
    let mut root = format!(
        "//! Wire types of {name}: what the contract says of bodies.\n//!\n//! {HEADER} from fixtures/{name}/contract: do not edit.\n\n{ALLOWED}\n\n"
    );
    let mut made = Vec::new();
    for (module, items) in &plan.modules {
        let _ = writeln!(root, "mod {module};");
        let text = module_text(system, &plan, module, items)?;
        made.push(Made { path: format!("{}/wire/{module}.rs", system.sources), text });
    }
    root.push('\n');
    for module in plan.modules.keys() {
        let _ = writeln!(root, "pub use {module}::*;");
    }
    let path = format!("{}/wire.rs", system.sources);
    made.push(Made { path, text: rust_format::formatted(&root)? });
    made.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(made)
}

/// The modules that would have too many lines.
fn too_long(system: &System, plan: &plan::Plan) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    for (module, items) in &plan.modules {
        if module_text(system, plan, module, items)?.lines().count() > LONGEST {
            found.push(module.clone());
        }
    }
    Ok(found)
}

fn module_text(
    system: &System,
    plan: &plan::Plan,
    module: &str,
    items: &BTreeMap<String, plan::Item>,
) -> Outcome<String> {
    let what =
        if module == plan::SHARED { "several modules".to_owned() } else { format!("`{module}`") };
    let docs = format!(
        "//! Wire types of {what}.\n//!\n//! {HEADER} from fixtures/{}/contract: do not edit.\n",
        system.name
    );
    rust_format::formatted(&render::module(&docs, module, items, &plan.homes()))
}
