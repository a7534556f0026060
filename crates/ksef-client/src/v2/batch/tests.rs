//! Batches on a script: announced, uploaded, resumed and closed.

use std::io::Cursor;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common_http::{Body, TransportErrorKind, scripted::Step};
use ksef_crypto::{
    package::{ArchiveFormat, Entry, OpenLimits, PackLimits, PartLimit, SealedPart, open_package},
    seal::{Measure, RsaPadding},
};
use serde_json::{Value, json};

use super::*;
use crate::v2::{
    ErrorCode, ErrorKind, FormCode, Recovery,
    client::testing::{
        BATCH, account, bare, bearer, example, lines, post, public_keys, read, read_example,
        reference, sent, shown,
    },
    wire,
};

fn entries(count: usize) -> Vec<Entry<'static>> {
    let entry = |n: usize| Entry::bytes(format!("{n}.xml"), format!("<F>{n}</F>").into_bytes());
    (0..count).map(entry).collect()
}

async fn packed(folder: &tempfile::TempDir, format: ArchiveFormat) -> PackedBatch {
    let limits = PackLimits::v2().part(PartLimit::Plain(200));
    let packing = Packing::new(folder.path()).format(format).limits(limits);
    pack(packing, entries(5)).await.unwrap()
}

/// Addresses of the parts in another order than the parts.
fn opened(parts: usize) -> Step {
    let part = |ordinal: usize| {
        json!({
            "ordinalNumber": ordinal, "method": "PUT",
            "url": format!("https://store.example.test/parts/{ordinal}?sig=canary"),
            "headers": {"x-ms-blob-type": "BlockBlob", "x-none": null}
        })
    };
    let parts: Vec<Value> = (1..=parts).rev().map(part).collect();
    let body = json!({"referenceNumber": BATCH, "partUploadRequests": parts});
    Step::answer(201, body.to_string())
}

