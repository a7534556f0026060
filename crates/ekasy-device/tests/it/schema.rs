//! What a maker hangs in before documents are journalled.

use std::{
    error::Error,
    sync::{Arc, Mutex},
};

use common_core::secret::secret_bytes;
use common_store::SealKey;
use ekasy_device::{
    command::FiscalisationStep,
    fiscalisation::Fiscalisation,
    ident::JpkId,
    journal::{
        Appended, Document, DocumentSchema, Journal, JournalError, JournalErrorKind, Journalled,
        Options, SchemaViolation,
    },
    packing::DocumentKind,
};
use sandbox::crk::Kind;

use crate::till::{Till, calm, document};

/// A schema that every document must be named in, as the maker's own would look at members.
#[derive(Clone, Default)]
struct Named(Arc<Mutex<Vec<u64>>>);

impl DocumentSchema for Named {
    fn check(&self, document: &Document) -> Result<(), SchemaViolation> {
        self.0.lock().unwrap().push(document.id().get());
        let content: serde_json::Value = serde_json::from_slice(document.bytes()).unwrap();
        match &content["paragon"]["nazwa"] {
            serde_json::Value::String(_) => Ok(()),
            _ => Err(SchemaViolation::new("paragon.nazwa is missing")),
        }
    }
}

fn options(till: &Till) -> Options {
    Options::new(till.number(), "till", SealKey::new(1, secret_bytes(vec![7; 32])).unwrap())
}

async fn journal(till: &Till, schema: impl DocumentSchema + 'static) -> Journal {
    Journal::open(till.store.clone(), options(till).schema(schema)).await.unwrap()
}

fn named(number: u64) -> Document {
    let bytes = format!(r#"{{"paragon":{{"JPKID":{number},"nazwa":"canary"}}}}"#);
    Document::new(JpkId::new(number).unwrap(), DocumentKind::Receipt, bytes.into_bytes()).unwrap()
}

/// The first error of that type among the causes.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

#[tokio::test(start_paused = true)]
async fn a_document_that_the_schema_refuses_is_not_journalled_and_keeps_its_number_free() {
    let till = Till::of(calm().await, Kind::Hardware);
    let schema = Named::default();
    let journal = journal(&till, schema.clone()).await;
    assert_eq!(journal.append(named(1)).await.unwrap(), Appended::Now);
    let wrong = document(2, DocumentKind::Receipt);
    let error = journal.append(wrong.clone()).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Schema);
    assert_eq!(error.to_string(), "document 2 is not as the schema has it");
    let violation: &SchemaViolation = cause(&error).unwrap();
    assert_eq!(violation.to_string(), "paragon.nazwa is missing");
    assert!(!format!("{error:?} {journal:?}").contains("canary"));
    // All or none: the good one before it stays out too.
    let all = vec![Journalled::Document(named(2)), Journalled::Document(document(3, wrong.kind()))];
    assert_eq!(journal.append_all(all).await.unwrap_err().kind(), JournalErrorKind::Schema);
    assert_eq!(journal.progress().await.unwrap().journalled, Some("1".parse().unwrap()));
    assert_eq!(journal.append(named(2)).await.unwrap(), Appended::Now);
    assert_eq!(*schema.0.lock().unwrap(), [1, 2, 2, 3, 2]);
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_the_journal_is_not_asked_about_again() {
    let till = Till::of(calm().await, Kind::Hardware);
    let plain = Journal::open(till.store.clone(), options(&till)).await.unwrap();
    let old = document(1, DocumentKind::Receipt);
    plain.append(old.clone()).await.unwrap();
    plain.close().await.unwrap();
    let schema = Named::default();
    let journal = journal(&till, schema.clone()).await;
    assert_eq!(journal.append(old).await.unwrap(), Appended::Before);
    assert!(schema.0.lock().unwrap().is_empty());
}

/// The report of the fiscalisation is a document like others, and the run says what was wrong.
#[tokio::test(start_paused = true)]
async fn a_run_that_the_journal_ends_tells_why_down_to_the_cause() {
    let till = Till::of(calm().await, Kind::Hardware);
    let refuse = |_: &Document| Err(SchemaViolation::new("rapFisk has a member too many"));
    let refusing = journal(&till, refuse).await;
    let run = |journal: Journal| {
        let (device, order) = (till.device.clone(), till.order());
        Fiscalisation::new(till.client(), journal, device, till.options(), order)
    };
    let error = run(refusing.clone()).run().await.unwrap_err();
    assert_eq!(error.step(), Some(FiscalisationStep::IssueReport));
    assert_eq!(error.journal().unwrap().kind(), JournalErrorKind::Schema);
    assert!(error.call().is_none() && error.device().is_none());
    assert!(cause::<JournalError>(&error).is_some());
    let violation: &SchemaViolation = cause(&error).unwrap();
    assert_eq!(violation.to_string(), "rapFisk has a member too many");
    // Somebody mends the schema, and the next run goes on.
    refusing.close().await.unwrap();
    let mended = Journal::open(till.store.clone(), options(&till)).await.unwrap();
    run(mended).run().await.unwrap();
    assert_eq!(till.archive().numbers, 1);
    till.assert_expected();
}

/// A journal that somebody else has taken over ends a run likewise.
#[tokio::test(start_paused = true)]
async fn a_run_tells_that_its_journal_is_lost() {
    let till = Till::of(calm().await, Kind::Hardware);
    let first = Journal::open(till.store.clone(), options(&till)).await.unwrap();
    let _second = Journal::open(till.store.clone(), options(&till)).await.unwrap();
    let error = till.fiscalisation(first).run().await.unwrap_err();
    assert_eq!(error.journal().unwrap().kind(), JournalErrorKind::Lost);
    assert!(cause::<JournalError>(&error).is_some(), "{error:?}");
}
