//! Fetching invoices and asking for their metadata (KSeF 2.0 facts §10.1 and §10.2).
//! [`receiving`](crate::v2::receiving) does it in volume.

use chrono::TimeDelta;
use common_core::{codes, effect::Effect, open::Open};
use common_http::{Auth, BuildError, Endpoint, Info, Paged};
use http::Method;
use ksef_crypto::number::KsefNumber;

use crate::v2::{
    api::LimitGroup,
    endpoint::{Page, PageSizes, RequestExt, counted, endpoint, page_setters},
    wire,
};

const SIZES: PageSizes = PageSizes(250);

/// The longest stretch of time that one query or export may span, measured in UTC (KSeF 2.0 facts
/// §0, 4).
pub const LONGEST_RANGE: TimeDelta = TimeDelta::days(100);

codes! {
    /// In which order a query gives its rows, by the date of its range.
    pub enum SortOrder: str {
        /// Oldest first; with `PermanentStorage` the only order that can be continued later.
        Asc = "Asc",
        /// Newest first.
        Desc = "Desc",
    }
}

/// `GET /invoices/ksef/{ksefNumber}`: an invoice as it was sent, byte for byte.
///
/// An invoice that was just accepted is refused as
/// [`NotYet`](crate::v2::ErrorKind::NotYet) (21165). The limit is 64 an hour; use exports for volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch(pub KsefNumber);

endpoint!(Fetch -> document {
    Info {
        name: "invoices.fetch",
        method: Method::GET,
        path: "/invoices/ksef/{ksefNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LimitGroup::InvoiceDownload.name(),
        section: "KSeF 2.0 facts §10.1",
    },
    request: |this, request| request.param("ksefNumber", &this.0)?.finish(),
});

/// `POST /invoices/query/metadata`: what is known of invoices, without the invoices.
///
/// The pages of one query end after 10,000 rows, whether or not there are more (`isTruncated`):
/// [`Account::metadata`](crate::v2::Account::metadata) goes on by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    filters: wire::InvoiceQueryFilters,
    order: Open<SortOrder>,
    page: Page,
}

impl Query {
    /// Those that fit, oldest first, 250 to a page.
    pub fn new(filters: wire::InvoiceQueryFilters) -> Self {
        Self { filters, order: SortOrder::Asc.into(), page: Page::first(SIZES) }
    }

    /// The stretch of time that it asks for.
    pub fn range(&self) -> &wire::InvoiceQueryDateRange {
        &self.filters.date_range
    }

    /// Sets the order.
    #[must_use]
    pub fn order(mut self, order: impl Into<Open<SortOrder>>) -> Self {
        self.order = order.into();
        self
    }
}

page_setters!(Query: page);

endpoint!(Query -> wire::QueryInvoicesMetadataResponse {
    Info {
        name: "invoices.query",
        method: Method::POST,
        path: "/invoices/query/metadata",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LimitGroup::InvoiceMetadata.name(),
        section: "KSeF 2.0 facts §10.2",
    },
    request: |this, request| {
        check_range(&this.filters.date_range)?;
        request
            .query("sortOrder", this.order.raw())
            .page(this.page, SIZES)?
            .json(&this.filters)?
            .finish()
    },
    response: counted,
});

/// A page that is the last of its query though there is more is no reason to ask for another one.
impl Paged for Query {
    type Item = wire::InvoiceMetadata;

    fn items(page: Self::Response) -> Vec<Self::Item> {
        page.invoices
    }

    fn next(&self, page: &<Self as Endpoint>::Response) -> Option<Self> {
        if page.is_truncated == Some(true) {
            return None;
        }
        Some(Self { page: self.page.after(page.has_more)?, ..self.clone() })
    }
}

/// Refuses a range that the service would refuse.
pub(crate) fn check_range(range: &wire::InvoiceQueryDateRange) -> Result<(), BuildError> {
    let Some(to) = range.to else { return Ok(()) };
    if to < range.from {
        return Err(BuildError::new("dateRange", "must not end before it begins"));
    }
    if to - range.from > LONGEST_RANGE {
        return Err(BuildError::new("dateRange", "must not be longer than 100 days"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use wire::{InvoiceQueryDateRange, InvoiceQueryDateType, InvoiceQuerySubjectType};

    use super::*;
    use crate::v2::client::testing::{
        KSEF_NUMBER, base, example, post, read, read_example, refused, shown,
    };

    fn filters(days: i64) -> wire::InvoiceQueryFilters {
        let from = "2026-01-01T00:00:00Z".parse().unwrap();
        let range = InvoiceQueryDateRange::new(InvoiceQueryDateType::PermanentStorage, from)
            .to(from + TimeDelta::days(days));
        wire::InvoiceQueryFilters::new(range, InvoiceQuerySubjectType::Subject2)
    }

    #[test]
    fn an_invoice_is_fetched_as_it_is() {
        let fetch = Fetch(KSEF_NUMBER.parse().unwrap());
        let line = format!("GET {}/invoices/ksef/{KSEF_NUMBER}", base());
        assert_eq!(shown(&fetch), format!("{line}\naccept: application/xml"));
        assert_eq!(read::<Fetch>(&b"\xef\xbb\xbf<a/>"[..]).unwrap().bytes().len(), 7);
    }

    #[test]
    fn a_query_spans_a_hundred_days_and_no_more() {
        let json = r#"{"dateRange":{"dateType":"PermanentStorage","from":"2026-01-01T00:00:00Z","to":"2026-04-11T00:00:00Z"},"subjectType":"Subject2"}"#;
        let path = "/invoices/query/metadata?sortOrder=Asc&pageOffset=0&pageSize=250";
        assert_eq!(shown(&Query::new(filters(100))), post(path, json));
        assert_eq!(refused(&Query::new(filters(101))), "dateRange");
        assert_eq!(refused(&Query::new(filters(-1))), "dateRange");
        assert_eq!(refused(&Query::new(filters(1)).page_size(9)), "pageSize");
    }

    #[test]
    fn pages_go_on_until_the_query_is_cut() {
        let query = Query::new(filters(1)).order(SortOrder::Desc);
        let page = |more, cut| {
            let rows = r#"[{"ksefNumber":"x"}]"#;
            let body = format!(r#"{{"hasMore":{more},"isTruncated":{cut},"invoices":{rows}}}"#);
            query.next(&read::<Query>(body).unwrap())
        };
        assert!(shown(&page(true, false).unwrap()).contains("sortOrder=Desc&pageOffset=1&"));
        assert_eq!((page(false, false), page(true, true)), (None, None));
    }

    #[test]
    fn the_contracts_example_is_read_and_written_back() {
        if let Some(page) = read_example::<Query>("200") {
            assert_eq!(page.invoices[0].net_amount.unwrap().to_string(), "35260.63");
            assert!(page.permanent_storage_hwm_date.is_some());
        }
        if let Some(body) = example("POST /invoices/query/metadata", "request") {
            let filters: wire::InvoiceQueryFilters =
                serde_json::from_str(&body.to_string()).unwrap();
            assert!(shown(&Query::new(filters)).contains(r#""currencyCodes":["PLN","EUR"]"#));
        }
    }
}
