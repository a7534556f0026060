//! The moments between two steps that belong together, in which a process is killed or sleeps too
//! long.

use std::time::Duration;

use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use serde::{Deserialize, Serialize};

use crate::{state::Task, tally::Row};

/// The first step is done, and the second one is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Moment {
    /// An invoice is in the journal, and has no fate yet.
    InvoicePut,
    /// A parcel is stored, and not how far invoices were sorted.
    ParcelMade,
    /// KSeF has opened a session, and nobody has stored it.
    SessionOpened,
    /// A parcel's session is stored, and nothing was sent into it.
    SessionStored,
    /// KSeF has taken an invoice, and the answer was not looked at.
    InvoiceSent,
    /// What an upload needs is stored, and no part is uploaded.
    UploadKept,
    /// The storage has taken a part of a batch.
    PartUploaded,
    /// A session is closed, and was not looked through.
    SessionClosed,
    /// A fate is stored, and the invoice still stands in the journal.
    FateStored,
    /// An invoice was taken out of the journal, and its parcel still names it.
    TakenOut,
    /// KSeF makes a package, and nobody waits for it.
    ExportAsked,
    /// Arrivals are stored, and the checkpoint is not.
    ArrivalsStored,
    /// The checkpoint behind some invoices is stored.
    CheckpointStored,
    /// KSeF has given out tokens, and nobody has stored them.
    TokensGiven,
    /// Tokens are stored, and the lease on them was not given back.
    TokensStored,
    /// A place within a limit is taken, and nothing was sent.
    PlaceTaken,
}

/// What a process does at its moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Way {
    /// It waits to be killed.
    Wait,
    /// It sleeps, and everything in it, until its leases have ended.
    Sleep,
}

/// One moment in the life of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) moment: Moment,
    /// Which one of its kind, from 1.
    pub(crate) nth: u32,
    pub(crate) way: Way,
    /// In milliseconds.
    pub(crate) pause: u64,
}

impl Moment {
    const ALWAYS: [Self; 12] = [
        Self::InvoicePut,
        Self::ParcelMade,
        Self::SessionOpened,
        Self::SessionStored,
        Self::InvoiceSent,
        Self::SessionClosed,
        Self::FateStored,
        Self::TakenOut,
        Self::ArrivalsStored,
        Self::CheckpointStored,
        Self::TokensStored,
        Self::PlaceTaken,
    ];

    /// Those at which another worker takes over what a sleeper had begun.
    const OF_WORK: [Self; 6] = [
        Self::ParcelMade,
        Self::SessionStored,
        Self::InvoiceSent,
        Self::SessionClosed,
        Self::FateStored,
        Self::ArrivalsStored,
    ];

    /// The row of processes that were killed then.
    pub(crate) fn row(self) -> Row {
        match self {
            Self::InvoicePut => Row::AtInvoicePut,
            Self::ParcelMade => Row::AtParcelMade,
            Self::SessionOpened => Row::AtSessionOpened,
            Self::SessionStored => Row::AtSessionStored,
            Self::InvoiceSent => Row::AtInvoiceSent,
            Self::UploadKept => Row::AtUploadKept,
            Self::PartUploaded => Row::AtPartUploaded,
            Self::SessionClosed => Row::AtSessionClosed,
            Self::FateStored => Row::AtFateStored,
            Self::TakenOut => Row::AtTakenOut,
            Self::ExportAsked => Row::AtExportAsked,
            Self::ArrivalsStored => Row::AtArrivalsStored,
            Self::CheckpointStored => Row::AtCheckpointStored,
            Self::TokensGiven => Row::AtTokensGiven,
            Self::TokensStored => Row::AtTokensStored,
            Self::PlaceTaken => Row::AtPlaceTaken,
        }
    }

    /// How many of them a process sees soon, as a rule.
    fn usual(self) -> u32 {
        match self {
            Self::InvoicePut | Self::InvoiceSent | Self::FateStored | Self::TakenOut => 4,
            Self::PlaceTaken => 12,
            Self::ArrivalsStored | Self::CheckpointStored => 2,
            _ => 1,
        }
    }
}

impl Plan {
    /// A moment to be killed in; `is_first` says that nobody has logged in yet.
    pub(crate) fn to_die(task: &Task, is_first: bool, chance: &mut StdRng) -> Self {
        let moment = match chance.random_range(0..9) {
            0 if is_first => Moment::TokensGiven,
            1 if task.batches => Moment::PartUploaded,
            2 if task.batches && task.resumes => Moment::UploadKept,
            3 if task.documents => Moment::ExportAsked,
            4 => Moment::CheckpointStored,
            5 => Moment::ArrivalsStored,
            _ => *Moment::ALWAYS.choose(chance).unwrap_or(&Moment::InvoiceSent),
        };
        // A place is for its moment: whoever is not killed has to be on time.
        let pause = if moment == Moment::PlaceTaken { 250 } else { 800 };
        Self::new(moment, Way::Wait, Duration::from_millis(pause), chance)
    }

    /// A moment to sleep in, for longer than a lease lasts.
    pub(crate) fn to_sleep(task: &Task, chance: &mut StdRng) -> Self {
        let moment = *Moment::OF_WORK.choose(chance).unwrap_or(&Moment::InvoiceSent);
        let pause = Duration::from_millis(task.lease * 5 / 3);
        Self::new(moment, Way::Sleep, pause, chance)
    }

    fn new(moment: Moment, way: Way, pause: Duration, chance: &mut StdRng) -> Self {
        let nth = chance.random_range(1..=moment.usual());
        let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        Self { moment, nth, way, pause }
    }
}
