//! Which order of the service is which order of the caller, when no id tells.
//!
//! Created orders are answered with the id 0 and cannot be listed by external id (ePP facts §3), so
//! they are recognised by what they say.

use std::collections::{BTreeMap, VecDeque};

use chrono::NaiveDate;
use common_core::money::Amount;

use crate::{
    model::{Moment, NewPaymentOrder, PaymentOrder},
    rules::{Account, PaymentCode},
};

/// What an order says of itself, in one form for sent and for known ones.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Said<'a> {
    id: Option<&'a str>,
    key: Key,
    debtor: Option<String>,
    payment_code: Option<PaymentCode>,
    day: Option<NaiveDate>,
    is_urgent: bool,
}

/// What must be equal in orders that have no external id, unless there is only one of them.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    amount: Option<Amount>,
    creditor: Option<String>,
    reference: Option<String>,
    basis: Option<String>,
}

/// Reads what an order says; sent and known ones have the same fields.
macro_rules! said {
    ($order:expr) => {
        Said {
            id: filled($order.external_id.as_deref()),
            key: Key {
                amount: $order.amount,
                creditor: account($order.creditor_bank_account.as_deref()),
                reference: filled($order.creditor_code.as_deref()).map(str::to_owned),
                basis: filled($order.payment_basis.as_deref()).map(str::to_owned),
            },
            debtor: account($order.debtor_bank_account.as_deref()),
            payment_code: $order.payment_code,
            day: $order.expected_payment_date.as_ref().and_then(Moment::day),
            is_urgent: $order.urgent_payment.unwrap_or_default(),
        }
    };
}

impl Said<'_> {
    /// In how many of the things that either may leave out both say the same; `None` when they
    /// contradict each other. Urgency is no contradiction: the source document shows it as `False`
    /// (ePP facts §4, trap 13).
    fn likeness(&self, known: &Self) -> Option<usize> {
        let debtors = like(self.debtor.as_ref(), known.debtor.as_ref())?;
        let codes = like(self.payment_code.as_ref(), known.payment_code.as_ref())?;
        let days = like(self.day.as_ref(), known.day.as_ref())?;
        Some(debtors + codes + days + usize::from(self.is_urgent == known.is_urgent))
    }

    /// Whether nothing that both say differs. Under one external id only what money is lost by
    /// counts: a service may have moved the day.
    fn agrees(&self, known: &Self) -> bool {
        let (key, other) = (&self.key, &known.key);
        let all = || {
            like(key.reference.as_ref(), other.reference.as_ref()).is_some()
                && like(key.basis.as_ref(), other.basis.as_ref()).is_some()
                && self.likeness(known).is_some()
        };
        self.may_be(known) && (like(self.id, known.id) == Some(1) || all())
    }

    /// Whether no id, no amount and no account speaks against it.
    fn may_be(&self, known: &Self) -> bool {
        let (key, other) = (&self.key, &known.key);
        like(self.id, known.id).is_some()
            && like(key.amount.as_ref(), other.amount.as_ref()).is_some()
            && like(key.creditor.as_ref(), other.creditor.as_ref()).is_some()
            && like(self.debtor.as_ref(), known.debtor.as_ref()).is_some()
    }

    /// How much goes to whom: what no service changes.
    fn money(&self) -> (Option<Amount>, Option<&str>) {
        (self.key.amount, self.key.creditor.as_deref())
    }
}

/// 1 if both say the same, 0 if one says nothing, `None` if they differ.
fn like<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<usize> {
    match (one, other) {
        (Some(one), Some(other)) => (one == other).then_some(1),
        _ => Some(0),
    }
}

