//! Accounts on a script: tokens that are used, renewed, shared and lost.

use std::{sync::Arc, time::Duration};

use common_core::clock::SystemClock;
use common_http::{SharedToken, TransportErrorKind, scripted::Step};
use common_store::MemoryStore;
use serde_json::{Value, json};

use super::*;
use crate::v2::client::testing::{
    INVOICE, LOGIN, account, bearer, client, context, lines, public_keys, scripted, tokens,
};

fn token(name: &str, minutes: i64) -> Value {
    let until = chrono::DateTime::<chrono::Utc>::from(std::time::UNIX_EPOCH);
    let until = until + chrono::TimeDelta::days(365 * 60) + chrono::TimeDelta::minutes(minutes);
    json!({"token": name, "validUntil": until.to_rfc3339()})
}

fn nothing() -> Step {
    Step::answer(200, json!({"items": []}).to_string())
}

fn started() -> Step {
    let body = json!({"referenceNumber": LOGIN, "authenticationToken": token("login", 0)});
    Step::answer(202, body.to_string())
}

fn challenge() -> Step {
    let body = json!({"challenge": "C", "timestampMs": 1_767_225_600_000_i64});
    Step::answer(200, body.to_string())
}

fn status(code: i32) -> Step {
    Step::answer(200, json!({"status": {"code": code, "description": "x"}}).to_string())
}

fn redeemed(name: &str) -> Step {
    let both = json!({"accessToken": token(name, 15), "refreshToken": token("refresh", 9999)});
    Step::answer(200, both.to_string())
}

/// What a whole login takes from the script, once the keys are there.
fn login(name: &str) -> Vec<Step> {
    vec![challenge(), started(), status(100), status(200), redeemed(name)]
}

fn keys() -> Step {
    Step::answer(200, public_keys().0.to_string())
}

