//! Notifications: only what the secret signed is authentic, anything can be read without a panic,
//! and no address of a notification leads a token elsewhere.
//!
//! The input is a signature header, a line feed, and a body.

#![cfg_attr(fuzzing, no_main)]

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use common_http::Api as _;
use kros_client::{
    Kros,
    webhook::{EntityId, Notification, Scheme, Verifier},
};
use libfuzzer_sys::fuzz_target;
use url::Url;

/// The secret of a vector in `fixtures/kros/vectors`, so that its signature is right here.
const SECRET: &str = "skusobny-kluc-0001";

fuzz_target!(|data: &[u8]| {
    let split = data.iter().position(|byte| *byte == b'\n');
    let (header, body) = split.map_or((&[][..], data), |at| (&data[..at], &data[at + 1..]));
    only_the_right_signature_is_taken(header, body);
    reading_keeps_its_word(body);
    errors_are_readable(body);
});

fn only_the_right_signature_is_taken(header: &[u8], body: &[u8]) {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let right = STANDARD.encode(hmac::sign(&key, body));
    let verifier = Verifier::new().secret(SECRET).scheme(Scheme::Utf8);
    assert_eq!(verifier.verify(body, Some(header)).is_ok(), header == right.as_bytes());
    let authentic = verifier.verify(body, Some(right.as_bytes())).expect("it is signed");
    assert_eq!(
        authentic.parse().ok().map(|read| read.into_inner()),
        Notification::parse_unverified(body).ok(),
    );
    let either = Verifier::new().secret(SECRET).verify(body, Some(header));
    assert!(either.is_err() || header.len() == right.len());
}

fn reading_keeps_its_word(body: &[u8]) {
    let Ok(notification) = Notification::parse_unverified(body) else { return };
    assert!(notification.failed().count() <= notification.entities.len());
    let base = Url::parse("https://api-economy.kros.sk/api").expect("an address");
    let Some(template) = &notification.api_url else { return };
    let ids = notification.entities.iter().filter_map(|entity| entity.id);
    for id in ids.chain([EntityId::Number(7)]) {
        let Ok(url) = template.for_id(id, &base) else { continue };
        assert_eq!(url.origin(), base.origin());
        assert!(url.username().is_empty() && url.password().is_none());
    }
}

fn errors_are_readable(body: &[u8]) {
    let (parts, ()) = http::Response::new(()).into_parts();
    let problem = Kros::problem(&parts, &Bytes::copy_from_slice(body));
    let empty = |text: &Option<String>| text.as_ref().is_some_and(String::is_empty);
    assert!(!problem.details.iter().any(|detail| empty(&detail.path) || empty(&detail.message)));
}
