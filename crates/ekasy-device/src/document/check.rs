//! The arithmetic of receipts and reports.

mod receipt;
mod report;

use std::collections::BTreeMap;

use super::{Finding, Rate, Rule, TaxRate};
use crate::ident::Moment;

/// The rates by letter. A letter that is declared twice is a finding.
fn rates<'a>(declared: &'a [TaxRate], findings: &mut Vec<Finding>) -> BTreeMap<&'a str, &'a Rate> {
    let mut rates = BTreeMap::new();
    for (index, row) in declared.iter().enumerate() {
        if rates.insert(row.id.as_str(), &row.rate).is_some() {
            findings.push(Finding::new(Rule::KnownRate, format!("stPTU[{index}].id")));
        }
    }
    rates
}

fn check_time(text: &str, path: &str, findings: &mut Vec<Finding>) -> Option<Moment> {
    let moment = Moment::parse(text).ok();
    if moment.is_none() {
        findings.push(Finding::new(Rule::TimeText, path));
    }
    moment
}
