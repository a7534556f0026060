//! A future dropped at any of its waits leaves a client that works, and nothing that happened
//! twice or cannot be found out.

use std::time::Duration;

use common_core::limit::{Window, Windows};
use epp_client::{
    Client, accounts,
    model::PaymentOrderId,
    payments::{Start, Verdict},
};
use sandbox::{Sandbox, fault::Fault};

use crate::support::{
    InProcess, always, assert_expected, created, dropped_after, in_process, orders, otp,
    over_socket, started, stored, tag,
};

/// A client whose every call has many waits: for its place, for the service, for the answer.
struct Scene {
    sandbox: Sandbox,
    client: Client,
}

impl Scene {
    async fn new() -> Self {
        let sandbox = in_process().await;
        let windows = Windows::new([Window::new(1, Duration::from_millis(10))]);
        let client = over_socket(&sandbox, "prvi")
            .transport(InProcess::of(&sandbox))
            .limits(windows)
            .build()
            .unwrap();
        client.send(&accounts::List::new()).await.unwrap();
        Self { sandbox, client }
    }

    fn disturb(&self) {
        always(&self.sandbox, Fault::DelayBefore { ms: 20 });
        always(&self.sandbox, Fault::DelayAfter { ms: 20 });
        always(&self.sandbox, Fault::SplitWrites { size: 300 });
    }

    /// Lets everything that was set going come to its end, undisturbed.
    async fn settle(&self) {
        self.sandbox.epp().faults().clear();
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.sandbox.epp().settle().await;
    }

    fn confirmed(&self, id: PaymentOrderId) -> usize {
        let payments = self.sandbox.epp().payments().into_iter();
        let paid = payments.filter(|one| one.payment_tag.is_some());
        paid.filter(|one| one.order_ids.iter().any(|other| i64::try_from(*other) == Ok(id.0)))
            .count()
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_may_be_dropped_anywhere_and_what_it_did_is_found() {
    let scene = Scene::new().await;
    let (mut found_some, mut found_none) = (0, 0);
    for pauses in 0..1_000 {
        let all = orders(&scene.sandbox, &format!("c{pauses}"), 3);
        scene.disturb();
        let batch = dropped_after(scene.client.create_and_locate(&all, &tag(pauses)), pauses).await;
        scene.settle().await;
        let lookup = scene.client.locate(&all, &tag(pauses)).await.unwrap();
        let there = stored(&scene.sandbox, tag(pauses).as_str());
        assert_eq!(lookup.found.iter().flatten().count(), there, "after {pauses} waits");
        assert!(lookup.strangers.is_empty() && (there == 0 || there == 3), "{there}");
        if batch.is_some() {
            assert!(there == 3 && found_some > 0 && found_none > 0 && pauses >= 8, "{pauses}");
            return assert_expected(&scene.sandbox);
        }
        if there == 0 { found_none += 1 } else { found_some += 1 }
    }
    panic!("the creation never ends");
}

#[tokio::test(start_paused = true)]
async fn a_start_may_be_dropped_anywhere_and_pays_nothing() {
    let scene = Scene::new().await;
    let ids = created(&scene.client, &scene.sandbox, "s", 2).await;
    for pauses in 0..1_000 {
        scene.disturb();
        let start = Start::new(ids.clone());
        let payment = dropped_after(scene.client.start_payment(&start), pauses).await;
        scene.settle().await;
        assert_eq!(scene.confirmed(ids[0]), 0);
        if let Some(payment) = payment {
            assert!(pauses >= 4, "{pauses}");
            assert_eq!(payment.unwrap().discrepancies(), []);
            break;
        }
        tokio::time::advance(Duration::from_secs(121)).await;
    }
    let payment = started(&scene.client, &ids).await;
    let otp = otp(&scene.sandbox, payment.record());
    payment.confirm(&otp).await.unwrap();
    assert_eq!(scene.confirmed(ids[0]), 1);
    assert_expected(&scene.sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_may_be_dropped_anywhere_and_its_state_is_true() {
    let scene = Scene::new().await;
    let (mut paid, mut unpaid) = (0, 0);
    for pauses in 0..1_000 {
        let ids = created(&scene.client, &scene.sandbox, &format!("confirm{pauses}"), 2).await;
        let payment = started(&scene.client, &ids).await;
        let record = payment.record().clone();
        let otp = otp(&scene.sandbox, &record);
        scene.disturb();
        let confirmed = dropped_after(payment.confirm(&otp), pauses).await;
        scene.settle().await;
        let verdict = scene.client.payment_state(&record).await.unwrap().verdict();
        let times = scene.confirmed(ids[0]);
        let right = if times == 1 { Verdict::Paid } else { Verdict::NotPaid };
        assert!(times <= 1 && verdict == right, "{verdict:?} after {pauses} waits");
        if let Some(confirmed) = confirmed {
            confirmed.unwrap();
            assert!(times == 1 && paid > 0 && unpaid > 0 && pauses >= 4, "{pauses}");
            return assert_expected(&scene.sandbox);
        }
        if times == 0 { unpaid += 1 } else { paid += 1 }
    }
    panic!("the confirmation never ends");
}
