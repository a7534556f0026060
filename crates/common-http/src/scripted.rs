//! A transport for tests that answers from a script and fails loudly when it is left.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use common_core::store::BoxFuture;

use crate::{
    body::{Body, BodyStream},
    transport::{Transport, TransportError, TransportErrorKind},
};

/// One prepared answer.
#[derive(Debug)]
pub struct Step {
    delay: Duration,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Answer(http::Response<Bytes>),
    Fail(TransportErrorKind),
    BreakOff(http::Response<Bytes>),
}

impl Step {
    /// An answer with that status and body.
    ///
    /// # Panics
    ///
    /// When the status is none (100 to 999).
    #[expect(clippy::panic, reason = "a script that cannot be meant stops the test that wrote it")]
    pub fn answer(status: u16, body: impl Into<Bytes>) -> Self {
        let Ok(status) = http::StatusCode::from_u16(status) else { panic!("no status: {status}") };
        let mut response = http::Response::new(body.into());
        *response.status_mut() = status;
        Self { delay: Duration::ZERO, outcome: Outcome::Answer(response) }
    }

    /// No answer.
    pub fn fail(kind: TransportErrorKind) -> Self {
        Self { delay: Duration::ZERO, outcome: Outcome::Fail(kind) }
    }

    /// The answer's connection breaks when its body has been read.
    #[must_use]
    pub fn then_break_off(mut self) -> Self {
        if let Outcome::Answer(response) = self.outcome {
            self.outcome = Outcome::BreakOff(response);
        }
        self
    }

    /// Adds a header to an answer.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        if let Outcome::Answer(response) = &mut self.outcome {
            let value = http::HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
        self
    }

    /// Lets time pass before the step.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// Answers requests in the order of its script and remembers them.
///
/// # Examples
///
/// ```
/// use common_http::scripted::{Scripted, Step};
///
/// let script = Scripted::new([Step::answer(429, "").header("retry-after", "30")]);
/// let transport = script.clone();
/// // ... give `transport` to a client, make calls ...
/// assert!(script.requests().is_empty());
/// ```
#[derive(Clone, Default)]
pub struct Scripted(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    steps: VecDeque<Step>,
    requests: Vec<http::Request<Body>>,
}

impl Scripted {
    /// A transport with that script.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let script = Self::default();
        script.lock().steps.extend(steps);
        script
    }

    /// Adds a step at the end.
    pub fn push(&self, step: Step) {
        self.lock().steps.push_back(step);
    }

    /// The requests that were made, oldest first.
    pub fn requests(&self) -> Vec<http::Request<Body>> {
        self.lock().requests.clone()
    }

    /// How many steps are left.
    pub fn remaining(&self) -> usize {
        self.lock().steps.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Scripted {
    /// # Panics
    ///
    /// When the script has no step left: a request that a test did not expect is an error of the
    /// code under test and must not pass for an answer.
    #[expect(clippy::panic, reason = "an unexpected request must fail the test loudly")]
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        let line = format!("{} {}", request.method(), request.uri());
        let step = {
            let mut state = self.lock();
            state.requests.push(request);
            state.steps.pop_front()
        };
        let Some(step) = step else { panic!("the script has no answer left for {line}") };
        Box::pin(async move {
            if !step.delay.is_zero() {
                tokio::time::sleep(step.delay).await;
            }
            match step.outcome {
                Outcome::Answer(response) => Ok(response.map(BodyStream::whole)),
                Outcome::Fail(kind) => Err(TransportError::new(kind)),
                Outcome::BreakOff(response) => Ok(response.map(|body| {
                    let broken = Err(TransportError::new(TransportErrorKind::Interrupted));
                    BodyStream::stream(futures_util::stream::iter([Ok(body), broken]))
                })),
            }
        })
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted(..)")
    }
}
