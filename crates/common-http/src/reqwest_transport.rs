//! The transport over real sockets: reqwest with rustls.
//!
//! The only module that names types of reqwest. One transport has one TLS identity, because the
//! identity belongs to the pool of connections.

mod exact;
mod options;
mod sending;

use std::{sync::Arc, time::Duration};

use common_core::store::BoxFuture;
use futures_util::stream;
use tokio::time::timeout;

use self::sending::Sending;
use crate::{
    body::{Body, BodyStream},
    transport::{Transport, TransportError, TransportErrorKind},
};

pub use options::{ClientIdentity, HttpOptions, HttpVersion, OptionsError, Proxy, TrustAnchors};

/// Sends requests over real sockets. Redirects are not followed, cookies are not kept, the
/// environment (proxy variables) is not read.
#[derive(Clone, Debug)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    silence: Duration,
}

impl ReqwestTransport {
    /// A transport with these options.
    pub fn new(options: HttpOptions) -> Result<Self, OptionsError> {
        let silence = options.silence();
        Ok(Self { client: options.build()?, silence })
    }
}

impl Transport for ReqwestTransport {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        let sending = Arc::new(Sending::default());
        let request = convert(request, &sending);
        Box::pin(async move {
            let mut response = sending.answer(self.client.execute(request?), self.silence).await?;
            let mut answer = http::Response::new(());
            *answer.status_mut() = response.status();
            *answer.version_mut() = response.version();
            *answer.headers_mut() = std::mem::take(response.headers_mut());
            let silence = self.silence;
            let body = stream::try_unfold(response, move |mut response| async move {
                // The head of the answer is here: whatever happens now, bytes have travelled.
                match timeout(silence, response.chunk()).await {
                    Ok(Ok(piece)) => Ok(piece.map(|piece| (piece, response))),
                    Ok(Err(error)) => Err(lost(error)),
                    Err(_) => Err(TransportError::new(TransportErrorKind::Timeout)),
                }
            });
            Ok(answer.map(|()| BodyStream::stream(body)))
        })
    }
}

fn convert(
    request: http::Request<Body>,
    sending: &Arc<Sending>,
) -> Result<reqwest::Request, TransportError> {
    let (mut parts, body) = request.into_parts();
    let body = match body {
        Body::Bytes(bytes) => reqwest::Body::from(bytes),
        Body::File(part) => {
            // Announced lengths keep uploads out of chunked encoding, which object stores refuse.
            let length = http::HeaderValue::from(Body::File(part.clone()).len());
            parts.headers.insert(http::header::CONTENT_LENGTH, length);
            reqwest::Body::wrap_stream(Arc::clone(sending).watched(part.read()))
        }
    };
    reqwest::Request::try_from(http::Request::from_parts(parts, body)).map_err(|error| {
        TransportError::new(TransportErrorKind::Request).because(error.without_url())
    })
}

/// The address is cut from the error, since it may hold secrets (presigned links).
fn transport_error(error: reqwest::Error) -> TransportError {
    let kind = if error.is_connect() {
        TransportErrorKind::Connect
    } else if error.is_builder() {
        TransportErrorKind::Request
    } else {
        return lost(error);
    };
    TransportError::new(kind).because(error.without_url())
}

/// A connection that was there.
fn lost(error: reqwest::Error) -> TransportError {
    let kind = if error.is_timeout() {
        TransportErrorKind::Timeout
    } else {
        TransportErrorKind::Interrupted
    };
    TransportError::new(kind).because(error.without_url())
}
