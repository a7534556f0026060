//! The token for the Event Hub.

use std::{fmt, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use common_core::{
    effect::Effect,
    secret::{ExposeSecret, SecretString},
};
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, decode_json,
};
use http::{Method, StatusCode};
use serde::Deserialize;

use super::get;
use crate::{
    api::{LIMIT, WebApi},
    command::{FieldError, cpd::expect},
};

/// Fetches an address of the Event Hub and the token for it, made for this register alone (source
/// document, section 2.3.1.6). May be repeated: another token changes nothing for the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchToken;

/// Where to send documents, and the token that allows it. The token is a secret.
///
/// The address is used as it came; whether it may be trusted is told by
/// [`Environment::allows_event_hub`](crate::Environment::allows_event_hub).
#[derive(Clone)]
pub struct SasToken {
    url_to_send: String,
    value: SecretString,
    valid_for: Duration,
}

impl SasToken {
    /// A token out of its parts, as they were stored.
    pub fn new(url_to_send: String, value: SecretString, valid_for: Duration) -> Self {
        Self { url_to_send, value, valid_for }
    }

    /// The whole address to send to.
    pub fn url_to_send(&self) -> &str {
        &self.url_to_send
    }

    /// The value of the `Authorization` header, verbatim.
    pub fn value(&self) -> &SecretString {
        &self.value
    }

    /// How long the token was valid when it was made; that moment is not told (CRK facts §7, 21).
    pub const fn valid_for(&self) -> Duration {
        self.valid_for
    }

    /// When the token that was received at `received` expires: what its `se` field says, or else
    /// the latest that its duration allows. Stop using it a while earlier.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use ekasy_device::command::web_api::SasToken;
    ///
    /// let token = |value: &str| {
    ///     let address = "https://hub.example.test/h/publishers/p/messages".to_owned();
    ///     SasToken::new(address, value.into(), Duration::from_secs(3600))
    /// };
    /// let received = "2026-02-01T08:00:00Z".parse()?;
    /// let told = token("SharedAccessSignature sr=h&sig=s&se=1769936400&skn=k");
    /// assert_eq!(told.expires_at(received).to_rfc3339(), "2026-02-01T09:00:00+00:00");
    /// assert_eq!(token("opaque").expires_at(received).to_rfc3339(), "2026-02-01T09:00:00+00:00");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expires_at(&self, received: DateTime<Utc>) -> DateTime<Utc> {
        let latest = received.checked_add_signed(
            chrono::TimeDelta::from_std(self.valid_for).unwrap_or(chrono::TimeDelta::MAX),
        );
        self.told_expiry().or(latest).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// `se` of the token, in seconds since 1970.
    fn told_expiry(&self) -> Option<DateTime<Utc>> {
        let fields = self.value.expose_secret().strip_prefix("SharedAccessSignature ")?;
        let seconds = fields.split('&').find_map(|field| field.trim().strip_prefix("se="))?;
        DateTime::from_timestamp(seconds.parse().ok()?, 0)
    }
}

impl fmt::Debug for SasToken {
    /// Without the token; the query of an address may hold one as well.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.url_to_send.split('?').next().unwrap_or_default();
        f.debug_struct("SasToken")
            .field("url_to_send", &address)
            .field("valid_for", &self.valid_for)
            .finish_non_exhaustive()
    }
}

impl Endpoint for FetchToken {
    type Api = WebApi;
    type Response = SasToken;

    const INFO: Info = Info {
        name: "web_api.fetch_token",
        method: Method::GET,
        path: "/api/Repository/EventHubSasToken",
        effect: Effect::Read,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, section 2.3.1.6",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        get(&Self::INFO, base)
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<SasToken, DecodeError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            url_to_send: String,
            sas_value: String,
            timeout_in_sec: i64,
        }
        expect(parts, &[StatusCode::OK])?;
        let wire: Wire = decode_json(body)?;
        if wire.url_to_send.is_empty() {
            return Err(FieldError::missing("urlToSend").into());
        }
        let value = SecretString::from(wire.sas_value);
        if value.expose_secret().is_empty() {
            return Err(FieldError::missing("sasValue").into());
        }
        // A token that is over is one that has to be renewed at once.
        let valid_for = Duration::from_secs(u64::try_from(wire.timeout_in_sec).unwrap_or(0));
        Ok(SasToken::new(wire.url_to_send, value, valid_for))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{get, read, shown};

    const BODY: &str = r#"{"urlToSend":"https://hub.example.test/h/messages?timeout=60&x=canary",
        "sasValue":"SharedAccessSignature sr=h&sig=canary&se=1769936460&skn=k","timeoutInSec":60}"#;

    fn received() -> DateTime<Utc> {
        "2026-02-01T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_token_is_asked_for_without_a_parameter() {
        assert_eq!(shown(&FetchToken), get("/api/Repository/EventHubSasToken"));
    }

    #[test]
    fn a_token_is_read_verbatim_and_knows_its_end() {
        let token = read::<FetchToken>(200, BODY).unwrap();
        assert_eq!(token.url_to_send(), "https://hub.example.test/h/messages?timeout=60&x=canary");
        assert!(token.value().expose_secret().starts_with("SharedAccessSignature sr=h&sig="));
        assert_eq!(token.valid_for(), Duration::from_secs(60));
        assert_eq!(token.expires_at(received()).timestamp(), 1_769_936_460);
        let opaque = read::<FetchToken>(200, &BODY.replace("&se=", "&xx=")).unwrap();
        assert_eq!(opaque.expires_at(received()).timestamp(), 1_769_932_860);
        let over = read::<FetchToken>(200, &BODY.replace(":60", ":-5")).unwrap();
        assert_eq!(over.valid_for(), Duration::ZERO);
    }

    #[test]
    fn a_token_shows_nowhere() {
        let token = read::<FetchToken>(200, BODY).unwrap();
        assert!(!format!("{token:?}").contains("canary"));
        for (from, to) in [("\"timeoutInSec\":60", "\"x\":\"canary\""), (":60}", ":\"canary\"}")] {
            let error = read::<FetchToken>(200, &BODY.replace(from, to)).unwrap_err();
            assert!(!format!("{error:?}").contains("canary"), "{error}");
        }
    }
}
