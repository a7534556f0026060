//! No token, secret or state shows anywhere but where it is asked for by name.

use url::Url;

use super::*;

const TOKEN: &str = "token-canary";
const SECRET: &str = "c2VjcmV0LWNhbmFyeQ==";

#[test]
fn no_secret_shows_in_debug_or_in_errors() {
    let state = State::from_random([7; 32]);
    let request = ConsentRequest::poll("a", "b", state.clone()).webhook_secret(SECRET);
    let form = format!(
        "data[0][companyId]=1&data[0][token]={TOKEN}&data[0][webhookSecret]={SECRET}&state={}",
        state.expose_text()
    );
    let callback = Callback::parse(form.as_bytes()).expect("a whole form");
    let answer: PollAnswer = serde_json::from_value(serde_json::json!({"data": {
        "status": "Approved",
        "companies": [{"companyId": 1, "token": TOKEN, "webHookSecret": SECRET}],
    }}))
    .expect("a readable answer");
    let mut shown = vec![format!(
        "{state:?} {request:?} {:?} {callback:?} {answer:?} {:?}",
        request.url().expect("an allowed request"),
        PollRequest::new(state.clone()),
    )];
    let companies = callback.into_companies(&state).expect("the right state");
    shown.push(format!("{companies:?} {:?}", companies[0].verifier()));
    let wrong_id = form.replace("companyId]=1", "companyId]=token-canary");
    let twice = format!("{form}&{form}");
    for form in [wrong_id, twice] {
        let error = Callback::parse(form.as_bytes()).expect_err("a refusal");
        shown.push(format!("{error:?} {error}"));
    }
    let insecure = Url::parse("http://shop.example/?token-canary").expect("an address");
    let error = request.webhook(insecure).url().expect_err("a refusal");
    shown.push(format!("{error:?} {error}"));
    for broken in [format!("\"{TOKEN}\""), format!("{{\"data\":[\"{TOKEN}\"]}}")] {
        let error = serde_json::from_str::<PollAnswer>(&broken).expect_err("a refusal");
        shown.push(format!("{error:?} {error}"));
    }
    let shown = shown.concat();
    for hidden in [TOKEN, "canary", SECRET, state.expose_text()] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
