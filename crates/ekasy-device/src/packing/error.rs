//! What packing may fail with.

use crate::ident::{IdentError, JpkId};

/// What a sealer failed with.
pub type SealFailure = Box<dyn std::error::Error + Send + Sync>;

/// Documents could not be packed.
///
/// The packer is of no use afterwards; the packages that it gave before are good.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// Sealing failed; the cause is the sealer's own error.
    #[error("a package could not be sealed")]
    Seal(#[source] SealFailure),
    /// A number came that is not above the one before it.
    #[error("document {id} came after document {after}")]
    Order {
        /// The number that came.
        id: JpkId,
        /// The number before it.
        after: JpkId,
    },
    /// The id of the shipment is none of a shipment: the kinds are DFD and DDD.
    #[error("the shipment has an id of another kind")]
    Identifier(#[source] IdentError),
    /// Not even a small part of the document fits into a request, or, without a document, not
    /// even an empty package does. A larger limit is needed; nothing was lost.
    #[error("a request of at most {limit} bytes has no room for even a part of a document")]
    LimitTooSmall {
        /// The document that was to be sent.
        id: Option<JpkId>,
        /// The limit in bytes; see [`Limits`](super::Limits).
        limit: usize,
    },
}
