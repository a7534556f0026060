//! The storage behind presigned links: parts of packages come in, receipts and exports go out.
//! It takes no bearer token and counts no requests (KSeF 2.0 facts §0, 3).

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http::Method;

use super::request::header;
use super::{KsefV2, batch, export, upo};
use crate::front::{Incoming, Mood};
use crate::ksef::{base64, sha256};
use crate::record::System;
use crate::reply::Reply;

/// A link that works until `until`; `right` is `r` for reading and `w` for writing.
pub(super) fn link(ksef: &KsefV2, path: &str, right: &str, until: DateTime<Utc>) -> String {
    let from = ksef.now() - TimeDelta::minutes(5);
    let (from, until) = (second(from), second(until));
    let signature = signature(ksef, &format!("/storage/{path}"), right, &until);
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("sv", "2025-01-05")
        .append_pair("st", &from)
        .append_pair("se", &until)
        .append_pair("sr", "b")
        .append_pair("sp", right)
        .append_pair("sig", &signature)
        .finish();
    format!("{}/storage/{path}?{query}", ksef.origin())
}

fn second(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn signature(ksef: &KsefV2, path: &str, right: &str, until: &str) -> String {
    base64(&ksef.issuer().seal(&format!("{path}\n{right}\n{until}")))
}

/// The template of a path, for rules of faults.
pub(super) fn template(path: &str) -> Option<&'static str> {
    let found = ["batch-parts", "session-upo", "invoice-upo", "invoice-part"].into_iter();
    found
        .zip([
            "/storage/batch-parts",
            "/storage/session-upo",
            "/storage/invoice-upo",
            "/storage/invoice-part",
        ])
        .find(|(part, _)| path.split('/').any(|segment| segment == *part))
        .map(|(_, template)| template)
}

/// Answers a request to the storage.
pub(super) fn answer(ksef: &KsefV2, incoming: &Incoming, path: &str) -> Reply {
    if incoming.headers.contains_key("authorization") {
        note(ksef, incoming, "a token was shown to the storage");
        return failure(403, "AuthenticationFailed");
    }
    let right = if incoming.method == Method::PUT { "w" } else { "r" };
    if !is_alive(ksef, incoming, path, right) {
        return refusal(ksef);
    }
    let segments: Vec<&str> = path.trim_start_matches("/storage/").split('/').collect();
    match (incoming.method.clone(), segments.as_slice()) {
        (Method::PUT, [_, reference, "batch-parts", ordinal]) => {
            put(ksef, incoming, &reference.to_uppercase(), ordinal)
        }
        (Method::GET, [_, reference, "session-upo", name]) => {
            file(upo::stored_page(ksef, &reference.to_uppercase(), name), "application/xml")
        }
        (Method::GET, [_, reference, "invoice-upo", name]) => {
            file(upo::stored_invoice(ksef, &reference.to_uppercase(), name), "application/xml")
        }
        (Method::GET, [_, reference, "invoice-part", name]) => {
            file(export::part(ksef, &reference.to_uppercase(), name), "application/octet-stream")
        }
        _ => failure(404, "ResourceNotFound"),
    }
}

fn note(ksef: &KsefV2, incoming: &Incoming, what: &str) {
    ksef.context().journal.unexpected(incoming.unexpected(System::KsefV2, what));
}

/// Whether the link is one that this system gave, for this, and still in time.
fn is_alive(ksef: &KsefV2, incoming: &Incoming, path: &str, right: &str) -> bool {
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(incoming.query.as_bytes()).into_owned().collect();
    let value = |name: &str| {
        query.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value.as_str())
    };
    let until = value("se");
    let sound = value("sig") == signature(ksef, path, right, until) && value("sp") == right;
    let Some(until) = DateTime::parse_from_rfc3339(until).ok().filter(|_| sound) else {
        note(ksef, incoming, "a link that nobody gave");
        return false;
    };
    ksef.now() < until.with_timezone(&Utc)
}

/// What a link that does not work is answered with: the contract has 401 and 403 for it.
fn refusal(ksef: &KsefV2) -> Reply {
    let context = ksef.context();
    let is_odd = context.mood == Mood::Hostile && context.chance.hits(500);
    failure(if is_odd { 401 } else { 403 }, "AuthenticationFailed")
}

fn put(ksef: &KsefV2, incoming: &Incoming, reference: &str, ordinal: &str) -> Reply {
    if header(&incoming.headers, "x-ms-blob-type") != Some("BlockBlob") {
        note(ksef, incoming, "a part without its header");
        return failure(400, "MissingRequiredHeader");
    }
    match batch::put(ksef, reference, ordinal.parse().unwrap_or_default(), &incoming.body) {
        201 => Reply::status(201),
        404 => failure(404, "BlobNotFound"),
        _ => failure(403, "AuthenticationFailed"),
    }
}

/// A file with the hash of its bytes.
pub(super) fn file(bytes: Option<bytes::Bytes>, media: &'static str) -> Reply {
    match bytes {
        Some(bytes) => {
            let hash = base64(&sha256(&bytes));
            Reply::raw(200, media, bytes).header("x-ms-meta-hash", &hash)
        }
        None => failure(404, "BlobNotFound"),
    }
}

/// A refusal of the storage, which speaks XML.
fn failure(status: u16, code: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code>\
         <Message>The sandbox's storage refuses.</Message></Error>"
    );
    Reply::raw(status, "application/xml", body)
}
