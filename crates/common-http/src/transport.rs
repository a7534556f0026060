//! The seam below which bytes travel.
//!
//! A transport sends one request and gives the answer back, whatever its status. It does not
//! follow redirects, retry, authorise or interpret; all that happens once, above it.

use std::{fmt, sync::Arc};

use common_core::{
    effect::{ErrorKind, Phase},
    store::BoxFuture,
};

use crate::body::{Body, BodyStream};

/// Something that sends requests.
pub trait Transport: Send + Sync + fmt::Debug + 'static {
    /// Sends one request.
    ///
    /// The future may be dropped at any await point; the transport stays usable.
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        (**self).send(request)
    }
}

impl Transport for Box<dyn Transport> {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        (**self).send(request)
    }
}

/// Why no (complete) answer came.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What went wrong below HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection: nothing was sent.
    Connect,
    /// The request itself cannot be sent; nothing was.
    Request,
    /// Time ran out; bytes may have left.
    Timeout,
    /// The connection broke; bytes may have left.
    Interrupted,
    /// The file that is sent could not be read to its end; bytes may have left.
    File,
    /// The answer's body is larger than allowed.
    TooLarge,
}

impl TransportError {
    /// An error without a cause.
    pub fn new(kind: TransportErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Adds the cause, which must not contain secrets (addresses with tokens, bodies).
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    pub(crate) fn error_kind(&self) -> ErrorKind {
        match self.kind {
            TransportErrorKind::Connect => ErrorKind::Connect,
            TransportErrorKind::Request => ErrorKind::Input,
            TransportErrorKind::Timeout => ErrorKind::Timeout,
            TransportErrorKind::Interrupted => ErrorKind::Interrupted,
            TransportErrorKind::File => ErrorKind::File,
            TransportErrorKind::TooLarge => ErrorKind::TooLarge,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.kind {
            TransportErrorKind::Connect | TransportErrorKind::Request => Phase::NotSent,
            TransportErrorKind::Timeout
            | TransportErrorKind::Interrupted
            | TransportErrorKind::File => Phase::MaybeSent,
            TransportErrorKind::TooLarge => Phase::Answered,
        }
    }

    pub(crate) fn into_source(self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        self.source
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.error_kind().describe())
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
