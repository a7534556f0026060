//! The national rules that can be checked before anything is sent, pure and usable alone.
//!
//! Three kinds of number carry their own check: [`Account`], [`Reference`] of model 97, and by their form [`PaymentCode`] and
//! [`Jbkjs`] (ePP facts §5).
//! [`order`] and [`orders`] look at whole payment orders and name **all** findings at once, each with the attribute by the
//! name the service uses.
//!
//! What the service really enforces is only partly known.
//! Every assumption is a value of the [`Profile`], and so is the choice which findings withhold an order
//! ([`Severity::Error`]) and which are sent along anyway ([`Severity::Warning`]).
//!
//! ```
//! use common_core::money::Amount;
//! use epp_client::model::NewPaymentOrder;
//! use epp_client::rules::{self, Profile, Rule};
//!
//! let order = NewPaymentOrder::new("840-102849-41", "840-235664-27", Amount::parse("3.21")?)
//!     .payment_basis("Uplata po ugovoru")
//!     .payment_code(270)
//!     .creditor_name("Izmišljeni Dobavljač")
//!     .creditor_address("Zamišljena 1, Beograd")
//!     .normalized();
//!
//! let findings = rules::order(&order, &Profile::documented());
//! assert_eq!(findings.len(), 1);
//! assert_eq!(findings[0].rule, Rule::AccountControl);
//! assert_eq!(
//!     findings[0].to_string(),
//!     "CreditorBankAccount: correct the account, its control number does not fit",
//! );
//! # Ok::<(), common_core::money::AmountError>(())
//! ```

mod account;
mod mod97;
mod order;
mod payment_code;
mod profile;
mod reference;
mod report;
mod rule;

use std::fmt;

use serde::Serialize;

use self::report::Report;
pub use self::{
    account::{Account, AccountError},
    payment_code::{Ground, PaymentCode, PaymentForm},
    profile::{Lengths, Profile},
    reference::{Reference, ReferenceError},
    rule::Rule,
};
pub use crate::model::Jbkjs;
use crate::model::NewPaymentOrder;

/// Whether a finding withholds its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a look; the order may be sent.
    Warning,
    /// The order is withheld, because the money would go astray or the service would refuse it.
    Error,
}

/// One thing found wrong with an order.
///
/// Displays as one sentence with the attribute and what to do; the values of attributes are never repeated.
/// In JSON it is an object with `orderIndex`, `attribute`, `severity`, `rule` and `message`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Finding {
    /// The position of the order among those checked together, counted from 0; `None` when one was checked alone or the
    /// finding concerns all of them.
    pub order_index: Option<usize>,
    /// The attribute by the service's name for it, such as `CreditorBankAccount`; empty for the order as a whole.
    pub attribute: &'static str,
    /// Whether the order is withheld.
    pub severity: Severity,
    /// The rule that was broken.
    pub rule: Rule,
    /// What to do about it.
    pub message: String,
}

impl Finding {
    /// Whether this finding withholds its order.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.order_index {
            write!(f, "order {index}: ")?;
        }
        if !self.attribute.is_empty() {
            write!(f, "{}: ", self.attribute)?;
        }
        f.write_str(&self.message)
    }
}

/// All findings of one order.
pub fn order(order: &NewPaymentOrder, profile: &Profile) -> Vec<Finding> {
    let mut report = Report::new(profile);
    order::inspect(&mut report, order);
    report.into_findings()
}

/// All findings of orders that are sent together, in the order of the orders.
///
/// Besides each order by itself, external ids should be unique among them, since nothing else tells the orders of one batch
/// apart for sure.
/// Their number is not judged, since they may be sent in several requests: see [`request_size`].
pub fn orders(orders: &[NewPaymentOrder], profile: &Profile) -> Vec<Finding> {
    let mut report = Report::new(profile);
    order::inspect_all(&mut report, orders);
    report.into_findings()
}

/// The finding that `count` orders are too many or too few for a single request, which takes 1 to
/// [`Profile::batch_size`] of them.
pub fn request_size(count: usize, profile: &Profile) -> Option<Finding> {
    let mut report = Report::new(profile);
    let most = profile.batch_size;
    if !(1..=most).contains(&count) {
        let message = format!("send 1 to {most} orders at once, not {count}");
        report.add(Rule::BatchSize, "", message);
    }
    report.into_findings().pop()
}

#[cfg(test)]
mod tests;
