//! Asking the service until the owner has decided.

use bytes::Bytes;
use common_core::{effect::Effect, poll::PollSchedule};
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, Polled, RequestBuilder,
    decode_json, poll_until,
};
use http::Method;

use super::{PollAnswer, PollRequest, State};
use crate::{
    api::{Kros, LIMIT},
    client::Client,
    error::Error,
};

/// `POST /integration-subscription/poll`: asks once, without a bearer token (KROS facts §1).
///
/// Asking changes nothing; the service keeps an approved consent's tokens for 15 minutes.
#[derive(Clone, Debug)]
pub struct Poll(pub PollRequest);

impl Endpoint for Poll {
    type Api = Kros;
    type Response = PollAnswer;

    const INFO: Info = Info {
        name: "consent.poll",
        method: Method::POST,
        path: "/integration-subscription/poll",
        effect: Effect::Read,
        auth: Auth::None,
        limit: LIMIT,
        section: "KROS facts §1, consent flow",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).json(&self.0)?.finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<PollAnswer, DecodeError> {
        decode_json(body)
    }
}

/// A consent that the owner has not decided on yet.
///
/// The [`State`] is all there is to it: keep it, and another process can go on asking.
#[derive(Clone, Debug)]
pub struct PendingConsent {
    client: Client,
    state: State,
}

impl PendingConsent {
    /// The consent that was asked for with `state`. The client needs no token.
    pub fn new(client: Client, state: State) -> Self {
        Self { client, state }
    }

    /// What the consent is known by.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Asks once.
    pub async fn poll_once(&self) -> Result<PollAnswer, Error> {
        self.client.send(&Poll(PollRequest::new(self.state.clone()))).await
    }

    /// Asks until the answer is final; `None` when the schedule's time is up first.
    ///
    /// [`poll_schedule`](super::poll_schedule) fits the service.
    pub async fn wait(&self, schedule: &PollSchedule) -> Result<Option<PollAnswer>, Error> {
        poll_until(self.client.clock(), schedule, || async {
            let answer = self.poll_once().await?;
            Ok(if answer.is_final() { Polled::Ended(answer) } else { Polled::Pending(None) })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::{post, read, shown};

    #[test]
    fn a_poll_carries_the_state_and_nothing_else() {
        let state = State::from_random([7; 32]);
        let body = format!("{{\"state\":\"{}\"}}", state.expose_text());
        let poll = Poll(PollRequest::new(state));
        assert_eq!(shown(&poll), post("/integration-subscription/poll", &body));
        assert_eq!(Poll::INFO.auth, Auth::None);
    }

    #[test]
    fn an_answer_is_read_and_an_unreadable_one_is_not_quoted() {
        let pending = read::<Poll>(r#"{"data":{"status":"Pending","new":1}}"#).unwrap();
        assert!(matches!(pending, PollAnswer::Pending));
        let body = r#"{"data":{"status":"Approved","companies":[{"token":"canary-token"}]}}"#;
        let error = read::<Poll>(body).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}
