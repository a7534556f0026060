//! The generated wire types of KSeF 2.0 against bodies of the shape that its contract shows.

use common_core::{open::Open, secret::ExposeSecret};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{operations, wire::*};

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_str(&value.to_string()).unwrap()
}

#[test]
fn tokens_are_read_and_not_shown() {
    let tokens: AuthenticationTokensResponse = read(&json!({
        "accessToken": {"token": "canary-1", "validUntil": "2026-01-01T00:00:00.1234567+00:00"},
        "refreshToken": {"token": "canary-2", "validUntil": "2026-01-08T00:00:00Z"}
    }));
    assert!(!format!("{tokens:?}").contains("canary"));
    assert_eq!(tokens.access_token.token.secret().expose_secret(), "canary-1");
    let until = tokens.access_token.valid_until.unwrap();
    assert_eq!(until.timestamp_subsec_nanos(), 123_456_700);
}

#[test]
fn metadata_are_read_with_their_amounts_and_unknown_codes() {
    let invoice: InvoiceMetadata = read(&json!({
        "ksefNumber": "N", "grossAmount": 123.40, "invoiceType": "Newer", "currency": "PLN",
        "thirdSubjects": null
    }));
    assert_eq!(invoice.gross_amount.unwrap().to_string(), "123.4");
    assert_eq!(invoice.invoice_type, Some(Open::Unknown("Newer".to_owned())));
    assert_eq!(invoice.third_subjects, []);
}

#[test]
fn the_headers_of_an_upload_may_be_null() {
    let part: PartUploadRequest = read(&json!({
        "ordinalNumber": 1, "method": "PUT", "url": "https://example.com/part?secret",
        "headers": {"x-a": "1", "x-b": null}
    }));
    assert_eq!(part.headers["x-a"].as_deref(), Some("1"));
    assert_eq!(part.headers["x-b"], None);
    assert!(!format!("{part:?}").contains("example.com"), "the address is a secret");
}

#[test]
fn no_link_is_shown() {
    let row: SessionInvoiceStatusResponse = read(&json!({
        "referenceNumber": "R", "status": {"code": 200},
        "upoDownloadUrl": "https://example.com/upo?canary"
    }));
    assert!(!format!("{row:?}").contains("canary"));
    let link = row.upo_download_url.unwrap();
    assert_eq!(link.secret().expose_secret(), "https://example.com/upo?canary");

    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/v2/wire");
    let modules = std::fs::read_dir(folder).unwrap();
    let text = modules.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let text = text.collect::<String>();
    let links = text.lines().filter(|line| line.starts_with("    pub ") && line.contains("url: "));
    let links: Vec<_> = links.collect();
    assert_eq!(links.len(), 4);
    assert!(links.iter().all(|link| link.contains("SecretText")), "{links:?}");
}

#[test]
fn the_table_holds_all_operations_once_with_their_limits() {
    assert_eq!(operations::ALL.len(), 83);
    let mut names: Vec<_> = operations::ALL.iter().map(|operation| operation.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), operations::ALL.len());
    let send = operations::ALL.iter().find(|operation| operation.name == "online.send").unwrap();
    assert!(send.permissions.contains(&"InvoiceWrite"));
    assert!(send.codes.contains(&21402));
    assert!(send.rate.per_second.is_some());
}

proptest! {
    #[test]
    fn an_unknown_code_is_written_back(method in "[A-Za-z]{1,20}") {
        let value = json!({"type": method, "value": "1111111111"});
        let context: AuthenticationContextIdentifier = read(&value);
        prop_assert_eq!(serde_json::to_value(&context).unwrap(), value);
    }
}
