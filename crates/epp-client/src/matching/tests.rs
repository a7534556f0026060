//! What must hold when orders are recognised by what they say.

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

fn agree(sent: &NewPaymentOrder, known: &PaymentOrder) -> bool {
    said!(sent).agrees(&said!(known))
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
    let both = [on("2026-02-01"), on("2026-03-01T00:00:00")];
    assert_eq!(assigned(&both, &[listed_on("1.3.2026")]), [None, Some(0)]);
    assert!(!agree(&both[0], &listed_on("1.3.2026")) && agree(&both[1], &listed_on("1.3.2026")));
    let coded = PaymentOrder { payment_code: Some(221.into()), ..known("", 1, "7") };
    let both = [220, 221].map(|code| sent("", 1, "7").payment_code(code));
    assert_eq!(assigned(&both, &[coded]), [None, Some(0)]);
}

#[test]
fn the_one_order_that_is_listed_is_that_of_the_same_urgency() {
    let both = [sent("", 1, "7").urgent_payment(true), sent("", 1, "7")];
    let listed = |is_urgent| PaymentOrder { urgent_payment: Some(is_urgent), ..known("", 1, "7") };
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

/// A payment on that day, as sent and as the service lists it.
fn on(day: &str) -> NewPaymentOrder {
    sent("", 1, "7").expected_payment_date(day)
}

fn listed_on(day: &str) -> PaymentOrder {
    PaymentOrder { expected_payment_date: Some(day.into()), ..known("", 1, "7") }
}

#[test]
fn the_only_order_is_recognised_whatever_the_service_made_of_its_day_and_texts() {
    let order = on("2026-02-07").payment_code(220).payment_basis("Zakup");
    let changed = PaymentOrder {
        payment_code: Some(221.into()),
        payment_basis: Some("ZAKUP".to_owned()),
        creditor_code: Some("97-7".to_owned()),
        ..listed_on("2026-02-09")
    };
    let orders = [order.debtor_bank_account("840-102849-41"), sent("", 2, "7")];
    assert_eq!(assigned(&orders, std::slice::from_ref(&changed)), [Some(0), None]);
    for other in [
        PaymentOrder { amount: Some(Amount::from(3)), ..changed.clone() },
        PaymentOrder { external_id: Some("x".to_owned()), ..changed.clone() },
        PaymentOrder {
            debtor_bank_account: Some("840000000000199269".to_owned()),
            ..changed.clone()
        },
        PaymentOrder { creditor_bank_account: None, ..changed },
    ] {
        assert_eq!(assigned(&orders, &[other]), [None, None]);
    }
}

#[test]
fn of_two_instalments_a_moved_one_is_given_to_neither() {
    let both = [on("2026-02-07"), on("2026-03-07")];
    assert_eq!(assigned(&both, &[listed_on("2026-03-07")]), [None, Some(0)]);
    assert_eq!(assigned(&both, &[listed_on("2026-02-09")]), [None, None]);
    // Nor is one of two listed ones taken for an order that is neither.
    let listed = [listed_on("2026-03-07"), listed_on("2026-03-09")];
    assert_eq!(assigned(&both[..1], &listed), [None]);
}

#[test]
fn an_answer_is_in_order_when_a_moved_day_is_that_of_an_only_order() {
    let both = [on("2026-02-07"), sent("", 2, "7")];
    let (moved, other) = (listed_on("2026-02-09"), known("", 2, "7"));
    assert!(are_in_order(&both, &[Some(&moved), Some(&other)]));
    assert!(are_in_order(&both, &[Some(&moved), None]));
    assert!(!are_in_order(&both, &[Some(&other), Some(&moved)]));
    assert!(!are_in_order(&both, &[Some(&moved)]));
    let instalments = [on("2026-02-07"), on("2026-03-07")];
    assert!(!are_in_order(&instalments, &[Some(&moved), Some(&listed_on("2026-03-07"))]));
}

#[test]
fn very_many_orders_that_are_alike_are_each_given_one() {
    for id in ["", "a"] {
        let all: Vec<_> = (0..20_000).map(|_| sent(id, 1, "7")).collect();
        let listed: Vec<_> = (0..19_999).map(|_| known(id, 1, "7")).collect();
        let expected: Vec<_> = (0..19_999).map(Some).chain([None]).collect();
        assert_eq!(assigned(&all, &listed), expected);
    }
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
            let Some(at) = at else { continue };
            let alike = sent.iter().filter(|other| other.amount == order.amount).count();
            prop_assert!(agree(order, &known[*at]) || alike == 1);
            prop_assert_eq!(order.amount, known[*at].amount);
        }
    }
}
