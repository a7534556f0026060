//! The identifier that ties a request to its notification: the answer 202 names it and the
//! notification repeats it (KROS OpenAPI documentation page, sections "Odpoveď na request" and
//! "Webhook").

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Identifies one accepted request.
///
/// # Examples
///
/// ```
/// use kros_client::webhook::RequestId;
///
/// let id: RequestId = "0b6f7c1e-5d1a-4c0e-9a53-2f1f6a1f0c11".parse()?;
/// assert_eq!(id.to_string(), "0b6f7c1e-5d1a-4c0e-9a53-2f1f6a1f0c11");
/// assert!("22596".parse::<RequestId>().is_err());
/// # Ok::<(), kros_client::webhook::InvalidRequestId>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(Uuid);

/// The text is not a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request identifier is a UUID")]
#[non_exhaustive]
pub struct InvalidRequestId;

impl RequestId {
    /// Takes a UUID as a request identifier.
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The identifier as a UUID.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for RequestId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl FromStr for RequestId {
    type Err = InvalidRequestId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::from_str(text).map(Self).map_err(|_| InvalidRequestId)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
