//! The campaign `fleet`: eight processes on one PostgreSQL, and workers that are killed.
//!
//! Per seed a fresh schema. Eight processes share a limit of five calls per second, renew one
//! token that has ended, and work off one journal under a lease, while some of them are killed
//! (SIGKILL) and replaced, and some are stopped for longer than their lease lasts. Their own
//! reports and the tables are then held against what the store promises.
//!
//! `cargo run -q -p common-store --features postgres --example fleet -- --seeds 100 [--first-seed 1]`

mod judge;
mod plan;
mod report;
mod seed;
#[path = "../../tests/it/postgres/server.rs"]
mod server;
mod worker;

use std::{
    collections::VecDeque,
    io::{self, Write as _},
    process::ExitCode,
};

use tokio::task::JoinSet;

use crate::{
    judge::Verdict,
    server::{Disk, Server},
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Seeds that run at once: they wait more than they compute.
const AT_ONCE: usize = 2;

/// From so many seeds on, a kind of trouble that was never met means that the campaign is broken.
const ENOUGH: u64 = 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["--worker", name, url, schema] => worker::run(name, url, schema).await.map(|()| true),
        _ => campaign(&words).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format!("the campaign could not be run: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the seeds and prints the result; whether every promise was kept.
async fn campaign(words: &[&str]) -> Result<bool, Failure> {
    let (first, count) = arguments(words)?;
    let server = Server::start(Disk::Forced)?
        .ok_or("there is no PostgreSQL here; on Debian, install the package `postgresql`")?;
    let mut waiting: VecDeque<_> = (first..first + count).collect();
    let (mut running, mut total) = (JoinSet::new(), Verdict::default());
    loop {
        while running.len() < AT_ONCE
            && let Some(seed) = waiting.pop_front()
        {
            let url = server.url();
            running.spawn(async move { (seed, seed::run(seed, &url).await) });
        }
        let Some(ended) = running.join_next().await else { break };
        let (seed, verdict) = ended?;
        let verdict = verdict.map_err(|error| format!("seed {seed}: {error}"))?;
        for sentence in &verdict.sentences {
            complain(&format!("seed {seed}: {sentence}"));
        }
        total.join(verdict);
    }
    conclude(count, &total)
}

fn conclude(count: u64, total: &Verdict) -> Result<bool, Failure> {
    let missing: Vec<_> = if count < ENOUGH { Vec::new() } else { total.seen.missing() };
    for what in &missing {
        complain(&format!("nothing in {count} seeds met this, so nothing was shown: {what}"));
    }
    let Verdict { lost, duplicated, untrue, .. } = total;
    let mut out = io::stdout().lock();
    write!(out, "{}", total.seen)?;
    writeln!(out, "fleet: {count} seeds, lost {lost}, duplicated {duplicated}, untrue {untrue}")?;
    Ok(lost + duplicated + untrue == 0 && missing.is_empty())
}

/// `--seeds n` and `--first-seed s`, in any order.
fn arguments(words: &[&str]) -> Result<(u64, u64), Failure> {
    let (mut first, mut count) = (1, ENOUGH);
    for pair in words.chunks(2) {
        match (pair[0], pair.get(1).and_then(|value| value.parse().ok())) {
            ("--seeds", Some(value)) => count = value,
            ("--first-seed", Some(value)) => first = value,
            _ => return Err("the arguments are --seeds <n> and --first-seed <s>".into()),
        }
    }
    Ok((first, count))
}

fn complain(sentence: &str) {
    writeln!(io::stderr(), "{sentence}").ok();
}
