//! How long a channel, or an action, is left alone after a failure (CRK facts §5 and §6.3).

use std::time::Duration;

use common_core::clock::Tick;

use super::action::{Action, Failed};
use crate::{ErrorKind, channel::Channel};

/// The first wait.
const FIRST: Duration = Duration::from_secs(5);

/// The longest wait: an outage that ends is noticed after a quarter of an hour.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The shortest wait after a refusal that does not heal by itself, such as 403.
const REFUSED: Duration = Duration::from_secs(15 * 60);

/// After how many connections in a row that could not be made a server counts as unreachable: one
/// minute, more or less.
const UNREACHABLE: u32 = 5;

/// How long a call fails before somebody is told.
const ALARM: Duration = Duration::from_secs(3600);

/// When it is told again.
const AGAIN: Duration = Duration::from_secs(24 * 3600);

/// How long a failure is remembered that nobody has tried to mend.
const FORGOTTEN: Duration = Duration::from_secs(4 * 3600);

/// One channel, as far as it fails.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    failures: u32,
    unreached: u32,
    until: Tick,
}

impl Line {
    /// When it may be used.
    pub(super) fn until(&self) -> Tick {
        self.until
    }

    pub(super) fn is_open(&self, now: Tick) -> bool {
        now >= self.until
    }

    /// The waits double from 5 s to 15 min, each shortened by up to a half, so that registers
    /// which lost the repository together do not come back together.
    pub(super) fn fail(&mut self, now: Tick, failed: &Failed, chance: u32) {
        let doubled = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        let base = if is_lasting(failed.kind) { doubled.max(REFUSED) } else { doubled };
        let wait = base / 2 + (base / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX));
        self.failures = self.failures.saturating_add(1);
        let is_unreached = failed.kind == ErrorKind::Connect;
        self.unreached = if is_unreached { self.unreached.saturating_add(1) } else { 0 };
        self.until = now + wait.max(failed.retry_after.unwrap_or_default());
    }

    /// Leaves it alone for that long.
    pub(super) fn hold(&mut self, now: Tick, wait: Duration) {
        self.until = now + wait;
    }

    /// The server answered, though not with success.
    pub(super) fn reach(&mut self) {
        self.unreached = 0;
    }

    /// Whether no connection could be made again and again.
    pub(super) fn is_unreachable(&self) -> bool {
        self.unreached >= UNREACHABLE
    }

    /// It worked; how many failures came before.
    pub(super) fn succeed(&mut self) -> u32 {
        std::mem::take(self).failures
    }
}

/// Actions that failed.
///
/// Each is left alone by itself, so that one which fails for ever holds up no other.
#[derive(Debug, Default)]
pub(super) struct Stumbles(Vec<Stumble>);

#[derive(Debug)]
struct Stumble {
    action: Action,
    line: Line,
    /// The first failure.
    since: Tick,
    /// When somebody has to be told.
    alarm: Tick,
}

impl Stumbles {
    /// When it may be tried again; at the beginning of time when it did not fail.
    pub(super) fn until(&self, action: &Action) -> Tick {
        let known = self.0.iter().find(|one| one.action == *action);
        known.map_or(Tick::ZERO, |one| one.line.until())
    }

    /// The waits grow as those of a channel do. Tells for how long it has failed, now and then.
    pub(super) fn fail(
        &mut self,
        now: Tick,
        action: &Action,
        failed: &Failed,
        chance: u32,
    ) -> Option<Duration> {
        let stumble = self.of(now, action);
        stumble.line.fail(now, failed, chance);
        if now < stumble.alarm {
            return None;
        }
        stumble.alarm = now + AGAIN;
        Some(now.since(stumble.since))
    }

    /// Leaves it alone for that long.
    pub(super) fn hold(&mut self, now: Tick, action: &Action, wait: Duration) {
        self.of(now, action).line.hold(now, wait);
    }

    /// It was done.
    pub(super) fn succeed(&mut self, action: &Action) {
        self.0.retain(|one| one.action != *action);
    }

    /// What failed on that channel may be tried now.
    pub(super) fn open(&mut self, now: Tick, channel: Channel) {
        let waiting = self.0.iter_mut().filter(|one| one.line.until() > now);
        waiting.filter(|one| one.action.channel() == Some(channel)).for_each(|one| {
            one.line.hold(now, Duration::ZERO);
        });
    }

    /// When the next of them may be tried again.
    pub(super) fn next(&self, now: Tick) -> Option<Tick> {
        self.0.iter().map(|one| one.line.until()).filter(|until| *until > now).min()
    }

    /// What is known of that action, as the last one.
    fn of(&mut self, now: Tick, action: &Action) -> &mut Stumble {
        // What nobody has wanted again for a while begins anew.
        self.0.retain(|one| one.line.until() + FORGOTTEN > now);
        let place = self.0.iter().position(|one| one.action == *action);
        let place = place.unwrap_or_else(|| {
            let (action, line) = (action.clone(), Line::default());
            self.0.push(Stumble { action, line, since: now, alarm: now + ALARM });
            self.0.len() - 1
        });
        &mut self.0[place]
    }
}

