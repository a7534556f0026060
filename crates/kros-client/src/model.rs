//! The documents of KROS Fakturácia as they travel: what is sent and what is answered.
//!
//! The service's own schema was not at hand, so the properties are the ones public integrations agree on (KROS facts §2).
//! Three rules follow from that, for every type in here.
//!
//! * **Read leniently.** `null` and a missing property are the same, an unknown code is kept as a number, and a property
//!   this version does not know lands in `extra` and is written back exactly as it came.
//! * **Never lose a value.** Dates, identifiers and symbols are held as the text that was read, money as exact decimals
//!   with the digits it came with, so a document survives being read and written again.
//! * **Judge elsewhere.** A document may hold a wrong value; [`check`](crate::check) names every one of them with its
//!   path before anything is sent.
//!
//! Requests are built with setters named after their fields:
//!
//! ```
//! use kros_client::model::{InvoiceItem, NewInvoice, Partner};
//!
//! let invoice = NewInvoice::new(
//!     Partner::new("Vymyslená Pekáreň s.r.o."),
//!     [InvoiceItem::new("Chlieb", 2, 5).vat_rate(5)],
//! )
//! .external_id("order-101")
//! .currency("EUR");
//! assert_eq!(invoice.items.len(), 1);
//! ```

#[macro_use]
mod fields;

mod codes;
mod dates;
mod expense;
mod ids;
mod invoice;
mod issued;
mod party;
mod payment;
mod registers;

pub use self::codes::{
    DueDateStatus, ExpenseDocumentType, InvoiceType, PaymentStatus, PaymentType, VatPayerType,
};
pub use self::dates::{Date, Timestamp};
pub use self::expense::Expense;
pub use self::ids::{
    AccountId, ExpenseId, ExternalId, IdError, InvoiceId, ProformaId, VariableSymbol,
};
pub use self::invoice::{AccountingDetails, CustomField, InvoiceItem, NewInvoice};
pub use self::issued::{Invoice, Issued, PriceSums, Prices, Proforma};
pub use self::party::{Address, BankAccount, MyCompany, Partner};
pub use self::payment::{NewPayment, Payment};
pub use self::registers::{CatalogItem, NumberingSequence, PaymentAccount, Tag, TagRecord};

#[cfg(test)]
mod tests;
