//! What was met, and what was wrong.

/// Counts of one seed or of all.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) lost: u64,
    pub(crate) duplicated: u64,
    pub(crate) untrue: u64,
    pub(crate) sentences: Vec<String>,
    pub(crate) met: [u64; ROWS.len()],
}

/// What is counted; each of them must come up in a long campaign.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Row {
    Kills,
    KillsBeforeTheFirstAnswer,
    Entries,
    Acknowledged,
    Compactions,
    Compacted,
    Changes,
    Counted,
    Refused,
    CutOffAndDone,
    CutOffAndNotDone,
    EntriesRead,
}

const ROWS: [&str; 12] = [
    "children killed",
    "of them before the first answer",
    "entries appended and answered",
    "entries acknowledged and answered",
    "compactions answered",
    "entries removed by them",
    "changes of own records answered",
    "steps of the shared counter answered",
    "steps of the shared counter refused",
    "steps cut off by the kill, found done",
    "steps cut off by the kill, found not done",
    "entries read back and compared",
];

impl Tally {
    pub(crate) fn met(&mut self, row: Row, times: u64) {
        self.met[row as usize] += times;
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.untrue += other.untrue;
        for (sum, more) in self.met.iter_mut().zip(other.met) {
            *sum += more;
        }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static str, u64)> {
        ROWS.into_iter().zip(self.met)
    }

    pub(crate) fn lost(&mut self, sentence: String) {
        self.lost += 1;
        self.sentences.push(sentence);
    }

    pub(crate) fn duplicated(&mut self, sentence: String) {
        self.duplicated += 1;
        self.sentences.push(sentence);
    }

    pub(crate) fn untrue(&mut self, sentence: String) {
        self.untrue += 1;
        self.sentences.push(sentence);
    }
}
