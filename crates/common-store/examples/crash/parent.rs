//! One seed: children started and killed on one file, and the judge called after each.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{Failure, judge::Judge, tally::Tally, words};

/// Kills on the same file.
const ROUNDS: u64 = 3;

/// Runs one seed.
pub(crate) fn seed(seed: u64) -> Result<Tally, Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut random = StdRng::seed_from_u64(seed);
    let mut judge = Judge::default();
    for round in 0..ROUNDS {
        judge.begin(round);
        let mut child = start(seed, round, &path)?;
        let heard = listen(&mut child, &mut random, &mut judge);
        // Whatever went wrong, no child stays behind.
        child.kill()?;
        child.wait()?;
        heard?;
        runtime.block_on(judge.look(&path))?;
    }
    Ok(judge.into_tally())
}

fn start(seed: u64, round: u64, path: &Path) -> Result<Child, Failure> {
    Ok(Command::new(std::env::current_exe()?)
        .args(["--child", &seed.to_string(), &round.to_string()])
        .arg(path)
        .stdout(Stdio::piped())
        .spawn()?)
}

/// Hears the child out until the seed's moment, kills it, and hears what was still in the pipe.
fn listen(child: &mut Child, random: &mut StdRng, judge: &mut Judge) -> Result<(), Failure> {
    let Some(out) = child.stdout.take() else { return Err("the child has no output".into()) };
    let mut out = BufReader::new(out);
    // Every fourth child is killed while it opens the file, the others in the midst of their work.
    let is_early = random.random_range(0..4) == 0;
    let lines = if is_early { 0 } else { random.random_range(1..400) };
    let pause =
        Duration::from_micros(random.random_range(0..if is_early { 25_000 } else { 1_500 }));
    for _ in 0..lines {
        if !hear(&mut out, judge)? {
            return Err("the child ended by itself".into());
        }
    }
    wait(pause);
    if child.try_wait()?.is_some() {
        return Err("the child ended by itself".into());
    }
    child.kill()?;
    while hear(&mut out, judge)? {}
    Ok(())
}

/// Takes in one line; false at the end. A line that the kill cut off was never said.
fn hear(out: &mut BufReader<ChildStdout>, judge: &mut Judge) -> Result<bool, Failure> {
    let mut line = String::new();
    out.read_line(&mut line)?;
    let Some(line) = line.strip_suffix('\n') else { return Ok(false) };
    let (task, word) = words::read(line)?;
    judge.hear(task, word)?;
    Ok(true)
}

#[expect(clippy::disallowed_methods, reason = "a kill between two moments needs a real pause")]
fn wait(pause: Duration) {
    thread::sleep(pause);
}
