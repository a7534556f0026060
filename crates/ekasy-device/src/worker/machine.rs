//! The worker without I/O: what to do next, from the time, the journal and the answers.
//!
//! Waiting is measured by the monotonic clock, so that a wall clock that jumps neither floods the
//! repository nor silences the register. What is due next is kept in UTC for the next start
//! ([`Dues`]), and never lies farther ahead there than one interval.

mod answers;
mod repository;
mod state;

use std::{
    collections::{BTreeMap, VecDeque},
    iter,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use common_core::clock::Tick;

pub use state::{Dues, ReadOnly, Start};

use state::{Due, Token, View, Wanted};

use super::{
    action::{Action, Facts, Now, Todo},
    backoff::{Line, Stumbles},
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

/// How long the first documents of a run wait for the repository to say what it has.
const UNKNOWN: Duration = Duration::from_secs(3600);

/// The channels whose servers are known by their pins.
const PINNED: [Channel; 2] = [Channel::Cpd, Channel::WebApi];

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
    /// Commands that could not be opened, and whether new keys were fetched since. One that has
    /// those and cannot be opened is given up.
    unopened: BTreeMap<CommandId, bool>,
    due: Due,
    lines: [Line; 3],
    /// What failed, in a call or on this side.
    stumbles: Stumbles,
    read_only: ReadOnly,
    token: Token,
    smaller: u32,
    /// How often packages can be made smaller at most.
    smallest: u32,
    wanted: Wanted,
    /// How often new keys were fetched and did not make the servers known again.
    useless_keys: u32,
    view: View,
    /// Whether packages wait, as far as was told.
    is_waiting: bool,
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
                keys: now.tick,
            },
            timing,
            schedule: start.schedule,
            commands: start.commands.into(),
            unopened: BTreeMap::new(),
            lines: [Line::default(); 3],
            stumbles: Stumbles::default(),
            read_only: start.read_only,
            token: Token::Good,
            smaller: 0,
            smallest: answers::SMALLER,
            wanted: Wanted::default(),
            useless_keys: 0,
            view: View {
                unknown_until: Some(now.tick + UNKNOWN),
                ahead: start.ahead,
                ..View::default()
            },
            is_waiting: false,
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
            if machine.view.ahead.is_none() {
                machine.due.reconcile = tick(dues.reconcile, machine.timing.reconcile);
            }
        }
        machine
    }

    /// What to do next.
    pub fn next(&mut self, now: Now, facts: &Facts) -> Action {
        if self.is_stopping {
            return Action::Stop;
        }
        self.is_waiting = facts.waiting > 0;
        if !facts.has_unpacked {
            self.skip_times(now);
        }
        let mut wanted = Vec::new();
        if now.tick >= self.due.lease {
            wanted.push(Action::RenewLease);
        }
        wanted.extend(self.of_read_only(now, facts));
        self.of_commands(now, &mut wanted);
        self.of_documents(now, facts, &mut wanted);
        self.of_upkeep(now, &mut wanted);
        self.first_of(wanted, now).unwrap_or_else(|| self.wait(now, facts))
    }

    /// The first that can be done now. What failed gives way to everything else on its channel, and
    /// then to what failed before it, so that a call which fails for ever holds up no other.
    fn first_of(&self, wanted: Vec<Action>, now: Now) -> Option<Action> {
        let mut ready = wanted.into_iter().filter(|action| self.is_ready(action, now));
        let first = ready.next()?;
        let Some(channel) = first.channel() else { return Some(first) };
        let others = ready.filter(|action| action.channel() == Some(channel));
        iter::once(first).chain(others).min_by_key(|action| self.stumbles.until(action))
    }

    fn is_ready(&self, action: &Action, now: Now) -> bool {
        let is_open = action.channel().is_none_or(|channel| self.is_open(channel, now));
        is_open && now.tick >= self.stumbles.until(action)
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

    /// How far the register is on its way to be read-only.
    pub fn read_only(&self) -> ReadOnly {
        self.read_only
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
        let is_known = self.view.ahead.is_none() && !self.is_unknown(now);
        match self.read_only {
            ReadOnly::Asked(reason) => Some(Action::BecomeReadOnly(reason)),
            ReadOnly::Local(reason) if self.is_last(facts) && is_known => {
                Some(Action::AnnounceReadOnly(reason))
            }
            _ => None,
        }
    }

    /// Whether only the end of fiscal life is to be told.
    fn is_last(&self, facts: &Facts) -> bool {
        let is_all_out = !facts.has_unpacked && facts.waiting == 0;
        matches!(self.read_only, ReadOnly::Local(_)) && is_all_out
    }

    /// Commands in their order; one that cannot be done now lets the others pass.
    fn of_commands(&self, now: Now, wanted: &mut Vec<Action>) {
        // While the repository is ahead, another journal has what is asked for.
        let can_answer = self.view.ahead.is_none();
        wanted.extend(self.commands.iter().filter_map(|(id, todo)| {
            let id = id.clone();
            Some(match todo {
                Todo::Execute if is_for_documents(&id) && !can_answer => return None,
                Todo::Execute if is_for_documents(&id) && self.is_unknown(now) => Action::Reconcile,
                Todo::Execute => Action::Execute(id),
                Todo::Reject => Action::Reject(id),
                Todo::Confirm => Action::Confirm(id),
                Todo::AnswerAgain => Action::AnswerAgain(id),
            })
        }));
        if self.wanted.keys || (self.are_pins_doubted() && now.tick >= self.due.keys) {
            wanted.push(Action::FetchKeys);
        }
        if now.tick >= self.due.poll {
            wanted.push(Action::Poll);
        }
    }

    /// Whether a server that is known by its pins does not let itself be reached: it may have
    /// another certificate by now, of which only CMD07 tells, since that goes by the authorities.
    fn are_pins_doubted(&self) -> bool {
        PINNED.into_iter().any(|one| self.line(one).is_unreachable())
    }

    /// What is new goes out before anything is sent again, and nothing goes out while the
    /// repository has, or may have, documents that the journal does not know.
    fn of_documents(&self, now: Now, facts: &Facts, wanted: &mut Vec<Action>) {
        if self.wanted.withdrawal {
            // The package that is next is the one that was refused.
            return wanted.push(Action::Withdraw);
        }
        if self.view.ahead.is_some() {
            return;
        }
        let is_due = facts.has_unpacked && self.is_packing_due(now, facts);
        if (is_due || facts.waiting > 0 || self.is_last(facts)) && self.is_unknown(now) {
            return wanted.push(Action::Reconcile);
        }
        if is_due {
            wanted.push(Action::Pack);
        }
        if facts.waiting > 0 {
            wanted.extend(self.of_packages(now, facts));
        } else {
            wanted.extend(self.wanted.repetition.map(Action::Repeat));
        }
    }

    /// Whether what the repository has is waited for.
    fn is_unknown(&self, now: Now) -> bool {
        self.view.unknown_until.is_some_and(|until| now.tick < until)
    }

    fn of_packages(&self, now: Now, facts: &Facts) -> Option<Action> {
        if !self.is_open(Channel::EventHub, now) {
            return None;
        }
        let is_over = facts.token_until.is_none_or(|until| now.wall >= until);
        let is_new = self.token == Token::Untried && facts.token_until.is_some();
        let is_useless = !is_new && (is_over || self.token == Token::Refused);
        Some(if is_useless { Action::FetchToken } else { Action::Send })
    }

    /// Whether documents go out now: by the interval, after each document, and, whatever the
    /// interval, after a daily report (source document, section 2.3.2.2); whatever the schedule, at
    /// the end of fiscal life. A report flushes what the schedule has due (CRK facts §6.2): nothing,
    /// while sending is suspended or undefined.
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

    fn of_upkeep(&self, now: Now, wanted: &mut Vec<Action>) {
        if now.tick >= self.due.reconcile {
            wanted.push(Action::Reconcile);
        }
        if now.tick >= self.due.certificates {
            wanted.push(Action::CheckCertificates);
        }
    }

    /// How long nothing is to be done. A while at least, so that no mistake here can spin.
    fn wait(&self, now: Now, facts: &Facts) -> Action {
        let until = |channel| self.line(channel).until();
        let (web, hub, cpd) =
            (until(Channel::WebApi), until(Channel::EventHub), until(Channel::Cpd));
        let mut times = vec![
            self.due.lease,
            self.due.certificates,
            self.due.reconcile.max(cpd),
            self.due.poll.max(web),
        ];
        if facts.waiting > 0 {
            // A token may be what is missing.
            times.push(hub.max(if hub <= now.tick { web } else { hub }));
        }
        if facts.has_unpacked && matches!(self.send_frequency(), Some(SendFrequency::Every(_))) {
            times.push(self.due.send);
        }
        if self.commands.iter().any(|(_, todo)| *todo == Todo::Confirm) {
            times.push(web);
        }
        let is_to_execute = self.commands.iter().any(|(_, todo)| *todo == Todo::Execute);
        let is_to_send = facts.has_unpacked || facts.waiting > 0 || self.is_last(facts);
        if is_to_execute || is_to_send {
            times.extend(self.view.unknown_until);
            times.push(cpd);
        }
        if self.are_pins_doubted() {
            times.push(self.due.keys);
        }
        // Where the time has come and nothing is done, something else is waited for.
        let next = times.into_iter().filter(|time| *time > now.tick);
        let next = next.chain(self.stumbles.next(now.tick)).min().unwrap_or(now.tick);
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

/// Whether it is CMD06.
fn is_for_documents(id: &CommandId) -> bool {
    id.kind() == CommandKind::DetailedDocuments
}

#[cfg(test)]
mod tests;
