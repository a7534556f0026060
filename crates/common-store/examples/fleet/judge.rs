//! Holds what happened against what the store promises.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::{
    plan::{CALLS, ENTRIES, EXPIRED, MARGIN, TTL},
    report::{Report, Unknown},
};

/// Clocks of one machine, read by different programs and cut to the microsecond.
const BLUR: i64 = 1_000;

/// A window of the limit in microseconds.
const SECOND: i64 = 1_000_000;

/// How long after the end of a dead worker's lease somebody must have it.
const PROMPT: i64 = 3 * SECOND;

/// Until all workers ask for places at once.
const START: i64 = SECOND / 2;

/// What became of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Lives,
    Killed,
    Stopped,
}

/// A line and who told it.
pub(crate) struct Line {
    pub(crate) worker: usize,
    pub(crate) report: Result<Report, Unknown>,
}

/// All that is known of a seed.
#[derive(Default)]
pub(crate) struct Evidence {
    pub(crate) lines: Vec<Line>,
    pub(crate) fates: Vec<Fate>,
    /// Workers that ended by themselves.
    pub(crate) failed: u64,
    /// What was to be done.
    pub(crate) places: Vec<u64>,
    /// What was not acknowledged.
    pub(crate) open: Vec<u64>,
    /// What was done: the version of its record, and the fence under which it was written.
    pub(crate) done: BTreeMap<u64, (u64, u64)>,
    pub(crate) token: Vec<u8>,
    /// The places of the limit that the database gave: their moments.
    pub(crate) grants: BTreeMap<u64, i64>,
    /// Whether places may be missing among these.
    pub(crate) looks_away: bool,
    pub(crate) end: i64,
}

/// What a seed showed.
#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) lost: u64,
    pub(crate) duplicated: u64,
    pub(crate) untrue: u64,
    pub(crate) sentences: Vec<String>,
    pub(crate) seen: Seen,
}

/// What was met.
#[derive(Default)]
pub(crate) struct Seen {
    kills: u64,
    stops: u64,
    entries: usize,
    turns: u64,
    takeovers: u64,
    slowest: i64,
    refused: u64,
    refreshes: u64,
    repeated_refreshes: u64,
    grants: usize,
    calls: usize,
    late: usize,
    allowed: usize,
}

/// A time during which one worker held the lease on the journal.
struct Hold {
    worker: usize,
    at: i64,
    until: i64,
    let_go: bool,
}

pub(crate) fn judge(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.entries(evidence);
    verdict.leases(evidence);
    verdict.token(evidence);
    verdict.limit(evidence);
    let count = |fate| evidence.fates.iter().filter(|other| **other == fate).count() as u64;
    verdict.seen.kills = count(Fate::Killed);
    verdict.seen.stops = count(Fate::Stopped);
    for line in &evidence.lines {
        if let Err(unknown) = &line.report {
            verdict.untrue(unknown.to_string());
        }
    }
    if evidence.failed > 0 {
        verdict.untrue(format!("{} workers gave up", evidence.failed));
    }
    verdict
}

impl Evidence {
    fn reports(&self) -> impl Iterator<Item = (usize, Report)> + '_ {
        let told = |line: &Line| Some((line.worker, *line.report.as_ref().ok()?));
        self.lines.iter().filter_map(told)
    }

    /// The holds by their fences, and fences that were told twice.
    fn holds(&self) -> (BTreeMap<u64, Hold>, Vec<u64>) {
        let (mut holds, mut twice) = (BTreeMap::new(), Vec::new());
        for (worker, report) in self.reports() {
            match report {
                Report::Held { fence, at, until } => {
                    let hold = Hold { worker, at, until, let_go: false };
                    if holds.insert(fence, hold).is_some() {
                        twice.push(fence);
                    }
                }
                Report::Kept { fence, until } => {
                    holds.entry(fence).and_modify(|hold| hold.until = until);
                }
                Report::LettingGo { fence } => {
                    holds.entry(fence).and_modify(|hold| hold.let_go = true);
                }
                _ => {}
            }
        }
        (holds, twice)
    }
}

