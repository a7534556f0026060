//! What must hold for sessions, against a scripted service and on paused time.

use std::{error::Error as _, sync::Mutex as StdMutex, time::Duration};

use common_core::{clock::SystemClock, secret::ExposeSecret, store::BoxFuture as Boxed};
use common_http::{
    Body, BodyStream, Transport, TransportError, TransportErrorKind,
    scripted::{Scripted, Step},
};
use common_store::MemoryStore;
use futures_util::future::join_all;
use http::header::AUTHORIZATION;
use serde_json::json;

use super::*;
use crate::{
    Client, accounts,
    client::testing::{client, lines, refusal, scripted, sent, success, tokens},
};

const LOGIN: &str = "POST /api/login";
const REFRESH: &str = "GET /api/login/refresh";
const LIST: &str = "GET /api/bank-accounts";

fn empty() -> Step {
    success(&json!([]))
}

async fn list(client: &Client) -> Result<usize, Error> {
    client.send(&accounts::List::new()).await.map(|page| page.items.len())
}

/// The tokens that the requests carried.
fn bearers(script: &Scripted) -> Vec<Option<String>> {
    let bearer = |request: &http::Request<Body>| {
        let header = request.headers().get(AUTHORIZATION)?.to_str().unwrap();
        Some(header.strip_prefix("Bearer canary-").unwrap().to_owned())
    };
    script.requests().iter().map(bearer).collect()
}

#[tokio::test]
async fn one_login_serves_many_calls() {
    let script = Scripted::new([tokens(1), empty(), empty(), empty()]);
    let client = client(script.clone());
    for _ in 0..3 {
        list(&client).await.unwrap();
    }
    assert_eq!(lines(&script), [LOGIN, LIST, LIST, LIST]);
    let access = Some("access-1".to_owned());
    assert_eq!(bearers(&script), [None, access.clone(), access.clone(), access]);
    assert_eq!(sent(&script, 0), json!({"login": "korisnik", "password": "canary-password"}));
}

