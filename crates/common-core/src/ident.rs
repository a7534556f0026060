//! National identifiers and account numbers as types, so that an IČO is never handed over where a
//! DIČ is due.
//!
//! Every type follows the same rule: [`parse`](Nip::parse) checks the written form and nothing
//! more, because the authorities' schemas demand a pattern while their test systems (and even the
//! examples of their own specifications) use numbers with wrong check digits.
//! Whether the check digit is right is a question of its own, answered by
//! [`checksum_ok`](Nip::checksum_ok).
//!
//! | type | country | stored form | also accepted when parsing |
//! |---|---|---|---|
//! | [`Nip`] | Poland | 10 digits | spaces, dashes, the prefix `PL` |
//! | [`Pesel`] | Poland | 11 digits | nothing else |
//! | [`Ico`] | Slovakia | 8 digits | spaces |
//! | [`Dic`] | Slovakia | 10 digits | spaces |
//! | [`IcDph`] | Slovakia | `SK` and 10 digits | spaces, `sk` |
//! | [`Iban`] | any | compact, upper case | spaces, lower case |
//!
//! In JSON each of them is a string.
//! An integer is read as well, since some systems write identifiers as numbers: it has to show
//! every digit, so a number that lost its leading zeros is refused by its length instead of being
//! guessed back.
//!
//! ```
//! use common_core::ident::Nip;
//!
//! let nip: Nip = serde_json::from_str("\"123-456-32-18\"")?;
//! assert_eq!(nip.as_str(), "1234563218");
//! assert!(nip.checksum_ok());
//! # Ok::<(), serde_json::Error>(())
//! ```

mod digits;
mod error;
mod iban;
mod poland;
mod slovakia;
mod text;

pub use error::{Flaw, IdentError, Identifier};
pub use iban::Iban;
pub use poland::{Nip, Pesel};
pub use slovakia::{Dic, IcDph, Ico};

#[cfg(test)]
mod tests;
