//! The process of a package (specification 1.9, chapter 15.3): all of its invoices are accepted, or
//! none.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use bytes::Bytes;
use zip::{CompressionMethod, ZipArchive};

use super::exception::Exception;
use super::invoices::matches;
use super::pipeline::Passage;
use super::process::{Process, Step, description};
use super::roles::Role;
use super::session::{authenticate, reached};
use super::store::{Element, Store};
use super::{KsefV1, batch, common};
use crate::ksef::{numbers, sha256};

/// Everything that a package unpacks to may have this size together, because the double holds it in
/// memory: some 100,000 usual invoices.
const LARGEST_CONTENT: u64 = 256 * 1024 * 1024;

/// What the steps hand on.
#[derive(Default)]
struct Content {
    parts: Vec<Vec<u8>>,
    archive: Vec<u8>,
    files: Vec<(String, Bytes)>,
    elements: Vec<String>,
}

/// Starts the processing of a finished batch.
pub(super) fn start(ksef: &KsefV1, reference: &str) {
    let (ksef, reference) = (ksef.clone(), reference.to_owned());
    ksef.context().tasks.clone().spawn_job(async move {
        let mut content = Content::default();
        for stage in Process::Batch.stages() {
            ksef.pace().await;
            let outcome = match ksef.scripted(Process::Batch, stage.step) {
                Err(exception) => Err(exception),
                Ok(()) if stage.step == Step::Security => authenticate(&ksef, &reference).await,
                Ok(()) => take(&ksef, &reference, stage.step, &mut content),
            };
            if stage.step == Step::GenerateUPO && outcome.is_ok() {
                common::make_receipts(&ksef, &reference);
            }
            if !reached(&ksef, &reference, Process::Batch, stage.step, outcome) {
                break;
            }
        }
        ksef.with_store(|store| batch::forget_parts(store, &reference));
    });
}

fn take(
    ksef: &KsefV1,
    reference: &str,
    step: Step,
    content: &mut Content,
) -> Result<(), Exception> {
    match step {
        Step::PartsProvidedCheck => ksef.with_store(|store| {
            let life = store.settings.upload_time;
            let session = store.sessions.get(reference).ok_or_else(|| Exception::new(21149))?;
            session.complete(ksef.now() - session.created >= life)
        }),
        Step::Authorise => ksef.with_store(|store| {
            let session = store.sessions.get(reference).ok_or_else(|| Exception::new(21149))?;
            let has = |role| store.people.has(&session.vector, &session.context, role);
            let may = has(Role::InvoiceWrite) || has(Role::EnforcementOperations);
            if may { Ok(()) } else { Err(Exception::new(21301)) }
        }),
        Step::DecryptParts => {
            content.parts = decrypt(ksef, reference)?;
            Ok(())
        }
        Step::MergeParts => {
            content.archive = std::mem::take(&mut content.parts).concat();
            let file = ksef.with_store(|store| {
                store
                    .sessions
                    .get(reference)
                    .and_then(|it| it.batch.as_ref())
                    .map(|it| it.file.clone())
            });
            let file = file.ok_or_else(|| Exception::new(21135))?;
            matches(&content.archive, file.size, &file.hash)
        }
        Step::DecompressPackage => {
            content.files = unpack(std::mem::take(&mut content.archive), LARGEST_CONTENT)?;
            Ok(())
        }
        Step::ExportAndInitSP => {
            content.elements = export(ksef, reference, std::mem::take(&mut content.files))?;
            Ok(())
        }
        Step::Invoice => invoices(ksef, &content.elements),
        _ => Ok(()),
    }
}

/// Each part on its own, with its own padding (KSeF 1.x facts §7).
fn decrypt(ksef: &KsefV1, reference: &str) -> Result<Vec<Vec<u8>>, Exception> {
    let (key, bodies) = ksef.with_store(|store| {
        let session = store.sessions.get(reference);
        let key = session.and_then(|session| session.key.clone());
        let parts = session.and_then(|session| session.batch.as_ref()).map(|batch| &batch.parts);
        let bodies: Vec<Bytes> =
            parts.into_iter().flatten().filter_map(|slot| slot.body.clone()).collect();
        (key, bodies)
    });
    let key = key.ok_or_else(|| Exception::new(21415))?;
    let decrypted = bodies.iter().map(|body| key.decrypt(body));
    decrypted.collect::<Option<_>>().ok_or_else(|| Exception::new(20005))
}

/// The files of the archive, together no more than so many bytes; deflate is the only method
/// (specification 1.9, chapter 9.2).
fn unpack(archive: Vec<u8>, most: u64) -> Result<Vec<(String, Bytes)>, Exception> {
    let wrong = || Exception::new(21216);
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(|_| wrong())?;
    let mut files = Vec::with_capacity(archive.len());
    let mut left = most;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|_| wrong())?;
        if entry.compression() != CompressionMethod::Deflated {
            return Err(Exception::about(21216, "DEFLATE"));
        }
        let name = entry.name().map_err(|_| wrong())?.into_owned();
        let mut content = Vec::new();
        entry.take(left + 1).read_to_end(&mut content).map_err(|_| wrong())?;
        let size = u64::try_from(content.len()).unwrap_or(u64::MAX);
        left = left.checked_sub(size).ok_or_else(wrong)?;
        files.push((name, content.into()));
    }
    Ok(files)
}

