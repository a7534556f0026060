//! From 202 to the notification: signed by the sandbox, verified by the client, in both forms and
//! both schemes.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use common_core::open::Open;
use http::Request;
use kros_client::{
    Client,
    invoices::{Create, CreateBatch, Fetch},
    model::{InvoiceId, PaymentStatus},
    payments,
    webhook::{
        Authentic, EntityId, Notification, Outcome, SIGNATURE_HEADER, Scheme, Shape, Verifier,
        VerifyError,
    },
};
use sandbox::{Sandbox, kros, kros::Form};

use crate::support::{assert_expected, in_process, invoice, payment, unlimited, unlimited_client};

const SECRET: &str = "vymyslené-tajomstvo-€-0001";

type Inbox = Arc<Mutex<Vec<(Bytes, Vec<u8>)>>>;

/// Collects what the sandbox posts for the first company.
fn inbox(sandbox: &Sandbox) -> Inbox {
    let inbox = Inbox::default();
    let letters = Arc::clone(&inbox);
    let receive = move |request: &Request<Bytes>| {
        let signature = request.headers()[SIGNATURE_HEADER].as_bytes().to_vec();
        letters.lock().unwrap().push((request.body().clone(), signature));
        204
    };
    sandbox.kros().set_receiver(5001, Arc::new(receive), SECRET).unwrap();
    inbox
}

fn verified(verifier: &Verifier, inbox: &Inbox) -> Authentic<Notification> {
    let (body, signature) = inbox.lock().unwrap().remove(0);
    verifier.verify_and_parse(&body, Some(&signature)).unwrap()
}

async fn submitted(client: &Client, sandbox: &Sandbox, external_id: &str) -> String {
    let creation = Create::new(&invoice(external_id)).unwrap();
    let pending = client.send(&creation).await.unwrap();
    sandbox.kros().settle().await;
    pending.request_id.to_string()
}

#[tokio::test(start_paused = true)]
async fn both_forms_and_both_schemes_are_verified_and_read() {
    let sandbox = unlimited().await;
    let client = unlimited_client(&sandbox);
    let inbox = inbox(&sandbox);
    let verifier = Verifier::new().secret("another-secret").secret(SECRET);
    for (form, shape) in
        [(Form::Documented2023, Shape::Documented2023), (Form::Current, Shape::Current)]
    {
        for (signing, scheme) in
            [(kros::Scheme::Utf16Le, Scheme::Utf16Le), (kros::Scheme::Utf8, Scheme::Utf8)]
        {
            sandbox.kros().set_notification_form(form);
            sandbox.kros().set_signature_scheme(signing);
            let external_id = format!("{form:?}-{signing:?}");
            let request_id = submitted(&client, &sandbox, &external_id).await;
            let news = verified(&verifier, &inbox);
            assert_eq!((news.matched().secret_index, news.matched().scheme), (1, scheme));
            assert_eq!((news.shape, news.outcome), (shape, Outcome::AllCreated));
            assert_eq!(news.request_id.unwrap().to_string(), request_id);
            assert_eq!(news.company_id, Some(5001));
            assert_eq!(news.entities[0].external_id.as_deref(), Some(external_id.as_str()));
            // What counts is fetched by its number, not taken from the notification.
            let Some(EntityId::Number(id)) = news.entities[0].id else { panic!("a number") };
            let fetched = client.send(&Fetch(InvoiceId(id))).await.unwrap();
            assert_eq!(fetched.document.external_id, news.entities[0].external_id);
        }
    }
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_authentic_under_another_secret_scheme_or_body() {
    let sandbox = in_process().await;
    let client = unlimited_client(&sandbox);
    let inbox = inbox(&sandbox);
    submitted(&client, &sandbox, "a").await;
    let (body, signature) = inbox.lock().unwrap().remove(0);
    let good = Verifier::new().secret(SECRET);
    assert!(good.verify(&body, Some(&signature)).is_ok());
    let mut changed = body.to_vec();
    changed[10] ^= 1;
    assert_eq!(good.verify(&changed, Some(&signature)).err(), Some(VerifyError::Mismatch));
    let other_secret = Verifier::new().secret("other");
    let other_scheme = Verifier::new().secret(SECRET).scheme(Scheme::Utf8);
    for verifier in [other_secret, other_scheme] {
        assert_eq!(verifier.verify(&body, Some(&signature)).err(), Some(VerifyError::Mismatch));
    }
    assert_eq!(good.verify(&body, None).err(), Some(VerifyError::MissingSignature));
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_partial_failure_names_the_failed_documents() {
    let sandbox = in_process().await;
    let client = unlimited_client(&sandbox);
    let inbox = inbox(&sandbox);
    let unknown_sequence = invoice("b").numbering_sequence("XX");
    let batch = CreateBatch::new(&[invoice("a"), unknown_sequence, invoice("c")]).unwrap();
    let pending = client.send(&batch).await.unwrap();
    sandbox.kros().settle().await;
    let news = verified(&Verifier::new().secret(SECRET), &inbox);
    assert_eq!((news.status, news.outcome), (Some(207), Outcome::SomeFailed));
    assert_eq!(news.request_id, Some(pending.request_id));
    let failed: Vec<_> = news.failed().collect();
    let [failed] = failed.as_slice() else { panic!("one failure: {failed:?}") };
    assert_eq!((failed.external_id.as_deref(), &failed.id), (Some("b"), &None));
    assert_eq!(failed.problems[0].property_path.as_deref(), Some("numberingSequence"));
    assert_eq!(failed.problems[0].message, "The numbering sequence does not exist.");
    let created: Vec<_> = news.entities.iter().filter(|one| one.problems.is_empty()).collect();
    assert_eq!(created.len(), 2);
    assert_eq!(sandbox.kros().documents().len(), 2);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_payment_tells_which_documents_it_touched() {
    let sandbox = in_process().await;
    let client = unlimited_client(&sandbox);
    submitted(&client, &sandbox, "a").await;
    let document = sandbox.kros().documents().remove(0);
    let inbox = inbox(&sandbox);
    let paid = payment("p").variable_symbol(document.variable_symbol.as_str());
    client.send(&payments::CreateBatch::new(&[paid]).unwrap()).await.unwrap();
    sandbox.kros().settle().await;
    let news = verified(&Verifier::new().secret(SECRET), &inbox);
    let [related] = news.related.as_slice() else { panic!("one document") };
    assert_eq!(related.document_id.unwrap().to_string(), document.id.to_string());
    assert_eq!(related.variable_symbol.as_deref(), Some(document.variable_symbol.as_str()));
    assert_eq!(related.payment_status, Some(Open::Known(PaymentStatus::FullyPaid)));
    assert_expected(&sandbox);
}
