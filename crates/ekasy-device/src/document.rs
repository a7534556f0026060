//! Fiscal documents as the register makes them and the repository reads them: JPK structures
//! (CRK facts §2).
//!
//! The authority's schema is not public, so only what was seen in public data is typed: receipts
//! ([`Receipt`], `paragon`) and daily reports ([`DailyReport`], `rapDob`). Every other kind is an
//! [`Entry`] with a name and its bytes. **Whatever is read keeps its bytes**: an entry is written
//! again exactly as it was read, unknown fields, number texts and white space included; typed
//! values are a view of it.
//!
//! Amounts are whole grosze ([`Grosze`]), quantities are texts with a decimal comma
//! ([`Quantity`]), and no binary fraction is ever involved.
//! [`Receipt::findings`] and [`DailyReport::findings`] tell what does not add up, all at once and
//! with the place; nothing is refused for it, because a document that was issued must be sent.
//!
//! # Examples
//!
//! ```
//! use ekasy_device::document::{Content, Jpk};
//!
//! let text = r#"{"JPK":{"naglowek":{"wersja":"JPK_KASA_v2-0","dataJPK":"2026-01-05T20:00:00.000Z"},
//!   "podmiot1":{"NIP":"1234563218","nazwaPod":"Sklep Przykładowy","nrUnik":"ZTE2601000001"},
//!   "content":[{"wydruk":{"JPKID":12,"nowe":1.50}}]}}"#;
//! let jpk = Jpk::parse(text)?;
//! let entry = &jpk.content()[0];
//! assert_eq!((entry.kind(), entry.jpk_id()), ("wydruk", Some(12)));
//! assert_eq!(entry.json(), r#"{"JPKID":12,"nowe":1.50}"#);
//! assert!(matches!(entry.content()?, Content::Other));
//! # Ok::<(), ekasy_device::document::DocumentError>(())
//! ```

mod check;
mod discount;
mod entry;
mod error;
mod finding;
mod info;
mod jpk;
mod kept;
mod money;
mod party;
mod rate;
mod receipt;
mod report;
mod seal;
mod sum;

pub use discount::{Discount, RateDiscount};
pub use entry::{Content, Entry};
pub use error::DocumentError;
pub use finding::{Finding, Rule};
pub use info::Info;
pub use jpk::{Jpk, JpkHeader, ReceiptDocument};
pub use kept::Kept;
pub use money::{Grosze, Quantity, QuantityError};
pub use party::{Address, Taxpayer};
pub use rate::{Rate, TaxRate};
pub use receipt::{
    Item, Packaging, PackagingLine, Payment, Position, RateTotal, Receipt, Subtotal, Total,
};
pub use report::{DailyReport, RateSales, ReceiptSales};
pub use seal::{DocumentSeal, DocumentSealer, SealerError, Unsealed};
