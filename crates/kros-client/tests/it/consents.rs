//! The consent flow in both modes, with the sandbox in the part of the owner.

use std::time::Duration;

use axum::body::Body;
use common_core::secret::ExposeSecret;
use futures_util::TryStreamExt;
use http::Request;
use kros_client::{
    Client, Environment, ErrorKind, auth,
    consent::{
        Callback, CallbackError, CompanyMode, ConsentRequest, GrantedCompany, PendingConsent,
        PollAnswer, State, poll_schedule,
    },
};
use sandbox::{Sandbox, kros::Decision};
use url::{Url, form_urlencoded};

use crate::support::{InProcess, assert_expected, beside, in_process};

fn state() -> State {
    State::from_random([9; 32])
}

/// A client without a token, as an integrator has before the consent.
fn stranger(sandbox: &Sandbox) -> Client {
    let environment = Environment::at(sandbox.kros().base_url()).unwrap();
    Client::builder(environment).transport(InProcess::of(sandbox)).build().unwrap()
}

/// Opens the consent page of the sandbox, as the owner's browser does, and gives its text.
async fn opened(sandbox: &Sandbox, request: ConsentRequest) -> String {
    let page = Url::parse(&sandbox.kros().consent_url()).unwrap();
    let url = request.web_origin(page.join("/").unwrap()).url().unwrap();
    let request = Request::get(url.expose_url()).body(Body::empty()).unwrap();
    let answer = sandbox.kros().service().send(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let pieces: Vec<_> = answer.into_body().into_data_stream().try_collect().await.unwrap();
    String::from_utf8(pieces.concat()).unwrap()
}

fn polled() -> ConsentRequest {
    ConsentRequest::poll("Vymyslený eshop", "Príklad s.r.o.", state())
}

/// Uses a granted token for a call.
async fn assert_usable(sandbox: &Sandbox, granted: &GrantedCompany) {
    let client = beside(sandbox).token(granted.token.clone()).build().unwrap();
    client.send(&auth::Check).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_approved_consent_gives_usable_tokens() {
    let sandbox = in_process().await;
    opened(&sandbox, polled().company_mode(CompanyMode::Multiple)).await;
    let pending = PendingConsent::new(stranger(&sandbox), state());
    assert!(matches!(pending.poll_once().await.unwrap(), PollAnswer::Pending));
    let owner = async {
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert!(sandbox.kros().decide(state().expose_text(), Decision::Approve));
    };
    let schedule = poll_schedule();
    let (answer, ()) = tokio::join!(pending.wait(&schedule), owner);
    let Some(PollAnswer::Approved { companies }) = answer.unwrap() else { panic!("approved") };
    assert_eq!(companies.len(), 2);
    for (index, granted) in companies.iter().enumerate() {
        let known = sandbox.kros().company(&index.to_string()).unwrap();
        assert_eq!(u64::try_from(granted.company_id), Ok(known.id));
        assert_eq!(granted.company_name.as_deref(), Some(known.name.as_str()));
        assert_eq!(granted.token.expose_secret(), known.token());
        let body = r#"{"status":200}"#;
        let signature = sandbox::kros::Scheme::Utf16Le.sign(known.webhook_secret(), body);
        let verifier = granted.verifier().unwrap();
        assert!(verifier.verify(body.as_bytes(), Some(signature.as_bytes())).is_ok());
        assert_usable(&sandbox, granted).await;
    }
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_denied_consent_ends_the_waiting() {
    let sandbox = in_process().await;
    opened(&sandbox, polled()).await;
    sandbox.kros().decide(state().expose_text(), Decision::Deny);
    let pending = PendingConsent::new(stranger(&sandbox), state());
    let answer = pending.wait(&poll_schedule()).await.unwrap();
    assert!(matches!(answer, Some(PollAnswer::Denied)));
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn an_undecided_consent_expires() {
    let sandbox = in_process().await;
    opened(&sandbox, polled()).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    let pending = PendingConsent::new(stranger(&sandbox), state());
    let answer = pending.wait(&poll_schedule()).await.unwrap();
    assert!(matches!(answer, Some(PollAnswer::Expired)));
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_the_schedule_and_another_process_may_go_on() {
    let sandbox = in_process().await;
    let schedule = poll_schedule().within(Duration::from_secs(30));
    let pending = PendingConsent::new(stranger(&sandbox), state());
    assert!(pending.wait(&schedule).await.unwrap().is_none());
    opened(&sandbox, polled()).await;
    sandbox.kros().decide(state().expose_text(), Decision::Approve);
    let stored = State::parse(pending.state().expose_text().to_owned()).unwrap();
    let resumed = PendingConsent::new(stranger(&sandbox), stored);
    let answer = resumed.wait(&schedule).await.unwrap();
    assert!(matches!(answer, Some(PollAnswer::Approved { companies }) if companies.len() == 1));
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_form_that_the_browser_posts_gives_usable_tokens() {
    let sandbox = in_process().await;
    let back = Url::parse("http://127.0.0.1:9/consent").unwrap();
    let request = ConsentRequest::post("Vymyslený eshop", "Príklad s.r.o.", back, state());
    let page = opened(&sandbox, request.company_mode(CompanyMode::Multiple)).await;
    let mut form = form_urlencoded::Serializer::new(String::new());
    for input in page.split("<input type=\"hidden\" name=\"").skip(1) {
        let (name, rest) = input.split_once("\" value=\"").unwrap();
        form.append_pair(name, rest.split_once('"').unwrap().0);
    }
    let form = form.finish();
    let other = State::from_random([8; 32]);
    let refused = Callback::parse(form.as_bytes()).unwrap().into_companies(&other);
    assert_eq!(refused.err(), Some(CallbackError::WrongState));
    let callback = Callback::parse(form.as_bytes()).unwrap();
    let companies = callback.into_companies(&state()).unwrap();
    assert_eq!(companies.iter().map(|one| one.company_id).collect::<Vec<_>>(), [5001, 5002]);
    for granted in &companies {
        assert!(granted.verifier().is_some());
        assert_usable(&sandbox, granted).await;
    }
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn trouble_while_asking_is_an_error_and_not_an_answer() {
    let sandbox = in_process().await;
    opened(&sandbox, polled()).await;
    let pending = PendingConsent::new(stranger(&sandbox), state());
    crate::support::always(
        &sandbox,
        sandbox::fault::Fault::Reply { status: 503, retry_after: None },
    );
    let error = pending.wait(&poll_schedule()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 4));
    sandbox.kros().faults().clear();
    assert!(matches!(pending.poll_once().await.unwrap(), PollAnswer::Pending));
    assert_expected(&sandbox);
}
