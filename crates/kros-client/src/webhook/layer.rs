//! The way from the network to a handler, as a tower layer: read within a limit, verify, parse,
//! recognise repetitions, and only then call the service inside.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use common_core::{
    clock::{Clock, SystemClock},
    store::BoxFuture,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower::{Layer, Service};

use super::{
    Authentic, Claim, Notification, ReceiveError, ReplayGuard, SIGNATURE_HEADER, Seen, Settled,
    Verifier,
};

/// The default limit of a body: one mebibyte.
///
/// A notification about a full batch of 100 documents takes a few tens of kilobytes.
pub const BODY_LIMIT: usize = 1 << 20;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Lets only authentic notifications through to the service inside, each of them once for as long
/// as the guard remembers it.
///
/// | what comes | answer | service inside |
/// |---|---|---|
/// | another method than POST | 405 | not called |
/// | a body above the limit | 413 | not called |
/// | a missing, malformed or wrong signature | 401 | not called |
/// | an authentic body that is no notification, or a body cut short | 400 | not called |
/// | a notification handled before | 204 | not called |
/// | one that is being handled now | 503 with `Retry-After` | not called |
/// | a replay store that fails | 503 | not called |
/// | a verifier without a usable secret | 500 | not called |
/// | a notification | the inner answer | called |
///
/// The service inside finds an [`Authentic`]`<`[`Notification`]`>` and an
/// [`Arrival`](super::Arrival) in the request's extensions, and the body unchanged.
/// When it answers 2xx, the notification counts as handled; otherwise it is given back, and the
/// sender's repetition reaches the service again.
/// When the connection ends first, the claim lapses after the guard's time.
///
/// Neither bodies nor secrets are ever logged.
pub struct VerifyLayer<G> {
    gate: Arc<Gate<G>>,
}

/// The service made by [`VerifyLayer`].
pub struct VerifyService<G, S> {
    gate: Arc<Gate<G>>,
    inner: S,
}

struct Gate<G> {
    verifier: Verifier,
    guard: Arc<G>,
    clock: Arc<dyn Clock>,
    body_limit: usize,
}

/// An answer of the layer itself.
struct Refusal {
    status: StatusCode,
    text: &'static str,
    header: Option<(header::HeaderName, HeaderValue)>,
}

impl<G: ReplayGuard> VerifyLayer<G> {
    /// A layer that verifies with `verifier` and remembers in `guard`.
    pub fn new(verifier: Verifier, guard: G) -> Self {
        let gate = Gate {
            verifier,
            guard: Arc::new(guard),
            clock: Arc::new(SystemClock::new()),
            body_limit: BODY_LIMIT,
        };
        Self { gate: Arc::new(gate) }
    }

    /// Sets the greatest body in bytes.
    #[must_use]
    pub fn body_limit(self, body_limit: usize) -> Self {
        self.with(|gate| gate.body_limit = body_limit)
    }

    /// Sets the clock from which the replay guard gets its time.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        self.with(|gate| gate.clock = clock)
    }

    fn with(self, change: impl FnOnce(&mut Gate<G>)) -> Self {
        let mut gate = Arc::unwrap_or_clone(self.gate);
        change(&mut gate);
        Self { gate: Arc::new(gate) }
    }
}

impl<G, S> Layer<S> for VerifyLayer<G> {
    type Service = VerifyService<G, S>;

    fn layer(&self, inner: S) -> Self::Service {
        VerifyService { gate: Arc::clone(&self.gate), inner }
    }
}

impl<G, S, B, R> Service<Request<B>> for VerifyService<G, S>
where
    G: ReplayGuard + 'static,
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Body + From<Bytes> + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
    R: From<Bytes> + Send,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let gate = Arc::clone(&self.gate);
        // The clone has not been polled ready, so the polled one takes the call.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        Box::pin(async move {
            match gate.admit(request).await {
                Err(refusal) => Ok(refusal.into_response()),
                Ok((request, claim)) => {
                    let result = inner.call(request).await;
                    let status = result.as_ref().ok().map(Response::status);
                    gate.settle(claim, status).await;
                    result
                }
            }
        })
    }
}

impl<G: ReplayGuard> Gate<G> {
    /// Everything that comes before the service inside.
    async fn admit<B>(&self, request: Request<B>) -> Result<(Request<B>, Claim), Refusal>
    where
        B: Body + From<Bytes>,
        B::Error: Into<BoxError>,
    {
        let (mut parts, body) = request.into_parts();
        if parts.method != Method::POST {
            return Err(Refusal::wrong_method());
        }
        let body = read(body, self.body_limit).await?;
        let notification = self.receive(&parts, &body)?;
        let claim = self.claim(&notification).await?;
        parts.extensions.insert(claim.arrival());
        parts.extensions.insert(notification);
        Ok((Request::from_parts(parts, B::from(body)), claim))
    }

