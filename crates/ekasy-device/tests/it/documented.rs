//! Every error that the source document lists for a command, provoked in the simulator: by its real
//! cause where the simulator knows one, and by a scripted answer otherwise.
//!
//! The tables of scenes are held against the tables of the crate and of the contract, both ways:
//! a code without a scene fails here, and so does a scene of a code that is not listed. Each test
//! says how many pairs of command and code it has, by real cause and by script.

mod cloud;
mod cpd;
mod received;
mod scene;
mod statuses;

use std::io::{Write as _, stderr};

/// How many pairs of command and code were provoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    pairs: usize,
    by_cause: usize,
    by_script: usize,
}

impl Tally {
    /// Counts a pair: one with a real cause counts there, whatever other scenes it has.
    fn count(&mut self, has_cause: bool) {
        self.pairs += 1;
        if has_cause {
            self.by_cause += 1;
        } else {
            self.by_script += 1;
        }
    }

    /// Says it past the capture of the test runner.
    fn say(self, what: &str) {
        let Self { pairs, by_cause, by_script } = self;
        let line = format!("{what}: {pairs} pairs, {by_cause} by cause, {by_script} by script\n");
        stderr().write_all(line.as_bytes()).unwrap();
    }
}
