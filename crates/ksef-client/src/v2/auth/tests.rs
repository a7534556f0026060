//! The operations of a login as bytes.

use common_core::secret::ExposeSecret;

use super::*;
use crate::v2::client::testing::{LOGIN, bare, base, post, read, read_example, reference, shown};

#[test]
fn a_challenge_is_asked_for_and_read() {
    assert_eq!(shown(&Challenge), bare("POST", "/auth/challenge"));
    let answer = read::<Challenge>(
        r#"{"challenge":"C","timestamp":"2026-01-01T00:00:00.1Z","timestampMs":1767225600100}"#,
    );
    let answer = answer.unwrap();
    assert_eq!(answer.timestamp_ms, answer.timestamp.unwrap().timestamp_millis());
    if let Some(answer) = read_example::<Challenge>("200") {
        assert_eq!(answer.timestamp_ms, 1_752_236_636_015);
    }
}

#[test]
fn a_signed_document_goes_out_as_it_is() {
    let xml = "accept: application/json\ncontent-type: application/xml";
    let plain = StartWithSignature::new("<a/>");
    let address = format!("{}/auth/xades-signature", base());
    assert_eq!(shown(&plain), format!("POST {address}\n{xml}\n<a/>"));
    let strict = plain.verify_certificate_chain().feature(Feature::EnforceXadesCompliance);
    assert_eq!(
        shown(&strict),
        format!(
            "POST {address}?verifyCertificateChain=true\n{xml}\n\
             x-ksef-feature: enforce-xades-compliance\n<a/>"
        )
    );
    if let Some(answer) = read_example::<StartWithSignature>("202") {
        assert!(!format!("{answer:?}").contains("eyJ"));
    }
}

#[test]
fn an_encrypted_token_names_its_context() {
    let context = wire::AuthenticationContextIdentifier::new(
        wire::AuthenticationContextIdentifierType::Nip,
        "1111111111",
    );
    let body = wire::InitTokenAuthenticationRequest::new("C", context, "E").public_key_id("K");
    assert_eq!(
        shown(&StartWithToken(body)),
        post(
            "/auth/ksef-token",
            r#"{"challenge":"C","contextIdentifier":{"type":"Nip","value":"1111111111"},"encryptedToken":"E","publicKeyId":"K"}"#
        )
    );
    if let Some(answer) = read_example::<StartWithToken>("202") {
        assert!(answer.authentication_token.token.secret().expose_secret().starts_with("eyJ"));
    }
}

#[test]
fn the_status_of_a_login_is_read() {
    let endpoint = Status(reference(LOGIN));
    assert_eq!(shown(&endpoint), bare("GET", &format!("/auth/{LOGIN}")));
    let body = r#"{"startDate":"2026-01-01T00:00:00Z","authenticationMethod":"New",
        "status":{"code":415,"description":"x","details":null},"future":1}"#;
    let answer = read::<Status>(body).unwrap();
    assert_eq!((answer.status.code, answer.status.details), (415, Vec::new()));
}

#[test]
fn tokens_are_given_once_and_renewed_without_a_body() {
    assert_eq!(shown(&Redeem), bare("POST", "/auth/token/redeem"));
    assert_eq!(shown(&Refresh), bare("POST", "/auth/token/refresh"));
    let token = r#"{"token":"canary","validUntil":"2026-01-01T00:15:00+01:00"}"#;
    let both = format!(r#"{{"accessToken":{token},"refreshToken":{token}}}"#);
    let redeemed = read::<Redeem>(both.clone()).unwrap();
    let refreshed = read::<Refresh>(both).unwrap();
    assert!(!format!("{redeemed:?} {refreshed:?}").contains("canary"));
    assert_eq!(redeemed.access_token.valid_until, refreshed.access_token.valid_until);
    assert!(read::<Refresh>("{}").is_err());
    if let (Some(redeemed), Some(_)) =
        (read_example::<Redeem>("200"), read_example::<Refresh>("200"))
    {
        assert!(redeemed.refresh_token.valid_until.is_some());
    }
}
