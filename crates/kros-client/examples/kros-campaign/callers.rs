//! The programs that use the client while everything goes wrong around them.

use std::time::Duration;

use futures_util::TryStreamExt;
use kros_client::{
    CallOptions, Client, ErrorKind,
    batch::{AfterRefusal, AfterTrouble, BatchDocument, BatchOptions},
    invoices,
    model::NewInvoice,
};
use rand::{RngExt, rngs::StdRng};
use tokio::time::timeout;

use crate::{
    documents::Nature,
    ledger::{Claim, Entry},
    tally::{Row, Tally},
};

/// What one caller knows at its end.
#[derive(Debug)]
pub(crate) struct Told<D> {
    pub(crate) entries: Vec<Entry<D>>,
    pub(crate) tally: Tally,
}

/// The clients of one company: the first refuses repetitions itself, the second leaves that to the
/// service.
#[derive(Clone, Debug)]
pub(crate) struct Clients(pub(crate) [Client; 2]);

impl Clients {
    fn any(&self, rng: &mut StdRng) -> &Client {
        &self.0[rng.random_range(0..2)]
    }
}

/// Sends documents as a batch, loses patience with some steps, and sometimes does it all again.
pub(crate) async fn send_batch<D: BatchDocument + Clone + Send>(
    clients: Clients,
    mut entries: Vec<Entry<D>>,
    sizes: std::ops::RangeInclusive<usize>,
    mut rng: StdRng,
) -> Told<D> {
    let mut tally = Tally::default();
    let options = options(sizes, &mut rng);
    // The very same requests within 120 s: none of them may be accepted twice.
    let rounds = if rng.random_bool(0.4) { 2 } else { 1 };
    for _ in 0..rounds {
        let client = clients.any(&mut rng);
        send_round(client, &mut entries, options.clone(), &mut rng, &mut tally).await;
    }
    Told { entries, tally }
}

async fn send_round<D: BatchDocument + Clone + Send>(
    client: &Client,
    entries: &mut [Entry<D>],
    options: BatchOptions,
    rng: &mut StdRng,
    tally: &mut Tally,
) {
    let documents = entries.iter().map(|entry| entry.document.clone()).collect();
    let mut batch = client.batch_with(documents, options);
    loop {
        let step = match patience(rng) {
            None => batch.step().await,
            Some(patience) => {
                if let Ok(step) = timeout(patience, batch.step()).await {
                    step
                } else {
                    tally.count(Row::Cancelled);
                    continue;
                }
            }
        };
        if step.is_none() {
            break;
        }
    }
    for (entry, outcome) in entries.iter_mut().zip(batch.report().outcomes()) {
        entry.claims.push(Claim::of_outcome(outcome));
    }
}

/// Sends each invoice with a call of its own.
pub(crate) async fn send_singly(
    clients: Clients,
    mut entries: Vec<Entry<NewInvoice>>,
    mut rng: StdRng,
) -> Told<NewInvoice> {
    let mut tally = Tally::default();
    // Nothing is checked on this way, so there is nothing to withhold.
    entries.retain(|entry| entry.nature != Nature::Withheld);
    for entry in &mut entries {
        let claim = send_one(clients.any(&mut rng), &entry.document, &mut rng, &mut tally).await;
        entry.claims.push(claim);
    }
    Told { entries, tally }
}

async fn send_one(
    client: &Client,
    invoice: &NewInvoice,
    rng: &mut StdRng,
    tally: &mut Tally,
) -> Claim {
    let Ok(create) = invoices::Create::new(invoice) else { return Claim::NotSent };
    let sending = client.send(&create);
    let result = match patience(rng) {
        None => sending.await,
        Some(patience) => {
            let Ok(result) = timeout(patience, sending).await else {
                tally.count(Row::Cancelled);
                return Claim::Unknown;
            };
            result
        }
    };
    if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Connect) {
        tally.count(Row::NoConnection);
    }
    Claim::of_call(&result)
}

/// Reads lists meanwhile. A read never may have happened; the number says how often one did.
pub(crate) async fn read_lists(clients: Clients) -> u64 {
    let mut wrong = 0;
    for client in clients.0.iter().cycle().take(4) {
        let pages = client.items(invoices::List::new().top(20));
        let read: Result<Vec<_>, _> = pages.try_collect().await;
        if read.is_err_and(|error| error.may_have_happened()) {
            wrong += 1;
        }
    }
    wrong
}

fn options(sizes: std::ops::RangeInclusive<usize>, rng: &mut StdRng) -> BatchOptions {
    let mut options = BatchOptions::new().size(rng.random_range(sizes));
    if rng.random_bool(0.2) {
        options = options.after_refusal(AfterRefusal::LeaveTheOthers);
    }
    if rng.random_bool(0.7) {
        options = options.after_trouble(AfterTrouble::GoOn);
    }
    if rng.random_bool(0.2) {
        let deadline = Duration::from_millis(rng.random_range(20..2000));
        options = options.call(CallOptions::new().deadline(deadline));
    }
    options
}

/// How long the caller waits for the next step; usually as long as it takes.
fn patience(rng: &mut StdRng) -> Option<Duration> {
    let impatient = rng.random_bool(0.12);
    let patience = Duration::from_micros(rng.random_range(0..60_000));
    impatient.then_some(patience)
}
