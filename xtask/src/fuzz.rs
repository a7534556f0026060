//! `cargo xtask fuzz`: runs one target of the workspace in `fuzz/`.
//!
//! Fuzzing needs nightly Rust and cargo-fuzz, which nobody else needs; what is missing is said by name.

use crate::shell::{self, Failure, Outcome};

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
    fn everything_that_is_missing_is_said_at_once() {
        let need = |is_there, otherwise| Need { is_there, otherwise };
        demand(&[need(true, "no folder"), need(true, "no tool")]).unwrap();
        let failure = demand(&[need(false, "no folder"), need(true, "x"), need(false, "no tool")]);
        assert_eq!(failure.unwrap_err().to_string(), "cannot fuzz: no folder; no tool");
    }
}
