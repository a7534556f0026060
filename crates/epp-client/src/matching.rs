//! Which order of the service is which order of the caller, when no id tells.
//!
//! Created orders are answered with the id 0 and cannot be listed by external id (ePP facts §3), so
//! they are recognised by what they say.

use std::collections::{BTreeMap, VecDeque};

use common_core::money::Amount;

use crate::{
    model::{NewPaymentOrder, PaymentOrder},
    rules::Account,
};

/// What tells orders apart that have no external id. Orders that are equal in it are
/// interchangeable.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    amount: Option<Amount>,
    creditor: Option<String>,
    code: Option<String>,
    basis: Option<String>,
}

impl Key {
    fn of_sent(order: &NewPaymentOrder) -> Self {
        Self {
            amount: order.amount,
            creditor: account(order.creditor_bank_account.as_deref()),
            code: filled(order.creditor_code.as_deref()),
            basis: filled(order.payment_basis.as_deref()),
        }
    }

    fn of_known(order: &PaymentOrder) -> Self {
        Self {
            amount: order.amount,
            creditor: account(order.creditor_bank_account.as_deref()),
            code: filled(order.creditor_code.as_deref()),
            basis: filled(order.payment_basis.as_deref()),
        }
    }
}

/// For each sent order the position of the known one that is it; none is given twice.
///
/// External ids go first, and never against the amount or the creditor's account; what has none
/// is matched by amount, creditor's account, creditor's reference and basis together.
pub(crate) fn assign(sent: &[&NewPaymentOrder], known: &[&PaymentOrder]) -> Vec<Option<usize>> {
    let mut found = vec![None; sent.len()];
    let mut used = vec![false; known.len()];
    let mut by_id: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, order) in known.iter().enumerate() {
        if let Some(id) = external_id(order.external_id.as_deref()) {
            by_id.entry(id).or_default().push(at);
        }
    }
    for (at, order) in sent.iter().enumerate() {
        let Some(id) = external_id(order.external_id.as_deref()) else { continue };
        let candidates = by_id.get(id).map(Vec::as_slice).unwrap_or_default();
        let fits = |known_at: &&usize| !used[**known_at] && agree(order, known[**known_at]);
        found[at] = candidates.iter().find(fits).copied();
        if let Some(taken) = found[at] {
            used[taken] = true;
        }
    }
    let mut by_key: BTreeMap<Key, VecDeque<usize>> = BTreeMap::new();
    for (at, order) in known.iter().enumerate().filter(|(at, _)| !used[*at]) {
        if external_id(order.external_id.as_deref()).is_none() {
            by_key.entry(Key::of_known(order)).or_default().push_back(at);
        }
    }
    for (at, order) in sent.iter().enumerate() {
        if found[at].is_none() {
            found[at] = by_key.get_mut(&Key::of_sent(order)).and_then(VecDeque::pop_front);
        }
    }
    found
}

/// Whether nothing that both orders say differs in what identifies them.
pub(crate) fn agree(sent: &NewPaymentOrder, known: &PaymentOrder) -> bool {
    fn same<T: PartialEq>(sent: Option<&T>, known: Option<&T>) -> bool {
        sent.is_none() || known.is_none() || sent == known
    }
    let creditors = [&sent.creditor_bank_account, &known.creditor_bank_account]
        .map(|creditor| account(creditor.as_deref()));
    let ids = [&sent.external_id, &known.external_id].map(|id| external_id(id.as_deref()));
    same(sent.amount.as_ref(), known.amount.as_ref())
        && same(creditors[0].as_ref(), creditors[1].as_ref())
        && same(ids[0].as_ref(), ids[1].as_ref())
}

/// The account as 18 digits if it is one.
fn account(text: Option<&str>) -> Option<String> {
    let text = filled(text)?;
    Some(Account::parse(&text).map_or(text, String::from))
}

fn filled(text: Option<&str>) -> Option<String> {
    external_id(text).map(str::to_owned)
}

/// A text without blanks around it; an empty one is none.
fn external_id(text: Option<&str>) -> Option<&str> {
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
