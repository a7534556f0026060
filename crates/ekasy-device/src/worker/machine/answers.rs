//! What follows from what became of an action.

use std::time::Duration;

use super::{
    Action, Channel, CommandId, DRIFT, ErrorKind, Event, JpkId, Machine, Now, PINNED, ReadOnly,
    Schedule, TimeDelta, Todo, Token,
};
use crate::{
    journal::Purpose,
    worker::action::{Answer, Failed},
};

/// How often a package is made smaller before somebody has to look.
pub(super) const SMALLER: u32 = 4;

/// How many commands that cannot be opened are told apart.
const UNOPENED: usize = 32;

/// How long new keys are not fetched again when they did not help; the next times twice and four
/// times as long.
const KEYS: Duration = Duration::from_secs(3600);

/// How long a package that nobody takes is left alone.
const STUCK: Duration = Duration::from_secs(3600);

impl Machine {
    /// Takes what became of an action; gives what the host should know.
    pub fn answer(&mut self, now: Now, action: &Action, answer: Answer) -> Vec<Event> {
        let mut events = Vec::from_iter(self.look_at_clock(now));
        if let Some(channel) = proved(action, &answer) {
            events.extend(self.recovered(now, channel));
        }
        if !matches!(answer, Answer::Failed(_) | Answer::Stumbled) {
            self.stumbles.succeed(action);
        }
        match answer {
            Answer::Done => self.done(now, action),
            Answer::NoCommand => self.polled(now),
            Answer::Command(id, todo) => self.take_command(now, id, todo),
            Answer::Unopened(id) => self.take_unopened(now, id),
            Answer::Stranger => {
                self.polled(now);
                events.push(Event::Stranger);
            }
            Answer::Executed(id, schedule) => {
                let isnt_again = *action != Action::AnswerAgain(id.clone());
                self.executed(now, &id, isnt_again);
                events.extend(schedule.and_then(|schedule| self.adopt(now, schedule)));
            }
            Answer::Called(id) => self.executed(now, &id, true),
            Answer::Confirmed(id) => self.confirmed(&id),
            Answer::Token => self.token = Token::Untried,
            Answer::Sent => self.sent(),
            Answer::TokenRefused => self.token_refused(now),
            Answer::Rejected(kind) => events.push(self.rejected(now, kind)),
            Answer::Withdrawn { purpose, first } => self.withdrawn(purpose, first),
            Answer::Gone(range) => {
                self.gone(now, action, range);
                events.push(Event::Missing(range));
            }
            Answer::NoRoom { id, limit } => events.extend(self.no_room(now, action, id, limit)),
            Answer::State { repository, sent, journalled } => {
                events.extend(self.compare(now, repository, sent, journalled));
            }
            Answer::ReadOnly => {
                if let ReadOnly::Asked(reason) = self.read_only {
                    self.read_only = ReadOnly::Local(reason);
                }
            }
            Answer::Announced => {
                self.read_only = ReadOnly::Announced;
                events.push(Event::ReadOnly);
            }
            Answer::Failed(failed) => events.extend(self.failed(now, action, &failed)),
            Answer::Stumbled => self.stumbled(now, action),
        }
        events
    }

    /// Another schedule is in force: what it asks for is due from now on.
    fn adopt(&mut self, now: Now, schedule: Schedule) -> Option<Event> {
        if self.schedule.as_ref() == Some(&schedule) {
            return None;
        }
        self.schedule = Some(schedule.clone());
        self.due.poll = self.due.poll.min(now.tick + self.poll_interval());
        self.due.send = now.tick + self.send_interval().unwrap_or_default();
        Some(Event::Schedule(schedule))
    }

    fn done(&mut self, now: Now, action: &Action) {
        match action {
            Action::RenewLease => self.due.lease = now.tick + self.timing.renew_lease,
            Action::CheckCertificates => {
                self.due.certificates = now.tick + self.timing.certificates;
            }
            Action::Pack => self.skip_times(now),
            Action::Repeat(_) => self.repeated(now),
            Action::Withdraw => self.wanted.withdrawal = false,
            Action::FetchKeys => self.take_keys(now),
            _ => {}
        }
    }

