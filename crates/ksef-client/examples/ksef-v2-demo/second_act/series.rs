//! What the bakery issues: series of invoices, each made at one moment.

use chrono::{DateTime, NaiveDate, Utc};
use ksef_client::v2::{
    FormCode,
    offline::{Mode, polish_day},
    outbox::Draft,
};
use serde::{Deserialize, Serialize};

use crate::invoices::{BAKER, Desk, Invoice};

/// Invoices that are issued together. Whoever makes them again makes the same bytes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Series<'a> {
    /// The beginning of their numbers.
    pub(crate) name: &'a str,
    /// How many.
    pub(crate) count: usize,
    /// When they are made.
    pub(crate) at: DateTime<Utc>,
    /// Why they are issued offline, if they are.
    pub(crate) mode: Option<Mode>,
}

impl Series<'_> {
    pub(crate) fn invoices(self) -> impl Iterator<Item = Invoice> {
        (1..=self.count).map(move |number| Desk(self.at).invoice(BAKER, self.name, number))
    }

    /// The Polish day of issue.
    pub(crate) fn day(self) -> NaiveDate {
        polish_day(self.at)
    }

    /// An invoice of the series as it is put into the outbox.
    pub(crate) fn draft(self, invoice: Invoice) -> Draft {
        let draft = Draft::new(invoice.bytes, FormCode::FA_3);
        match self.mode {
            Some(mode) => draft.offline(mode, self.day()),
            None => draft,
        }
    }
}