/// For each sent order the position of the known one that is it; none is given twice.
///
/// External ids go first, and never against the amount or an account. What has none is matched by
/// amount, creditor's account, creditor's reference and basis together, and never against the
/// debtor's account, the payment code or the day where both have them; the more of these agree, the
/// sooner. Orders that are equal in all of it are interchangeable.
///
/// A service may change a day, a code or a text. So where only one order was sent and only one is
/// known with that amount to that creditor, they are the same unless the debtors' accounts differ.
pub(crate) fn assign(sent: &[&NewPaymentOrder], known: &[&PaymentOrder]) -> Vec<Option<usize>> {
    let mut found = vec![None; sent.len()];
    let (sent, mut open) = grouped(sent.iter().map(|order| said!(order)));
    let (known, mut free) = grouped(known.iter().map(|order| said!(order)));
    let pairs = (only_ones(&sent, &open), only_ones(&known, &free));
    let mut by_id: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut by_key: BTreeMap<&Key, Vec<usize>> = BTreeMap::new();
    for (group, order) in known.iter().enumerate() {
        match order.id {
            Some(id) => by_id.entry(id).or_default().push(group),
            None => by_key.entry(&order.key).or_default().push(group),
        }
    }
    let mut give = |group: usize, candidates: &[usize], fits: &dyn Fn(&Said<'_>) -> bool| {
        for candidate in candidates {
            let (open, free) = (&mut open[group], &mut free[*candidate]);
            if open.is_empty() || free.is_empty() || !fits(&known[*candidate]) {
                continue;
            }
            let count = open.len().min(free.len());
            for (at, known_at) in open.drain(..count).zip(free.drain(..count)) {
                found[at] = Some(known_at);
            }
        }
    };
    for (group, order) in sent.iter().enumerate() {
        let candidates = order.id.and_then(|id| by_id.get(id));
        give(group, candidates.map_or(&[], Vec::as_slice), &|known| order.agrees(known));
    }
    // An order that says less must not take the one that only another can be.
    for likeness in (0..=4).rev() {
        for (group, order) in sent.iter().enumerate() {
            let candidates = by_key.get(&order.key).map_or(&[][..], Vec::as_slice);
            give(group, candidates, &|known| order.likeness(known) == Some(likeness));
        }
    }
    for (money, group) in pairs.0 {
        if let (Some(group), Some(Some(candidate))) = (group, pairs.1.get(&money)) {
            let fits = |known: &Said<'_>| known.id.is_none() && sent[group].may_be(known);
            give(group, &[*candidate], &fits);
        }
    }
    found
}

/// Whether each known order can be the sent one at its position: nothing that both say differs,
/// or no other order was sent with that amount to that creditor.
pub(crate) fn are_in_order(sent: &[NewPaymentOrder], known: &[Option<&PaymentOrder>]) -> bool {
    let (groups, places) = grouped(sent.iter().map(|order| said!(order)));
    let only = only_ones(&groups, &places);
    let fits = |(order, known): (&NewPaymentOrder, Option<&PaymentOrder>)| {
        let Some(known) = known else { return true };
        let (order, known) = (said!(order), said!(known));
        let is_only = only.get(&order.money()).is_some_and(Option::is_some);
        order.agrees(&known) || (is_only && order.may_be(&known))
    };
    sent.len() == known.len() && sent.iter().zip(known.iter().copied()).all(fits)
}

/// Orders that say the same, and their positions; so many that are alike cost no more than few.
fn grouped<'a>(said: impl Iterator<Item = Said<'a>>) -> (Vec<Said<'a>>, Vec<VecDeque<usize>>) {
    let mut groups: BTreeMap<Said<'a>, VecDeque<usize>> = BTreeMap::new();
    for (at, order) in said.enumerate() {
        groups.entry(order).or_default().push_back(at);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, places)| places.front().copied());
    groups.into_iter().unzip()
}

/// For each amount and creditor the group that is one order and the only one; `None` for more.
fn only_ones<'a>(
    groups: &'a [Said<'_>],
    places: &[VecDeque<usize>],
) -> BTreeMap<(Option<Amount>, Option<&'a str>), Option<usize>> {
    let mut only = BTreeMap::new();
    for (group, (said, places)) in groups.iter().zip(places).enumerate() {
        let first = (places.len() == 1).then_some(group);
        only.entry(said.money()).and_modify(|only| *only = None).or_insert(first);
    }
    only
}

/// The account as 18 digits if it is one.
fn account(text: Option<&str>) -> Option<String> {
    let text = filled(text)?;
    Some(Account::parse(text).map_or_else(|_| text.to_owned(), String::from))
}

/// A text without blanks around it; an empty one is none.
fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
