//! Pages and items as streams, and polling over calls.

use bytes::Bytes;
use common_core::{
    effect::{Effect, ErrorKind},
    poll::PollSchedule,
};
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Paged, Parts, Polled,
    RequestBuilder, decode_json, poll_until,
    scripted::{Scripted, Step},
};
use futures_util::{StreamExt, TryStreamExt};
use http::Method;
use tokio::time::Instant;

use crate::support::{Find, Toy, scripted, seconds};

#[derive(Clone, Debug, PartialEq)]
struct List {
    skip: u32,
}

#[derive(Debug, serde::Deserialize)]
struct Page {
    things: Vec<u32>,
    more: bool,
}

impl Endpoint for List {
    type Api = Toy;
    type Response = Page;

    const INFO: Info = Info {
        name: "things.list",
        method: Method::GET,
        path: "/things",
        effect: Effect::Read,
        auth: Auth::None,
        limit: "",
        section: "none",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).query("skip", self.skip).finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<Page, DecodeError> {
        decode_json(body)
    }
}

impl Paged for List {
    type Item = u32;

    fn items(page: Page) -> Vec<u32> {
        page.things
    }

    fn next(&self, page: &Page) -> Option<Self> {
        let passed = u32::try_from(page.things.len()).unwrap();
        page.more.then_some(Self { skip: self.skip + passed })
    }
}

fn page(things: &[u32], more: &str) -> Step {
    Step::answer(200, format!(r#"{{"things":{things:?},"more":{more}}}"#))
}

fn queries(script: &Scripted) -> Vec<String> {
    let requests = script.requests();
    requests.iter().map(|request| request.uri().query().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn items_come_in_the_servers_order_over_all_pages() {
    let pages = [page(&[3, 1], "true"), page(&[], "true"), page(&[2], "false")];
    let (client, script) = scripted(pages);
    let items: Vec<u32> = client.items(List { skip: 0 }).try_collect().await.unwrap();
    assert_eq!(items, [3, 1, 2]);
    assert_eq!(queries(&script), ["skip=0", "skip=2", "skip=2"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_no_item_and_one_page() {
    let (client, _) = scripted([page(&[], "false"), page(&[], "false")]);
    assert_eq!(client.items(List { skip: 0 }).count().await, 0);
    assert_eq!(client.pages(List { skip: 0 }).count().await, 1);
}

#[tokio::test(start_paused = true)]
async fn pages_are_asked_for_only_when_wanted_and_can_be_gone_on_with() {
    let (client, script) = scripted([page(&[1, 2], "true"), page(&[3], "false")]);
    let mut pages = Box::pin(client.pages(List { skip: 0 }));
    assert!(script.requests().is_empty());
    let (first, next) = pages.next().await.unwrap().unwrap();
    drop(pages);
    assert_eq!((first.things.as_slice(), script.remaining()), (&[1, 2][..], 1));

    let rest: Vec<u32> = client.items(next.unwrap()).try_collect().await.unwrap();
    assert_eq!(rest, [3]);
    assert_eq!(queries(&script), ["skip=0", "skip=2"]);
}

#[tokio::test(start_paused = true)]
async fn an_error_ends_the_stream_and_keeps_what_came_before() {
    let (client, script) = scripted([page(&[1, 2], "true"), Step::answer(404, "gone")]);
    let mut items = Box::pin(client.items(List { skip: 0 }));
    assert_eq!(items.next().await.unwrap().unwrap(), 1);
    assert_eq!(items.next().await.unwrap().unwrap(), 2);
    assert_eq!(items.next().await.unwrap().unwrap_err().kind(), ErrorKind::NotFound);
    assert!(items.next().await.is_none());
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn polling_asks_until_the_operation_has_ended() {
    let (client, script) =
        scripted([1, 2, 7].map(|state: u32| Step::answer(200, state.to_string())));
    let schedule = PollSchedule::new(seconds(1), seconds(4));
    let start = Instant::now();
    let ended = poll_until(client.clock(), &schedule, || async {
        let asked = client.send(&Find::new("job")).await?;
        let pending = Polled::Pending((asked == 2).then_some(seconds(9)));
        Ok::<_, common_http::Error>(if asked == 7 { Polled::Ended(asked) } else { pending })
    });
    assert_eq!(ended.await.unwrap(), Some(7));
    assert_eq!(start.elapsed(), seconds(1 + 9));
    assert_eq!(script.remaining(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failed_poll_ends_the_polling_and_time_may_run_out() {
    let (client, _) = scripted([Step::answer(200, "1"), Step::answer(410, "")]);
    let schedule = PollSchedule::new(seconds(1), seconds(1));
    let poll =
        || async { client.send(&Find::new("job")).await.map(|_| Polled::<()>::Pending(None)) };
    let error = poll_until(client.clock(), &schedule, poll).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Gone);

    let (client, script) = scripted((0..9).map(|_| Step::answer(200, "1")));
    let poll =
        || async { client.send(&Find::new("job")).await.map(|_| Polled::<()>::Pending(None)) };
    let ended = poll_until(client.clock(), &schedule.within(seconds(3)), poll).await;
    assert_eq!((ended.unwrap(), script.requests().len()), (None, 4));
}
