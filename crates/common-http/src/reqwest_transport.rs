//! The transport over real sockets: reqwest with rustls.
//!
//! The only module that names types of reqwest. One transport has one TLS identity, because the
//! identity belongs to the pool of connections.

mod exact;
mod options;

use common_core::store::BoxFuture;
use futures_util::TryStreamExt;

use crate::{
    body::{Body, BodyStream},
    transport::{Transport, TransportError, TransportErrorKind},
};

pub use options::{ClientIdentity, HttpOptions, HttpVersion, OptionsError, Proxy, TrustAnchors};

/// Sends requests over real sockets. Redirects are not followed, cookies are not kept, the
/// environment (proxy variables) is not read.
#[derive(Clone, Debug)]
pub struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    /// A transport with these options.
    pub fn new(options: HttpOptions) -> Result<Self, OptionsError> {
        options.build().map(Self)
    }
}

impl Transport for ReqwestTransport {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        let request = convert(request);
        Box::pin(async move {
            let mut response = self.0.execute(request?).await.map_err(transport_error)?;
            let mut answer = http::Response::new(());
            *answer.status_mut() = response.status();
            *answer.version_mut() = response.version();
            *answer.headers_mut() = std::mem::take(response.headers_mut());
            let body = response.bytes_stream().map_err(|error| {
                // The head of the answer is here: whatever happens now, bytes have travelled.
                let kind = if error.is_timeout() {
                    TransportErrorKind::Timeout
                } else {
                    TransportErrorKind::Interrupted
                };
                TransportError::new(kind).because(error.without_url())
            });
            Ok(answer.map(|()| BodyStream::stream(body)))
        })
    }
}

fn convert(request: http::Request<Body>) -> Result<reqwest::Request, TransportError> {
    let (mut parts, body) = request.into_parts();
    let body = match body {
        Body::Bytes(bytes) => reqwest::Body::from(bytes),
        Body::File(part) => {
            // Announced lengths keep uploads out of chunked encoding, which object stores refuse.
            let length = http::HeaderValue::from(Body::File(part.clone()).len());
            parts.headers.insert(http::header::CONTENT_LENGTH, length);
            reqwest::Body::wrap_stream(part.read())
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
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else {
        TransportErrorKind::Interrupted
    };
    TransportError::new(kind).because(error.without_url())
}
