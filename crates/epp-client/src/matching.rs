//! Which order of the service is which order of the caller, when no id tells.
//!
//! Created orders are answered with the id 0 and cannot be listed by external id (ePP facts §3), so
//! they are recognised by what they say.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use common_core::money::Amount;

use crate::{
    model::{Moment, NewPaymentOrder, PaymentOrder},
    rules::{Account, PaymentCode},
};

/// What an order says of itself, in one form for sent and for known ones.
struct Said<'a> {
    id: Option<&'a str>,
    key: Key,
    debtor: Option<String>,
    payment_code: Option<PaymentCode>,
    day: Option<NaiveDate>,
    is_urgent: bool,
}

/// What must be equal in orders that have no external id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
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
        let fits = like(key.amount.as_ref(), other.amount.as_ref()).is_some()
            && like(key.creditor.as_ref(), other.creditor.as_ref()).is_some()
            && like(self.debtor.as_ref(), known.debtor.as_ref()).is_some();
        fits && match like(self.id, known.id) {
            None => false,
            Some(1) => true,
            Some(_) => {
                like(key.reference.as_ref(), other.reference.as_ref()).is_some()
                    && like(key.basis.as_ref(), other.basis.as_ref()).is_some()
                    && self.likeness(known).is_some()
            }
        }
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
pub(crate) fn assign(sent: &[&NewPaymentOrder], known: &[&PaymentOrder]) -> Vec<Option<usize>> {
    let sent: Vec<Said<'_>> = sent.iter().map(|order| said!(order)).collect();
    let known: Vec<Said<'_>> = known.iter().map(|order| said!(order)).collect();
    let mut found = vec![None; sent.len()];
    let mut used = vec![false; known.len()];
    let mut by_id: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut by_key: BTreeMap<&Key, Vec<usize>> = BTreeMap::new();
    for (at, order) in known.iter().enumerate() {
        match order.id {
            Some(id) => by_id.entry(id).or_default().push(at),
            None => by_key.entry(&order.key).or_default().push(at),
        }
    }
    let mut give = |at: usize, candidates: Option<&Vec<usize>>, fits: &dyn Fn(usize) -> bool| {
        let free = |known_at: &&usize| !used[**known_at] && fits(**known_at);
        found[at] = candidates.and_then(|candidates| candidates.iter().find(free)).copied();
        if let Some(taken) = found[at] {
            used[taken] = true;
        }
        found[at].is_none()
    };
    let mut open: Vec<usize> = (0..sent.len()).collect();
    open.retain(|at| {
        let candidates = sent[*at].id.and_then(|id| by_id.get(id));
        give(*at, candidates, &|known_at| sent[*at].agrees(&known[known_at]))
    });
    // An order that says less must not take the one that only another can be.
    for likeness in (0..=4).rev() {
        open.retain(|at| {
            let fits = |known_at: usize| sent[*at].likeness(&known[known_at]) == Some(likeness);
            give(*at, by_key.get(&sent[*at].key), &fits)
        });
    }
    found
}

