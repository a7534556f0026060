//! Headers of any number of invoices, as a stream over windows and pages (specification 1.9, chapter
//! 13.10.3.1).

use common_http::Paged;
use futures_util::{Stream, TryStreamExt, stream};

use super::{
    Invoices,
    window::{Seen, Window, Windows},
};
use crate::v1::{
    error::{Error, ErrorKind},
    session::Session,
    wire,
};

/// The most rows that one query gives: 101 pages of 100 (KSeF 1.x facts §14).
const MOST_ROWS: u64 = 10_100;

impl Session {
    /// The headers of all invoices that meet the criteria, however many, each once.
    ///
    /// What is more than one query gives is asked for in shorter windows of time, the earliest
    /// first; a window of acceptance ends with now at the latest. One call for each page of 100,
    /// and one for each window that had to be split; the numbers of two windows are in memory.
    ///
    /// The stream ends after the first error. It fails with [`ErrorKind::TooManyResults`] when one
    /// millisecond, or one day for criteria of dates, holds more than a query gives.
    pub fn invoice_headers(
        &self,
        criteria: wire::QueryCriteriaInvoiceV2,
    ) -> impl Stream<Item = Result<wire::InvoiceHeader, Error>> + Send + '_ {
        let headers = Headers {
            session: self,
            windows: Windows::new(criteria, self.clock().now()),
            page: None,
            total: None,
            restarts: 0,
            seen: Seen::default(),
        };
        let pages = stream::try_unfold(headers, |mut headers| async move {
            let rows = headers.next_page().await?;
            Ok::<_, Error>(rows.map(|rows| (rows, headers)))
        });
        pages.map_ok(|rows| stream::iter(rows.into_iter().map(Ok))).try_flatten()
    }
}

/// A list that becomes shorter while it is read is begun again so often.
const MOST_RESTARTS: u32 = 3;

/// Where a stream of headers stands.
struct Headers<'s> {
    session: &'s Session,
    windows: Windows,
    /// The page that is next, in its window.
    page: Option<(Window, Invoices)>,
    /// How many rows the window was found to hold last, and how often it was begun again.
    total: Option<u64>,
    restarts: u32,
    seen: Seen,
}

