//! A session that can be used.

use std::fmt;

use common_core::{clock::Clock, secret::SecretString};
use common_http::{CallOptions, Download, Endpoint, Paged};
use futures_util::{Stream, TryStreamExt};
use ksef_crypto::{number::ReferenceNumber, seal::SessionKey};

use super::{Closing, SessionState, Status, Terminate, Unfinished};
use crate::v1::{
    Client, Context, FormCode,
    api::KsefV1,
    error::{Error, ErrorKind},
    wire,
};

/// What belongs to a session, whatever its stage.
pub(crate) struct Core {
    client: Client,
    http: common_http::Client<KsefV1>,
    parts: Parts,
}

/// What a session is made of.
pub(crate) struct Parts {
    pub(crate) reference: ReferenceNumber,
    pub(crate) token: SecretString,
    pub(crate) context: Context,
    pub(crate) form: FormCode,
    pub(crate) key: Option<SessionKey>,
}

impl Core {
    pub(crate) fn new(client: &Client, parts: Parts) -> Result<Self, Error> {
        let http = client.in_session(&parts.token, parts.context.value())?;
        Ok(Self { client: client.clone(), http, parts })
    }

    pub(crate) async fn send<E: Endpoint<Api = KsefV1>>(
        &self,
        endpoint: &E,
    ) -> Result<E::Response, Error> {
        Ok(self.http.send(endpoint).await?)
    }

    pub(crate) fn reference(&self) -> &ReferenceNumber {
        &self.parts.reference
    }

    pub(crate) fn context(&self) -> &Context {
        &self.parts.context
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.http.clock()
    }

    pub(crate) fn export(&self) -> SessionState {
        SessionState::of(&self.parts)
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("reference", self.reference())
            .field("context", self.context())
            .field("form", &self.parts.form)
            .field("encrypted", &self.parts.key.is_some())
            .finish_non_exhaustive()
    }
}

/// An interactive session that can be used (specification 1.9, chapter 13).
///
/// Calls may be made at the same time from many tasks. Every call keeps the session alive; without
/// one for 120 minutes it ends, and calls fail with [`ErrorKind::SessionEnded`].
///
/// Dropping the handle does not end the session: see [the module](crate::v1::session).
#[must_use = "a session stays open until it is terminated or idle for 120 minutes"]
pub struct Session {
    core: Core,
}

impl Session {
    pub(super) fn new(core: Core) -> Self {
        Self { core }
    }

    /// Makes a call.
    pub async fn send<E: Endpoint<Api = KsefV1>>(
        &self,
        endpoint: &E,
    ) -> Result<E::Response, Error> {
        self.core.send(endpoint).await
    }

    /// Makes a call with settings of its own.
    pub async fn send_with<E: Endpoint<Api = KsefV1>>(
        &self,
        endpoint: &E,
        options: CallOptions,
    ) -> Result<E::Response, Error> {
        Ok(self.core.http.send_with(endpoint, options).await?)
    }

    /// Makes a call and gives the answer's body as it arrives, for documents of any size.
    pub async fn download<E: Endpoint<Api = KsefV1>>(
        &self,
        endpoint: &E,
        options: CallOptions,
    ) -> Result<Download, Error> {
        Ok(self.core.http.download(endpoint, options).await?)
    }

    /// The pages from `first` on, one request each, each with the request for the page after it.
    pub fn pages<E>(
        &self,
        first: E,
    ) -> impl Stream<Item = Result<(E::Response, Option<E>), Error>> + Send + use<E>
    where
        E: Paged<Api = KsefV1> + Clone + Send,
        E::Response: Send,
    {
        self.core.http.pages(first).map_err(Error::from)
    }

    /// The items of all pages from `first` on, one request for each page.
    pub fn items<E>(&self, first: E) -> impl Stream<Item = Result<E::Item, Error>> + Send + use<E>
    where
        E: Paged<Api = KsefV1> + Clone + Send,
        E::Response: Send,
        E::Item: Send,
    {
        self.core.http.items(first).map_err(Error::from)
    }

    /// The invoices of the session, with how far each has come (chapter 13.3.2).
    pub fn invoices(
        &self,
    ) -> impl Stream<Item = Result<wire::SessionInvoiceStatus, Error>> + Send + use<> {
        self.items(Status::new())
    }

    /// The session's number.
    pub fn reference(&self) -> &ReferenceNumber {
        self.core.reference()
    }

    /// In whose name it works.
    pub fn context(&self) -> &Context {
        self.core.context()
    }

    /// The form that all its invoices have.
    pub fn form(&self) -> &FormCode {
        &self.core.parts.form
    }

    /// The key by which its content is encrypted; `None` in a session that sends plain.
    pub fn encryption_key(&self) -> Option<&SessionKey> {
        self.core.parts.key.as_ref()
    }

    /// The client that opened it, for calls that need no session.
    pub fn client(&self) -> &Client {
        &self.core.client
    }

    /// The clock that calls wait by.
    pub fn clock(&self) -> &dyn Clock {
        self.core.clock()
    }

    /// Everything that another process needs to go on with the session, secrets included.
    pub fn export(&self) -> SessionState {
        self.core.export()
    }

    /// Ends the session (chapter 13.4), so that the confirmation of its invoices is made.
    ///
    /// Asking again changes nothing more, so after an error the handle can try again. A session
    /// that has ended already is closing, too.
    pub async fn terminate(self) -> Result<Closing, Unfinished<Self>> {
        match self.core.send(&Terminate).await {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::SessionEnded => {}
            Err(error) => return Err(Unfinished::new(self, error)),
        }
        Ok(self.core.client.closing(self.core.parts.reference.clone()))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("core", &self.core).finish()
    }
}
