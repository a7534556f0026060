//! CMD13 DFD: documents for the repository, sent to the Event Hub in packages (source document,
//! section 2.3.2).

mod package;

use bytes::Bytes;
use common_core::{
    effect::Effect,
    secret::{ExposeSecret, SecretString},
};
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::{
    HeaderValue, Method, StatusCode, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE},
};

pub use package::{Package, PackageNumber, Place};

use super::{cpd::expect, web_api::SasToken};
use crate::api::{EventHub, LIMIT};

/// The most bytes of a whole request, headers included (source document, section 2.3.2.2).
///
/// The document writes "256kB" without saying which kilobyte, and leaves open whether that many
/// are still allowed: the smaller reading is taken, and reached at most (CRK facts §7, 19).
pub const LARGEST_REQUEST: u64 = 256_000;

/// The content type of a package, which the source document does not name: an **assumption**.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HubContentType {
    /// `application/atom+xml;type=entry;charset=utf-8`, as Azure documents it for single events.
    #[default]
    AtomEntry,
    /// `application/json`.
    Json,
}

impl HubContentType {
    const fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::AtomEntry => "application/atom+xml;type=entry;charset=utf-8",
            Self::Json => "application/json",
        })
    }
}

/// Sends one package.
///
/// The address and the token are used as they came; the register's certificate must not be
/// offered. 201 says that the package was taken; only then may the next one go.
///
/// May be repeated **with the same bytes**: after a lost answer nobody knows whether the package
/// arrived, and the repository judges by the numbers of the documents (CRK facts §5).
/// After 401 fetch a new token and send the same bytes with it.
#[derive(Clone)]
pub struct Publish {
    url: String,
    token: SecretString,
    body: Bytes,
    content_type: HubContentType,
}

impl Publish {
    /// Sends these bytes, made by [`Package::to_bytes`] and stored before, with that token.
    pub fn new(token: &SasToken, body: Bytes) -> Self {
        Self {
            url: token.url_to_send().to_owned(),
            token: token.value().clone(),
            body,
            content_type: HubContentType::default(),
        }
    }

    /// Sets another content type.
    #[must_use]
    pub fn content_type(mut self, content_type: HubContentType) -> Self {
        self.content_type = content_type;
        self
    }

    /// How many bytes the whole request has in HTTP/1.1: line, headers, and a body of that length.
    ///
    /// The headers that the transport adds (`host`, `content-length`, `user-agent`) are counted
    /// with room to spare, so the number is never too small. To be held against
    /// [`LARGEST_REQUEST`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use ekasy_device::command::{event_hub::Publish, web_api::SasToken};
    ///
    /// let url = "https://hub.example.test/h/messages".to_owned();
    /// let token = SasToken::new(url, "SharedAccessSignature sr=h".into(), Duration::ZERO);
    /// let publish = Publish::new(&token, "{}".into());
    /// assert_eq!(publish.wire_length(), Publish::overhead(&token) + 2);
    /// assert!((200..1000).contains(&publish.wire_length()));
    /// ```
    pub fn wire_length(&self) -> u64 {
        let text = [&*self.url, self.token.expose_secret()].map(|text| text.len() as u64);
        text.iter().sum::<u64>() + FIXED + self.body.len() as u64
    }

    /// The bytes of a request that are not its body.
    pub fn overhead(token: &SasToken) -> u64 {
        Self::new(token, Bytes::new()).wire_length()
    }
}

/// Everything but address, token and body: the request line, the names of all headers, both
/// content types, a host that is counted with the address already, and what transports add.
const FIXED: u64 = 512;

impl std::fmt::Debug for Publish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publish")
            .field("bytes", &self.body.len())
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}

impl Endpoint for Publish {
    type Api = EventHub;
    type Response = ();

    const INFO: Info = Info {
        name: "event_hub.publish",
        method: Method::POST,
        path: "/{urlToSend}",
        effect: Effect::Idempotent,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, section 2.3.2.2",
    };

    /// The base must have the origin of the token's address.
    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let url = address(base, &self.url)?;
        let mut token = HeaderValue::from_str(self.token.expose_secret()).map_err(|_| {
            BuildError::new("sasValue", "has characters that a header cannot carry")
        })?;
        token.set_sensitive(true);
        let mut request = RequestBuilder::new(&Self::INFO, base)
            .param("urlToSend", "replaced")?
            .header(CONTENT_TYPE, self.content_type.header())
            .header(AUTHORIZATION, token)
            .finish()?;
        *request.uri_mut() = url;
        *request.body_mut() = self.body.clone().into();
        Ok(request)
    }

    fn response(parts: &Parts, _: &Bytes) -> Result<(), DecodeError> {
        expect(parts, &[StatusCode::CREATED])
    }
}

/// The address as it came, if it leads to the base and to nowhere else.
fn address(base: &BaseUrl, url: &str) -> Result<Uri, BuildError> {
    let error = || BuildError::new("urlToSend", "must be an address of the configured Event Hub");
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic()) && !url.contains(['\\', '#', '@']);
    if !plain || !base.has_origin_of(url) {
        return Err(error());
    }
    // Both parsers must see the same host, or a token could be sent to another one.
    let (uri, base): (Uri, Uri) =
        (url.parse().map_err(|_| error())?, base.as_str().parse().map_err(|_| error())?);
    let same = |one: Option<&str>, other: Option<&str>| match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => false,
    };
    if same(uri.host(), base.host()) { Ok(uri) } else { Err(error()) }
}

#[cfg(test)]
mod tests;
