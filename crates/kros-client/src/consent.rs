//! The consent flow: how a company's owner hands over a token without copying it by hand.
//!
//! The integrator sends the owner's browser to a page of the service; the owner logs in, picks the
//! companies and agrees; the service then gives one token per company to the integrator (KROS
//! facts §2, "Consent flow"; the flow is not part of the OpenAPI documentation page).
//! There are two ways of getting the tokens:
//!
//! * *post*: the browser posts them as a form to the integrator's address; see [`Callback`].
//! * *poll*: the integrator asks with its [`State`] until the owner has decided; see
//!   [`PollRequest`], [`PollAnswer`] and [`poll_schedule`].
//!
//! ```
//! use kros_client::consent::{CompanyMode, ConsentRequest, State};
//!
//! // 32 bytes from the operating system's random generator, not a constant.
//! let state = State::from_random([7; 32]);
//! let address = ConsentRequest::poll("Vymyslený eshop", "Príklad s.r.o.", state)
//!     .company_mode(CompanyMode::Multiple)
//!     .url()?;
//! assert!(address.expose_url().starts_with("https://firma.kros.sk/integration-consent?plugin_name="));
//! # Ok::<(), kros_client::consent::ConsentError>(())
//! ```
//!
//! A consent cannot be taken back through the API; the owner does it in the company's settings.

mod address;
mod callback;
mod granted;
mod poll;
mod state;
mod waiting;

pub use address::{CompanyMode, ConsentError, ConsentRequest, ConsentUrl};
pub use callback::{Callback, CallbackError};
pub use granted::GrantedCompany;
pub use poll::{LIFETIME, PollAnswer, PollRequest, poll_schedule};
pub use state::{InvalidState, State};
pub use waiting::{PendingConsent, Poll};

#[cfg(test)]
mod tests;
