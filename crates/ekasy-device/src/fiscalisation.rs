//! Fiscalisation: the fifteen rows of the source document (chapter 3), one after the other,
//! resumable at each.
//!
//! Every row is journalled before it is begun and when it is done; a run goes on at the first row
//! that is not done. What a row is to do next is decided without I/O ([`next_task`]) from
//! what stands in the journal; [`Fiscalisation`] does it.
//!
//! | row | what | if the process dies here | if the answer never comes |
//! |---|---|---|---|
//! | 0 | CMD07 | fetched again | fetched again |
//! | 1 | CMD08 | sent again | sent again |
//! | 2 | CMD10, software only | asked again | asked again |
//! | 3, 4 | CMD09 and its answer | asked again with the same identifier and data, unless [`Unanswered::Stop`] asks for a person | likewise, up to six times in one run |
//! | 5 to 10 | the register's own writes | asked for again: they are idempotent ([`Device`](crate::device::Device)) | there is no limit of time |
//! | 11 | CMD14 | sent again, which the document allows | likewise |
//! | 12 | the report | asked for under the same number, unless the journal has it | likewise |
//! | 13 | CMD13 | the stored bytes go out again | likewise |
//! | 14 | CMD02 | found in the journal, or offered again | asked for until it comes |
//!
//! # The evidence number
//!
//! Only CMD09 tells it. Its answer is journalled, whole, in one step together with address and
//! schedule, before anything else is done (CRK facts §6.1, row 4); the journal refuses to replace
//! it ever.
//!
//! A store that fails just then is asked again for some minutes, since this process holds the only
//! copy; what it does not take is told by [`Event::NotKept`](crate::worker::Event::NotKept) at once
//! and by [`Outcome::NotKept`] at the end.
//!
//! What a lost answer means is not documented. The request is made again, on purpose, with the
//! same identifier and the same data: a repository that knows it already can give the same answer
//! (an **assumption**, CRK facts §6.1). Who does not trust it sets [`Unanswered::Stop`]: then a run
//! ends where it lost the answer, and later ones send nothing until they are told to. As long as CMD14 was not sent, the register is not
//! fiscalised there, so status 16 ("fiscalised already") cannot come from a lost answer. Where it
//! comes, the register was fiscalised under another journal, and **no command of the protocol tells
//! the number again**: CMD12 knows documents, memory and address only. Then the outcome is
//! [`Outcome::NumberUnknown`]; the number stands in fiscal memory, on the fiscalisation report and
//! at the tax office, and whoever has found it there gives it by [`Order::recovered`].
//!
//! An answer that cannot be understood is journalled as it came and is an outcome of its own.
//!
//! # The clock
//!
//! The moment in the identifier of CMD09 must not lie more than 24 hours behind and not more than
//! 2 hours ahead of the repository's clock. That is checked against the register's own clock
//! before sending; a refusal with E01 is what the repository's clock would say
//! ([`Refusal::may_be_clock`]). Identifiers never go back by themselves, so a clock that was ahead
//! keeps them ahead after it was put right ([`Outcome::Clock`]); a rehearsal under a wrong clock does
//! that, too. [`Journal::set_back_command_ids`](crate::journal::Journal::set_back_command_ids) is
//! the way back.
//!
//! # Again after a change of memory
//!
//! A new memory has a new unique number, certificates and journal. [`Order::evidence_number`] then
//! carries the number that the register has had.

mod driver;
mod order;
mod outcome;
mod rehearsal;
mod steps;
mod task;

pub use driver::{Fiscalisation, Unanswered};
pub use order::Order;
pub use outcome::{FiscalisationError, Fiscalised, Outcome, Refusal};
pub use rehearsal::{Objection, Rehearsal};
pub use task::{Task, next_task};

pub(crate) use task::note_timetable;
