//! The client: one user's session, the hosts of one environment, and the way every call goes.

mod builder;
#[cfg(test)]
pub(crate) mod testing;

use std::fmt;

use common_core::clock::Clock;
use common_http::{Auth, BaseUrl, CallOptions, Endpoint};
use futures_util::{Stream, TryStreamExt, stream};
use http::HeaderValue;

pub use builder::{BuilderError, ClientBuilder};

use crate::{
    api::{Answer, Epp, ask},
    error::{Error, ErrorKind},
    page::{Listing, Page, Progress, SamePage, Turn},
    session::Session,
};

/// Talks to the service for one user. Clones are cheap and share connections, limits and the
/// session.
///
/// Every future may be dropped at any await point; the client stays usable. A call whose future
/// is dropped may have happened.
///
/// # Examples
///
/// ```
/// use epp_client::{Client, Environment, session::{Credentials, Ping}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use common_http::scripted::{Scripted, Step};
/// # let transport = Scripted::new([Step::answer(200, "")]);
/// let client = Client::builder(Environment::Test)
///     .credentials(Credentials::new("korisnik", "lozinka".into()))
/// #   .transport(transport)
///     .build()?;
/// client.send(&Ping).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    http: common_http::Client<Epp>,
    /// The host that statements come from; no token ever goes there.
    web: common_http::Client<Epp>,
    referer: HeaderValue,
    session: Session,
}

impl Client {
    /// Makes a call.
    pub async fn send<T, E>(&self, endpoint: &E) -> Result<T, Error>
    where
        E: Endpoint<Api = Epp, Response = Answer<T>>,
    {
        self.send_with(endpoint, CallOptions::new()).await
    }

    /// Makes a call with settings of its own.
    pub async fn send_with<T, E>(&self, endpoint: &E, options: CallOptions) -> Result<T, Error>
    where
        E: Endpoint<Api = Epp, Response = Answer<T>>,
    {
        let renewals = self.session.renewals();
        let result = ask(&self.http, endpoint, options).await;
        // An expired token may also be told inside a success; 401 itself was dealt with below.
        match &result {
            Err(error) if E::INFO.auth == Auth::Required && told_in_a_success(error) => {
                self.session.refuse(renewals).await;
                ask(&self.http, endpoint, options).await
            }
            _ => result,
        }
    }

    /// The pages from `first` on, one request each, made when the stream is asked for the next.
    ///
    /// The stream ends after the last page or the first error. The last page is an empty one, or
    /// one shorter than another before it: a page may hold fewer items than were asked for, since
    /// the service's largest one is not known, so one more is asked for even after a short first
    /// one. "Not found" behind a page that was read ends the list as well. A page without a new
    /// item ends it if all pages before were shorter than asked for, and else is an error, since
    /// items may be missing then; as they may where the service promised more in a total. The
    /// service pages by position: what is added or removed meanwhile can move others
    /// across a page's edge.
    pub fn pages<L>(
        &self,
        first: L,
    ) -> impl Stream<Item = Result<Page<L::Item>, Error>> + Send + use<L>
    where
        L: Listing,
    {
        let client = self.clone();
        let progress = Progress::new(first.page_size());
        stream::try_unfold((Some(first), progress), move |(request, mut progress)| {
            let client = client.clone();
            async move {
                let Some(request) = request else { return Ok(None) };
                let page = match client.send(&request).await {
                    Err(error) if is_missing(&error) && progress.may_end() => return Ok(None),
                    page => page?,
                };
                let turn = progress.add(&page).map_err(|SamePage| {
                    let cause = "the service answered the same page twice";
                    Error::local(ErrorKind::Unexpected, L::INFO.name, cause)
                })?;
                let next = match turn {
                    Turn::More => Some(request.next()),
                    Turn::Last => None,
                    Turn::Repeated => return Ok(None),
                };
                Ok(Some((page, (next, progress))))
            }
        })
    }

    /// The items of all pages from `first` on, in the service's order.
    pub fn items<L>(&self, first: L) -> impl Stream<Item = Result<L::Item, Error>> + Send + use<L>
    where
        L: Listing,
    {
        self.pages(first).map_ok(|page| stream::iter(page.items.into_iter().map(Ok))).try_flatten()
    }

    /// The session: its tokens can be exported and imported, its login changed.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The address below which the functions live.
    pub fn base(&self) -> &BaseUrl {
        self.http.base()
    }

    /// The host that statements are downloaded from.
    pub fn web_base(&self) -> &BaseUrl {
        self.web.base()
    }

    /// The clock that the client waits by.
    pub fn clock(&self) -> &dyn Clock {
        self.http.clock()
    }

    pub(crate) fn web(&self) -> &common_http::Client<Epp> {
        &self.web
    }

    pub(crate) fn referer(&self) -> HeaderValue {
        self.referer.clone()
    }
}

/// Whether the service says that there is no such page; in trouble it says nothing of the kind.
fn is_missing(error: &Error) -> bool {
    let status = error.problem().map(|problem| problem.status);
    error.kind() == ErrorKind::NotFound && matches!(status, Some(404 | 200..=299))
}

/// Whether a success said that the caller is not logged in.
fn told_in_a_success(error: &Error) -> bool {
    let success = error.problem().is_some_and(|problem| (200..300).contains(&problem.status));
    success && error.kind() == ErrorKind::Unauthenticated
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base", self.base())
            .field("web", self.web_base())
            .finish_non_exhaustive()
    }
}
