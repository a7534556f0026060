//! Metadata of any number of invoices, page by page.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
};

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use common_http::{Endpoint, Paged};
use futures_util::{Stream, stream};

use crate::v2::{
    Account,
    error::{Error, ErrorKind},
    invoices::{LONGEST_RANGE, Query},
    wire::{self, InvoiceMetadata, InvoiceQueryDateType},
};

/// Queries up to now are so much shorter than the longest ones.
const MARGIN: TimeDelta = TimeDelta::days(1);

/// A query begins so much before a date that the service has shown, in case it rounds dates when it
/// shows them; what comes twice by that is left out.
pub(crate) const OVERLAP: TimeDelta = TimeDelta::milliseconds(1);

/// What is known of the invoices in a stretch of time of any length, oldest first.
///
/// The rules of the service are kept here: no query spans more than 100 days, a query that is cut
/// after 10,000 rows goes on from its last row, and a row that two pages repeat comes once. A repeated
/// row may also mean that rows of one moment changed places between two pages and that another one
/// was passed over; so a new query begins there.
pub struct Metadata {
    account: Account,
    filters: wire::InvoiceQueryFilters,
    /// The end that was asked for; none for now, whenever that is.
    until: Option<DateTime<Utc>>,
    next: Option<Query>,
    /// The invoices of the newest pages with their dates, to know a repeated one.
    seen: BTreeMap<String, Option<DateTime<Utc>>>,
    /// The invoices of the present query, 10,000 at most.
    given: BTreeSet<String>,
    high_water_mark: Option<DateTime<Utc>>,
    /// The lowest mark behind which a window went on: what was stored between them later was missed.
    passed: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
}

/// One page of metadata.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MetadataPage {
    /// The rows that no earlier page had.
    pub invoices: Vec<InvoiceMetadata>,
    /// Up to when everything is stored, as the service says with this page.
    pub high_water_mark: Option<DateTime<Utc>>,
    /// Whether the service cut the query here; the next page begins a new one.
    pub is_truncated: bool,
}

impl Account {
    /// Asks for the metadata of invoices, however many; nothing is sent before the first page.
    ///
    /// Without an end the range reaches to now. For a query that can be continued later let the
    /// range be of `PermanentStorage` and restricted to the high water mark.
    pub fn metadata(&self, filters: wire::InvoiceQueryFilters) -> Metadata {
        let until = filters.date_range.to;
        let from = filters.date_range.from;
        let mut metadata = Metadata {
            account: self.clone(),
            filters,
            until,
            next: None,
            seen: BTreeMap::new(),
            given: BTreeSet::new(),
            high_water_mark: None,
            passed: None,
            last: None,
        };
        metadata.next = Some(metadata.window(from));
        metadata
    }
}

impl Metadata {
    /// The next page; `None` after the last one.
    ///
    /// After an error the same page can be asked for again.
    pub async fn next_page(&mut self) -> Result<Option<MetadataPage>, Error> {
        let Some(query) = self.next.clone() else { return Ok(None) };
        let page = self.account.send(&query).await?;
        let is_truncated = page.is_truncated == Some(true);
        self.high_water_mark = page.permanent_storage_hwm_date.or(self.high_water_mark);
        let newest = page.invoices.last().and_then(|row| self.date(row));
        let doubtful = self.repeated(&page.invoices).and_then(|date| self.window_at(date));
        let after = match (&doubtful, query.next(&page)) {
            (Some(again), _) => Some(again.clone()),
            (None, Some(query)) => Some(query),
            (None, None) if is_truncated => Some(self.after_cut(newest)?),
            (None, None) => self.window_after(),
        };
        self.last = match doubtful {
            Some(again) => Some(again.range().from),
            None => newest.or(self.last),
        };
        let invoices = self.unseen(page.invoices, after.as_ref());
        self.note_passed(after.as_ref());
        self.next = after;
        Ok(Some(MetadataPage { invoices, high_water_mark: self.high_water_mark, is_truncated }))
    }

    /// The rows of all pages.
    pub fn into_stream(self) -> impl Stream<Item = Result<InvoiceMetadata, Error>> + Send {
        stream::try_unfold((self, VecDeque::new()), |(mut metadata, mut rows)| async move {
            loop {
                if let Some(row) = rows.pop_front() {
                    return Ok(Some((row, (metadata, rows))));
                }
                match metadata.next_page().await? {
                    Some(page) => rows = page.invoices.into(),
                    None => return Ok(None),
                }
            }
        })
    }

    /// Whether all pages were read.
    pub fn is_done(&self) -> bool {
        self.next.is_none()
    }

    /// The newest high water mark that the service told.
    pub fn high_water_mark(&self) -> Option<DateTime<Utc>> {
        self.high_water_mark
    }

