//! The checks of one payment order, attribute by attribute.

use std::collections::BTreeMap;

use common_core::{
    money::{Amount, Money},
    open::Open,
};

use super::{
    Rule,
    account::{Account, AccountError},
    payment_code::PaymentForm,
    reference::{Reference, ReferenceError},
    report::Report,
};
use crate::model::{NewPaymentOrder, ReferenceModel};

pub(super) fn inspect(report: &mut Report<'_>, order: &NewPaymentOrder) {
    required(report, order);
    texts(report, order);
    payment_code(report, order);
    accounts(report, order);
    let (model, code) = (order.debtor_code_model.as_ref(), order.debtor_code.as_deref());
    reference(report, "DebtorCodeModel", model, "DebtorCode", code);
    let (model, code) = (order.creditor_code_model.as_ref(), order.creditor_code.as_deref());
    reference(report, "CreditorCodeModel", model, "CreditorCode", code);
    if order.expected_payment_date.as_ref().is_some_and(|date| !date.is_iso()) {
        let message = "write the date as YYYY-MM-DD, with or without a time";
        report.add(Rule::Date, "ExpectedPaymentDate", message);
    }
}

/// Inspects each order, and compares their external ids.
pub(super) fn inspect_all(report: &mut Report<'_>, orders: &[NewPaymentOrder]) {
    let mut seen = BTreeMap::new();
    for (index, order) in orders.iter().enumerate() {
        report.turn_to(index);
        inspect(report, order);
        let Some(id) = filled(order.external_id.as_deref()) else { continue };
        let first = *seen.entry(id).or_insert(index);
        if first != index {
            let message = format!("choose another external id, order {first} has this one already");
            report.add(Rule::DuplicateExternalId, "ExternalId", message);
        }
    }
}

/// The text of an attribute, or `None` when it is missing or blank.
fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

fn required(report: &mut Report<'_>, order: &NewPaymentOrder) {
    let has_text = |text: &Option<String>| filled(text.as_deref()).is_some();
    for (attribute, is_there) in [
        ("PaymentBasis", has_text(&order.payment_basis)),
        ("PaymentCode", order.payment_code.is_some()),
        ("Amount", order.amount.is_some()),
        ("DebtorBankAccount", has_text(&order.debtor_bank_account)),
        ("CreditorName", has_text(&order.creditor_name)),
        ("CreditorAddress", has_text(&order.creditor_address)),
        ("CreditorBankAccount", has_text(&order.creditor_bank_account)),
    ] {
        if !is_there {
            report.add(Rule::Required, attribute, "fill it in, no order goes without it");
        }
    }
}

fn texts(report: &mut Report<'_>, order: &NewPaymentOrder) {
    let lengths = report.profile.lengths;
    for (attribute, text, most) in [
        ("PaymentBasis", &order.payment_basis, lengths.payment_basis),
        ("DebtorCode", &order.debtor_code, lengths.code),
        ("CreditorName", &order.creditor_name, 0),
        ("CreditorAddress", &order.creditor_address, lengths.creditor_address),
        ("CreditorCode", &order.creditor_code, lengths.code),
        ("ExternalId", &order.external_id, lengths.external_id),
        ("UserGroupName", &order.user_group_name, 0),
    ] {
        report.text(attribute, text.as_deref(), most);
    }
}

fn payment_code(report: &mut Report<'_>, order: &NewPaymentOrder) {
    const ATTRIBUTE: &str = "PaymentCode";
    let Some(code) = order.payment_code else { return };
    if !code.is_well_formed() {
        return report.add(Rule::PaymentCode, ATTRIBUTE, "write a payment code of three digits");
    }
    if code.form().is_none() || code.ground().is_none() {
        let message = "check the payment code, it is not on the list of the National Bank";
        return report.add(Rule::PaymentCodeUnknown, ATTRIBUTE, message);
    }
    if !matches!(code.form(), Some(PaymentForm::Cashless | PaymentForm::Reposting)) {
        let message = "check the payment code, orders of the Treasury begin with 2 or 9";
        report.add(Rule::PaymentForm, ATTRIBUTE, message);
    }
}

