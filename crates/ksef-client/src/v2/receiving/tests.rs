//! Invoices, metadata and packages on a script.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::TimeDelta;
use common_core::poll::PollSchedule;
use common_http::scripted::Step;
use futures_util::TryStreamExt;
use ksef_crypto::{
    link::InvoiceHash,
    package::{ArchiveFormat, Entry, MemoryParts, PackLimits, Packer, PartLimit, Summary},
    seal::SessionKey,
};
use serde_json::{Value, json};

use super::*;
use crate::v2::{
    ErrorKind, Recovery,
    client::testing::{EXPORT, KSEF_NUMBER, account, bearer, lines, public_keys, reference, sent},
    wire::{
        InvoiceQueryDateRange, InvoiceQueryDateType, InvoiceQueryFilters, InvoiceQuerySubjectType,
    },
};

fn filters(from: &str, to: Option<&str>) -> InvoiceQueryFilters {
    let from = from.parse().unwrap();
    let kind = InvoiceQueryDateType::PermanentStorage;
    let mut range = InvoiceQueryDateRange::new(kind, from);
    range.to = to.map(|to| to.parse().unwrap());
    InvoiceQueryFilters::new(range, InvoiceQuerySubjectType::Subject2)
}

fn row(number: &str, second: u32) -> Value {
    let date = format!("2026-01-01T00:00:{second:02}Z");
    json!({"ksefNumber": number, "permanentStorageDate": date, "netAmount": 1.10})
}

fn page(rows: &[Value], more: bool, cut: bool) -> Step {
    let body = json!({
        "hasMore": more, "isTruncated": cut, "invoices": rows,
        "permanentStorageHwmDate": "2026-01-02T00:00:00Z"
    });
    Step::answer(200, body.to_string())
}

fn numbers(page: &MetadataPage) -> Vec<&str> {
    page.invoices.iter().map(|row| row.ksef_number.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_invoice_comes_with_its_hash_checked() {
    let hash = Box::leak(InvoiceHash::of(b"<F/>").base64().into_boxed_str());
    let not_yet = json!({"errors": [{"code": 21165, "description": "x"}]}).to_string();
    let (account, _) = account([
        Step::answer(200, "<F/>").header("x-ms-meta-hash", hash),
        Step::answer(200, "<G/>").header("x-ms-meta-hash", hash),
        Step::answer(400, not_yet),
    ])
    .await;
    let number = KSEF_NUMBER.parse().unwrap();
    assert!(account.invoice(&number).await.unwrap().is_checked());
    assert_eq!(account.invoice(&number).await.unwrap_err().kind(), ErrorKind::Unreadable);
    let error = account.invoice(&number).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::NotYet, true));
}

#[tokio::test(start_paused = true)]
async fn queries_that_overlap_give_each_invoice_once_and_a_cut_one_goes_on() {
    let (account, script) = account([
        page(&[row("A", 1), row("B", 2)], true, false),
        page(&[row("C", 3)], true, true),
        page(&[row("C", 3), row("D", 3)], false, false),
    ])
    .await;
    let range = filters("2026-01-01T00:00:00Z", Some("2026-01-05T00:00:00Z"));
    let mut metadata = account.metadata(range);
    let first = metadata.next_page().await.unwrap().unwrap();
    assert_eq!(numbers(&first), ["A", "B"]);
    assert_eq!(metadata.checkpoint().unwrap().to_rfc3339(), "2026-01-01T00:00:02+00:00");
    let second = metadata.next_page().await.unwrap().unwrap();
    assert_eq!((numbers(&second), second.is_truncated), (vec!["C"], true));
    let third = metadata.next_page().await.unwrap().unwrap();
    assert_eq!(numbers(&third), ["D"]);
    assert_eq!(metadata.next_page().await.unwrap(), None);
    assert_eq!(metadata.checkpoint(), metadata.high_water_mark());
    let lines = lines(&script);
    assert!(lines[1].contains("pageOffset=1&") && lines[2].contains("pageOffset=0&"));
    assert_eq!(sent(&script, 2)["dateRange"]["from"], "2026-01-01T00:00:02.999Z");
    assert_eq!(sent(&script, 2)["dateRange"]["to"], "2026-01-05T00:00:00Z");
}

