//! Any number of invoices in one session, several at a time, with a result for each (specification
//! 1.9, chapter 13.7).
//!
//! [`Session::send_many`](crate::v1::Session::send_many) takes a stream of invoices and gives a
//! stream of results; both may be longer than memory.
//!
//! No invoice is sent twice without knowing. A sending whose answer is lost is not repeated: when
//! all others have ended, the session's own list is asked for elements that nobody knows, and those
//! that hold the very bytes are the invoices whose answers were lost.
//!
//! A run that may be killed writes a [`SendLog`], each invoice **before** it is sent. What the log
//! holds, [`SendProgress`], is given to the next run, which asks about invoices that had been sent,
//! looks for those of which nobody knows, and sends only the others. [`SendFile`] is a log in a
//! file.
//!
//! # Examples
//!
//! ```
//! use futures_util::{StreamExt, stream};
//! use ksef_client::v1::{Outgoing, Session, send_many::{SendFile, SendTally}};
//!
//! async fn send_folder(session: &Session, folder: &str) -> std::io::Result<SendTally> {
//!     let (log, progress) = SendFile::open(format!("{folder}/sent.jsonl")).await?;
//!     let invoices = stream::iter(ksef_client::v1::outgoing::folder(folder).await?);
//!     let run = session.send_many().log(log).resume(progress);
//!     let mut results = std::pin::pin!(run.send(invoices));
//!     let mut tally = SendTally::default();
//!     while let Some(result) = results.next().await {
//!         println!("{}: {:?}", result.name, result.outcome);
//!         tally.add(&result);
//!     }
//!     Ok(tally)
//! }
//! ```

mod file;
mod known;
mod note;
mod outcome;
mod resolve;
mod run;

use std::sync::Arc;

use common_core::poll::PollSchedule;
use common_http::CallOptions;
use futures_util::Stream;

pub use file::SendFile;
pub use note::{Note, NoteState, SendLog, SendProgress};
pub use outcome::{Outcome, SendResult, SendTally};

use crate::v1::{outgoing::Outgoing, session::Session};

/// A run that is being set up.
#[derive(Debug)]
#[must_use = "a run sends nothing until its stream is polled"]
pub struct SendMany<'s> {
    session: &'s Session,
    sending: usize,
    waiting: usize,
    schedule: PollSchedule,
    call: CallOptions,
    log: Option<Arc<dyn SendLog>>,
    past: SendProgress,
}

impl Session {
    /// Sets up a run that sends many invoices in this session.
    pub fn send_many(&self) -> SendMany<'_> {
        SendMany {
            session: self,
            sending: 16,
            waiting: 128,
            schedule: PollSchedule::default(),
            call: CallOptions::new(),
            log: None,
            past: SendProgress::default(),
        }
    }
}

impl SendMany<'_> {
    /// Sets how many invoices are read and sent at a time; 16 without it. The client's limits of
    /// requests hold all the same.
    pub fn sending(mut self, invoices: usize) -> Self {
        self.sending = invoices.max(1);
        self
    }

    /// Sets of how many invoices that were taken the outcome is awaited at a time; 128 without it.
    /// No further invoice is sent while so many are open.
    pub fn waiting(mut self, invoices: usize) -> Self {
        self.waiting = invoices.max(1);
        self
    }

    /// Sets how often and how long the status of each invoice is asked for; up to ten minutes
    /// without it.
    pub fn schedule(mut self, schedule: PollSchedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Sets deadline, retries and limit policy of each sending.
    pub fn call(mut self, call: CallOptions) -> Self {
        self.call = call;
        self
    }

    /// Writes what happens into a log: for resuming, and for showing progress.
    pub fn log(mut self, log: impl SendLog + 'static) -> Self {
        self.log = Some(Arc::new(log));
        self
    }

    /// Goes on where an earlier run stopped, in this session or in another one of the same context.
    ///
    /// That run must have ended. A request that it left on the way and that arrives only after this
    /// run has looked for it makes the second sending a duplicate, which the service refuses: it is
    /// found in the same session, and told as rejected (21176) in another one.
    pub fn resume(mut self, progress: SendProgress) -> Self {
        self.past = progress;
        self
    }
}

impl<'s> SendMany<'s> {
    /// Sends the invoices; a result for each, in the order in which they become known. Invoices
    /// whose answers were lost come last.
    ///
    /// Nothing happens unless the stream is polled, and sendings that are under way wait while it
    /// is not: work long on results elsewhere. Dropping it stops everything; what was under way may
    /// have been sent, and a log has it.
    ///
    /// In memory are the invoices that are being sent, and 8 bytes for each that was sent. When the
    /// session can take no further invoice (ended, no role), the rest is reported as
    /// [`Outcome::NotSent`] without being read; invoices of which an earlier run knew are read and
    /// reported as what they are.
    pub fn send<I>(self, invoices: I) -> impl Stream<Item = SendResult> + Send + 's
    where
        I: Stream<Item = Outgoing> + Send + 's,
    {
        run::run(self, invoices)
    }
}
