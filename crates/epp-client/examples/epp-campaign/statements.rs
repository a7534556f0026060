//! The last word: the statement of the day, downloaded under faults, adds up and names every
//! order that was paid.

use std::io::Cursor;

use bytes::Bytes;
use epp_client::{
    Client, Error,
    accounts::{StatementFormat, StatementUrl},
    model::PaymentOrder,
    payment_orders::List,
    statement::{Archive, ArchiveLimits, OrderKey, Reading, Statement, match_orders},
};
use futures_util::TryStreamExt;
use trial::Failure;

use crate::{caller::READS, judge::Verdict, tally::Row};

/// How a statement comes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// Into memory.
    Memory,
    /// Piece by piece, as into a file.
    Stream,
}

/// Downloads the statement in that form and holds it against the orders of the service.
pub(crate) async fn check(
    client: &Client,
    url: &StatementUrl,
    way: Way,
    verdict: &mut Verdict,
) -> Result<(), Failure> {
    let archive = download(client, url, way, verdict).await?;
    let orders = orders(client, verdict).await?;
    let mut archive = Archive::open(Cursor::new(archive), ArchiveLimits::default())?;
    let statement = archive.statement(Reading::Lenient)?;
    for finding in statement.audit() {
        verdict.untrue(format!("the statement does not add up: {finding}"));
    }
    hold(&statement, &orders, verdict);
    verdict.tally.count(Row::Downloads);
    Ok(())
}

fn hold(statement: &Statement, orders: &[PaymentOrder], verdict: &mut Verdict) {
    let keys: Vec<OrderKey> = orders.iter().map(OrderKey::from).collect();
    let matches = match_orders(&statement.items, &keys);
    for order in matches.missing_orders {
        verdict.lost(format!("order {:?} is not on the statement", orders[order].known_id()));
    }
    for pair in matches.pairs.iter().filter(|pair| !pair.is_executed) {
        verdict.lost(format!("order {:?} was not executed", orders[pair.order].known_id()));
    }
    for item in matches.other_debits {
        verdict.duplicated(format!("item {item} of the statement pays no order"));
    }
}

async fn download(
    client: &Client,
    url: &StatementUrl,
    way: Way,
    verdict: &mut Verdict,
) -> Result<Bytes, Failure> {
    for _ in 0..READS {
        let got = match way {
            Way::Memory => client.statement(url).await,
            Way::Stream => stream(client, url).await,
        };
        match got {
            Ok(archive) => return Ok(archive),
            Err(error) => failed(&error, verdict),
        }
    }
    Err("a statement was never downloaded".into())
}

async fn stream(client: &Client, url: &StatementUrl) -> Result<Bytes, Error> {
    let mut download = client.download_statement(url).await?;
    let mut whole = Vec::new();
    while let Some(piece) = download.chunk().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole.into())
}

/// All orders of the organisation; the caller of a seed shares them with its fellows.
async fn orders(client: &Client, verdict: &mut Verdict) -> Result<Vec<PaymentOrder>, Failure> {
    for _ in 0..READS {
        match client.items(List::new().per_page(100)).try_collect::<Vec<_>>().await {
            Ok(orders) => return Ok(orders),
            Err(error) => failed(&error, verdict),
        }
    }
    Err("the orders were never listed".into())
}

fn failed(error: &Error, verdict: &mut Verdict) {
    verdict.tally.count(Row::DownloadsFailed);
    if error.may_have_happened() {
        verdict.untrue(format!("a read is said to have changed something: {error}"));
    }
}

/// The form in which a seed asks for its statements.
pub(crate) fn format(seed: u64) -> StatementFormat {
    if seed.is_multiple_of(2) { StatementFormat::Xml } else { StatementFormat::Json }
}
