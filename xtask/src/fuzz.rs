//! `cargo xtask fuzz`: runs one target of the workspace in `fuzz/`.
//!
//! Fuzzing needs nightly Rust and cargo-fuzz, which nobody else needs; what is missing is said by name.

use crate::shell::{self, Failure, Outcome};

/// Fuzzes `target` for `seconds`.
pub(crate) fn run(target: &str, seconds: u32) -> Outcome {
    let missing = missing();
    if !missing.is_empty() {
        return Err(Failure::new(format!("cannot fuzz: {}", missing.join("; "))));
    }
    let limit = format!("-max_total_time={seconds}");
    let mut fuzz = shell::cargo(&["+nightly", "fuzz", "run", target, "--", &limit]);
    shell::run(fuzz.current_dir(shell::root().join("fuzz")))
}

fn missing() -> Vec<&'static str> {
    let mut missing = Vec::new();
    if !shell::root().join("fuzz/Cargo.toml").is_file() {
        missing.push("there is no fuzz/Cargo.toml, so no target exists yet");
    }
    if !shell::succeeds(&mut shell::cargo(&["+nightly", "--version"])) {
        missing.push("nightly Rust is not installed (`rustup toolchain install nightly`)");
    }
    if !shell::succeeds(&mut shell::cargo(&["fuzz", "--version"])) {
        missing.push("cargo-fuzz is not installed (`cargo install cargo-fuzz`)");
    }
    missing
}
