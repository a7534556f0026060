//! The proof that a value came from a sender who knows a secret, carried in its type.

use std::ops::Deref;

use super::{Match, Notification, NotificationError, ReplayKey};

/// A value that came with a valid signature.
///
/// Only a [`Verifier`](super::Verifier) makes one, so a function that takes `Authentic<Notification>` cannot be
/// called with anything unverified.
/// Authentic does not mean fresh: see [`ReplayGuard`](super::ReplayGuard).
#[derive(Clone, Debug, PartialEq)]
pub struct Authentic<T> {
    value: T,
    matched: Match,
    body_digest: [u8; 32],
}

impl<T> Authentic<T> {
    /// For the verifier alone, once the signature has been found right.
    pub(super) const fn new(value: T, matched: Match, body_digest: [u8; 32]) -> Self {
        Self { value, matched, body_digest }
    }

    /// Which secret and scheme the signature agreed with.
    pub const fn matched(&self) -> Match {
        self.matched
    }

    /// SHA-256 of the body as received.
    pub const fn body_digest(&self) -> &[u8; 32] {
        &self.body_digest
    }

    /// The value without its proof.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Authentic<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl Authentic<&[u8]> {
    /// Reads the notification in a verified body.
    ///
    /// # Errors
    ///
    /// [`NotificationError`] when the body is no notification.
    pub fn parse(&self) -> Result<Authentic<Notification>, NotificationError> {
        let value = Notification::parse_unverified(self.value)?;
        Ok(Authentic::new(value, self.matched, self.body_digest))
    }
}

impl Authentic<Notification> {
    /// Under what the notification is remembered, so that a repetition is recognised.
    pub const fn replay_key(&self) -> ReplayKey {
        ReplayKey::new(self.value.request_id, self.body_digest)
    }
}
