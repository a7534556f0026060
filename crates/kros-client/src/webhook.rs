//! Notifications: what the service posts to your address when it has processed a request.
//!
//! A notification is an ordinary POST that anybody could send, it may come twice, and nothing in
//! it says when it was made (KROS OpenAPI documentation page, section "Webhook"; KROS facts §2 and
//! §3).
//! This module answers the three questions a receiver has, in this order:
//!
//! 1. *Who sent it?* [`Verifier`] checks the signature over the raw body and gives an
//!    [`Authentic`] value; there is no other way to make one.
//! 2. *Was it handled already?* A [`ReplayGuard`] remembers notifications and lends each to one
//!    handler at a time: [`MemoryReplayGuard`] in one process, [`StoredReplayGuard`] across
//!    restarts and processes.
//! 3. *What does it say?* [`Notification`] is one type for both shapes in use.
//!
//! # Before acting on a notification
//!
//! **Fetch the document by its identifier and act on what you get**, not on what the notification
//! says: it carries no time, so an old one may be sent again by whoever recorded it, and two may
//! arrive in the wrong order.
//! Follow its address only through [`ApiUrl::for_id`], or your bearer token goes wherever the
//! sender wishes.
//!
//! # Receiving
//!
//! With the feature `webhook-layer`, `VerifyLayer` does all of it in front of any tower service:
//!
#![cfg_attr(feature = "webhook-layer", doc = "```")]
#![cfg_attr(not(feature = "webhook-layer"), doc = "```text")]
//! use axum::{Extension, Router, routing::post};
//! use http::{Request, StatusCode};
//! use kros_client::webhook::{
//!     Authentic, MemoryReplayGuard, Notification, Verifier, VerifyLayer,
//! };
//! use tower::ServiceExt;
//!
//! async fn receive(Extension(news): Extension<Authentic<Notification>>) -> StatusCode {
//!     // Here `news` is authentic and new; queue its identifiers and answer quickly.
//!     assert_eq!(news.status, Some(200));
//!     StatusCode::NO_CONTENT
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let verifier = Verifier::new().secret("not-a-real-secret-0001");
//! let app = Router::new()
//!     .route("/kros", post(receive))
//!     .route_layer(VerifyLayer::new(verifier, MemoryReplayGuard::default()));
//!
//! let genuine = Request::post("/kros")
//!     .header("X-Kros-Signature-256", "Sfd43QOsO48tdzT13IJV2Gl+m1f6Ir/TZI91CTlud6w=")
//!     .body(r#"{"status":200}"#.to_owned())?;
//! assert_eq!(app.clone().oneshot(genuine).await?.status(), StatusCode::NO_CONTENT);
//!
//! let unsigned = Request::post("/kros").body(r#"{"status":200}"#.to_owned())?;
//! assert_eq!(app.oneshot(unsigned).await?.status(), StatusCode::UNAUTHORIZED);
//! # Ok(())
//! # }
//! ```
//!
//! Without the layer, in any framework, take the body as bytes, verify it, claim it, and settle the
//! claim after the work; [`ReplayGuard`] tells what happens when the process dies in between:
//!
//! ```
//! use chrono::{DateTime, Utc};
//! use kros_client::webhook::{MemoryReplayGuard, ReplayGuard, Seen, Verifier};
//!
//! /// The status to answer with; `signature` is the value of the header `X-Kros-Signature-256`.
//! async fn receive(
//!     verifier: &Verifier,
//!     guard: &impl ReplayGuard,
//!     body: &[u8],
//!     signature: Option<&[u8]>,
//!     now: DateTime<Utc>,
//! ) -> Result<u16, Box<dyn std::error::Error>> {
//!     let Ok(news) = verifier.verify_and_parse(body, signature) else { return Ok(401) };
//!     match guard.begin(&news.replay_key(), now).await? {
//!         Seen::Handled { .. } => Ok(204),
//!         Seen::InProgress { .. } => Ok(503),
//!         Seen::Claimed(claim) => {
//!             // Queue the identifiers in `news` here; `guard.abandon` when that fails.
//!             let _ = guard.complete(claim, now).await?;
//!             Ok(204)
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let verifier = Verifier::new().secret("not-a-real-secret-0001");
//! let guard = MemoryReplayGuard::default();
//! let signature = Some(b"Sfd43QOsO48tdzT13IJV2Gl+m1f6Ir/TZI91CTlud6w=".as_slice());
//! let body = br#"{"status":200}"#;
//! let now = DateTime::UNIX_EPOCH; // The present moment, of any clock.
//! assert_eq!(receive(&verifier, &guard, body, signature, now).await?, 204);
//! assert_eq!(receive(&verifier, &guard, body, None, now).await?, 401);
//! # Ok(())
//! # }
//! ```

mod api_url;
mod authentic;
mod entity_id;
mod fields;
#[cfg(feature = "webhook-layer")]
mod layer;
mod mark;
mod memory;
mod notification;
mod reading;
mod replay;
mod request_id;
mod signature;
mod stored;
mod utf16;

pub use api_url::{ApiUrl, ApiUrlError};
pub use authentic::Authentic;
pub use entity_id::{EntityId, InvalidEntityId};
#[cfg(feature = "webhook-layer")]
pub use layer::{BODY_LIMIT, VerifyLayer, VerifyService};
pub use memory::MemoryReplayGuard;
pub use notification::{
    EntityResult, Notification, NotificationError, Outcome, Problem, RelatedDocument, Shape,
};
pub use replay::{Arrival, Claim, ReplayGuard, ReplayKey, Seen, Settled};
pub use request_id::{InvalidRequestId, RequestId};
pub use signature::{
    KeyForm, Match, ReceiveError, SIGNATURE_HEADER, Scheme, Verifier, VerifyError,
};
pub use stored::StoredReplayGuard;
