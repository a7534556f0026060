//! What a seed, or all of them, came to.

use crate::tally::{Row, Tally};

/// What was lost, duplicated and told untruly, with a sentence for each, and what was met.
#[derive(Clone, Debug)]
pub struct Verdict<R> {
    /// Things that were reported as done, or had to be recovered, and are not there.
    pub lost: u64,
    /// Things that are there more than once, and news that were handled more than once.
    pub duplicated: u64,
    /// Everything else that was said and is not so.
    pub untrue: u64,
    /// A sentence for each of these.
    pub sentences: Vec<String>,
    /// What was met.
    pub tally: Tally<R>,
}

impl<R: Row> Verdict<R> {
    /// Something is not there.
    pub fn lost(&mut self, sentence: impl Into<String>) {
        self.lost += 1;
        self.sentences.push(sentence.into());
    }

    /// Something is there more than once.
    pub fn duplicated(&mut self, sentence: impl Into<String>) {
        self.duplicated += 1;
        self.sentences.push(sentence.into());
    }

    /// Something was said and is not so.
    pub fn untrue(&mut self, sentence: impl Into<String>) {
        self.untrue += 1;
        self.sentences.push(sentence.into());
    }

    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        (self.lost, self.duplicated, self.untrue) == (0, 0, 0)
    }

    /// Takes over another verdict.
    pub fn join(&mut self, other: Self) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.untrue += other.untrue;
        self.sentences.extend(other.sentences);
        self.tally.join(other.tally);
    }
}

impl<R> Default for Verdict<R> {
    fn default() -> Self {
        Self { lost: 0, duplicated: 0, untrue: 0, sentences: Vec::new(), tally: Tally::default() }
    }
}
