//! Batches: packages of invoices that are taken whole or refused whole (specification 1.9, chapter
//! 11; KSeF 1.x facts §2.1).
//!
//! The order of the protocol is in the types:
//!
//! | handle | comes from | goes on by |
//! |---|---|---|
//! | [`Preparation`] | [`Client::batch`](crate::v1::Client::batch) | [`pack`](Preparation::pack): archive, cut, encrypt, onto the disk |
//! | [`Prepared`] | a preparation | [`sign`](Prepared::sign), or a signature made elsewhere |
//! | [`Signed`] | a prepared batch | [`announce`](Signed::announce) |
//! | [`Announced`] | a signed batch | [`upload`](Announced::upload), part by part |
//! | [`Uploaded`] | an announced batch, all parts there | [`finish`](Uploaded::finish) |
//! | [`Processing`] | an uploaded batch | [`wait`](Processing::wait), until it is accepted or rejected |
//! | [`Closed`](crate::v1::session::Closed) | an accepted batch | its confirmations |
//!
//! A step that fails gives its handle back, in [`Unfinished`](crate::v1::session::Unfinished).
//! Every handle exports a [`BatchState`], from which another process goes on by
//! [`Client::resume_batch`](crate::v1::Client::resume_batch). It holds no secret: the key of a
//! package is dropped once the package is packed, and its parts lie encrypted on the disk.
//!
//! # When an answer never comes
//!
//! | call | what may have happened | what to do |
//! |---|---|---|
//! | `announce` | a batch exists whose number is lost; without its parts it comes to nothing | announce again. When that is refused as a [`Duplicate`](crate::v1::ErrorKind::Duplicate) (21204), the lost announcement still holds this very package: pack the same invoices anew under other [names](crate::v1::Outgoing::named), which always gives another package |
//! | `upload` | the part is there or not | upload again: it changes nothing more |
//! | `finish` | the processing has begun or not | finish again: [`Uploaded::finish`] asks for the status, and takes "no longer open" for begun |
//! | `wait` | nothing, it only asks | ask again, also in another process |
//!
//! In none of these cases can an invoice be issued twice: a package is processed under one number,
//! after its end was said, and the service refuses an invoice that it has already.

mod announced;
mod endpoints;
mod manifest;
mod package;
mod preparation;
mod processing;
mod state;
#[cfg(test)]
mod tests;

pub use announced::{Announced, PartUploaded, Signed, Uploaded};
pub use endpoints::{Finish, Init, Upload};
pub use manifest::PackedInvoice;
pub use package::{Package, PackagePart};
pub use preparation::{Preparation, Prepared};
pub use processing::{BatchOutcome, BatchStatus, Processing};
pub use state::{BatchState, ResumedBatch};
