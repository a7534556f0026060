//! What the documentation advises after trouble: look every unknown document up by its external
//! id once its processing must be over, and send again only what is not there.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use kros_client::{
    Client,
    batch::{AfterTrouble, BatchDocument, BatchOptions},
    model::{ExternalId, NewInvoice, NewPayment, Timestamp},
    payments,
};
use sandbox::kros::Kros;

use trial::Failure;

use crate::{
    judge::{Truth, Verdict},
    ledger::{Claim, Entry, Standing},
    tally::Row,
};

/// A hostile service may answer a sending with 503 again; so often is the whole advice repeated.
const ROUNDS: usize = 6;

/// Documents that can be looked up by their external ids.
pub(crate) trait Findable: BatchDocument + Clone + Send {
    /// How many are found under each id.
    fn find(
        client: &Client,
        ids: Vec<ExternalId>,
    ) -> impl Future<Output = Result<BTreeMap<ExternalId, usize>, kros_client::Error>> + Send;
}

impl Findable for NewInvoice {
    async fn find(
        client: &Client,
        ids: Vec<ExternalId>,
    ) -> Result<BTreeMap<ExternalId, usize>, kros_client::Error> {
        let since = Timestamp::from(crate::run::MORNING);
        let found = client.find_invoices(ids, since).await?;
        Ok(found.into_iter().map(|(id, invoices)| (id, invoices.len())).collect())
    }
}

impl Findable for NewPayment {
    async fn find(
        client: &Client,
        ids: Vec<ExternalId>,
    ) -> Result<BTreeMap<ExternalId, usize>, kros_client::Error> {
        let mut found = BTreeMap::new();
        for id in ids {
            let list = payments::List::new().external_id(id.clone());
            let payments: Vec<_> = client.items(list).try_collect().await?;
            if !payments.is_empty() {
                found.insert(id, payments.len());
            }
        }
        Ok(found)
    }
}

/// Follows the advice until nothing is open; the sandbox is settled before and after.
pub(crate) async fn recover<D: Findable>(
    client: &Client,
    kros: &Kros,
    entries: &mut [Entry<D>],
    verdict: &mut Verdict,
) -> Result<(), Failure> {
    for _ in 0..ROUNDS {
        if !entries.iter().any(Entry::is_to_be_sent) {
            return Ok(());
        }
        kros.settle().await;
        look_up(client, kros, entries, verdict).await?;
        send_again(client, entries, verdict).await;
    }
    Ok(())
}

async fn look_up<D: Findable>(
    client: &Client,
    kros: &Kros,
    entries: &mut [Entry<D>],
    verdict: &mut Verdict,
) -> Result<(), Failure> {
    let open = |entry: &&mut Entry<D>| entry.standing() == Standing::Open;
    let mut open: Vec<_> = entries.iter_mut().filter(open).collect();
    let ids: Result<Vec<ExternalId>, _> =
        open.iter().map(|entry| entry.external_id.parse()).collect();
    let found = D::find(client, ids?).await?;
    let truth = Truth::of(kros, crate::receiver::Received::default());
    for entry in &mut open {
        let copies = found.get(&entry.external_id.parse()?).copied().unwrap_or_default();
        let stored = truth.copies(&entry.external_id);
        if copies != stored {
            let id = &entry.external_id;
            verdict.untrue(format!("{id} is stored {stored} times and found {copies} times"));
        }
        if copies > 0 {
            entry.claims.push(Claim::Found);
            verdict.tally.count(Row::Found);
        }
    }
    Ok(())
}

async fn send_again<D: Findable>(client: &Client, entries: &mut [Entry<D>], verdict: &mut Verdict) {
    let mut missing: Vec<_> = entries.iter_mut().filter(|entry| entry.is_to_be_sent()).collect();
    let documents: Vec<D> = missing.iter().map(|entry| entry.document.clone()).collect();
    verdict.tally.add(Row::SentAgain, documents.len() as u64);
    let options = BatchOptions::new().size(40).after_trouble(AfterTrouble::GoOn);
    let report = client.batch_with(documents, options).finish().await;
    for (entry, outcome) in missing.iter_mut().zip(report.outcomes()) {
        entry.claims.push(Claim::of_outcome(outcome));
    }
}
