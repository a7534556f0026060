//! The worker without I/O: what to do next, from the time, the journal and the answers.
//!
//! Waiting is measured by the monotonic clock, so that a wall clock that jumps neither floods the
//! repository nor silences the register. What is due next is kept in UTC for the next start
//! ([`Dues`]), and never lies farther ahead there than one interval.

mod answers;
mod state;

use std::{collections::VecDeque, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use common_core::clock::Tick;

pub use state::{Dues, ReadOnly, Start};

use state::{Due, Token, Wanted};

use super::{
    action::{Action, Facts, Now, Todo},
    backoff::Line,
    event::Event,
    options::Timing,
};
use crate::{
    ErrorKind,
    channel::Channel,
    code::ReadOnlyReason,
    ident::{CheckFrequency, CommandId, CommandKind, JpkId, JpkRange, SendFrequency},
    journal::Schedule,
};

/// How often the WebApi is asked while there is no valid schedule: half an hour, as the source
/// document's examples have it.
const FALLBACK: Duration = Duration::from_secs(1800);

/// How far the two clocks may drift apart between two looks before the wall clock counts as moved.
const DRIFT: TimeDelta = TimeDelta::seconds(5);

/// The worker without I/O.
///
/// Asked what to do, it answers with one [`Action`]; told what became of it, it answers with what
/// the host should know. The same inputs give the same outputs.
///
/// ```
/// use common_core::clock::{Clock, ManualClock};
/// use ekasy_device::worker::{Action, Answer, Facts, Machine, Now, Start, Timing};
///
/// let clock = ManualClock::at("2026-02-01T08:00:00Z".parse()?);
/// let mut machine = Machine::new(Timing::default(), Start::default(), Now::of(&clock), 7);
/// let mut done = Vec::new();
/// while done.last() != Some(&Action::Poll) {
///     let action = machine.next(Now::of(&clock), &Facts::default());
///     machine.answer(Now::of(&clock), &action, Answer::Done);
///     done.push(action);
/// }
/// machine.answer(Now::of(&clock), &Action::Poll, Answer::NoCommand);
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Debug)]
pub struct Machine {
    timing: Timing,
    schedule: Option<Schedule>,
    commands: VecDeque<(CommandId, Todo)>,
    /// The command that could not be opened; the second time it is given up.
    unopened: Option<CommandId>,
    due: Due,
    lines: [Line; 3],
    /// The register and its journal, which fail like a channel.
    stumbles: Line,
    read_only: ReadOnly,
    token: Token,
    smaller: u32,
    wanted: Wanted,
    /// What had been sent when the repository was found behind.
    behind: Option<JpkId>,
    seen: Now,
    random: u64,
    is_stopping: bool,
}

impl Machine {
    /// A machine at the beginning of a run. `seed` spreads the waits of registers.
    pub fn new(timing: Timing, start: Start, now: Now, seed: u64) -> Self {
        let mut machine = Self {
            due: Due {
                poll: now.tick,
                send: now.tick,
                reconcile: now.tick,
                certificates: now.tick,
                lease: now.tick + timing.renew_lease,
            },
            timing,
            schedule: start.schedule,
            commands: start.commands.into(),
            unopened: None,
            lines: [Line::default(); 3],
            stumbles: Line::default(),
            read_only: start.read_only,
            token: Token::Good,
            smaller: 0,
            wanted: Wanted::default(),
            behind: None,
            seen: now,
            random: seed,
            is_stopping: false,
        };
        if let Some(dues) = start.dues {
            let tick = |due: DateTime<Utc>, interval: Duration| {
                now.tick + (due - now.wall).to_std().unwrap_or_default().min(interval)
            };
            machine.due.poll = tick(dues.poll, machine.poll_interval());
            machine.due.send = tick(dues.send, machine.send_interval().unwrap_or_default());
            machine.due.reconcile = tick(dues.reconcile, machine.timing.reconcile);
        }
        machine
    }

