//! The order of the steps of a call.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use common_core::{
    limit::{Ask, Grant, LimitKey, LimitStore, LocalLimits, Windows},
    secret::SecretString,
    store::{BoxFuture, StoreError},
};
use common_http::{
    Api, Authorise, BaseUrl, Body, BodyStream, BuildError, Client, CredentialsError, DecodeError,
    Endpoint, Info, Parts, ProblemContext, Transport, TransportError, UsedToken,
    scripted::{Scripted, Step},
};
use futures_util::stream;

use crate::support::{Find, base, ok};

/// What happened, in order; shared by everything that takes part in a call.
#[derive(Clone, Debug, Default)]
struct Diary(Arc<Mutex<Vec<&'static str>>>);

impl Diary {
    fn note(&self, step: &'static str) {
        self.0.lock().unwrap().push(step);
    }
}

/// A part of the client that writes its turns down.
#[derive(Debug)]
struct Noted<T>(Diary, T);

impl LimitStore for Noted<LocalLimits> {
    fn reserve<'a>(
        &'a self,
        ask: Ask<'a>,
    ) -> BoxFuture<'a, Result<Result<Grant, std::time::Duration>, StoreError>> {
        self.0.note("reserve");
        self.1.reserve(ask)
    }

    fn confirm<'a>(
        &'a self,
        key: &'a LimitKey,
        grant: Grant,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.0.note("confirm");
        self.1.confirm(key, grant)
    }

    fn penalise<'a>(
        &'a self,
        key: &'a LimitKey,
        now: common_core::clock::Tick,
        closed_for: std::time::Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.note("penalise");
        self.1.penalise(key, now, closed_for)
    }

    fn release(&self, key: &LimitKey, grant: Grant) {
        self.0.note("release");
        self.1.release(key, grant);
    }
}

impl Authorise for Noted<()> {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        self.0.note("credentials");
        Box::pin(async { UsedToken::bearer(&SecretString::from("token"), 0).map(Some) })
    }

    fn refused<'a>(&'a self, _: &'a UsedToken) -> BoxFuture<'a, bool> {
        self.0.note("refused");
        Box::pin(async { true })
    }
}

impl Transport for Noted<Scripted> {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        self.0.note("send");
        let diary = self.0.clone();
        Box::pin(async move {
            let answer = self.1.send(request).await?;
            Ok(answer.map(|body| {
                BodyStream::stream(stream::unfold(body, move |mut body| {
                    diary.note("read");
                    async move { body.next().await.map(|piece| (piece, body)) }
                }))
            }))
        })
    }
}

/// The diary of the one test of this file, since reading an answer has no `self` to keep one in.
static READING: Mutex<Option<Diary>> = Mutex::new(None);

fn note_reading(step: &'static str) {
    if let Some(diary) = READING.lock().unwrap().as_ref() {
        diary.note(step);
    }
}

struct DiaryApi;

impl Api for DiaryApi {
    const NAME: &'static str = "diary";

    fn problem(_: &Parts, _: &Bytes) -> ProblemContext {
        note_reading("problem");
        ProblemContext::default()
    }
}

struct Entry(Diary);

impl Endpoint for Entry {
    type Api = DiaryApi;
    type Response = ();

    const INFO: Info = <Find as Endpoint>::INFO;

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        self.0.note("build");
        Find::new(1).request(base)
    }

    fn response(_: &Parts, _: &Bytes) -> Result<(), DecodeError> {
        note_reading("decode");
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_the_same_way_each_time() {
    let diary = Diary::default();
    *READING.lock().unwrap() = Some(diary.clone());
    let script = Scripted::new([Step::answer(401, "a"), Step::answer(429, "b"), ok()]);
    let client = Client::<DiaryApi>::builder(base(), Noted(diary.clone(), script))
        .authorise(Noted(diary.clone(), ()))
        .limits(Arc::new(Noted(diary.clone(), LocalLimits::new())))
        .limit("a", "reads", Windows::unlimited())
        .build();
    client.send(&Entry(diary.clone())).await.unwrap();

    // The place is the last thing that is taken, since it holds for its moment.
    let out = ["build", "credentials", "reserve", "confirm", "send", "read", "read"];
    let expected =
        [&out[..], &["problem", "refused"], &out, &["problem", "penalise"], &out, &["decode"]];
    assert_eq!(*diary.0.lock().unwrap(), expected.concat());
}
