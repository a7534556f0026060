//! Holds the sandbox's books, the outbox and the inbox together.

mod sharing;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use common_core::store::{Position, Store};
use ksef_client::v2::{
    inbox::Inbox,
    outbox::{Fate, Outbox},
    wire::InvoiceQuerySubjectType::Subject2,
};
use sandbox::ksef_v2::{AcceptedInvoice, KsefV2};
use trial::Failure;

use crate::{
    child::DOCUMENTS,
    invoices::{self, Invoice, Nature},
    state::Task,
    tally::{Row, Verdict},
};

pub(crate) use sharing::{Way, sharing};

/// The service broke off: an invoice with such a status may be sent again.
const BROKEN_OFF: std::ops::RangeInclusive<u16> = 500..=599;

/// What the processes said.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The hashes of invoices that were put in.
    pub(crate) put: BTreeSet<String>,
    /// How often tokens were renewed under a lease.
    pub(crate) renewals: u64,
    /// How many questions for tokens had no answer.
    pub(crate) unanswered: u64,
    /// How many renewals were cut off by death.
    pub(crate) cut_off: u64,
    /// How many of them began while another one still went on.
    pub(crate) lapsed: u64,
    /// How many processes slept until their leases had ended.
    pub(crate) slept: u64,
    /// How many calls left long after their turn.
    pub(crate) late: u64,
}

pub(crate) async fn judge(
    verdict: &mut Verdict,
    task: &Task,
    folder: &Path,
    ksef: &KsefV2,
    told: &Told,
    store: Arc<dyn Store>,
) -> Result<(), Failure> {
    let outbox = Outbox::new(Arc::clone(&store), "seller")?;
    let inbox = Inbox::new(store, "buyer")?;
    let all = invoices::of_seed(task.seed);
    let accepted = accepted(ksef, verdict);
    for invoice in &all {
        fate(verdict, &outbox, invoice, &accepted, told).await?;
    }
    clashes(verdict, &all, &accepted);
    received(verdict, ksef);
    arrivals(verdict, &inbox, ksef, task.documents.then(|| folder.join(DOCUMENTS))).await?;
    for session in ksef.sessions() {
        verdict.tally.count(match (session.kind, session.received) {
            (_, 0) => Row::Empty,
            ("Batch", _) => Row::Batch,
            _ => Row::Online,
        });
    }
    for one in ksef.unexpected() {
        verdict.untrue(format!("a process sent what it must not: {}", one.what));
    }
    Ok(())
}

/// The issued invoices by their hashes.
fn accepted(ksef: &KsefV2, verdict: &mut Verdict) -> BTreeMap<String, AcceptedInvoice> {
    let mut accepted = BTreeMap::new();
    for invoice in ksef.invoices() {
        let hash = invoice.hash.clone();
        if accepted.insert(hash, invoice.clone()).is_some() {
            verdict.duplicated(format!("{} was issued twice", invoice.invoice_number));
        }
    }
    accepted
}

/// Holds the fate of an invoice against the books.
async fn fate(
    verdict: &mut Verdict,
    outbox: &Outbox,
    invoice: &Invoice,
    accepted: &BTreeMap<String, AcceptedInvoice>,
    told: &Told,
) -> Result<(), Failure> {
    let hash = invoice.hash();
    let issued = accepted.get(&hash.base64());
    let fate = match outbox.fate(&hash).await? {
        Some(fate) if fate.is_final() => fate,
        known => {
            if known.is_some() || told.put.contains(&hash.base64()) {
                verdict.lost(format!("{hash} was put in and has no fate"));
            }
            return Ok(());
        }
    };
    match (&fate, issued) {
        (Fate::Issued(told), Some(issued)) if told.number.as_str() == issued.ksef_number => {
            verdict.tally.count(Row::Issued);
        }
        (Fate::Issued(_), _) => verdict.lost(format!("{hash} is told to be issued and is not")),
        (_, Some(_)) => verdict.untrue(format!("{hash} is issued, and its fate is {fate:?}")),
        (Fate::Duplicate { .. }, None) => verdict.tally.count(Row::Duplicate),
        (Fate::Refused(_), None) => verdict.tally.count(Row::Refused),
        (_, None) => verdict.untrue(format!("{hash} has the fate {fate:?}")),
    }
    let fits = match invoice.nature {
        Nature::Good | Nature::Clash => matches!(fate, Fate::Issued(_) | Fate::Duplicate { .. }),
        Nature::Foreign => matches!(fate, Fate::Refused(_)),
    };
    if !fits {
        verdict.untrue(format!("{hash} is {:?}, and its fate is {fate:?}", invoice.nature));
    }
    Ok(())
}

/// Every good invoice is issued, or the one that has its number.
fn clashes(verdict: &mut Verdict, all: &[Invoice], accepted: &BTreeMap<String, AcceptedInvoice>) {
    let is_issued = |invoice: &Invoice| accepted.contains_key(&invoice.hash().base64());
    for (at, invoice) in all.iter().enumerate().filter(|(_, one)| one.nature == Nature::Good) {
        let rival = all.get(at + 1).filter(|next| next.nature == Nature::Clash);
        let count = u8::from(is_issued(invoice)) + u8::from(rival.is_some_and(is_issued));
        if count != 1 {
            verdict.lost(format!("of {} and its rival {count} are issued", invoice.hash()));
        }
    }
}

/// The same bytes were sent a second time only where the service had broken off.
fn received(verdict: &mut Verdict, ksef: &KsefV2) {
    let mut decided: BTreeMap<String, u64> = BTreeMap::new();
    for invoice in ksef.received() {
        if BROKEN_OFF.contains(&invoice.status) {
            verdict.tally.count(Row::SentAgain);
        } else {
            *decided.entry(invoice.hash).or_default() += 1;
        }
    }
    for (hash, count) in decided.into_iter().filter(|(_, count)| *count > 1) {
        verdict.duplicated(format!("{hash} was received {count} times"));
    }
}

/// Everything that is issued has arrived at the buyer, once, with its document.
async fn arrivals(
    verdict: &mut Verdict,
    inbox: &Inbox,
    ksef: &KsefV2,
    documents: Option<std::path::PathBuf>,
) -> Result<(), Failure> {
    let mut left: BTreeMap<_, _> =
        ksef.invoices().into_iter().map(|one| (one.ksef_number, one.stored)).collect();
    for arrival in inbox.arrivals(Subject2, Position::START, 1_000).await? {
        let number = arrival.metadata.ksef_number;
        verdict.tally.count(Row::Arrived);
        if left.remove(&number).is_none() {
            verdict.duplicated(format!("{number} arrived twice, or was never issued"));
        }
        if let Some(folder) = &documents {
            let content = std::fs::read(folder.join(format!("{number}.xml"))).ok();
            if content.map(bytes::Bytes::from) != ksef.invoice_bytes(&number) {
                verdict.lost(format!("the document of {number} is not in its file"));
            }
        }
    }
    let through = inbox.checkpoint(Subject2).await?.map(|checkpoint| checkpoint.through());
    for (number, stored) in left {
        verdict.lost(format!("{number}, stored {stored}, has not arrived through {through:?}"));
    }
    Ok(())
}
