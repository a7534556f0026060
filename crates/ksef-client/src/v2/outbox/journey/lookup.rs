//! Whether an invoice that KSeF knows is the very one that was sent.

use std::collections::HashMap;

use chrono::{NaiveTime, TimeDelta};
use futures_util::TryStreamExt as _;
use ksef_crypto::number::{KsefNumber, ReferenceNumber};

use super::{Carrier, DurableError, Letter};
use crate::v2::{
    error::{Error, ErrorKind},
    invoices, sessions,
    wire::{
        InvoiceQueryDateRange, InvoiceQueryDateType, InvoiceQueryFilters, InvoiceQuerySubjectType,
        SessionInvoiceStatusResponse,
    },
};

/// The invoices of a session that are issued: their hashes by their KSeF numbers.
pub(super) type Numbers = HashMap<String, String>;

pub(super) fn numbers(rows: &[SessionInvoiceStatusResponse]) -> Numbers {
    rows.iter()
        .filter_map(|row| Some((row.ksef_number.clone()?, row.invoice_hash.clone()?)))
        .collect()
}

impl Carrier {
    /// Whether the invoice of that number has the bytes of the letter: by the list of its session,
    /// and where that may not be seen, by its metadata. `None` when neither can tell yet.
    pub(super) async fn is_same(
        &self,
        number: &KsefNumber,
        session: Option<&ReferenceNumber>,
        letter: &Letter,
        lists: &mut HashMap<ReferenceNumber, Numbers>,
    ) -> Result<Option<bool>, DurableError> {
        if let Some(session) = session {
            if !lists.contains_key(session) {
                lists.insert(session.clone(), self.numbers_of(session).await?);
            }
            let hash = lists.get(session).and_then(|numbers| numbers.get(number.as_str()));
            if let Some(hash) = hash {
                return Ok(Some(*hash == letter.hash));
            }
        }
        let hash = self.hash_of(number).await?;
        Ok(hash.map(|hash| hash == letter.hash))
    }

    /// The issued invoices of a session; none when the session may not be seen.
    async fn numbers_of(&self, session: &ReferenceNumber) -> Result<Numbers, Error> {
        let list = sessions::Invoices::new(session.clone());
        let rows: Result<Vec<_>, Error> = self.account.items(list).try_collect().await;
        match rows {
            Ok(rows) => Ok(numbers(&rows)),
            Err(error) if is_hidden(&error) => Ok(Numbers::new()),
            Err(error) => Err(error),
        }
    }

    /// The hash of an issued invoice by its metadata, in whichever role the context has in it.
    async fn hash_of(&self, number: &KsefNumber) -> Result<Option<String>, Error> {
        let Some(day) = number.date() else { return Ok(None) };
        // The day in the number is a Polish one and may be the day before or after in UTC.
        let from = day.and_time(NaiveTime::MIN).and_utc() - TimeDelta::days(2);
        let roles = [
            InvoiceQuerySubjectType::Subject1,
            InvoiceQuerySubjectType::Subject2,
            InvoiceQuerySubjectType::Subject3,
            InvoiceQuerySubjectType::SubjectAuthorized,
        ];
        for role in roles {
            let range = InvoiceQueryDateRange::new(InvoiceQueryDateType::Invoicing, from)
                .to(from + TimeDelta::days(5));
            let mut filters = InvoiceQueryFilters::new(range, role);
            filters.ksef_number = Some(number.as_str().to_owned());
            match self.account.send(&invoices::Query::new(filters)).await {
                Ok(page) => {
                    let mut rows = page.invoices.into_iter();
                    let row = rows.find(|row| row.ksef_number == number.as_str());
                    if let Some(hash) = row.and_then(|row| row.invoice_hash) {
                        return Ok(Some(hash));
                    }
                }
                Err(error) if is_hidden(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

fn is_hidden(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden | ErrorKind::Gone)
}
