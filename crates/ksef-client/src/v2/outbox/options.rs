//! Settings of carriers.

use std::{path::PathBuf, time::Duration};

use common_core::poll::PollSchedule;

/// Leases are renewed in time only if there is some.
const SHORTEST_LEASE: Duration = Duration::from_millis(100);

/// Settings of a [`Carrier`](super::Carrier).
#[derive(Clone, Debug)]
#[must_use]
pub struct CarrierOptions {
    pub(super) holder: String,
    pub(super) lease: Duration,
    pub(super) session: usize,
    pub(super) batch: usize,
    pub(super) batch_from: usize,
    pub(super) folder: Option<PathBuf>,
    pub(super) at_a_time: usize,
    pub(super) turn: Duration,
    pub(super) give_up: Duration,
    pub(super) patience: PollSchedule,
    pub(super) pause: Duration,
}

impl CarrierOptions {
    /// For a carrier of that name, which is unique among those of an outbox: the host's name and a
    /// number, for instance. A carrier of the same name takes over at once what the former one held,
    /// so two that run at the same time must not share a name.
    pub fn new(holder: impl Into<String>) -> Self {
        Self {
            holder: holder.into(),
            lease: Duration::from_secs(60),
            session: 500,
            batch: 10_000,
            batch_from: 100,
            folder: None,
            at_a_time: 8,
            turn: Duration::from_secs(60),
            give_up: Duration::from_secs(24 * 60 * 60),
            patience: PollSchedule::default(),
            pause: Duration::from_secs(5),
        }
    }

    /// How long a parcel stays with a carrier that has died, a minute without it; at least a tenth of
    /// a second.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(SHORTEST_LEASE);
        self
    }

    /// How many invoices go into an interactive session at most, 500 without it.
    pub fn session_size(mut self, most: usize) -> Self {
        self.session = most.max(1);
        self
    }

    /// Sends many invoices of one form as batches, whose files are made in that folder: from so many
    /// on, and at most so many in one.
    ///
    /// Each carrier needs a folder of its own. Where one carrier of an outbox has one, all should: a
    /// carrier without sends one by one, and invoices with attachments are refused then (415).
    pub fn batches(mut self, folder: impl Into<PathBuf>, from: usize, most: usize) -> Self {
        (self.folder, self.batch_from, self.batch) = (Some(folder.into()), from, most.max(1));
        self
    }

    /// How many invoices, or parts of a batch, are sent at the same time, 8 without it.
    pub fn at_a_time(mut self, count: usize) -> Self {
        self.at_a_time = count.max(1);
        self
    }

    /// In which intervals a session is looked at until it has ended, and how long one step waits in
    /// all until KSeF decides about something: ten minutes without it. A later step goes on.
    pub fn patience(mut self, patience: PollSchedule) -> Self {
        self.patience = patience;
        self
    }

    /// How long the invoices of a parcel are sent before other parcels have their turn, and how long
    /// a call waits for the rate limit at most: a minute without it. What was not sent by then goes
    /// into the parcel's next session.
    pub fn turn(mut self, turn: Duration) -> Self {
        self.turn = turn;
        self
    }

    /// How long KSeF may fail on an invoice before its fate is
    /// [`Unresolved`](super::Fate::Unresolved): a day without it. It goes into one session after the
    /// other meanwhile; the pause before each is twice as long as the one before, up to 512 pauses.
    pub fn give_up_after(mut self, time: Duration) -> Self {
        self.give_up = time;
        self
    }

    /// How long [`run`](super::Carrier::run) rests when there is nothing to do, and at least after a
    /// failure; five seconds without it.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }
}
