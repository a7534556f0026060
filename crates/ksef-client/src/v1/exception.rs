//! The numbers by which the service names what is wrong (specification 1.9, chapter 14; KSeF 1.x
//! facts §11).
//!
//! The service's own sentences are Polish and meant for people; the meanings here are ours. The
//! list is open: a number that is not in it is kept and shown as it came.

mod table;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::v1::error::ErrorKind;

/// The number of an exception, as `21304`; known or not.
///
/// # Examples
///
/// ```
/// use ksef_client::v1::ExceptionCode;
///
/// let code = ExceptionCode::DUPLICATE_IN_SESSION;
/// assert_eq!(code.number(), 21176);
/// assert_eq!(code.meaning(), Some("the session holds the same invoice already"));
/// assert_eq!(ExceptionCode::new(29999).meaning(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExceptionCode(u32);

impl ExceptionCode {
    /// The code of that number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// What it means, in lower case and without a full stop; `None` for an unknown number.
    pub fn meaning(self) -> Option<&'static str> {
        self.row().map(|row| row.meaning)
    }

    /// The codes that this version knows, by number.
    pub fn known() -> impl ExactSizeIterator<Item = Self> {
        table::ROWS.iter().map(|row| row.code)
    }

    /// Whether the service may take the same call a moment later (KSeF 1.x facts §11).
    ///
    /// That the call was not done is certain for the first two only:
    /// [`REQUEST_LIMIT`](Self::REQUEST_LIMIT) and [`NOT_AUTHENTICATED`](Self::NOT_AUTHENTICATED),
    /// which means "not yet" while a session is being opened.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::REQUEST_LIMIT | Self::NOT_AUTHENTICATED | Self::SERVER_FAILURE)
    }

    /// The kind of failure; `None` for an unknown number.
    pub(crate) fn kind(self) -> Option<ErrorKind> {
        self.row().map(|row| row.kind)
    }

    /// The code that the service wrote before its sentence in a processing description, as in
    /// `20005:…` (KSeF 1.x facts §10).
    pub fn in_description(description: &str) -> Option<Self> {
        let digits = description.split(':').next()?.trim();
        let is_code = (4..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        is_code.then(|| digits.parse().ok().map(Self)).flatten()
    }

    fn row(self) -> Option<&'static Row> {
        let at = table::ROWS.binary_search_by_key(&self, |row| row.code).ok()?;
        table::ROWS.get(at)
    }
}

impl fmt::Display for ExceptionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One line of the list.
struct Row {
    code: ExceptionCode,
    kind: ErrorKind,
    meaning: &'static str,
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    #[test]
    fn the_list_is_sorted_and_every_code_is_found_with_its_own_meaning() {
        let codes: Vec<_> = ExceptionCode::known().collect();
        assert!(codes.is_sorted() && codes.windows(2).all(|pair| pair[0] != pair[1]));
        let meanings: BTreeSet<_> = codes.iter().filter_map(|code| code.meaning()).collect();
        assert_eq!(meanings.len(), codes.len());
        assert!(meanings.iter().all(|meaning| !meaning.ends_with('.') && meaning.len() > 10));
    }

    #[test]
    fn every_published_code_is_known() {
        let list = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../shared/reference/ksef-v1/errors/exception-codes.csv");
        let Ok(text) = std::fs::read_to_string(&list) else {
            eprintln!("SKIPPED: the published list of codes is not beside the repository");
            return;
        };
        let published: Vec<u32> =
            text.lines().filter_map(|line| line.split(',').next()?.parse().ok()).collect();
        assert_eq!(published.len(), 114);
        for number in published {
            assert!(ExceptionCode::new(number).meaning().is_some(), "{number}");
        }
    }

    #[test]
    fn only_what_may_pass_is_transient() {
        let transient: Vec<_> = ExceptionCode::known().filter(|code| code.is_transient()).collect();
        assert_eq!(
            transient.iter().map(|code| code.number()).collect::<Vec<_>>(),
            [21121, 21304, 30012]
        );
    }

    #[test]
    fn a_code_is_found_before_the_sentence_and_nowhere_else() {
        let code = |text| ExceptionCode::in_description(text).map(ExceptionCode::number);
        assert_eq!(code("20005:Nieprawidłowo zaszyfrowana treść."), Some(20005));
        assert_eq!(code("9102: Brak podpisu."), Some(9102));
        assert_eq!(code("Przyjęto"), None);
        assert_eq!(code("440"), None);
        assert_eq!(code("123456:x"), None);
        assert_eq!(code(""), None);
    }
}
