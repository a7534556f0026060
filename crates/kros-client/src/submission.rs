//! Sending documents: what is common to invoices, payments and everything else that is accepted
//! now and processed later.

use bytes::Bytes;
use common_http::{BuildError, Decoded, decode_json};
use serde::{Deserialize, Serialize};

use crate::{
    api::Data,
    check::{Finding, Profile},
    model::{NewInvoice, NewPayment},
    webhook::RequestId,
};

/// The most documents one request takes (source document, "Podporované endpointy").
pub const MAX_DOCUMENTS: usize = 100;

/// An accepted request (status 202): it will be processed, and a notification with the same id
/// tells the outcome (source document, "Odpoveď na request").
///
/// Without a webhook, look for the documents' external ids after a while:
/// [`Client::find_invoices`](crate::Client::find_invoices).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingRequest {
    /// The id that the notification will carry.
    pub request_id: RequestId,
}

impl PendingRequest {
    pub(crate) fn decode(body: &Bytes) -> Decoded<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Accepted {
            request_id: RequestId,
        }
        decode_json::<Accepted>(body).map(|accepted| Self { request_id: accepted.request_id })
    }
}

/// A document that can be sent in batches.
pub trait Document: Serialize + Sync {
    /// The caller's own name of it.
    fn external_id(&self) -> Option<&str>;

    /// All findings of documents that are sent together.
    fn check(documents: &[Self], profile: &Profile) -> Vec<Finding>
    where
        Self: Sized;
}

impl Document for NewInvoice {
    fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    fn check(documents: &[Self], profile: &Profile) -> Vec<Finding> {
        crate::check::invoices(documents, profile)
    }
}

impl Document for NewPayment {
    fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    fn check(documents: &[Self], profile: &Profile) -> Vec<Finding> {
        crate::check::payments(documents, profile)
    }
}

/// A body with one document.
pub(crate) fn one<T: Serialize>(document: &T) -> Result<Bytes, BuildError> {
    body(&Data { data: document })
}

/// A body with 1 to [`MAX_DOCUMENTS`] documents.
pub(crate) fn many<T: Serialize>(
    documents: impl ExactSizeIterator<Item = T>,
) -> Result<Bytes, BuildError> {
    let count = documents.len();
    if !(1..=MAX_DOCUMENTS).contains(&count) {
        let reason = format!("must hold 1 to {MAX_DOCUMENTS} documents, and holds {count}");
        return Err(BuildError::new("data", reason));
    }
    body(&Data { data: documents.collect::<Vec<_>>() })
}

fn body(value: &impl Serialize) -> Result<Bytes, BuildError> {
    serde_json::to_vec(value)
        .map(Bytes::from)
        .map_err(|error| BuildError::new("data", error.to_string()))
}

/// Declares an endpoint that takes documents and answers 202 with a request id.
macro_rules! submission {
    ($name:ident { name: $endpoint:literal, path: $path:literal, section: $section:literal $(,)? }) => {
        impl common_http::Endpoint for $name {
            type Api = $crate::api::Kros;
            type Response = $crate::submission::PendingRequest;

            const INFO: common_http::Info = common_http::Info {
                name: $endpoint,
                method: http::Method::POST,
                path: $path,
                effect: common_core::effect::Effect::Once,
                auth: common_http::Auth::Required,
                limit: $crate::api::LIMIT,
                section: $section,
            };

            fn request(
                &self,
                base: &common_http::BaseUrl,
            ) -> Result<http::Request<common_http::Body>, common_http::BuildError> {
                common_http::RequestBuilder::new(&Self::INFO, base)
                    .body($crate::submission::JSON, self.body.clone())
                    .finish()
            }

            fn response(
                _: &common_http::Parts,
                body: &bytes::Bytes,
            ) -> Result<Self::Response, common_http::DecodeError> {
                $crate::submission::PendingRequest::decode(body)
            }
        }
    };
}

pub(crate) use submission;

/// JSON in UTF-8 (source document, "Podporované endpointy").
pub(crate) const JSON: http::HeaderValue =
    http::HeaderValue::from_static("application/json; charset=utf-8");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Rule;

    #[test]
    fn documents_are_known_by_their_external_ids_and_checked_together() {
        let payment = NewPayment::new("2026-01-31", 5).external_id("twin");
        assert_eq!(Document::external_id(&payment), Some("twin"));
        assert_eq!(Document::external_id(&NewInvoice::default()), None);
        let findings = Document::check(&[payment.clone(), payment], &Profile::documented());
        assert_eq!(findings[0].rule, Rule::DuplicateExternalId);
    }

    #[test]
    fn numbers_keep_their_digits_on_the_way() {
        let sum: common_core::money::Amount = "24.60".parse().unwrap();
        let body = one(&NewPayment::new("2026-01-31", sum)).unwrap();
        assert_eq!(body, r#"{"data":{"dateOfPayment":"2026-01-31","sumOfPayment":24.60}}"#);
    }

    #[test]
    fn a_batch_holds_1_to_100_documents() {
        for (count, fits) in [(0, false), (1, true), (100, true), (101, false)] {
            assert_eq!(many(vec![1; count].into_iter()).is_ok(), fits, "{count}");
        }
        assert_eq!(many([1, 2].into_iter()).unwrap(), r#"{"data":[1,2]}"#);
    }
}