/// `B` and `C` were stored at the same moment and change places between two pages.
#[tokio::test(start_paused = true)]
async fn a_row_that_was_passed_over_while_rows_changed_places_is_found() {
    let (account, script) = account([
        page(&[row("A", 1), row("B", 2)], true, false),
        page(&[row("B", 2), row("D", 3)], true, false),
        page(&[row("C", 2), row("B", 2)], true, false),
        page(&[row("D", 3)], false, false),
    ])
    .await;
    let mut metadata =
        account.metadata(filters("2026-01-01T00:00:00Z", Some("2026-01-05T00:00:00Z")));
    let mut told = Vec::new();
    while let Some(page) = metadata.next_page().await.unwrap() {
        let checkpoint = metadata.checkpoint().unwrap();
        let second = if metadata.is_done() { 0 } else { checkpoint.timestamp() % 60 };
        told.push((numbers(&page).concat(), second));
    }
    // Nobody may go on behind `C` before it has come.
    let expected = [("AB", 2), ("D", 1), ("C", 2), ("", 0)];
    assert_eq!(told, expected.map(|(rows, second)| (rows.to_owned(), second)));
    assert_eq!(sent(&script, 2)["dateRange"]["from"], "2026-01-01T00:00:01.999Z");
}

#[tokio::test(start_paused = true)]
async fn a_long_range_is_asked_for_in_windows_of_a_hundred_days() {
    let empty = || page(&[], false, false);
    let (account, script) = account([empty(), page(&[row("A", 1)], false, false), empty()]).await;
    let range = filters("2025-06-01T00:00:00Z", Some("2026-01-01T00:00:00Z"));
    let rows: Vec<_> = account.metadata(range).into_stream().try_collect().await.unwrap();
    assert_eq!(rows.len(), 1);
    let ranges: Vec<_> = (0..3)
        .map(|at| {
            let range = &sent(&script, at)["dateRange"];
            [&range["from"], &range["to"]].map(|end| end.as_str().unwrap()[..10].to_owned())
        })
        .collect();
    let expected =
        [["2025-06-01", "2025-09-09"], ["2025-09-09", "2025-12-18"], ["2025-12-18", "2026-01-01"]];
    assert_eq!(ranges, expected);
}

#[tokio::test(start_paused = true)]
async fn a_range_without_an_end_reaches_to_now() {
    let (account, script) = account([page(&[], false, false), page(&[], false, false)]).await;
    let from = account.clock().now() - TimeDelta::days(150);
    let range = filters(&from.to_rfc3339(), None);
    let rows: Vec<_> = account.metadata(range).into_stream().try_collect().await.unwrap();
    assert_eq!(rows, []);
    assert!(sent(&script, 0)["dateRange"].get("to").is_some());
    assert!(sent(&script, 1)["dateRange"].get("to").is_none());
}

#[tokio::test(start_paused = true)]
async fn more_invoices_of_one_moment_than_a_query_gives_are_an_error_and_no_loop() {
    let (account, _) = account([page(&[row("A", 0), row("B", 0)], true, true)]).await;
    let mut metadata = account.metadata(filters("2026-01-01T00:00:00Z", None));
    let error = metadata.next_page().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitReached);
}

/// A page without rows whose high water mark is that one.
fn empty_up_to(mark: &str) -> Step {
    let body = json!({
        "hasMore": false, "isTruncated": false, "invoices": [], "permanentStorageHwmDate": mark
    });
    Step::answer(200, body.to_string())
}

/// Where a later query has to begin after that one was read to its end, and how many requests it
/// took.
async fn continued(filters: InvoiceQueryFilters, pages: Vec<Step>) -> (Option<String>, usize) {
    let (account, script) = account(pages).await;
    let mut metadata = account.metadata(filters);
    while metadata.next_page().await.unwrap().is_some() {}
    let checkpoint = metadata.checkpoint().map(|time| time.to_rfc3339()[..10].to_owned());
    (checkpoint, script.requests().len())
}

