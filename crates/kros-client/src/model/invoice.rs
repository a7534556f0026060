//! The invoice as it is sent (KROS facts §2, four integrations with identical property names).

use common_core::money::Amount;
use common_core::open::Open;

use super::codes::{InvoiceType, VatPayerType};
use super::dates::Date;
use super::party::{BankAccount, MyCompany, Partner};
use super::registers::Tag;

request! {
    /// An invoice to be created, and the part of an answered invoice that could be created again.
    ///
    /// A partner and at least one item are required; the rest is filled by the service's settings when left out.
    /// Give an `external_id`: after a lost answer it is the only way to find the invoice again (KROS facts §5).
    pub struct NewInvoice {
        optional {
            /// The caller's own name of the document, at most 64 characters.
            external_id: String,
            /// The customer. Required.
            partner: Partner,
            /// The issuer; when left out, the company of the token.
            my_company: MyCompany,
            /// A note that is not printed.
            internal_note: String,
            /// A note that is printed.
            printed_note: String,
            /// Whether the issuer pays value added tax.
            vat_payer_type: Open<VatPayerType>,
            /// Whether the issuer is registered under § 7 or § 7a of the Slovak VAT act.
            use_paragraph_7or7a: bool,
            /// The language of the printed document, such as `sk-SK`.
            culture: String,
            /// Text above the items.
            opening_text: String,
            /// Text below the items.
            closing_text: String,
            /// The entry in the register of companies, as printed.
            registration_court_text: String,
            /// The day it is to be paid by.
            due_date: Date,
            /// The currency of all sums, three capital letters (ISO 4217).
            currency: String,
            /// Units of the document currency for one euro, greater than 0; 1 for euro.
            exchange_rate: Amount,
            /// Discount on the whole document, 0 to 100 percent.
            discount_percent: Amount,
            /// Discount on the whole document as a sum with VAT, at most two decimals.
            discount_total_price_incl_vat: Amount,
            /// The day of issue.
            issue_date: Date,
            /// The customer's order, at most 20 characters.
            order_number: String,
            /// The way of payment, free text.
            payment_type: String,
            /// The variable symbol, at most 10 digits; payments find the invoice by it.
            variable_symbol: String,
            /// The account to pay to.
            bank_account: BankAccount,
            /// The day of the taxable supply.
            delivery_date: Date,
            /// What advances already paid, at most two decimals.
            advance_payment_deduction: Amount,
            /// The numbering sequence, at most 5 characters.
            numbering_sequence: String,
            /// The document's number, at most 20 characters; empty or left out for the next one of the sequence.
            document_number: String,
            /// The kind of document.
            invoice_type: Open<InvoiceType>,
            /// The number of the invoice that this document credits.
            credited_invoice_number: String,
            /// Wording the law demands, such as the reason of a zero rate.
            mandatory_text: String,
            /// Which wording; 0 is none, other codes are unknown and go with 0 % items only (one integration).
            mandatory_text_type: i64,
            /// State of the one-stop shop (OSS); 0 is none, other codes are unknown.
            oss_tax_state: i64,
            /// Accounts for the ledger.
            accounting_details: AccountingDetails,
        }
        lists {
            /// The lines. At least one is required.
            items: InvoiceItem,
            /// The tags of the document.
            tags: Tag,
            /// Fields the company added to its documents.
            custom_fields: CustomField,
        }
    }
}

impl NewInvoice {
    /// An invoice for `partner` over `items`.
    pub fn new(partner: Partner, items: impl IntoIterator<Item = InvoiceItem>) -> Self {
        Self::default().partner(partner).items(items)
    }
}

request! {
    /// A line of an invoice.
    pub struct InvoiceItem {
        optional {
            /// What was sold, at most 255 characters.
            name: String,
            /// More about it.
            description: String,
            /// How much of it, in units of measure.
            amount: Amount,
            /// The unit of measure, such as `ks` or `hod`.
            measure_unit: String,
            /// The VAT rate in percent: 23, not 0.23.
            vat_rate: Amount,
            /// The total of the **line** with VAT, in document currency, at most two decimals; not the unit price.
            total_price_incl_vat: Amount,
            /// Discount on the line, 0 to 100 percent.
            discount_percent: Amount,
            /// What the discount is called.
            discount_name: String,
            /// The article's code in the catalogue, at most 25 characters.
            item_code: String,
            /// The warehouse the article is taken from.
            warehouse_code: String,
            /// The bar code (EAN).
            ean_code: String,
        }
    }
}

impl InvoiceItem {
    /// A line: `amount` units of `name` for `total_price_incl_vat` together, with VAT.
    pub fn new(
        name: impl Into<String>,
        amount: impl Into<Amount>,
        total_price_incl_vat: impl Into<Amount>,
    ) -> Self {
        Self::default().name(name).amount(amount).total_price_incl_vat(total_price_incl_vat)
    }
}

request! {
    /// A field a company added to its documents.
    pub struct CustomField {
        optional {
            /// What the field is called.
            label: String,
            /// What it holds.
            value: String,
        }
    }
}

impl CustomField {
    /// The field `label` holding `value`.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self::default().label(label).value(value)
    }
}

request! {
    /// The accounts a document is booked to.
    pub struct AccountingDetails {
        optional {
            /// The synthetic account, such as `311`.
            synthetic_account: String,
            /// The analytical account below it.
            analytical_account: String,
            /// The text of the booking.
            description_accounting: String,
        }
    }
}
