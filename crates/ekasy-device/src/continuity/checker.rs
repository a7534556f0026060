//! The checker.

use super::{
    ranges::Ranges,
    recent::Recent,
    report::{Finding, Form, Report, Sighting},
};
use crate::ident::{JpkId, JpkRange};

/// Goes through the numbers of one register in the order of their arrival.
///
/// Memory is bounded by three settings: how many sightings are compared ([`window`](Self::window)),
/// how many findings are listed ([`findings`](Self::findings)), and ten thousand ranges each of
/// missing and declared numbers. When there are more ranges, the lowest ones are settled: they
/// count as missing, or are not held against documents any more.
#[derive(Clone, Debug)]
pub struct Checker {
    /// The number that comes next if everything is in order; above [`JpkId::MAX`] at the end.
    next: u64,
    missing: Ranges,
    declared: Ranges,
    recent: Recent,
    listed: usize,
    report: Report,
}

/// How many ranges of a kind are kept.
const RANGES: usize = 10_000;

impl Checker {
    /// A checker for a register whose first number is `first`.
    pub fn new(first: JpkId) -> Self {
        Self {
            next: first.get(),
            missing: Ranges::default(),
            declared: Ranges::default(),
            recent: Recent::new(10_000),
            listed: 1_000,
            report: Report::default(),
        }
    }

    /// How many sightings are kept to be compared with later ones of the same number; ten thousand
    /// unless said otherwise. To be set before the first one.
    #[must_use]
    pub fn window(mut self, sightings: usize) -> Self {
        self.recent = Recent::new(sightings);
        self
    }

    /// How many findings are listed; a thousand unless said otherwise. All are counted.
    #[must_use]
    pub fn findings(mut self, listed: usize) -> Self {
        self.listed = listed;
        self
    }

    /// Takes the next number.
    pub fn see(&mut self, sighting: &Sighting) {
        let (id, number) = (sighting.id, sighting.id.get());
        self.report.seen += 1;
        self.report.highest = self.report.highest.max(Some(id));
        let is_new = if number >= self.next {
            if number > self.next {
                self.missing.add(self.next, number - 1);
                self.settle();
            }
            self.next = number + 1;
            true
        } else if self.missing.remove(number) {
            self.find(Finding::Late(id));
            true
        } else {
            false
        };
        if is_new {
            self.report.numbers += 1;
        } else {
            self.compare(sighting);
        }
        if is_new && sighting.form == Form::Gap {
            self.report.declared += 1;
            self.declared.add(number, number);
            self.settle();
        }
        self.recent.keep(sighting);
    }

    /// What was found; `last` is the number that the register named as its last one (CMD15), if it
    /// did.
    pub fn finish(mut self, last: Option<JpkId>) -> Report {
        if let Some(last) = last.map(JpkId::get).filter(|last| *last >= self.next) {
            self.missing.add(self.next, last);
        }
        while let Some(range) = self.missing.pop() {
            self.give_up(range);
        }
        self.report
    }

    /// A number that came before.
    fn compare(&mut self, sighting: &Sighting) {
        let (id, number) = (sighting.id, sighting.id.get());
        let is_declared = self.declared.contains(number);
        if is_declared != (sighting.form == Form::Gap) && (is_declared || self.is_present(number)) {
            self.find(Finding::DeclaredAndPresent(id));
            return;
        }
        let other = if sighting.form == Form::Short { Form::Detailed } else { Form::Short };
        match self.recent.find(number, sighting.form) {
            Some(digest) if *digest == sighting.digest => self.find(Finding::Repeated(id)),
            Some(_) => self.find(Finding::Altered(id)),
            None if self.recent.find(number, other).is_some() => self.report.supplemented += 1,
            None => self.find(Finding::RepeatedUnseen(id)),
        }
    }

    /// Whether a document came under that number lately.
    fn is_present(&self, number: u64) -> bool {
        [Form::Short, Form::Detailed].iter().any(|form| self.recent.find(number, *form).is_some())
    }

    /// Keeps the ranges few.
    fn settle(&mut self) {
        if self.missing.len() > RANGES
            && let Some(range) = self.missing.pop()
        {
            self.give_up(range);
        }
        if self.declared.len() > RANGES {
            self.declared.pop();
        }
    }

    fn give_up(&mut self, (first, last): (u64, u64)) {
        self.report.missing += last - first + 1;
        let ends = JpkId::new(first).ok().zip(JpkId::new(last).ok());
        if let Some(range) = ends.and_then(|(first, last)| JpkRange::new(first, last).ok()) {
            self.find(Finding::Missing(range));
        }
    }

    fn find(&mut self, finding: Finding) {
        self.report.violations += u64::from(finding.is_violation());
        if self.report.findings.len() < self.listed {
            self.report.findings.push(finding);
        } else {
            self.report.unlisted += 1;
        }
    }
}