    /// Where a later query has to begin so that nothing is missed, for ranges of `PermanentStorage`;
    /// `None` for others, which no mark belongs to, and while nothing is known.
    ///
    /// Once all pages were read, that is the high water mark, or the end that was asked for if it is
    /// earlier; before that the last row, or the end of the last query, and never what lies behind a
    /// mark. Store it **after** the rows.
    pub fn checkpoint(&self) -> Option<DateTime<Utc>> {
        let mark = self.high_water_mark.filter(|_| self.is_by_storage())?;
        let read = match &self.next {
            None => self.until.unwrap_or(mark),
            // A query that follows one that was read to its end begins there.
            Some(query) => self.last.unwrap_or(query.range().from).max(query.range().from),
        };
        Some(read.min(mark).min(self.passed.unwrap_or(mark)))
    }

    fn is_by_storage(&self) -> bool {
        let kind = self.filters.date_range.date_type.known();
        kind == Some(InvoiceQueryDateType::PermanentStorage)
    }

    /// Whether the service is asked to give nothing behind the mark.
    fn is_restricted(&self) -> bool {
        let asked = self.filters.date_range.restrict_to_permanent_storage_hwm_date;
        asked == Some(true) && self.is_by_storage()
    }

    /// Remembers the mark when the next query begins behind it.
    fn note_passed(&mut self, next: Option<&Query>) {
        let (Some(next), Some(mark)) = (next, self.high_water_mark) else { return };
        if self.is_another(next) && mark < next.range().from {
            self.passed = Some(self.passed.map_or(mark, |passed| passed.min(mark)));
        }
    }

    /// A query from that moment, as long as one may be.
    fn window(&self, from: DateTime<Utc>) -> Query {
        let now = self.account.clock().now();
        let farthest = from + LONGEST_RANGE;
        let mut filters = self.filters.clone();
        filters.date_range.from = from;
        // An end that is left out means now, which is right for the last query only. By the time and
        // the clock of the service that may be later, so it is left out below the longest range only.
        filters.date_range.to = match self.until {
            Some(until) => Some(until.min(farthest)),
            None => Some(farthest - MARGIN).filter(|stop| *stop < now),
        };
        Query::new(filters)
    }

    /// The query after one that was read to its end; none where the mark is before that end and
    /// nothing is given behind it.
    fn window_after(&self) -> Option<Query> {
        let end = self.next.as_ref()?.range().to?;
        let is_last = self.until.is_some_and(|until| end >= until);
        let is_behind = self.is_restricted() && self.high_water_mark.is_some_and(|mark| mark < end);
        (!is_last && !is_behind).then(|| self.window(end))
    }

    /// The query after one that was cut: from its last row on.
    fn after_cut(&self, newest: Option<DateTime<Utc>>) -> Result<Query, Error> {
        newest.and_then(|newest| self.window_at(newest)).ok_or_else(|| {
            let cause = "more invoices than one query gives have the same date";
            Error::local(ErrorKind::LimitReached, Query::INFO.name, cause)
        })
    }

    /// A query that has the rows of that date, if it begins later than the present one.
    fn window_at(&self, date: DateTime<Utc>) -> Option<Query> {
        let before = self.next.as_ref()?.range().from;
        let from = [date - OVERLAP, date].into_iter().find(|from| *from > before)?;
        Some(self.window(from))
    }

    /// The oldest date of rows that an earlier page of the present query had.
    fn repeated(&self, rows: &[InvoiceMetadata]) -> Option<DateTime<Utc>> {
        let repeated = rows.iter().filter(|row| self.given.contains(&row.ksef_number));
        repeated.filter_map(|row| self.date(row)).min()
    }

    /// The date of a row that the query goes by.
    fn date(&self, row: &InvoiceMetadata) -> Option<DateTime<Utc>> {
        match self.filters.date_range.date_type.known()? {
            InvoiceQueryDateType::Invoicing => row.invoicing_date,
            InvoiceQueryDateType::Issue => {
                row.issue_date.map(|date| date.and_time(NaiveTime::MIN).and_utc())
            }
            _ => row.permanent_storage_date,
        }
    }

    /// Leaves out the rows that were there before, and remembers those that may come again: the
    /// ones of this page, and those that the next query has, too.
    fn unseen(&mut self, rows: Vec<InvoiceMetadata>, next: Option<&Query>) -> Vec<InvoiceMetadata> {
        let oldest = rows.first().and_then(|row| self.date(row)).or(self.last);
        let dates: Vec<_> = rows.iter().map(|row| self.date(row)).collect();
        let mut fresh = Vec::with_capacity(rows.len());
        for (row, date) in rows.into_iter().zip(dates) {
            self.given.insert(row.ksef_number.clone());
            if self.seen.insert(row.ksef_number.clone(), date).is_none() {
                fresh.push(row);
            }
        }
        let mut kept_from = oldest;
        if let Some(next) = next.filter(|next| self.is_another(next)) {
            self.given.clear();
            kept_from = kept_from.min(Some(next.range().from));
        }
        self.seen.retain(|_, date| *date >= kept_from);
        fresh
    }

    /// Whether that is no further page of the present query.
    fn is_another(&self, next: &Query) -> bool {
        self.next.as_ref().is_some_and(|old| old.range() != next.range())
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metadata")
            .field("next", &self.next.is_some())
            .field("high_water_mark", &self.high_water_mark)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}
