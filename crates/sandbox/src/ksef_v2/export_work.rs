//! Making the package of an export: found, packed, cut, encrypted (KSeF 2.0 facts §10.4).

use std::io::{self, Cursor, Write as _};

use bytes::Bytes;
use flate2::Compression as Level;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::KsefV2;
use super::archive::Record;
use super::batch::Compression;
use super::export::{Package, PackagePart};
use super::people::Identity;
use super::query::{self, Filters, Found};
use super::store::Store;
use super::tar;
use crate::ksef::aes::SessionKey;
use crate::ksef::{base64, sha256};

/// What was ordered.
pub(super) struct Order {
    pub(super) reference: String,
    pub(super) context: Identity,
    pub(super) filters: Filters,
    /// `None` when the key could not be decrypted.
    pub(super) key: Option<SessionKey>,
    pub(super) compression: Compression,
    /// Whether the documents are wanted beside their metadata.
    pub(super) with_documents: bool,
}

/// Makes the package in the background.
pub(super) fn start(ksef: &KsefV2, order: Order) {
    let handle = ksef.clone();
    ksef.context().tasks.spawn_job(async move {
        handle.pace().await;
        handle.pace().await;
        let reference = order.reference.clone();
        let made = if handle.is_unlucky() { Err(550) } else { make(&handle, order).await };
        let now = handle.now();
        handle.with_store(|store| {
            let Some(export) = store.exports.all.get_mut(&reference) else { return };
            export.completed = Some(now);
            export.code = made.as_ref().map_or_else(|code| *code, |_| 200);
            export.package = made.ok();
        });
    });
}

/// The package, or the code of the failure.
async fn make(ksef: &KsefV2, order: Order) -> Result<Package, u16> {
    let key = order.key.clone().ok_or(415_u16)?;
    let now = ksef.now();
    let (found, files, last, part) = ksef.with_store(|store| {
        let found = order.filters.find(store, &order.context, query::Order::Ascending, now);
        let found = found.map_err(|_| 420_u16)?;
        store.statistics.truncated += u64::from(found.truncated);
        let files = files(store, &found, order.with_documents);
        let last = found.numbers.last().and_then(|number| store.archive.get(number));
        let last = last.map(|record| (record.issued, record.invoiced, record.stored));
        Ok::<_, u16>((found, files, last, store.settings.export_part))
    })?;
    let (reference, compression) = (order.reference, order.compression);
    let packed = tokio::task::spawn_blocking(move || {
        let archive = pack(&files, compression)?;
        Ok::<_, io::Error>((archive.len(), seal(&archive, &reference, compression, &key, part)))
    });
    let (size, parts) = packed.await.map_err(|_| 500_u16)?.map_err(|_| 500_u16)?;
    Ok(Package {
        count: found.numbers.len(),
        size: size as u64,
        parts,
        truncated: found.truncated,
        date: order.filters.date,
        last,
        high_water: found.high_water,
        compression,
    })
}

/// The files of a package: the documents and the list of their metadata.
fn files(store: &Store, found: &Found, with_documents: bool) -> Vec<(String, Bytes)> {
    let records: Vec<&Record> =
        found.numbers.iter().filter_map(|number| store.archive.get(number)).collect();
    let metadata: Vec<Value> = records.iter().map(|record| record.metadata()).collect();
    let mut files = Vec::new();
    if with_documents {
        let named = |record: &&Record| (format!("{}.xml", record.ksef_number), record.bytes());
        files.extend(records.iter().map(named));
    }
    let metadata = json!({"invoices": metadata}).to_string();
    files.push(("_metadata.json".to_owned(), Bytes::from(metadata)));
    files
}

fn pack(files: &[(String, Bytes)], compression: Compression) -> io::Result<Vec<u8>> {
    match compression {
        Compression::Zip => {
            let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
            for (name, bytes) in files {
                writer.start_file(name.as_str(), SimpleFileOptions::default())?;
                writer.write_all(bytes)?;
            }
            Ok(writer.finish()?.into_inner())
        }
        Compression::TarGz => {
            let mut encoder = GzEncoder::new(Vec::new(), Level::default());
            tar::write(&mut encoder, files)?;
            encoder.finish()
        }
    }
}

/// The parts, each encrypted on its own with the same key and vector.
fn seal(
    archive: &[u8],
    reference: &str,
    compression: Compression,
    key: &SessionKey,
    part: usize,
) -> Vec<PackagePart> {
    let suffix = match compression {
        Compression::Zip => "zip",
        Compression::TarGz => "tar.gz",
    };
    let parts = archive.chunks(part).enumerate().filter_map(|(index, plain)| {
        let sealed = key.encrypt(plain)?;
        Some(PackagePart {
            name: format!("{reference}-{:03}.{suffix}.aes", index + 1),
            size: plain.len(),
            hash: base64(&sha256(plain)),
            sealed_hash: base64(&sha256(&sealed)),
            sealed: Bytes::from(sealed),
        })
    });
    parts.collect()
}
