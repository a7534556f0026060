//! Secrets show nowhere, and what is asked or sent shows in no event of ours.

use std::{fmt::Write as _, sync::Arc};

use common_core::secret::SecretString;
use kros_client::{
    Client, Environment, auth,
    consent::{ConsentRequest, PendingConsent, PollRequest, State},
    invoices::{Create, Fetch, List},
    model::InvoiceId,
    webhook::{MemoryReplayGuard, Verifier},
};
use sandbox::{Sandbox, fault::Fault};
use trial::Everything;

use crate::support::{always, assert_expected, calm, invoice, once, over_socket};

const SECRET: &str = "canary-webhook-secret";
const ORDER: &str = "canary-order-number";
const PRODUCT: &str = "canary-product";
const MISSING: i64 = 918_273_645;

fn state() -> State {
    State::from_random(*b"canary-state-canary-state-canary")
}

/// All that may be shown of an error.
fn shown(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = format!("{error:?} {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, " {cause:?} {cause}");
        source = cause.source();
    }
    text
}

/// Good calls, bad calls and lost answers; gives what the errors and the requests show.
async fn busy_day(sandbox: &Sandbox, client: &Client) -> String {
    let mut shows = String::new();
    let list = List::new().order_number(ORDER);
    client.send(&auth::Check).await.unwrap();
    client.send(&list).await.unwrap();
    let mut document = invoice("canary-external-id");
    document.items[0].name = Some(PRODUCT.to_owned());
    let creation = Create::new(&document).unwrap();
    client.send(&creation).await.unwrap();
    let batch = client.batch(vec![document.clone().currency("canary-currency")]);
    let _ = write!(shows, "{:?}", client.clone());
    let report = batch.finish().await;
    assert_eq!(report.accepted(), 0);
    let mut errors = vec![
        client.send(&creation).await.unwrap_err(),
        client.send(&Fetch(InvoiceId(MISSING))).await.unwrap_err(),
        client.send(&list.clone().top(0)).await.unwrap_err(),
    ];
    document.items[0].vat_rate = Some(150.into());
    let refused = Create::new(&document).unwrap();
    errors.push(client.send(&refused).await.unwrap_err());
    let mut unlucky = invoice("canary-lost");
    for (number, fault) in
        [(1, Fault::LoseAnswer), (2, Fault::MaskAnswer { status: 202 }), (3, Fault::Unauthorized)]
    {
        once(sandbox, fault);
        unlucky.items[0].amount = Some(number.into());
        errors.push(client.send(&Create::new(&unlucky).unwrap()).await.unwrap_err());
    }
    let stranger = Environment::at(sandbox.kros().base_url()).unwrap();
    let pending = PendingConsent::new(Client::builder(stranger).build().unwrap(), state());
    pending.poll_once().await.unwrap();
    once(sandbox, Fault::Reply { status: 400, retry_after: None });
    errors.push(pending.poll_once().await.unwrap_err());
    for error in &errors {
        let _ = write!(shows, "\n{}", shown(error));
    }
    let _ = write!(shows, "\n{pending:?} {:?}", PollRequest::new(state()));
    shows
}

#[tokio::test]
async fn secrets_show_nowhere_and_content_shows_in_no_event_of_ours() {
    let (everything, _listening) = Everything::heard();
    let sandbox = calm().await;
    sandbox.kros().set_receiver(5001, Arc::new(|_| 204), SECRET).unwrap();
    let token = sandbox.kros().token("0").unwrap();
    let builder = over_socket(&sandbox).token(SecretString::from(token.clone()));
    let mut shows = format!("{builder:?}");
    let client = builder.build().unwrap();
    shows.push_str(&busy_day(&sandbox, &client).await);
    sandbox.kros().settle().await;
    let consent = ConsentRequest::poll("a", "b", state()).webhook_secret(SECRET);
    let verifier = Verifier::new().secret(SECRET);
    let guard = MemoryReplayGuard::default();
    let _ = write!(shows, "{consent:?} {:?} {verifier:?} {guard:?}", consent.url().unwrap());
    let bad_token = over_socket(&sandbox).token("canary-unfit\ntoken".into()).build().unwrap_err();
    shows.push_str(&shown(&bad_token));

    let all = everything.all();
    assert!(all.iter().any(|(target, _)| target.starts_with("hyper")), "dependencies are heard");
    let state = state();
    let secrets = [token.as_str(), SECRET, state.expose_text(), "canary-unfit"];
    for secret in secrets {
        assert!(!shows.contains(secret), "a secret is shown");
        let leak = all.iter().find(|(_, text)| text.contains(secret));
        assert!(leak.is_none(), "a secret is logged by {:?}", leak.map(|(target, _)| target));
    }
    let ours = everything.ours("kros_client");
    let calls = ours.iter().filter(|text| text.contains("call")).count();
    assert_eq!(calls, 10, "each request is one event");
    assert!(ours.iter().any(|text| text.contains("/invoices/{id}")), "{ours:#?}");
    for content in [ORDER, PRODUCT, "canary", &MISSING.to_string(), "OrderNumber", "127.0.0.1"] {
        let leak = ours.iter().find(|text| text.contains(content));
        assert!(leak.is_none(), "{content} is logged: {leak:?}");
    }
    assert_expected(&sandbox);
}

#[tokio::test]
async fn repeated_refusals_log_no_token() {
    let (everything, _listening) = Everything::heard();
    let sandbox = calm().await;
    let client = over_socket(&sandbox).build().unwrap();
    always(&sandbox, Fault::Reply { status: 429, retry_after: Some(0) });
    let error = client.send(&auth::Check).await.unwrap_err();
    assert_eq!(error.attempts(), 4);
    let token = sandbox.kros().token("0").unwrap();
    assert!(everything.all().iter().all(|(_, text)| !text.contains(&token)));
    assert!(!shown(&error).contains(&token));
    assert_expected(&sandbox);
}
