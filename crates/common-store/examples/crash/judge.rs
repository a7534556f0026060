//! What the children said, as a model of what the file must hold.

mod look;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Failure,
    tally::{Row, Tally},
    words::{Step, Word, writer},
};

/// The moment of a line, counted over the whole seed.
type Moment = u64;

/// The model of one seed's file, and the verdict so far.
#[derive(Default)]
pub(crate) struct Judge {
    round: u64,
    moment: Moment,
    heard_answer: bool,
    under_way: BTreeMap<u64, (Step, Moment)>,
    /// Entries that must be there, by journal and place.
    entries: BTreeMap<(u64, u64), Expected>,
    /// Every place that was ever given.
    places: BTreeSet<(u64, u64)>,
    /// Until when a compaction was under way, by journal.
    compacted_until: BTreeMap<u64, Moment>,
    /// Number and version under the key of each writer; `None` when it was removed.
    own: BTreeMap<u64, Option<(u64, u64)>>,
    /// Every version that was ever given.
    versions: BTreeSet<u64>,
    counter: Counter,
    tally: Tally,
}

/// An entry that must be there.
struct Expected {
    writer: u64,
    number: u64,
    mark: Mark,
}

/// Whether an entry is acknowledged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    No,
    /// It was tried from that moment on, and nobody knows.
    Perhaps(Moment),
    /// Tried and answered at these moments.
    Yes(Moment, Moment),
    /// A compaction that began after the answer has ended.
    Removed,
}

/// The counter that all tasks share.
#[derive(Default)]
struct Counter {
    /// Numbers whose step was answered, with their versions.
    answered: BTreeMap<u64, u64>,
    /// Numbers whose step was tried and cut off.
    cut_off: BTreeSet<u64>,
}

impl Judge {
    /// Another child begins.
    pub(crate) fn begin(&mut self, round: u64) {
        self.round = round;
        self.heard_answer = false;
    }

    pub(crate) fn into_tally(self) -> Tally {
        self.tally
    }

    /// Takes in what a task said.
    pub(crate) fn hear(&mut self, task: u64, word: Word) -> Result<(), Failure> {
        self.moment += 1;
        let word = match word {
            Word::Try(step) => {
                self.tried(&step);
                self.under_way.insert(task, (step, self.moment));
                return Ok(());
            }
            word => word,
        };
        let (step, since) =
            self.under_way.remove(&task).ok_or("an answer to nothing that was tried")?;
        self.heard_answer = true;
        match word {
            Word::Did(numbers) => self.did(writer(self.round, task), &step, since, &numbers),
            _ => self.tally.met(Row::Refused, 1),
        }
        Ok(())
    }

    fn tried(&mut self, step: &Step) {
        if let Step::Acknowledge { journal, places } = step {
            for place in places {
                self.mark(*journal, *place, Mark::Perhaps(self.moment));
            }
        }
    }

    fn did(&mut self, writer: u64, step: &Step, since: Moment, numbers: &[u64]) {
        match step {
            Step::Append { journal, first, count } => {
                self.appended(writer, *journal, *first, *count, numbers);
            }
            Step::Acknowledge { journal, places } => {
                if numbers != [places.len() as u64] {
                    self.tally.untrue(format!("{numbers:?} acknowledged of {places:?}"));
                }
                self.tally.met(Row::Acknowledged, places.len() as u64);
                for place in places {
                    self.mark(*journal, *place, Mark::Yes(since, self.moment));
                }
            }
            Step::Compact { journal } => self.compacted(*journal, since, numbers),
            Step::Put { number } => {
                let version = self.version(writer, numbers);
                self.own.insert(writer, Some((*number, version)));
            }
            Step::Remove => {
                self.version(writer, numbers);
                self.own.insert(writer, None);
            }
            Step::Count { number } => self.counted(*number, numbers),
        }
    }

    fn appended(&mut self, writer: u64, journal: u64, first: u64, count: u64, places: &[u64]) {
        if places.len() as u64 != count || !places.is_sorted_by(|one, next| one < next) {
            self.tally.untrue(format!("places {places:?} for {count} entries"));
        }
        self.tally.met(Row::Entries, count);
        for (place, number) in places.iter().zip(first..) {
            self.expect(journal, *place, writer, number);
        }
    }

    fn expect(&mut self, journal: u64, place: u64, writer: u64, number: u64) {
        if !self.places.insert((journal, place)) {
            self.tally.duplicated(format!("place {place} of journal {journal} was given twice"));
        }
        let expected = Expected { writer, number, mark: Mark::No };
        self.entries.insert((journal, place), expected);
    }

    fn mark(&mut self, journal: u64, place: u64, mark: Mark) {
        if let Some(entry) = self.entries.get_mut(&(journal, place)) {
            entry.mark = mark;
        }
    }

    /// What was acknowledged before the compaction began must be gone now.
    fn compacted(&mut self, journal: u64, since: Moment, numbers: &[u64]) {
        self.tally.met(Row::Compactions, 1);
        self.tally.met(Row::Compacted, numbers.iter().sum());
        self.compacted_until.insert(journal, self.moment);
        for (_, entry) in self.entries.range_mut((journal, 0)..(journal + 1, 0)) {
            if matches!(entry.mark, Mark::Yes(_, answered) if answered < since) {
                entry.mark = Mark::Removed;
            }
        }
    }

    /// Takes in the version of a change of an own key.
    fn version(&mut self, writer: u64, numbers: &[u64]) -> u64 {
        let version = numbers.first().copied().unwrap_or_default();
        self.tally.met(Row::Changes, 1);
        self.new_version(version);
        let before = self.own.get(&writer).copied().flatten();
        if let Some((_, before)) = before.filter(|(_, before)| *before >= version) {
            self.tally.untrue(format!("version {version} came after {before}"));
        }
        version
    }

    fn new_version(&mut self, version: u64) {
        if !self.versions.insert(version) {
            self.tally.duplicated(format!("version {version} was given twice"));
        }
    }

    fn counted(&mut self, number: u64, numbers: &[u64]) {
        let version = numbers.first().copied().unwrap_or_default();
        self.tally.met(Row::Counted, 1);
        self.new_version(version);
        if self.counter.answered.insert(number, version).is_some() {
            self.tally.duplicated(format!("two tasks counted to {number}"));
        }
    }
}
