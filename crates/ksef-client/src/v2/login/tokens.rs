//! The tokens of an account.

use std::fmt;

use chrono::{DateTime, Utc};
use common_core::secret::{ExposeSecret, SecretString};
use common_http::{Expiring, StoredToken};
use ksef_crypto::number::ReferenceNumber;
use serde::{Deserialize, Serialize};

/// An access token and the refresh token that renews it, as the service gave them.
///
/// Whoever has them can do what the login may, until they end. [`Debug`](fmt::Debug) shows neither;
/// [`expose_to_store`](StoredToken::expose_to_store) writes them, for stores that seal.
#[derive(Clone)]
pub struct Tokens {
    access: SecretString,
    access_until: Option<DateTime<Utc>>,
    refresh: SecretString,
    refresh_until: Option<DateTime<Utc>>,
    reference: Option<ReferenceNumber>,
}

impl Tokens {
    /// Tokens with the times at which they end, if those are known, and the number of the login
    /// that they belong to.
    pub fn new(
        (access, access_until): (SecretString, Option<DateTime<Utc>>),
        (refresh, refresh_until): (SecretString, Option<DateTime<Utc>>),
        reference: Option<ReferenceNumber>,
    ) -> Self {
        Self { access, access_until, refresh, refresh_until, reference }
    }

    /// The number of the login.
    pub fn reference(&self) -> Option<&ReferenceNumber> {
        self.reference.as_ref()
    }

    /// When the access token ends, some 15 minutes after it was made.
    pub fn access_until(&self) -> Option<DateTime<Utc>> {
        self.access_until
    }

    /// When the refresh token ends, up to 7 days after the login; it is not replaced by renewals.
    pub fn refresh_until(&self) -> Option<DateTime<Utc>> {
        self.refresh_until
    }

    /// The access token.
    pub fn access(&self) -> &SecretString {
        &self.access
    }

    pub(crate) fn refresh(&self) -> &SecretString {
        &self.refresh
    }

    /// Whether the refresh token may still work.
    pub(crate) fn can_refresh(&self, now: DateTime<Utc>) -> bool {
        self.refresh_until.is_none_or(|until| now < until)
    }

    /// The same login with a new access token.
    pub(crate) fn with_access(self, access: SecretString, until: Option<DateTime<Utc>>) -> Self {
        Self { access, access_until: until, ..self }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("access_until", &self.access_until)
            .field("refresh_until", &self.refresh_until)
            .field("reference", &self.reference)
            .finish_non_exhaustive()
    }
}

impl Expiring for Tokens {
    fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.access_until
    }
}

impl StoredToken for Tokens {
    fn expose_to_store(&self) -> Vec<u8> {
        let kept = Written {
            access: self.access.expose_secret(),
            access_until: self.access_until,
            refresh: self.refresh.expose_secret(),
            refresh_until: self.refresh_until,
            reference: self.reference.as_ref().map(ReferenceNumber::as_str),
        };
        // Texts cannot fail to be written.
        serde_json::to_vec(&kept).unwrap_or_default()
    }

    fn from_store(bytes: &[u8]) -> Option<Self> {
        let kept: Kept = serde_json::from_slice(bytes).ok()?;
        let reference = kept.reference.map(|number| number.parse()).transpose().ok()?;
        Some(Self {
            access: SecretString::from(kept.access),
            access_until: kept.access_until,
            refresh: SecretString::from(kept.refresh),
            refresh_until: kept.refresh_until,
            reference,
        })
    }
}

/// The form in which tokens lie in a store.
#[derive(Serialize)]
struct Written<'a> {
    access: &'a str,
    access_until: Option<DateTime<Utc>>,
    refresh: &'a str,
    refresh_until: Option<DateTime<Utc>>,
    reference: Option<&'a str>,
}

/// The same form, read; its texts go into secrets without a copy.
#[derive(Deserialize)]
struct Kept {
    access: String,
    access_until: Option<DateTime<Utc>>,
    refresh: String,
    refresh_until: Option<DateTime<Utc>>,
    reference: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_a_store_and_show_nowhere() {
        let until = Some("2026-01-01T00:15:00Z".parse().unwrap());
        let reference = "20260401-AU-0123456789-ABCDEF0123-45".parse().ok();
        let tokens =
            Tokens::new(("canary-1".into(), until), ("canary-2".into(), None), reference.clone());
        assert!(!format!("{tokens:?}").contains("canary"));
        let back = Tokens::from_store(&tokens.expose_to_store()).unwrap();
        assert_eq!(back.access().expose_secret(), "canary-1");
        assert_eq!(back.refresh().expose_secret(), "canary-2");
        assert_eq!((back.expires_at(), back.refresh_until()), (until, None));
        assert_eq!(back.reference(), reference.as_ref());
        assert!(Tokens::from_store(b"{}").is_none());
    }
}
