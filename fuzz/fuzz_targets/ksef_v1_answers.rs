//! Answers of KSeF 1.x, good and bad: nothing panics, a refusal keeps its first code, and what was
//! read is written so that it reads the same.
//!
//! The first byte is the status, 200 when it is even; the rest is the body.

#![cfg_attr(fuzzing, no_main)]

use bytes::Bytes;
use common_http::{Api, Endpoint, Parts};
use ksef_client::v1::{
    KsefV1, batch, common, invoices, payment_identifiers, queries, session, wire,
};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fuzz_target!(|input: &[u8]| {
    let Some((first, body)) = input.split_first() else { return };
    let status = if first % 2 == 0 { 200 } else { 100 + u16::from(*first) };
    let Ok(answer) = http::Response::builder().status(status).body(()) else { return };
    let (parts, body) = (answer.into_parts().0, Bytes::copy_from_slice(body));
    refusal(&parts, &body);
    endpoints(&parts, &body);
    documents(&body);
});

fn refusal(parts: &Parts, body: &Bytes) {
    let problem = KsefV1::problem(parts, body);
    let findings = problem.details.iter().filter(|detail| detail.path.is_none());
    let codes: Vec<_> = findings.map(|finding| finding.code.clone()).collect();
    if let Some(code) = problem.code.clone() {
        assert_eq!(codes.first(), Some(&Some(code)));
    }
    let _ = KsefV1::kind(parts.status.as_u16(), &problem);
}

/// The readers that calls go through.
fn endpoints(parts: &Parts, body: &Bytes) {
    let _ = session::Status::response(parts, body);
    let _ = session::InitToken::response(parts, body);
    let _ = session::Terminate::response(parts, body);
    let _ = invoices::Send::response(parts, body);
    let _ = invoices::Status::response(parts, body);
    let _ = batch::Init::response(parts, body);
    let _ = batch::Upload::response(parts, body);
    let _ = batch::Finish::response(parts, body);
    let _ = common::Status::response(parts, body);
    let _ = common::VerifyInvoice::response(parts, body);
    let _ = queries::Invoices::response(parts, body);
    let _ = queries::InvoicesStatus::response(parts, body);
    let _ = queries::Credentials::response(parts, body);
    let _ = queries::PaymentIdentifiers::response(parts, body);
    let _ = payment_identifiers::Status::response(parts, body);
}

fn documents(body: &Bytes) {
    written_the_same::<wire::StatusResponse>(body);
    written_the_same::<wire::StatusInvoiceResponse>(body);
    written_the_same::<wire::BatchInitResponse>(body);
    written_the_same::<wire::QueryInvoiceSyncResponse>(body);
    written_the_same::<wire::QueryInvoiceAsyncStatusResponse>(body);
    written_the_same::<wire::QuerySyncCredentialsResponse>(body);
    written_the_same::<wire::QueryPaymentIdentifierResponse>(body);
    written_the_same::<wire::SessionInvoiceStatus>(body);
}

fn written_the_same<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(body: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(body) else { return };
    let text = serde_json::to_vec(&read).expect("what was read can be written");
    let again: T = serde_json::from_slice(&text).expect("what was written can be read");
    assert_eq!(again, read);
}