#[tokio::test]
async fn a_call_carries_the_access_token_and_nothing_else_shows_it() {
    let (account, script) = account([nothing()]).await;
    account.send(&auth_sessions::List::new()).await.unwrap();
    assert_eq!(bearer(&script, 0).as_deref(), Some("canary-access"));
    let text = format!("{account:?} {:?} {:?}", account.tokens().await, account.client());
    assert!(!text.contains("canary"));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_for_all_and_the_refresh_token_stays() {
    let renewed = json!({"accessToken": token("renewed", 15)}).to_string();
    let (account, script) =
        account([Step::answer(401, ""), Step::answer(200, renewed), nothing(), nothing()]).await;
    account.send(&auth_sessions::List::new()).await.unwrap();
    account.send(&auth_sessions::List::new()).await.unwrap();
    let used: Vec<_> = (0..4).map(|at| bearer(&script, at).unwrap()).collect();
    assert_eq!(used, ["canary-access", "canary-refresh", "renewed", "renewed"]);
    assert_eq!(lines(&script)[1], "POST /v2/auth/token/refresh");
}

#[tokio::test(start_paused = true)]
async fn an_account_with_a_credential_logs_in_by_itself_and_again_when_its_refresh_token_is_void() {
    let mut steps = vec![challenge(), keys()];
    steps.extend(login("first").into_iter().skip(1));
    steps.extend([nothing(), Step::answer(401, "")]);
    let void = json!({"errors": [{"code": 21301, "description": "x"}]}).to_string();
    steps.push(Step::answer(400, void));
    steps.extend(login("second"));
    steps.push(nothing());
    let (client, script) = scripted(steps);
    let account = client.account(context()).credential(Credential::token("canary|nip|1")).build();
    account.send(&auth_sessions::List::new()).await.unwrap();
    account.send(&auth_sessions::List::new()).await.unwrap();
    let last = script.requests().len() - 1;
    assert_eq!(bearer(&script, last).as_deref(), Some("second"));
    assert!(!format!("{account:?}").contains("canary"));
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_not_tried_again_before_another_one_is_set() {
    let steps = [challenge(), keys(), started(), status(450)];
    let (client, script) = scripted(steps);
    let account = client.account(context()).credential(Credential::token("wrong")).build();
    for _ in 0..2 {
        let error = account.send(&auth_sessions::List::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::NoLogin, false));
        let failure = error.login_failure().unwrap();
        assert_eq!((failure.kind(), failure.status().unwrap().code), (ErrorKind::Failed, 450));
        assert!(!error.is_transient());
    }
    assert_eq!(script.requests().len(), 4);
    login("right").into_iter().chain([nothing()]).for_each(|step| script.push(step));
    account.log_in_as(Credential::token("right"));
    account.send(&auth_sessions::List::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_before_the_credential_was_shown_is_not_held_against_it() {
    let gate = || Step::answer(403, "{}");
    let mut steps = vec![gate(), challenge(), gate(), challenge(), keys()];
    steps.extend(login("access").into_iter().skip(1));
    steps.push(nothing());
    let (client, script) = scripted(steps);
    let account = client.account(context()).credential(Credential::token("t")).build();
    for _ in 0..2 {
        let error = account.send(&auth_sessions::List::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoLogin);
    }
    account.send(&auth_sessions::List::new()).await.unwrap();
    assert_eq!(script.requests().len(), 10);
}

/// What a login by a token comes to, once the keys are there: the answers from the challenge on.
struct Refused {
    what: &'static str,
    answers: Vec<Step>,
    lasts: bool,
}

fn refused(what: &'static str, answers: impl IntoIterator<Item = Step>, lasts: bool) -> Refused {
    Refused { what, answers: answers.into_iter().collect(), lasts }
}

fn status_of(code: i32, detail: &str) -> Vec<Step> {
    let body = json!({"status": {"code": code, "description": "x", "details": [detail]}});
    vec![started(), Step::answer(200, body.to_string())]
}

fn coded_text(code: u32) -> String {
    json!({"errors": [{"code": code, "description": "x"}]}).to_string()
}

fn coded(code: u32) -> [Step; 1] {
    [Step::answer(400, coded_text(code))]
}

/// Every way in which a login is refused, and whether that is the credential's fault.
fn refusals() -> Vec<Refused> {
    let token = [
        ("Nieprawidłowe wyzwanie autoryzacyjne", false),
        ("Nieprawidłowy token", true),
        ("Nieprawidłowy czas tokena", false),
        ("Token unieważniony", true),
        ("Token nieaktywny", false),
        ("Nieprawidłowe szyfrowanie tokena", false),
        ("Nieprawidłowe kodowanie tokena", false),
        ("Token nie może być użyty w kontekście x", true),
        ("nothing that is known", true),
    ];
    let certificate = [
        ("Nieważny certyfikat", true),
        ("Błąd weryfikacji łańcucha certyfikatów", false),
        ("Niezaufany łańcuch certyfikatów", true),
        ("Certyfikat odwołany", true),
        ("Certyfikat zawieszony", true),
        ("Niepoprawny certyfikat", true),
    ];
    let statuses =
        [(415, false), (425, false), (470, true), (480, false), (500, false), (999, false)];
    let codes = [
        (9101, false),
        (9102, false),
        (9103, false),
        (9105, true),
        (21001, false),
        (21111, false),
        (21115, true),
        (21117, true),
        (21217, false),
        (21401, false),
        (21405, false),
        (21406, true),
    ];
    let blocked = json!({"title": "x", "reasonCode": "security-service-blocked"}).to_string();
    let redeeming = |code| [started(), status(200)].into_iter().chain(coded(code));
    let mut all = vec![
        refused("html of a gate", [Step::answer(403, "<html>")], false),
        refused("security-service-blocked", [Step::answer(403, blocked)], false),
        refused("400 without a code", [Step::answer(400, "")], false),
        refused("401 of the login's token", [started(), Step::answer(401, "")], false),
        refused("21301", redeeming(21301), false),
        refused("21304", redeeming(21304), false),
        refused("21308", redeeming(21308), true),
    ];
    all.extend(token.map(|(detail, lasts)| refused(detail, status_of(450, detail), lasts)));
    all.extend(certificate.map(|(detail, lasts)| refused(detail, status_of(460, detail), lasts)));
    all.extend(statuses.map(|(code, lasts)| refused("a status", status_of(code, ""), lasts)));
    all.extend(codes.map(|(code, lasts)| refused("a code", coded(code), lasts)));
    all
}

#[tokio::test(start_paused = true)]
async fn what_speaks_of_the_credential_lasts_and_the_rest_is_tried_again_after_a_pause() {
    let keys = public_keys().0.to_string();
    for Refused { what, answers, lasts } in refusals() {
        let said = format!("{what}: {answers:?}");
        let steps = [challenge(), Step::answer(200, keys.clone())].into_iter().chain(answers);
        let (client, script) = scripted(steps);
        let account = client.account(context()).credential(Credential::token("t")).build();
        let asked = || script.requests().len();
        let error = account.send(&auth_sessions::List::new()).await.unwrap_err();
        assert_eq!((error.kind(), is_locked_out(&error)), (ErrorKind::NoLogin, lasts), "{said}");
        let before = asked();
        // At once, nothing is asked again.
        account.send(&auth_sessions::List::new()).await.unwrap_err();
        assert_eq!(asked(), before, "{said}");
        tokio::time::advance(Duration::from_secs(16)).await;
        login("access").into_iter().chain([nothing()]).for_each(|step| script.push(step));
        let later = account.send(&auth_sessions::List::new()).await;
        assert_eq!((later.is_err(), asked() == before), (lasts, lasts), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_between_refused_logins_grow_until_one_is_taken() {
    let (client, script) = scripted([challenge(), keys()]);
    let account = client.account(context()).credential(Credential::token("t")).build();
    let mut pauses = Vec::new();
    for round in 0..9 {
        if round > 0 {
            script.push(challenge());
        }
        script.push(Step::answer(403, "{}"));
        let asked = script.requests().len();
        let mut seconds = 0;
        while script.requests().len() == asked {
            account.send(&auth_sessions::List::new()).await.unwrap_err();
            tokio::time::advance(Duration::from_secs(1)).await;
            seconds += 1;
        }
        pauses.push(seconds);
    }
    assert_eq!(pauses, [1, 15, 30, 60, 120, 240, 480, 960, 960]);
    tokio::time::advance(Duration::from_secs(960)).await;
    login("access").into_iter().chain([nothing()]).for_each(|step| script.push(step));
    account.send(&auth_sessions::List::new()).await.unwrap();
}

#[tokio::test]
async fn an_account_without_anything_to_log_in_with_is_locked_out() {
    let (client, _) = scripted([Step::answer(400, coded_text(21301))]);
    let account = client.account(context()).build();
    let error = account.send(&auth_sessions::List::new()).await.unwrap_err();
    assert!(is_locked_out(&error));
    let mut old = tokens(&client);
    old = old.with_access("canary-old".into(), Some(std::time::UNIX_EPOCH.into()));
    account.import(old).await.unwrap();
    let error = account.send(&auth_sessions::List::new()).await.unwrap_err();
    assert!(is_locked_out(&error), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn tokens_that_were_lost_on_the_way_are_replaced_by_another_login() {
    let given = json!({"errors": [{"code": 21301, "description": "x"}]}).to_string();
    let mut steps = vec![challenge(), keys(), started(), status(200)];
    steps.push(Step::fail(TransportErrorKind::Interrupted));
    steps.push(Step::answer(400, given));
    steps.extend(login("second"));
    steps.push(nothing());
    let (client, script) = scripted(steps);
    let account = client.account(context()).credential(Credential::token("t")).build();
    account.send(&auth_sessions::List::new()).await.unwrap();
    let redeems = lines(&script).iter().filter(|line| line.ends_with("/redeem")).count();
    assert_eq!(redeems, 3);
}

#[tokio::test]
async fn a_call_without_tokens_and_without_a_credential_is_not_sent() {
    let (client, script) = scripted([]);
    let account = client.account(context()).build();
    let error = account.send(&auth_sessions::RevokeCurrent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoLogin);
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn tokens_are_shared_between_processes() {
    let store = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
    let (client_a, script_a) = scripted([]);
    let script_b = common_http::scripted::Scripted::new([nothing()]);
    let client_b = client(script_b.clone());
    let account = |client: &Client, holder: &str| {
        let place = SharedToken::new(store.clone(), store.clone(), "ksef/1111111111", holder);
        client.account(context()).shared_tokens(place).build()
    };
    account(&client_a, "a").import(tokens(&client_a)).await.unwrap();
    account(&client_b, "b").send(&auth_sessions::List::new()).await.unwrap();
    assert_eq!(bearer(&script_b, 0).as_deref(), Some("canary-access"));
    assert!(script_a.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn limits_in_force_hold_from_the_next_call_on() {
    let row = json!({"referenceNumber": INVOICE, "status": {"code": 100}}).to_string();
    let (account, _) = account((0..3).map(|_| Step::answer(200, row.clone()))).await;
    let told = json!({"invoiceStatus": {"perSecond": -1, "perMinute": 1, "perHour": -1}});
    account.adopt_rates(&serde_json::from_value(told).unwrap());
    let sent = crate::v2::sending::SentInvoice {
        session: LOGIN.parse().unwrap(),
        reference: INVOICE.parse().unwrap(),
        hash: String::new(),
    };
    let start = account.clock().tick();
    for _ in 0..3 {
        account.state_of(&sent).await.unwrap();
    }
    assert!(account.clock().tick().since(start) >= Duration::from_secs(120));
}

fn put_off(seconds: &'static str) -> Step {
    Step::answer(429, "{}").header("retry-after", seconds)
}

fn refreshed() -> Step {
    Step::answer(200, json!({"accessToken": token("renewed", 15)}).to_string())
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_is_put_off_for_long_fails_at_once_and_says_for_how_long() {
    let (account, script) = account([Step::answer(401, ""), put_off("3600")]).await;
    let start = account.clock().tick();
    // The second one is not even sent.
    for _ in 0..2 {
        let error = account.send(&auth_sessions::List::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::NoLogin, false));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    }
    assert_eq!((account.clock().tick(), script.requests().len()), (start, 2));
}

#[tokio::test(start_paused = true)]
async fn an_impatient_call_leaves_a_renewal_that_goes_on_without_it() {
    let steps = [Step::answer(401, ""), put_off("60"), refreshed(), nothing()];
    let (account, script) = account(steps).await;
    let account = account.impatient(Duration::from_secs(5));
    let start = account.clock().tick();
    let error = account.send(&auth_sessions::List::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::NoLogin, true));
    assert_eq!(account.clock().tick().since(start), Duration::from_secs(10));
    tokio::time::sleep(Duration::from_secs(60)).await;
    account.send(&auth_sessions::List::new()).await.unwrap();
    assert_eq!((bearer(&script, 3).as_deref(), script.requests().len()), (Some("renewed"), 4));
}

#[tokio::test(start_paused = true)]
async fn an_impatient_call_uses_the_token_that_works_while_an_early_renewal_takes_its_time() {
    let (client, script) = scripted([refreshed().after(Duration::from_secs(60)), nothing()]);
    let account = client.account(context()).build().impatient(Duration::from_secs(5));
    let soon = client.clock().now() + chrono::TimeDelta::seconds(40);
    account.import(tokens(&client).with_access("canary-old".into(), Some(soon))).await.unwrap();
    account.send(&auth_sessions::List::new()).await.unwrap();
    assert_eq!(bearer(&script, 1).as_deref(), Some("canary-old"));
}

#[tokio::test(start_paused = true)]
async fn a_login_that_its_caller_left_ends_by_itself_and_its_failure_meets_no_later_call() {
    let late = Step::answer(400, coded_text(21111)).after(Duration::from_secs(2));
    let (client, script) = scripted([challenge(), keys(), late]);
    let account = client.account(context()).credential(Credential::token("t")).build();
    let list = auth_sessions::List::new();
    let left = tokio::time::timeout(Duration::from_secs(1), account.send(&list)).await;
    assert!(left.is_err());
    tokio::time::sleep(Duration::from_secs(3600)).await;
    login("access").into_iter().chain([nothing()]).for_each(|step| script.push(step));
    account.send(&list).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_slow_login_is_not_begun_a_second_time_by_another_process() {
    let now = chrono::DateTime::<chrono::Utc>::from(std::time::UNIX_EPOCH);
    let store = Arc::new(MemoryStore::new(Arc::new(common_http::VirtualClock::starting_at(now))));
    let slow = redeemed("slow").after(Duration::from_secs(100));
    let (client_a, _) = scripted([challenge(), keys(), started(), status(200), slow, nothing()]);
    let (client_b, script_b) = scripted([nothing()]);
    let account = |client: &Client, holder: &str| {
        let place = SharedToken::new(store.clone(), store.clone(), "ksef/1111111111", holder);
        let account = client.account(context()).credential(Credential::token("t"));
        account.shared_tokens(place).build()
    };
    let (a, b) = (account(&client_a, "a"), account(&client_b, "b"));
    let list = auth_sessions::List::new();
    let next = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        b.send(&list).await
    };
    let (first, second) = tokio::join!(a.send(&list), next);
    first.unwrap();
    second.unwrap();
    assert_eq!(bearer(&script_b, 0).as_deref(), Some("slow"));
}
