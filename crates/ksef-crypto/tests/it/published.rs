//! Numbers and links that the authority published or issued, where its files are at hand.
//!
//! They are not part of the repository: without the folder the tests skip themselves.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chrono::NaiveDate;
use common_core::ident::Nip;
use ksef_crypto::{
    link::{Environment, InvoiceHash, InvoiceLink, Link, v1},
    number::{CollectiveIdentifier, InternalId, KsefNumber, ReferenceNumber},
};
use serde_json::Value;

use crate::oracle::skip;

fn reference(path: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference");
    if folder.is_dir() {
        return Some(folder.join(path));
    }
    skip("../shared/reference is not there");
    None
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn texts(list: &Value) -> Vec<&str> {
    let texts: Vec<_> = list.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(!texts.is_empty());
    texts
}

fn rows(list: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let rows = list.as_array().unwrap();
    assert!(!rows.is_empty());
    rows.iter().map(|row| (row["number"].as_str().unwrap(), row))
}

#[test]
fn numbers_that_ksef_1_issued_are_read() {
    let Some(path) = reference("ksef-v1/samples/vectors/vectors.json") else { return };
    let file = json(&path);
    for text in texts(&file["ksef_numbers_1x_real"]) {
        assert_eq!(KsefNumber::parse(text).unwrap().checksum_ok(), None, "{text}");
    }
    for text in texts(&file["reference_numbers_1x_real"]) {
        assert!(ReferenceNumber::parse(text).is_ok(), "{text}");
    }
    let internal = file["internal_identifier"][0]["value"].as_str().unwrap();
    assert!(InternalId::parse(internal).unwrap().checksum_ok());
}

#[test]
fn numbers_that_ksef_2_published_are_judged_alike() {
    let Some(path) = reference("ksef-v2/tables/vectors.json") else { return };
    let file = json(&path);
    for (text, row) in rows(&file["ksef_numbers"]) {
        let judged = KsefNumber::parse(text).unwrap().checksum_ok();
        assert_eq!(judged, row["valid"].as_bool(), "{text}");
    }
    for (text, row) in rows(&file["reference_numbers"]) {
        let judged = ReferenceNumber::parse(text).unwrap().checksum_ok();
        assert_eq!(Some(judged), row["matches"].as_bool(), "{text}");
    }
    for (text, row) in rows(&file["collective_identifiers"]) {
        let judged = CollectiveIdentifier::parse(text).unwrap().checksum_ok();
        assert_eq!(judged, row["valid"].as_bool(), "{text}");
    }
    let internal = file["internal_id"]["full"].as_str().unwrap();
    assert!(InternalId::parse(internal).unwrap().checksum_ok());
}

#[test]
fn kod_i_of_the_ministrys_invoices_is_the_published_one() {
    let Some(path) = reference("ksef-v2/tables/vectors.json") else { return };
    let examples = json(&path)["qr"].clone();
    let published = examples["documentation_example"]["kod_i"].as_str().unwrap();
    assert_eq!(Link::parse(published).unwrap().to_string(), published);

    let computed = examples["computed"].as_array().unwrap();
    assert!(!computed.is_empty());
    for row in computed {
        let text = |key: &str| row[key].as_str().unwrap();
        let invoice = fs::read(reference("ksef-v2").unwrap().join(text("file"))).unwrap();
        let issued: NaiveDate = text("P_1").parse().unwrap();
        let seller = Nip::parse(text("seller_nip")).unwrap();
        let hash = InvoiceHash::of(&invoice);
        assert_eq!(hash.base64(), text("sha256_base64"));
        let link = InvoiceLink::new(Environment::Test, seller, issued, hash);
        assert_eq!(link.to_string(), text("kod_i_test"));
        assert!(link.matches(&invoice));
    }
}

#[test]
fn online_link_of_an_invoice_that_ksef_1_issued_matches_its_file() {
    let Some(path) = reference("ksef-v1/samples/vectors/vectors.json") else { return };
    let file = json(&path);
    let row = &file["verification_link_online"][0];
    let text = |key: &str| row[key].as_str().unwrap();
    let invoice = reference("ksef-v1").unwrap().join(text("invoice_file"));
    let invoice = fs::read(invoice).unwrap();
    let number = KsefNumber::parse(text("ksef_number")).unwrap();
    let link = v1::OnlineLink::new(Environment::Test, number, InvoiceHash::of(&invoice));
    assert_eq!(link.to_string(), text("link"));
    assert!(v1::OnlineLink::parse(text("link")).unwrap().matches(&invoice));
}
