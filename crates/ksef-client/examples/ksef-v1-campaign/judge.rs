//! Holds what was said against what is true.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use http::Method;
use ksef_client::v1::{ErrorKind, ExceptionCode, send_many::Outcome};
use sandbox::{
    Exchange,
    ksef_v1::{AcceptedInvoice, KsefV1},
};

use crate::{
    invoices::{Invoice, Nature},
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

/// An invoice, and what each run said of it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) invoice: Invoice,
    runs: Vec<Run>,
}

/// One run, and what it said and when; `None` where it was given up before.
#[derive(Clone, Debug)]
struct Run {
    begun: DateTime<Utc>,
    said: Option<(Claim, DateTime<Utc>)>,
}

impl Entry {
    pub(crate) fn new(invoice: Invoice) -> Self {
        Self { invoice, runs: Vec::new() }
    }

    /// A further run begins.
    pub(crate) fn begin(&mut self, now: DateTime<Utc>) {
        self.runs.push(Run { begun: now, said: None });
    }

    /// What the run says; false when it had said something.
    pub(crate) fn claim(&mut self, claim: Claim, now: DateTime<Utc>) -> bool {
        self.runs.last_mut().is_some_and(|run| run.said.replace((claim, now)).is_none())
    }

    /// Whether the last run said what became of it for good.
    pub(crate) fn is_settled(&self) -> bool {
        let last = self.runs.last().and_then(|run| run.said.as_ref());
        let last = last.map(|(claim, _)| claim);
        matches!(last, Some(Claim::Accepted(_) | Claim::Rejected | Claim::AlreadyThere))
    }

    /// What was said, in order.
    fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.runs.iter().filter_map(|run| run.said.as_ref()).map(|(claim, _)| claim)
    }
}

/// The sandbox's books.
pub(crate) struct Truth {
    issued: BTreeMap<String, Vec<AcceptedInvoice>>,
    /// When which bytes were taken in, whatever became of them.
    taken: BTreeMap<String, Vec<DateTime<Utc>>>,
}

impl Truth {
    pub(crate) fn of(ksef: &KsefV1) -> Self {
        let mut issued = BTreeMap::<_, Vec<_>>::new();
        for invoice in ksef.invoices() {
            issued.entry(invoice.hash.clone()).or_default().push(invoice);
        }
        let mut taken = BTreeMap::<_, Vec<_>>::new();
        for invoice in ksef.taken() {
            taken.entry(invoice.hash).or_default().push(invoice.at);
        }
        Self { issued, taken }
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

    /// What contradicts each claim that an invoice was certainly not taken.
    ///
    /// A good invoice must not have been taken in before the claim at all. One that has to be
    /// refused may be sent again after it was, so only what this run sent counts. Of bytes that two
    /// entries share nobody can tell whose were taken in.
    fn wrongly_not_sent(&self, entry: &Entry, has_copy: bool) -> Vec<&'static str> {
        let taken = self.taken.get(&entry.invoice.hash()).filter(|_| !has_copy);
        let is_good = entry.invoice.nature == Nature::Good;
        let (mut is_accepted, mut wrong) = (false, Vec::new());
        for Run { begun, said } in &entry.runs {
            match said {
                Some((Claim::Accepted(_), _)) => is_accepted = true,
                Some((Claim::NotSent, at)) => {
                    let mut taken = taken.into_iter().flatten();
                    if is_accepted {
                        wrong.push("an earlier run had said that it was accepted");
                    }
                    if taken.any(|taken| taken < at && (is_good || taken >= begun)) {
                        wrong.push("it had been taken in before that was said");
                    }
                }
                _ => {}
            }
        }
        wrong
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
        let invoice = &entry.invoice;
        let (name, copies) = (&invoice.name, self.copies(invoice));
        let claims: Vec<_> = entry.claims().collect();
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
        for claim in claims {
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
        for wrong in self.wrongly_not_sent(entry, has_copy) {
            verdict.untrue(format!("{said}: NotSent, and {wrong}"));
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

/// Whether a request was that call; the path may have places for parameters.
fn is_call(exchange: &Exchange, method: &Method, template: &str) -> bool {
    let Some(path) = exchange.path.strip_prefix("/api") else { return false };
    let (path, template): (Vec<_>, Vec<_>) =
        (path.split('/').collect(), template.split('/').collect());
    let mut parts = path.iter().zip(&template);
    exchange.method == method.as_str()
        && path.len() == template.len()
        && parts.all(|(part, place)| place.starts_with('{') || part == place)
}
