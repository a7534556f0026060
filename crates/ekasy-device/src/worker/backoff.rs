//! How long a channel is left alone after a failure (CRK facts §5 and §6.3).

use std::time::Duration;

use common_core::clock::Tick;

use super::action::Failed;
use crate::ErrorKind;

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
    use crate::channel::Channel;

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
    fn refusals_and_servers_that_name_a_time_wait_at_least_as_long() {
        let lasting = failed(ErrorKind::Forbidden, None);
        assert!(wait(&mut Line::default(), &lasting, 0) >= 450.0);
        let busy = failed(ErrorKind::Server, Some(4));
        assert!(wait(&mut Line::default(), &busy, 0) >= 4.0);
    }
}
