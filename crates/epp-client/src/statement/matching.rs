//! Which item of a statement pays which order.
//!
//! An item repeats the reference of the execution of its order (`EPP319877`, source document, section Payment Orders) where
//! that is known; otherwise accounts, amount and the creditor's reference tell (ePP facts §3).

use std::collections::BTreeMap;

use common_core::money::Amount;

use super::{Item, Side, records::Unexecuted};
use crate::{
    model::{NewPaymentOrder, PaymentOrder},
    rules::Account,
};

/// What an order is recognised by in a statement.
///
/// ```
/// use common_core::money::Amount;
/// use epp_client::{model::NewPaymentOrder, statement::OrderKey};
///
/// let order = NewPaymentOrder::new("840-102849-41", "840-235664-72", Amount::from(3));
/// let key = OrderKey::from(&order);
/// assert_eq!(key.creditor_account, "840000000023566472");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrderKey {
    /// The reference of the execution, empty when the order has not been executed or read since.
    pub transaction_reference: String,
    /// The debited account, 18 digits.
    pub debtor_account: String,
    /// The credited account, 18 digits.
    pub creditor_account: String,
    /// The creditor's reference without hyphens and blanks, empty when there is none.
    pub creditor_reference: String,
    /// The amount; an order without one matches nothing.
    pub amount: Option<Amount>,
}

/// What shows that an item pays an order, the strongest evidence first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Evidence {
    /// The item repeats the reference of the order's execution, and the amount is the same.
    TransactionReference,
    /// Both accounts, the amount and the creditor's reference are the same.
    ///
    /// Orders alike in all of them are interchangeable and are paired in their order, with executed items first.
    Reference,
    /// Both accounts and the amount are the same, and there is no other such item, executed or not, and no other such order.
    Amount,
}

/// An order and the item that belongs to it, each by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pair {
    /// The index of the order.
    pub order: usize,
    /// The index of the item.
    pub item: usize,
    /// What shows it.
    pub evidence: Evidence,
    /// Whether the item was executed; an order whose item was not executed is not paid.
    pub is_executed: bool,
}

/// The outcome of [`match_orders`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Matches {
    /// The pairs, by the index of the order.
    pub pairs: Vec<Pair>,
    /// Orders without an item.
    pub missing_orders: Vec<usize>,
    /// Debits without an order, whether executed or not.
    pub other_debits: Vec<usize>,
}

/// Pairs the debits of a statement with orders; no item pays two orders, and no order has two items.
///
/// Stronger evidence is taken before weaker, and an item that repeats the reference of another execution than the
/// order's is never taken for it.
/// Whether an item was executed [`Item::is_executed`] says; use [`OrderMatching`] where the statuses are known.
pub fn match_orders(items: &[Item], orders: &[OrderKey]) -> Matches {
    OrderMatching::new().pair(items, orders)
}

/// The settings of [`match_orders`].
///
/// ```
/// use epp_client::statement::{Item, OrderMatching};
///
/// let matching = OrderMatching::new().with_unexecuted_statuses(["9"]);
/// let mut debit = Item::default();
/// debit.source = "1".to_owned();
/// assert_eq!(matching.pair(&[debit], &[]).other_debits, [0]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct OrderMatching {
    unexecuted: Unexecuted,
}

impl OrderMatching {
    /// Takes items with a time of execution for executed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the items with one of these statuses for not executed, whatever their time of execution, and all others for
    /// executed, as [`Audit::with_unexecuted_statuses`](super::Audit::with_unexecuted_statuses) does.
    #[must_use]
    pub fn with_unexecuted_statuses(
        mut self,
        statuses: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.unexecuted = Unexecuted::by_status(statuses);
        self
    }

    /// Pairs, as [`match_orders`] does.
    pub fn pair(&self, items: &[Item], orders: &[OrderKey]) -> Matches {
        let is_executed = items.iter().map(|item| self.unexecuted.is_executed(item)).collect();
        let mut matching = Matching::new(items, orders, is_executed);
        for executed in [true, false] {
            let of = |item| matching.is_executed[item] == executed;
            let items = matching.free_items(of);
            matching.pair(Evidence::TransactionReference, items, by_transaction, item_transaction);
        }
        for executed in [true, false] {
            let of = |item| matching.is_executed[item] == executed;
            let items = matching.free_items(of);
            matching.pair(Evidence::Reference, items, by_reference, item_reference);
        }
        let items = matching.free_items(|_| true);
        matching.pair(Evidence::Amount, items, by_amount, item_amount);
        matching.into_matches()
    }
}

/// What two things must have in common: texts and an amount.
type Key = (Vec<String>, Amount);

