//! What stands above the lines of an invoice: numbers, days, currency and the kind of document.

use common_core::money::Amount;

use super::report::filled;
use super::{Report, Rule};
use crate::model::{InvoiceType, NewInvoice};

pub(super) fn inspect(report: &mut Report<'_>, invoice: &NewInvoice) {
    let lengths = report.profile.lengths;
    report.length("externalId", invoice.external_id.as_deref(), lengths.external_id);
    report.length("orderNumber", invoice.order_number.as_deref(), lengths.order_number);
    report.length("documentNumber", invoice.document_number.as_deref(), lengths.document_number);
    let sequence = invoice.numbering_sequence.as_deref();
    report.length("numberingSequence", sequence, lengths.numbering_sequence);
    report.variable_symbol(invoice.variable_symbol.as_deref());

    days(report, invoice);
    sums(report, invoice);
    credit_note(report, invoice);
}

fn days(report: &mut Report<'_>, invoice: &NewInvoice) {
    let issued = report.day("issueDate", invoice.issue_date.as_ref());
    report.day("deliveryDate", invoice.delivery_date.as_ref());
    let due = report.day("dueDate", invoice.due_date.as_ref());
    if let (Some(issued), Some(due)) = (issued, due)
        && due < issued
    {
        let message = format!("set the due date to the day of issue, {issued}, or later");
        report.add(Rule::DueBeforeIssue, "dueDate", message);
    }
}

fn sums(report: &mut Report<'_>, invoice: &NewInvoice) {
    report.currency("currency", invoice.currency.as_deref());
    if invoice.exchange_rate.is_some_and(|rate| rate <= Amount::ZERO) {
        report.add(Rule::ExchangeRate, "exchangeRate", "give an exchange rate greater than 0");
    }
    report.discount("discountPercent", invoice.discount_percent);
    report.decimals("discountTotalPriceInclVat", invoice.discount_total_price_incl_vat);
    report.decimals("advancePaymentDeduction", invoice.advance_payment_deduction);
}

/// The code of a credit note is unknown, so a document also counts as one when its lines add up to less than nothing.
fn credit_note(report: &mut Report<'_>, invoice: &NewInvoice) {
    let path = "creditedInvoiceNumber";
    let kind = invoice.invoice_type.unwrap_or(InvoiceType::Invoice.into());
    let is_known_type = report.profile.credit_note_types.contains(&kind.raw());
    let names_an_invoice = filled(invoice.credited_invoice_number.as_deref()).is_some();
    if !names_an_invoice && (is_known_type || is_negative(invoice)) {
        report.add(Rule::CreditNote, path, "name the invoice that this credit note credits");
    }
    if names_an_invoice && kind == InvoiceType::Invoice {
        let message = "set invoiceType to a credit note, or leave the credited invoice out";
        report.add(Rule::CreditNote, path, message);
    }
}

fn is_negative(invoice: &NewInvoice) -> bool {
    let totals = invoice.items.iter().filter_map(|item| item.total_price_incl_vat);
    totals.sum::<Option<Amount>>().is_some_and(Amount::is_negative)
}