#[tokio::test]
async fn a_refresh_follows_a_401_and_carries_the_refresh_token() {
    let script = Scripted::new([tokens(1), refusal(401, "401"), tokens(2), empty()]);
    let client = client(script.clone());
    list(&client).await.unwrap();
    assert_eq!(lines(&script), [LOGIN, LIST, REFRESH, LIST]);
    let carried: Vec<_> = bearers(&script).into_iter().flatten().collect();
    assert_eq!(carried, ["access-1", "refresh-1", "access-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_not_refreshed_before_the_service_refuses_it() {
    let (client, script) = scripted([empty(), empty()]).await;
    list(&client).await.unwrap();
    tokio::time::advance(Duration::from_secs(24 * 3600)).await;
    list(&client).await.unwrap();
    assert_eq!(lines(&script), [LIST, LIST]);
}

#[tokio::test]
async fn a_refused_refresh_token_leads_to_one_login() {
    let steps = [refusal(401, "401"), refusal(401, "401"), tokens(1), empty()];
    let (client, script) = scripted(steps).await;
    list(&client).await.unwrap();
    assert_eq!(lines(&script), [LIST, REFRESH, LOGIN, LIST]);
}

#[tokio::test]
async fn a_refresh_without_an_answer_is_no_reason_to_log_in() {
    let lost = Step::fail(TransportErrorKind::Interrupted);
    let (client, script) = scripted([refusal(401, "401"), lost, tokens(1), empty()]).await;
    let error = list(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Credentials, false));
    list(&client).await.unwrap();
    assert_eq!(lines(&script), [LIST, REFRESH, REFRESH, LIST]);
}

#[tokio::test]
async fn a_refused_login_is_not_tried_again_until_it_is_changed() {
    for refused in [refusal(401, "Unauthenticated"), refusal(200, "UserLocked"), refusal(400, "x")]
    {
        let script = Scripted::new([refused, tokens(1), empty()]);
        let client = client(script.clone());
        for _ in 0..5 {
            let error = list(&client).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::LoginRefused);
            assert!(!error.may_have_happened());
        }
        assert_eq!(lines(&script), [LOGIN]);
        client.session().log_in_as(Credentials::new("korisnik", "canary-right".into()));
        list(&client).await.unwrap();
        assert_eq!(sent(&script, 1)["password"], "canary-right");
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_was_lost_is_not_repeated_by_the_same_call() {
    let lost = Step::fail(TransportErrorKind::Timeout);
    let script = Scripted::new([lost, tokens(1), empty()]);
    let client = client(script.clone());
    assert_eq!(list(&client).await.unwrap_err().kind(), ErrorKind::Credentials);
    list(&client).await.unwrap();
    assert_eq!(lines(&script), [LOGIN, LOGIN, LIST]);
}

#[tokio::test]
async fn trap_3_401_asks_for_a_token_and_403_does_not_whatever_their_words() {
    for word in ["Unauthorized", "Unauthenticated", "403"] {
        let (client, script) = scripted([refusal(401, word), tokens(1), empty()]).await;
        list(&client).await.unwrap();
        assert_eq!(lines(&script), [LIST, REFRESH, LIST], "{word}");
    }
    for word in ["Unauthorized", "Unauthenticated", "401"] {
        let (client, script) = scripted([refusal(403, word)]).await;
        assert_eq!(list(&client).await.unwrap_err().kind(), ErrorKind::Forbidden, "{word}");
        assert_eq!(lines(&script), [LIST]);
    }
}

#[tokio::test]
async fn trap_3_a_success_that_says_401_renews_the_token_once_and_one_that_says_403_does_not() {
    for word in ["401", "Unauthenticated"] {
        let (client, script) = scripted([refusal(200, word), tokens(1), empty()]).await;
        list(&client).await.unwrap();
        assert_eq!(lines(&script), [LIST, REFRESH, LIST], "{word}");
    }
    let (client, script) = scripted([refusal(200, "Unauthorized")]).await;
    assert_eq!(list(&client).await.unwrap_err().kind(), ErrorKind::Forbidden);
    assert_eq!(lines(&script), [LIST]);
    let again = [empty(), refusal(200, "401"), tokens(1), refusal(200, "401")];
    let (client, script) = scripted(again).await;
    list(&client).await.unwrap();
    assert_eq!(list(&client).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(script.remaining(), 0);
}

#[tokio::test]
async fn a_token_that_is_refused_right_after_its_refresh_is_an_error() {
    let steps = [refusal(401, "401"), tokens(1), refusal(401, "401")];
    let (client, script) = scripted(steps).await;
    assert_eq!(list(&client).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(lines(&script), [LIST, REFRESH, LIST]);
}

#[tokio::test]
async fn tokens_are_exported_and_imported() {
    let script = Scripted::new([tokens(1), empty()]);
    let first = client(script);
    list(&first).await.unwrap();
    let pair = first.session().export().await.unwrap();
    assert_eq!(pair.access_token().expose_secret(), "canary-access-1");
    let script = Scripted::new([empty()]);
    let second = client(script.clone());
    second.session().import(pair).await.unwrap();
    list(&second).await.unwrap();
    assert_eq!(lines(&script), [LIST]);
}

/// A service whose tokens have expired: it takes the newest access token and every refresh token
/// once, and answers each call after a while.
#[derive(Clone, Debug, Default)]
struct Service(Arc<StdMutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    newest: u32,
    expired: bool,
    logins: u32,
    refreshes: u32,
}

impl Service {
    fn answer(&self, request: &http::Request<Body>) -> (u16, String) {
        let mut counts = self.0.lock().unwrap();
        let bearer = request.headers().get(AUTHORIZATION).map(|value| value.to_str().unwrap());
        let newest = counts.newest;
        match request.uri().path() {
            "/api/login" => counts.logins += 1,
            "/api/login/refresh" if bearer == Some(&format!("Bearer r{newest}")) => {
                counts.refreshes += 1;
            }
            "/api/bank-accounts"
                if !counts.expired && bearer == Some(&format!("Bearer a{newest}")) =>
            {
                return (200, "[]".to_owned());
            }
            _ => return (401, String::new()),
        }
        counts.newest += 1;
        counts.expired = false;
        let pair = json!({
            "accessToken": format!("a{}", counts.newest),
            "refreshToken": format!("r{}", counts.newest),
        });
        (200, json!({"status": {"code": "Success"}, "payload": pair}).to_string())
    }

    /// Twenty minutes have passed.
    fn expire(&self) {
        self.0.lock().unwrap().expired = true;
    }

    /// Logins and refreshes that were granted.
    fn counts(&self) -> (u32, u32) {
        let counts = self.0.lock().unwrap();
        (counts.logins, counts.refreshes)
    }
}

impl Transport for Service {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> Boxed<'_, Result<http::Response<BodyStream>, TransportError>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let (status, body) = self.answer(&request);
            tokio::time::sleep(Duration::from_millis(20)).await;
            let mut response = http::Response::new(BodyStream::whole(body));
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
            Ok(response)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn sixteen_clones_with_an_expired_token_make_one_refresh() {
    let service = Service::default();
    let client = client(service.clone());
    list(&client).await.unwrap();
    let clones: Vec<_> = (0..16).map(|_| client.clone()).collect();
    for round in 1..=3 {
        service.expire();
        for result in join_all(clones.iter().map(list)).await {
            result.unwrap();
        }
        assert_eq!(service.counts(), (1, round));
    }
}

#[tokio::test(start_paused = true)]
async fn sixteen_clones_without_a_token_make_one_login() {
    let service = Service::default();
    let client = client(service.clone());
    let clones: Vec<_> = (0..16).map(|_| client.clone()).collect();
    for result in join_all(clones.iter().map(list)).await {
        result.unwrap();
    }
    assert_eq!(service.counts(), (1, 0));
}

fn sharing(store: &Arc<MemoryStore>, service: &Service, holder: &str) -> Client {
    let place = SharedToken::new(store.clone(), store.clone(), "epp/korisnik", holder);
    let environment =
        crate::Environment::at("https://epp-api.example.test/api", "https://epp-web.example.test");
    Client::builder(environment.unwrap())
        .credentials(Credentials::new("korisnik", "canary-password".into()))
        .transport(service.clone())
        .shared_token(place)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn four_processes_that_share_a_store_make_one_login_and_one_refresh() {
    let store = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
    let service = Service::default();
    let clients: Vec<_> =
        (0..4).map(|number| sharing(&store, &service, &format!("process-{number}"))).collect();
    for result in join_all(clients.iter().map(list)).await {
        result.unwrap();
    }
    assert_eq!(service.counts(), (1, 0));
    service.expire();
    for result in join_all(clients.iter().map(list)).await {
        result.unwrap();
    }
    assert_eq!(service.counts(), (1, 1));
}

#[tokio::test]
async fn no_secret_shows_in_errors_or_debug() {
    let script = Scripted::new([refusal(401, "401")]);
    let client = client(script);
    let error = list(&client).await.unwrap_err();
    let mut shown = format!("{error} {error:?} {:?} {:?}", client.session(), client);
    let mut cause = error.source();
    let mut depth = 0;
    while let Some(error) = cause {
        shown = format!("{shown} {error} {error:?}");
        cause = error.source();
        depth += 1;
    }
    assert!(depth >= 3, "{shown}");
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.contains("the service refused the login"), "{shown}");
}