impl Verdict {
    pub(crate) fn join(&mut self, other: Self) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.untrue += other.untrue;
        self.sentences.extend(other.sentences);
        self.seen.join(&other.seen);
    }

    fn untrue(&mut self, sentence: String) {
        self.untrue += 1;
        self.sentences.push(sentence);
    }

    /// Every entry is done and acknowledged, once, and never under an older fence than the one
    /// before it.
    fn entries(&mut self, evidence: &Evidence) {
        self.seen.entries = evidence.places.len();
        if evidence.places.len() != ENTRIES {
            self.untrue(format!("{} entries got places", evidence.places.len()));
        }
        for place in &evidence.places {
            if !evidence.done.contains_key(place) || evidence.open.contains(place) {
                self.lost += 1;
                self.sentences.push(format!("entry {place} was not worked off"));
            }
        }
        let mut told = BTreeSet::new();
        for (_, report) in evidence.reports() {
            if let Report::Did { place } = report
                && !told.insert(place)
            {
                self.duplicated += 1;
                self.sentences.push(format!("entry {place} was done twice"));
            }
        }
        let mut writes: Vec<_> = evidence.done.values().collect();
        writes.sort_unstable();
        if !writes.is_sorted_by_key(|(_, fence)| fence) {
            self.untrue("a write under an older fence came after one under a newer".to_owned());
        }
    }

    /// Nobody takes a lease over before its end, and a dead worker's goes to one other, soon.
    fn leases(&mut self, evidence: &Evidence) {
        let (holds, twice) = evidence.holds();
        for fence in twice {
            self.duplicated += 1;
            self.sentences.push(format!("fence {fence} was given twice"));
        }
        self.seen.turns += holds.len() as u64;
        let mut order = holds.values().peekable();
        while let (Some(hold), Some(next)) = (order.next(), order.peek()) {
            if hold.let_go || hold.worker == next.worker {
                continue;
            }
            let late = next.at - hold.until;
            if late < -BLUR {
                self.untrue(format!("a lease was taken over {} µs before its end", -late));
            }
            if evidence.fates[hold.worker] == Fate::Killed {
                self.seen.takeovers += 1;
                self.seen.slowest = self.seen.slowest.max(late);
                if late > PROMPT {
                    self.untrue(format!("a dead worker's lease was taken after {late} µs"));
                }
            }
        }
        let lost = |(_, report): &(usize, Report)| matches!(report, Report::Lost { .. });
        self.seen.refused = evidence.reports().filter(lost).count() as u64;
    }

    /// One refresh, unless who made it was killed or stopped before it could store it; and all
    /// see the token that was stored.
    fn token(&mut self, evidence: &Evidence) {
        let text = String::from_utf8_lossy(&evidence.token);
        let stored = text.parse::<u64>().ok();
        if evidence.token == EXPIRED || stored.is_none() {
            self.lost += 1;
            self.sentences.push("nobody refreshed the token".to_owned());
        }
        let mut made_stored = 0;
        for (worker, report) in evidence.reports() {
            match report {
                Report::Refreshing { fence } if Some(fence) == stored => made_stored += 1,
                Report::Refreshing { .. } if evidence.fates[worker] == Fate::Lives => {
                    self.duplicated += 1;
                    self.sentences.push(format!("worker {worker} refreshed the token again"));
                }
                Report::Refreshing { .. } => self.seen.repeated_refreshes += 1,
                Report::Token { fence } if Some(fence) != stored => {
                    self.untrue(format!("worker {worker} saw another token"));
                }
                _ => {}
            }
        }
        self.seen.refreshes += made_stored;
        if made_stored != 1 {
            self.untrue(format!("the token that was stored was refreshed {made_stored} times"));
        }
    }

    /// No second holds more than the limit, nobody starts before its moment, and the limit is
    /// used up.
    fn limit(&mut self, evidence: &Evidence) {
        let mut moments: Vec<_> = evidence.grants.values().copied().collect();
        moments.sort_unstable();
        self.at_most("places", &moments, SECOND + margin());
        let (mut calls, mut used) = (Vec::new(), BTreeSet::new());
        for (worker, report) in evidence.reports() {
            let Report::Called { number, at } = report else { continue };
            match evidence.grants.get(&number) {
                // Early by as much as passed between reading the own clock and asking.
                Some(moment) if at < moment - margin() / 2 => {
                    self.untrue(format!("place {number} was used {} µs early", moment - at));
                }
                // Whoever gets no processor for longer than the margin covers calls too late for
                // any limit that is counted before the call.
                Some(moment) if at > moment + margin() / 2 => self.seen.late += 1,
                Some(_) => calls.push(at),
                // The last ones may have come after the last look into the database.
                None if at < evidence.end - SECOND / 2 && !evidence.looks_away => {
                    self.untrue(format!("place {number} was used and never given"));
                }
                None => {}
            }
            // A place is used by one.
            if !used.insert(number) {
                self.duplicated += 1;
                self.sentences.push(format!("place {number} was used again by worker {worker}"));
            }
        }
        calls.sort_unstable();
        self.at_most("calls", &calls, SECOND);
        if !evidence.looks_away {
            self.used_up(&moments, evidence.end);
        }
        self.seen.calls = calls.len();
    }

    fn at_most(&mut self, what: &str, times: &[i64], window: i64) {
        for stretch in times.windows(CALLS + 1) {
            let length = stretch[CALLS] - stretch[0];
            if length < window {
                self.untrue(format!("{} {what} within {length} µs", CALLS + 1));
            }
        }
    }

    fn used_up(&mut self, moments: &[i64], end: i64) {
        let given = moments.iter().filter(|moment| **moment <= end).count();
        let span = end - moments.first().copied().unwrap_or(end);
        let windows = usize::try_from((span - START) / (SECOND + margin())).unwrap_or_default();
        if given < windows * CALLS || windows == 0 {
            self.untrue(format!("only {given} places in {span} µs"));
        }
        self.seen.grants = given;
        self.seen.allowed = usize::try_from(span / (SECOND + margin()) + 1).unwrap_or(0) * CALLS;
    }
}

