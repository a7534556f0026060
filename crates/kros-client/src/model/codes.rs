//! The service's integer codes, as far as they are known.
//!
//! None of them stands on the documentation page; each was seen in public integrations, and the docs say in how many
//! (KROS facts §2). Fields hold them as [`Open`](common_core::open::Open), so a code without a name here is read, kept and
//! written back as the number it is.

use common_core::codes;

codes! {
    /// How far an issued or received document is paid.
    ///
    /// The names come from one integration, and another treats 3 in a notification as "paid": decide from the sums
    /// ([`Issued::to_pay`](crate::model::Issued::to_pay)) and never from 3.
    pub enum PaymentStatus: i64 {
        /// The service did not say.
        Undefined = -1,
        /// Nothing was paid.
        NotPaid = 0,
        /// Paid to the cent.
        FullyPaid = 1,
        /// More was paid than asked for.
        OverPaid = 2,
        /// A part was paid, according to one integration; "paid" according to another.
        PartiallyPaid = 3,
    }
}

codes! {
    /// Whether a document's due date has passed: a filter of the invoice list (the integration guide and two integrations).
    pub enum DueDateStatus: i64 {
        /// The due date has not passed.
        InDue = 1,
        /// The due date has passed.
        OverDue = 2,
    }
}

codes! {
    /// The kind of an issued document inside the invoice endpoints.
    ///
    /// Only the plain invoice is certain.
    /// The code of a credit note is unknown; code 2 was seen once, for an advance document, and has no name for that reason.
    pub enum InvoiceType: i64 {
        /// A plain invoice (four integrations).
        Invoice = 0,
    }
}

codes! {
    /// Whether the issuer of a document pays value added tax.
    pub enum VatPayerType: i64 {
        /// A VAT payer (four integrations); the other codes are unknown.
        Payer = 1,
    }
}

codes! {
    /// The kind of a received document (one integration).
    pub enum ExpenseDocumentType: i64 {
        /// A received invoice.
        ReceivedInvoice = 10,
        /// A receipt of a cash register.
        Receipt = 11,
        /// An internal document.
        InternalDocument = 13,
        /// A notice of the bank.
        BankNotification = 14,
        /// A received proforma invoice.
        ReceivedProformaInvoice = 15,
        /// A received credit note; its amount may be positive.
        ReceivedCreditNote = 17,
        /// A received debit note.
        ReceivedDebitNote = 19,
    }
}

codes! {
    /// The way a payment was made (two integrations).
    ///
    /// This is the code of payments; an invoice's payment type is free text.
    pub enum PaymentType: i64 {
        /// A bank transfer.
        BankTransfer = 1,
        /// A card payment.
        CardPayment = 2,
    }
}
