//! Sound documents, and one with a single fault for each way to break a rule.

use common_core::money::Amount;

use super::Rule;
use crate::model::{Address, BankAccount, InvoiceItem, MyCompany, NewInvoice, NewPayment, Partner};

pub(super) fn amount(text: &str) -> Amount {
    Amount::parse(text).expect("an amount")
}

/// An invoice that breaks no rule, with every checked property filled.
pub(super) fn sound() -> NewInvoice {
    let address = Address::default().business_name("Vymyslené Bicykle s.r.o.").country("SK");
    let partner = Partner::default()
        .address(address)
        .registration_id("31333532")
        .tax_id("2022749619")
        .vat_id("SK2022749619");
    let item = InvoiceItem::new("Kolobežka", amount("1.125"), amount("24.60"))
        .item_code("K-1")
        .vat_rate(23)
        .discount_percent(10);
    NewInvoice::new(partner, [item])
        .my_company(MyCompany::default().registration_id("31333532"))
        .external_id("order-101")
        .order_number("OBJ-101")
        .numbering_sequence("OF")
        .document_number("20250001")
        .variable_symbol("20250001")
        .issue_date("2025-03-01")
        .delivery_date("2025-02-28")
        .due_date("2025-03-15")
        .currency("EUR")
        .exchange_rate(1)
        .discount_percent(0)
        .bank_account(BankAccount::default().iban("SK3112000000198742637541"))
}

pub(super) fn sound_payment() -> NewPayment {
    NewPayment::new("2025-03-02", amount("-24.60"))
        .variable_symbol("20250001")
        .partner_name("Vymyslené Bicykle s.r.o.")
        .remittance_information("Úhrada")
        .original_currency("EUR")
        .external_id("payment-101")
}

pub(super) fn with_item(change: impl FnOnce(InvoiceItem) -> InvoiceItem) -> NewInvoice {
    let mut invoice = sound();
    let item = change(invoice.items.remove(0));
    invoice.items([item])
}

pub(super) fn with_partner(change: impl FnOnce(Partner) -> Partner) -> NewInvoice {
    let mut invoice = sound();
    let partner = invoice.partner.take().map(change);
    NewInvoice { partner, ..invoice }
}

