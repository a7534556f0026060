//! `cargo xtask ci`: what must hold before a change is taken, step by step.
//!
//! Every step runs, also after one has failed, so that one run tells everything; each can be run alone.

use std::{
    env,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    campaign, codegen, demo, fixtures, fuzz,
    shell::{self, Failure, Mode, Outcome},
    tidy,
};

/// Seeds of the short campaigns; the long ones are run by hand.
const SHORT_SEEDS: u32 = 5;

struct Step {
    name: &'static str,
    run: fn() -> Outcome,
}

const STEPS: &[Step] = &[
    Step { name: "test", run: test },
    Step { name: "fmt", run: fmt },
    Step { name: "clippy", run: clippy },
    Step { name: "doc", run: doc },
    Step { name: "tidy", run: tidy::run },
    Step { name: "codegen", run: || codegen::run(Mode::Check) },
    Step { name: "fixtures", run: || fixtures::run(Mode::Check) },
    Step { name: "deny", run: deny },
    Step { name: "demo", run: || demo::run(None) },
    Step { name: "bench-short", run: bench_short },
    Step { name: "campaign-short", run: campaign_short },
    Step { name: "fuzz-short", run: fuzz::short },
    Step { name: "package", run: package },
];

/// What became of a step.
struct Report {
    name: &'static str,
    took: Duration,
    outcome: Outcome,
}

/// Runs one step, or all of them but the skipped ones, and prints a table with their times.
pub(crate) fn run(only: Option<&str>, skip: &[String]) -> Outcome {
    for name in only.into_iter().chain(skip.iter().map(String::as_str)) {
        named(name)?;
    }
    let chosen = STEPS.iter().filter(|step| only.is_none_or(|name| step.name == name));
    let chosen = chosen.filter(|step| !skip.iter().any(|name| name == step.name));
    let reports: Vec<_> = chosen.map(timed).collect();
    println!("\n{}", table(&reports));
    let failed: Vec<_> =
        reports.iter().filter(|report| report.outcome.is_err()).map(|report| report.name).collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("failed: {}", failed.join(", "))))
}

/// All tests that a user needs to see pass.
pub(crate) fn test() -> Outcome {
    cargo(&["test", "--workspace", "--all-features"])
}

fn fmt() -> Outcome {
    cargo(&["fmt", "--all", "--check"])
}

fn clippy() -> Outcome {
    let what = ["clippy", "--workspace", "--all-targets", "--all-features"];
    cargo(&[&what[..], &["--", "-D", "warnings"]].concat())
}

fn doc() -> Outcome {
    let mut doc = shell::cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    shell::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn deny() -> Outcome {
    if shell::succeeds(&mut shell::cargo(&["deny", "--version"])) {
        return cargo(&["deny", "check", "licenses", "bans", "sources"]);
    }
    println!("cargo-deny is not installed: xtask itself applies the lists of deny.toml");
    tidy::dependencies::stand_in()
}

fn bench_short() -> Outcome {
    cargo(&["test", "--workspace", "--all-features", "--benches"])
}

#[expect(clippy::disallowed_methods, reason = "the machine decides whether a skip is allowed")]
fn campaign_short() -> Outcome {
    for name in [
        "kros-faults",
        "epp-faults",
        "ksef-v1-faults",
        "ksef-v2-faults",
        "ksef-v2-crash",
        "ksef-v2-million",
        "ekasy-faults",
        "ekasy-crash",
        "store-crash",
    ] {
        campaign::run(name, SHORT_SEEDS)?;
    }
    if !has_postgresql() && env::var_os("FISKUS_REQUIRE_ORACLES").is_none() {
        println!("SKIPPED: the campaign `fleet`, because there is no PostgreSQL here");
        return Ok(());
    }
    campaign::run("fleet", SHORT_SEEDS)
}

/// Debian keeps the programs of the server out of the path.
fn has_postgresql() -> bool {
    Path::new("/usr/lib/postgresql").is_dir()
        || shell::succeeds(Command::new("initdb").arg("--version"))
}

fn package() -> Outcome {
    // The packages are not built again from their archives: the tests have built the same sources.
    let unpublished = ["sandbox", "trial", "xtask", "fuzz-short"];
    let excluded: Vec<_> = unpublished.iter().flat_map(|name| ["--exclude", name]).collect();
    let what = [&["package", "--workspace"], &excluded[..]].concat();
    cargo(&[&what[..], &["--no-verify", "--allow-dirty", "--quiet"]].concat())
}

fn cargo(arguments: &[&str]) -> Outcome {
    shell::run(&mut shell::cargo(arguments))
}

fn named(name: &str) -> Outcome<&'static Step> {
    STEPS.iter().find(|step| step.name == name).ok_or_else(|| {
        let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        Failure::new(format!("there is no step `{name}`; the steps are: {}", known.join(", ")))
    })
}

#[expect(clippy::disallowed_methods, reason = "the time is shown to a person and decides nothing")]
fn timed(step: &Step) -> Report {
    println!("\n== {} ==", step.name);
    let start = Instant::now();
    let outcome = (step.run)();
    if let Err(failure) = &outcome {
        println!("{}: {failure}", step.name);
    }
    Report { name: step.name, took: start.elapsed(), outcome }
}

fn table(reports: &[Report]) -> String {
    let rows = reports.iter().map(|report| {
        let verdict = if report.outcome.is_ok() { "ok" } else { "FAILED" };
        format!("{:<16}{:>8.1} s  {verdict}\n", report.name, report.took.as_secs_f64())
    });
    let total: Duration = reports.iter().map(|report| report.took).sum();
    rows.collect::<String>() + &format!("{:<16}{:>8.1} s", "all", total.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_step_is_refused_before_anything_runs() {
        let failure = run(Some("testt"), &[]).unwrap_err().to_string();
        assert!(failure.starts_with("there is no step `testt`; the steps are: test, fmt"));
        assert!(run(None, &["nothing".to_owned()]).is_err());
    }

    #[test]
    fn a_failed_step_shows_in_the_table() {
        let good = Step { name: "good", run: || Ok(()) };
        let bad = Step { name: "bad", run: || Err(Failure::new("it broke")) };
        let table = table(&[timed(&good), timed(&bad)]);
        let rows: Vec<_> = table.lines().collect();
        assert!(rows[0].starts_with("good") && rows[0].ends_with("ok"), "{table}");
        assert!(rows[1].starts_with("bad") && rows[1].ends_with("FAILED"), "{table}");
        assert!(rows[2].starts_with("all"), "{table}");
    }
}
