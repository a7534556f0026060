//! The pair of tokens that a login gives.

use std::fmt;

use chrono::{DateTime, Utc};
use common_core::secret::{ExposeSecret, SecretString};
use common_http::{Expiring, StoredToken};
use serde::{Deserialize, Serialize};

/// An access token, good for 20 minutes, and the refresh token that gives the next pair (source
/// document, login).
#[derive(Clone)]
pub struct TokenPair {
    access: SecretString,
    refresh: SecretString,
}

impl TokenPair {
    /// A pair that was exported elsewhere.
    pub fn new(access: SecretString, refresh: SecretString) -> Self {
        Self { access, refresh }
    }

    /// The token of all calls.
    pub fn access_token(&self) -> &SecretString {
        &self.access
    }

    /// The token of the next refresh, and of nothing else.
    pub fn refresh_token(&self) -> &SecretString {
        &self.refresh
    }
}

/// The service tells no end, and forbids to act on one: a refusal tells.
impl Expiring for TokenPair {
    fn expires_at(&self) -> Option<DateTime<Utc>> {
        None
    }
}

impl StoredToken for TokenPair {
    fn expose_to_store(&self) -> Vec<u8> {
        let stored =
            Stored { access: self.access.expose_secret(), refresh: self.refresh.expose_secret() };
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    fn from_store(bytes: &[u8]) -> Option<Self> {
        let stored: Stored<String> = serde_json::from_slice(bytes).ok()?;
        Some(Self::new(stored.access.into(), stored.refresh.into()))
    }
}

#[derive(Serialize, Deserialize)]
struct Stored<T> {
    access: T,
    refresh: T,
}

impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenPair(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_survives_a_store_and_shows_nowhere() {
        let pair = TokenPair::new("canary-a\"č".into(), "canary-r".into());
        let back = TokenPair::from_store(&pair.expose_to_store()).unwrap();
        assert_eq!(back.access_token().expose_secret(), "canary-a\"č");
        assert_eq!(back.refresh_token().expose_secret(), "canary-r");
        assert!(!format!("{pair:?}").contains("canary"));
        assert!(TokenPair::from_store(b"{}").is_none() && TokenPair::from_store(b"").is_none());
    }
}