struct Matching<'a> {
    items: &'a [Item],
    orders: &'a [OrderKey],
    is_executed: Vec<bool>,
    is_free: Vec<bool>,
    pairs: BTreeMap<usize, Pair>,
}

impl<'a> Matching<'a> {
    fn new(items: &'a [Item], orders: &'a [OrderKey], is_executed: Vec<bool>) -> Self {
        let is_free = items.iter().map(|item| item.side() == Some(Side::Debit)).collect();
        Self { items, orders, is_executed, is_free, pairs: BTreeMap::new() }
    }

    fn free_items(&self, of: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.items.len()).filter(|item| self.is_free[*item] && of(*item)).collect()
    }

    /// Pairs those of the items that have the same key as an order without an item.
    fn pair(
        &mut self,
        evidence: Evidence,
        items: Vec<usize>,
        order_key: fn(&OrderKey) -> Option<Key>,
        item_key: fn(&Item) -> Option<Key>,
    ) {
        let mut by_key: BTreeMap<Key, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for item in items {
            if let Some(key) = item_key(&self.items[item]) {
                by_key.entry(key).or_default().0.push(item);
            }
        }
        for (index, order) in self.orders.iter().enumerate() {
            if !self.pairs.contains_key(&index)
                && let Some(alike) = order_key(order).and_then(|key| by_key.get_mut(&key))
            {
                alike.1.push(index);
            }
        }
        let must_be_one = evidence == Evidence::Amount;
        for (items, mut orders) in by_key.into_values() {
            if must_be_one && (items.len() != 1 || orders.len() != 1) {
                continue;
            }
            // An order whose execution is known fits fewer items, so it chooses first.
            orders
                .sort_by_key(|order| filled(&self.orders[*order].transaction_reference).is_none());
            for order in orders {
                let fits = |item: &&usize| self.is_free[**item] && !self.contradict(order, **item);
                if let Some(item) = items.iter().find(fits).copied() {
                    let is_executed = self.is_executed[item];
                    self.is_free[item] = false;
                    self.pairs.insert(order, Pair { order, item, evidence, is_executed });
                }
            }
        }
    }

    /// Whether order and item name two executions.
    fn contradict(&self, order: usize, item: usize) -> bool {
        let order = filled(&self.orders[order].transaction_reference);
        let item = filled(&self.items[item].complaint_reference);
        order.is_some() && item.is_some() && order != item
    }

    fn into_matches(self) -> Matches {
        let missing = |order: &usize| !self.pairs.contains_key(order);
        Matches {
            missing_orders: (0..self.orders.len()).filter(missing).collect(),
            other_debits: self.free_items(|_| true),
            pairs: self.pairs.into_values().collect(),
        }
    }
}

fn by_transaction(order: &OrderKey) -> Option<Key> {
    let reference = filled(&order.transaction_reference)?;
    Some((vec![reference], order.amount?))
}

fn item_transaction(item: &Item) -> Option<Key> {
    Some((vec![filled(&item.complaint_reference)?], item.amount?))
}

fn by_reference(order: &OrderKey) -> Option<Key> {
    let (mut texts, amount) = by_amount(order)?;
    texts.push(order.creditor_reference.clone());
    Some((texts, amount))
}

fn item_reference(item: &Item) -> Option<Key> {
    let (mut texts, amount) = item_amount(item)?;
    texts.push(compact(&item.creditor_reference));
    Some((texts, amount))
}

fn by_amount(order: &OrderKey) -> Option<Key> {
    Some((vec![order.debtor_account.clone(), order.creditor_account.clone()], order.amount?))
}

fn item_amount(item: &Item) -> Option<Key> {
    Some((vec![account(&item.debtor_account), account(&item.creditor_account)], item.amount?))
}

fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The account as 18 digits, or the text when it is none.
fn account(text: &str) -> String {
    Account::parse(text).map_or_else(|_| text.trim().to_owned(), String::from)
}

fn compact(reference: &str) -> String {
    reference.chars().filter(|c| *c != '-' && !c.is_whitespace()).collect()
}

impl From<&PaymentOrder> for OrderKey {
    fn from(order: &PaymentOrder) -> Self {
        let reference = order.transaction_reference.as_deref().unwrap_or_default().trim();
        let rest = Self::from(&order.to_request());
        Self { transaction_reference: reference.to_owned(), ..rest }
    }
}

impl From<&NewPaymentOrder> for OrderKey {
    fn from(order: &NewPaymentOrder) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Self {
            transaction_reference: String::new(),
            debtor_account: account(&text(&order.debtor_bank_account)),
            creditor_account: account(&text(&order.creditor_bank_account)),
            creditor_reference: compact(&text(&order.creditor_code)),
            amount: order.amount,
        }
    }
}
