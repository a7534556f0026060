//! Whether an invoice that KSeF knows is the very one that was sent.

use std::collections::HashMap;

use chrono::{NaiveTime, TimeDelta};
use futures_util::TryStreamExt;
use ksef_crypto::{
    link::InvoiceHash,
    number::{KsefNumber, ReferenceNumber},
};
use tokio::time::Instant;

use super::{Carrier, DurableError, session};
use crate::{
    check::{Profile, check},
    v2::{
        error::{Error, ErrorKind},
        invoices,
        outbox::{
            fate::{Fate, Issued},
            parcel::{Letter, Rival},
            verdict::hash_of,
        },
        sessions,
        wire::{
            InvoiceMetadata, InvoiceQueryDateRange, InvoiceQueryDateType, InvoiceQueryFilters,
            InvoiceQuerySubjectType, SessionInvoiceStatusResponse,
        },
    },
};

/// In which role the issuer may be in an invoice. With each try another one is asked for, because
/// twenty questions an hour are all that a context has.
const ROLES: [InvoiceQuerySubjectType; 4] = [
    InvoiceQuerySubjectType::Subject1,
    InvoiceQuerySubjectType::Subject2,
    InvoiceQuerySubjectType::Subject3,
    InvoiceQuerySubjectType::SubjectAuthorized,
];

/// The invoices of a session that are issued: their hashes and KSeF numbers.
pub(super) type Numbers = Vec<(InvoiceHash, KsefNumber)>;

/// What was asked for in one turn. The context has a few questions an hour for all it does, so none is
/// asked twice, and none after one that was not answered or when the turn is over.
pub(super) struct Lookup {
    lists: HashMap<ReferenceNumber, Numbers>,
    until: Instant,
    is_cut: bool,
}

/// What is found out about a letter whose invoice KSeF knows.
pub(super) enum Found {
    /// It is its very own invoice, or surely another one.
    Fate(Fate),
    /// Everything was asked, and nothing tells.
    Nothing,
    /// Nothing more can be asked now.
    Later,
}

impl Lookup {
    pub(super) fn until(until: Instant) -> Self {
        Self { lists: HashMap::new(), until, is_cut: false }
    }

    /// Takes over the list of a session that was read already.
    pub(super) fn know(&mut self, session: ReferenceNumber, numbers: Numbers) {
        self.lists.insert(session, numbers);
    }

    /// Whether there was more to ask.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }
}

pub(super) fn numbers(rows: &[SessionInvoiceStatusResponse]) -> Numbers {
    // A refused row may name the number of another invoice.
    let issued = rows.iter().filter(|row| row.status.code == 200);
    let numbered = |row: &SessionInvoiceStatusResponse| {
        Some((hash_of(row)?, row.ksef_number.as_deref()?.parse().ok()?))
    };
    issued.filter_map(numbered).collect()
}

impl Carrier {
    /// Whether the rival of a letter is its very own invoice: by the list of the rival's session, and
    /// where that may not be seen, by its metadata.
    pub(super) async fn compare(
        &self,
        letter: &Letter,
        lookup: &mut Lookup,
    ) -> Result<Found, DurableError> {
        lookup.is_cut |= Instant::now() >= lookup.until;
        if lookup.is_cut {
            return Ok(Found::Later);
        }
        match self.compare_by(letter, &mut lookup.lists).await {
            Ok(fate) => Ok(fate.map_or(Found::Nothing, Found::Fate)),
            Err(DurableError::Ksef(error)) if !is_login(&error) => {
                tracing::debug!(%error, "an invoice that ksef knows is compared later");
                lookup.is_cut = true;
                Ok(Found::Later)
            }
            Err(error) => Err(error),
        }
    }

