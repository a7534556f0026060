//! CPU time, and how it is told.

use std::io::Write as _;

pub(crate) use trial::cpu;

use crate::Failure;

/// What some work cost in the cheapest of several rounds: what disturbs a round only adds to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Least(f64);

impl Least {
    pub(crate) fn new() -> Self {
        Self(f64::INFINITY)
    }

    /// Notes the work between a reading of [`cpu`] and now.
    pub(crate) fn since(&mut self, start: f64) -> Result<(), Failure> {
        self.0 = self.0.min(cpu()? - start);
        Ok(())
    }

    /// The work of each of so many things.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below the precision")]
    pub(crate) fn each(self, count: usize) -> f64 {
        self.0 / count as f64
    }
}

/// Prints a figure in the one form that scripts read.
pub(crate) fn row(figure: &str, value: &str, ratio: f64, reference: &str, goal: &str) {
    say(&format!("{figure}: {value}, {ratio:.2} of {reference} (goal {goal})"));
}

pub(crate) fn say(line: &str) {
    // When nobody reads any more, there is nobody to tell.
    let _ = writeln!(std::io::stdout(), "{line}");
}
