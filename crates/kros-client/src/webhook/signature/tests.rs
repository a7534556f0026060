//! The verifier against vectors of another implementation, against tampering, and for leaks.

use std::{error::Error, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::webhook::ReplayKey;

const OWN_VECTORS: &str = include_str!("../../../tests/vectors/signature.json");
const REFERENCE_VECTORS: &str = "../../../shared/reference/kros/signature-vectors.json";
const SECRET: &str = "not-a-real-secret-0001";

fn text<'v>(vector: &'v Value, field: &str) -> &'v str {
    vector[field].as_str().expect("a text in every vector")
}

fn matched(verifier: &Verifier, body: &str, signature: &str) -> Result<Match, VerifyError> {
    verifier.verify(body.as_bytes(), Some(signature.as_bytes())).map(|proof| proof.matched())
}

/// Checks one expected signature under the verifiers that must and must not accept it.
fn check(vector: &Value, field: &str, scheme: Scheme, key_form: KeyForm) {
    let (body, signature) = (text(vector, "body"), text(vector, field));
    let expected = Match { secret_index: 1, scheme, key_form };
    let other_scheme = if scheme == Scheme::Utf8 { Scheme::Utf16Le } else { Scheme::Utf8 };
    let base = || Verifier::new().secret("another secret").secret(text(vector, "secret"));
    let name = text(vector, "name");
    for accepting in [scheme, Scheme::Any] {
        let open = base().scheme(accepting).key_form(KeyForm::Both);
        assert_eq!(matched(&open, body, signature), Ok(expected), "{name}, {field}");
    }
    let narrow = Verifier::new().secret(text(vector, "secret")).scheme(scheme).key_form(key_form);
    let first = Match { secret_index: 0, ..expected };
    assert_eq!(matched(&narrow, body, signature), Ok(first), "{name}, {field}");
    let closed = base().scheme(other_scheme).key_form(KeyForm::Both);
    assert_eq!(matched(&closed, body, signature), Err(VerifyError::Mismatch), "{name}, {field}");
}

/// Checks every vector; the names are those of the four signatures a vector may hold.
fn check_all(vectors: &[Value], names: [&str; 4]) -> usize {
    let forms = [
        (Scheme::Utf16Le, KeyForm::Text),
        (Scheme::Utf8, KeyForm::Text),
        (Scheme::Utf16Le, KeyForm::Base64Decoded),
        (Scheme::Utf8, KeyForm::Base64Decoded),
    ];
    let mut checked = 0;
    for vector in vectors {
        for (name, (scheme, key_form)) in names.into_iter().zip(forms) {
            if vector.get(name).is_some() {
                check(vector, name, scheme, key_form);
                checked += 1;
            }
        }
    }
    checked
}

#[test]
fn signatures_of_another_implementation_are_accepted() {
    let vectors: Vec<Value> = serde_json::from_str(OWN_VECTORS).expect("the crate's vectors");
    let names = ["utf16le", "utf8", "utf16le_decoded_key", "utf8_decoded_key"];
    assert_eq!(check_all(&vectors, names), 20);
}

#[test]
fn signatures_of_the_reference_are_accepted_where_it_is_at_hand() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(REFERENCE_VECTORS);
    let Ok(content) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: no reference vectors at {}", path.display());
        return;
    };
    let reference: Value = serde_json::from_str(&content).expect("JSON");
    let vectors = reference["vectors"].as_array().expect("a list of vectors");
    let names = [
        "body_and_key_utf16le",
        "body_and_key_utf8",
        "body_utf16le_key_base64_decoded",
        "body_utf8_key_base64_decoded",
    ];
    assert!(check_all(vectors, names) >= 2 * vectors.len());
}

#[test]
fn a_change_of_any_byte_is_noticed() {
    let vectors: Vec<Value> = serde_json::from_str(OWN_VECTORS).expect("the crate's vectors");
    let vector = &vectors[0];
    let verifier = Verifier::new().secret(text(vector, "secret")).key_form(KeyForm::Both);
    for field in ["utf16le", "utf8"] {
        let (body, signature) = (text(vector, "body").as_bytes(), text(vector, field).as_bytes());
        assert!(verifier.verify(body, Some(signature)).is_ok());
        for (index, bit) in (0..body.len()).flat_map(|index| (0..8).map(move |bit| (index, bit))) {
            let mut changed = body.to_vec();
            changed[index] ^= 1 << bit;
            let refused = verifier.verify(&changed, Some(signature)).err();
            assert_eq!(refused, Some(VerifyError::Mismatch), "byte {index} of the body");
        }
        let raw = BASE64_STANDARD.decode(signature).expect("base64");
        for (index, bit) in (0..raw.len()).flat_map(|index| (0..8).map(move |bit| (index, bit))) {
            let mut changed = raw.clone();
            changed[index] ^= 1 << bit;
            let header = BASE64_STANDARD.encode(changed);
            let refused = verifier.verify(body, Some(header.as_bytes())).err();
            assert_eq!(refused, Some(VerifyError::Mismatch), "byte {index} of the signature");
        }
        for index in 0..signature.len() {
            let mut changed = signature.to_vec();
            changed[index] ^= 1;
            assert!(verifier.verify(body, Some(&changed)).is_err(), "character {index}");
        }
        for shorter in 0..body.len() {
            assert!(verifier.verify(&body[..shorter], Some(signature)).is_err());
        }
    }
}

