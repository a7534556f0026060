//! Asks libxml2 through the Python program beside the tests.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
};

use roxmltree::Document;
use serde_json::{Value, json};

use crate::{case::Case, documents::Sample};

/// A case in which the two disagree.
pub(crate) struct Difference {
    xml: String,
    case: Value,
    ours: String,
    theirs: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { xml, case, ours, theirs } = self;
        write!(formatter, "{case}\n  of      {xml:?}\n  gives   {ours:?}\n  libxml2 {theirs:?}")
    }
}

/// What a comparison came to.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) documents: usize,
    pub(crate) cases: usize,
    /// Documents that one of the two parsers did not take; their cases are not among the compared.
    pub(crate) refused: usize,
    pub(crate) differences: Vec<Difference>,
}

/// The program as a command.
pub(crate) fn command() -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/libxml2.py");
    let mut command = Command::new("python3");
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// The canonical forms of all cases of all samples by libxml2; `null` where it refuses.
///
/// # Errors
///
/// When Python or libxml2 is missing, or the program failed.
pub(crate) fn ask(samples: &[Sample]) -> io::Result<Vec<Value>> {
    let mut child = command().stderr(Stdio::piped()).spawn()?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("the program has no pipes"));
    };
    let answers = thread::scope(|scope| {
        scope.spawn(move || {
            for sample in samples {
                let cases: Vec<_> = sample.cases.iter().map(Case::to_json).collect();
                // When the program is gone, its missing answers tell.
                let _ = writeln!(input, "{}", json!({ "xml": sample.xml, "cases": cases }));
            }
        });
        BufReader::new(output)
            .lines()
            .map(|line| Ok(serde_json::from_str(&line?)?))
            .collect::<io::Result<Vec<Value>>>()
    });
    let finished = child.wait_with_output()?;
    let answers = answers?;
    if answers.len() == samples.len() {
        return Ok(answers);
    }
    Err(io::Error::other(String::from_utf8_lossy(&finished.stderr).trim().to_owned()))
}

/// Compares all cases of the samples of some seeds.
///
/// # Errors
///
/// As for [`ask`].
pub(crate) fn compare(seeds: impl Iterator<Item = u64>) -> io::Result<Outcome> {
    let samples: Vec<_> = seeds.map(Sample::new).collect();
    let mut outcome = Outcome { documents: samples.len(), ..Outcome::default() };
    for (sample, theirs) in samples.iter().zip(ask(&samples)?) {
        compare_sample(sample, &theirs, &mut outcome);
    }
    Ok(outcome)
}

fn compare_sample(sample: &Sample, theirs: &Value, outcome: &mut Outcome) {
    let Ok(document) = Document::parse(&sample.xml) else {
        outcome.refused += 1;
        return;
    };
    if sample.cases.iter().enumerate().all(|(place, _)| theirs[place].is_null()) {
        outcome.refused += 1;
        return;
    }
    for (place, case) in sample.cases.iter().enumerate() {
        outcome.cases += 1;
        let ours = case.canonical(&document);
        let theirs = theirs[place].as_str().unwrap_or("refused");
        if ours != theirs.as_bytes() {
            outcome.differences.push(Difference {
                xml: sample.xml.clone(),
                case: case.to_json(),
                ours: String::from_utf8_lossy(&ours).into_owned(),
                theirs: theirs.to_owned(),
            });
        }
    }
}
