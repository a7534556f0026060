//! Other programs that judge what this crate makes.

use std::{
    io::{ErrorKind, Write, stderr},
    process::Command,
};

/// Set, to any value, where every program is installed and a skipped test would hide a fault.
const REQUIRED: &str = "FISKUS_REQUIRE_ORACLES";

/// Tells whether a program can be started.
///
/// When it is missing, the test skips itself with a message, or fails where programs are required.
pub(crate) fn is_installed(program: &str) -> bool {
    let missing = Command::new(program)
        .arg("--version")
        .output()
        .is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if missing {
        assert!(!is_required(), "{program} is not installed and {REQUIRED} is set");
        skip(&format!("{program} is not installed"));
    }
    !missing
}

#[expect(clippy::disallowed_methods, reason = "the choice belongs to whoever starts the tests")]
fn is_required() -> bool {
    std::env::var_os(REQUIRED).is_some()
}

/// Starts a program and gives what it printed, which fails the test when it did not succeed.
pub(crate) fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {printed}{complaint}");
    printed
}

/// Says aloud that a test did not happen, past the capture of the test runner.
pub(crate) fn skip(reason: &str) {
    stderr().write_all(format!("skipped: {reason}\n").as_bytes()).unwrap();
}
