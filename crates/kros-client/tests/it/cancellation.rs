//! Every call is dropped at each of its waits: the client goes on working, no place within the
//! limit is lost, and no document comes into being twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use common_core::{
    clock::Tick,
    limit::{Ask, Grant, LimitKey, LimitStore, LocalLimits, Window, Windows},
    store::{BoxFuture, StoreError},
};
use futures_util::TryStreamExt;
use kros_client::{
    Client, Limits, auth, catalog_items,
    consent::{PendingConsent, State, poll_schedule},
    invoices::{Create, Report, ReportKind},
    model::InvoiceId,
};
use sandbox::{Sandbox, fault::Fault};

use crate::support::{
    InProcess, always, assert_expected, beside, dropped_after, invoice, stored, unlimited,
};

/// Local limits that wait before each answer, as a shared store does, and count the places out.
#[derive(Debug, Default)]
struct SlowStore {
    limits: LocalLimits,
    taken: AtomicI64,
}

impl LimitStore for SlowStore {
    fn reserve<'a>(
        &'a self,
        ask: Ask<'a>,
    ) -> BoxFuture<'a, Result<Result<Grant, Duration>, StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let answer = self.limits.reserve(ask).await?;
            self.taken.fetch_add(i64::from(answer.is_ok()), Ordering::Relaxed);
            Ok(answer)
        })
    }

    fn confirm<'a>(
        &'a self,
        key: &'a LimitKey,
        grant: Grant,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.limits.confirm(key, grant).await
        })
    }

    fn penalise<'a>(
        &'a self,
        key: &'a LimitKey,
        now: Tick,
        closed_for: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.limits.penalise(key, now, closed_for)
    }

    fn release(&self, key: &LimitKey, grant: Grant) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
        self.limits.release(key, grant);
    }
}

/// A client whose every call has many waits: for its place, for the service, for the answer.
struct Scene {
    sandbox: Sandbox,
    client: Client,
    transport: InProcess,
    store: Arc<SlowStore>,
}

impl Scene {
    async fn new() -> Self {
        let sandbox = unlimited().await;
        always(&sandbox, Fault::DelayBefore { ms: 20 });
        always(&sandbox, Fault::DelayAfter { ms: 20 });
        always(&sandbox, Fault::SplitWrites { size: 200 });
        let (transport, store) = (InProcess::of(&sandbox), Arc::<SlowStore>::default());
        // One call in ten milliseconds, so that most of them have to wait for their places.
        let windows = Windows::new([Window::new(1, Duration::from_millis(10))]);
        let client = beside(&sandbox)
            .transport(transport.clone())
            .limit_store(Arc::clone(&store) as Arc<dyn LimitStore>)
            .limits(Limits::custom(windows))
            .build()
            .unwrap();
        Self { sandbox, client, transport, store }
    }

    /// Drops the call at its first wait, at its second, and so on until it ends; how many waits
    /// it had.
    async fn drop_everywhere<T>(&self, mut call: impl AsyncFnMut(usize) -> T) -> usize {
        for pauses in 0..10_000 {
            let ended = dropped_after(call(pauses), pauses).await.is_some();
            let (taken, sent) = (self.store.taken.load(Ordering::Relaxed), self.transport.sent());
            assert_eq!(i64::try_from(sent), Ok(taken), "a place is lost after {pauses} waits");
            if ended {
                return pauses;
            }
        }
        panic!("the call never ends");
    }

    /// The end of each test: the client still works, and nothing exists twice.
    async fn assert_well(self, prefix: &str) {
        self.client.send(&auth::Check).await.unwrap();
        self.sandbox.kros().settle().await;
        let mut stored = stored(&self.sandbox);
        stored.retain(|id| id.starts_with(prefix));
        let count = stored.len();
        stored.dedup();
        assert_eq!(stored.len(), count, "a document exists twice");
        assert_expected(&self.sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_may_be_dropped_anywhere() {
    let scene = Scene::new().await;
    let list = catalog_items::List::new().top(5);
    let waits = scene
        .drop_everywhere(async |_| assert_eq!(scene.client.send(&list).await.unwrap().len(), 5))
        .await;
    assert!(waits >= 8, "{waits}");
    scene.assert_well("").await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_pages_may_be_dropped_anywhere() {
    let scene = Scene::new().await;
    let waits = scene
        .drop_everywhere(async |_| {
            let items = scene.client.items(catalog_items::List::new().top(100));
            let items: Vec<_> = items.try_collect().await.unwrap();
            assert_eq!(items.len(), 120);
        })
        .await;
    assert!(waits >= 16, "{waits}");
    scene.assert_well("").await;
}

#[tokio::test(start_paused = true)]
async fn a_creation_may_be_dropped_anywhere_and_happens_at_most_once() {
    let scene = Scene::new().await;
    let waits = scene
        .drop_everywhere(async |pauses| {
            let creation = Create::new(&invoice(&format!("c-{pauses}"))).unwrap();
            scene.client.send(&creation).await.unwrap();
        })
        .await;
    scene.sandbox.kros().settle().await;
    let documents = stored(&scene.sandbox).len();
    // Dropped early it never reached the service, dropped late it was processed all the same.
    assert!(waits >= 8 && 2 <= documents && documents <= waits, "{documents} of {waits}");
    scene.assert_well("c-").await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_may_be_dropped_anywhere_and_sends_each_document_at_most_once() {
    let scene = Scene::new().await;
    let waits = scene
        .drop_everywhere(async |pauses| {
            let documents = crate::support::invoices(&format!("b-{pauses}"), 3);
            let options = kros_client::batch::BatchOptions::new().size(2);
            let mut batch = scene.client.batch_with(documents, options);
            while batch.step().await.is_some() {}
            assert!(batch.report().is_complete());
        })
        .await;
    assert!(waits >= 16, "{waits}");
    scene.assert_well("b-").await;
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_consent_may_be_dropped_anywhere() {
    let scene = Scene::new().await;
    let pending = PendingConsent::new(scene.client.clone(), State::from_random([3; 32]));
    let schedule = poll_schedule().within(Duration::from_secs(10));
    let waits = scene
        .drop_everywhere(async |_| assert!(pending.wait(&schedule).await.unwrap().is_none()))
        .await;
    assert!(waits >= 16, "{waits}");
    scene.assert_well("").await;
}

#[tokio::test(start_paused = true)]
async fn a_download_may_be_dropped_anywhere_and_its_file_is_whole_or_absent() {
    let scene = Scene::new().await;
    scene.client.send(&Create::new(&invoice("d")).unwrap()).await.unwrap();
    scene.sandbox.kros().settle().await;
    let id = scene.sandbox.kros().documents()[0].id;
    let report = Report::new(InvoiceId(i64::try_from(id).unwrap()), ReportKind::Colour);
    let whole = scene.client.send(&report).await.unwrap().into_bytes();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("invoice.pdf");
    let waits = scene
        .drop_everywhere(async |pauses| {
            if let Ok(left) = std::fs::read(&path) {
                assert_eq!(left, whole, "half a file is left before wait {pauses}");
                std::fs::remove_file(&path).unwrap();
            }
            scene.client.download(&report).await.unwrap().save(&path).await.unwrap()
        })
        .await;
    assert!(waits >= 8, "{waits}");
    assert_eq!(std::fs::read(&path).unwrap(), whole);
    scene.assert_well("d").await;
}