fn accounts(report: &mut Report<'_>, order: &NewPaymentOrder) {
    let debtor = account(report, "DebtorBankAccount", order.debtor_bank_account.as_deref());
    let creditor = account(report, "CreditorBankAccount", order.creditor_bank_account.as_deref());
    if debtor.as_ref().is_some_and(|debtor| debtor.bank() != Account::TREASURY) {
        let message = "check the account, the Treasury pays from accounts of the bank 840";
        report.add(Rule::DebtorBank, "DebtorBankAccount", message);
    }
    if debtor.is_some() && debtor == creditor {
        let message = "check the accounts, the order pays from an account to itself";
        report.add(Rule::SameAccount, "CreditorBankAccount", message);
    }
    if let Some(value) = order.amount {
        amount(report, value, debtor.as_ref());
    }
}

/// Reads an account, and says what is wrong with it.
fn account(
    report: &mut Report<'_>,
    attribute: &'static str,
    text: Option<&str>,
) -> Option<Account> {
    let text = filled(text)?;
    match Account::parse(text) {
        Ok(account) => {
            if account.as_str() != text {
                let message = "write the account as 18 digits, without hyphens and blanks";
                report.add(Rule::AccountSpelling, attribute, message);
            }
            Some(account)
        }
        Err(AccountError::Control) => {
            let message = "correct the account, its control number does not fit";
            report.add(Rule::AccountControl, attribute, message);
            None
        }
        Err(error) => {
            report.add(Rule::Account, attribute, format!("correct the account, {error}"));
            None
        }
    }
}

fn amount(report: &mut Report<'_>, amount: Amount, debtor: Option<&Account>) {
    const ATTRIBUTE: &str = "Amount";
    if amount <= Amount::ZERO {
        report.add(Rule::AmountNotPositive, ATTRIBUTE, "pay an amount above zero");
    }
    if Money::<2>::try_from(amount).is_err() {
        report.add(Rule::AmountDecimals, ATTRIBUTE, "round the amount to two decimals");
    }
    let limit = debtor.and_then(|debtor| report.profile.limit_of(debtor));
    if let Some(limit) = limit.filter(|limit| amount > *limit) {
        let message = format!("split the amount, the account allows {limit} dinars in one order");
        report.add(Rule::AmountLimit, ATTRIBUTE, message);
    }
}

fn reference(
    report: &mut Report<'_>,
    model_attribute: &'static str,
    model: Option<&Open<ReferenceModel>>,
    attribute: &'static str,
    code: Option<&str>,
) {
    let is_97 = model.is_some_and(|model| *model == ReferenceModel::Model97);
    if model.is_some_and(|model| model.known().is_none()) {
        let message = "check the model, 97 and 11 are the known ones";
        report.add(Rule::ReferenceModel, model_attribute, message);
    }
    let Some(code) = filled(code) else {
        if is_97 {
            let message = "give a reference or leave out the model";
            report.add(Rule::ReferenceModel, model_attribute, message);
        }
        return;
    };
    if !is_97 {
        return;
    }
    match Reference::parse(code) {
        Ok(reference) => width(report, attribute, &reference),
        Err(ReferenceError::Control) => {
            let message = "correct the reference, its control digits do not fit model 97";
            report.add(Rule::ReferenceControl, attribute, message);
        }
        Err(error) => {
            report.add(Rule::Reference, attribute, format!("correct the reference, {error}"));
        }
    }
}

fn width(report: &mut Report<'_>, attribute: &'static str, reference: &Reference) {
    let (width, most) = (reference.width(), report.profile.lengths.reference_width);
    if width > most {
        let message = format!(
            "shorten the reference from {width} to {most} characters, a letter counts twice"
        );
        report.add(Rule::TooLong, attribute, message);
    }
}
