//! The retry decision, as a pure function.
//!
//! It sees what the call does ([`Effect`]), how far it got ([`Phase`]), what the server asked for
//! and how much time is left; it sleeps nowhere and draws no random number itself.
//! The one rule that matters: a call that may be done only once is never repeated after bytes may
//! have left, unless the server itself said that it did not process it (429).

use std::time::Duration;

use crate::effect::{Effect, ErrorKind, Phase};

/// How often and how patiently a failed call is tried again.
///
/// The waiting time before try *n* is drawn evenly between zero and `base * 2^(n-2)`, at most
/// `cap` ("full jitter"), and is never shorter than what the server asked for.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use common_core::retry::RetryPolicy;
///
/// let patient = RetryPolicy::default().attempts(6).cap(Duration::from_secs(60));
/// assert_eq!(RetryPolicy::never().max_attempts(), 1);
/// # let _ = patient;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    attempts: u32,
    base: Duration,
    cap: Duration,
}

impl Default for RetryPolicy {
    /// Four tries, waiting up to 250 ms, 500 ms and 1 s between them; cap 20 s.
    fn default() -> Self {
        Self { attempts: 4, base: Duration::from_millis(250), cap: Duration::from_secs(20) }
    }
}

impl RetryPolicy {
    /// One try only.
    pub const fn never() -> Self {
        Self { attempts: 1, base: Duration::ZERO, cap: Duration::ZERO }
    }

    /// Sets the number of tries, the first one included; zero counts as one.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// Sets the upper bound of the first wait.
    #[must_use]
    pub const fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// Sets the upper bound of every wait that the server did not ask for.
    #[must_use]
    pub const fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// The number of tries, the first one included.
    pub const fn max_attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether and when to try again after `failure`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use common_core::{effect::{Effect, ErrorKind, Phase}, retry::*};
    ///
    /// let lost = Failure { kind: ErrorKind::Timeout, phase: Phase::MaybeSent, retry_after: None };
    /// let once = Attempt { number: 1, effect: Effect::Once, remaining: None, jitter: Jitter::MAX };
    /// let read = Attempt { effect: Effect::Read, ..once };
    /// let policy = RetryPolicy::default();
    /// assert_eq!(policy.decide(&once, &lost), Decision::GiveUp(GiveUp::MayHaveHappened));
    /// assert_eq!(policy.decide(&read, &lost), Decision::Again(Duration::from_millis(250)));
    /// ```
    pub fn decide(&self, attempt: &Attempt, failure: &Failure) -> Decision {
        if let Err(reason) = may_repeat(attempt.effect, failure) {
            return Decision::GiveUp(reason);
        }
        if attempt.number >= self.attempts {
            return Decision::GiveUp(GiveUp::Attempts);
        }
        let wait = self.backoff(attempt).max(failure.retry_after.unwrap_or(Duration::ZERO));
        match attempt.remaining {
            Some(remaining) if wait >= remaining => Decision::GiveUp(GiveUp::Deadline),
            _ => Decision::Again(wait),
        }
    }

    fn backoff(&self, attempt: &Attempt) -> Duration {
        let doublings = attempt.number.saturating_sub(1).min(31);
        let ceiling = self.base.saturating_mul(1 << doublings).min(self.cap);
        attempt.jitter.part_of(ceiling)
    }
}

/// Randomness for one wait, drawn by the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter(u32);

impl Jitter {
    /// No wait at all.
    pub const MIN: Self = Self(0);
    /// The whole wait.
    pub const MAX: Self = Self(u32::MAX);

    /// Makes jitter of any random number.
    pub const fn new(random: u32) -> Self {
        Self(random)
    }

    fn part_of(self, whole: Duration) -> Duration {
        let nanos = whole.as_nanos() * u128::from(self.0) / u128::from(u32::MAX);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// The try that failed.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// 1 for the first try.
    pub number: u32,
    /// What the call does.
    pub effect: Effect,
    /// Time left until the call's deadline, if it has one.
    pub remaining: Option<Duration>,
    /// Randomness for the wait.
    pub jitter: Jitter,
}

/// How it failed.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// Why.
    pub kind: ErrorKind,
    /// How far the request got.
    pub phase: Phase,
    /// The server's `Retry-After`.
    pub retry_after: Option<Duration>,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again after this wait.
    Again(Duration),
    /// Report the failure.
    GiveUp(GiveUp),
}

