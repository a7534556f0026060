//! Compares this crate with libxml2 over many generated documents, or writes vectors from libxml2.
//!
//! `cargo run --release -p c14n --example differential -- --documents 20000 --seed 1`
//! `cargo run -p c14n --example differential -- --documents 60 --seed 7 --write fixtures/c14n/vectors/libxml2.json`
//!
//! Needs `python3` and the shared library of libxml2.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

#[path = "../tests/it/case.rs"]
mod case;
#[path = "../tests/it/documents.rs"]
mod documents;
#[path = "../tests/it/libxml2.rs"]
mod libxml2;

use std::{error::Error, fs, process::ExitCode};

use serde_json::{Value, json};

use crate::{
    case::Case,
    documents::Sample,
    libxml2::{Outcome, ask, compare},
};

/// How many documents one run of the other program gets.
const BATCH: u64 = 1000;

struct Arguments {
    documents: u64,
    seed: u64,
    write: Option<String>,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut read = Arguments { documents: 20_000, seed: 1, write: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("`{word}` wants a value"))?;
        match word.as_str() {
            "--documents" => read.documents = value.parse()?,
            "--seed" => read.seed = value.parse()?,
            "--write" => read.write = Some(value),
            _ => return Err(format!("`{word}` is not known").into()),
        }
    }
    Ok(read)
}

/// The seeds of single documents; those of two campaigns do not overlap.
fn seeds(campaign: u64, documents: u64) -> std::ops::Range<u64> {
    let first = campaign << 32;
    first..first + documents
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Arguments { documents, seed, write } = arguments()?;
    let seeds = seeds(seed, documents);
    if let Some(path) = write {
        fs::write(&path, vectors(&seeds.map(Sample::new).collect::<Vec<_>>())?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut total = Outcome::default();
    for first in seeds.clone().step_by(usize::try_from(BATCH)?) {
        let outcome = compare(first..seeds.end.min(first + BATCH))?;
        total.documents += outcome.documents;
        total.cases += outcome.cases;
        total.refused += outcome.refused;
        total.differences.extend(outcome.differences);
    }
    for difference in total.differences.iter().take(3) {
        eprintln!("{difference}");
    }
    println!(
        "c14n: {} documents, {} cases, {} documents refused, {} differences",
        total.documents,
        total.cases,
        total.refused,
        total.differences.len()
    );
    let is_right = total.differences.is_empty() && total.cases > 0;
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One document per line, so that a change shows as a changed line.
fn vectors(samples: &[Sample]) -> Result<String, Box<dyn Error>> {
    let mut lines = Vec::new();
    for (sample, theirs) in samples.iter().zip(ask(samples)?) {
        let cases: Vec<_> = sample
            .cases
            .iter()
            .enumerate()
            .map(|(place, case)| answered(case, &theirs[place]))
            .collect::<Result<_, _>>()?;
        lines.push(json!({ "xml": sample.xml, "cases": cases }).to_string());
    }
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

fn answered(case: &Case, theirs: &Value) -> Result<Value, String> {
    let mut value = case.to_json();
    if Case::from_json(&value).as_ref() != Some(case) || !theirs.is_string() {
        return Err(format!("no vector can be made of {value}"));
    }
    value["expected"] = theirs.clone();
    Ok(value)
}
