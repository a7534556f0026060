//! The client of Latarnia.

use std::{fmt, sync::Arc, time::Duration};

use common_core::retry::RetryPolicy;
use common_http::{Client, HttpOptions, ReqwestTransport, Transport};

use super::{LatarniaApi, Message, Messages, Site, Status, SystemStatus, TIMEOUT};
use crate::v2::{client::BuilderError, error::Error};

/// Asks whether KSeF works. Clones are cheap and share connections.
///
/// # Examples
///
/// ```
/// use ksef_client::v2::latarnia::{Latarnia, Site, State};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use common_http::scripted::{Scripted, Step};
/// # let transport = Scripted::new([Step::answer(200, r#"{"status":"AVAILABLE","messages":[]}"#)]);
/// let latarnia = Latarnia::builder(Site::Production)
/// #   .transport(transport)
///     .build()?;
/// assert_eq!(latarnia.status().await?.status, State::Available);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Latarnia {
    http: Client<LatarniaApi>,
}

/// Settings of a [`Latarnia`].
#[must_use]
pub struct LatarniaBuilder {
    site: Site,
    transport: Option<Arc<dyn Transport>>,
    options: HttpOptions,
    retry: RetryPolicy,
    timeout: Duration,
}

impl Latarnia {
    /// Starts a client of that site.
    pub fn builder(site: Site) -> LatarniaBuilder {
        let agent = concat!("fiskus-ksef-client/", env!("CARGO_PKG_VERSION"));
        LatarniaBuilder {
            site,
            transport: None,
            options: HttpOptions::new(agent),
            retry: RetryPolicy::default(),
            timeout: TIMEOUT,
        }
    }

    /// How the system stands now, with the messages about it.
    pub async fn status(&self) -> Result<SystemStatus, Error> {
        Ok(self.http.send(&Status).await?)
    }

    /// All messages, those of the past included, in the service's order.
    pub async fn messages(&self) -> Result<Vec<Message>, Error> {
        Ok(self.http.send(&Messages).await?)
    }
}

impl LatarniaBuilder {
    /// Sets the options of connections: proxy, trust anchors, user agent, time limits.
    pub fn http_options(mut self, options: HttpOptions) -> Self {
        self.options = options;
        self
    }

    /// Sends requests through something else than sockets.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets how often failed tries are repeated.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets how long one try may take; 30 s without it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The client; opens no connection yet.
    pub fn build(self) -> Result<Latarnia, BuilderError> {
        let base = self.site.base()?;
        let transport: Arc<dyn Transport> = match self.transport {
            Some(transport) => transport,
            None => Arc::new(ReqwestTransport::new(self.options)?),
        };
        let http = Client::builder(base, transport).retry(self.retry).timeout(self.timeout).build();
        Ok(Latarnia { http })
    }
}

impl fmt::Debug for Latarnia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latarnia").field("base", self.http.base()).finish_non_exhaustive()
    }
}

impl fmt::Debug for LatarniaBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LatarniaBuilder").field("site", &self.site).finish_non_exhaustive()
    }
}
