//! What a refusal of the credentials (401) leads to.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use common_core::{effect::ErrorKind, retry::RetryPolicy, secret::SecretString, store::BoxFuture};
use common_http::{
    Api as _, Authorise, BaseUrl, Body, BuildError, CallOptions, CredentialsError, DecodeError,
    Endpoint, Info, Parts, ProblemContext, StaticBearer, UsedToken,
    scripted::{Scripted, Step},
};
use http::header::AUTHORIZATION;

use crate::support::{Find, Issue, Raw, Toy, builder, ok};

/// Gives out `token-0` and, after each refusal, the next number.
#[derive(Clone, Debug, Default)]
struct Renewing(Arc<AtomicU64>);

impl Authorise for Renewing {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        let generation = self.0.load(Ordering::SeqCst);
        let token = SecretString::from(format!("token-{generation}"));
        Box::pin(async move { UsedToken::bearer(&token, generation).map(Some) })
    }

    fn refused<'a>(&'a self, used: &'a UsedToken) -> BoxFuture<'a, bool> {
        self.0.store(used.generation() + 1, Ordering::SeqCst);
        Box::pin(async { true })
    }
}

fn tokens(script: &Scripted) -> Vec<String> {
    let requests = script.requests();
    let values = requests.iter().map(|request| &request.headers()[AUTHORIZATION]);
    values.map(|value| value.to_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_and_the_call_tried_once_more() {
    let script = Scripted::new([Step::answer(401, ""), ok()]);
    let client = builder(script.clone()).authorise(Renewing::default()).build();
    assert_eq!(client.send(&Issue::new(1)).await.unwrap(), 7);
    assert_eq!(tokens(&script), ["Bearer token-0", "Bearer token-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_second_refusal_is_an_error() {
    let refused = || Step::answer(401, "");
    let script = Scripted::new([refused(), refused(), ok()]);
    let client = builder(script.clone()).authorise(Renewing::default()).build();
    let error = client.send(&Find::new(1)).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unauthorized, 2));
    assert_eq!(script.remaining(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_uses_up_no_retry() {
    let steps = [Step::answer(401, ""), Step::answer(503, ""), Step::answer(503, ""), ok()];
    let script = Scripted::new(steps);
    let client = builder(script.clone()).authorise(Renewing::default()).build();
    let three = CallOptions::new().retry(RetryPolicy::default().attempts(3));
    assert_eq!(client.send_with(&Find::new(1), three).await.unwrap(), 7);

    let script = Scripted::new([Step::answer(401, ""), ok()]);
    let client = builder(script).authorise(Renewing::default()).build();
    let never = CallOptions::new().retry(RetryPolicy::never());
    assert_eq!(client.send_with(&Find::new(1), never).await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_never_changes_is_not_tried_again() {
    let script = Scripted::new([Step::answer(401, "no"), ok()]);
    let bearer = StaticBearer::new(&SecretString::from("fixed")).unwrap();
    let client = builder(script.clone()).authorise(bearer).build();
    let error = client.send(&Find::new(1)).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unauthorized, 1));
    assert_eq!(tokens(&script), ["Bearer fixed"]);
}

/// An endpoint that answers 401 to a wrong password in its body.
struct Confirm;

impl Endpoint for Confirm {
    type Api = Toy;
    type Response = ();

    const INFO: Info = <Find as Endpoint>::INFO;

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        common_http::RequestBuilder::new(&Self::INFO, base).param("id", 1)?.finish()
    }

    fn response(_: &Parts, _: &bytes::Bytes) -> Result<(), DecodeError> {
        Ok(())
    }

    fn kind(status: u16, problem: &ProblemContext) -> ErrorKind {
        match status {
            401 => ErrorKind::Invalid,
            _ => Toy::kind(status, problem),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_401_that_is_the_endpoints_own_renews_nothing_and_is_not_sent_again() {
    let script = Scripted::new([Step::answer(401, "no"), Step::answer(403, "no")]);
    let source = Renewing::default();
    let client = builder(script.clone()).authorise(source.clone()).build();
    let error = client.send(&Confirm).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Invalid, 1));
    assert_eq!(error.problem().unwrap().status, 401);
    assert_eq!(client.send(&Confirm).await.unwrap_err().kind(), ErrorKind::Forbidden);
    assert_eq!(tokens(&script), ["Bearer token-0", "Bearer token-0"]);
    assert_eq!(source.0.load(Ordering::SeqCst), 0, "nobody told it of a refusal");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_without_credentials_gets_none() {
    let script = Scripted::new([ok()]);
    let bearer = StaticBearer::new(&SecretString::from("fixed")).unwrap();
    let client = builder(script.clone()).authorise(bearer).build();
    client.send(&Raw).await.unwrap();
    assert!(script.requests()[0].headers().get(AUTHORIZATION).is_none());
}

/// Cannot log in.
#[derive(Debug)]
struct Down;

impl Authorise for Down {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        let cause = std::io::Error::other("the login is down");
        Box::pin(async { Err(CredentialsError::new("no login").because(cause)) })
    }

    fn refused<'a>(&'a self, _: &'a UsedToken) -> BoxFuture<'a, bool> {
        Box::pin(async { false })
    }
}

#[tokio::test(start_paused = true)]
async fn without_credentials_nothing_is_sent_and_the_causes_are_chained() {
    let script = Scripted::new([]);
    let client = builder(script.clone()).authorise(Down).build();
    let error = client.send(&Issue::new(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(error.to_string(), "toy things.issue: no credentials could be had");
    assert!(!error.may_have_happened());
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "no login");
    assert_eq!(source.source().unwrap().to_string(), "the login is down");
    assert!(script.requests().is_empty());
}

/// An endpoint whose own request carries credentials must lose them to the client's.
struct Forged;

impl Endpoint for Forged {
    type Api = Toy;
    type Response = ();

    const INFO: Info = <Find as Endpoint>::INFO;

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let value = http::HeaderValue::from_static("Bearer forged");
        common_http::RequestBuilder::new(&Self::INFO, base)
            .param("id", 1)?
            .header(AUTHORIZATION, value)
            .finish()
    }

    fn response(_: &Parts, _: &bytes::Bytes) -> Result<(), DecodeError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn the_clients_credentials_replace_an_endpoints_own() {
    let script = Scripted::new([ok()]);
    let client = builder(script.clone()).authorise(Renewing::default()).build();
    client.send(&Forged).await.unwrap();
    assert_eq!(script.requests()[0].headers().get_all(AUTHORIZATION).iter().count(), 1);
    assert_eq!(tokens(&script), ["Bearer token-0"]);
}