    /// With the new keys the servers that could not be reached are tried at once; what a server
    /// asked to wait for is waited for. Where they do not help, the next ones are fetched later and
    /// later.
    fn take_keys(&mut self, now: Now) {
        self.wanted.keys = false;
        self.unopened.values_mut().for_each(|has_keys| *has_keys = true);
        self.due.poll = now.tick;
        self.due.keys = now.tick + KEYS.saturating_mul(1 << self.useless_keys.min(2));
        self.useless_keys += 1;
        for channel in PINNED {
            if self.line(channel).is_unreachable() {
                self.line_mut(channel).hold(now.tick, Duration::ZERO);
                self.stumbles.open(now.tick, channel);
            }
        }
    }

    /// A channel works; what failed on it before is tried at once.
    fn recovered(&mut self, now: Now, channel: Channel) -> Option<Event> {
        let failures = self.line_mut(channel).succeed();
        if !self.are_pins_doubted() {
            self.useless_keys = 0;
        }
        if failures == 0 {
            return None;
        }
        self.stumbles.open(now.tick, channel);
        Some(Event::Recovered(channel, failures))
    }

    /// The next time of the schedule: whole intervals behind the one before, and not in the past.
    pub(super) fn skip_times(&mut self, now: Now) {
        let interval = self.send_interval().unwrap_or_default();
        if now.tick < self.due.send || interval.is_zero() {
            return;
        }
        let passed = now.tick.since(self.due.send).as_nanos() / interval.as_nanos().max(1);
        let intervals = u32::try_from(passed).unwrap_or(u32::MAX).saturating_add(1);
        self.due.send = self.due.send + interval.saturating_mul(intervals);
    }

    /// The WebApi has nothing more for now.
    fn polled(&mut self, now: Now) {
        self.due.poll = now.tick + self.poll_interval();
    }

    /// After a new command the WebApi is asked at once for the next one. One that is known here
    /// already may be offered for ever, so asking again waits for the schedule.
    fn take_command(&mut self, now: Now, id: CommandId, todo: Todo) {
        self.unopened.remove(&id);
        let is_known = self.commands.iter().any(|(known, _)| *known == id);
        if is_known || todo == Todo::Confirm {
            self.polled(now);
        } else {
            self.due.poll = now.tick;
        }
        if !is_known {
            self.commands.push_back((id, todo));
        }
    }

    /// The repository may have new keys: those are fetched first, however long that takes. With
    /// them the command is given up, since the one behind it would never come otherwise.
    fn take_unopened(&mut self, now: Now, id: CommandId) {
        if self.unopened.get(&id) == Some(&true) {
            return self.take_command(now, id, Todo::Reject);
        }
        if self.unopened.len() >= UNOPENED {
            self.unopened.clear();
        }
        self.unopened.insert(id, false);
        self.wanted.keys = true;
        self.polled(now);
    }

    fn executed(&mut self, now: Now, id: &CommandId, is_to_confirm: bool) {
        if is_to_confirm {
            for (_, todo) in self.commands.iter_mut().filter(|(one, _)| one == id) {
                *todo = Todo::Confirm;
            }
        } else {
            self.commands.retain(|(one, todo)| one != id || *todo != Todo::AnswerAgain);
        }
        self.due.poll = self.due.poll.min(now.tick + self.poll_interval());
    }

    fn confirmed(&mut self, id: &CommandId) {
        self.commands.retain(|(one, todo)| one != id || *todo != Todo::Confirm);
    }

    fn sent(&mut self) {
        self.token = Token::Good;
        (self.smaller, self.smallest) = (0, SMALLER);
    }

