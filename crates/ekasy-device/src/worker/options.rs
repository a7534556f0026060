//! What can be set about a worker.

use std::{fmt, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use crate::{
    ident::{EvidenceNumber, UniqueNumber},
    packing::{CutPolicy, Frame, FrameError, InfoTable, Limits, ShortForm, Unrequested},
};

/// How often the worker looks after things that no schedule rules. All of them are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// How often the journal's lease is renewed: 20 s, a third of its usual length.
    pub renew_lease: Duration,
    /// How often the repository is asked what it has got (CMD12): a day.
    pub reconcile: Duration,
    /// When it is asked again after it was found behind: an hour.
    pub look_again: Duration,
    /// How often the dates of certificates are looked at: a day.
    pub certificates: Duration,
    /// How long before its end a certificate is warned of: 30 days.
    pub warn_before: Duration,
    /// How long before its end a token is replaced: two minutes, and never more than a quarter of
    /// its life.
    pub token_margin: Duration,
}

const HOUR: Duration = Duration::from_secs(3600);

impl Default for Timing {
    fn default() -> Self {
        let day = HOUR * 24;
        Self {
            renew_lease: Duration::from_secs(20),
            reconcile: day,
            look_again: HOUR,
            certificates: day,
            warn_before: day * 30,
            token_margin: Duration::from_secs(120),
        }
    }
}

impl Timing {
    /// Sets how often the lease is renewed: a third of [`Options::lease`] of the journal.
    ///
    /// [`Options::lease`]: crate::journal::Options::lease
    #[must_use]
    pub fn renew_lease(mut self, every: Duration) -> Self {
        self.renew_lease = every;
        self
    }

    /// Sets how often the repository is asked what it has got.
    #[must_use]
    pub fn reconcile(mut self, every: Duration) -> Self {
        self.reconcile = every;
        self
    }

    /// Sets when it is asked again after it was found behind.
    #[must_use]
    pub fn look_again(mut self, after: Duration) -> Self {
        self.look_again = after;
        self
    }

    /// Sets how long before their end certificates are warned of.
    #[must_use]
    pub fn warn_before(mut self, time: Duration) -> Self {
        self.warn_before = time;
        self
    }
}

/// What is done while the repository has document numbers that the journal has not given yet
/// ([`Event::Ahead`](super::Event::Ahead)).
///
/// Whether numbers go on or begin anew when a register gets another protected memory is told
/// nowhere; that they go on is an **assumption**, and the safe one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ahead {
    /// Nothing is sent: the next numbers exist already, in another journal.
    #[default]
    Hold,
    /// Everything is sent, and the host is told: the numbers of this register began anew.
    Tell,
}

/// What a shipment knows of the register, for what stands around its documents.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FrameFacts<'a> {
    /// The register.
    pub unique_number: &'a UniqueNumber,
    /// Its evidence number (`nrEwid`); `None` in a journal without one.
    pub evidence_number: Option<&'a EvidenceNumber>,
    /// Now, for `dataJPK`.
    pub now: DateTime<Utc>,
}

/// Makes the frame of a shipment.
pub(crate) type MakeFrame = Arc<dyn Fn(&FrameFacts<'_>) -> Result<Frame, FrameError> + Send + Sync>;

/// How documents become shipments, and how often other things are looked after.
#[derive(Clone)]
pub struct Options {
    pub(crate) frame: MakeFrame,
    pub(crate) limits: Limits,
    pub(crate) cut: CutPolicy,
    pub(crate) short: Arc<dyn ShortForm>,
    pub(crate) unrequested: Unrequested,
    pub(crate) ahead: Ahead,
    pub(crate) timing: Timing,
    pub(crate) seed: u64,
}

impl Options {
    /// The defaults, with what makes the frame around the documents of a shipment: header and
    /// subject, in which the evidence number stands that fiscalisation brings.
    ///
    /// ```
    /// use ekasy_device::{packing::Frame, worker::Options};
    ///
    /// let options = Options::new(|facts| {
    ///     let number = facts.evidence_number.map_or("", |number| number.as_str());
    ///     let header = r#"{"wersja":"JPK_KASA_v2-0"}"#;
    ///     Frame::new(header, &format!(r#"{{"NIP":"1234563218","nrEwid":"{number}"}}"#))
    /// });
    /// # let _ = options;
    /// ```
    pub fn new(
        frame: impl Fn(&FrameFacts<'_>) -> Result<Frame, FrameError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            frame: Arc::new(frame),
            limits: Limits::default(),
            cut: CutPolicy::default(),
            short: Arc::new(InfoTable::hardware()),
            unrequested: Unrequested::default(),
            ahead: Ahead::default(),
            timing: Timing::default(),
            seed: 0,
        }
    }

    /// Sets how large a request may be.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets where documents are cut that are too large for a request.
    #[must_use]
    pub fn cut(mut self, cut: CutPolicy) -> Self {
        self.cut = cut;
        self
    }

    /// Sets how the short form is written.
    #[must_use]
    pub fn short_form(mut self, short: impl ShortForm + 'static) -> Self {
        self.short = Arc::new(short);
        self
    }

    /// Sets what becomes of documents in a requested range whose type was not requested.
    #[must_use]
    pub fn unrequested(mut self, unrequested: Unrequested) -> Self {
        self.unrequested = unrequested;
        self
    }

    /// Sets what is done while the repository has numbers that the journal has not given yet.
    #[must_use]
    pub fn ahead(mut self, ahead: Ahead) -> Self {
        self.ahead = ahead;
        self
    }

    /// Sets how often other things are looked after.
    #[must_use]
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Sets where the randomness of waits starts: another number for each register, so that they
    /// do not come back together after an outage.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("timing", &self.timing).finish_non_exhaustive()
    }
}
