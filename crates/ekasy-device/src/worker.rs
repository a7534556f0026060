//! The worker: keeps a fiscalised register in touch with the repository (source document, sections
//! 2.3.1, 2.3.2 and 2.4.8; CRK facts §5 and §6).
//!
//! It asks for commands by the schedule, carries them out and confirms them; packs documents by
//! the schedule and sends them; looks after tokens, the repository's certificates and its view of
//! the register. Inside is a [`Machine`] without I/O; [`Worker`] is the machine at work.
//!
//! | what happens | what the worker does |
//! |---|---|
//! | a command comes again | it is told by its identifier, and not carried out again, only confirmed again |
//! | a command cannot be opened | new certificates are fetched (CMD07), however long that takes; if with them it still cannot, it is confirmed as failed |
//! | documents are asked for that are not kept any more | the command is confirmed as failed, with their numbers; nothing says that there are none |
//! | the schedule says "after each document" | it packs and sends what the [`Handle`] journals |
//! | a daily report | everything due goes out at once |
//! | sending is suspended (−1) | nothing more is packed; what is packed and answers go out; commands are asked for |
//! | a part of the schedule is undefined (−2) | the part before stays in force, and an event tells; when there is none that says when to send, documents are kept, and an alarm tells at each start |
//! | the token ends or is refused (401, 404) | a new one, and the **same bytes** again |
//! | no answer (500, 503, time, connection) | the same bytes again, later: 5 s, doubling up to 15 min, with chance |
//! | 403 | after 8 to 15 minutes: the certificate has to be looked at |
//! | a call fails again and again | everything else on its channel comes before it; what alone is refused (400, 404, 406) closes no channel; after an hour an alarm, once a day |
//! | the CPD server or the WebApi cannot be reached five times in a row | its certificate may be another one: the certificates are fetched (CMD07), which goes by the authorities; if they do not help, again after an hour, two and then four |
//! | 400, 413 of the Event Hub | the documents are packed anew, smaller, four times at most and never smaller than a document's least part; then once an hour, and an alarm |
//! | a document fits no request at all | an alarm, and another try once an hour; an answer with it is confirmed as failed |
//! | the wall clock jumps, or the machine sleeps | waiting goes by the monotonic clock; a lease of the journal that ended by it is taken again, unless another run has opened the journal; an event tells |
//! | a run begins | the repository is asked what it has (CMD12) before a document goes out; without an answer documents wait an hour at most |
//! | the repository has less than was sent, twice | what is missing is sent again, 10,000 numbers at a time and three times at most |
//! | the repository has more than was journalled | **nothing is sent or packed on request, by later runs neither**, until CMD12 says otherwise: the next numbers exist already. An alarm, once an hour |
//! | the register, the packing or the journal's store fails in something | that is tried again later, and the rest goes on; when the journal is in other hands the run ends |
//!
//! What if the answer never comes? A call ends after a minute, and is made again. What if the
//! process dies? The next run begins from the journal; nothing is sent that does not stand there.
//!
//! A repository that is ahead of the journal tells of a journal that was put back from a copy, or of
//! another register's. Its next documents would have numbers that exist. The worker cannot keep the
//! register from selling, and what it journals stays there; put the right journal in its place, or
//! begin one behind the repository's number ([`Options::first`](crate::journal::Options::first)).
//! For a register whose numbers begin anew on purpose there is [`Ahead::Tell`].
//!
//! Sealing, and whatever the device does in its calls, happens between two awaits of the worker's
//! own task. On a runtime that must not wait for a slow card or memory, run the worker on a thread
//! of its own.

mod action;
mod backoff;
mod driver;
mod event;
mod machine;
pub(crate) mod operations;
mod options;

pub use action::{Action, Answer, Facts, Failed, Now, Todo};
pub use driver::{Handle, Worker, WorkerError};
pub use event::Event;
pub use machine::{Dues, Machine, ReadOnly, Start};
pub use options::{Ahead, FrameFacts, Options, Timing};
