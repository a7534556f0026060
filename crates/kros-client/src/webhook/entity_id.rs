//! The identifier of a document in a notification: invoices are numbered, expenses carry a UUID
//! (KROS facts §1 and §2).

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// Identifies a document of the company.
///
/// # Examples
///
/// ```
/// use kros_client::webhook::EntityId;
///
/// assert_eq!("9001".parse(), Ok(EntityId::Number(9001)));
/// assert!("9001/../1".parse::<EntityId>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EntityId {
    /// A number, as issued documents have it.
    Number(i64),
    /// A UUID, as expenses have it.
    Uuid(Uuid),
}

/// The text is neither a whole number nor a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a document identifier is a whole number or a UUID")]
#[non_exhaustive]
pub struct InvalidEntityId;

impl FromStr for EntityId {
    type Err = InvalidEntityId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.parse().map(Self::Number);
        number.or_else(|_| text.parse().map(Self::Uuid)).map_err(|_| InvalidEntityId)
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Uuid(uuid) => uuid.fmt(f),
        }
    }
}
