//! What happens to a closed batch: parts checked and decrypted, the archive unpacked, every
//! invoice processed (KSeF 2.0 facts §7 and §8).

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::GzDecoder;
use zip::ZipArchive;

use super::KsefV2;
use super::batch::{Compression, Parts};
use super::blob::{Blob, BlobWriter, Source};
use super::online;
use super::pipeline;
use super::session::{InvoiceStatus, SentInvoice, SessionStatus};
use super::tar;
use crate::ksef::aes::SessionKey;
use crate::ksef::{base64, numbers, sha256};

/// No invoice is larger than this, whatever the limits say.
const LARGEST_INVOICE: u64 = 16_000_000;

/// Invoices that are processed without a pause.
const AT_ONCE: usize = 64;

/// A file of an archive.
type Entry = (String, Bytes);

/// Works on a batch that was closed.
pub(super) fn start(ksef: &KsefV2, reference: &str, parts: Parts) {
    let (handle, reference) = (ksef.clone(), reference.to_owned());
    ksef.context().tasks.spawn_job(async move {
        handle.pace().await;
        if let Err(status) = work(&handle, &reference, parts).await {
            let now = handle.now();
            handle.with_store(|store| {
                if let Some(session) = store.sessions.all.get_mut(&reference) {
                    session.status = status;
                    session.updated = now;
                }
            });
        }
    });
}

async fn work(ksef: &KsefV2, reference: &str, parts: Parts) -> Result<(), SessionStatus> {
    let (key, limit) = ksef
        .with_store(|store| {
            let session = store.sessions.all.get(reference)?;
            let limit = store.session_limits_of(&session.caller.context).batch.invoices;
            Some((session.key.clone()?, usize::try_from(limit).unwrap_or(usize::MAX)))
        })
        .ok_or(SessionStatus::of(415))?;
    let unpacked = tokio::task::spawn_blocking(move || {
        let archive = join(&parts, &key)?;
        unpack(archive, parts.compression, limit)
    });
    let entries = unpacked.await.map_err(|_| SessionStatus::of(500))??;
    if entries.is_empty() {
        return Err(SessionStatus { code: 440, detail: Some("Nie przesłano faktur") });
    }
    receive(ksef, reference, &entries);
    ksef.pace().await;
    let mut stored = Vec::new();
    for (index, chunk) in entries.chunks(AT_ONCE).enumerate() {
        ksef.with_store(|store| {
            for (offset, (_, bytes)) in chunk.iter().enumerate() {
                let position = index * AT_ONCE + offset;
                let accepted =
                    pipeline::process(ksef, store, reference, position, Some(bytes.clone()));
                stored.extend(accepted.inspect(|at| {
                    store.archive.store(*at, ksef.now());
                }));
            }
        });
        tokio::task::yield_now().await;
    }
    ksef.pace().await;
    let now = ksef.now();
    ksef.with_store(|store| {
        for index in &stored {
            store.archive.show(*index);
        }
        online::finish(ksef, store, reference, now);
    });
    Ok(())
}

/// Writes the invoices of a package into their session.
fn receive(ksef: &KsefV2, reference: &str, entries: &[Entry]) {
    let now = ksef.now();
    ksef.with_store(|store| {
        store.statistics.received += entries.len() as u64;
        let Some(session) = store.sessions.all.get_mut(reference) else { return };
        for (name, bytes) in entries {
            session.push(SentInvoice {
                reference: numbers::reference("EE", now, &ksef.context().chance),
                hash: base64(&sha256(bytes)),
                file_name: Some(name.chars().take(128).collect()),
                number: None,
                ksef_number: None,
                // What counts for a batch is the moment in which it was opened.
                sent: session.created,
                offline: session.offline,
                corrects: None,
                status: InvoiceStatus::of(150),
                issued: None,
            });
        }
    });
}

/// The plain archive: every part checked against its hash and decrypted, the whole against its own.
fn join(parts: &Parts, key: &SessionKey) -> Result<Blob, SessionStatus> {
    let broken = |_: io::Error| SessionStatus::of(500);
    let mut writer = BlobWriter::new();
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    let mut size = 0;
    for part in &parts.declared {
        let stored = parts.stored.get(&part.ordinal).ok_or(SessionStatus::of(405))?;
        let sealed = stored.bytes.load().map_err(broken)?;
        if base64(&sha256(&sealed)) != part.hash {
            return Err(SessionStatus::of(405));
        }
        let plain = key.decrypt(&sealed).ok_or(SessionStatus::of(435))?;
        size += plain.len() as u64;
        digest.update(&plain);
        writer.push(&plain).map_err(broken)?;
    }
    if size != parts.size || base64(digest.finish().as_ref()) != parts.hash {
        return Err(SessionStatus::of(405));
    }
    Ok(writer.finish())
}

/// The files of an archive, in its order.
fn unpack(
    archive: Blob,
    compression: Compression,
    limit: usize,
) -> Result<Vec<Entry>, SessionStatus> {
    let source = archive.source().map_err(|_| SessionStatus::of(500))?;
    match compression {
        Compression::Zip => unzip(source, limit),
        Compression::TarGz => {
            let files = tar::read(GzDecoder::new(source), limit, LARGEST_INVOICE);
            let files = files.map_err(|_| SessionStatus::of(430))?;
            if files.len() > limit { Err(SessionStatus::of(420)) } else { Ok(files) }
        }
    }
}

fn unzip(source: Box<dyn Source>, limit: usize) -> Result<Vec<Entry>, SessionStatus> {
    let broken = SessionStatus::of(430);
    let mut archive = ZipArchive::new(source).map_err(|_| broken.clone())?;
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(|_| broken.clone())?;
        if file.is_dir() {
            continue;
        }
        if entries.len() == limit {
            return Err(SessionStatus::of(420));
        }
        let mut bytes = Vec::new();
        let read = file.by_ref().take(LARGEST_INVOICE + 1).read_to_end(&mut bytes);
        if read.is_err() || bytes.len() as u64 > LARGEST_INVOICE {
            return Err(broken);
        }
        let name = file.name().map_err(|_| broken.clone())?.into_owned();
        entries.push((name, Bytes::from(bytes)));
    }
    Ok(entries)
}
