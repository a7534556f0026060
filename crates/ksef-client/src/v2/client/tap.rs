//! What every request and answer of the service passes: the wished form of errors, and warnings.

use std::{fmt, sync::Arc};

use common_core::store::BoxFuture;
use common_http::{Body, Transport, TransportError};
use http::{HeaderName, HeaderValue, Request, Response};

use crate::v2::warning::{Notice, Warning};

/// In which form errors 400 and 429 come; 401, 403 and 410 always are problem details (KSeF 2.0
/// facts §0, 12). Both are read into the same [`Problem`](crate::v2::Problem).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorFormat {
    /// `X-Error-Format: problem-details`: RFC 9457, with the trace id.
    #[default]
    ProblemDetails,
    /// The older envelope, which the contract calls deprecated.
    Envelope,
}

/// What is told of warnings.
pub(super) type Hook = Arc<dyn Fn(&Notice) + Send + Sync>;

/// A transport around another one.
pub(super) struct Tap {
    pub(super) inner: Arc<dyn Transport>,
    pub(super) format: ErrorFormat,
    pub(super) echo: Option<HeaderValue>,
    pub(super) hook: Option<Hook>,
}

const ERROR_FORMAT: HeaderName = HeaderName::from_static("x-error-format");
const ECHO: HeaderName = HeaderName::from_static("x-test-system-warning");

impl Tap {
    fn dress(&self, request: &mut Request<Body>) {
        let headers = request.headers_mut();
        if self.format == ErrorFormat::ProblemDetails {
            headers.insert(ERROR_FORMAT, HeaderValue::from_static("problem-details"));
        }
        if let Some(echo) = &self.echo {
            headers.insert(ECHO, echo.clone());
        }
    }
}

impl Transport for Tap {
    fn send(
        &self,
        mut request: Request<Body>,
    ) -> BoxFuture<'_, Result<Response<common_http::BodyStream>, TransportError>> {
        self.dress(&mut request);
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        Box::pin(async move {
            let answer = self.inner.send(request).await?;
            let warnings = Warning::read(answer.headers());
            if !warnings.is_empty() {
                let codes: Vec<_> = warnings.iter().map(|warning| warning.code.as_str()).collect();
                tracing::warn!(?codes, "the service warns");
                if let Some(hook) = &self.hook {
                    hook(&Notice { method: method.to_string(), path, warnings });
                }
            }
            Ok(answer)
        })
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