    /// What to do next.
    pub fn next(&mut self, now: Now, facts: &Facts) -> Action {
        if self.is_stopping {
            return Action::Stop;
        }
        if now.tick >= self.due.lease {
            return Action::RenewLease;
        }
        if !self.stumbles.is_open(now.tick) {
            return Action::Wait(self.stumbles.until().min(self.due.lease).since(now.tick));
        }
        if !facts.has_unpacked {
            self.skip_times(now);
        }
        let action = self.of_read_only(now, facts).or_else(|| self.of_commands(now));
        let action = action.or_else(|| self.of_documents(now, facts));
        action.or_else(|| self.of_upkeep(now)).unwrap_or_else(|| self.wait(now, facts))
    }

    /// Ends the run after the action that is under way.
    pub fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// The register is to become read-only. Once begun there is no way back.
    pub fn become_read_only(&mut self, reason: ReadOnlyReason) {
        if self.read_only == ReadOnly::No {
            self.read_only = ReadOnly::Asked(reason);
        }
    }

    /// Asks the WebApi at once, whatever the schedule says: for a technician at the register.
    pub fn poll_now(&mut self, now: Now) {
        self.due.poll = now.tick;
    }

    /// How often documents of the package that is next were packed smaller.
    pub fn smaller(&self) -> u32 {
        self.smaller
    }

    /// What is due, for the next start.
    pub fn dues(&self, now: Now) -> Dues {
        let wall = |due: Tick| {
            now.wall + TimeDelta::from_std(due.since(now.tick)).unwrap_or(TimeDelta::zero())
        };
        Dues {
            poll: wall(self.due.poll),
            send: wall(self.due.send),
            reconcile: wall(self.due.reconcile),
        }
    }

    /// What [`dues`](Self::dues) tells, to see whether it changed.
    pub(super) fn marks(&self) -> [Tick; 3] {
        [self.due.poll, self.due.send, self.due.reconcile]
    }

    /// Everything goes out before the repository is told: whether it takes documents of a register
    /// that is read-only is not documented (CRK facts §6.1).
    fn of_read_only(&self, now: Now, facts: &Facts) -> Option<Action> {
        let is_all_out = !facts.has_unpacked && facts.waiting == 0;
        match self.read_only {
            ReadOnly::Asked(reason) => Some(Action::BecomeReadOnly(reason)),
            ReadOnly::Local(reason) if is_all_out && self.is_open(Channel::Cpd, now) => {
                Some(Action::AnnounceReadOnly(reason))
            }
            _ => None,
        }
    }

    /// Commands in their order; one that cannot be done now lets the others pass.
    fn of_commands(&self, now: Now) -> Option<Action> {
        let ready = self.commands.iter().find(|(id, todo)| self.can_do(id, *todo, now));
        if let Some((id, todo)) = ready {
            let id = id.clone();
            return Some(match todo {
                Todo::Execute => Action::Execute(id),
                Todo::Reject => Action::Reject(id),
                Todo::Confirm => Action::Confirm(id),
                Todo::AnswerAgain => Action::AnswerAgain(id),
            });
        }
        if self.wanted.keys && self.is_open(Channel::Cpd, now) {
            return Some(Action::FetchKeys);
        }
        let is_due = now.tick >= self.due.poll && self.is_open(Channel::WebApi, now);
        is_due.then_some(Action::Poll)
    }

    fn can_do(&self, id: &CommandId, todo: Todo, now: Now) -> bool {
        match todo {
            Todo::Execute if id.kind() == CommandKind::CallCpdServer => {
                self.is_open(Channel::Cpd, now)
            }
            Todo::Execute | Todo::Reject | Todo::AnswerAgain => true,
            Todo::Confirm => self.is_open(Channel::WebApi, now),
        }
    }

