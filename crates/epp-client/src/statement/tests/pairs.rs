//! Items and orders find each other, once each and never wrongly.

use common_core::money::Amount;
use proptest::prelude::*;

use super::{super::*, samples::xml, strict};
use crate::model::{NewPaymentOrder, PaymentOrder};

fn key(creditor: &str, cents: i64, reference: &str) -> OrderKey {
    let amount = Amount::from_minor(cents, 2).unwrap();
    let order = NewPaymentOrder::new("840-102849-41", creditor, amount).creditor_code(reference);
    OrderKey::from(&order)
}

fn debit(creditor: &str, cents: i64, reference: &str, is_executed: bool) -> Item {
    Item {
        debtor_account: super::ACCOUNT.to_owned(),
        source: "1".to_owned(),
        creditor_account: creditor.to_owned(),
        creditor_reference: reference.to_owned(),
        amount: Amount::from_minor(cents, 2).ok(),
        executed_at: is_executed.then(|| "24.04.2024 10:00:00".into()),
        ..Item::default()
    }
}

#[test]
fn an_answered_order_is_found_by_the_reference_of_its_execution() {
    let order: PaymentOrder = serde_json::from_str(
        r#"{"transactionReference": "EPP41077", "amount": 9001.1, "creditorBankAccount": "?"}"#,
    )
    .unwrap();
    let items = strict(&xml()).unwrap().items;
    let matches = match_orders(&items, &[OrderKey::from(&order)]);
    assert_eq!(matches.pairs.len(), 1);
    assert_eq!(matches.pairs[0].evidence, Evidence::TransactionReference);
    assert!(matches.pairs[0].is_executed);
    assert_eq!((matches.missing_orders, matches.other_debits), (vec![], vec![1]));
    let other: PaymentOrder =
        serde_json::from_str(r#"{"transactionReference": "EPP41077", "amount": 9001.11}"#).unwrap();
    let matches = match_orders(&items, &[OrderKey::from(&other)]);
    assert_eq!(matches.pairs, [], "the same reference with another amount is no proof");
}

#[test]
fn a_sent_order_is_found_by_accounts_amount_and_reference() {
    let items = strict(&xml()).unwrap().items;
    let orders = [key("840-1992-69", 7700, "15"), key("840-235664-72", 900_110, "39-65040")];
    let matches = match_orders(&items, &orders);
    let found: Vec<_> = matches.pairs.iter().map(|p| (p.order, p.item, p.is_executed)).collect();
    assert_eq!(found, [(0, 1, false), (1, 0, true)], "the first was not executed and is not paid");
    assert!(matches.pairs.iter().all(|pair| pair.evidence == Evidence::Reference));
}

#[test]
fn amounts_alone_pair_only_what_is_unique() {
    let creditor = "840000000023566472";
    let items = [debit(creditor, 100, "1", true), debit(creditor, 200, "2", true)];
    let matches = match_orders(&items, &[key(creditor, 100, ""), key(creditor, 200, "")]);
    assert_eq!(matches.pairs.iter().filter(|p| p.evidence == Evidence::Amount).count(), 2);
    let items = [debit(creditor, 100, "1", true), debit(creditor, 100, "2", true)];
    let matches = match_orders(&items, &[key(creditor, 100, "")]);
    assert_eq!((matches.pairs, matches.missing_orders), (vec![], vec![0]));
}

#[test]
fn orders_that_are_alike_take_one_item_each() {
    let creditor = "840000000023566472";
    let items = [debit(creditor, 100, "7", true), debit(creditor, 100, "7", false)];
    let orders = [(); 3].map(|()| key(creditor, 100, "7"));
    let matches = match_orders(&items, &orders);
    let found: Vec<_> = matches.pairs.iter().map(|p| (p.order, p.item, p.is_executed)).collect();
    assert_eq!(found, [(0, 0, true), (1, 1, false)], "the executed item is taken first");
    assert_eq!(matches.missing_orders, [2]);
}

#[test]
fn credits_are_never_taken_for_payments_of_orders() {
    let credit = Item { source: "2".to_owned(), ..debit("840000000023566472", 100, "", true) };
    let matches = match_orders(&[credit], &[key("840-235664-72", 100, "")]);
    assert_eq!((matches.pairs.len(), matches.other_debits.len()), (0, 0));
}

#[test]
fn an_item_of_another_execution_never_pays_an_order() {
    let creditor = "840000000023566472";
    let named = |cents, reference: &str, complaint: &str, is_executed| Item {
        complaint_reference: complaint.to_owned(),
        ..debit(creditor, cents, reference, is_executed)
    };
    let known = |transaction: &str| OrderKey {
        transaction_reference: transaction.to_owned(),
        ..key(creditor, 100, "7")
    };
    // The order was not executed; another payment of the same content was.
    let items = [named(100, "7", "EPP1", true), named(100, "7", "EPP2", false)];
    let matches = match_orders(&items, &[known("EPP2")]);
    let found: Vec<_> = matches.pairs.iter().map(|p| (p.item, p.is_executed)).collect();
    assert_eq!((found, matches.other_debits), (vec![(1, false)], vec![0]));
    // Neither by the creditor's reference nor by the amount alone.
    for reference in ["7", "8"] {
        let items = [named(100, reference, "EPP1", true)];
        assert_eq!(match_orders(&items, &[known("EPP2")]).missing_orders, [0], "{reference}");
    }
    // An order that may be either leaves the other one its item.
    let items = [named(100, "7", "", true), named(100, "7", "EPP1", true)];
    let matches = match_orders(&items, &[known(""), known("EPP2")]);
    let found: Vec<_> = matches.pairs.iter().map(|p| (p.order, p.item)).collect();
    assert_eq!(found, [(0, 1), (1, 0)]);
}

#[test]
fn an_amount_that_was_both_executed_and_not_shows_nothing() {
    let creditor = "840000000023566472";
    let items = [debit(creditor, 100, "1", true), debit(creditor, 100, "2", false)];
    assert_eq!(match_orders(&items, &[key(creditor, 100, "")]).missing_orders, [0]);
}

#[test]
fn what_was_not_executed_is_told_by_statuses_or_by_a_date_that_is_not_set() {
    let creditor = "840000000023566472";
    let refused = Item { status: "9".to_owned(), ..debit(creditor, 100, "7", true) };
    let unset =
        Item { executed_at: Some("0001-01-01T00:00:00".into()), ..debit(creditor, 100, "7", true) };
    let order = [key(creditor, 100, "7")];
    let executed = |matches: Matches| matches.pairs[0].is_executed;
    assert!(executed(match_orders(std::slice::from_ref(&refused), &order)));
    let knowing = OrderMatching::new().with_unexecuted_statuses(["9"]);
    assert!(!executed(knowing.pair(&[refused], &order)));
    assert!(!executed(match_orders(&[unset], &order)));
}

proptest! {
    #[test]
    fn every_order_and_every_debit_is_named_exactly_once(
        items in prop::collection::vec((0_usize..2, 1_i64..4, 0_u8..3, any::<bool>()), 0..12),
        orders in prop::collection::vec((0_usize..2, 1_i64..4, 0_u8..3), 0..12),
    ) {
        let creditors = ["840000000023566472", "840000000000199269"];
        let items: Vec<_> = items
            .into_iter()
            .map(|(who, cents, code, done)| debit(creditors[who], cents, &code.to_string(), done))
            .collect();
        let orders: Vec<_> = orders
            .into_iter()
            .map(|(who, cents, code)| key(creditors[who], cents, &code.to_string()))
            .collect();
        let matches = match_orders(&items, &orders);
        let mut named: Vec<_> = matches.pairs.iter().map(|pair| pair.order).collect();
        named.extend(&matches.missing_orders);
        named.sort_unstable();
        prop_assert_eq!(named, (0..orders.len()).collect::<Vec<_>>());
        let mut named: Vec<_> = matches.pairs.iter().map(|pair| pair.item).collect();
        named.extend(&matches.other_debits);
        named.sort_unstable();
        prop_assert_eq!(named, (0..items.len()).collect::<Vec<_>>());
        for pair in &matches.pairs {
            prop_assert_eq!(items[pair.item].amount, orders[pair.order].amount);
            prop_assert_eq!(&items[pair.item].creditor_account, &orders[pair.order].creditor_account);
        }
    }
}
