//! The one send loop.

mod admission;

use std::time::Duration;

use bytes::Bytes;
use common_core::{
    clock::Tick,
    effect::{ErrorKind, Phase},
    limit::LimitKey,
    retry::{Attempt, Decision, Failure},
};
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    api::{Api, Problem, ProblemContext},
    authorise::UsedToken,
    body::{Body, BodyStream},
    client::{CallOptions, Client, Inner},
    endpoint::{Auth, Endpoint, Info, Parts},
    error::{BuildError, Error},
    header,
    transport::{TransportError, TransportErrorKind},
};

/// Bodies of errors are read up to this size; what is longer is not looked at.
const PROBLEM_LIMIT: u64 = 1024 * 1024;

/// The longest try; keeps a timeout that means "never" inside what the timer can count.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Credentials that were asked for so long ago may have ended by now.
const FRESH: Duration = Duration::from_secs(30);

/// How long a limit stays closed after a 429 that does not say.
const PENALTY: Duration = Duration::from_secs(1);

/// The slowest connection that a large body is sent over, in bytes per second.
const SLOWEST: u64 = 16 * 1024;

impl<A: Api> Client<A> {
    /// Makes a call.
    pub async fn send<E: Endpoint<Api = A>>(&self, endpoint: &E) -> Result<E::Response, Error> {
        self.send_with(endpoint, CallOptions::new()).await
    }

    /// Makes a call with settings of its own.
    pub async fn send_with<E: Endpoint<Api = A>>(
        &self,
        endpoint: &E,
        options: CallOptions,
    ) -> Result<E::Response, Error> {
        let (info, build) = (E::INFO, || endpoint.request(&self.inner.base));
        let call = Call::new::<E>(&self.inner, &info, &build, options, Read::Whole);
        let Success { parts, body, attempts } = call.run().await?;
        let body = body.collect(u64::MAX).await.unwrap_or_default();
        E::response(&parts, &body).map_err(|error| {
            Error::new(A::NAME, &info, ErrorKind::Decode, Phase::Answered)
                .because(error)
                .with_request_id(header::request_id(&parts.headers))
                .after(attempts, false)
        })
    }

    /// Makes a call and gives the answer's body as it arrives; for downloads of any size.
    pub(crate) async fn open<E: Endpoint<Api = A>>(
        &self,
        endpoint: &E,
        options: CallOptions,
    ) -> Result<Success, Error> {
        let (info, build) = (E::INFO, || endpoint.request(&self.inner.base));
        Call::new::<E>(&self.inner, &info, &build, options, Read::AsItArrives).run().await
    }
}

/// Whether a successful answer is read inside the call or handed over unread.
#[derive(Clone, Copy, PartialEq)]
enum Read {
    Whole,
    AsItArrives,
}

type Answer = (Parts, BodyStream);

/// A successful answer, and how many tries it took.
pub(crate) struct Success {
    pub(crate) parts: Parts,
    pub(crate) body: BodyStream,
    pub(crate) attempts: u32,
}

/// One call on its way through its tries; not generic, so that it exists once in a program.
struct Call<'a> {
    inner: &'a Inner,
    api: &'static str,
    problem: fn(&Parts, &Bytes) -> ProblemContext,
    kind: fn(u16, &ProblemContext) -> ErrorKind,
    info: &'a Info,
    build: &'a (dyn Fn() -> Result<http::Request<Body>, BuildError> + Sync),
    options: CallOptions,
    read: Read,
    deadline: Option<Tick>,
}

impl<'a> Call<'a> {
    fn new<E: Endpoint>(
        inner: &'a Inner,
        info: &'a Info,
        build: &'a (dyn Fn() -> Result<http::Request<Body>, BuildError> + Sync),
        options: CallOptions,
        read: Read,
    ) -> Self {
        let deadline = options.deadline.map(|deadline| inner.clock.tick() + deadline);
        let (api, problem, kind) = (E::Api::NAME, E::Api::problem, E::kind);
        Self { inner, api, problem, kind, info, build, options, read, deadline }
    }

