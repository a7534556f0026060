//! Lost answers of calls that are made once: nothing is done twice, and the queries find out.

use epp_client::{
    Client, Recovery,
    payments::{Start, Verdict},
};
use http::Method;
use sandbox::{Sandbox, fault::Fault};

use crate::support::{calm, client, created, once, orders, tag, totp};

/// What may happen to an answer, and whether the request was processed.
const LOSSES: [(Fault, bool); 5] = [
    (Fault::LoseAnswer, true),
    (Fault::MaskAnswer { status: 502 }, true),
    (Fault::CutAnswer { after: 40 }, true),
    (Fault::DropRequest, false),
    (Fault::Reply { status: 503, retry_after: None }, false),
];

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_unknown_sent_once_and_resolved() {
    for (fault, processed) in LOSSES {
        let sandbox = calm().await;
        let client = client(&sandbox);
        let orders = orders(&sandbox, 3);
        once(&sandbox, &Method::POST, "/payment-orders", fault);
        let outcome = client.create_orders(&orders).await;
        assert!(!outcome.is_certain(), "{fault:?}");
        assert_eq!(sandbox.epp().orders().len(), if processed { 3 } else { 0 }, "{fault:?}");
        once(&sandbox, &Method::POST, "/payment-orders", fault);
        let batch = client.create_and_locate(&orders, &tag(2)).await;
        assert_eq!(batch.is_complete(), processed, "{fault:?}: {batch:?}");
        assert_eq!(sandbox.epp().orders().len(), if processed { 6 } else { 0 }, "{fault:?}");
        assert!(batch.strangers().is_empty());
    }
}

#[tokio::test]
async fn a_confirmation_whose_answer_is_lost_is_unknown_sent_once_and_resolved() {
    for (fault, processed) in LOSSES {
        let sandbox = calm().await;
        let client = client(&sandbox);
        let ids = created(&sandbox, &client, 3).await;
        let payment = client.start_payment(&Start::new(ids)).await.unwrap();
        let password = totp(&sandbox).password(client.clock().now()).unwrap();
        once(&sandbox, &Method::PUT, "/payments", fault);
        let error = payment.confirm(&password).await.unwrap_err();
        assert_eq!(error.error().recovery(), Some(Recovery::PaymentState), "{fault:?}");
        let record = error.into_payment().unwrap_err();
        let verdict = client.payment_state(&record).await.unwrap().verdict();
        let truth = if processed { Verdict::Paid } else { Verdict::NotPaid };
        assert_eq!(verdict, truth, "{fault:?}");
        assert_eq!(confirmed(&sandbox), usize::from(processed), "{fault:?}");
    }
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_not_repeated_and_pays_nothing() {
    for (fault, processed) in LOSSES {
        let sandbox = calm().await;
        let client: Client = client(&sandbox);
        let ids = created(&sandbox, &client, 1).await;
        once(&sandbox, &Method::POST, "/payments", fault);
        let error = client.start_payment(&Start::new(ids)).await.unwrap_err();
        assert_eq!(error.recovery(), Some(Recovery::PaymentLapses), "{fault:?}");
        assert_eq!(sandbox.epp().payments().len(), usize::from(processed), "{fault:?}");
        assert_eq!(confirmed(&sandbox), 0);
    }
}

fn confirmed(sandbox: &Sandbox) -> usize {
    let payments = sandbox.epp().payments();
    payments.iter().filter(|payment| payment.payment_tag.is_some()).count()
}