#[tokio::test(start_paused = true)]
async fn a_query_is_never_continued_behind_what_it_has_seen_complete() {
    let pages = |marks: &[&str]| marks.iter().map(|mark| empty_up_to(mark)).collect::<Vec<_>>();
    let day = |text: &str| Some(text.to_owned());
    let range = || filters("2026-01-01T00:00:00Z", Some("2026-01-05T00:00:00Z"));
    // An end before the mark: what was stored between them was not asked for.
    let found = continued(range(), pages(&["2026-01-09T00:00:00Z"])).await;
    assert_eq!(found, (day("2026-01-05"), 1));

    // The mark lags behind the end of a window and has moved on when the next one is asked for.
    let long = |restricted: bool| {
        let mut filters = filters("2025-06-01T00:00:00Z", Some("2025-12-01T00:00:00Z"));
        filters.date_range.restrict_to_permanent_storage_hwm_date = restricted.then_some(true);
        filters
    };
    let marks = ["2025-09-01T00:00:00Z", "2025-12-20T00:00:00Z"];
    assert_eq!(continued(long(false), pages(&marks)).await, (day("2025-09-01"), 2));
    // Restricted to the mark there is nothing behind it, and asking would be refused (21183).
    assert_eq!(continued(long(true), pages(&marks)).await, (day("2025-09-01"), 1));

    // The mark is about the date of storage and says nothing of others.
    let mut issued = range();
    issued.date_range.date_type = InvoiceQueryDateType::Issue.into();
    assert_eq!(continued(issued, pages(&["2026-01-09T00:00:00Z"])).await, (None, 1));
}

