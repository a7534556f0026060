//! The file held against the model, after a kill.

use std::{collections::BTreeMap, path::Path};

use common_store::{Entries, Entry, Journals, Position, Record, Records, SqliteStore};

use super::{Expected, Judge, Mark};
use crate::{
    Failure,
    tally::Row,
    words::{COUNTER, JOURNALS, Step, key, parse_payload, writer},
};

/// Entries and records are read in pages of so many.
const PAGE: usize = 100;

impl Judge {
    /// Opens the file and compares; what the kill cut off is settled by what is found.
    pub(crate) async fn look(&mut self, path: &Path) -> Result<(), Failure> {
        self.tally.met(Row::Kills, 1);
        self.tally.met(Row::KillsBeforeTheFirstAnswer, u64::from(!self.heard_answer));
        let store = match SqliteStore::open(path) {
            Ok(store) => store,
            Err(error) => {
                self.tally.lost(format!("the file does not open: {error:?}"));
                return Ok(());
            }
        };
        self.check_pages(path)?;
        self.moment += 1;
        let cut_off = std::mem::take(&mut self.under_way);
        let cut_off: Vec<_> = cut_off.into_iter().map(|(task, (step, _))| (task, step)).collect();
        for (_, step) in &cut_off {
            if let Step::Compact { journal } = step {
                self.compacted_until.insert(*journal, self.moment);
            }
        }
        for journal in 0..JOURNALS {
            let found = journal_of(&store, journal).await?;
            self.check_journal(journal, found, &cut_off);
        }
        self.check_own(&store, &cut_off).await?;
        let counter = store.get(COUNTER).await?;
        self.check_counter(counter, &cut_off)
    }

    /// The engine's own look at its pages.
    fn check_pages(&mut self, path: &Path) -> Result<(), Failure> {
        let file = rusqlite::Connection::open(path)?;
        let report: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if report != "ok" {
            self.tally.untrue(format!("the file is damaged: {report}"));
        }
        Ok(())
    }

    fn check_journal(&mut self, journal: u64, found: Vec<Entry>, cut_off: &[(u64, Step)]) {
        self.tally.met(Row::EntriesRead, found.len() as u64);
        let (mut present, mut unknown) = (BTreeMap::new(), BTreeMap::new());
        for entry in found {
            let place = entry.position.number();
            let Ok([writer, number, ..]) = parse_payload(&entry.payload) else {
                self.tally.untrue(format!("the entry at {place} of {journal} is damaged"));
                continue;
            };
            match self.entries.get(&(journal, place)) {
                Some(expected) if (expected.writer, expected.number) == (writer, number) => {
                    present.insert(place, entry.acknowledged);
                }
                Some(_) => self.tally.lost(format!("another entry stands at {place} of {journal}")),
                None => {
                    unknown.insert((writer, number), (place, entry.acknowledged));
                }
            }
        }
        for (task, step) in cut_off {
            match step {
                Step::Append { journal: of, first, count } if *of == journal => {
                    let numbers = *first..first + count;
                    let adopted = self.settle_append(journal, *task, numbers, &mut unknown);
                    present.extend(adopted.into_iter().map(|place| (place, false)));
                }
                Step::Acknowledge { journal: of, places } if *of == journal => {
                    self.settle_acknowledgement(journal, places, &present);
                }
                _ => {}
            }
        }
        for ((writer, number), (place, _)) in unknown {
            let is_copy = self.entries.values().any(|e| (e.writer, e.number) == (writer, number));
            let sentence = format!("entry {number} of {writer} at {place} of {journal}: unknown");
            if is_copy { self.tally.duplicated(sentence) } else { self.tally.untrue(sentence) }
        }
        self.check_marks(journal, &present);
    }

    /// A cut-off batch is there whole, or not at all; the places where it is.
    fn settle_append(
        &mut self,
        journal: u64,
        task: u64,
        numbers: std::ops::Range<u64>,
        unknown: &mut BTreeMap<(u64, u64), (u64, bool)>,
    ) -> Vec<u64> {
        let writer = writer(self.round, task);
        let count = numbers.end - numbers.start;
        let found: Vec<_> = numbers
            .filter_map(|number| Some((number, unknown.remove(&(writer, number))?)))
            .collect();
        if !found.is_empty() && found.len() as u64 != count {
            self.tally.untrue(format!("{} of {count} entries of a batch", found.len()));
        }
        self.settled(!found.is_empty());
        for &(number, (place, is_acknowledged)) in &found {
            if is_acknowledged {
                self.tally.untrue(format!("{place} of {journal} was acknowledged by nobody"));
            }
            self.expect(journal, place, writer, number);
        }
        found.into_iter().map(|(_, (place, _))| place).collect()
    }

