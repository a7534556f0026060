//! Answers that are saved as they arrive.

use std::path::Path;

use bytes::Bytes;
use common_core::{effect::ErrorKind, store::BoxFuture};
use common_http::{
    Body, BodyStream, CallOptions, Transport, TransportError,
    scripted::{Scripted, Step},
};
use futures_util::stream;

use crate::support::{Find, Issue, builder, scripted, seconds};

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_complete_answer_appears_under_its_name_and_replaces_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answer.zip");
    std::fs::write(&path, "old").unwrap();
    let (client, _) = scripted([Step::answer(200, "the new content")]);
    let download = client.download(&Find::new(1), CallOptions::new()).await.unwrap();
    assert_eq!(download.parts().status, 200);
    assert_eq!(download.save(&path).await.unwrap(), 15);
    assert_eq!(std::fs::read(&path).unwrap(), b"the new content");
    assert_eq!(files(folder.path()), ["answer.zip"]);
}

#[tokio::test]
async fn an_answer_that_breaks_off_leaves_no_file_and_the_old_one_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answer.zip");
    let broken = || Step::answer(200, "half").header("x-request-id", "r1").then_break_off();
    let (client, _) = scripted([broken(), broken()]);
    let download = client.download(&Find::new(1), CallOptions::new()).await.unwrap();
    let error = download.save(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(!error.may_have_happened());
    assert!(files(folder.path()).is_empty());

    std::fs::write(&path, "old").unwrap();
    let download = client.download(&Find::new(1), CallOptions::new()).await.unwrap();
    assert!(download.save(&path).await.is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(files(folder.path()), ["answer.zip"]);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_an_error_that_tells_what_the_server_did() {
    let folder = tempfile::tempdir().unwrap();
    let (client, _) = scripted([Step::answer(200, "abc"), Step::answer(200, "abc")]);
    let download = client.download(&Issue::new(1), CallOptions::new()).await.unwrap();
    let error = download.save(folder.path().join("missing/answer")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    assert!(error.may_have_happened());

    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    let download = client.download(&Find::new(1), CallOptions::new()).await.unwrap();
    assert!(!download.save(&taken).await.unwrap_err().may_have_happened());
    assert_eq!(files(folder.path()), ["taken"]);
}

#[tokio::test(start_paused = true)]
async fn the_way_to_the_first_byte_is_retried() {
    let (client, script) = scripted([Step::answer(503, ""), Step::answer(200, "abc")]);
    let mut download = client.download(&Find::new(1), CallOptions::new()).await.unwrap();
    assert_eq!(download.chunk().await.unwrap().unwrap(), "abc");
    assert!(download.chunk().await.unwrap().is_none());
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn a_download_may_be_larger_than_the_limit_of_other_answers() {
    let client = builder(Scripted::new([Step::answer(200, "12345")])).body_limit(4).build();
    let mut download = client.download(&Find::new(1), CallOptions::new()).await.unwrap();
    assert_eq!(download.chunk().await.unwrap().unwrap(), "12345");
}

/// Sends one piece and then nothing more, and does not end either.
#[derive(Debug)]
struct Stalled;

impl Transport for Stalled {
    fn send(
        &self,
        _: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        let pieces = stream::unfold(Some(Bytes::from_static(b"abc")), |piece| async move {
            match piece {
                Some(piece) => Some((Ok(piece), None)),
                None => std::future::pending().await,
            }
        });
        Box::pin(async { Ok(http::Response::new(BodyStream::stream(pieces))) })
    }
}

#[tokio::test]
async fn a_save_that_is_dropped_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let client = builder(Stalled).build();
    let download = client.download(&Find::new(1), CallOptions::new()).await.unwrap();
    let saving = tokio::spawn(download.save(folder.path().join("answer")));
    let written = async {
        while files(folder.path()).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(seconds(10), written).await.unwrap();
    saving.abort();
    assert!(saving.await.unwrap_err().is_cancelled());
    assert!(files(folder.path()).is_empty());
}
