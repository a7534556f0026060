//! What a notification says, in one type for both shapes that the service has been seen to send.
//!
//! The documentation page shows the older shape (section "Webhook": `createdEntities`,
//! `isSuccessful`); current integrations read a newer one (`status`, `results`; KROS facts §2,
//! "Notifications").
//! Nothing promises order or exactly one delivery.

use common_core::open::Open;
use serde_json::{Map, Value};

use super::{ApiUrl, EntityId, RequestId};
use crate::model::PaymentStatus;

/// The result of processing one request, or news about documents of a company.
///
/// Read leniently: `null` and missing are the same, and every field that is unknown, or whose
/// value is not of the expected kind, stays in `extra`.
/// Only identifiers are strict, because acting on a wrong one is worse than a refusal.
/// `Debug` shows business data: keep it out of logs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Notification {
    /// Which of the two shapes was read.
    pub shape: Shape,
    /// The identifier from the answer 202 to the request; missing when no request caused this.
    pub request_id: Option<RequestId>,
    /// The company (`companyId`).
    pub company_id: Option<i64>,
    /// The kind of documents as the service numbers it (`entityType`); the numbers are not
    /// documented.
    pub entity_type: Option<i64>,
    /// What the sender says about the result.
    pub outcome: Outcome,
    /// The raw `status` of the current shape: 200 or 207 have been seen.
    pub status: Option<i64>,
    /// The raw `isSuccessful` of the documented shape.
    pub is_successful: Option<bool>,
    /// What became of each document of the request, in the sender's order.
    pub entities: Vec<EntityResult>,
    /// Documents that changed as a consequence, for example invoices that a payment settled.
    pub related: Vec<RelatedDocument>,
    /// Where the documents can be fetched; see [`ApiUrl::for_id`] before following it.
    pub api_url: Option<ApiUrl>,
    /// Whatever else the notification holds, under the sender's names.
    pub extra: Map<String, Value>,
}

/// The shapes of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// The shape of the documentation page: `createdEntities.documents`, `isSuccessful`.
    Documented2023,
    /// The shape that current integrations read: `status`, `results`.
    Current,
    /// A JSON object without the marks of either; all of it is in `extra` but the common fields.
    Unrecognised,
}

/// The result in the sender's words, never derived from the list of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// `status` 200 or `isSuccessful` true: all went well.
    AllCreated,
    /// `status` 207: some documents failed; see [`EntityResult::problems`].
    SomeFailed,
    /// `isSuccessful` false: the documented shape does not say whether all or only some failed.
    NotSuccessful,
    /// The notification says nothing of the above; the raw fields tell what it says.
    Undetermined,
}

/// What became of one document.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct EntityResult {
    /// The document's identifier; missing when it was not created.
    pub id: Option<EntityId>,
    /// The identifier that the request gave to the document.
    pub external_id: Option<String>,
    /// The numbering sequence, for example `OF`.
    pub numbering_sequence: Option<String>,
    /// The number in that sequence.
    pub document_number: Option<String>,
    /// The kind of document as the service numbers it.
    pub document_type: Option<i64>,
    /// The variable symbol under which it is paid.
    pub variable_symbol: Option<String>,
    /// Why it was not created, or what is to be noted; empty when all is well.
    pub problems: Vec<Problem>,
    /// Whatever else is said about the document; where a field stands both beside and inside
    /// `data`, the one inside.
    pub extra: Map<String, Value>,
}

/// One problem of a document.
///
/// The inside of `problems` is not documented (KROS facts §2), so the text is a best effort and
/// the raw value stays beside it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Problem {
    /// The property concerned, for example `items[0].amount`.
    pub property_path: Option<String>,
    /// The message, or the raw value as JSON text when no message is found in it.
    pub message: String,
    /// The problem as sent.
    pub raw: Value,
}

/// A document that changed as a consequence.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RelatedDocument {
    /// The document's identifier.
    pub document_id: Option<EntityId>,
    /// Its number.
    pub document_number: Option<String>,
    /// The variable symbol under which it is paid.
    pub variable_symbol: Option<String>,
    /// How far it is paid; an unknown code is kept as its number.
    ///
    /// Integrations disagree about 3 (KROS facts §2): fetch the document before calling it paid.
    pub payment_status: Option<Open<PaymentStatus>>,
    /// Whatever else is said about the document.
    pub extra: Map<String, Value>,
}

/// Why an authentic body could not be read.
///
/// Names the place and never the content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotificationError {
    /// The body is not JSON.
    #[error("the notification is not JSON at line {line}, column {column}")]
    NotJson {
        /// The line, counted from 1.
        line: usize,
        /// The column in bytes, counted from 1; 0 when the line is empty.
        column: usize,
    },
    /// A field on which the rest depends is of the wrong kind.
    #[error("`{path}` of the notification is not {expected}")]
    Field {
        /// Where, for example `results.entities[0].data.id`; `$` is the whole body.
        path: String,
        /// What had to stand there.
        expected: &'static str,
    },
}

impl Notification {
    /// Reads a notification without asking who sent it.
    ///
    /// For stored bodies and tests. What comes from the network goes through
    /// [`Verifier::verify_and_parse`](super::Verifier::verify_and_parse).
    ///
    /// # Errors
    ///
    /// [`NotificationError`] when the body is not a JSON object, or when an identifier or a list
    /// in it is of the wrong kind.
    pub fn parse_unverified(body: &[u8]) -> Result<Self, NotificationError> {
        super::reading::notification(body)
    }

    /// The documents with problems, in the sender's order.
    pub fn failed(&self) -> impl Iterator<Item = &EntityResult> {
        self.entities.iter().filter(|entity| !entity.problems.is_empty())
    }
}
