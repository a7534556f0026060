//! Payments: what is sent to the batch endpoint and what the list answers.
//!
//! The service matches a payment to its invoice by the variable symbol (KROS facts §2).

use common_core::money::Amount;
use common_core::open::Open;

use super::codes::PaymentType;
use super::dates::{Date, Timestamp};
use super::ids::AccountId;

request! {
    /// A payment to be recorded.
    ///
    /// Day and sum are required.
    /// Give an `external_id`: it is the filter by which a payment is found again after a lost answer (KROS facts §5).
    pub struct NewPayment {
        optional {
            /// The day of the payment. Required.
            date_of_payment: Date,
            /// The sum in the account's currency, at most two decimals, negative for outgoing money. Required.
            sum_of_payment: Amount,
            /// The sum in the currency it was paid in.
            original_sum_of_payment: Amount,
            /// The currency it was paid in, three capital letters (ISO 4217).
            original_currency: String,
            /// The variable symbol of the paid document, at most 10 digits.
            variable_symbol: String,
            /// The account the money moved on.
            account_id: AccountId,
            /// Who paid or was paid, at most 255 characters.
            partner_name: String,
            /// The message to the recipient, at most 140 characters.
            remittance_information: String,
            /// The payer's or gateway's reference.
            payment_reference: String,
            /// A note for oneself.
            note: String,
            /// The caller's own name of the payment, at most 64 characters.
            external_id: String,
            /// How it was paid.
            payment_type: Open<PaymentType>,
        }
    }
}

impl NewPayment {
    /// A payment of `sum` on `day`; a negative sum is outgoing money.
    pub fn new(day: impl Into<Date>, sum: impl Into<Amount>) -> Self {
        Self::default().date_of_payment(day).sum_of_payment(sum)
    }
}

answer! {
    /// A recorded payment as the list answers it.
    ///
    /// It has no id of its own (one integration looked for one); [`external_id`](Self::external_id) is the caller's.
    pub struct Payment {
        optional {
            /// The day of the payment.
            date_of_payment: Date,
            /// The sum in the account's currency, negative for outgoing money.
            sum_of_payment: Amount,
            /// The sum in the currency it was paid in.
            original_sum_of_payment: Amount,
            /// The currency it was paid in.
            original_currency: String,
            /// The variable symbol.
            variable_symbol: String,
            /// The account the money moved on.
            account_id: AccountId,
            /// Who paid or was paid.
            partner_name: String,
            /// The message to the recipient.
            remittance_information: String,
            /// The payer's or gateway's reference.
            payment_reference: String,
            /// A note for oneself.
            note: String,
            /// The caller's own name of the payment.
            external_id: String,
            /// How it was paid.
            payment_type: Open<PaymentType>,
            /// Whether the payment is kept without a document on purpose.
            is_without_document: bool,
            /// When the service last changed it.
            last_modified_timestamp: Timestamp,
        }
        lists {
            /// The documents the service matched the payment to; their properties beyond an id are unknown.
            matched_documents: serde_json::Value,
        }
    }
}
