//! Companies of the double: each has its own token and its own webhook, as in KROS.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Request;
use ring::hmac;
use serde::Serialize;
use serde_json::json;
use url::{Host, Url};

use crate::chance::Chance;

/// Whether a company may use the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Licence {
    /// It may.
    Valid,
    /// Its requests are answered with 402.
    Expired,
}

/// A company with its test credentials.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Company {
    /// The identifier that notifications carry as `companyId`.
    pub id: u64,
    /// Its invented name.
    pub name: String,
    /// Whether it may use the API.
    pub licence: Licence,
    token: String,
    webhook_secret: String,
}

impl Company {
    pub(super) fn new(id: u64, name: &str, licence: Licence, chance: &Chance) -> Self {
        let (name, token) = (name.to_owned(), token(id, chance));
        let webhook_secret = STANDARD.encode(chance.bytes::<32>());
        Self { id, name, licence, token, webhook_secret }
    }

    /// The bearer token of the company.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The text that keys the signature of its notifications.
    pub fn webhook_secret(&self) -> &str {
        &self.webhook_secret
    }

    pub(super) fn set_webhook_secret(&mut self, secret: &str) {
        secret.clone_into(&mut self.webhook_secret);
    }
}

impl fmt::Debug for Company {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Company")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A token in the form that KROS uses: a JWT signed with HS256 (KROS facts §2, consent flow).
fn token(company: u64, chance: &Chance) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = json!({"companyId": company, "jti": chance.uuid()}).to_string();
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, &chance.bytes::<32>());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// A receiver of notifications in the same process: it answers with a status.
pub type Receiver = dyn Fn(&Request<Bytes>) -> u16 + Send + Sync;

/// Where the notifications of a company go.
#[derive(Clone)]
pub(super) enum Target {
    Url(Url),
    Receiver(Arc<Receiver>),
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl Target {
    /// The address, or a word for a receiver that has none.
    pub(super) fn shown(&self) -> &str {
        match self {
            Self::Url(url) => url.as_str(),
            Self::Receiver(_) => "in process",
        }
    }
}

/// Why a webhook was not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// There is no company with this identifier.
    #[error("the sandbox knows no such company")]
    UnknownCompany,
    /// The address is not plain http on the loopback interface.
    #[error("a webhook of the sandbox must be an http address on the loopback interface")]
    NotLoopback,
}

/// Reads an address that the sandbox may call.
pub(super) fn loopback(url: &str) -> Result<Url, WebhookError> {
    let url = Url::parse(url).map_err(|_| WebhookError::NotLoopback)?;
    let local = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if local && url.scheme() == "http" { Ok(url) } else { Err(WebhookError::NotLoopback) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_called() {
        for good in ["http://127.0.0.1:9/x", "http://localhost:9", "http://[::1]:9/"] {
            assert!(loopback(good).is_ok(), "{good}");
        }
        for bad in ["http://example.com/", "https://localhost/", "http://10.0.0.1/", "x"] {
            assert_eq!(loopback(bad), Err(WebhookError::NotLoopback), "{bad}");
        }
    }

    #[test]
    fn credentials_do_not_show_in_debug() {
        let company = Company::new(1, "Vymyslená", Licence::Valid, &Chance::seeded(1));
        let shown = format!("{company:?}");
        assert!(!shown.contains(company.token()) && !shown.contains(company.webhook_secret()));
        assert_eq!(company.token().split('.').count(), 3);
    }
}
