//! The objects of ePP as they travel: bank accounts and payment orders, sent and answered.
//!
//! The attributes are those of the two tables of the source document (sections Bank Accounts and Payment Orders); types and
//! limits that the tables leave out are in ePP facts §2.
//! Three rules hold for every type in here.
//!
//! * **Read leniently.** `null`, an empty text and a missing attribute are the same for everything that is not a text, a
//!   number is taken where a text stands in the table and the other way round, an unknown code is kept as it came, and an
//!   attribute this version does not know lands in `extra` and is written back.
//! * **Never lose a value.** Dates keep the text they were read from, money is an exact decimal, identifiers keep or get
//!   back their leading zeros.
//! * **Judge elsewhere.** An order may hold a wrong value; [`rules`](crate::rules) names all of them before it is sent.
//!
//! Answers are written in `camelCase`, requests in `PascalCase`, as the samples of the source document are.
//!
//! ```
//! use common_core::money::Amount;
//! use epp_client::model::NewPaymentOrder;
//!
//! let order = NewPaymentOrder::new("840-102849-41", "840-235664-72", Amount::parse("3.21")?)
//!     .payment_basis("Uplata po ugovoru")
//!     .payment_code(270)
//!     .creditor_name("Izmišljeni Dobavljač")
//!     .creditor_address("Zamišljena 1, Beograd")
//!     .user_tags(["demo"]);
//! assert_eq!(order.normalized().debtor_bank_account.as_deref(), Some("840000000010284941"));
//! # Ok::<(), common_core::money::AmountError>(())
//! ```

#[macro_use]
mod fields;

mod account;
mod codes;
mod ids;
mod moment;
mod new_order;
mod order;
pub(crate) mod scalar;
mod tags;

pub use self::{
    account::BankAccount,
    codes::{
        AccountActivity, AccountPermission, AccountStatus, AccountType, ReferenceModel,
        RequestStatus, TwoFactorChannel,
    },
    ids::{
        BankAccountNumber, BankCode, ControlNumber, IdError, Jbkjs, PaymentOrderId, TreasuryCode,
        UnitNumber,
    },
    moment::Moment,
    new_order::NewPaymentOrder,
    order::PaymentOrder,
    tags::Tags,
};

#[cfg(test)]
mod tests;
