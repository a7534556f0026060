//! An account: one context that a program works in, with tokens that renew themselves.

mod refusal;
mod renewal;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use common_core::clock::Clock;
use common_http::{CallOptions, Download, Endpoint, Info, Paged, SharedToken, TokenCache};
use futures_util::{Stream, TryStreamExt};
use ksef_crypto::number::ContextIdentifier;

pub(crate) use self::refusal::is_locked_out;
use self::renewal::{Access, LEASE, Way};
use crate::v2::{
    api::KsefV2,
    auth_sessions,
    client::{Answer, Client, Noted, Rates},
    error::{Error, ErrorKind},
    login::{Credential, Tokens},
    wire,
};

/// Works in one context. Clones are cheap and share tokens and limits.
///
/// The access token is renewed a minute before it ends, by one caller for all, and by one process
/// for all where the tokens are shared. When the refresh token has ended, too, or was revoked, the
/// account logs in again by its [`Credential`], if it has one. A credential that was refused as such
/// is not tried again before [`log_in_as`](Self::log_in_as): a login of status 450 (but for its
/// challenge, time or encryption), 460 (but for a chain that could not be verified) or 470, and the
/// codes 9105, 21115, 21117, 21308 and 21406. After any other refusal a login is tried again after a
/// pause of 15 seconds, which doubles up to 16 minutes.
///
/// A renewal takes two minutes at most, a login included. Where the service asks to wait longer, it
/// fails at once with [`ErrorKind::NoLogin`], and [`Error::retry_after`] says for how long.
///
/// Every future may be dropped at any await point. A call whose future is dropped may have happened.
#[derive(Clone)]
pub struct Account(Arc<Inner>, Option<Duration>);

struct Inner {
    client: Client,
    context: ContextIdentifier,
    cache: TokenCache<Tokens>,
    way: Mutex<Way>,
    rates: RwLock<Rates>,
}

/// Settings of an [`Account`].
#[must_use]
pub struct AccountBuilder {
    client: Client,
    context: ContextIdentifier,
    credential: Option<Credential>,
    shared: Option<SharedToken<Tokens>>,
}

impl Client {
    /// An account in that context. Nothing is sent before its first call.
    ///
    /// Without a credential it works with tokens that are [imported](Account::import) or that it
    /// finds in a shared place.
    pub fn account(&self, context: ContextIdentifier) -> AccountBuilder {
        AccountBuilder { client: self.clone(), context, credential: None, shared: None }
    }
}

impl AccountBuilder {
    /// Sets what the account logs in with by itself.
    pub fn credential(mut self, credential: impl Into<Credential>) -> Self {
        self.credential = Some(credential.into());
        self
    }

    /// Shares the tokens with other processes, in that place of a store.
    ///
    /// Its lease lasts 150 seconds at least, longer than a renewal may take: so long others wait when
    /// a process dies in the middle of one.
    pub fn shared_tokens(mut self, shared: SharedToken<Tokens>) -> Self {
        self.shared = Some(shared.lease_time_at_least(LEASE));
        self
    }

    /// The account.
    pub fn build(self) -> Account {
        let cache = match self.shared {
            Some(shared) => TokenCache::new().shared(shared),
            None => TokenCache::new(),
        };
        let rates = RwLock::new(self.client.rates().clone());
        let way = Mutex::new(Way::new(self.credential));
        let (client, context) = (self.client, self.context);
        Account(Arc::new(Inner { client, context, cache, way, rates }), None)
    }
}

impl Account {
    /// Makes a call.
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
        Ok(self.calls(&E::INFO).send_with(endpoint, options).await?)
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
        Ok(self.calls(&E::INFO).download(endpoint, options).await?)
    }

    /// The pages from `first` on, one request each, each with the request for the page after it.
    pub fn pages<E>(
        &self,
        first: E,
    ) -> impl Stream<Item = Result<(E::Response, Option<E>), Error>> + Send + use<E>
    where
        E: Paged<Api = KsefV2> + Clone + Send,
        E::Response: Send,
    {
        self.calls(&E::INFO).pages(first).map_err(Error::from)
    }

    /// The items of all pages from `first` on, one request for each page.
    pub fn items<E>(&self, first: E) -> impl Stream<Item = Result<E::Item, Error>> + Send + use<E>
    where
        E: Paged<Api = KsefV2> + Clone + Send,
        E::Response: Send,
        E::Item: Send,
    {
        self.calls(&E::INFO).items(first).map_err(Error::from)
    }

    /// The same account, whose calls wait for the rate limit, or where the service asks to wait, at
    /// most that long: [`ErrorKind::Limited`], [`ErrorKind::TooManyRequests`] and
    /// [`ErrorKind::Server`] tell of longer ones.
    ///
    /// Tokens that are renewed on the way are waited for as long, but ten seconds at least, since no
    /// call could be made otherwise. [`ErrorKind::NoLogin`] tells of longer ones; the renewal goes on,
    /// and a later call finds its tokens.
    #[must_use]
    pub fn impatient(self, most: Duration) -> Self {
        Self(self.0, Some(most))
    }

    /// The context that it works in.
    pub fn context(&self) -> &ContextIdentifier {
        &self.0.context
    }

    /// The client that it belongs to.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// The clock that calls wait by.
    pub fn clock(&self) -> &dyn Clock {
        self.0.client.clock()
    }

    /// The logins that are in force in this context, newest first.
    pub fn logins(
        &self,
    ) -> impl Stream<Item = Result<wire::AuthenticationListItem, Error>> + Send + use<> {
        self.items(auth_sessions::List::new())
    }

    /// Ends the login: its refresh token is void.
    ///
    /// The access token works on until it ends, some minutes later (KSeF 2.0 facts §0, 7), and calls
    /// go on with it. After that an account with a credential logs in again, and one without is
    /// refused.
    pub async fn log_out(&self) -> Result<(), Error> {
        self.send(&auth_sessions::RevokeCurrent).await
    }

    /// Uses another credential for the next login, and forgets that an earlier one was refused.
    pub fn log_in_as(&self, credential: impl Into<Credential>) {
        self.way().change(credential.into());
    }

    /// The tokens in use, for another run or another process.
    pub async fn tokens(&self) -> Option<Tokens> {
        self.0.cache.export().await
    }

    /// Uses tokens that came from elsewhere; with shared tokens, in place of those in the store, and
    /// fails only when that store does.
    pub async fn import(&self, tokens: Tokens) -> Result<(), Error> {
        let imported = self.0.cache.import(tokens).await;
        imported.map_err(|error| Error::local(ErrorKind::Store, "account", error))
    }

    /// The limits that calls of this account are held to.
    pub fn rates(&self) -> Rates {
        self.0.rates.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Holds calls to the limits that the service says are in force, the answer of
    /// `GET /rate-limits`. Calls that were counted stay counted.
    pub fn adopt_rates(&self, told: &wire::EffectiveApiRateLimits) {
        self.0.rates.write().unwrap_or_else(PoisonError::into_inner).adopt(told);
    }

    fn calls(&self, info: &Info) -> common_http::Client<KsefV2> {
        let account = self.0.context.to_string();
        self.0.client.calls_for(info, &account, &self.rates(), self.1, Access(self.clone()))
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("context", &self.0.context).finish_non_exhaustive()
    }
}

impl fmt::Debug for AccountBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountBuilder").field("context", &self.context).finish_non_exhaustive()
    }
}