    /// A refused token is replaced at once; a new one that is refused too waits.
    fn token_refused(&mut self, now: Now) {
        if self.token == Token::Untried {
            let kind = ErrorKind::Unauthenticated;
            let failed = Failed { channel: Channel::EventHub, kind, retry_after: None };
            let chance = self.chance();
            self.line_mut(Channel::EventHub).fail(now.tick, &failed, chance);
        }
        self.token = Token::Refused;
    }

    fn rejected(&mut self, now: Now, kind: ErrorKind) -> Event {
        if self.smaller < self.smallest {
            self.wanted.withdrawal = true;
            return Event::Rejected { kind, times: self.smaller };
        }
        self.line_mut(Channel::EventHub).hold(now.tick, STUCK);
        Event::Stuck(kind)
    }

    /// What was packed for a command has to be packed again, and so has what was sent again; the
    /// schedule's documents count as not packed.
    fn withdrawn(&mut self, purpose: Purpose, first: Option<JpkId>) {
        (self.wanted.withdrawal, self.smaller) = (false, self.smaller + 1);
        match purpose {
            Purpose::Request(id) => self.commands.push_back((id, Todo::AnswerAgain)),
            Purpose::Repeat => self.repeat_from(first),
            Purpose::Schedule => {}
        }
    }

    /// Packages cannot be made so small. If that was tried because the Event Hub refused larger
    /// ones, the larger ones are what there is; otherwise somebody has to look.
    fn no_room(
        &mut self,
        now: Now,
        action: &Action,
        id: Option<JpkId>,
        limit: usize,
    ) -> Option<Event> {
        if self.smaller > 0 {
            self.smaller -= 1;
            self.smallest = self.smaller;
            return None;
        }
        self.stumbles.hold(now.tick, action, STUCK);
        Some(Event::NoRoom { id, limit })
    }

    /// The register, its journal or the packing failed: that waits, as for a channel.
    fn stumbled(&mut self, now: Now, action: &Action) {
        if !matches!(action, Action::Wait(_)) {
            let failed =
                Failed { channel: Channel::Cpd, kind: ErrorKind::Local, retry_after: None };
            let chance = self.chance();
            // Each time is told already.
            let _ = self.stumbles.fail(now.tick, action, &failed, chance);
        }
    }

    /// What failed waits by itself, and so does its channel unless the request alone was refused.
    fn failed(&mut self, now: Now, action: &Action, failed: &Failed) -> Option<Event> {
        let chance = self.chance();
        if action.channel().is_some() {
            let line = self.line_mut(failed.channel);
            match failed.kind {
                // Nothing was sent.
                ErrorKind::Input => {}
                kind if is_about_the_request(kind) => line.reach(),
                _ => line.fail(now.tick, failed, chance),
            }
        }
        if *action == Action::Reconcile && failed.kind == ErrorKind::Refused {
            self.due.reconcile = now.tick + self.timing.reconcile;
            // It will not say what it has, so there is nothing to wait for.
            self.view.unknown_until = None;
        }
        let time = self.stumbles.fail(now.tick, action, failed, chance)?;
        Some(Event::StillFailing { action: action.clone(), time })
    }

    fn look_at_clock(&mut self, now: Now) -> Option<Event> {
        let passed = now.tick.since(self.seen.tick);
        let expected = self.seen.wall + TimeDelta::from_std(passed).unwrap_or(TimeDelta::MAX);
        let moved = now.wall - expected;
        self.seen = now;
        (moved.abs() > DRIFT).then_some(Event::ClockMoved(moved))
    }
}

/// The channel that is known to work by this answer.
fn proved(action: &Action, answer: &Answer) -> Option<Channel> {
    let is_proof = match (action, answer) {
        (_, Answer::Failed(_) | Answer::Stumbled) => false,
        (Action::Send, answer) => *answer == Answer::Sent,
        // Not every command takes a call.
        (Action::Execute(_), answer) => matches!(answer, Answer::Called(_)),
        _ => true,
    };
    action.channel().filter(|_| is_proof)
}

/// Whether the server answered, and another request may fare better.
fn is_about_the_request(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Refused)
}