    async fn run(&self) -> Result<Success, Error> {
        let retry = self.options.retry.unwrap_or(self.inner.retry);
        let (mut attempts, mut may_have_happened, mut renewed) = (0, false, false);
        loop {
            attempts += 1;
            let failed = match self.attempt(attempts).await {
                Ok((parts, body)) => return Ok(Success { parts, body, attempts }),
                Err(failed) => failed,
            };
            may_have_happened |= failed.error.may_have_happened();
            // New credentials do not count as a retry: the server did not process the request.
            if let (Some(used), false) = (&failed.refused, renewed) {
                renewed = true;
                if self.inner.authorise.refused(used).await {
                    continue;
                }
            }
            let error = failed.error;
            let attempt = Attempt {
                number: attempts - u32::from(renewed),
                effect: self.info.effect,
                remaining: self.remaining(),
                jitter: self.inner.jitter(),
            };
            let failure = Failure {
                kind: error.kind(),
                phase: error.phase(),
                retry_after: error.retry_after(),
            };
            match retry.decide(&attempt, &failure) {
                Decision::Again(wait) if self.waits_out(&failure, wait) => {
                    tokio::time::sleep(wait).await;
                }
                _ => return Err(error.after(attempts, may_have_happened)),
            }
        }
    }

    async fn attempt(&self, number: u32) -> Result<Answer, Failed> {
        let mut request = (self.build)()
            .map_err(|error| self.error(ErrorKind::Input, Phase::NotSent).because(error))?;
        if let Body::File(part) = request.body() {
            let there = part.check().await;
            there.map_err(|error| self.error(ErrorKind::File, Phase::NotSent).because(error))?;
        }
        let used = self.prepare(&mut request).await?;
        let timeout = self.timeout(request.body())?;
        let started = self.inner.clock.tick();
        let outcome = self.exchange(request, timeout).await;
        self.trace(number, self.inner.clock.tick().since(started), &outcome);
        let (parts, body) = outcome.map_err(|error| self.transport_error(error))?;
        if parts.status.is_success() {
            return Ok((parts, body));
        }
        Err(self.refusal(&parts, body, used).await)
    }

    /// Sends, and reads the body as far as the call wants it read here.
    async fn exchange(
        &self,
        request: http::Request<Body>,
        timeout: Duration,
    ) -> Result<Answer, TransportError> {
        let late = |_| TransportError::new(TransportErrorKind::Timeout);
        let end = Instant::now() + timeout.min(LONGEST);
        let answer = timeout_at(end, self.inner.transport.send(request)).await.map_err(late)??;
        let (parts, body) = answer.into_parts();
        if parts.status.is_success() && self.read == Read::AsItArrives {
            return Ok((parts, body));
        }
        if parts.status.is_success() {
            let whole = timeout_at(end, body.collect(self.inner.body_limit));
            return Ok((parts, BodyStream::whole(whole.await.map_err(late)??)));
        }
        // The status alone decides: an error's body that is too long, too slow or breaks off says
        // less, that is all.
        let limit = PROBLEM_LIMIT.min(self.inner.body_limit);
        let whole = timeout_at(end, body.collect(limit)).await.map_err(late).flatten();
        Ok((parts, BodyStream::whole(whole.unwrap_or_default())))
    }

    /// What comes before the first byte leaves: the credentials and a place within the limit.
    ///
    /// A place holds for its moment, and a login may take long, also that of another process: so
    /// the credentials are there before the place is taken, and are asked for once more only after
    /// a wait that they may not have outlasted.
    async fn prepare(&self, request: &mut http::Request<Body>) -> Result<Option<UsedToken>, Error> {
        let prepared = async {
            let used = self.authorise(request).await?;
            let asked = self.inner.clock.tick();
            self.admission().await?;
            if self.inner.clock.tick().since(asked) < FRESH {
                return Ok(used);
            }
            self.authorise(request).await
        };
        match self.remaining() {
            None => prepared.await,
            Some(remaining) => timeout(remaining, prepared)
                .await
                .unwrap_or_else(|_| Err(self.error(ErrorKind::Deadline, Phase::NotSent))),
        }
    }