/// By how much longer a window is kept, in microseconds.
fn margin() -> i64 {
    i64::try_from(MARGIN.as_micros()).unwrap_or(i64::MAX)
}

impl Seen {
    fn join(&mut self, other: &Self) {
        self.kills += other.kills;
        self.stops += other.stops;
        self.entries += other.entries;
        self.turns += other.turns;
        self.takeovers += other.takeovers;
        self.slowest = self.slowest.max(other.slowest);
        self.refused += other.refused;
        self.refreshes += other.refreshes;
        self.repeated_refreshes += other.repeated_refreshes;
        self.grants += other.grants;
        self.calls += other.calls;
        self.late += other.late;
        self.allowed += other.allowed;
    }

    /// Kinds of trouble that never came.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let rows = [
            (self.kills, "workers killed"),
            (self.stops, "workers stopped"),
            (self.takeovers, "leases of dead workers taken over"),
            (self.refused, "writes under a lost lease refused"),
            (self.repeated_refreshes, "refreshes cut off"),
        ];
        rows.into_iter().filter(|(count, _)| *count == 0).map(|(_, what)| what).collect()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "workers killed: {}, stopped past their lease: {}", self.kills, self.stops)?;
        writeln!(f, "entries worked off: {}, in {} turns", self.entries, self.turns)?;
        writeln!(
            f,
            "leases of dead workers taken over: {}, at most {} ms after their end (they last {} ms)",
            self.takeovers,
            self.slowest / 1_000,
            TTL.as_millis()
        )?;
        writeln!(f, "writes under a lost lease refused: {}", self.refused)?;
        writeln!(
            f,
            "tokens refreshed: {}, and {} refreshes cut off",
            self.refreshes, self.repeated_refreshes
        )?;
        writeln!(
            f,
            "places given: {}, of {} that the limit and its margin allow",
            self.grants, self.allowed
        )?;
        writeln!(
            f,
            "calls made: {}, and {} by processes that were held up for longer than the margin covers",
            self.calls, self.late
        )
    }
}
