//! Requests to the Event Hub, their size, and where they must not go.

use std::{num::NonZeroU32, time::Duration};

use super::*;
use crate::{
    command::testing::{base, id, read, refused},
    ident::CommandId,
};

const URL: &str = "https://crk.example.test:5062/hub/publishers/WTE2001000009/messages?timeout=60&api-version=2014-01";
const SAS: &str = "SharedAccessSignature sr=https%3a%2f%2fhub&sig=a%2bb%3d&se=1769936400&skn=send";

fn publish(url: &str, sas: &str, body: &str) -> Publish {
    let token = SasToken::new(url.to_owned(), sas.into(), Duration::from_secs(60));
    Publish::new(&token, Bytes::copy_from_slice(body.as_bytes()))
}

#[test]
fn a_package_goes_to_the_address_as_it_came_with_the_token_as_it_came() {
    let request = Publish::request(&publish(URL, SAS, "{}"), &base()).unwrap();
    assert_eq!((request.method(), request.uri().to_string().as_str()), (&Method::POST, URL));
    let headers = request.headers();
    assert_eq!(headers[AUTHORIZATION], SAS);
    assert!(headers[AUTHORIZATION].is_sensitive());
    assert_eq!(headers[CONTENT_TYPE], "application/atom+xml;type=entry;charset=utf-8");
    assert!(matches!(request.body(), Body::Bytes(body) if body == "{}"));
    let json = publish(URL, SAS, "{}").content_type(HubContentType::Json);
    assert_eq!(json.request(&base()).unwrap().headers()[CONTENT_TYPE], "application/json");
}

#[test]
fn a_package_was_taken_only_by_201() {
    read::<Publish>(201, "").unwrap();
    for status in [200, 202, 204] {
        assert!(read::<Publish>(status, "").is_err(), "{status}");
    }
}

#[test]
fn no_token_travels_to_another_host() {
    for url in [
        "https://other.example.test:5062/hub",
        "https://crk.example.test/hub",
        "http://crk.example.test:5062/hub",
        "https://crk.example.test:5062@other.example.test/hub",
        "https://u:p@crk.example.test:5062/hub",
        "https://other.example.test\\@crk.example.test:5062/hub",
        "https://crk.example.test:5062/hub#fragment",
        "https://crk.example.test:5062/hub with blanks",
        "https://crk.example.test:5062/hub\r\nx: y",
        "/hub",
        "",
    ] {
        assert_eq!(refused(&publish(url, SAS, "{}")), "urlToSend", "{url}");
    }
    assert_eq!(refused(&publish(URL, "canary\n", "{}")), "sasValue");
    let shown = format!("{:?}", publish(&format!("{URL}&canary"), "canary", "canary"));
    assert!(!shown.contains("canary"));
}

#[test]
fn the_measured_length_is_never_below_what_goes_over_the_wire() {
    for body in ["{}".to_owned(), "x".repeat(100_000)] {
        let publish = publish(URL, SAS, &body);
        let request = publish.request(&base()).unwrap();
        let target = request.uri().path_and_query().unwrap().as_str();
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        let added = [
            format!("host: {}", request.uri().authority().unwrap()),
            format!("content-length: {}", body.len()),
            format!("user-agent: {}", "a".repeat(64)),
            "accept-encoding: gzip\r\n\r\n".to_owned(),
        ];
        let line = [format!("POST {target} HTTP/1.1")];
        let wire: Vec<_> = line.into_iter().chain(headers).chain(added).collect();
        let wire = wire.join("\r\n");
        let whole = (wire.len() + body.len()) as u64;
        let room = publish.wire_length().checked_sub(whole).unwrap();
        assert!(room < 400, "{room}");
    }
}

#[test]
fn packages_say_their_place_in_a_shipment() {
    let part = |number, place| {
        let number = NonZeroU32::new(number).unwrap();
        Package::part(id("DFD"), number, place, "e".to_owned()).unwrap().to_bytes()
    };
    let json = |number: u32, last: u8| {
        format!(
            r#"{{"commandId":"DFD.WTE2001000009.2026-02-01T08:00:00.123Z","packageNr":{number},"isLast":{last},"encryptedData":"e"}}"#
        )
    };
    assert_eq!(part(1, Place::Middle), json(1, 0));
    assert_eq!(part(2, Place::Last), json(2, 1));
    let complete = |id: CommandId| Package::complete(id, "e".to_owned());
    assert_eq!(complete(id("DFD")).unwrap().to_bytes(), json(0, 1));
    assert!(complete(id("DDD")).is_ok());
    assert!(complete(id("MFP")).is_err());
}
