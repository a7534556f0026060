//! Holds what was said against what is true.

use std::collections::BTreeMap;

use sandbox::epp::{Epp, OrderState};

use crate::{
    ledger::{Books, Claim, Entry, Nature},
    tally::Row,
};

pub(crate) type Verdict = trial::Verdict<Row>;

/// The state of the world: the sandbox's books.
#[derive(Debug)]
struct Truth {
    /// The stored orders: id, tags and state, by external id.
    orders: BTreeMap<String, Vec<Stored>>,
    /// The confirmed attempts to pay: the orders of each, by its tag.
    paid: BTreeMap<String, Vec<u64>>,
}

#[derive(Debug)]
struct Stored {
    id: u64,
    tags: Vec<String>,
    is_paid: bool,
}

impl Truth {
    fn of(epp: &Epp) -> Self {
        let mut orders: BTreeMap<String, Vec<Stored>> = BTreeMap::new();
        for order in epp.orders() {
            let is_paid = order.state == OrderState::Executed && order.executions == 1;
            let stored = Stored { id: order.id, tags: order.user_tags, is_paid };
            orders.entry(order.external_id.unwrap_or_default()).or_default().push(stored);
        }
        let confirmed = epp.payments().into_iter().filter(|one| one.payment_tag.is_some());
        let paid = confirmed.map(|one| (one.payment_id_tag, one.order_ids)).collect();
        Self { orders, paid }
    }

    fn stored(&self, external_id: &str) -> &[Stored] {
        self.orders.get(external_id).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Judges every order and every payment of a caller; the sandbox is settled.
pub(crate) fn judge(verdict: &mut Verdict, books: &Books, epp: &Epp) {
    let truth = Truth::of(epp);
    for entry in &books.entries {
        judge_claims(verdict, entry, &truth);
        judge_end(verdict, entry, &truth);
    }
    for payment in &books.payments {
        let is_paid = truth.paid.contains_key(&payment.tag);
        if payment.is_paid && !is_paid {
            verdict.lost(format!("{} is said to be paid and is not", payment.tag));
        }
        if !payment.is_paid && is_paid {
            verdict.untrue(format!("{} is said not to be paid and is", payment.tag));
        }
    }
}

/// Each creation had a tag of its own, so each word about it can be held against the books.
fn judge_claims(verdict: &mut Verdict, entry: &Entry, truth: &Truth) {
    for (tag, claim) in &entry.claims {
        let under_tag = |one: &&Stored| one.tags.iter().any(|other| other == tag.as_str());
        let there = truth.stored(&entry.external_id).iter().find(under_tag);
        let said = format!("{} ({:?}) is said to be {claim:?}", entry.external_id, entry.nature);
        match (claim, there) {
            (Claim::Created(id), Some(stored)) if i64::try_from(stored.id) == Ok(id.0) => {}
            (Claim::Created(_), Some(stored)) => {
                verdict.untrue(format!("{said} and has the id {}", stored.id));
            }
            (Claim::Created(_) | Claim::Unlisted, None) => {
                verdict.lost(format!("{said} and is not there"));
            }
            (Claim::Unlisted | Claim::Unknown, Some(_)) => {
                verdict.untrue(format!("{said} and could have been found"));
            }
            (Claim::Refused | Claim::NotSent | Claim::Absent, Some(_)) => {
                verdict.untrue(format!("{said} and is there"));
            }
            (Claim::Refused | Claim::NotSent | Claim::Absent | Claim::Unknown, None) => {}
        }
    }
}

/// In the end a good order was created once and paid once, and a wrong one never.
fn judge_end(verdict: &mut Verdict, entry: &Entry, truth: &Truth) {
    let id = &entry.external_id;
    let stored = truth.stored(id);
    if stored.len() > 1 {
        verdict.duplicated(format!("{id} is stored {} times", stored.len()));
    }
    if entry.nature == Nature::Wrong {
        if !stored.is_empty() {
            verdict.untrue(format!("{id} is wrong and is stored"));
        }
        return;
    }
    let Some(order) = stored.first() else {
        verdict.lost(format!("{id} is not stored in the end"));
        return;
    };
    let payments = truth.paid.values().filter(|ids| ids.contains(&order.id)).count();
    if payments > 1 {
        verdict.duplicated(format!("{id} is paid {payments} times"));
    }
    if payments == 0 || !order.is_paid {
        verdict.lost(format!("{id} is not paid in the end"));
    }
}
