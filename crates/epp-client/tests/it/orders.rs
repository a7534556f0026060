//! Creating, validating and finding orders.

use common_core::money::Amount;
use epp_client::{
    ErrorKind,
    batch::Located,
    model::PaymentOrderId,
    payment_orders::{Fetch, List},
};
use futures_util::TryStreamExt;

use crate::support::{
    SEEDS, assert_expected, builder, calm, client, created, hostile, orders, tag,
};

#[tokio::test]
async fn wrong_orders_are_refused_one_by_one_and_the_others_created() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = client(&sandbox);
        let mut orders = orders(&sandbox, 6);
        orders[1].external_id = Some("x".repeat(50));
        orders[4].amount = Some(Amount::ZERO);
        let judged = client.validate_orders(&orders).await;
        let refused: Vec<_> = judged.refused().map(|(at, _)| at).collect();
        assert_eq!(refused, [1, 4], "{seed}");
        assert!(sandbox.epp().orders().is_empty());
        let mut batch = client.create_and_locate(&orders, &tag(1)).await;
        for _ in 0..20 {
            if batch.is_certain() {
                break;
            }
            if let Ok(lookup) = client.locate(&orders, &tag(1)).await {
                batch.update(lookup);
            }
        }
        // A request that a hostile service answered with trouble was processed or was not.
        let stored = sandbox.epp().orders().len();
        assert!(stored == 4 || stored == 0, "{seed}: {stored}");
        assert_eq!(batch.ids().len(), stored, "{seed}");
        assert!(batch.strangers().is_empty());
        let second = &batch.outcomes()[1];
        assert!(!matches!(second, Located::Created(_) | Located::Unlisted), "{second:?}");
    }
}

#[tokio::test]
async fn created_orders_are_listed_by_every_filter_and_fetched() {
    let sandbox = calm().await;
    let client = client(&sandbox);
    let ids = created(&sandbox, &client, 9).await;
    let count = async |list: List| {
        client.items(list.per_page(4)).try_collect::<Vec<_>>().await.unwrap().len()
    };
    assert_eq!(count(List::new()).await, 9);
    assert_eq!(count(List::new().amount_from(Amount::from(3)).amount_to(Amount::from(5))).await, 3);
    assert_eq!(count(List::new().id_from(ids[1]).id_to(ids[2])).await, 2);
    assert_eq!(count(List::new().user_tag(tag(1).as_str())).await, 9);
    assert_eq!(count(List::new().user_tag("nepoznat")).await, 0);
    assert_eq!(count(List::new().payment_code(220_u16)).await, 9);
    assert_eq!(count(List::new().creditor_bank_account("840000000023566472")).await, 9);
    let order = client.send(&Fetch(ids[3])).await.unwrap();
    assert_eq!(order.external_id.as_deref(), Some("ugovor-4"));
    let error = client.send(&Fetch(PaymentOrderId(99_999_999))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_user_who_may_only_look_creates_nothing() {
    let sandbox = calm().await;
    let viewer = builder(&sandbox, "pregled").build().unwrap();
    let outcome = viewer.create_orders(&orders(&sandbox, 2)).await;
    assert!(outcome.is_certain() && outcome.accepted() == 0);
    assert!(sandbox.epp().orders().is_empty());
}