#[test]
fn a_package_is_announced_as_the_contract_shows() {
    let file = wire::BatchFileInfo::new("A", vec![wire::BatchFilePartInfo::new("P", 16, 1)], 3);
    let encryption = wire::EncryptionInfo::new("K", "V");
    let body = wire::OpenBatchSessionRequest::new(file, encryption, FormCode::FA_2.to_wire());
    let json = r#"{"batchFile":{"fileHash":"A","fileParts":[{"fileHash":"P","fileSize":16,"ordinalNumber":1}],"fileSize":3},"encryption":{"encryptedSymmetricKey":"K","initializationVector":"V"},"formCode":{"schemaVersion":"1-0E","systemCode":"FA (2)","value":"FA"}}"#;
    assert_eq!(shown(&Open::new(body)), post("/sessions/batch", json));
    let own = read::<Open>(format!(r#"{{"referenceNumber":"{BATCH}","partUploadRequests":[]}}"#));
    assert_eq!(own.unwrap().reference_number, BATCH);
    if let Some(answer) = read_example::<Open>("201") {
        let part = &answer.part_upload_requests[0];
        assert_eq!((part.ordinal_number, part.method.as_str()), (1, "PUT"));
        assert_eq!(part.headers["x-ms-blob-type"].as_deref(), Some("BlockBlob"));
    }
    if let Some(body) = example("POST /sessions/batch", "request") {
        let body: wire::OpenBatchSessionRequest = serde_json::from_str(&body.to_string()).unwrap();
        assert!(shown(&Open::new(body)).contains("\"fileSize\":16037"));
    }
}

#[test]
fn a_batch_is_closed_without_a_body() {
    let close = Close(reference(BATCH));
    assert_eq!(shown(&close), bare("POST", &format!("/sessions/batch/{BATCH}/close")));
    assert!(read::<Close>("").is_ok());
}

#[tokio::test]
async fn what_is_uploaded_is_what_was_announced_and_opens_to_the_invoices() {
    for format in [ArchiveFormat::Zip, ArchiveFormat::TarGz] {
        let folder = tempfile::tempdir().unwrap();
        let packed = packed(&folder, format).await;
        let count = packed.parts().len();
        assert!(count > 1 || format == ArchiveFormat::TarGz);
        let (list, receiver) = public_keys();
        let mut steps = vec![Step::answer(200, list.to_string()), opened(count)];
        steps.extend((0..count).map(|_| Step::answer(201, "")));
        steps.push(Step::answer(204, ""));
        let (account, script) = account(steps).await;
        let mut upload = account.batch(FormCode::FA_3).offline().open(&packed).await.unwrap();
        upload.upload(3).await.unwrap();
        assert_eq!(upload.missing().count(), 0);
        assert_eq!(upload.close().await.unwrap().reference(), &reference(BATCH));

        let body = sent(&script, 1);
        let kind = if format == ArchiveFormat::Zip { "Zip" } else { "TarGz" };
        assert_eq!(body["batchFile"]["compressionType"], kind);
        assert_eq!(body["offlineMode"], true);
        let text = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
        let wrapped = text(&body["encryption"]["encryptedSymmetricKey"]);
        let vector = text(&body["encryption"]["initializationVector"]).try_into().unwrap();
        let key = receiver.open_session_key(RsaPadding::OaepSha256, &wrapped, vector).unwrap();
        let mut parts = Vec::new();
        for (at, request) in script.requests()[2..2 + count].iter().enumerate() {
            assert!(bearer(&script, 2 + at).is_none());
            assert_eq!(request.headers()["x-ms-blob-type"], "BlockBlob");
            let ordinal: u32 = request.uri().path().rsplit('/').next().unwrap().parse().unwrap();
            let Body::File(_) = request.body() else { panic!("parts go straight from files") };
            let part = &packed.parts()[ordinal as usize - 1];
            let bytes = std::fs::read(&part.path).unwrap();
            assert_eq!(
                (request.body().len(), Measure::of(&bytes)),
                (part.sealed.size, part.sealed)
            );
            let told = &body["batchFile"]["fileParts"][ordinal as usize - 1];
            assert_eq!(told["fileHash"], part.sealed.sha256_base64());
            parts.push(SealedPart {
                ordinal,
                sealed: part.sealed,
                plain: None,
                content: Cursor::new(bytes),
            });
        }
        parts.sort_by_key(|part| part.ordinal);
        let mut names = Vec::new();
        let (limits, mut store) = (OpenLimits::default(), Cursor::new(Vec::new()));
        open_package(&key, parts, format, &limits, &mut store, |name, _| {
            names.push(name.to_owned());
            Ok(())
        })
        .unwrap();
        assert_eq!(names, ["0.xml", "1.xml", "2.xml", "3.xml", "4.xml"]);
        assert_eq!(packed.archive(), Measure::of(store.get_ref()));
    }
}

#[tokio::test]
async fn an_upload_that_broke_off_goes_on_in_another_process_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let packed = packed(&folder, ArchiveFormat::Zip).await;
    let count = packed.parts().len();
    let (list, _) = public_keys();
    let (first, _) = account([
        Step::answer(200, list.to_string()),
        opened(count),
        Step::answer(201, ""),
        Step::answer(403, ""),
    ])
    .await;
    let mut upload = first.batch(FormCode::FA_3).open(&packed).await.unwrap();
    let mut noted = Vec::new();
    let error = upload.upload_noting(1, |state| noted.push(state.expose_json())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!((noted.len(), upload.missing().count()), (1, count - 1));
    let unfinished = upload.close().await.unwrap_err();
    assert_eq!(unfinished.error().kind(), ErrorKind::Input, "parts are missing");

    let state = BatchState::from_json(&noted[0]).unwrap();
    assert!(!format!("{state:?} {:?}", unfinished.into_handle()).contains("canary"));
    let (second, script) = account((1..count).map(|_| Step::answer(201, ""))).await;
    let mut upload = second.resume_batch(state);
    upload.upload(4).await.unwrap();
    let mut uploaded = lines(&script);
    uploaded.sort();
    let expected: Vec<_> = (2..=count).map(|n| format!("PUT /parts/{n}?sig=canary")).collect();
    assert_eq!(uploaded, expected);
    packed.remove_files().await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn parts_that_are_missing_all_the_same_are_uploaded_again() {
    let folder = tempfile::tempdir().unwrap();
    let packed = packed(&folder, ArchiveFormat::Zip).await;
    let count = packed.parts().len();
    for (code, missing) in [(21205, count), (21157, count), (21405, 0)] {
        let refusal = json!({"errors": [{"code": code, "description": "x"}]}).to_string();
        let all = || (0..count).map(|_| Step::answer(201, ""));
        let mut steps = vec![Step::answer(200, public_keys().0.to_string()), opened(count)];
        steps.extend(all().chain([Step::answer(400, refusal)]));
        let (account, script) = account(steps).await;
        let mut upload = account.batch(FormCode::FA_3).open(&packed).await.unwrap();
        upload.upload(1).await.unwrap();
        let (mut upload, error) = upload.close().await.unwrap_err().into_parts();
        assert_eq!(error.code().map(ErrorCode::number), Some(code));
        assert_eq!((upload.missing().count(), upload.has_files()), (missing, true), "{code}");
        all().take(missing).chain([Step::answer(204, "")]).for_each(|step| script.push(step));
        upload.upload(1).await.unwrap();
        assert_eq!(upload.close().await.unwrap().reference(), &reference(BATCH));
        assert_eq!(script.requests().len(), 3 + count + missing + 1);
    }
}

#[tokio::test]
async fn an_announcement_whose_answer_is_lost_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let packed = packed(&folder, ArchiveFormat::Zip).await;
    let (list, _) = public_keys();
    let broken = Step::fail(TransportErrorKind::Interrupted);
    let (account, script) = account([Step::answer(200, list.to_string()), broken]).await;
    let error = account.batch(FormCode::FA_3).open(&packed).await.unwrap_err();
    assert_eq!(error.recovery(), Some(Recovery::ListSessions));
    assert_eq!(script.requests().len(), 2);
    let error = account.batch(FormCode::PEF).open(&packed).await.unwrap_err();
    assert_eq!((error.kind(), script.requests().len()), (ErrorKind::Input, 2));
}

#[tokio::test]
async fn invoices_that_cannot_be_packed_are_told_from_files_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let twice = vec![Entry::bytes("a.xml", &b"x"[..]), Entry::bytes("a.xml", &b"y"[..])];
    let error = pack(Packing::new(folder.path()), twice).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    let nowhere = folder.path().join("missing");
    let error = pack(Packing::new(nowhere), entries(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
}
