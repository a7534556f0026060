//! Holds what was said against what is true.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use ksef_client::v1::{ErrorKind, ExceptionCode, send_many::Outcome};
use sandbox::ksef_v1::{AcceptedInvoice, KsefV1};

use crate::{
    invoices::{Invoice, Nature},
    plan::is_call,
    tally::{Row, Tally, Verdict},
};

/// What a run said of one invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It is issued under that number.
    Accepted(String),
    /// It was taken and refused.
    Rejected,
    /// It was refused because it is there already.
    AlreadyThere,
    /// It was not taken because of what it is.
    Refused,
    /// It was certainly not taken.
    NotSent,
    /// It was taken.
    Pending,
    /// It may have been taken.
    Unknown,
}

impl Claim {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Accepted(accepted) => Self::Accepted(accepted.number.to_string()),
            Outcome::Rejected(progress) => match progress.exception() {
                Some(code) if code == ExceptionCode::DUPLICATE_IN_SESSION => Self::AlreadyThere,
                _ => Self::Rejected,
            },
            Outcome::Refused(error) if error.kind() == ErrorKind::Duplicate => Self::AlreadyThere,
            Outcome::Refused(_) => Self::Refused,
            Outcome::NotSent(_) => Self::NotSent,
            Outcome::Pending(..) => Self::Pending,
            _ => Self::Unknown,
        }
    }

    pub(crate) fn count(&self, tally: &mut Tally) {
        tally.count(match self {
            Self::Accepted(_) => Row::Accepted,
            Self::Rejected | Self::Refused => Row::Rejected,
            Self::AlreadyThere => Row::AlreadyThere,
            Self::NotSent => Row::NotSent,
            Self::Pending => Row::Pending,
            Self::Unknown => Row::Unknown,
        });
    }
}

/// An invoice, and what each run said of it; `None` where a run was given up before.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) invoice: Invoice,
    claims: Vec<Option<Claim>>,
}

impl Entry {
    pub(crate) fn new(invoice: Invoice) -> Self {
        Self { invoice, claims: Vec::new() }
    }

    /// A further run begins.
    pub(crate) fn begin(&mut self) {
        self.claims.push(None);
    }

    /// What the run says; false when it had said something.
    pub(crate) fn claim(&mut self, claim: Claim) -> bool {
        self.claims.last_mut().is_some_and(|last| last.replace(claim).is_none())
    }

    /// Whether the last run said what became of it for good.
    pub(crate) fn is_settled(&self) -> bool {
        let last = self.claims.last().and_then(Option::as_ref);
        matches!(last, Some(Claim::Accepted(_) | Claim::Rejected | Claim::AlreadyThere))
    }
}

/// The sandbox's books.
pub(crate) struct Truth {
    issued: BTreeMap<String, Vec<AcceptedInvoice>>,
}

impl Truth {
    pub(crate) fn of(ksef: &KsefV1) -> Self {
        let mut issued = BTreeMap::<_, Vec<_>>::new();
        for invoice in ksef.invoices() {
            issued.entry(invoice.hash.clone()).or_default().push(invoice);
        }
        Self { issued }
    }

    /// How often these bytes are issued.
    pub(crate) fn copies(&self, invoice: &Invoice) -> usize {
        self.issued.get(&invoice.hash()).map_or(0, Vec::len)
    }

    fn has(&self, invoice: &Invoice, number: &str) -> bool {
        let compact = |number: &str| number.replace('-', "");
        let issued = self.issued.get(&invoice.hash());
        let mut issued = issued.into_iter().flatten();
        issued.any(|one| compact(&one.ksef_number) == compact(number))
    }

    /// Judges the invoices of one caller after its last, careful run.
    pub(crate) fn judge(&self, entries: &[Entry], verdict: &mut Verdict) {
        let copied: BTreeSet<String> = entries
            .iter()
            .filter(|entry| entry.invoice.nature == Nature::Copy)
            .map(|entry| entry.invoice.hash())
            .collect();
        for entry in entries {
            self.judge_one(entry, copied.contains(&entry.invoice.hash()), verdict);
        }
    }

    fn judge_one(&self, entry: &Entry, has_copy: bool, verdict: &mut Verdict) {
        let Entry { invoice, claims } = entry;
        let (name, copies) = (&invoice.name, self.copies(invoice));
        let said = format!("{name} ({:?}, {claims:?})", invoice.nature);
        if copies > 1 {
            verdict.duplicated(format!("{said} is issued {copies} times"));
        }
        let is_right = matches!(invoice.nature, Nature::Good | Nature::Copy);
        if is_right && copies == 0 {
            verdict.lost(format!("{said} is not issued"));
        }
        if !is_right && copies > 0 {
            verdict.untrue(format!("{said} is issued"));
        }
        for claim in claims.iter().flatten() {
            let is_true = match claim {
                Claim::Accepted(number) => self.has(invoice, number),
                Claim::Rejected => !is_right,
                Claim::AlreadyThere => has_copy && copies == 1,
                Claim::Refused => false,
                Claim::NotSent | Claim::Pending | Claim::Unknown => true,
            };
            if !is_true {
                verdict.untrue(format!("{said}: {claim:?} is not true"));
            }
        }
        if !entry.is_settled() {
            verdict.lost(format!("{said}: nothing is known of it in the end"));
        }
    }
}

/// Nothing was sent without a note before it: so many requests that were not turned away at the
/// door came at most.
pub(crate) fn no_more_than(
    ksef: &KsefV1,
    (method, path): (&Method, &str),
    noted: usize,
    verdict: &mut Verdict,
) {
    let requests = ksef.requests();
    let came = requests.iter().filter(|one| is_call(one, method, path));
    let came = came.filter(|one| one.status != Some(429)).count();
    for _ in noted..came {
        verdict.duplicated(format!("{path} was called {came} times, and meant to be {noted}"));
    }
}