/// For each property a value that breaks one rule.
pub(super) fn broken_invoices() -> Vec<(Rule, &'static str, NewInvoice)> {
    let item = "items[0].totalPriceInclVat";
    vec![
        (Rule::Required, "items", NewInvoice { items: Vec::new(), ..sound() }),
        (Rule::Required, "items[0].name", with_item(|i| i.name(" ").item_code(""))),
        (
            Rule::PartnerName,
            "partner.address.businessName",
            NewInvoice { partner: None, ..sound() },
        ),
        (
            Rule::TooLong,
            "partner.address.businessName",
            with_partner(|p| p.address(Address::default().business_name("ž".repeat(256)))),
        ),
        (Rule::TooLong, "externalId", sound().external_id("x".repeat(65))),
        (Rule::TooLong, "orderNumber", sound().order_number("x".repeat(21))),
        (Rule::TooLong, "numberingSequence", sound().numbering_sequence("x".repeat(6))),
        (Rule::TooLong, "documentNumber", sound().document_number("x".repeat(21))),
        (Rule::TooLong, "items[0].name", with_item(|i| i.name("ž".repeat(256)))),
        (Rule::TooLong, "items[0].itemCode", with_item(|i| i.item_code("x".repeat(26)))),
        (Rule::VariableSymbol, "variableSymbol", sound().variable_symbol("12345678901")),
        (Rule::VariableSymbol, "variableSymbol", sound().variable_symbol("OF-1")),
        (Rule::Iban, "bankAccount.iban", sound().bank_account(BankAccount::default().iban("SK31"))),
        (
            Rule::Iban,
            "bankAccount.iban",
            sound().bank_account(BankAccount::default().iban("SK3212000000198742637541")),
        ),
        (Rule::Ico, "partner.registrationId", with_partner(|p| p.registration_id("3133353"))),
        (
            Rule::Ico,
            "myCompany.registrationId",
            sound().my_company(MyCompany::default().registration_id("3133353A")),
        ),
        (
            Rule::IcoCheckDigit,
            "partner.registrationId",
            with_partner(|p| p.registration_id("31333533")),
        ),
        (Rule::Dic, "partner.taxId", with_partner(|p| p.tax_id("SK2022749619"))),
        (Rule::IcDph, "partner.vatId", with_partner(|p| p.vat_id("2022749619"))),
        (Rule::IcDphCheckDigit, "partner.vatId", with_partner(|p| p.vat_id("SK2022749618"))),
        (
            Rule::Spelling,
            "partner.registrationId",
            with_partner(|p| p.registration_id("31 333 532")),
        ),
        (Rule::Date, "issueDate", sound().issue_date("1.3.2025")),
        (Rule::Date, "dueDate", sound().due_date("2025-02-30")),
        (Rule::DateRange, "dueDate", sound().due_date("2205-03-15")),
        (Rule::DueBeforeIssue, "dueDate", sound().due_date("2025-02-28")),
        (Rule::Currency, "currency", sound().currency("eur")),
        (Rule::ExchangeRate, "exchangeRate", sound().exchange_rate(0)),
        (Rule::Decimals, item, with_item(|i| i.total_price_incl_vat(amount("24.605")))),
        (
            Rule::Decimals,
            "advancePaymentDeduction",
            sound().advance_payment_deduction(amount("0.001")),
        ),
        (
            Rule::Decimals,
            "discountTotalPriceInclVat",
            sound().discount_total_price_incl_vat(amount("0.001")),
        ),
        (Rule::Discount, "discountPercent", sound().discount_percent(amount("100.01"))),
        (Rule::Discount, "items[0].discountPercent", with_item(|i| i.discount_percent(-1))),
        (Rule::VatRate, "items[0].vatRate", with_item(|i| i.vat_rate(20))),
        (Rule::VatFraction, "items[0].vatRate", with_item(|i| i.vat_rate(amount("0.23")))),
        (Rule::CreditNote, "creditedInvoiceNumber", with_item(|i| i.total_price_incl_vat(-5))),
        (Rule::CreditNote, "creditedInvoiceNumber", sound().credited_invoice_number("20250000")),
        (Rule::MandatoryText, "mandatoryTextType", sound().mandatory_text_type(1)),
    ]
}

pub(super) fn broken_payments() -> Vec<(Rule, &'static str, NewPayment)> {
    vec![
        (Rule::Required, "dateOfPayment", NewPayment { date_of_payment: None, ..sound_payment() }),
        (Rule::Required, "sumOfPayment", NewPayment { sum_of_payment: None, ..sound_payment() }),
        (Rule::Date, "dateOfPayment", sound_payment().date_of_payment("dnes")),
        (Rule::ZeroPayment, "sumOfPayment", sound_payment().sum_of_payment(amount("0.00"))),
        (Rule::Decimals, "sumOfPayment", sound_payment().sum_of_payment(amount("1.001"))),
        (
            Rule::Decimals,
            "originalSumOfPayment",
            sound_payment().original_sum_of_payment(amount("1.001")),
        ),
        (Rule::Currency, "originalCurrency", sound_payment().original_currency("€")),
        (Rule::VariableSymbol, "variableSymbol", sound_payment().variable_symbol("VS1")),
        (Rule::TooLong, "externalId", sound_payment().external_id("x".repeat(65))),
        (Rule::TooLong, "partnerName", sound_payment().partner_name("x".repeat(256))),
        (
            Rule::TooLong,
            "remittanceInformation",
            sound_payment().remittance_information("x".repeat(141)),
        ),
    ]
}