/// Whether nothing that both orders say differs in what identifies them.
pub(crate) fn agree(sent: &NewPaymentOrder, known: &PaymentOrder) -> bool {
    said!(sent).agrees(&said!(known))
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(id: &str, amount: i64, code: &str) -> NewPaymentOrder {
        NewPaymentOrder::new("840-102849-41", "840-235664-72", Amount::from(amount))
            .external_id(id)
            .creditor_code(code)
    }

    /// The order as the service lists it, with the account as 18 digits.
    fn known(id: &str, amount: i64, code: &str) -> PaymentOrder {
        PaymentOrder {
            external_id: Some(id.to_owned()),
            amount: Some(Amount::from(amount)),
            creditor_code: Some(code.to_owned()),
            creditor_bank_account: Some("840000000023566472".to_owned()),
            ..PaymentOrder::default()
        }
    }

    fn assigned(sent: &[NewPaymentOrder], known: &[PaymentOrder]) -> Vec<Option<usize>> {
        assign(&sent.iter().collect::<Vec<_>>(), &known.iter().collect::<Vec<_>>())
    }

    #[test]
    fn external_ids_find_orders_in_any_order() {
        let sent = [sent("a", 1, ""), sent("b", 1, ""), sent("c", 1, "")];
        let known = [known("c", 1, ""), known("a", 1, ""), known("x", 1, "")];
        assert_eq!(assigned(&sent, &known), [Some(1), None, Some(0)]);
    }

    #[test]
    fn an_external_id_never_finds_another_amount() {
        assert_eq!(assigned(&[sent("a", 1, "")], &[known("a", 2, "")]), [None]);
        let twice = [known("a", 2, ""), known("a", 1, "")];
        assert_eq!(assigned(&[sent("a", 1, "")], &twice), [Some(1)]);
    }

    #[test]
    fn orders_without_ids_are_found_by_what_they_say_and_each_once() {
        let sent = [sent("", 1, "7"), sent("", 1, "7"), sent("", 1, "8"), sent("", 1, "7")];
        let known = [known("", 1, "7"), known("", 1, "8"), known("", 1, "7")];
        assert_eq!(assigned(&sent, &known), [Some(0), Some(2), Some(1), None]);
    }

    #[test]
    fn an_order_with_an_id_is_not_taken_for_one_without() {
        assert_eq!(assigned(&[sent("", 1, "7")], &[known("a", 1, "7")]), [None]);
        // A service that leaves the id out of its list is understood.
        assert_eq!(assigned(&[sent("a", 1, "7")], &[known("", 1, "7")]), [Some(0)]);
    }

    #[test]
    fn an_order_of_another_debtor_is_never_taken() {
        let of = |debtor: &str| sent("", 1, "7").debtor_bank_account(debtor);
        let listed = PaymentOrder {
            debtor_bank_account: Some("840000000000199269".to_owned()),
            ..known("", 1, "7")
        };
        let both = [of("840-102849-41"), of("840-1992-69")];
        assert_eq!(assigned(&both, std::slice::from_ref(&listed)), [None, Some(0)]);
        assert!(!agree(&both[0], &listed) && agree(&both[1], &listed));
        // Not even under one external id.
        let same_id = PaymentOrder { external_id: Some("a".to_owned()), ..listed };
        assert_eq!(assigned(&[both[0].clone().external_id("a")], &[same_id]), [None]);
    }

    #[test]
    fn instalments_are_told_apart_by_their_day_and_payments_by_their_code() {
        let on = |day: &str| sent("", 1, "7").expected_payment_date(day);
        let listed = |day: &str| PaymentOrder {
            expected_payment_date: Some(day.into()),
            ..known("", 1, "7")
        };
        let both = [on("2026-02-01"), on("2026-03-01T00:00:00")];
        assert_eq!(assigned(&both, &[listed("1.3.2026")]), [None, Some(0)]);
        assert!(!agree(&both[0], &listed("1.3.2026")) && agree(&both[1], &listed("1.3.2026")));
        let coded = PaymentOrder { payment_code: Some(221.into()), ..known("", 1, "7") };
        let both = [220, 221].map(|code| sent("", 1, "7").payment_code(code));
        assert_eq!(assigned(&both, &[coded]), [None, Some(0)]);
    }

    #[test]
    fn the_one_order_that_is_listed_is_that_of_the_same_urgency() {
        let both = [sent("", 1, "7").urgent_payment(true), sent("", 1, "7")];
        let listed =
            |is_urgent| PaymentOrder { urgent_payment: Some(is_urgent), ..known("", 1, "7") };
        assert_eq!(assigned(&both, &[listed(false)]), [None, Some(0)]);
        assert_eq!(assigned(&both[..1], &[listed(false)]), [Some(0)]);
        assert_eq!(assigned(&both, &[listed(false), listed(true)]), [Some(1), Some(0)]);
    }

    #[test]
    fn an_order_that_says_less_leaves_the_other_what_only_that_can_be() {
        let listed = |day: Option<&str>| PaymentOrder {
            expected_payment_date: day.map(Moment::from),
            ..known("", 1, "7")
        };
        let dated = sent("", 1, "7").expected_payment_date("2026-03-01");
        let both = [sent("", 1, "7"), dated];
        let found = assigned(&both, &[listed(Some("2026-03-01")), listed(Some("2026-02-01"))]);
        assert_eq!(found, [Some(1), Some(0)]);
        assert_eq!(assigned(&both, &[listed(None), listed(None)]), [Some(0), Some(1)]);
    }

    proptest! {
        #[test]
        fn whatever_is_listed_is_given_at_most_once_and_never_contradicts(
            sent_rows in prop::collection::vec((0_usize..4, 1_i64..4, 0_usize..3), 0..12),
            known_rows in prop::collection::vec((0_usize..4, 1_i64..4, 0_usize..3), 0..12),
        ) {
            let ids = ["", "a", "b", "c"];
            let codes = ["", "7", "8"];
            let sent: Vec<_> =
                sent_rows.iter().map(|row| sent(ids[row.0], row.1, codes[row.2])).collect();
            let known: Vec<_> =
                known_rows.iter().map(|row| known(ids[row.0], row.1, codes[row.2])).collect();
            let found = assigned(&sent, &known);
            let mut taken: Vec<usize> = found.iter().flatten().copied().collect();
            let count = taken.len();
            taken.sort_unstable();
            taken.dedup();
            prop_assert_eq!(taken.len(), count);
            for (order, at) in sent.iter().zip(&found) {
                prop_assert!(at.is_none_or(|at| agree(order, &known[at])));
            }
        }
    }
}
