//! What must hold for envelopes.

use serde_json::json;

use super::*;

fn parts(status: u16) -> Parts {
    let (mut parts, ()) = http::Response::new(()).into_parts();
    parts.status = http::StatusCode::from_u16(status).unwrap();
    parts
}

fn read<T: DeserializeOwned>(body: &'static str) -> Decoded<Answer<T>> {
    decode(&parts(200), &Bytes::from_static(body.as_bytes()))
}

#[test]
fn trap_16_a_payload_is_read_in_the_envelope_and_bare() {
    let enveloped = r#"{"status":{"code":"Success","message":"Success"},"payload":[1,2]}"#;
    for body in [enveloped, " [1,2]", r#"{"payload":[1,2]}"#] {
        assert_eq!(read::<Vec<u32>>(body).unwrap().unwrap(), [1, 2], "{body}");
    }
    // An account that comes bare has a status of its own, which is a number.
    let bare = read::<Value>(r#"{"number":"0000000001624","status":0}"#).unwrap().unwrap();
    assert_eq!(bare, json!({"number": "0000000001624", "status": 0}));
    assert_eq!(read::<Option<u32>>(r#"{"status":{"code":"Success"}}"#).unwrap(), Ok(None));
}

#[test]
fn a_refusal_inside_a_success_is_no_payload() {
    let body = r#"{"status":{"code":"InvalidToken","message":"Nije dobar"},"payload":null}"#;
    let refusal = read::<Value>(body).unwrap().unwrap_err();
    assert_eq!((refusal.http, refusal.status.code.as_deref()), (200, Some("InvalidToken")));
    assert_eq!(refusal.status.message.as_deref(), Some("Nije dobar"));
    // A payload beside a refusal is not believed.
    let both = r#"{"status":{"code":"UsedToken"},"payload":[1]}"#;
    assert!(read::<Vec<u32>>(both).unwrap().is_err());
    assert!(decode_nothing(&parts(200), &Bytes::from_static(body.as_bytes())).is_err());
}

#[test]
fn trap_24_a_code_loses_its_full_stop() {
    let body = r#"{"status":{"code":" ValidationError. "},"payload":null}"#;
    let refusal = read::<Value>(body).unwrap().unwrap_err();
    assert_eq!(refusal.status.code.as_deref(), Some("ValidationError"));
}

#[test]
fn success_is_spelled_in_any_case_and_may_be_missing() {
    for code in [json!("Success"), json!("success"), json!(200), json!(null), json!("")] {
        let status: Status = serde_json::from_value(json!({"code": code})).unwrap();
        assert!(status.is_success(), "{code}");
    }
    for code in [json!("401"), json!(403), json!("Unsuccessful"), json!("Successful?")] {
        let status: Status = serde_json::from_value(json!({"code": code})).unwrap();
        assert!(!status.is_success(), "{code}");
    }
}

#[test]
fn the_place_of_an_error_is_named_as_in_the_body() {
    let place = |body| read::<Vec<u32>>(body).unwrap_err().path().to_owned();
    assert_eq!(place(r#"{"status":{"code":"Success"},"payload":[1,"canary"]}"#), "payload[1]");
    assert_eq!(place(r#"{"status":{"code":"Success"},"payload":7}"#), "payload");
    assert_eq!(place(r#"[1,"canary"]"#), "[1]");
    assert!(read::<Value>(r#"{"status":"#).is_err());
}

#[test]
fn the_body_of_an_error_is_read_as_far_as_it_can_be() {
    let problem = |body: &'static str| {
        let problem = Epp::problem(&parts(403), &Bytes::from_static(body.as_bytes()));
        (problem.code, problem.message)
    };
    let told = problem(r#"{"status":{"code":"403","message":"Unauthorized"},"payload":null}"#);
    assert_eq!(told, (Some("403".to_owned()), Some("Unauthorized".to_owned())));
    for nothing in ["", "<html>", "[]", r#"{"status":7}"#] {
        assert_eq!(problem(nothing), (None, None), "{nothing}");
    }
}

#[test]
fn any_body_of_a_success_will_do_where_only_that_matters() {
    for body in ["", "pong", "{}", r#"{"status":{"code":"Success"}}"#] {
        assert_eq!(decode_nothing(&parts(200), &Bytes::from_static(body.as_bytes())), Ok(()));
    }
}
