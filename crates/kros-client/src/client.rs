//! The client: one company's token, its limits, and the way every call goes.

mod builder;
#[cfg(test)]
pub(crate) mod testing;

use std::{fmt, sync::Arc};

use common_core::{
    clock::{Clock, Tick},
    effect::{Effect, ErrorKind as CommonKind},
};
use common_http::{BaseUrl, CallOptions, Download, Endpoint, Paged};
use futures_util::{Stream, TryStreamExt};

pub use builder::{BuilderError, ClientBuilder};

use crate::{
    api::Kros,
    error::{Error, ErrorKind},
    guard::{Duplicates, Fingerprint, Guard},
};

/// Talks to the service for one company. Clones are cheap and share connections, limits and the
/// memory of accepted requests.
///
/// Every future may be dropped at any await point; the client stays usable. A call whose future
/// is dropped may have happened.
///
/// # Examples
///
/// ```
/// use kros_client::{Client, Environment, auth, invoices};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sandbox = sandbox::Sandbox::builder().calm().start().await?;
/// # let (address, token) = (sandbox.kros().base_url(), sandbox.kros().token("0").ok_or("no token")?);
/// let client = Client::builder(Environment::at(address)?).token(token.into()).build()?;
/// client.send(&auth::Check).await?;
/// let page = client.send(&invoices::List::new().top(10)).await?;
/// assert!(page.is_empty());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    http: common_http::Client<Kros>,
    guard: Arc<Guard>,
    duplicates: Duplicates,
}

impl Client {
    /// Makes a call.
    pub async fn send<E: Endpoint<Api = Kros>>(&self, endpoint: &E) -> Result<E::Response, Error> {
        self.send_with(endpoint, CallOptions::new()).await
    }

    /// Makes a call with settings of its own.
    pub async fn send_with<E: Endpoint<Api = Kros>>(
        &self,
        endpoint: &E,
        options: CallOptions,
    ) -> Result<E::Response, Error> {
        let fingerprint = self.guarded(endpoint)?;
        let result = self.http.send_with(endpoint, options).await.map_err(Error::from);
        self.remember(fingerprint, &result);
        result
    }

    /// The pages from `first` on, and with each the request for the page after it.
    ///
    /// The service pages by position (`Skip`): documents that are added or removed meanwhile can
    /// move others across a page's edge. To keep in step with changes, list by
    /// `LastModifiedTimestamp` instead.
    pub fn pages<E>(
        &self,
        first: E,
    ) -> impl Stream<Item = Result<(<E as Endpoint>::Response, Option<E>), Error>> + Send + use<E>
    where
        E: Paged<Api = Kros> + Clone + Send,
        E::Response: Send,
    {
        self.http.pages(first).map_err(Error::from)
    }

    /// The items of all pages from `first` on, in the service's order.
    pub fn items<E>(&self, first: E) -> impl Stream<Item = Result<E::Item, Error>> + Send + use<E>
    where
        E: Paged<Api = Kros> + Clone + Send,
        E::Response: Send,
        E::Item: Send,
    {
        self.http.items(first).map_err(Error::from)
    }

    /// Makes a call and leaves the reading of the answer's body to the caller, as for a file.
    pub async fn download<E: Endpoint<Api = Kros>>(&self, endpoint: &E) -> Result<Download, Error> {
        let fingerprint = self.guarded(endpoint)?;
        let result = self.http.download(endpoint, CallOptions::new()).await.map_err(Error::from);
        self.remember(fingerprint, &result);
        result
    }

    /// The address below which the endpoints live.
    pub fn base(&self) -> &BaseUrl {
        self.http.base()
    }

    /// The clock that the client waits by.
    pub fn clock(&self) -> &dyn Clock {
        self.http.clock()
    }

    fn tick(&self) -> Tick {
        self.clock().tick()
    }

    /// Refuses what was accepted a moment ago; gives the fingerprint of what may be sent.
    fn guarded<E: Endpoint<Api = Kros>>(&self, endpoint: &E) -> Result<Option<Fingerprint>, Error> {
        let info = E::INFO;
        if info.effect != Effect::Once {
            return Ok(None);
        }
        let refused = |kind| common_http::Error::not_sent("kros", &info, kind);
        let request = endpoint
            .request(self.base())
            .map_err(|error| refused(CommonKind::Input).because(error))?;
        let fingerprint = Fingerprint::of(&request);
        if self.duplicates == Duplicates::Refuse
            && let Some(wait) =
                fingerprint.and_then(|request| self.guard.remaining(request, self.tick()))
        {
            return Err(refused(CommonKind::Guarded).with_retry_after(Some(wait)).into());
        }
        Ok(fingerprint)
    }

    /// Remembers a request that the service has accepted, now or a moment ago.
    fn remember<T>(&self, fingerprint: Option<Fingerprint>, result: &Result<T, Error>) {
        let accepted = match result {
            Ok(_) => true,
            Err(error) => {
                matches!(error.kind(), ErrorKind::AlreadyAccepted | ErrorKind::Unreadable)
            }
        };
        if let Some(fingerprint) = fingerprint.filter(|_| accepted) {
            self.guard.remember(fingerprint, self.tick());
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", self.base()).finish_non_exhaustive()
    }
}
