//! The client: one installation, without a session; sessions are opened from it.

mod builder;
mod settings;
#[cfg(test)]
pub(crate) mod testing;

use std::{fmt, sync::Arc};

use common_core::{clock::Clock, secret::SecretString, store::BoxFuture};
use common_http::{
    Authorise, BaseUrl, CallOptions, CredentialsError, Download, Endpoint, Paged, UsedToken,
};
use futures_util::{Stream, TryStreamExt};
use http::header::HeaderName;
use ksef_crypto::seal::AuthorityKey;

pub use builder::{BuilderError, ClientBuilder};

use self::settings::Settings;
use crate::v1::{
    api::KsefV1,
    error::{Error, ErrorKind},
    security,
};

/// Talks to one installation without a session: opens sessions and batches, and makes the calls
/// that need none. Clones are cheap and share connections and limits.
///
/// Every future may be dropped at any await point; the client stays usable. A call whose future is
/// dropped may have happened.
///
/// # Examples
///
/// ```
/// use ksef_client::v1::{Client, Environment, common};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use common_http::scripted::{Scripted, Step};
/// # let answer = r#"{"processingCode":200,"processingDescription":"x","upo":"PHg+"}"#;
/// # let transport = Scripted::new([Step::answer(200, answer)]);
/// let client = Client::builder(Environment::Test)
/// #   .transport(transport)
///     .build()?;
/// // The number of a session is all that its status and its confirmation need.
/// let session = "20240401-SE-0123456789-ABCDEF0123-45".parse()?;
/// let status = client.send(&common::StatusV1(session)).await?;
/// assert_eq!((status.processing_code, status.upo.as_deref()), (200, Some("PHg+")));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    http: common_http::Client<KsefV1>,
    settings: Arc<Settings>,
}

impl Client {
    /// Makes a call that needs no session; others fail with [`ErrorKind::NoSession`] and are not
    /// sent.
    pub async fn send<E: Endpoint<Api = KsefV1>>(
        &self,
        endpoint: &E,
    ) -> Result<E::Response, Error> {
        self.send_with(endpoint, CallOptions::new()).await
    }

    /// Makes a call with settings of its own.
    pub async fn send_with<E: Endpoint<Api = KsefV1>>(
        &self,
        endpoint: &E,
        options: CallOptions,
    ) -> Result<E::Response, Error> {
        Ok(self.http.send_with(endpoint, options).await?)
    }

    /// Makes a call and gives the answer's body as it arrives, for documents of any size.
    pub async fn download<E: Endpoint<Api = KsefV1>>(
        &self,
        endpoint: &E,
        options: CallOptions,
    ) -> Result<Download, Error> {
        Ok(self.http.download(endpoint, options).await?)
    }

    /// The items of all pages from `first` on, one request for each page.
    pub fn items<E>(&self, first: E) -> impl Stream<Item = Result<E::Item, Error>> + Send + use<E>
    where
        E: Paged<Api = KsefV1> + Clone + Send,
        E::Response: Send,
        E::Item: Send,
    {
        self.http.items(first).map_err(Error::from)
    }

    /// Fetches the authority's public key, for tokens and for the keys of sessions and batches
    /// (specification 1.9, chapter 6.4).
    ///
    /// It stands beside the API, at `/security/der` of the same host.
    pub async fn authority_key(&self) -> Result<AuthorityKey, Error> {
        let site = self.settings.site();
        Ok(site.send(&security::PublicKey).await?)
    }

    /// The address below which the operations live.
    pub fn base(&self) -> &BaseUrl {
        self.http.base()
    }

    /// The clock that the client waits by.
    pub fn clock(&self) -> &dyn Clock {
        self.http.clock()
    }

    /// The calls of a session: the same connections and limits, with its token.
    pub(crate) fn in_session(
        &self,
        token: &SecretString,
        account: &str,
    ) -> Result<common_http::Client<KsefV1>, Error> {
        let header = SessionToken::new(token)
            .map_err(|error| Error::local(ErrorKind::NoSession, "session", error))?;
        Ok(self.settings.calls(account, header))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", self.base()).finish_non_exhaustive()
    }
}

/// The header `SessionToken`, which authorises the calls of a session (KSeF 1.x facts §1). A
/// session whose token is refused cannot be renewed.
#[derive(Debug)]
struct SessionToken(UsedToken);

impl SessionToken {
    fn new(token: &SecretString) -> Result<Self, CredentialsError> {
        let name = HeaderName::from_static("sessiontoken");
        UsedToken::in_header(name, token, 0).map(Self)
    }
}

impl Authorise for SessionToken {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        Box::pin(std::future::ready(Ok(Some(self.0.clone()))))
    }

    fn refused<'a>(&'a self, _: &'a UsedToken) -> BoxFuture<'a, bool> {
        Box::pin(std::future::ready(false))
    }
}

/// What a client without a session has.
#[derive(Clone, Copy, Debug)]
struct NoSession;

impl Authorise for NoSession {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        let error = CredentialsError::new("the operation needs a session and none is open");
        Box::pin(std::future::ready(Err(error)))
    }

    fn refused<'a>(&'a self, _: &'a UsedToken) -> BoxFuture<'a, bool> {
        Box::pin(std::future::ready(false))
    }
}