/// Why a failure is reported instead of tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUp {
    /// Another try would fail the same way.
    Permanent,
    /// The call may be done only once and may have been done.
    MayHaveHappened,
    /// All tries are used up.
    Attempts,
    /// The wait would reach past the deadline.
    Deadline,
}

fn may_repeat(effect: Effect, failure: &Failure) -> Result<(), GiveUp> {
    if !failure.kind.is_transient() {
        return Err(GiveUp::Permanent);
    }
    let not_processed = failure.phase == Phase::NotSent
        || (failure.phase == Phase::Answered && failure.kind == ErrorKind::TooManyRequests);
    match effect {
        Effect::Read | Effect::Idempotent => Ok(()),
        Effect::Once if not_processed => Ok(()),
        Effect::Once => Err(GiveUp::MayHaveHappened),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attempt(number: u32, effect: Effect) -> Attempt {
        Attempt { number, effect, remaining: None, jitter: Jitter::MAX }
    }

    fn answered(kind: ErrorKind, retry_after: Option<u64>) -> Failure {
        let retry_after = retry_after.map(Duration::from_secs);
        Failure { kind, phase: Phase::Answered, retry_after }
    }

    #[test]
    fn the_servers_wish_is_obeyed_for_every_effect() {
        for effect in [Effect::Read, Effect::Idempotent, Effect::Once] {
            let failure = answered(ErrorKind::TooManyRequests, Some(30));
            let decision = RetryPolicy::default().decide(&attempt(1, effect), &failure);
            assert_eq!(decision, Decision::Again(Duration::from_secs(30)));
        }
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let policy = RetryPolicy::default().attempts(100).cap(Duration::from_secs(1));
        let waits: Vec<_> = (1..=4)
            .map(|n| policy.decide(&attempt(n, Effect::Read), &answered(ErrorKind::Server, None)))
            .collect();
        let millis = |ms| Decision::Again(Duration::from_millis(ms));
        assert_eq!(waits, [millis(250), millis(500), millis(1000), millis(1000)]);
    }

    #[test]
    fn no_wait_is_taken_after_the_last_try_or_past_the_deadline() {
        let policy = RetryPolicy::default();
        let failure = answered(ErrorKind::Server, Some(5));
        assert_eq!(
            policy.decide(&attempt(4, Effect::Read), &failure),
            Decision::GiveUp(GiveUp::Attempts)
        );
        let close = Attempt { remaining: Some(Duration::from_secs(5)), ..attempt(1, Effect::Read) };
        assert_eq!(policy.decide(&close, &failure), Decision::GiveUp(GiveUp::Deadline));
    }

    #[test]
    fn permanent_failures_are_reported_at_once() {
        for kind in [ErrorKind::Invalid, ErrorKind::NotFound, ErrorKind::Conflict] {
            let decision =
                RetryPolicy::default().decide(&attempt(1, Effect::Read), &answered(kind, None));
            assert_eq!(decision, Decision::GiveUp(GiveUp::Permanent));
        }
    }

    fn any_kind() -> impl Strategy<Value = ErrorKind> {
        use ErrorKind as K;
        let statuses = (300u16..600).prop_map(|s| K::of_status(s).unwrap());
        let others = prop::sample::select(vec![
            K::Connect,
            K::Timeout,
            K::Interrupted,
            K::Deadline,
            K::Decode,
            K::Input,
            K::Guarded,
        ]);
        prop_oneof![statuses, others]
    }

    proptest! {
        #[test]
        fn a_call_that_may_have_happened_once_is_never_repeated(
            kind in any_kind(),
            phase in prop::sample::select(vec![Phase::NotSent, Phase::MaybeSent, Phase::Answered]),
            number in 1u32..10,
            random in any::<u32>(),
            retry_after in prop::option::of(0u64..100),
        ) {
            let attempt = Attempt {
                number,
                effect: Effect::Once,
                remaining: None,
                jitter: Jitter::new(random),
            };
            let retry_after = retry_after.map(Duration::from_secs);
            let decision =
                RetryPolicy::default().decide(&attempt, &Failure { kind, phase, retry_after });
            if kind.may_have_happened(Effect::Once, phase) {
                prop_assert!(matches!(decision, Decision::GiveUp(_)));
            }
            if let Decision::Again(wait) = decision {
                prop_assert!(wait >= retry_after.unwrap_or_default());
            }
        }
    }
}