    async fn authorise(
        &self,
        request: &mut http::Request<Body>,
    ) -> Result<Option<UsedToken>, Error> {
        if self.info.auth == Auth::None {
            return Ok(None);
        }
        let credentials =
            self.inner.authorise.credentials().await.map_err(|error| {
                self.error(ErrorKind::Credentials, Phase::NotSent).because(error)
            })?;
        if let Some(used) = &credentials {
            let (name, value) = used.header();
            request.headers_mut().insert(name, value);
        }
        Ok(credentials)
    }

    /// How long a try may take; a large body has time of its own, since nobody knows beforehand
    /// over what connection it will go.
    fn timeout(&self, body: &Body) -> Result<Duration, Error> {
        let timeout = self.options.timeout.unwrap_or(self.inner.timeout);
        let timeout = timeout.saturating_add(Duration::from_secs(body.len() / SLOWEST));
        match self.remaining() {
            Some(Duration::ZERO) => Err(self.error(ErrorKind::Deadline, Phase::NotSent)),
            Some(remaining) => Ok(timeout.min(remaining)),
            None => Ok(timeout),
        }
    }

    /// Time left until the deadline.
    fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.since(self.inner.clock.tick()))
    }

    async fn refusal(&self, parts: &Parts, body: BodyStream, used: Option<UsedToken>) -> Failed {
        let body = body.collect(PROBLEM_LIMIT).await.unwrap_or_default();
        let status = parts.status.as_u16();
        let context = (self.problem)(parts, &body);
        let kind = (self.kind)(status, &context);
        let retry_after = header::retry_after(&parts.headers, self.inner.clock.now());
        if kind == ErrorKind::TooManyRequests {
            self.penalise(retry_after.unwrap_or(PENALTY)).await;
        }
        let problem: Problem = context.with_status(status);
        let error = self
            .error(kind, Phase::Answered)
            .with_problem(problem)
            .with_retry_after(retry_after)
            .with_request_id(header::request_id(&parts.headers));
        Failed { error, refused: used.filter(|_| kind == ErrorKind::Unauthorized) }
    }

    async fn penalise(&self, closed_for: Duration) {
        let Some(group) = self.group() else { return };
        let key: &LimitKey = &group.key;
        let now = self.inner.clock.tick();
        // A store that cannot take the penalty costs another 429 and nothing else.
        if let Err(error) = self.inner.limits.penalise(key, now, closed_for).await {
            tracing::warn!(api = self.api, %error, "the limit store did not take a penalty");
        }
    }

    fn transport_error(&self, error: TransportError) -> Error {
        let made = self.error(error.error_kind(), error.phase());
        made.maybe_because(error.into_source())
    }

    fn error(&self, kind: ErrorKind, phase: Phase) -> Error {
        Error::new(self.api, self.info, kind, phase)
    }

    /// The only place that logs a call, and all that is ever logged of it.
    fn trace(&self, attempt: u32, took: Duration, outcome: &Result<Answer, TransportError>) {
        let (status, request_id, error) = match outcome {
            Ok((parts, _)) => {
                (Some(parts.status.as_u16()), header::request_id(&parts.headers), None)
            }
            Err(error) => (None, None, Some(error.error_kind().describe())),
        };
        tracing::debug!(
            api = self.api,
            method = self.info.method.as_str(),
            path = self.info.path,
            attempt,
            status,
            request_id,
            error,
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "call"
        );
    }
}

/// A try that failed, and the credentials that the server refused, if that is why.
struct Failed {
    error: Error,
    refused: Option<UsedToken>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, refused: None }
    }
}