#[test]
fn a_header_that_is_not_the_base64_of_32_bytes_is_malformed() {
    let verifier = Verifier::new().secret(SECRET);
    let good = "Sfd43QOsO48tdzT13IJV2Gl+m1f6Ir/TZI91CTlud6w=";
    assert!(matched(&verifier, r#"{"status":200}"#, good).is_ok());
    let unpadded = good.trim_end_matches('=');
    let url_safe = good.replace('+', "-").replace('/', "_");
    let prefixed = format!("sha256={good}");
    let spaced = format!(" {good}");
    // The last character carries two bits that stand for nothing and must be zero.
    let loose_bits = good.replace("6w=", "6x=");
    let too_short = BASE64_STANDARD.encode([0; 31]);
    let too_long = BASE64_STANDARD.encode([0; 33]);
    for header in
        ["", "=", unpadded, &url_safe, &prefixed, &spaced, &loose_bits, &too_short, &too_long]
    {
        let refused = matched(&verifier, r#"{"status":200}"#, header);
        assert_eq!(refused, Err(VerifyError::MalformedSignature), "{header:?}");
    }
    let missing = verifier.verify(b"{}", None).err();
    assert_eq!(missing, Some(VerifyError::MissingSignature));
}

#[test]
fn a_verifier_without_a_usable_secret_refuses_everything() {
    let signature = Some("Sfd43QOsO48tdzT13IJV2Gl+m1f6Ir/TZI91CTlud6w=".as_bytes());
    let refused = |verifier: Verifier| {
        let error = verifier.verify(br#"{"status":200}"#, signature).expect_err("a refusal");
        assert!(error.is_configuration());
        error
    };
    assert_eq!(refused(Verifier::new()), VerifyError::NoSecret);
    let empty = Verifier::new().secret(SECRET).secret("");
    assert_eq!(refused(empty), VerifyError::EmptySecret { index: 1 });
    let decoded = Verifier::new().secret(SECRET).key_form(KeyForm::Base64Decoded);
    assert_eq!(refused(decoded), VerifyError::SecretNotBase64 { index: 0 });
}

#[test]
fn a_body_that_is_not_utf8_can_be_signed_as_bytes_only() {
    // HMAC-SHA256 of the bytes ff fe 00 under the secret, by Python's hmac.
    let signature = Some("WPFDyTmEbHcNcQlyDsfABjVLeCrI/w4ujdxBRL0gRVI=".as_bytes());
    let body = [0xff, 0xfe, 0x00];
    let proof = Verifier::new().secret(SECRET).verify(&body, signature).expect("signed bytes");
    assert_eq!(proof.matched().scheme, Scheme::Utf8);
    let narrow = Verifier::new().secret(SECRET).scheme(Scheme::Utf16Le);
    assert_eq!(narrow.verify(&body, signature).err(), Some(VerifyError::Mismatch));
}

#[test]
fn nothing_is_read_before_the_signature_is_right() {
    let verifier = Verifier::new().secret(SECRET);
    let forged = BASE64_STANDARD.encode([0; 32]);
    let forged = verifier.verify_and_parse(b"no JSON", Some(forged.as_bytes()));
    assert_eq!(forged, Err(ReceiveError::Verify(VerifyError::Mismatch)));
    // HMAC-SHA256 of "no JSON" under the secret, by Python's hmac.
    let unreadable = verifier
        .verify_and_parse(b"no JSON", Some(b"BvqaCMwzhT6zaMHhzMIz6TEHWgsR62KI3nMWatbDdiY="));
    assert!(matches!(unreadable, Err(ReceiveError::Read(NotificationError::NotJson { .. }))));
}

#[test]
fn no_secret_shows_in_debug_or_in_errors() {
    let canary = "c2VjcmV0LWNhbmFyeQ==";
    let verifier = Verifier::new().secret(canary).secret("").key_form(KeyForm::Both);
    let signature = BASE64_STANDARD.encode([0xab; 32]);
    let mut shown = vec![format!("{verifier:?}")];
    for verifier in [verifier, Verifier::new().secret(canary)] {
        let error = verifier.verify_and_parse(b"body-canary", Some(signature.as_bytes()));
        let error = error.expect_err("a refusal");
        shown.push(format!("{error:?} {error} {:?}", error.source().map(ToString::to_string)));
    }
    let shown = shown.concat();
    for hidden in [canary, "secret-canary", "body-canary", &signature, "171, 171"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[test]
fn the_replay_key_depends_on_the_body_and_on_the_request() {
    let verifier = Verifier::new().secret(SECRET);
    let signature = Some("Sfd43QOsO48tdzT13IJV2Gl+m1f6Ir/TZI91CTlud6w=".as_bytes());
    let body = br#"{"status":200}"#;
    let news = verifier.verify_and_parse(body, signature).expect("an authentic notification");
    assert_eq!(news.replay_key(), ReplayKey::of_body(None, body));
    assert_ne!(news.replay_key(), ReplayKey::of_body(None, b"{}"));
    // SHA-256 of the body, by sha256sum.
    assert_eq!(news.replay_key().to_string(), "-/7cd85494eb375cc9");
}

proptest! {
    #[test]
    fn arbitrary_input_never_panics_and_never_verifies(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        header in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..60)),
        secret in "\\PC{0,20}",
    ) {
        let verifier = Verifier::new().secret(secret.clone()).key_form(KeyForm::Both);
        prop_assert!(verifier.verify(&body, header.as_deref()).is_err());
        let fixed = BASE64_STANDARD.encode([7; 32]);
        prop_assert!(verifier.verify(&body, Some(fixed.as_bytes())).is_err());
    }
}