    fn of_documents(&self, now: Now, facts: &Facts) -> Option<Action> {
        if self.wanted.withdrawal {
            return Some(Action::Withdraw);
        }
        if let Some(range) = self.wanted.repetition {
            return Some(Action::Repeat(range));
        }
        if facts.has_unpacked && self.is_packing_due(now, facts) {
            return Some(Action::Pack);
        }
        if facts.waiting == 0 || !self.is_open(Channel::EventHub, now) {
            return None;
        }
        let is_over = facts.token_until.is_none_or(|until| now.wall >= until);
        let is_new = self.token == Token::Untried && facts.token_until.is_some();
        if !is_new && (is_over || self.token == Token::Refused) {
            return self.is_open(Channel::WebApi, now).then_some(Action::FetchToken);
        }
        Some(Action::Send)
    }

    /// Whether documents go out now: by the interval, after each document, and, whatever the
    /// interval, after a daily report (source document, section 2.3.2.2); whatever the schedule, at
    /// the end of fiscal life.
    fn is_packing_due(&self, now: Now, facts: &Facts) -> bool {
        if matches!(self.read_only, ReadOnly::Local(_)) {
            return true;
        }
        let Some(schedule) = &self.schedule else { return false };
        match schedule.send {
            SendFrequency::Every(_) => {
                now.tick >= self.due.send || facts.has_report || self.smaller > 0
            }
            SendFrequency::AfterEachDocument => true,
            SendFrequency::Suspended | SendFrequency::Undefined => false,
        }
    }

    fn of_upkeep(&self, now: Now) -> Option<Action> {
        if now.tick >= self.due.reconcile && self.is_open(Channel::Cpd, now) {
            return Some(Action::Reconcile);
        }
        (now.tick >= self.due.certificates).then_some(Action::CheckCertificates)
    }

    /// How long nothing is to be done. A while at least, so that no mistake here can spin.
    fn wait(&self, now: Now, facts: &Facts) -> Action {
        let (web, hub, cpd) = (
            self.line(Channel::WebApi).until(),
            self.line(Channel::EventHub).until(),
            self.line(Channel::Cpd).until(),
        );
        let mut next = self.due.lease.min(self.due.certificates).min(self.due.reconcile.max(cpd));
        next = next.min(self.due.poll.max(web));
        if facts.waiting > 0 {
            // A token may be what is missing.
            next = next.min(hub.max(if hub <= now.tick { web } else { hub }));
        }
        if facts.has_unpacked && matches!(self.send_frequency(), Some(SendFrequency::Every(_))) {
            next = next.min(self.due.send);
        }
        if self.commands.iter().any(|(_, todo)| *todo == Todo::Confirm) {
            next = next.min(web);
        }
        let needs_cpd = self.commands.iter().any(|(_, todo)| *todo == Todo::Execute);
        let is_last = matches!(self.read_only, ReadOnly::Local(_)) && facts.waiting == 0;
        if needs_cpd || self.wanted.keys || is_last {
            next = next.min(cpd);
        }
        Action::Wait(next.since(now.tick).max(Duration::from_millis(100)))
    }

    fn poll_interval(&self) -> Duration {
        match self.schedule.as_ref().map(|schedule| schedule.check) {
            Some(CheckFrequency::Every(interval)) => interval.duration(),
            _ => FALLBACK,
        }
    }

    fn send_frequency(&self) -> Option<SendFrequency> {
        self.schedule.as_ref().map(|schedule| schedule.send)
    }

    fn send_interval(&self) -> Option<Duration> {
        match self.send_frequency()? {
            SendFrequency::Every(interval) => Some(interval.duration()),
            _ => None,
        }
    }

    fn is_open(&self, channel: Channel, now: Now) -> bool {
        self.line(channel).is_open(now.tick)
    }

    fn line(&self, channel: Channel) -> &Line {
        let [cpd, web_api, event_hub] = &self.lines;
        match channel {
            Channel::Cpd => cpd,
            Channel::WebApi => web_api,
            Channel::EventHub => event_hub,
        }
    }

    fn line_mut(&mut self, channel: Channel) -> &mut Line {
        let [cpd, web_api, event_hub] = &mut self.lines;
        match channel {
            Channel::Cpd => cpd,
            Channel::WebApi => web_api,
            Channel::EventHub => event_hub,
        }
    }

    /// The next number of a splitmix64 sequence: spreads waits, guards nothing.
    fn chance(&mut self) -> u32 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
