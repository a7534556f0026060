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

/// One channel, as far as it fails.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    failures: u32,
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
        self.until = now + wait.max(failed.retry_after.unwrap_or_default());
    }

    /// Leaves it alone for that long.
    pub(super) fn hold(&mut self, now: Tick, wait: Duration) {
        self.until = now + wait;
    }

    /// It worked; how many failures came before.
    pub(super) fn succeed(&mut self) -> u32 {
        std::mem::take(self).failures
    }
}

/// Actions that failed without a channel to blame: the register, its journal or the packing did.
///
/// Each is left alone by itself, so that one which fails for ever holds up no other.
#[derive(Debug, Default)]
pub(super) struct Stumbles(Vec<(Action, Line)>);

impl Stumbles {
    /// Whether it may be tried.
    pub(super) fn is_open(&self, action: &Action, now: Tick) -> bool {
        self.0.iter().all(|(one, line)| one != action || line.is_open(now))
    }

    /// The waits grow as those of a channel do.
    pub(super) fn fail(&mut self, now: Tick, action: &Action, chance: u32) {
        let (channel, kind) = (Channel::Cpd, ErrorKind::Local);
        let failed = Failed { channel, kind, retry_after: None };
        self.change(now, action, |line| line.fail(now, &failed, chance));
    }

    /// Leaves it alone for that long.
    pub(super) fn hold(&mut self, now: Tick, action: &Action, wait: Duration) {
        self.change(now, action, |line| line.hold(now, wait));
    }

    /// It was done.
    pub(super) fn succeed(&mut self, action: &Action) {
        self.0.retain(|(one, _)| one != action);
    }

    /// When the next of them may be tried again.
    pub(super) fn next(&self, now: Tick) -> Option<Tick> {
        self.0.iter().map(|(_, line)| line.until()).filter(|until| *until > now).min()
    }

    fn change(&mut self, now: Tick, action: &Action, change: impl FnOnce(&mut Line)) {
        let known = self.0.iter().find(|(one, _)| one == action);
        let mut line = known.map(|(_, line)| *line).unwrap_or_default();
        change(&mut line);
        // What nobody has wanted again for a while begins anew.
        self.0.retain(|(one, line)| one != action && line.until() + LONGEST > now);
        self.0.push((action.clone(), line));
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
        stumbles.fail(Tick::ZERO, &Action::Pack, u32::MAX);
        assert!(!stumbles.is_open(&Action::Pack, Tick::ZERO));
        assert!(stumbles.is_open(&Action::Send, Tick::ZERO));
        let after = |seconds| Tick::new(Duration::from_secs(seconds));
        assert_eq!(stumbles.next(Tick::ZERO), Some(after(5)));
        assert!(stumbles.is_open(&Action::Pack, after(5)));
        assert_eq!(stumbles.next(after(5)), None);
        stumbles.fail(after(5), &Action::Pack, u32::MAX);
        assert_eq!(stumbles.next(after(5)), Some(after(15)));
        stumbles.hold(after(2000), &Action::Send, Duration::from_secs(60));
        assert_eq!(stumbles.0.len(), 1, "packing was wanted half an hour ago");
        stumbles.succeed(&Action::Send);
        assert!(stumbles.is_open(&Action::Send, after(2000)));
    }

    #[test]
    fn refusals_and_servers_that_name_a_time_wait_at_least_as_long() {
        let lasting = failed(ErrorKind::Forbidden, None);
        assert!(wait(&mut Line::default(), &lasting, 0) >= 450.0);
        let busy = failed(ErrorKind::Server, Some(4));
        assert!(wait(&mut Line::default(), &busy, 0) >= 4.0);
    }
}
