//! Payments.

use super::report::filled;
use super::{Report, Rule};
use crate::model::{Date, NewPayment};

pub(super) fn inspect(report: &mut Report<'_>, payment: &NewPayment) {
    let lengths = report.profile.lengths;
    let day = payment.date_of_payment.as_ref();
    if filled(day.map(Date::as_str)).is_none() {
        report.add(Rule::Required, "dateOfPayment", "give the day of the payment");
    }
    report.day("dateOfPayment", day);

    match payment.sum_of_payment {
        None => report.add(Rule::Required, "sumOfPayment", "give the sum of the payment"),
        Some(sum) if sum.is_zero() => {
            report.add(
                Rule::ZeroPayment,
                "sumOfPayment",
                "give a sum other than 0, or leave the payment out",
            );
        }
        Some(_) => {}
    }
    report.decimals("sumOfPayment", payment.sum_of_payment);
    report.decimals("originalSumOfPayment", payment.original_sum_of_payment);
    report.currency("originalCurrency", payment.original_currency.as_deref());

    report.variable_symbol(payment.variable_symbol.as_deref());
    report.length("externalId", payment.external_id.as_deref(), lengths.external_id);
    report.length("partnerName", payment.partner_name.as_deref(), lengths.partner_name);
    let message = payment.remittance_information.as_deref();
    report.length("remittanceInformation", message, lengths.remittance_information);
}
