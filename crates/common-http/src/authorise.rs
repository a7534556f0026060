//! Where a call's credentials come from.

use std::{fmt, future::ready};

use common_core::{
    secret::{ExposeSecret, SecretString, Zeroizing},
    store::BoxFuture,
};
use http::{
    HeaderValue,
    header::{AUTHORIZATION, HeaderName},
};

/// Provides the header that authorises calls which need one: `Authorization` with most services.
pub trait Authorise: Send + Sync + fmt::Debug {
    /// The credentials for one request; may log in or refresh first.
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>>;

    /// The server refused these credentials (401): forget them.
    ///
    /// Answers whether asking again may give other ones; the call is then tried once more.
    fn refused<'a>(&'a self, used: &'a UsedToken) -> BoxFuture<'a, bool>;
}

impl Authorise for Box<dyn Authorise> {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        (**self).credentials()
    }

    fn refused<'a>(&'a self, used: &'a UsedToken) -> BoxFuture<'a, bool> {
        (**self).refused(used)
    }
}

/// A header as it was used, and which token it was.
#[derive(Clone, Debug)]
pub struct UsedToken {
    name: HeaderName,
    value: HeaderValue,
    generation: u64,
}

impl UsedToken {
    /// `Bearer <token>`; fails when the token has characters that a header cannot carry.
    pub fn bearer(token: &SecretString, generation: u64) -> Result<Self, CredentialsError> {
        let text = Zeroizing::new(format!("Bearer {}", token.expose_secret()));
        Self::from_text(AUTHORIZATION, &text, generation)
    }

    /// The token alone in a header of that name; fails when the token has characters that a header
    /// cannot carry.
    pub fn in_header(
        name: HeaderName,
        token: &SecretString,
        generation: u64,
    ) -> Result<Self, CredentialsError> {
        Self::from_text(name, token.expose_secret(), generation)
    }

    fn from_text(name: HeaderName, text: &str, generation: u64) -> Result<Self, CredentialsError> {
        let mut value = HeaderValue::from_str(text).map_err(|_| {
            CredentialsError::new("the token has characters that a header cannot carry")
        })?;
        // The value is marked sensitive, so that neither its own Debug nor a header map's shows it.
        value.set_sensitive(true);
        Ok(Self { name, value, generation })
    }

    /// Tells tokens of one source apart; grows with each renewal.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn header(&self) -> (HeaderName, HeaderValue) {
        (self.name.clone(), self.value.clone())
    }
}

/// No credentials at all.
#[derive(Clone, Copy, Debug)]
pub struct Anonymous;

impl Authorise for Anonymous {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        Box::pin(ready(Ok(None)))
    }

    fn refused<'a>(&'a self, _: &'a UsedToken) -> BoxFuture<'a, bool> {
        Box::pin(ready(false))
    }
}

/// A token that never changes.
#[derive(Clone, Debug)]
pub struct StaticBearer(UsedToken);

impl StaticBearer {
    /// Fails when the token has characters that a header cannot carry.
    pub fn new(token: &SecretString) -> Result<Self, CredentialsError> {
        if token.expose_secret().is_empty() {
            return Err(CredentialsError::new("the token is empty"));
        }
        UsedToken::bearer(token, 0).map(Self)
    }
}

impl Authorise for StaticBearer {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        Box::pin(ready(Ok(Some(self.0.clone()))))
    }

    fn refused<'a>(&'a self, _: &'a UsedToken) -> BoxFuture<'a, bool> {
        Box::pin(ready(false))
    }
}

/// Credentials could not be had; nothing of the call itself was sent.
#[derive(Debug)]
pub struct CredentialsError {
    message: &'static str,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl CredentialsError {
    /// An error with a message in lower case.
    pub fn new(message: &'static str) -> Self {
        Self { message, source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl std::error::Error for CredentialsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_nowhere() {
        let bearer = StaticBearer::new(&SecretString::from("canary-token")).unwrap();
        assert!(!format!("{bearer:?}").contains("canary"));
        let error = StaticBearer::new(&SecretString::from("canary\ntoken")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
        assert!(StaticBearer::new(&SecretString::from("")).is_err());
    }

    #[test]
    fn a_token_can_stand_in_another_header_and_shows_nowhere() {
        let name = HeaderName::from_static("sessiontoken");
        let used = UsedToken::in_header(name.clone(), &SecretString::from("canary"), 3).unwrap();
        assert_eq!(used.header(), (name, HeaderValue::from_static("canary")));
        assert!(!format!("{used:?}").contains("canary"));
    }
}
