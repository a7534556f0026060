//! Objects that no reader may accept, made by hand from a good one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ekasy_device::jose::{
    Compression, CryptoProfile, JwsAlgorithm, OpenError, OpenLimits, OuterBase64, Serialization,
    Signer as _, Trust,
};
use serde_json::{Value, json};

use crate::jose_support::{certificate, key, now};

const PAYLOAD: &str = r#"{"a":1}"#;

fn verify(profile: &CryptoProfile, text: &str) -> Result<(), OpenError> {
    let trust = Trust::pinned([certificate("register")]);
    profile.verify(text, &trust, now(), &OpenLimits::default()).map(drop)
}

/// Signs whatever header is given, as an attacker with a trusted key could.
fn with_header(header: &str) -> String {
    let text = format!("{}.{}", BASE64.encode(header), BASE64.encode(PAYLOAD));
    let signature = key("register").sign(JwsAlgorithm::Rs256, text.as_bytes()).unwrap();
    format!("{text}.{}", BASE64.encode(signature))
}

fn flattened(text: &str) -> Value {
    let parts: Vec<&str> = text.split('.').collect();
    json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] })
}

#[test]
fn algorithms_that_are_not_listed_are_refused() {
    let profile = CryptoProfile::default();
    assert_eq!(verify(&profile, &with_header(r#"{"alg":"RS256"}"#)), Ok(()));
    for name in ["none", "None", "HS256", "HS512", "RS512", "EdDSA", "PS384", "rs256", ""] {
        let text = with_header(&format!(r#"{{"alg":"{name}"}}"#));
        let unsigned = format!("{}.", text.rsplit_once('.').unwrap().0);
        for text in [text, unsigned] {
            let refused = verify(&profile, &text);
            assert_eq!(refused, Err(OpenError::NotAllowed("alg of the signature")), "{name}");
        }
    }
    // ECDSA under an RSA certificate is no signature of it.
    let crossed = verify(&profile, &with_header(r#"{"alg":"ES256"}"#));
    assert_eq!(crossed, Err(OpenError::BadSignature));
}

#[test]
fn headers_that_two_readers_may_understand_differently_are_refused() {
    let profile = CryptoProfile::default();
    for (header, expected) in [
        (r#"{"alg":"RS256","alg":"RS256"}"#, OpenError::Malformed("header")),
        (r#"{"alg":"RS256","x":{"y":1,"y":1}}"#, OpenError::Malformed("header")),
        (r#"{"alg":"RS256","crit":["exp"],"exp":1}"#, OpenError::Critical),
        (r#"{"alg":"RS256","crit":[]}"#, OpenError::Critical),
        (r#"{"alg":"RS256","b64":false}"#, OpenError::Critical),
        (r#"{"typ":"JWT"}"#, OpenError::Malformed("alg of the signature")),
        (r#"{"alg":["RS256"]}"#, OpenError::Malformed("alg of the signature")),
        (r#"["alg"]"#, OpenError::Malformed("header")),
        (r#"{"alg":"RS256","x5c":"MII"}"#, OpenError::Malformed("x5c")),
        (r#"{"alg":"RS256","x5c":[]}"#, OpenError::Malformed("x5c")),
        (r#"{"alg":"RS256","x5c":["MII"]}"#, OpenError::Malformed("x5c")),
        (r#"{"alg":"RS256","x5t#S256":7}"#, OpenError::Malformed("x5t#S256")),
    ] {
        assert_eq!(verify(&profile, &with_header(header)), Err(expected), "{header}");
    }
}

#[test]
fn a_key_in_the_header_is_never_used() {
    let header = r#"{"alg":"RS256","jwk":{"kty":"RSA","n":"AQ","e":"AQAB"},"jku":"https://x"}"#;
    assert_eq!(verify(&CryptoProfile::default(), &with_header(header)), Ok(()));
    let trust = Trust::pinned([certificate("repository")]);
    let refused = CryptoProfile::default().verify(
        &with_header(header),
        &trust,
        now(),
        &OpenLimits::default(),
    );
    assert_eq!(refused.map(drop), Err(OpenError::BadSignature));
}

#[test]
fn json_serialisations_have_one_signature_and_no_clashing_header() {
    let profile = CryptoProfile::default();
    let good = flattened(&with_header(r#"{"alg":"RS256"}"#));
    assert_eq!(verify(&profile, &good.to_string()), Ok(()));
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut object = good.clone();
        change(&mut object);
        verify(&profile, &object.to_string())
    };
    assert_eq!(changed(&|o| o["header"] = json!({ "kid": "1" })), Ok(()));
    assert_eq!(
        changed(&|o| o["header"] = json!({ "alg": "RS256" })),
        Err(OpenError::HeaderConflict)
    );
    assert_eq!(changed(&|o| o["header"] = json!({ "x5c": [] })), Err(OpenError::Unprotected));
    assert_eq!(changed(&|o| o["header"] = json!({ "crit": [] })), Err(OpenError::Unprotected));
    assert_eq!(
        changed(&|o| o["header"] = json!([])),
        Err(OpenError::Malformed("unprotected header"))
    );
    let one = json!({ "protected": good["protected"], "signature": good["signature"] });
    let general = |list: Value| {
        verify(&profile, &json!({ "payload": good["payload"], "signatures": list }).to_string())
    };
    assert_eq!(general(json!([one])), Ok(()));
    assert_eq!(general(json!([one, one])), Err(OpenError::SeveralRecipients));
    assert_eq!(general(json!([])), Err(OpenError::SeveralRecipients));
    assert_eq!(
        changed(&|o| o["signatures"] = json!([one])),
        Err(OpenError::Malformed("flattened and general form at once"))
    );
    let twice = good.to_string().replacen('{', r#"{"payload":"e30","#, 1);
    assert_eq!(verify(&profile, &twice), Err(OpenError::Malformed("JSON serialisation")));
}

#[test]
fn what_the_profile_does_not_list_is_refused_one_by_one() {
    let writer = CryptoProfile::default();
    let trust = Trust::issued_by([certificate("root")]);
    let recipient =
        ekasy_device::jose::RecipientKey::from_certificate(&certificate("repository")).unwrap();
    let text = writer
        .seal_data(b"{}", &recipient, &key("register"), crate::jose_support::entropy(9))
        .unwrap()
        .into_string();
    let open = |change: &dyn Fn(&mut CryptoProfile)| {
        let mut reader = CryptoProfile::default();
        change(&mut reader);
        reader.open(&text, &key("repository"), &trust, now(), &OpenLimits::default()).map(drop)
    };
    assert_eq!(open(&|_| ()), Ok(()));
    let refused = |part| Err(OpenError::NotAllowed(part));
    assert_eq!(open(&|p| p.reading.key_encryptions.clear()), refused("alg"));
    assert_eq!(open(&|p| p.reading.content_encryptions.clear()), refused("enc"));
    assert_eq!(open(&|p| p.reading.signatures.clear()), refused("alg of the signature"));
    assert_eq!(open(&|p| p.reading.compressions = vec![Compression::None]), refused("zip"));
    assert_eq!(open(&|p| p.reading.forms = vec![Serialization::General]), refused("serialisation"));
    assert_eq!(
        open(&|p| p.reading.outer_base64 = OuterBase64::Forced),
        Err(OpenError::Malformed("outer Base64"))
    );
}

#[test]
fn encrypted_json_has_one_recipient_and_no_clashing_header() {
    let mut writer = CryptoProfile::default();
    writer.writing.encryption_form = Serialization::Flattened;
    let recipient =
        ekasy_device::jose::RecipientKey::from_certificate(&certificate("repository")).unwrap();
    let text = writer
        .seal_data(b"{}", &recipient, &key("register"), crate::jose_support::entropy(8))
        .unwrap();
    let good: Value = serde_json::from_str(text.as_str()).unwrap();
    let open = |change: &dyn Fn(&mut Value)| {
        let mut object = good.clone();
        change(&mut object);
        let trust = Trust::issued_by([certificate("root")]);
        CryptoProfile::default()
            .open(&object.to_string(), &key("repository"), &trust, now(), &OpenLimits::default())
            .map(drop)
    };
    assert_eq!(open(&|_| ()), Ok(()));
    assert_eq!(open(&|o| o["unprotected"] = json!({ "note": 1 })), Ok(()));
    assert_eq!(
        open(&|o| {
            o["unprotected"] = json!({ "note": 1 });
            o["header"] = json!({ "note": 1 });
        }),
        Err(OpenError::HeaderConflict)
    );
    assert_eq!(
        open(&|o| o["unprotected"] = json!({ "enc": "A256GCM" })),
        Err(OpenError::HeaderConflict)
    );
    assert_eq!(open(&|o| o["aad"] = json!("eA")), Err(OpenError::NotAllowed("aad")));
    let recipients = |count: usize| {
        move |o: &mut Value| {
            let own = o.as_object_mut().unwrap().remove("encrypted_key").unwrap();
            o["recipients"] = json!(vec![json!({ "encrypted_key": own }); count]);
        }
    };
    assert_eq!(open(&recipients(1)), Ok(()));
    assert_eq!(open(&recipients(2)), Err(OpenError::SeveralRecipients));
    assert_eq!(open(&recipients(0)), Err(OpenError::SeveralRecipients));
}

#[test]
fn sizes_are_limited_before_anything_is_computed() {
    let profile = CryptoProfile::default();
    let trust = Trust::pinned([certificate("register")]);
    let good = with_header(r#"{"alg":"RS256"}"#);
    let verify = |change: &dyn Fn(&mut OpenLimits), text: &str| {
        let mut limits = OpenLimits::default();
        change(&mut limits);
        profile.verify(text, &trust, now(), &limits).map(drop)
    };
    assert_eq!(verify(&|l| l.text = good.len(), &good), Ok(()));
    let too_large = |what| Err(OpenError::TooLarge(what));
    assert_eq!(verify(&|l| l.text = good.len() - 1, &good), too_large("text"));
    assert_eq!(verify(&|l| l.header = 10, &good), too_large("header"));
    assert_eq!(verify(&|l| l.payload = PAYLOAD.len() - 1, &good), too_large("payload"));
    assert_eq!(verify(&|l| l.payload = PAYLOAD.len(), &good), Ok(()));
    let base64 = certificate("register").to_base64();
    let chain = with_header(&json!({ "alg": "RS256", "x5c": [base64, base64] }).to_string());
    assert_eq!(verify(&|l| l.certificates = 2, &chain), Ok(()));
    assert_eq!(verify(&|l| l.certificates = 1, &chain), too_large("certificates"));
}