#[tokio::test(start_paused = true)]
async fn rows_behind_the_mark_are_no_place_to_continue_from() {
    let step = |rows: &[Value]| {
        let body = json!({
            "hasMore": true, "isTruncated": false, "invoices": rows,
            "permanentStorageHwmDate": "2026-01-01T00:00:02Z"
        });
        Step::answer(200, body.to_string())
    };
    let (account, _) = account([step(&[row("A", 1), row("B", 5)])]).await;
    let mut metadata = account.metadata(filters("2026-01-01T00:00:00Z", None));
    metadata.next_page().await.unwrap().unwrap();
    assert_eq!(metadata.checkpoint(), metadata.high_water_mark());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_promises_more_and_gives_nothing_is_an_error_and_no_loop() {
    for body in [
        json!({"hasMore": true, "isTruncated": false, "invoices": []}),
        json!({"isTruncated": false, "invoices": [row("A", 1)]}),
    ] {
        let (account, script) = account([Step::answer(200, body.to_string())]).await;
        let mut metadata = account.metadata(filters("2026-01-01T00:00:00Z", None));
        let error = metadata.next_page().await.unwrap_err();
        assert_eq!((error.kind(), script.requests().len()), (ErrorKind::Unreadable, 1));
    }
}

/// A package with two invoices and their metadata, in parts.
fn package(key: &SessionKey, format: ArchiveFormat) -> (Summary, MemoryParts) {
    let list = json!({"invoices": [row("A", 1), row("B", 2)]});
    package_of(key, format, &["A", "B"], Some(&list))
}

/// The same of other invoices and metadata.
fn package_of(
    key: &SessionKey,
    format: ArchiveFormat,
    names: &[&str],
    list: Option<&Value>,
) -> (Summary, MemoryParts) {
    let entry = |name: String, content: String| Entry::bytes(name, content.into_bytes());
    let list = list.map(|list| entry("_metadata.json".to_owned(), list.to_string()));
    let invoices = names.iter().map(|name| entry(format!("{name}.xml"), format!("<{name}/>")));
    let entries = list.into_iter().chain(invoices);
    let mut sink = MemoryParts::new();
    let limits = PackLimits::v2().part(PartLimit::Plain(100));
    let summary = Packer::new(key, limits).format(format).pack(entries, &mut sink).unwrap();
    (summary, sink)
}

fn ready(summary: &Summary, format: ArchiveFormat) -> Step {
    let part = |part: &ksef_crypto::package::PartSummary| {
        json!({
            "ordinalNumber": part.ordinal, "partName": "x", "method": "GET",
            "url": format!("https://store.example.test/{}?sig=canary", part.ordinal),
            "encryptedPartSize": part.sealed.size,
            "encryptedPartHash": part.sealed.sha256_base64(),
            "expirationDate": "2099-01-01T00:00:00Z"
        })
    };
    let parts: Vec<_> = summary.parts.iter().rev().map(part).collect();
    let kind = if format == ArchiveFormat::Zip { "Zip" } else { "TarGz" };
    let body = json!({
        "status": {"code": 200}, "completedDate": "2026-01-01T00:00:00Z",
        "package": {
            "invoiceCount": 2, "size": summary.archive.size, "parts": parts, "isTruncated": true,
            "lastPermanentStorageDate": "2026-01-01T00:00:02Z", "compressionType": kind,
            "permanentStorageHwmDate": "2026-01-02T00:00:00Z"
        }
    });
    Step::answer(200, body.to_string())
}

/// A package whose part is larger than parts are.
fn too_large() -> Step {
    let part = json!({
        "ordinalNumber": 1, "url": "https://store.example.test/1?sig=canary",
        "encryptedPartSize": 100 * 1024 * 1024 + 16,
        "encryptedPartHash": InvoiceHash::of(b"").base64()
    });
    let package = json!({"invoiceCount": 1, "parts": [part], "isTruncated": false});
    Step::answer(200, json!({"status": {"code": 200}, "package": package}).to_string())
}

fn started() -> Step {
    Step::answer(201, json!({"referenceNumber": EXPORT}).to_string())
}

fn schedule() -> PollSchedule {
    PollSchedule::new(Duration::from_secs(1), Duration::from_secs(1)).within(Duration::from_secs(5))
}

#[tokio::test(start_paused = true)]
async fn a_package_gives_the_invoices_and_their_metadata_and_leaves_nothing_behind() {
    for format in [ArchiveFormat::Zip, ArchiveFormat::TarGz] {
        let key = SessionKey::from_parts([3; 32], [4; 16]);
        let (summary, sink) = package(&key, format);
        let pending = json!({"status": {"code": 100}}).to_string();
        let mut steps = vec![Step::answer(200, public_keys().0.to_string()), started()];
        steps.extend([Step::answer(200, pending), ready(&summary, format)]);
        steps.extend(sink.parts().iter().map(|(_, bytes)| Step::answer(200, bytes.clone())));
        let (account, script) = account(steps).await;
        let opening = account.export(filters("2026-01-01T00:00:00Z", None)).format(format);
        let export = opening.key(key).start().await.unwrap();
        let package = export.wait(&schedule()).await.unwrap();
        assert_eq!((package.invoices(), package.parts()), (Some(2), summary.parts.len()));
        assert_eq!(package.checkpoint().unwrap().to_rfc3339(), "2026-01-01T00:00:02+00:00");
        let folder = tempfile::tempdir().unwrap();
        let fetched = package.fetch(folder.path()).await.unwrap();
        assert!((4..4 + package.parts()).all(|at| bearer(&script, at).is_none()));
        assert!(!format!("{package:?} {fetched:?}").contains("canary"));
        let found = Arc::new(Mutex::new(Vec::new()));
        let visited = Arc::clone(&found);
        let visit = move |name: &str, content: &[u8]| {
            visited.lock().unwrap().push((name.to_owned(), content.to_vec()));
            Ok(())
        };
        let (count, metadata) = fetched.read(visit).await.unwrap();
        assert_eq!((count, metadata.len()), (2, 2));
        let found = found.lock().unwrap();
        assert_eq!(found[1], ("B.xml".to_owned(), b"<B/>".to_vec()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "files are taken away");
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_not_the_announced_one_is_never_opened() {
    let key = SessionKey::from_parts([3; 32], [4; 16]);
    let (summary, sink) = package(&key, ArchiveFormat::Zip);
    let mut bytes = sink.parts()[0].1.clone();
    bytes[0] ^= 1;
    let (account, _) =
        account([ready(&summary, ArchiveFormat::Zip), Step::answer(200, bytes)]).await;
    let state = ExportState::from_json(&kept(&key)).unwrap();
    let package = account.resume_export(state).wait(&schedule()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = package.fetch(folder.path()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Corrupt, true));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn invoices_that_are_not_those_of_the_metadata_are_not_taken() {
    let hashed = |number: &str, content: &[u8]| {
        let mut row = row(number, 1);
        row["invoiceHash"] = InvoiceHash::of(content).base64().into();
        row
    };
    let both = || vec![hashed("A", b"<A/>"), hashed("B", b"<B/>")];
    for (names, rows, whole) in [
        (&["A", "B"][..], Some(both()), true),
        (&["A", "B"], Some(vec![row("A", 1), row("B", 1), row("B", 1)]), true),
        (&["A", "B"], Some(vec![hashed("A", b"<B/>"), hashed("B", b"<B/>")]), false),
        (&["A", "B"], Some(vec![row("A", 1), row("B", 1), row("C", 1)]), false),
        (&["A", "B"], Some(vec![hashed("A", b"<A/>"), hashed("A", b"<A/>")]), false),
        (&["A", "B"], None, false),
        (&["A", "B", "C"], Some(both()), false),
        (&["A"], Some(vec![row("A", 1)]), false),
        (&["A"], Some(vec![row("A", 1), row("A", 1)]), false),
        (&[], Some(both()), false),
    ] {
        let read = read_back(names, rows.clone(), false).await;
        let expected = if whole { Ok(2) } else { Err(ErrorKind::Corrupt) };
        assert_eq!(read, expected, "{names:?} {rows:?}");
    }
    assert_eq!(read_back(&[], Some(both()), true).await, Ok(0));
    assert_eq!(read_back(&[], Some(both()[1..].to_vec()), true).await, Err(ErrorKind::Corrupt));
    assert_eq!(read_back(&["A"], None, true).await, Err(ErrorKind::Corrupt));
}

/// Fetches and reads a package of those invoices and metadata, of which two were announced; gives
/// how many there were.
async fn read_back(
    names: &[&str],
    rows: Option<Vec<Value>>,
    only_metadata: bool,
) -> Result<u64, ErrorKind> {
    let (key, format) = (SessionKey::from_parts([3; 32], [4; 16]), ArchiveFormat::Zip);
    let list = rows.map(|rows| json!({"invoices": rows}));
    let (summary, sink) = package_of(&key, format, names, list.as_ref());
    let mut steps = vec![ready(&summary, format)];
    steps.extend(sink.parts().iter().map(|(_, bytes)| Step::answer(200, bytes.clone())));
    let (account, _) = account(steps).await;
    let mut state = ExportState::from_json(&kept(&key)).unwrap();
    state.only_metadata = only_metadata;
    let state = ExportState::from_json(&state.expose_json()).unwrap();
    let package = account.resume_export(state).wait(&schedule()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let fetched = package.fetch(folder.path()).await.unwrap();
    let read = fetched.read(|_, _| Ok(())).await.map(|(count, _)| count);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    read.map_err(|error| error.kind())
}

/// A caller who gave up may fetch the same package again, into the same folder.
#[tokio::test(start_paused = true)]
async fn a_reading_that_was_dropped_ends_and_disturbs_no_other() {
    let (key, format) = (SessionKey::from_parts([3; 32], [4; 16]), ArchiveFormat::Zip);
    let (summary, sink) = package(&key, format);
    let mut steps = vec![ready(&summary, format)];
    for (_, bytes) in [sink.parts(), sink.parts()].into_iter().flatten() {
        steps.push(Step::answer(200, bytes.clone()));
    }
    let (account, _) = account(steps).await;
    let export = account.resume_export(ExportState::from_json(&kept(&key)).unwrap());
    let package = export.wait(&schedule()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let first = package.fetch(folder.path()).await.unwrap();
    let (reached, is_reached) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let (visited, mut visits) = tokio::sync::mpsc::unbounded_channel();
    let mut reached = Some(reached);
    let reading = first.read(move |name, _| {
        visited.send(name.to_owned()).unwrap();
        if let Some(reached) = reached.take() {
            reached.send(()).unwrap();
            may_go_on.recv().unwrap();
        }
        Ok(())
    });
    let ended = futures_util::future::select(Box::pin(reading), is_reached).await;
    assert!(matches!(ended, futures_util::future::Either::Right(_)));
    drop(ended);
    let second = package.fetch(folder.path()).await.unwrap();
    go_on.send(()).unwrap();
    // The thread has ended when its visitor is gone.
    assert_eq!(visits.recv().await.as_deref(), Some("A.xml"));
    assert_eq!(visits.recv().await, None, "only what it was at");
    assert_eq!(second.read(|_, _| Ok(())).await.unwrap().0, 2);
}

#[tokio::test(start_paused = true)]
async fn a_package_of_nothing_has_nothing_in_it() {
    for (told, expected) in [(0, Ok(0)), (1, Err(ErrorKind::Corrupt))] {
        let package = json!({"invoiceCount": told, "size": 0, "parts": [], "isTruncated": false});
        let body = json!({"status": {"code": 200}, "package": package});
        let (account, _) = account([Step::answer(200, body.to_string())]).await;
        let key = SessionKey::from_parts([3; 32], [4; 16]);
        let export = account.resume_export(ExportState::from_json(&kept(&key)).unwrap());
        let package = export.wait(&schedule()).await.unwrap();
        let fetched = package.fetch(tempfile::tempdir().unwrap()).await.unwrap();
        let read = fetched.read(|_, _| Ok(())).await.map(|(count, _)| count);
        assert_eq!(read.map_err(|error| error.kind()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_of_a_part_is_written_than_was_announced() {
    let key = SessionKey::from_parts([3; 32], [4; 16]);
    let (summary, sink) = package(&key, ArchiveFormat::Zip);
    let longer = [&sink.parts()[0].1[..], b"x"].concat();
    // Whoever reads on behind the first byte too many meets the end of the connection.
    let longer = Step::answer(200, longer).then_break_off();
    let ready = || ready(&summary, ArchiveFormat::Zip);
    let (account, script) = account([ready(), longer, too_large()]).await;
    let export = account.resume_export(ExportState::from_json(&kept(&key)).unwrap());
    let folder = tempfile::tempdir().unwrap();
    for expected in [ErrorKind::Corrupt, ErrorKind::Unreadable] {
        let package = export.wait(&schedule()).await.unwrap();
        let error = package.fetch(folder.path()).await.unwrap_err();
        assert_eq!(error.kind(), expected);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
    assert_eq!(script.requests().len(), 3, "a part that is announced too large is not fetched");
}

/// The state of an export with that key, as another process would have stored it.
fn kept(key: &SessionKey) -> common_core::secret::SecretString {
    let key = serde_json::to_value(crate::v2::sending::StoredKey::of(key)).unwrap();
    json!({"reference": EXPORT, "key": key, "is_tar": false}).to_string().into()
}

#[tokio::test(start_paused = true)]
async fn the_ends_of_an_export_are_told_apart() {
    let status = |code: i32| Step::answer(200, json!({"status": {"code": code}}).to_string());
    let (account, script) =
        account([status(210), Step::answer(410, ""), status(420), status(550), status(200)]).await;
    let key = SessionKey::from_parts([3; 32], [4; 16]);
    let export = account.resume_export(ExportState::from_json(&kept(&key)).unwrap());
    assert_eq!(export.reference(), &reference(EXPORT));
    let again = ExportState::from_json(&export.export().expose_json()).unwrap();
    assert_eq!(again.reference(), export.reference());
    for (kind, transient) in [
        (ErrorKind::Gone, false),
        (ErrorKind::Gone, false),
        (ErrorKind::Failed, false),
        (ErrorKind::Failed, true),
        (ErrorKind::Unreadable, false),
    ] {
        let error = export.poll_once().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (kind, transient));
    }
    assert_eq!(script.requests().len(), 5);
}

#[tokio::test]
async fn an_export_whose_answer_is_lost_is_not_started_twice() {
    let lost = Step::answer(502, "");
    let (account, script) = account([Step::answer(200, public_keys().0.to_string()), lost]).await;
    let opening = account.export(filters("2026-01-01T00:00:00Z", None)).only_metadata();
    let error = opening.start().await.unwrap_err();
    assert_eq!(error.recovery(), Some(Recovery::ExportExpires));
    assert_eq!((script.requests().len(), &sent(&script, 1)["onlyMetadata"]), (2, &json!(true)));
}
