//! A program that asks for everything back, through windows that have to be split.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use ksef_client::v1::{Error, Session, queries::ExportOptions, wire};
use sandbox::ksef_v1::{AcceptedInvoice, KsefV1};
use trial::Failure;

use crate::{
    invoices::SELLER,
    sender::{check_sentence, may_be_tried_again, quick},
    tally::{Row, Verdict},
};

/// How often a stream is begun.
const TRIES: u32 = 25;

/// The invoices that a window must give, by their numbers.
struct Expected {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    invoices: BTreeMap<String, Bytes>,
}

/// Asks for everything, in a window whose middle is the moment of an acceptance, so that the first
/// split falls on an invoice. What is asked for while an invoice that was held up comes in is asked for
/// once more.
pub(crate) async fn check(
    ksef: &KsefV1,
    session: &Session,
    edge: usize,
    verdict: &mut Verdict,
) -> Result<(), Failure> {
    let now = session.client().clock().now();
    let Some((from, to)) = window(&issued(ksef), now, edge) else { return Ok(()) };
    loop {
        let expected = Expected::of(ksef, from, to);
        let is_done = check_window(ksef, session, &expected, verdict).await?;
        if is_done {
            return Ok(());
        }
    }
}

/// `false` when the books have changed meanwhile.
async fn check_window(
    ksef: &KsefV1,
    session: &Session,
    expected: &Expected,
    verdict: &mut Verdict,
) -> Result<bool, Failure> {
    let asked = count(ksef);
    let mut patience = Patience { verdict, tries: 0 };
    let headers = loop {
        if let Some(headers) = patience.answer(headers(session, expected).await)? {
            break headers;
        }
    };
    let folder = tempfile::tempdir()?;
    let fetched = loop {
        let fetched = originals(session, expected, folder.path()).await;
        if let Some(fetched) = patience.answer(fetched)? {
            break fetched;
        }
    };
    if Expected::of(ksef, expected.from, expected.to).invoices.len() > expected.invoices.len() {
        return Ok(false);
    }
    compare_numbers(expected, headers, verdict);
    compare(expected, fetched, verdict);
    if count(ksef) > asked + 1 {
        verdict.tally.count(Row::WindowSplit);
    }
    if std::fs::read_dir(folder.path())?.next().is_some() {
        verdict.untrue("a part of a query was left on the disk");
    }
    Ok(true)
}

fn count(ksef: &KsefV1) -> usize {
    ksef.requests().iter().filter(|one| one.path.ends_with("/Query/Invoice/Async/Init")).count()
}

fn issued(ksef: &KsefV1) -> Vec<AcceptedInvoice> {
    ksef.invoices().into_iter().filter(|one| one.seller == SELLER).collect()
}

/// A window around the acceptance of one of the invoices.
fn window(
    issued: &[AcceptedInvoice],
    now: DateTime<Utc>,
    edge: usize,
) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let middle = issued.get(edge % issued.len().max(1))?.at;
    let latest = issued.iter().map(|one| one.at).max()?;
    let half = (now - middle).min((latest - middle) + chrono::TimeDelta::seconds(1));
    Some((middle - half, middle + half))
}

impl Expected {
    /// What the books have in that window.
    fn of(ksef: &KsefV1, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        let within = issued(ksef).into_iter().filter(|one| one.at >= from && one.at <= to);
        let invoices = within.map(|one| {
            let bytes = ksef.invoice_bytes(&one.ksef_number).unwrap_or_default();
            (plain(&one.ksef_number), bytes)
        });
        Self { from, to, invoices: invoices.collect() }
    }
}

/// A number without the dash that one of its two forms has more.
fn plain(number: &str) -> String {
    number.replace('-', "")
}

fn criteria(expected: &Expected) -> wire::QueryCriteriaInvoiceV2 {
    let role = wire::SubjectRole::Subject1;
    let Expected { from, to, .. } = *expected;
    wire::QueryCriteriaInvoiceV2::Incremental(wire::QueryCriteriaInvoiceIncremental::new(
        from, to, role,
    ))
}

async fn headers(session: &Session, expected: &Expected) -> Result<Vec<String>, Error> {
    let headers: Vec<_> = session.invoice_headers(criteria(expected)).try_collect().await?;
    let numbers = headers.into_iter().filter_map(|header| header.ksef_reference_number);
    Ok(numbers.map(|number| plain(&number)).collect())
}

async fn originals(
    session: &Session,
    expected: &Expected,
    folder: &std::path::Path,
) -> Result<Vec<(String, Bytes)>, Error> {
    let options = ExportOptions::new(folder).schedule(quick());
    let invoices: Vec<_> =
        session.export_invoices(criteria(expected), options).try_collect().await?;
    let number = |number: Option<ksef_crypto::number::KsefNumber>| {
        number.map(|number| plain(number.as_str())).unwrap_or_default()
    };
    Ok(invoices.into_iter().map(|one| (number(one.number), one.bytes)).collect())
}

/// A stream that broke on the way is begun again, as often as that helps.
struct Patience<'v> {
    verdict: &'v mut Verdict,
    tries: u32,
}

impl Patience<'_> {
    /// The answer, or leave to try again.
    fn answer<T>(&mut self, answer: Result<T, Error>) -> Result<Option<T>, Failure> {
        let error = match answer {
            Ok(answer) => return Ok(Some(answer)),
            Err(error) => error,
        };
        check_sentence(self.verdict, "a query", &error);
        self.tries += 1;
        if self.tries >= TRIES || !may_be_tried_again(&error) {
            return Err(error.into());
        }
        self.verdict.tally.count(Row::QueryFailed);
        Ok(None)
    }
}

fn compare_numbers(expected: &Expected, mut numbers: Vec<String>, verdict: &mut Verdict) {
    numbers.sort();
    let wanted: Vec<&String> = expected.invoices.keys().collect();
    if !wanted.iter().copied().eq(&numbers) {
        let (found, all) = (numbers.len(), wanted.len());
        verdict.lost(format!("a list has {found} of {all} invoices, or others"));
    }
}

fn compare(expected: &Expected, fetched: Vec<(String, Bytes)>, verdict: &mut Verdict) {
    let mut missing = expected.invoices.clone();
    for (number, bytes) in fetched {
        match missing.remove(&number) {
            Some(sent) if sent == bytes => {}
            Some(_) => verdict.untrue(format!("{number} came back with other bytes")),
            None => verdict.duplicated(format!("{number} came back twice or is not asked for")),
        }
    }
    for number in missing.keys() {
        verdict.lost(format!("{number} did not come back"));
    }
    if missing.is_empty() {
        verdict.tally.count(Row::QueryAnswered);
    }
}