    async fn compare_by(
        &self,
        letter: &Letter,
        lists: &mut HashMap<ReferenceNumber, Numbers>,
    ) -> Result<Option<Fate>, DurableError> {
        let Some(Rival { number, session }) = &letter.rival else { return Ok(None) };
        let own = letter.hash()?;
        if let Some(session) = session {
            if !lists.contains_key(session) {
                lists.insert(session.clone(), self.numbers_of(session).await?);
            }
            let rows = lists.get(session).map(Vec::as_slice).unwrap_or_default();
            if let Some((_, number)) = rows.iter().find(|(hash, _)| *hash == own) {
                return Ok(Some(issued(number.clone(), Some(session.clone()))));
            }
            if let Some(number) = number
                && rows.iter().any(|(_, other)| other == number)
            {
                return Ok(Some(Fate::Duplicate { original: Some(number.clone()) }));
            }
        }
        let Some(number) = number else { return Ok(None) };
        let Some(hash) = self.hash_of(number, letter.tries).await? else { return Ok(None) };
        let number = number.clone();
        Ok(Some(if hash == own {
            issued(number, session.clone())
        } else {
            Fate::Duplicate { original: Some(number) }
        }))
    }

    /// The fate of a technical correction when KSeF says that it has one already: it may be this very
    /// one. `None` when there is no issued invoice of its number; a login that may not ask is a failure.
    pub(super) async fn correction_of(
        &self,
        letter: &Letter,
    ) -> Result<Option<Fate>, DurableError> {
        let draft = self.draft(letter).await?;
        let profile = Profile::at(self.account.client().environment());
        let report = check(draft.bytes(), &profile);
        let Some(key) = report.duplicate_key() else { return Ok(None) };
        let until = self.account.clock().now() + TimeDelta::days(1);
        let range = InvoiceQueryDateRange::new(InvoiceQueryDateType::Invoicing, until - LOOK_BACK);
        let mut filters = InvoiceQueryFilters::new(range.to(until), ROLES[0]);
        filters.invoice_number = Some(key.number().to_owned());
        let rows = self.account.send(&invoices::Query::new(filters)).await?.invoices;
        let (own, corrected) = (letter.hash()?, draft.corrected());
        let of = |text: Option<&String>| text.and_then(|text| InvoiceHash::from_base64(text));
        let same = rows.iter().find(|row| of(row.invoice_hash.as_ref()) == Some(own));
        let other = rows.iter().find(|row| of(row.hash_of_corrected_invoice.as_ref()) == corrected);
        let number = |row: &InvoiceMetadata| row.ksef_number.parse().ok();
        Ok(match (same.and_then(number), other.and_then(number)) {
            (Some(number), _) => Some(issued(number, None)),
            (None, Some(number)) => Some(Fate::Duplicate { original: Some(number) }),
            (None, None) => None,
        })
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

    /// The hash of an issued invoice by its metadata.
    async fn hash_of(&self, number: &KsefNumber, tries: u32) -> Result<Option<InvoiceHash>, Error> {
        let Some(day) = number.date() else { return Ok(None) };
        // The day in the number is a Polish one and may be the day before or after in UTC.
        let from = day.and_time(NaiveTime::MIN).and_utc() - TimeDelta::days(2);
        let range = InvoiceQueryDateRange::new(InvoiceQueryDateType::Invoicing, from);
        let role = ROLES[tries as usize % ROLES.len()];
        let mut filters = InvoiceQueryFilters::new(range.to(from + TimeDelta::days(5)), role);
        filters.ksef_number = Some(number.as_str().to_owned());
        let rows = self.metadata(filters).await?;
        let row = rows.into_iter().find(|row| row.ksef_number == number.as_str());
        let hash = row.and_then(|row| row.invoice_hash);
        Ok(hash.and_then(|hash| InvoiceHash::from_base64(&hash)))
    }

    /// The first page of a query; nothing when it may not be asked.
    async fn metadata(&self, filters: InvoiceQueryFilters) -> Result<Vec<InvoiceMetadata>, Error> {
        match self.account.send(&invoices::Query::new(filters)).await {
            Ok(page) => Ok(page.invoices),
            Err(error) if is_hidden(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// So far back a technical correction is looked for: the longest time that one question may be about,
/// and a day less.
const LOOK_BACK: TimeDelta = TimeDelta::days(99);

fn issued(number: KsefNumber, session: Option<ReferenceNumber>) -> Fate {
    let (invoicing_date, permanent_storage_date, mode) = (None, None, None);
    Fate::Issued(Issued { number, session, invoicing_date, permanent_storage_date, mode })
}

fn is_login(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NoLogin | ErrorKind::Unauthenticated)
}

/// Whether something may not be seen, or not asked in that role.
fn is_hidden(error: &Error) -> bool {
    session::is_hidden(error) || error.kind() == ErrorKind::Invalid
}