impl Headers<'_> {
    /// The new rows of the next page; `None` when there is no further window.
    async fn next_page(&mut self) -> Result<Option<Vec<wire::InvoiceHeader>>, Error> {
        loop {
            let (window, request) = match self.page.take() {
                Some(page) => page,
                None => match self.windows.next() {
                    Some(window) => {
                        (self.total, self.restarts) = (None, 0);
                        (window, Invoices::new(self.windows.criteria(window)))
                    }
                    None => return Ok(None),
                },
            };
            let answer = match self.session.send(&request).await {
                Ok(answer) if answer.number_of_elements <= Some(MOST_ROWS) => answer,
                Ok(_) => {
                    self.split(window, || too_many("the window holds more than a query gives"))?;
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::TooManyResults => {
                    self.split(window, || error)?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let total = answer.number_of_elements;
            if total.zip(self.total).is_some_and(|(now, before)| now < before) {
                // Rows went away, and those behind them moved up: what was given is known by now.
                self.total = None;
                self.restarts += 1;
                if self.restarts > MOST_RESTARTS {
                    let cause = "the list becomes shorter again and again";
                    return Err(Error::local(ErrorKind::Unreadable, "queries.invoices", cause));
                }
                self.page = Some((window, Invoices::new(self.windows.criteria(window))));
                continue;
            }
            self.total = total.or(self.total);
            let may_go_on = request.is_last_full(&answer);
            let next = request.next(&answer).filter(|_| !may_go_on);
            let mut rows = answer.invoice_header_list;
            rows.retain(|row| match &row.ksef_reference_number {
                Some(number) => self.seen.is_new(number),
                None => true,
            });
            if may_go_on {
                // The list does not say how long it is, and no further page can be asked for.
                self.split(window, || too_many("the window fills the last page of a query"))?;
            } else if next.is_none() {
                self.seen.next_window();
            }
            self.page = next.map(|next| (window, next));
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
    }

    fn split(&mut self, window: Window, error: impl FnOnce() -> Error) -> Result<(), Error> {
        if !self.windows.split(window) {
            return Err(error());
        }
        self.seen.split_window();
        Ok(())
    }
}

fn too_many(cause: &'static str) -> Error {
    Error::local(ErrorKind::TooManyResults, "queries.invoices", cause)
}

#[cfg(test)]
mod tests {
    use common_http::scripted::Step;
    use serde_json::{Value, json};

    use super::*;
    use crate::v1::{
        client::testing::{lines, refusal, sent},
        session::tests::plain_session,
    };

    fn criteria() -> wire::QueryCriteriaInvoiceV2 {
        let at = |text: &str| text.parse().unwrap();
        let (from, to) = (at("2024-01-01T00:00:00Z"), at("2024-01-01T00:00:08Z"));
        let role = wire::SubjectRole::Subject1;
        wire::QueryCriteriaInvoiceV2::Incremental(wire::QueryCriteriaInvoiceIncremental::new(
            from, to, role,
        ))
    }

    fn page(numbers: std::ops::Range<u64>, total: Option<u64>) -> Step {
        let row = |number| {
            let number = format!("1111111111-20240401-{number:012X}-CD");
            json!({"ksefReferenceNumber": number})
        };
        let rows: Vec<Value> = numbers.map(row).collect();
        let body = json!({"invoiceHeaderList": rows, "numberOfElements": total});
        Step::answer(200, body.to_string())
    }

    #[tokio::test]
    async fn a_list_that_does_not_say_how_long_it_is_ends_with_a_page_that_is_not_full() {
        let (session, script) = plain_session([page(0..100, None), page(99..130, None)]);
        let rows: Vec<_> = session.invoice_headers(criteria()).try_collect().await.unwrap();
        assert_eq!((rows.len(), script.requests().len()), (130, 2));
        assert!(lines(&script)[1].ends_with("PageSize=100&PageOffset=1"));
    }

    #[tokio::test]
    async fn a_list_that_fills_every_page_without_saying_more_is_split() {
        let mut steps: Vec<_> = (0..101).map(|it| page(it * 100..it * 100 + 100, None)).collect();
        steps.extend([page(5000..5001, None), page(20_000..20_001, None)]);
        let (session, script) = plain_session(steps);
        let rows: Vec<_> = session.invoice_headers(criteria()).try_collect().await.unwrap();
        assert_eq!((rows.len(), script.requests().len()), (10_101, 103));
    }

    #[tokio::test]
    async fn a_list_that_lacks_announced_rows_is_an_error_and_no_shorter_list() {
        for page in [page(0..99, Some(150)), page(0..0, Some(1))] {
            let (session, script) = plain_session([page]);
            let headers = session.invoice_headers(criteria());
            let error = headers.try_collect::<Vec<_>>().await.unwrap_err();
            assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Unreadable, false));
            assert_eq!(script.requests().len(), 1);
        }
    }

    /// Rows went away from its first page, so that one of the second page would never be seen.
    #[tokio::test]
    async fn a_list_that_has_become_shorter_is_read_again_from_its_beginning() {
        let pages = [
            page(0..100, Some(130)),
            page(101..130, Some(129)),
            page(1..101, Some(129)),
            page(101..130, Some(129)),
        ];
        let (session, script) = plain_session(pages);
        let rows: Vec<_> = session.invoice_headers(criteria()).try_collect().await.unwrap();
        assert_eq!((rows.len(), script.requests().len()), (130, 4));
        assert!(lines(&script)[2].ends_with("PageSize=100&PageOffset=0"));
    }

    #[tokio::test]
    async fn a_list_that_becomes_shorter_again_and_again_is_an_error() {
        let pages = (0..10).map(|number| match number % 2 {
            0 => page(0..100, Some(130)),
            _ => page(100..129, Some(129)),
        });
        let (session, script) = plain_session(pages);
        let error = session.invoice_headers(criteria()).try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!((error.kind(), script.requests().len()), (ErrorKind::Unreadable, 8));
    }

    #[tokio::test]
    async fn a_list_that_grew_and_then_shrank_is_read_again() {
        let pages = [
            page(0..100, Some(250)),
            page(100..200, Some(260)),
            page(205..260, Some(255)),
            page(5..105, Some(255)),
            page(105..205, Some(255)),
            page(205..260, Some(255)),
        ];
        let (session, script) = plain_session(pages);
        let rows: Vec<_> = session.invoice_headers(criteria()).try_collect().await.unwrap();
        assert_eq!((rows.len(), script.requests().len()), (260, 6));
    }

    #[tokio::test]
    async fn a_window_that_ends_before_it_begins_is_not_asked_for() {
        let at = |text: &str| text.parse().unwrap();
        let (late, early) = (at("2024-01-02T00:00:00Z"), at("2024-01-01T00:00:00Z"));
        let role = wire::SubjectRole::Subject1;
        let acceptance = wire::QueryCriteriaInvoiceIncremental::new(late, early, role);
        let issue = wire::QueryCriteriaInvoiceRange::new(late, early, role);
        for criteria in [
            wire::QueryCriteriaInvoiceV2::Incremental(acceptance),
            wire::QueryCriteriaInvoiceV2::Range(issue),
        ] {
            let (session, script) = plain_session([]);
            let headers = session.invoice_headers(criteria.clone()).try_collect::<Vec<_>>().await;
            assert_eq!(headers.unwrap_err().kind(), ErrorKind::Input);
            let options = crate::v1::queries::ExportOptions::new("/nowhere");
            let originals = session.export_invoices(criteria, options).try_collect::<Vec<_>>();
            assert_eq!(originals.await.unwrap_err().kind(), ErrorKind::Input);
            assert_eq!(script.requests().len(), 0);
        }
    }

    #[tokio::test]
    async fn a_total_above_the_most_and_a_refusal_both_split_the_window() {
        let steps =
            [page(0..100, Some(10_101)), refusal(400, 21177), page(0..1, None), page(1..2, None)];
        let (session, script) = plain_session(steps.into_iter().chain([page(1..3, None)]));
        let rows: Vec<_> = session.invoice_headers(criteria()).try_collect().await.unwrap();
        assert_eq!(rows.len(), 3);
        let window = |index| {
            let criteria = sent(&script, index)["queryCriteria"].clone();
            let end = |name| criteria[name].as_str().unwrap()[17..19].to_owned();
            let (from, to) =
                ("acquisitionTimestampThresholdFrom", "acquisitionTimestampThresholdTo");
            (end(from), end(to))
        };
        let windows: Vec<_> = (0..5).map(window).collect();
        let expected = [("00", "08"), ("00", "04"), ("00", "02"), ("02", "04"), ("04", "08")];
        assert_eq!(windows, expected.map(|(from, to)| (from.to_owned(), to.to_owned())));
    }
}