/// Makes an element of each file.
fn export(
    ksef: &KsefV1,
    reference: &str,
    files: Vec<(String, Bytes)>,
) -> Result<Vec<String>, Exception> {
    if files.is_empty() {
        return Err(Exception::new(21205));
    }
    let mut seen = BTreeSet::new();
    let files: Vec<_> =
        files.into_iter().map(|(name, bytes)| (name, sha256(&bytes), bytes)).collect();
    if let Some((name, ..)) = files.iter().find(|(_, hash, _)| !seen.insert(*hash)) {
        return Err(Exception::about(21218, name.as_str()));
    }
    let (now, chance) = (ksef.now(), &ksef.context().chance);
    Ok(ksef.with_store(|store| {
        let mut elements = Vec::with_capacity(files.len());
        for (_, hash, body) in files {
            let element = numbers::reference("EE", now, chance);
            let size = body.len();
            let record = Element {
                session: reference.to_owned(),
                code: 100,
                description: description(100).to_owned(),
                received: now,
                body,
                encrypted: false,
                hash,
                size,
                number: None,
                accepted: None,
            };
            store.elements.insert(element.clone(), record);
            elements.push(element);
        }
        if let Some(session) = store.sessions.get_mut(reference) {
            session.elements.clone_from(&elements);
        }
        elements
    }))
}

/// All invoices up to acceptance, then all of them accepted.
fn invoices(ksef: &KsefV1, elements: &[String]) -> Result<(), Exception> {
    let mut passages: Vec<Passage<'_>> =
        elements.iter().map(|element| Passage::new(ksef, element)).collect();
    let mut failed = None;
    for passage in &mut passages {
        for stage in Process::Invoice.stages() {
            if stage.step == Step::BeforeAccept {
                break;
            }
            let outcome = passage.take(stage.step);
            let reason = outcome.as_ref().err().cloned();
            if !passage.reached(*stage, outcome) {
                failed = failed.or(reason);
                break;
            }
        }
    }
    failed = failed.or_else(|| scripted(ksef, &passages));
    // Nothing may come in between the look for duplicates and the acceptance.
    let refused = ksef.with_store(|store| {
        let refused = duplicates(store, &passages);
        if failed.is_none() && refused.is_empty() {
            return passages
                .iter_mut()
                .find_map(|it| it.accept_into(store).err().map(|_| refused.clone()));
        }
        Some(refused)
    });
    let Some(refused) = refused else {
        for passage in &passages {
            settle(passage, Step::ArchiveData, Ok(()));
        }
        return Ok(());
    };
    for index in refused {
        failed = failed.or_else(|| Some(Exception::new(21176)));
        settle(&passages[index], Step::Accept, Err(Exception::new(21176)));
    }
    for passage in passages.iter().filter(|it| waits(ksef, it)) {
        settle(passage, Step::BeforeAccept, Err(Exception::about(21162, "batch")));
    }
    Err(failed.unwrap_or_else(|| Exception::new(21176)))
}

/// What the script lets fail of the last steps of the invoices; the first failure counts.
fn scripted(ksef: &KsefV1, passages: &[Passage<'_>]) -> Option<Exception> {
    for passage in passages {
        for step in [Step::BeforeAccept, Step::Accept, Step::ArchiveData] {
            if let Err(exception) = ksef.scripted(Process::Invoice, step) {
                settle(passage, step, Err(exception.clone()));
                return Some(exception);
            }
        }
    }
    None
}

/// Whether an invoice waits for the others of its package.
fn waits(ksef: &KsefV1, passage: &Passage<'_>) -> bool {
    ksef.with_store(|store| waiting(store, passage))
}

fn waiting(store: &Store, passage: &Passage<'_>) -> bool {
    store.elements.get(&passage.reference).is_some_and(|element| element.code == 330)
}

/// Which of the invoices that wait are in the system already, or twice in the package.
fn duplicates(store: &Store, passages: &[Passage<'_>]) -> Vec<usize> {
    let mut within = BTreeSet::new();
    let double = |(index, passage): (usize, &Passage<'_>)| {
        let fresh = passage.is_new(store) && within.insert(passage.identity());
        (waiting(store, passage) && !fresh).then_some(index)
    };
    passages.iter().enumerate().filter_map(double).collect()
}

/// Writes the outcome of a step of an invoice.
fn settle(passage: &Passage<'_>, step: Step, outcome: Result<(), Exception>) {
    if let Some(stage) = Process::Invoice.stage(step) {
        passage.reached(stage, outcome);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    #[test]
    fn an_archive_gives_as_many_bytes_as_it_may_and_no_more() {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["a.xml", "b.xml"] {
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(&[b' '; 5000]).unwrap();
        }
        let archive = archive.finish().unwrap().into_inner();
        assert!(archive.len() < 1000);
        let files = unpack(archive.clone(), 10_000).unwrap();
        assert_eq!(files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>(), 10_000);
        for most in [9_999, 5_000, 4_999, 0] {
            assert!(unpack(archive.clone(), most).is_err(), "{most}");
        }
    }
}
