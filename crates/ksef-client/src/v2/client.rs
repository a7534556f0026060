//! The client: one installation, without a login; accounts and logins come from it.

mod builder;
mod keys;
mod rates;
mod settings;
mod tap;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use common_core::{
    clock::{Clock, Tick},
    limit::LimitSnapshot,
    store::BoxFuture,
};
use common_http::{
    Authorise, BaseUrl, Body, BuildError, CallOptions, CredentialsError, DecodeError, Download,
    Endpoint, Info, LimitPolicy, Paged, Parts, UsedToken,
};
use futures_util::{Stream, TryStreamExt};
use http::Request;

pub use builder::{BuilderError, ClientBuilder};
pub use rates::Rates;
pub use tap::ErrorFormat;

pub(crate) use keys::new_session_key;

use self::{keys::KeyRing, settings::Settings};
use crate::v2::{
    api::{KsefV2, LimitGroup},
    environment::Environment,
    error::Error,
    warning::Warning,
};

/// Talks to one installation without a login: begins logins, fetches the authority's keys, and makes
/// the calls that need no access token. Clones are cheap and share connections, limits and keys.
///
/// Every future may be dropped at any await point; the client stays usable. A call whose future is
/// dropped may have happened.
///
/// # Examples
///
/// ```
/// use ksef_client::v2::{Client, Environment, auth};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use common_http::scripted::{Scripted, Step};
/// # let answer = r#"{"challenge":"20250514-CR-226FB7B000-3ACF9BE4C0-10","timestampMs":1752236636015,
/// #     "timestamp":"2025-07-11T12:23:56.015Z","clientIp":"192.0.2.7"}"#;
/// # let transport = Scripted::new([Step::answer(200, answer)]);
/// let client = Client::builder(Environment::Test)
/// #   .transport(transport)
///     .build()?;
/// let challenge = client.send(&auth::Challenge).await?;
/// assert_eq!(challenge.client_ip.as_deref(), Some("192.0.2.7"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>, Option<Tick>);

struct Inner {
    settings: Settings,
    keys: KeyRing,
}

/// An answer with what the service warned of (KSeF 2.0 facts §2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer<T> {
    /// What the call gave.
    pub value: T,
    /// The header `X-System-Warning`, in its order; usually nothing.
    pub warnings: Vec<Warning>,
}

impl Client {
    /// Makes a call that needs no login; others fail with
    /// [`ErrorKind::NoLogin`](crate::v2::ErrorKind::NoLogin) and are not sent.
    pub async fn send<E: Endpoint<Api = KsefV2>>(
        &self,
        endpoint: &E,
    ) -> Result<E::Response, Error> {
        self.send_with(endpoint, CallOptions::new()).await
    }

    /// Makes a call with settings of its own.
    pub async fn send_with<E: Endpoint<Api = KsefV2>>(
        &self,
        endpoint: &E,
        options: CallOptions,
    ) -> Result<E::Response, Error> {
        Ok(self.calls(&E::INFO, NoLogin).send_with(endpoint, self.in_time(options)).await?)
    }

    /// Makes a call and gives the service's warnings with the answer.
    pub async fn answer<E: Endpoint<Api = KsefV2>>(
        &self,
        endpoint: &E,
    ) -> Result<Answer<E::Response>, Error> {
        self.send(&Noted(endpoint)).await
    }

    /// Makes a call and gives the answer's body as it arrives, for documents of any size.
    pub async fn download<E: Endpoint<Api = KsefV2>>(
        &self,
        endpoint: &E,
        options: CallOptions,
    ) -> Result<Download, Error> {
        Ok(self.calls(&E::INFO, NoLogin).download(endpoint, options).await?)
    }

    /// The items of all pages from `first` on, one request for each page.
    pub fn items<E>(&self, first: E) -> impl Stream<Item = Result<E::Item, Error>> + Send + use<E>
    where
        E: Paged<Api = KsefV2> + Clone + Send,
        E::Response: Send,
        E::Item: Send,
    {
        self.calls(&E::INFO, NoLogin).items(first).map_err(Error::from)
    }

    /// Which installation it talks to.
    pub fn environment(&self) -> &Environment {
        &self.0.settings.environment
    }

    /// The address below which the operations live.
    pub fn base(&self) -> &BaseUrl {
        &self.0.settings.base
    }

