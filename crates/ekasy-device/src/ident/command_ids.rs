//! Identifiers that never repeat.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{CommandId, CommandKind, IdentError, Moment, UniqueNumber};

/// Gives out command identifiers in growing order: never the same twice, whatever the clock does.
///
/// The moment of an identifier is the clock's, or the next one behind the last one given out when
/// the clock stands still or was set back (CRK facts §7, 24). All identifiers end in the same digit
/// of the milliseconds, so a moment may lie up to 9 ms ahead; [`set_back`](Self::set_back) takes the
/// next digit, and goes on from the clock without ever meeting what was given out before.
/// This type reads no clock and keeps no file: the time comes in, and [`last`](Self::last) goes
/// out. Store `last` durably **before** an identifier is used, and hand it to
/// [`resume`](Self::resume) after a restart.
///
/// ```
/// use ekasy_device::ident::{CommandIds, CommandKind, UniqueNumber};
///
/// let register = UniqueNumber::parse("WTE2001000009")?;
/// let now = "2026-02-01T08:00:00Z".parse()?;
/// let mut ids = CommandIds::new(register.clone());
/// let first = ids.next(CommandKind::TestCpd, now)?;
/// let second = ids.next(CommandKind::TestCpd, now)?;
/// assert!(first < second);
///
/// let mut resumed = CommandIds::resume(register, ids.last());
/// let earlier = now - chrono::TimeDelta::hours(1);
/// assert!(resumed.next(CommandKind::TestCpd, earlier)? > second);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandIds {
    number: UniqueNumber,
    last: Option<Moment>,
}

/// How far ahead the repository takes the identifier of a fiscalisation.
const WINDOW: TimeDelta = TimeDelta::hours(2);

impl CommandIds {
    /// A generator for a register that has never given out an identifier.
    pub const fn new(number: UniqueNumber) -> Self {
        Self { number, last: None }
    }

    /// A generator that goes on behind `last`, the stored [`last`](Self::last) of an earlier one.
    pub const fn resume(number: UniqueNumber, last: Option<Moment>) -> Self {
        Self { number, last }
    }

    /// The register.
    pub const fn unique_number(&self) -> &UniqueNumber {
        &self.number
    }

    /// The moment of the identifier that was given out last.
    pub const fn last(&self) -> Option<Moment> {
        self.last
    }

    /// The next identifier at the time `now`.
    ///
    /// Fails only when the year 9999 is used up, which a damaged store could pretend; nothing is
    /// given out then, because it would be a repetition.
    pub fn next(&mut self, kind: CommandKind, now: DateTime<Utc>) -> Result<CommandId, IdentError> {
        let error = IdentError::new("a next identifier", "a last moment before the year 10000");
        let least = match self.last {
            Some(last) => Moment::from(now).max(last.next().ok_or(error)?),
            None => now.into(),
        };
        let moment = least.ending_in(self.digit()).ok_or(error)?;
        self.last = Some(moment);
        Ok(CommandId::new(kind, &self.number, moment))
    }

    /// Goes on from `now`, after identifiers were given out by a clock that was ahead. None of
    /// them, nor any earlier one, is given out again, also when their time comes, as long as all of
    /// them were given out by this rule of the last digit: identifiers that another generator gave
    /// the register may end in any digit. To be stored as after [`next`](Self::next).
    ///
    /// For a person who has put the clock right: a register can do this nine times in its life.
    /// Nothing happens, and no time is used up, as long as identifiers lie at most two hours ahead,
    /// which the repository takes.
    ///
    /// ```
    /// use ekasy_device::ident::{CommandIds, CommandKind, UniqueNumber};
    ///
    /// let mut ids = CommandIds::new(UniqueNumber::parse("WTE2001000009")?);
    /// ids.next(CommandKind::TestCpd, "2099-01-01T00:00:00Z".parse()?)?;
    /// let now = "2026-02-01T08:00:00Z".parse()?;
    /// ids.set_back(now)?;
    /// let next = ids.next(CommandKind::TestCpd, now)?;
    /// assert_eq!(next.as_str(), "TCS.WTE2001000009.2026-02-01T08:00:00.011Z");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`IdentError`] at the tenth time.
    pub fn set_back(&mut self, now: DateTime<Utc>) -> Result<(), IdentError> {
        if self.last.is_none_or(|last| last.instant() - now <= WINDOW) {
            return Ok(());
        }
        let error = IdentError::new("a clock to go back to", "at most nine in a register's life");
        let digit = Some(self.digit() + 1).filter(|digit| *digit < 10).ok_or(error)?;
        // No identifier ends in this digit yet.
        self.last = Some(Moment::from(now).ending_in(digit).ok_or(error)?);
        Ok(())
    }

    /// How far the next identifier would lie ahead of `now`; zero when the clock goes on as it
    /// should.
    ///
    /// The repository refuses a fiscalisation whose identifier lies more than two hours ahead of
    /// its own clock (source document, section 2.4.3), so a clock that was set back far has to be
    /// looked at first.
    ///
    /// [`set_back`](Self::set_back) is the way out when it was the earlier clock that was wrong.
    pub fn ahead_of(&self, now: DateTime<Utc>) -> Duration {
        let next = self.last.and_then(Moment::next).and_then(|next| next.ending_in(self.digit()));
        let next = next.map(Moment::timestamp_millis);
        let ahead = next.unwrap_or(i64::MIN).saturating_sub(Moment::from(now).timestamp_millis());
        Duration::from_millis(u64::try_from(ahead).unwrap_or(0))
    }

    /// The digit in which identifiers end.
    fn digit(&self) -> i64 {
        self.last.map_or(0, Moment::last_digit)
    }
}
