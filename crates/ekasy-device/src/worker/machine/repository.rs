//! What follows from what the repository says that it has (CMD12).
//!
//! | the repository's highest number | what the machine does |
//! |---|---|
//! | above every number that the journal gave | **nothing is sent**, and nothing packed on request: the numbers that would come next exist already; it asks again every hour |
//! | below what was sent, once | nothing: processing takes a while, and the Event Hub answers before |
//! | below what had been sent then, an hour later | what is missing is sent again, [`SLICE`] numbers at most, and the next ones when these have arrived |
//! | the same after documents were sent again three times | nothing more is sent again, and somebody has to look |
//!
//! Is it right to send documents again? They are the same documents, with the bytes that stand in
//! the journal, in new packages, since what the Event Hub has taken is not kept. The repository
//! judges continuity by their numbers (CRK facts §5), so one that comes twice says nothing new; one
//! that never comes is a gap. A repository that says by mistake that it has nothing gets few of
//! them for it.

use super::{
    Action, Event, JpkId, JpkRange, Machine, Now,
    state::{Repeated, View},
};

/// How many numbers are packed again in one action.
const SLICE: u64 = 10_000;

/// How often the same documents are sent again.
const TIMES: u32 = 3;

impl Machine {
    /// Takes what the repository has got, what was sent, and what the journal has numbers for.
    pub(super) fn compare(
        &mut self,
        now: Now,
        repository: Option<JpkId>,
        sent: Option<JpkId>,
        journalled: Option<JpkId>,
    ) -> Option<Event> {
        let View { behind, repeated, .. } = std::mem::take(&mut self.view);
        self.wanted.repetition = None;
        self.due.reconcile = now.tick + self.timing.reconcile;
        if let Some(repository) = repository.filter(|_| repository > journalled) {
            self.view.ahead = Some(repository);
            self.due.reconcile = now.tick + self.timing.look_again;
            return Some(Event::Ahead { repository, journalled });
        }
        let sent = sent.filter(|_| repository < sent)?;
        let behind = behind.filter(|was_sent| repository < Some(*was_sent));
        let repeated = repeated.filter(|repeated| repository < Some(repeated.range.last()));
        let is_arriving = repeated.is_some_and(|repeated| repeated.had < repository);
        self.view.repeated = match repeated {
            Some(repeated) if is_arriving => {
                Some(Repeated { had: repository, times: 0, ..repeated })
            }
            other => other,
        };
        match behind {
            // What was sent again may still wait to go out, or to be processed.
            Some(was_sent) if !self.is_waiting && !is_arriving => {
                self.repeat(now, repository, was_sent)
            }
            _ => {
                self.view.behind = behind.or(Some(sent));
                self.due.reconcile = now.tick + self.timing.look_again;
                None
            }
        }
    }

    fn repeat(&mut self, now: Now, had: Option<JpkId>, was_sent: JpkId) -> Option<Event> {
        let first = had.map_or(Some(JpkId::MIN), JpkId::next)?;
        let end = JpkId::new(first.get().saturating_add(SLICE - 1)).unwrap_or(JpkId::MAX);
        let range = JpkRange::new(first, was_sent.min(end)).ok()?;
        let times = self.view.repeated.map_or(0, |repeated| repeated.times);
        if times >= TIMES {
            return Some(Event::Unheard(range));
        }
        self.view.behind = Some(was_sent);
        self.view.repeated = Some(Repeated { range, had, times });
        self.wanted.repetition = Some(range);
        self.due.reconcile = now.tick + self.timing.look_again;
        Some(Event::Behind(range))
    }

    /// What was to be sent again is packed; the repository gets the time to process it.
    pub(super) fn repeated(&mut self, now: Now) {
        self.wanted.repetition = None;
        self.due.reconcile = now.tick + self.timing.look_again;
        if let Some(repeated) = &mut self.view.repeated {
            repeated.times += 1;
        }
    }

    /// The Event Hub refused what was sent again, from that document on.
    pub(super) fn repeat_from(&mut self, first: Option<JpkId>) {
        let last = self.view.repeated.map(|repeated| repeated.range.last());
        self.wanted.repetition =
            first.zip(last).and_then(|(first, last)| JpkRange::new(first, last).ok());
    }

    /// Nobody keeps these documents any more; those behind them may still be sent again.
    pub(super) fn gone(&mut self, now: Now, action: &Action, gone: JpkRange) {
        let Action::Repeat(range) = action else { return };
        let rest = gone.last().next().and_then(|next| JpkRange::new(next, range.last()).ok());
        if rest.is_none() {
            self.repeated(now);
        }
        self.wanted.repetition = rest;
    }
}
