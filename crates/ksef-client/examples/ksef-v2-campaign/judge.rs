//! Holds what was said of invoices against the books.

use std::collections::BTreeMap;

use ksef_client::v2::sending::{InvoiceState, SentInvoice};
use sandbox::ksef_v2::{AcceptedInvoice, KsefV2, ReceivedInvoice};

use crate::{
    invoices::{Invoice, Nature},
    tally::{Row, Tally, Verdict},
};

/// What the client said became of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It is issued under that number.
    Accepted(String),
    /// The same invoice was issued before, under that number.
    Duplicate(Option<String>),
    /// It was refused.
    Refused,
    /// The service broke off, and nobody knows.
    Uncertain,
    /// Something that is not the end of it.
    Pending,
}

impl Claim {
    pub(crate) fn of(state: &InvoiceState) -> Self {
        match state {
            InvoiceState::Accepted(accepted) => Self::Accepted(accepted.number.to_string()),
            InvoiceState::Duplicate { original, .. } => {
                Self::Duplicate(original.as_ref().map(ToString::to_string))
            }
            InvoiceState::Refused(_) => Self::Refused,
            InvoiceState::Uncertain(_) => Self::Uncertain,
            _ => Self::Pending,
        }
    }

    pub(crate) fn count(&self, tally: &mut Tally) {
        match self {
            Self::Accepted(_) => tally.count(Row::Accepted),
            Self::Duplicate(_) => tally.count(Row::Duplicate),
            Self::Refused => tally.count(Row::Refused),
            Self::Uncertain | Self::Pending => {}
        }
    }
}

/// An invoice, how often it was sent, and what was said of it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) invoice: Invoice,
    pub(crate) taken: Vec<SentInvoice>,
    /// Sendings that may have arrived.
    pub(crate) unknown: usize,
    pub(crate) claims: Vec<Claim>,
}

impl Entry {
    pub(crate) fn new(invoice: Invoice) -> Self {
        Self { invoice, taken: Vec::new(), unknown: 0, claims: Vec::new() }
    }
}

/// The sandbox's books.
pub(crate) struct Truth {
    issued: BTreeMap<String, Vec<AcceptedInvoice>>,
    received: BTreeMap<String, Vec<ReceivedInvoice>>,
}

impl Truth {
    pub(crate) fn of(ksef: &KsefV2) -> Self {
        let mut truth = Self { issued: BTreeMap::new(), received: BTreeMap::new() };
        for invoice in ksef.invoices() {
            truth.issued.entry(invoice.hash.clone()).or_default().push(invoice);
        }
        for invoice in ksef.received() {
            truth.received.entry(invoice.hash.clone()).or_default().push(invoice);
        }
        truth
    }

    /// How often these bytes are issued.
    pub(crate) fn copies(&self, invoice: &Invoice) -> usize {
        self.issued.get(&invoice.hash()).map_or(0, Vec::len)
    }

    fn has(&self, invoice: &Invoice, number: &str) -> bool {
        let issued = self.issued.get(&invoice.hash()).into_iter().flatten();
        issued.into_iter().any(|one| one.ksef_number == number)
    }

    /// Judges the invoices of a caller. The same bytes may stand in two entries, the second of
    /// which is a copy.
    pub(crate) fn judge(&self, entries: &[Entry], verdict: &mut Verdict) {
        let mut sent = BTreeMap::<String, Vec<&Entry>>::new();
        for entry in entries {
            sent.entry(entry.invoice.hash()).or_default().push(entry);
            self.judge_claims(entry, verdict);
        }
        for (hash, entries) in sent {
            self.judge_arrivals(&hash, &entries, verdict);
        }
    }

    /// What arrived was sent: as often as it was taken at least, and at most as often as it may
    /// have been besides.
    fn judge_arrivals(&self, hash: &str, entries: &[&Entry], verdict: &mut Verdict) {
        let arrived = self.received.get(hash).map_or(&[][..], Vec::as_slice);
        let number = entries.first().map_or("", |entry| entry.invoice.number.as_str());
        let taken: Vec<_> = entries.iter().flat_map(|entry| &entry.taken).collect();
        let unknown: usize = entries.iter().map(|entry| entry.unknown).sum();
        for sent in &taken {
            let is_there = arrived.iter().any(|one| {
                one.reference == sent.reference.as_str() && one.session == sent.session.as_str()
            });
            if !is_there {
                verdict.lost(format!("{number}: taken as {}, which is not there", sent.reference));
            }
        }
        let most = taken.len() + unknown;
        if arrived.len() > most {
            let times = arrived.len();
            verdict
                .duplicated(format!("{number} arrived {times} times, and was sent {most} times"));
        }
        let good = entries.iter().any(|entry| entry.invoice.nature == Nature::Good);
        let issued = self.issued.get(hash).map_or(0, Vec::len);
        match (good, issued) {
            (true, 0) => verdict.lost(format!("{number} is not issued: {entries:?}")),
            (true, 1) | (false, 0) => {}
            (true, times) => verdict.duplicated(format!("{number} is issued {times} times")),
            (false, _) => verdict.untrue(format!("{number} is issued, and it is wrong")),
        }
    }

    fn judge_claims(&self, entry: &Entry, verdict: &mut Verdict) {
        let Entry { invoice, claims, .. } = entry;
        let is_right = matches!(invoice.nature, Nature::Good | Nature::Copy);
        for claim in claims {
            let is_true = match claim {
                Claim::Accepted(number) => is_right && self.has(invoice, number),
                // It is one of its own sendings that was first.
                Claim::Duplicate(Some(number)) => {
                    let again = invoice.nature == Nature::Copy || entry.sendings() > 1;
                    again && self.has(invoice, number)
                }
                Claim::Duplicate(None) | Claim::Pending => false,
                Claim::Refused => !is_right,
                Claim::Uncertain => true,
            };
            if !is_true {
                let number = &invoice.number;
                let nature = invoice.nature;
                verdict.untrue(format!("{number} ({nature:?}, {claims:?}): {claim:?} is not true"));
            }
        }
        if claims.is_empty() {
            verdict.lost(format!("{}: nothing is known of it in the end", invoice.number));
        }
    }
}

impl Entry {
    fn sendings(&self) -> usize {
        self.taken.len() + self.unknown
    }
}
