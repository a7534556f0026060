//! Invoices that are issued offline: what is printed on them, and until when they have to be sent
//! (KSeF 2.0 facts §15 and §16).
//!
//! Deadlines are pure: the day of issue, the mode and the announced outages go in, the last day comes
//! out with the rule that made it. Days are those of the Polish calendar, wherever the program runs.
//! An [`Issuer`] makes the codes; what keeps codes, outages and invoices is an
//! [`Outbox`](crate::v2::outbox).
//!
//! # Examples
//!
//! ```
//! use ksef_client::v2::offline::{Deadline, Due, Mode};
//!
//! // Issued on the Friday before Easter: Saturday, Sunday and Monday are no business days.
//! let issued = "2026-04-03".parse()?;
//! let deadline = Deadline::of(Mode::Offline24, issued, &[]);
//! assert_eq!(deadline.due, Due::On("2026-04-07".parse()?));
//! # Ok::<(), chrono::ParseError>(())
//! ```

mod calendar;
mod deadline;
mod issuer;
mod outage;
mod outages;

pub(crate) use calendar::end_of;
pub use calendar::{business_day_after, is_business_day, polish_day};
pub use deadline::{Deadline, Due, Mode, Rule};
pub use issuer::{Codes, Issuer};
pub use outage::{Outage, OutageKind};
pub use outages::Outages;