    /// A cut-off acknowledgement marks all of its places, or none.
    fn settle_acknowledgement(
        &mut self,
        journal: u64,
        places: &[u64],
        present: &BTreeMap<u64, bool>,
    ) {
        let open = places.iter().filter(|place| present.get(place) == Some(&false)).count();
        if open != 0 && open != places.len() {
            self.tally.untrue(format!("{open} of {} places are open", places.len()));
        }
        if !places.is_empty() {
            self.settled(open == 0);
        }
        for place in places {
            let tried = self.moment;
            let expected = self.entries.get_mut(&(journal, *place));
            if let Some(Expected { mark: mark @ Mark::Perhaps(_), .. }) = expected {
                *mark = match *mark {
                    Mark::Perhaps(since) if open == 0 => Mark::Yes(since, tried),
                    _ => Mark::No,
                };
            }
        }
    }

    fn settled(&mut self, is_done: bool) {
        let row = if is_done { Row::CutOffAndDone } else { Row::CutOffAndNotDone };
        self.tally.met(row, 1);
    }

    /// Every entry stands there with its mark, unless a compaction may have removed it.
    fn check_marks(&mut self, journal: u64, present: &BTreeMap<u64, bool>) {
        let until = self.compacted_until.get(&journal).copied().unwrap_or_default();
        let mut gone = Vec::new();
        for ((_, place), entry) in self.entries.range((journal, 0)..(journal + 1, 0)) {
            let found = present.get(place).copied();
            let what = format!("entry {place} of journal {journal}");
            match (found, entry.mark) {
                (Some(true), Mark::No) => {
                    self.tally.untrue(format!("{what} was acknowledged by nobody"));
                }
                (Some(false), Mark::Yes(..)) => {
                    self.tally.lost(format!("{what} is not acknowledged any more"));
                }
                (Some(_), Mark::Removed) => {
                    self.tally.untrue(format!("{what} is there after its removal"));
                }
                (None, Mark::Removed) => gone.push((journal, *place)),
                (None, Mark::Yes(tried, _)) if tried < until => gone.push((journal, *place)),
                (None, _) => {
                    self.tally.lost(format!("{what} is gone"));
                    gone.push((journal, *place));
                }
                _ => {}
            }
        }
        for place in gone {
            self.entries.remove(&place);
        }
    }

    async fn check_own(
        &mut self,
        store: &SqliteStore,
        cut_off: &[(u64, Step)],
    ) -> Result<(), Failure> {
        let mut found = own_keys(store).await?;
        for (task, step) in cut_off {
            let writer = writer(self.round, *task);
            let name = key(writer);
            let stands = found.get(&name).copied();
            let (is_done, outcome) = match step {
                Step::Put { number } => (stands.is_some_and(|(value, _)| value == *number), stands),
                Step::Remove => (stands.is_none(), None),
                _ => continue,
            };
            self.settled(is_done);
            if is_done {
                if let Some((_, version)) = outcome {
                    self.new_version(version);
                }
                self.own.insert(writer, outcome);
            }
        }
        for (writer, expected) in &self.own {
            let stands = found.remove(&key(*writer));
            match (expected, stands) {
                (expected, stands) if *expected == stands => {}
                (None, Some(_)) => self.tally.untrue(format!("{writer}: a removed key is back")),
                _ => self.tally.lost(format!("{writer}: {stands:?} instead of {expected:?}")),
            }
        }
        for key in found.into_keys() {
            self.tally.untrue(format!("nobody put {key} there"));
        }
        Ok(())
    }

    fn check_counter(
        &mut self,
        record: Option<Record>,
        cut_off: &[(u64, Step)],
    ) -> Result<(), Failure> {
        let (value, version) = match record {
            Some(record) => (std::str::from_utf8(&record.value)?.parse()?, record.version.number()),
            None => (0, 0),
        };
        for (_, step) in cut_off {
            if let Step::Count { number } = step {
                self.settled(value >= *number && !self.counter.answered.contains_key(number));
                self.counter.cut_off.insert(*number);
            }
        }
        let highest = self.counter.answered.last_key_value();
        match highest {
            Some((number, _)) if *number > value => {
                self.tally.lost(format!("the counter fell from {number} to {value}"));
            }
            Some((number, answered)) if *number == value && *answered != version => {
                self.tally.untrue(format!("the version of {value} is {version}, not {answered}"));
            }
            _ => {}
        }
        let is_known = |number: &u64| {
            self.counter.answered.contains_key(number) || self.counter.cut_off.contains(number)
        };
        if let Some(number) = (1..=value).find(|number| !is_known(number)) {
            self.tally.untrue(format!("nobody counted to {number}"));
        }
        Ok(())
    }
}

/// All entries of a journal.
async fn journal_of(store: &SqliteStore, journal: u64) -> Result<Vec<Entry>, Failure> {
    let (name, mut found) = (journal.to_string(), Vec::<Entry>::new());
    loop {
        let after = found.last().map_or(Position::START, |entry| entry.position);
        let page = store.read(&name, Entries::All, after, PAGE).await?;
        if page.is_empty() {
            return Ok(found);
        }
        found.extend(page);
    }
}

/// All keys of tasks, with number and version.
async fn own_keys(store: &SqliteStore) -> Result<BTreeMap<String, (u64, u64)>, Failure> {
    let mut found = BTreeMap::new();
    for (key, record) in store.list("own/", None, usize::MAX).await? {
        let number = std::str::from_utf8(&record.value)?.parse()?;
        found.insert(key, (number, record.version.number()));
    }
    Ok(found)
}
