//! `cargo xtask fuzz`: runs one target of the workspace in `fuzz/`.
//!
//! Fuzzing needs nightly Rust and cargo-fuzz, which nobody else needs; what is missing is said by name.
//! Continuous integration runs the same targets on stable Rust, through the package `fuzz-short`.

use std::{env, fs, process::Command};

use crate::shell::{self, Failure, Outcome};

/// How long cargo-fuzz runs each target where continuous integration is asked to use it.
const SHORT_SECONDS: u32 = 5;

/// Asks for cargo-fuzz in continuous integration, whose build of all targets takes ten minutes.
const WITH_CARGO_FUZZ: &str = "FISKUS_CARGO_FUZZ";

/// Where continuous integration makes its seeds.
const SEEDS: &str = "target/fuzz-seeds";

/// Something that fuzzing needs, and what to say when it is not there.
struct Need {
    is_there: bool,
    otherwise: &'static str,
}

/// Fuzzes `target` for `seconds`.
pub(crate) fn run(target: &str, seconds: u32) -> Outcome {
    demand(&needs())?;
    let limit = format!("-max_total_time={seconds}");
    let mut fuzz = shell::cargo(&["+nightly", "fuzz", "run", target, "--", &limit]);
    shell::run(fuzz.current_dir(shell::root()))
}

/// Runs every target on its seeds and on random changes of them, about a minute in all.
#[expect(clippy::disallowed_methods, reason = "whoever starts the run chooses the tool")]
pub(crate) fn short() -> Outcome {
    if env::var_os(WITH_CARGO_FUZZ).is_some() {
        return targets()?.iter().try_for_each(|target| run(target, SHORT_SECONDS));
    }
    let has_python = shell::succeeds(Command::new("python3").arg("--version"));
    if !has_python && env::var_os("FISKUS_REQUIRE_ORACLES").is_none() {
        println!("SKIPPED: python3, which makes the seeds, is not installed");
        return Ok(());
    }
    let seeds = shell::root().join(SEEDS);
    // Only the seeds of today, so that the run is the same everywhere.
    if seeds.is_dir() {
        fs::remove_dir_all(&seeds)
            .map_err(|cause| Failure::new(format!("cannot empty {SEEDS}: {cause}")))?;
    }
    shell::run(&mut shell::command("python3", &["fuzz/seed.py", SEEDS]))?;
    let what = ["run", "-q", "-p", "fuzz-short", "--all-features", "--", SEEDS];
    shell::run(&mut shell::cargo(&what))
}

/// The names of all targets, sorted; cargo-fuzz names a target after its file.
fn targets() -> Outcome<Vec<String>> {
    let folder = shell::root().join("fuzz/fuzz_targets");
    let unreadable = |cause| Failure::new(format!("cannot read {}: {cause}", folder.display()));
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

fn needs() -> [Need; 3] {
    [
        Need {
            is_there: shell::root().join("fuzz/Cargo.toml").is_file(),
            otherwise: "there is no fuzz/Cargo.toml, so no target exists yet",
        },
        Need {
            is_there: shell::succeeds(&mut shell::cargo(&["+nightly", "--version"])),
            otherwise: "nightly Rust is not installed (`rustup toolchain install nightly`)",
        },
        Need {
            is_there: shell::succeeds(&mut shell::cargo(&["fuzz", "--version"])),
            otherwise: "cargo-fuzz is not installed (`cargo install cargo-fuzz`)",
        },
    ]
}

fn demand(needs: &[Need]) -> Outcome {
    let missing: Vec<_> =
        needs.iter().filter(|need| !need.is_there).map(|need| need.otherwise).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("cannot fuzz: {}", missing.join("; "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_a_binary_of_its_workspace() {
        let manifest = fs::read_to_string(shell::root().join("fuzz/Cargo.toml")).unwrap();
        let targets = targets().unwrap();
        assert_eq!(manifest.matches("[[bin]]").count(), targets.len());
        for target in targets {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target}");
        }
    }

    #[test]
    fn everything_that_is_missing_is_said_at_once() {
        let need = |is_there, otherwise| Need { is_there, otherwise };
        demand(&[need(true, "no folder"), need(true, "no tool")]).unwrap();
        let failure = demand(&[need(false, "no folder"), need(true, "x"), need(false, "no tool")]);
        assert_eq!(failure.unwrap_err().to_string(), "cannot fuzz: no folder; no tool");
    }
}
