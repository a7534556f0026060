//! Holds what was said against what is true.

use std::collections::BTreeMap;

use sandbox::epp::{Epp, OrderState};

use crate::{
    ledger::{Books, Claim, Entry, Nature},
    tally::Tally,
};

/// What a seed, or all of them, came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    /// Orders and payments that were reported as done, or had to be done in the end, and are not.
    pub(crate) lost: u64,
    /// Orders stored or paid more than once.
    pub(crate) duplicated: u64,
    /// Everything else that was said and is not so.
    pub(crate) untrue: u64,
    /// A sentence for each of these.
    pub(crate) sentences: Vec<String>,
    /// What was met.
    pub(crate) tally: Tally,
}

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

impl Verdict {
    /// Takes over another verdict.
    pub(crate) fn join(&mut self, other: Self) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.untrue += other.untrue;
        self.sentences.extend(other.sentences);
        self.tally.join(other.tally);
    }

    /// Whether every promise was kept.
    pub(crate) fn is_clean(&self) -> bool {
        (self.lost, self.duplicated, self.untrue) == (0, 0, 0)
    }

    /// Notes something that is missing.
    pub(crate) fn lost(&mut self, sentence: String) {
        self.lost += 1;
        self.sentences.push(sentence);
    }

    /// Notes something that happened twice.
    pub(crate) fn duplicated(&mut self, sentence: String) {
        self.duplicated += 1;
        self.sentences.push(sentence);
    }

    /// Notes a broken promise that is neither a loss nor a duplicate.
    pub(crate) fn untrue(&mut self, sentence: String) {
        self.untrue += 1;
        self.sentences.push(sentence);
    }

    /// Judges every order and every payment of a caller; the sandbox is settled.
    pub(crate) fn judge(&mut self, books: &Books, epp: &Epp) {
        let truth = Truth::of(epp);
        for entry in &books.entries {
            self.judge_claims(entry, &truth);
            self.judge_end(entry, &truth);
        }
        for payment in &books.payments {
            let is_paid = truth.paid.contains_key(&payment.tag);
            if payment.is_paid && !is_paid {
                self.lost(format!("{} is said to be paid and is not", payment.tag));
            }
            if !payment.is_paid && is_paid {
                self.untrue(format!("{} is said not to be paid and is", payment.tag));
            }
        }
    }

    /// Each creation had a tag of its own, so each word about it can be held against the books.
    fn judge_claims(&mut self, entry: &Entry, truth: &Truth) {
        for (tag, claim) in &entry.claims {
            let under_tag = |one: &&Stored| one.tags.iter().any(|other| other == tag.as_str());
            let there = truth.stored(&entry.external_id).iter().find(under_tag);
            let said =
                format!("{} ({:?}) is said to be {claim:?}", entry.external_id, entry.nature);
            match (claim, there) {
                (Claim::Created(id), Some(stored)) if i64::try_from(stored.id) == Ok(id.0) => {}
                (Claim::Created(_), Some(stored)) => {
                    self.untrue(format!("{said} and has the id {}", stored.id));
                }
                (Claim::Created(_) | Claim::Unlisted, None) => {
                    self.lost(format!("{said} and is not there"));
                }
                (Claim::Unlisted | Claim::Unknown, Some(_)) => {
                    self.untrue(format!("{said} and could have been found"));
                }
                (Claim::Refused | Claim::NotSent | Claim::Absent, Some(_)) => {
                    self.untrue(format!("{said} and is there"));
                }
                (Claim::Refused | Claim::NotSent | Claim::Absent | Claim::Unknown, None) => {}
            }
        }
    }

    /// In the end a good order was created once and paid once, and a wrong one never.
    fn judge_end(&mut self, entry: &Entry, truth: &Truth) {
        let id = &entry.external_id;
        let stored = truth.stored(id);
        if stored.len() > 1 {
            self.duplicated(format!("{id} is stored {} times", stored.len()));
        }
        if entry.nature == Nature::Wrong {
            if !stored.is_empty() {
                self.untrue(format!("{id} is wrong and is stored"));
            }
            return;
        }
        let Some(order) = stored.first() else {
            self.lost(format!("{id} is not stored in the end"));
            return;
        };
        let payments = truth.paid.values().filter(|ids| ids.contains(&order.id)).count();
        if payments > 1 {
            self.duplicated(format!("{id} is paid {payments} times"));
        }
        if payments == 0 || !order.is_paid {
            self.lost(format!("{id} is not paid in the end"));
        }
    }
}
