//! Sending invoices one by one, in an interactive session (KSeF 2.0 facts §6).
//!
//! The order of the protocol is in the types:
//!
//! | handle | comes from | goes on by |
//! |---|---|---|
//! | [`OnlineOpening`] | [`Account::online`](crate::v2::Account::online) | [`open`](OnlineOpening::open) |
//! | [`OnlineSession`] | an opening, or a state that was exported | any number of calls, then [`close`](OnlineSession::close) |
//! | [`Closing`] | a session that was closed, of either kind | [`wait`](Closing::wait), until it is processed |
//! | [`Closed`] | a session that is processed | [`confirmations`](Closed::confirmations) |
//!
//! A step that fails gives its handle back, in [`Unfinished`](crate::v2::Unfinished).
//!
//! # When the answer is lost
//!
//! An invoice whose answer is lost may have been sent. It is never sent again by itself: the error
//! says [`may_have_happened`](crate::v2::Error::may_have_happened), and
//! [`OnlineSession::find`] looks for its hash in the session. Should it be sent twice after all, the
//! second one gets status 440, which names the first: [`InvoiceState::Duplicate`].
//!
//! A session whose opening was lost is found by [`sessions::List`](crate::v2::sessions::List); but
//! its key is lost with the answer's handle only, not on the service: open another one, and the lost
//! one ends by itself after twelve hours.

mod closing;
mod invoice;
mod online;
mod opening;
mod state;
#[cfg(test)]
mod tests;

pub use closing::{Closed, Closing, Outcome};
pub use invoice::{AcceptedInvoice, InvoiceState, OutgoingInvoice, SentInvoice};
pub use online::OnlineSession;
pub use opening::OnlineOpening;
pub(crate) use state::StoredKey;
pub use state::{OnlineSessionState, StateError};
