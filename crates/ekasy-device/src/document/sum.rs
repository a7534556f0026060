//! Sums that cannot overflow, by letter of the rate.

use std::collections::BTreeMap;

use super::Grosze;

/// A sum of amounts; a document would need billions of them to overflow it.
pub(super) fn sum(amounts: impl IntoIterator<Item = Grosze>) -> i128 {
    amounts.into_iter().map(|amount| i128::from(amount.0)).sum()
}

/// Sums by letter.
#[derive(Default)]
pub(super) struct ByRate<'a>(BTreeMap<&'a str, i128>);

impl<'a> ByRate<'a> {
    pub(super) fn add(&mut self, rate: &'a str, amount: i128) {
        *self.0.entry(rate).or_default() += amount;
    }

    /// The sum of a letter, which is then accounted for.
    pub(super) fn take(&mut self, rate: &str) -> i128 {
        self.0.remove(rate).unwrap_or_default()
    }

    /// What was not taken and is not zero.
    pub(super) fn left(&self) -> impl Iterator<Item = (&'a str, i128)> {
        self.0.iter().filter(|(_, amount)| **amount != 0).map(|(rate, amount)| (*rate, *amount))
    }
}
