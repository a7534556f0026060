//! `cargo xtask fixtures`: every folder of fixtures says where its files come from, and nobody changes one unseen.
//!
//! A leaf folder below `fixtures/` holds a `SOURCE.toml` with the origin, the maker, the licence and the SHA-256 of each file.
//! Examples that a generator makes are made again on the way.

mod decimal;
mod description_diff;
mod diff;
mod distil;
mod epp_examples;
mod kros_examples;
pub(crate) mod ksef_examples;
pub(crate) mod ksef_schemas;
mod refresh;
mod seeded;
mod source;
mod yaml;

use std::path::Path;

use clap::Subcommand;

use crate::{
    contract::{self, System, description::Description},
    shell::{self, Failure, Mode, Outcome},
};

/// What can be done with a description of a system.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Distil a new description of a system into its contract.
    Refresh {
        /// The folder of the system under fixtures/, or `ksef-schemas`.
        system: String,
        /// The files of the description; download them first when they are on the network.
        #[arg(long, num_args = 1.., required = true)]
        from: Vec<String>,
    },
    /// Show what another description or contract table changes.
    Diff {
        /// The folder of the system under fixtures/, or `ksef-schemas`.
        system: String,
        /// The files of a description, or a file with a contract table where there is none.
        #[arg(long, num_args = 1.., required = true)]
        from: Vec<String>,
    },
}

/// A folder of examples and what makes its files; README.md and SOURCE.toml are written by hand.
struct Examples {
    folder: &'static str,
    make: fn() -> Outcome<Vec<(String, String)>>,
}

const EXAMPLES: &[Examples] = &[
    Examples { folder: "fixtures/kros/examples", make: kros_examples::files },
    Examples { folder: "fixtures/epp/examples", make: epp_examples::files },
    Examples { folder: "fixtures/ksef/examples", make: ksef_examples::files },
];

/// Makes the generated examples and hashes again, or compares them with what is there.
pub(crate) fn run(mode: Mode) -> Outcome {
    let mut problems = Vec::new();
    for examples in EXAMPLES {
        problems.extend(make(examples, mode)?);
    }
    let root = shell::root();
    let folders = source::leaves(&root.join("fixtures"), &mut problems)?;
    for folder in &folders {
        problems.extend(source::hold(&root, folder, mode)?);
    }
    for problem in &problems {
        println!("{problem}");
    }
    println!("fixtures: {} folders, {} problems", folders.len(), problems.len());
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure::new("mend the problems above; `cargo xtask fixtures` writes examples and hashes"))
}

/// Refreshes a contract or shows a difference.
pub(crate) fn act(action: &Action) -> Outcome {
    match action {
        Action::Refresh { system, from } if system == ksef_schemas::NAME => {
            ksef_schemas::refresh(&local(from)?)
        }
        Action::Diff { system, from } if system == ksef_schemas::NAME => {
            ksef_schemas::show_diff(&local(from)?)
        }
        Action::Refresh { system, from } => refresh::refresh(System::named(system)?, &local(from)?),
        Action::Diff { system, from } => show_diff(System::named(system)?, &local(from)?),
    }
}

/// The description in some texts of an authority.
#[cfg(test)]
pub(crate) fn distil_files(system: &System, from: &[&Path]) -> Outcome<Description> {
    refresh::distilled(system, from).map(|made| made.description)
}

fn make(examples: &Examples, mode: Mode) -> Outcome<Vec<String>> {
    let folder = shell::root().join(examples.folder);
    let texts = (examples.make)()?;
    let mut problems = Vec::new();
    for (name, text) in &texts {
        let path = folder.join(name);
        if mode == Mode::Write {
            shell::write(&path, text)?;
        } else if shell::read(&path).ok().as_ref() != Some(text) {
            problems.push(format!("{}/{name} is not what the generator makes", examples.folder));
        }
    }
    let by_hand = ["README.md", source::NAME];
    for name in source::files_in(&folder)? {
        if !by_hand.contains(&name.as_str()) && texts.iter().all(|(known, _)| *known != name) {
            problems.push(format!("{}/{name} is made by no generator", examples.folder));
        }
    }
    Ok(problems)
}

fn show_diff(system: &System, from: &[&Path]) -> Outcome {
    if system.described_at.is_some() {
        return show_description_diff(system, from);
    }
    let [from] = from else {
        return Err(Failure::new(format!(
            "{} has one contract table, so name one file",
            system.name
        )));
    };
    let place = system.table();
    let old = contract::parse(&place, &shell::read(&shell::root().join(&place))?)?;
    let new = contract::parse(&from.to_string_lossy(), &shell::read(from)?)?;
    let changes = diff::changes(&old, &new);
    for change in &changes {
        println!("{change}");
    }
    println!("{}: {} operations, {} changes", system.name, old.len(), changes.len());
    Ok(())
}

fn show_description_diff(system: &System, from: &[&Path]) -> Outcome {
    let old = Description::of(system.name, &[])?;
    let new = refresh::distilled(system, from)?.description;
    let changes = description_diff::changes(&old, &new)?;
    for change in &changes {
        println!("{change}");
    }
    let (operations, schemas) = (old.operations.len(), old.schemas.len());
    println!(
        "{}: {operations} operations, {schemas} schemas, {} changes",
        system.name,
        changes.len()
    );
    Ok(())
}

fn local(from: &[String]) -> Outcome<Vec<&Path>> {
    if let Some(address) = from.iter().find(|from| from.contains("://")) {
        let sentence = "xtask does not use the network; download the file and name it with --from";
        return Err(Failure::new(format!("`{address}` is an address: {sentence}")));
    }
    Ok(from.iter().map(Path::new).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_refused_with_what_to_do() {
        let failure = local(&["https://example.com/a.json".to_owned()]).unwrap_err().to_string();
        assert!(failure.ends_with("download the file and name it with --from"), "{failure}");
        assert_eq!(local(&["a.json".to_owned()]).unwrap(), [Path::new("a.json")]);
    }

    #[test]
    fn a_system_without_description_says_what_to_edit() {
        let manifest = shell::root().join("Cargo.toml");
        let failure =
            refresh::refresh(System::named("kros").unwrap(), &[&manifest]).unwrap_err().to_string();
        assert!(
            failure.contains("edit fixtures/kros/contract/endpoints.json by hand"),
            "{failure}"
        );
    }
}
