//! `cargo xtask bench`: runs the benches and compares their figures with their goals.
//!
//! A bench prints rows of the form `<figure>: <value> <unit>, <ratio> of <reference> (goal <= <ratio>)`.

use crate::shell::{self, Failure, Outcome};

struct Bench {
    name: &'static str,
    package: &'static str,
    target: &'static str,
}

/// A bench may have several targets; the first one has its name.
const BENCHES: &[Bench] = &[
    Bench { name: "kros", package: "kros-client", target: "kros" },
    Bench { name: "http", package: "common-http", target: "http" },
    Bench { name: "epp", package: "epp-client", target: "epp" },
    Bench { name: "c14n", package: "c14n", target: "c14n" },
    Bench { name: "crypto", package: "ksef-crypto", target: "crypto" },
    Bench { name: "packing", package: "ksef-crypto", target: "packing" },
    Bench { name: "xades", package: "ksef-crypto", target: "xades" },
    Bench { name: "ksef-v1", package: "ksef-client", target: "ksef-v1" },
    Bench { name: "ksef-v2", package: "ksef-client", target: "ksef-v2" },
    Bench { name: "ksef-v2", package: "ksef-client", target: "ksef-check" },
    Bench { name: "store", package: "common-store", target: "store" },
    Bench { name: "ekasy", package: "ekasy-device", target: "ekasy" },
];

/// A figure that is held against a reference.
#[derive(Debug, Clone, PartialEq)]
struct Figure {
    row: String,
    is_met: bool,
}

/// Runs one bench, or all of them, and fails when a goal is missed.
pub(crate) fn run(name: Option<&str>) -> Outcome {
    let chosen: Vec<_> =
        BENCHES.iter().filter(|bench| name.is_none_or(|name| bench.name == name)).collect();
    if chosen.is_empty() {
        let known: Vec<_> = BENCHES.iter().map(|bench| bench.name).collect();
        let sentence = "there is no such bench here; the benches are";
        return Err(Failure::new(format!("{sentence}: {}", known.join(", "))));
    }
    let mut figures = Vec::new();
    for bench in chosen {
        let arguments = ["bench", "-p", bench.package, "--bench", bench.target, "--all-features"];
        let lines = shell::run_and_collect(&mut shell::cargo(&arguments))?;
        let found: Vec<_> = lines.iter().filter_map(|line| figure(line)).collect();
        if found.is_empty() {
            return Err(Failure::new(format!("the bench `{}` printed no figure", bench.target)));
        }
        figures.extend(found);
    }
    verdict(&figures)
}

fn verdict(figures: &[Figure]) -> Outcome {
    println!("\nfigures:");
    for figure in figures {
        println!("  {} {}", if figure.is_met { "met   " } else { "MISSED" }, figure.row);
    }
    let missed = figures.iter().filter(|figure| !figure.is_met).count();
    if missed == 0 {
        return Ok(());
    }
    Err(Failure::new(format!("{missed} of {} goals are missed", figures.len())))
}

/// Reads a row; other lines of a bench are none.
fn figure(line: &str) -> Option<Figure> {
    let (_, rest) = line.split_once(": ")?;
    let (facts, goal) = rest.rsplit_once(" (goal ")?;
    let (value, comparison) = facts.split_once(", ")?;
    value.split_once(' ')?.0.parse::<f64>().ok()?;
    let ratio: f64 = comparison.split_once(" of ")?.0.parse().ok()?;
    let (sign, bound) = goal.strip_suffix(')')?.split_once(' ')?;
    let bound: f64 = bound.parse().ok()?;
    let is_met = match sign {
        "<=" => ratio <= bound,
        ">=" => ratio >= bound,
        _ => return None,
    };
    Some(Figure { row: line.trim().to_owned(), is_met })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_a_ceiling_or_a_floor() {
        for (row, is_met) in [
            ("send: 41.5 µs, 1.08 of bare reqwest (goal <= 1.10)", true),
            ("send: 41.5 µs, 1.12 of bare reqwest (goal <= 1.10)", false),
            ("packing: 190 MB/s, 0.95 of libdeflate (goal >= 0.90)", true),
            ("packing: 190 MB/s, 0.85 of libdeflate (goal >= 0.90)", false),
        ] {
            assert_eq!(figure(row).unwrap().is_met, is_met, "{row}");
        }
    }

    #[test]
    fn other_lines_are_no_figures() {
        for line in
            ["", "time: [1 µs 2 µs]", "send: fast, 1.0 of x (goal <= 1)", "a: 1 s, 2 of b (goal 3)"]
        {
            assert_eq!(figure(line), None, "{line}");
        }
    }

    #[test]
    fn one_missed_goal_fails_the_run() {
        let met = figure("a: 1 s, 1.0 of b (goal <= 1.0)").unwrap();
        let missed = figure("a: 1 s, 1.1 of b (goal <= 1.0)").unwrap();
        verdict(std::slice::from_ref(&met)).unwrap();
        assert_eq!(verdict(&[met, missed]).unwrap_err().to_string(), "1 of 2 goals are missed");
    }

    #[test]
    fn an_unknown_bench_is_refused_with_the_list() {
        let failure = run(Some("drag")).unwrap_err().to_string();
        assert!(failure.contains("the benches are: kros, http"), "{failure}");
    }
}
