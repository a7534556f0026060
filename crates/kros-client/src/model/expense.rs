//! Received documents (KROS facts §2).

use common_core::open::Open;

use super::codes::{ExpenseDocumentType, PaymentStatus};
use super::dates::{Date, Timestamp};
use super::ids::ExpenseId;
use super::issued::Prices;
use super::party::Partner;
use super::registers::Tag;

answer! {
    /// A received document: invoice, receipt, credit note and the like.
    pub struct Expense {
        required {
            /// The id, a UUID.
            id: ExpenseId,
        }
        optional {
            /// What kind of document it is.
            document_type: Open<ExpenseDocumentType>,
            /// The number in the company's own sequence.
            document_number: String,
            /// The supplier.
            partner: Partner,
            /// The day of issue.
            issue_date: Date,
            /// The day of the taxable supply.
            delivery_date: Date,
            /// The day it arrived.
            received_date: Date,
            /// The day it is to be paid by.
            due_date: Date,
            /// How far it is paid.
            payment_status: Open<PaymentStatus>,
            /// The way of payment, free text.
            payment_type: String,
            /// Whether files are attached.
            has_attachments: bool,
            /// The sums; the service fills only `document_prices.total_price_incl_vat`, the others are 0 (one integration).
            prices: Prices,
            /// When the service last changed it.
            last_modified_timestamp: Timestamp,
        }
        lists {
            /// The tags it carries.
            tags: Tag,
        }
    }
}