/// Whether somebody has to do something before it can succeed.
fn is_lasting(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Refused
            | ErrorKind::Invalid
            | ErrorKind::Input
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(kind: ErrorKind, retry_after: Option<u64>) -> Failed {
        let retry_after = retry_after.map(Duration::from_secs);
        Failed { channel: Channel::WebApi, kind, retry_after }
    }

    fn after(seconds: u64) -> Tick {
        Tick::new(Duration::from_secs(seconds))
    }

    fn wait(line: &mut Line, failed: &Failed, chance: u32) -> f64 {
        line.fail(Tick::ZERO, failed, chance);
        line.until().since_start().as_secs_f64()
    }

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour() {
        let (mut shortest, mut longest) = (Line::default(), Line::default());
        let failed = failed(ErrorKind::Connect, None);
        for expected in [5, 10, 20, 40, 80, 160, 320, 640, 900, 900] {
            let expected = f64::from(expected);
            assert!((wait(&mut longest, &failed, u32::MAX) - expected).abs() < 1e-6);
            assert!((wait(&mut shortest, &failed, 0) - expected / 2.0).abs() < 1e-6);
        }
        assert_eq!(longest.succeed(), 10);
        assert!(longest.is_open(Tick::ZERO));
    }

    #[test]
    fn an_action_that_fails_is_left_alone_by_itself_and_forgotten_when_nobody_wants_it() {
        let mut stumbles = Stumbles::default();
        let local = failed(ErrorKind::Local, None);
        assert_eq!(stumbles.fail(Tick::ZERO, &Action::Pack, &local, u32::MAX), None);
        assert_eq!(stumbles.until(&Action::Pack), after(5));
        assert_eq!(stumbles.until(&Action::Send), Tick::ZERO);
        assert_eq!(stumbles.next(Tick::ZERO), Some(after(5)));
        assert_eq!(stumbles.next(after(5)), None);
        stumbles.fail(after(5), &Action::Pack, &local, u32::MAX);
        assert_eq!(stumbles.next(after(5)), Some(after(15)));
        stumbles.hold(after(20_000), &Action::Send, Duration::from_secs(60));
        assert_eq!(stumbles.0.len(), 1, "packing was wanted hours ago");
        stumbles.succeed(&Action::Send);
        assert_eq!(stumbles.until(&Action::Send), Tick::ZERO);
    }

    #[test]
    fn what_fails_for_an_hour_is_told_and_then_once_a_day() {
        let mut stumbles = Stumbles::default();
        let server = failed(ErrorKind::Server, None);
        let hour = 3600;
        let told: Vec<_> = (0..60)
            .filter_map(|hours| {
                let time = stumbles.fail(after(hours * hour), &Action::Poll, &server, 0)?;
                Some((hours, time))
            })
            .collect();
        let expected = [1, 25, 49].map(|hours| (hours, Duration::from_secs(hours * hour)));
        assert_eq!(told, expected);
        stumbles.succeed(&Action::Poll);
        assert_eq!(stumbles.fail(after(60 * hour), &Action::Poll, &server, 0), None);
    }

    #[test]
    fn only_what_failed_on_a_channel_is_tried_when_it_works_again() {
        let mut stumbles = Stumbles::default();
        for action in [Action::Poll, Action::Reconcile, Action::Pack] {
            stumbles.fail(Tick::ZERO, &action, &failed(ErrorKind::Server, None), u32::MAX);
        }
        stumbles.open(after(1), Channel::WebApi);
        let until = [Action::Poll, Action::Reconcile, Action::Pack].map(|one| stumbles.until(&one));
        assert_eq!(until, [after(1), after(5), after(5)]);
    }

    #[test]
    fn a_server_is_unreachable_when_no_connection_could_be_made_again_and_again() {
        let connect = failed(ErrorKind::Connect, None);
        let mut line = Line::default();
        for times in 0..5 {
            assert!(!line.is_unreachable(), "after {times}");
            line.fail(Tick::ZERO, &connect, 0);
        }
        assert!(line.is_unreachable());
        line.fail(Tick::ZERO, &failed(ErrorKind::Server, None), 0);
        assert!(!line.is_unreachable(), "it answered");
    }

    #[test]
    fn refusals_and_servers_that_name_a_time_wait_at_least_as_long() {
        let lasting = failed(ErrorKind::Forbidden, None);
        assert!(wait(&mut Line::default(), &lasting, 0) >= 450.0);
        let busy = failed(ErrorKind::Server, Some(4));
        assert!(wait(&mut Line::default(), &busy, 0) >= 4.0);
    }
}
