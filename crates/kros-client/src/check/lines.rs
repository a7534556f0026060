//! The lines of an invoice.

use std::fmt;

use chrono::NaiveDate;
use common_core::money::Amount;

use super::report::filled;
use super::{Report, Rule};
use crate::model::{Date, InvoiceItem, NewInvoice};

pub(super) fn inspect(report: &mut Report<'_>, invoice: &NewInvoice) {
    if invoice.items.is_empty() {
        report.add(Rule::Required, "items", "give at least one item");
    }
    // Rates of other countries apply in the one-stop shop.
    let is_domestic = invoice.oss_tax_state.unwrap_or(0) == 0;
    let taxed = [&invoice.delivery_date, &invoice.issue_date];
    let day = taxed.into_iter().find_map(|date| date.as_ref().and_then(Date::day));
    for (index, item) in invoice.items.iter().enumerate() {
        line(report, index, item);
        if is_domestic {
            vat_rate(report, format_args!("items[{index}].vatRate"), item, day);
        }
    }
    mandatory_text(report, invoice);
}

fn line(report: &mut Report<'_>, index: usize, item: &InvoiceItem) {
    let lengths = report.profile.lengths;
    let (name, code) = (item.name.as_deref(), item.item_code.as_deref());
    if filled(name).is_none() && filled(code).is_none() {
        let path = format_args!("items[{index}].name");
        report.add(Rule::Required, path, "name the item, or give its itemCode");
    }
    report.length(format_args!("items[{index}].name"), name, lengths.item_name);
    report.length(format_args!("items[{index}].itemCode"), code, lengths.item_code);
    report.decimals(format_args!("items[{index}].totalPriceInclVat"), item.total_price_incl_vat);
    report.discount(format_args!("items[{index}].discountPercent"), item.discount_percent);
}

fn vat_rate(
    report: &mut Report<'_>,
    path: fmt::Arguments<'_>,
    item: &InvoiceItem,
    day: Option<NaiveDate>,
) {
    let Some(rate) = item.vat_rate else { return };
    if rate > Amount::ZERO && rate < Amount::from(1) {
        report.add(Rule::VatFraction, path, "write the VAT rate in percent, such as 23 for 0.23");
    } else if !report.profile.knows_vat_rate(rate, day) {
        let message = match day {
            Some(day) => format!("check the VAT rate, {rate} % was not in force on {day}"),
            None => format!("check the VAT rate, {rate} % is not a Slovak one"),
        };
        report.add(Rule::VatRate, path, message);
    }
}

fn mandatory_text(report: &mut Report<'_>, invoice: &NewInvoice) {
    let is_taxed = |item: &InvoiceItem| item.vat_rate.is_some_and(|rate| !rate.is_zero());
    if invoice.mandatory_text_type.unwrap_or(0) != 0 && invoice.items.iter().any(is_taxed) {
        let message = "leave the type of the mandatory text out, it goes with 0 % items only";
        report.add(Rule::MandatoryText, "mandatoryTextType", message);
    }
}