    fn receive(&self, parts: &Parts, body: &[u8]) -> Result<Authentic<Notification>, Refusal> {
        let signature = sole_signature(&parts.headers)?;
        self.verifier.verify_and_parse(body, signature).map_err(|error| match error {
            ReceiveError::Verify(error) if error.is_configuration() => {
                tracing::error!(%error, "notifications cannot be verified");
                Refusal::of(StatusCode::INTERNAL_SERVER_ERROR, "the receiver is not configured")
            }
            ReceiveError::Verify(error) => {
                tracing::debug!(%error, "a notification was refused");
                Refusal::of(StatusCode::UNAUTHORIZED, "the signature is missing or wrong")
            }
            ReceiveError::Read(error) => {
                tracing::warn!(%error, "an authentic notification cannot be read");
                Refusal::of(StatusCode::BAD_REQUEST, "the notification cannot be read")
            }
        })
    }

    async fn claim(&self, notification: &Authentic<Notification>) -> Result<Claim, Refusal> {
        let now = self.clock.now();
        match self.guard.begin(&notification.replay_key(), now).await {
            Ok(Seen::Claimed(claim)) => Ok(claim),
            Ok(Seen::Handled { .. }) => Err(Refusal::of(StatusCode::NO_CONTENT, "")),
            Ok(Seen::InProgress { until }) => {
                let seconds = (until - now).num_seconds().max(1);
                Err(Refusal {
                    status: StatusCode::SERVICE_UNAVAILABLE,
                    text: "the notification is being handled",
                    header: Some((header::RETRY_AFTER, HeaderValue::from(seconds))),
                })
            }
            Err(error) => {
                tracing::error!(%error, "the replay store does not answer");
                Err(Refusal::of(StatusCode::SERVICE_UNAVAILABLE, "try again later"))
            }
        }
    }

    /// Completes the claim after a 2xx and gives it back after anything else.
    ///
    /// A failure here does not change the answer: the work is done or not done already, and an
    /// unsettled claim lapses into a repetition that is marked as such.
    async fn settle(&self, claim: Claim, status: Option<StatusCode>) {
        let key = *claim.key();
        let now = self.clock.now();
        let settled = if status.is_some_and(|status| status.is_success()) {
            self.guard.complete(claim, now).await
        } else {
            self.guard.abandon(claim, now).await
        };
        match settled {
            Ok(Settled::Recorded) => {}
            Ok(Settled::TakenOver) => {
                tracing::warn!(%key, "a notification was taken over while it was being handled");
            }
            Err(error) => tracing::error!(%key, %error, "the result was not remembered"),
        }
    }
}

impl Refusal {
    const fn of(status: StatusCode, text: &'static str) -> Self {
        Self { status, text, header: None }
    }

    const fn wrong_method() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            text: "notifications come by POST",
            header: Some((header::ALLOW, HeaderValue::from_static("POST"))),
        }
    }

    fn into_response<R: From<Bytes>>(self) -> Response<R> {
        let mut response = Response::new(R::from(Bytes::from_static(self.text.as_bytes())));
        *response.status_mut() = self.status;
        if !self.text.is_empty() {
            let plain = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, plain);
        }
        response.headers_mut().extend(self.header);
        response
    }
}

async fn read<B>(body: B, limit: usize) -> Result<Bytes, Refusal>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let too_large = Refusal::of(StatusCode::PAYLOAD_TOO_LARGE, "the notification is too large");
    // A declared length above the limit needs no reading at all.
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(too_large);
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large),
        Err(_) => Err(Refusal::of(StatusCode::BAD_REQUEST, "the notification is cut short")),
    }
}

/// Two signatures leave open which one counts, so they are refused.
fn sole_signature(headers: &HeaderMap) -> Result<Option<&[u8]>, Refusal> {
    let mut values = headers.get_all(SIGNATURE_HEADER).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Refusal::of(StatusCode::UNAUTHORIZED, "the signature is given twice"));
    }
    Ok(first.map(HeaderValue::as_bytes))
}

impl<G> Clone for Gate<G> {
    fn clone(&self) -> Self {
        Self {
            verifier: self.verifier.clone(),
            guard: Arc::clone(&self.guard),
            clock: Arc::clone(&self.clock),
            body_limit: self.body_limit,
        }
    }
}

impl<G> Clone for VerifyLayer<G> {
    fn clone(&self) -> Self {
        Self { gate: Arc::clone(&self.gate) }
    }
}

impl<G, S: Clone> Clone for VerifyService<G, S> {
    fn clone(&self) -> Self {
        Self { gate: Arc::clone(&self.gate), inner: self.inner.clone() }
    }
}

impl<G> fmt::Debug for VerifyLayer<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyLayer")
            .field("verifier", &self.gate.verifier)
            .field("body_limit", &self.gate.body_limit)
            .finish_non_exhaustive()
    }
}

impl<G, S: fmt::Debug> fmt::Debug for VerifyService<G, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyService")
            .field("verifier", &self.gate.verifier)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
