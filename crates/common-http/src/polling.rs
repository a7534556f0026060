//! Asking again until a long operation has ended.

use std::{future::Future, time::Duration};

use common_core::{clock::Clock, poll::PollSchedule};

/// What one poll found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Polled<T> {
    /// Not ended; the server may have said when to ask again.
    Pending(Option<Duration>),
    /// Ended.
    Ended(T),
}

/// Polls until the operation has ended; `None` when the schedule's time is up first.
///
/// The first poll is made at once. Dropping the future loses nothing but the wait: the operation
/// lives on the server, and its handle can poll again.
pub async fn poll_until<T, E, F, P>(
    clock: &dyn Clock,
    schedule: &PollSchedule,
    mut poll: P,
) -> Result<Option<T>, E>
where
    P: FnMut() -> F,
    F: Future<Output = Result<Polled<T>, E>>,
{
    let start = clock.tick();
    let mut polls = 0;
    loop {
        let asked = match poll().await? {
            Polled::Ended(value) => return Ok(Some(value)),
            Polled::Pending(asked) => asked,
        };
        let Some(wait) = schedule.next(polls, clock.tick().since(start), asked) else {
            return Ok(None);
        };
        polls += 1;
        tokio::time::sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, convert::Infallible};

    use super::*;
    use crate::clock::RuntimeClock;

    #[tokio::test(start_paused = true)]
    async fn it_waits_as_planned_and_as_asked_and_stops_in_time() {
        let clock = RuntimeClock::new();
        let polls = Cell::new(0);
        let poll = |end: u32| {
            let polls = &polls;
            move || {
                polls.set(polls.get() + 1);
                let asked = (polls.get() == 1).then_some(Duration::from_secs(7));
                let found =
                    if polls.get() < end { Polled::Pending(asked) } else { Polled::Ended(()) };
                async move { Ok::<_, Infallible>(found) }
            }
        };
        let schedule = PollSchedule::new(Duration::from_secs(1), Duration::from_secs(2));
        let Ok(ended) = poll_until(&clock, &schedule, poll(3)).await;
        assert_eq!(ended, Some(()));
        assert_eq!(clock.tick().since_start(), Duration::from_millis(8500));

        polls.set(10);
        let schedule = schedule.within(Duration::from_secs(3));
        let Ok(ended) = poll_until(&clock, &schedule, poll(100)).await;
        assert_eq!(ended, None);
        // Three more, after 0 s, 1 s and 2.5 s; the next one would come after 4.5 s.
        assert_eq!(polls.get(), 13);
    }
}
