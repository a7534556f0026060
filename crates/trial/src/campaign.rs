//! Runs the seeds of a campaign and prints what they came to.

use std::{
    future::Future,
    io::{self, Write as _},
    process::ExitCode,
};

use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{Failure, tally::Row, verdict::Verdict};

/// A campaign: its name, and how its seeds are run.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// The name in its last line, as `kros-faults`.
    pub name: &'static str,
    /// How many seeds run at once; most of them wait more than they compute.
    pub at_once: usize,
    /// From so many seeds on, a row that was never met means that the campaign is broken; also the
    /// number of seeds when nobody says.
    pub enough: u64,
}

impl Campaign {
    /// Runs the seeds that the arguments of the process name (`--seeds <n>`, `--first-seed <s>`).
    ///
    /// `seed` runs one seed; `finish` sees the whole verdict before it is printed, for what is
    /// counted over the whole process. The exit code is a success when every promise was kept and,
    /// with [`enough`](Self::enough) seeds, every row was met.
    ///
    /// Needs a tokio runtime around it.
    pub async fn run<R, S, F>(self, seed: S, finish: impl FnOnce(&mut Verdict<R>)) -> ExitCode
    where
        R: Row,
        S: Fn(u64) -> F,
        F: Future<Output = Result<Verdict<R>, Failure>> + Send + 'static,
    {
        self.run_with(std::env::args().skip(1), seed, finish).await
    }

    /// The same with arguments that are not those of the process, for campaigns that have some of
    /// their own.
    pub async fn run_with<R, S, F>(
        self,
        words: impl IntoIterator<Item = String>,
        seed: S,
        finish: impl FnOnce(&mut Verdict<R>),
    ) -> ExitCode
    where
        R: Row,
        S: Fn(u64) -> F,
        F: Future<Output = Result<Verdict<R>, Failure>> + Send + 'static,
    {
        match self.try_run(words.into_iter(), seed, finish).await {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                complain(&format!("the campaign could not be run: {error}"));
                ExitCode::FAILURE
            }
        }
    }

    async fn try_run<R, S, F>(
        self,
        words: impl Iterator<Item = String>,
        seed: S,
        finish: impl FnOnce(&mut Verdict<R>),
    ) -> Result<bool, Failure>
    where
        R: Row,
        S: Fn(u64) -> F,
        F: Future<Output = Result<Verdict<R>, Failure>> + Send + 'static,
    {
        let (first, count) = arguments(words, self.enough)?;
        let progress = progress(count);
        let mut total = Verdict::default();
        let mut seeds = stream::iter(first..first + count)
            .map(|number| {
                let running = tokio::spawn(seed(number));
                async move { (number, running.await) }
            })
            .buffer_unordered(self.at_once);
        while let Some((number, verdict)) = seeds.next().await {
            let verdict = verdict?.map_err(|error| format!("seed {number}: {error}"))?;
            progress.suspend(|| complain_of(number, &verdict.sentences));
            total.join(verdict);
            progress.inc(1);
        }
        progress.finish_and_clear();
        let said = total.sentences.len();
        finish(&mut total);
        total.sentences[said..].iter().for_each(|sentence| complain(sentence));
        Ok(self.conclude(count, &total, &mut io::stdout().lock())?)
    }

    fn conclude<R: Row>(
        self,
        count: u64,
        total: &Verdict<R>,
        out: &mut impl io::Write,
    ) -> io::Result<bool> {
        let missing: Vec<_> =
            if count < self.enough { Vec::new() } else { total.tally.missing().collect() };
        for row in &missing {
            complain(&format!("nothing in {count} seeds met this, so nothing was shown: {row}"));
        }
        let (name, Verdict { lost, duplicated, untrue, .. }) = (self.name, total);
        write!(out, "{}", total.tally)?;
        writeln!(
            out,
            "{name}: {count} seeds, lost {lost}, duplicated {duplicated}, untrue {untrue}"
        )?;
        Ok(total.is_clean() && missing.is_empty())
    }
}

/// Says a sentence on the standard error.
pub fn complain(sentence: &str) {
    // When nobody reads stderr any more, the exit code still tells.
    let _ = writeln!(io::stderr(), "{sentence}");
}

/// `--seeds n` and `--first-seed s`, in any order.
fn arguments(mut words: impl Iterator<Item = String>, usual: u64) -> Result<(u64, u64), Failure> {
    let (mut first, mut count) = (1, usual);
    while let Some(word) = words.next() {
        let value = words.next().and_then(|value| value.parse::<u64>().ok());
        match (word.as_str(), value) {
            ("--seeds", Some(value)) => count = value,
            ("--first-seed", Some(value)) => first = value,
            _ => return Err("the arguments are --seeds <n> and --first-seed <s>".into()),
        }
    }
    Ok((first, count))
}

fn progress(count: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{elapsed_precise} {wide_bar} {pos}/{len} seeds");
    let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::stderr());
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// One broken promise tends to break many things: the first of a seed are enough to find it.
fn complain_of(seed: u64, sentences: &[String]) {
    const SHOWN: usize = 5;

    for sentence in sentences.iter().take(SHOWN) {
        complain(&format!("seed {seed}: {sentence}"));
    }
    if let Some(more) = sentences.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        complain(&format!("seed {seed}: and {more} more"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::rows! {
        Even = "even seeds",
        Odd = "odd seeds",
    }

    const CAMPAIGN: Campaign = Campaign { name: "parity", at_once: 2, enough: 2 };

    fn words(text: &str) -> impl Iterator<Item = String> {
        text.split_whitespace().map(str::to_owned)
    }

    async fn parity(seed: u64) -> Result<Verdict<Row>, Failure> {
        let mut verdict = Verdict::default();
        verdict.tally.count(if seed.is_multiple_of(2) { Row::Even } else { Row::Odd });
        if seed == 13 {
            verdict.lost("thirteen was lost");
        }
        Ok(verdict)
    }

    #[tokio::test]
    async fn a_campaign_that_met_everything_and_lost_nothing_succeeds() {
        assert!(CAMPAIGN.try_run(words("--seeds 4"), parity, |_| ()).await.unwrap());
    }

    #[tokio::test]
    async fn one_lost_thing_fails_it() {
        let words = words("--seeds 4 --first-seed 10");
        assert!(!CAMPAIGN.try_run(words, parity, |_| ()).await.unwrap());
    }

    #[tokio::test]
    async fn what_is_found_at_the_end_fails_it_too() {
        let finish = |total: &mut Verdict<Row>| total.untrue("a call was repeated without leave");
        assert!(!CAMPAIGN.try_run(words("--seeds 4"), parity, finish).await.unwrap());
    }

    #[test]
    fn a_row_that_enough_seeds_never_met_fails_it() {
        let mut total = Verdict::default();
        total.tally.add(Row::Even, 2);
        let mut out = Vec::new();
        assert!(!CAMPAIGN.conclude(2, &total, &mut out).unwrap());
        assert!(CAMPAIGN.conclude(1, &total, &mut out).unwrap());
        let last = "parity: 1 seeds, lost 0, duplicated 0, untrue 0\n";
        assert!(String::from_utf8(out).unwrap().ends_with(last));
    }

    #[test]
    fn other_arguments_are_refused() {
        assert_eq!(arguments(words(""), 7).unwrap(), (1, 7));
        assert!(arguments(words("--seeds many"), 7).is_err());
        assert!(arguments(words("--weather fair"), 7).is_err());
    }
}
