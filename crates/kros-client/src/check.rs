//! What can be known to be wrong with a document before it is sent.
//!
//! A refused document costs a request, a notification that has to be waited for, and often a person (KROS OpenAPI
//! documentation, section Odpoveď na request).
//! These checks are pure, name **all** findings at once, and speak of a property by the path the service itself uses in its
//! error answers, such as `items[0].amount`.
//!
//! What the service really enforces is only partly known; every assumption is a value of the [`Profile`], and so is the
//! choice which findings withhold a document ([`Severity::Error`]) and which are sent along anyway ([`Severity::Warning`]).
//!
//! ```
//! use kros_client::check::{self, Profile, Rule};
//! use kros_client::model::{InvoiceItem, NewInvoice, Partner};
//!
//! let items = [InvoiceItem::new("Chlieb", 2, 5).vat_rate(5)];
//! let invoice = NewInvoice::new(Partner::new("Vymyslená Pekáreň s.r.o."), items).currency("euro");
//!
//! let findings = check::invoice(&invoice, &Profile::documented());
//! assert_eq!(findings[0].rule, Rule::Currency);
//! assert_eq!(findings[0].to_string(), "currency: write the currency as three capital letters, such as EUR");
//! ```

mod header;
mod lines;
mod party;
mod payment;
mod profile;
mod report;
mod rule;

use std::collections::BTreeMap;
use std::fmt;

pub use self::profile::{Lengths, Profile, VatPeriod};
use self::report::Report;
pub use self::rule::Rule;
use crate::model::{NewInvoice, NewPayment};

/// Whether a finding withholds its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth a look; the document may be sent.
    Warning,
    /// The document is withheld, because the service would refuse it or take it in a wrong sense.
    Error,
}

/// One thing found wrong with a document.
///
/// Displays as one sentence with the property and what to do; the values of text properties are never repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The position of the document among those checked together, counted from 0; `None` when one was checked alone or
    /// the finding concerns all of them.
    pub document_index: Option<usize>,
    /// The property by the service's name for it, such as `items[0].amount`; empty for the document as a whole.
    pub property_path: String,
    /// Whether the document is withheld.
    pub severity: Severity,
    /// The rule that was broken.
    pub rule: Rule,
    /// What to do about it.
    pub message: String,
}

impl Finding {
    /// Whether this finding withholds its document.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.document_index {
            write!(f, "document {index}: ")?;
        }
        if !self.property_path.is_empty() {
            write!(f, "{}: ", self.property_path)?;
        }
        f.write_str(&self.message)
    }
}

/// All findings of one invoice.
pub fn invoice(invoice: &NewInvoice, profile: &Profile) -> Vec<Finding> {
    let mut report = Report::new(profile);
    inspect_invoice(&mut report, invoice);
    report.into_findings()
}

/// All findings of invoices that are sent together, in the order of the invoices.
///
/// Besides each invoice by itself, external ids must be unique among them.
/// Their number is not judged, since they may be sent in several requests: see [`request_size`].
pub fn invoices(invoices: &[NewInvoice], profile: &Profile) -> Vec<Finding> {
    batch(invoices, profile, |invoice| invoice.external_id.as_deref(), inspect_invoice)
}

/// All findings of one payment.
pub fn payment(payment: &NewPayment, profile: &Profile) -> Vec<Finding> {
    let mut report = Report::new(profile);
    payment::inspect(&mut report, payment);
    report.into_findings()
}

/// All findings of payments that are sent together, in the order of the payments, including external ids used twice.
pub fn payments(payments: &[NewPayment], profile: &Profile) -> Vec<Finding> {
    batch(payments, profile, |payment| payment.external_id.as_deref(), payment::inspect)
}

/// The finding that `documents` are too many or too few for a single request, which takes 1 to
/// [`Profile::batch_size`] of them.
pub fn request_size(documents: usize, profile: &Profile) -> Option<Finding> {
    let mut report = Report::new(profile);
    if !(1..=profile.batch_size).contains(&documents) {
        let most = profile.batch_size;
        report.add(
            Rule::BatchSize,
            "",
            format!("send 1 to {most} documents at once, not {documents}"),
        );
    }
    report.into_findings().pop()
}

fn inspect_invoice(report: &mut Report<'_>, invoice: &NewInvoice) {
    header::inspect(report, invoice);
    party::inspect(report, invoice);
    lines::inspect(report, invoice);
}

/// Inspects each document, and compares their external ids.
fn batch<D>(
    documents: &[D],
    profile: &Profile,
    external_id: impl Fn(&D) -> Option<&str>,
    inspect: impl Fn(&mut Report<'_>, &D),
) -> Vec<Finding> {
    let mut report = Report::new(profile);
    let mut seen = BTreeMap::new();
    for (index, document) in documents.iter().enumerate() {
        report.turn_to(index);
        inspect(&mut report, document);
        let Some(id) = report::filled(external_id(document)) else { continue };
        let first = *seen.entry(id).or_insert(index);
        if first != index {
            let message =
                format!("choose another external id, document {first} has this one already");
            report.add(Rule::DuplicateExternalId, "externalId", message);
        }
    }
    report.into_findings()
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