    /// The clock that the client waits by.
    pub fn clock(&self) -> &dyn Clock {
        self.0.settings.clock.as_ref()
    }

    /// The limits as they are counted now, penalties included, for another run of the program:
    /// [`ClientBuilder::restore_limits`] takes them. `None` when they are counted in a shared
    /// store, which remembers by itself.
    pub fn limits(&self) -> Option<BTreeMap<String, LimitSnapshot>> {
        let local = self.0.settings.local_limits.as_ref()?;
        Some(local.snapshot(self.clock().tick(), self.clock().now()))
    }

    /// The same client, whose calls that belong to a login end by then.
    pub(crate) fn until(&self, end: Tick) -> Self {
        Self(Arc::clone(&self.0), Some(end))
    }

    fn in_time(&self, options: CallOptions) -> CallOptions {
        match self.1 {
            Some(end) => options.deadline(end.since(self.clock().tick())),
            None => options,
        }
    }

    /// The contract's rates, until an account adopts its own.
    pub(crate) fn rates(&self) -> &Rates {
        &self.0.settings.rates
    }

    /// Calls for nobody in particular, counted for this address.
    fn calls(
        &self,
        info: &Info,
        authorise: impl Authorise + 'static,
    ) -> common_http::Client<KsefV2> {
        self.calls_for(info, "anonymous", self.rates(), None, authorise)
    }

    /// A call with the token of a login or of its renewal; such calls are counted like anonymous
    /// ones (KSeF 2.0 facts §13.1).
    pub(crate) async fn send_as<E: Endpoint<Api = KsefV2>>(
        &self,
        endpoint: &E,
        authorise: impl Authorise + 'static,
    ) -> Result<E::Response, Error> {
        let options = self.in_time(CallOptions::new());
        Ok(self.calls(&E::INFO, authorise).send_with(endpoint, options).await?)
    }

    /// What makes the calls of one endpoint for an account.
    pub(crate) fn calls_for(
        &self,
        info: &Info,
        account: &str,
        rates: &Rates,
        patience: Option<Duration>,
        authorise: impl Authorise + 'static,
    ) -> common_http::Client<KsefV2> {
        let http = self.0.settings.http(authorise);
        let http = match patience {
            Some(patience) => http.limit_policy(LimitPolicy::WaitAtMost(patience)),
            None => http,
        };
        let address = self.0.settings.account("address");
        let account = self.0.settings.account(account);
        let global = rates.of(LimitGroup::Global);
        let is_limited = global.iter().next().is_some();
        let http = if is_limited {
            http.limit_overall(LimitGroup::Global.name(), &address, global)
        } else {
            http
        };
        match LimitGroup::named(info.limit) {
            // Every one of the other operations has a counter of its own.
            Some(LimitGroup::Other) => {
                let account = format!("{account}/{}", info.name);
                http.limit(&account, info.limit, rates.of(LimitGroup::Other))
            }
            Some(group) => http.limit(&account, info.limit, rates.of(group)),
            None => http,
        }
        .build()
    }

    /// What uploads and downloads by links that the service gave: without any token, and counted
    /// in no limit (KSeF 2.0 facts §0, 3).
    pub(crate) fn storage<A: common_http::Api>(&self, base: &BaseUrl) -> common_http::Client<A> {
        self.0.settings.storage(base).build()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", self.base()).finish_non_exhaustive()
    }
}

/// A call whose answer is read together with its warnings.
pub(crate) struct Noted<'a, E>(pub(crate) &'a E);

impl<E: Endpoint<Api = KsefV2>> Endpoint for Noted<'_, E> {
    type Api = KsefV2;
    type Response = Answer<E::Response>;

    const INFO: Info = E::INFO;

    fn request(&self, base: &BaseUrl) -> Result<Request<Body>, BuildError> {
        self.0.request(base)
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<Self::Response, DecodeError> {
        let value = E::response(parts, body)?;
        Ok(Answer { value, warnings: Warning::read(&parts.headers) })
    }
}

/// What a client without a login has.
#[derive(Clone, Copy, Debug)]
struct NoLogin;

impl Authorise for NoLogin {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        let error = CredentialsError::new("the operation needs a login and the client has none");
        Box::pin(std::future::ready(Err(error)))
    }

    fn refused<'a>(&'a self, _: &'a UsedToken) -> BoxFuture<'a, bool> {
        Box::pin(std::future::ready(false))
    }
}
