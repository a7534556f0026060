//! A program that sends batches, gives steps up, and takes each up again from its stored state.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common_core::secret::SecretString;
use futures_util::TryStreamExt;
use ksef_client::v2::{
    Account, Error, ErrorKind, FormCode,
    batch::{BatchState, PackedBatch, Packing, pack},
    sending::{Closed, Closing, InvoiceState, Outcome},
    sessions::SessionType,
};
use ksef_crypto::{
    number::ReferenceNumber,
    package::{ArchiveFormat, Entry, PackLimits, PartLimit},
};
use rand::RngExt;
use sandbox::ksef_v2::KsefV2;
use tokio::time::{sleep, timeout};
use trial::Failure;

use crate::{
    desk::{Desk, Says},
    invoices::Invoice,
    judge::{Claim, Truth},
    plan::{SETTLED, patience},
    sender::{confirm, wait},
    tally::{Row, Verdict},
    wire::Once,
};

/// How many steps a caller makes at most.
const STEPS: u32 = 80;

/// One caller with one batch.
pub(crate) struct Batcher {
    pub(crate) desk: Desk,
    pub(crate) invoices: Vec<Invoice>,
    folder: tempfile::TempDir,
    format: ArchiveFormat,
    packed: Option<PackedBatch>,
    stage: Stage,
    /// Announcements that certainly came about, and how many perhaps did besides.
    pub(crate) opened: Vec<String>,
    pub(crate) perhaps_opened: usize,
    claims: BTreeMap<String, Claim>,
}

/// How far a batch has come, as it would be stored.
enum Stage {
    Nothing,
    Announced(SecretString),
    Closed(ReferenceNumber),
    Ended,
}

impl Batcher {
    pub(crate) fn new(mut desk: Desk, invoices: Vec<Invoice>) -> Result<Self, Failure> {
        let is_zip = desk.rng.random_bool(0.5);
        Ok(Self {
            desk,
            invoices,
            folder: tempfile::tempdir()?,
            format: if is_zip { ArchiveFormat::Zip } else { ArchiveFormat::TarGz },
            packed: None,
            stage: Stage::Nothing,
            opened: Vec::new(),
            perhaps_opened: 0,
            claims: BTreeMap::new(),
        })
    }

    /// Goes to the end, step by step, giving some up.
    pub(crate) async fn work(mut self) -> Result<Self, Failure> {
        let account = self.desk.log_in().await?;
        // Packing has a thread of its own, which goes on when it is given up.
        self.packed = Some(packed(self.folder.path(), self.format, &self.invoices).await?);
        for _ in 0..STEPS {
            if matches!(self.stage, Stage::Ended) {
                let row = match self.format {
                    ArchiveFormat::TarGz => Row::BatchTar,
                    _ => Row::BatchZip,
                };
                self.desk.verdict.tally.count(row);
                return Ok(self);
            }
            let limit = patience(&mut self.desk.rng, Duration::from_millis(250));
            let step = self.step(&account);
            let ended = match limit {
                None => Some(step.await),
                Some(limit) => timeout(limit, step).await.ok(),
            };
            if let Some(outcome) = ended {
                outcome?;
                continue;
            }
            self.desk.verdict.tally.count(Row::BatchGivenUp);
            // What was given up in the midst of an announcement may have come about.
            if matches!(self.stage, Stage::Nothing) {
                self.perhaps_opened += 1;
            }
            sleep(SETTLED).await;
        }
        let first = self.invoices.first().map(|one| one.number.clone());
        Err(format!("the batch of {first:?} never came to an end").into())
    }

    /// One step, from what is stored to what is stored.
    async fn step(&mut self, account: &Account) -> Result<(), Failure> {
        match std::mem::replace(&mut self.stage, Stage::Nothing) {
            Stage::Nothing => self.announce(account).await,
            Stage::Announced(state) => {
                // Whatever happens, the batch is as far as it was.
                self.stage = Stage::Announced(state.clone());
                self.upload(account, &state).await
            }
            Stage::Closed(reference) => {
                self.stage = Stage::Closed(reference.clone());
                self.end(account.closing(reference, SessionType::Batch)).await
            }
            Stage::Ended => Ok(()),
        }
    }

    async fn announce(&mut self, account: &Account) -> Result<(), Failure> {
        let Some(packed) = &self.packed else { return Ok(()) };
        let opening = account.batch(FormCode::FA_3).open(packed);
        match self.desk.once(Once::OpenBatch, opening).await {
            Ok(upload) => {
                self.opened.push(upload.reference().to_string());
                self.stage = Stage::Announced(upload.export().expose_json());
                Ok(())
            }
            Err(error) => {
                if error.may_have_happened() {
                    self.perhaps_opened += 1;
                    self.desk.verdict.tally.count(Row::BatchAnnouncedAgain);
                }
                self.failed("an announcement", &error)
            }
        }
    }

    async fn upload(&mut self, account: &Account, state: &SecretString) -> Result<(), Failure> {
        let mut upload = account.resume_batch(BatchState::from_json(state)?);
        let reference = upload.reference().to_string();
        let (ksef, packed, reached) = (&self.desk.ksef, &self.packed, &mut self.stage);
        let mut wrong = Vec::new();
        let mut before: Vec<u64> = upload.missing().collect();
        let note = |state: &BatchState| {
            let missing: Vec<u64> = account.resume_batch(state.clone()).missing().collect();
            before.retain(|ordinal| !missing.contains(ordinal));
            for ordinal in before.drain(..) {
                wrong.extend(check_part(ksef, &reference, packed.as_ref(), ordinal));
            }
            before = missing;
            *reached = Stage::Announced(state.expose_json());
        };
        let outcome = upload.upload_noting(3, note).await;
        for sentence in wrong {
            self.desk.verdict.untrue(sentence);
        }
        if let Err(error) = outcome {
            return self.failed("an upload", &error);
        }
        let reference = upload.reference().clone();
        match self.desk.once(Once::CloseBatch, upload.close()).await {
            Ok(_) => {
                self.check_closed(&reference);
                self.stage = Stage::Closed(reference);
                Ok(())
            }
            // Closed already, and the status that would say so could not be had.
            Err(unfinished) if unfinished.error().kind() == ErrorKind::SessionState => Ok(()),
            // A refusal that was cut off has no code and does not say why.
            Err(unfinished) if is_about_parts(unfinished.error()) => {
                let error = unfinished.error();
                let sentence = format!("all parts were said to be uploaded, and: {error}");
                self.desk.verdict.untrue(sentence);
                self.stage = Stage::Ended;
                Ok(())
            }
            Err(unfinished) => self.failed("the end of an upload", Says::error(&unfinished)),
        }
    }

    fn check_closed(&mut self, reference: &ReferenceNumber) {
        let sessions = self.desk.ksef.sessions();
        let session = sessions.iter().find(|one| one.reference == reference.as_str());
        if session.is_none_or(|session| session.status == 100) {
            self.desk.verdict.untrue(format!("{reference} was said to be closed: {session:?}"));
        }
    }

    fn failed(&mut self, what: &str, error: &Error) -> Result<(), Failure> {
        self.desk.verdict.tally.count(Row::BatchFailedStep);
        self.desk.failed(what, error)
    }

    async fn end(&mut self, closing: Closing) -> Result<(), Failure> {
        let Some(closed) = wait(&mut self.desk, closing).await? else {
            self.stage = Stage::Ended;
            return Ok(());
        };
        self.claims = claims(&mut self.desk, &closed).await?;
        confirm(&mut self.desk, &closed).await?;
        if closed.outcome() == Outcome::Cancelled {
            self.desk.verdict.lost(format!("{} was cancelled", closed.reference()));
        }
        self.desk.verdict.tally.count(Row::BatchProcessed);
        self.stage = Stage::Ended;
        Ok(())
    }

    /// Every invoice of the package has one end, and the books have the same.
    pub(crate) fn judge(&mut self, truth: &Truth) {
        judge(&self.invoices, &self.claims, truth, &mut self.desk.verdict);
    }
}

fn is_about_parts(error: &Error) -> bool {
    error.kind() == ErrorKind::Invalid && error.code().is_some()
}

/// What a session that is processed says of its invoices, by their hashes.
pub(crate) async fn claims(
    desk: &mut Desk,
    closed: &Closed,
) -> Result<BTreeMap<String, Claim>, Failure> {
    let rows: Vec<_> =
        desk.read("the invoices of a batch", || closed.invoices().try_collect()).await?;
    let mut claims = BTreeMap::new();
    for row in rows {
        let claim = Claim::of(&InvoiceState::of(&row));
        claim.count(&mut desk.verdict.tally);
        let hash = row.invoice_hash.unwrap_or_default();
        if claims.insert(hash, claim).is_some() {
            desk.verdict.duplicated(format!("{} has an invoice twice", closed.reference()));
        }
    }
    Ok(claims)
}

/// Every invoice of a package has one end, and the books have the same.
pub(crate) fn judge(
    invoices: &[Invoice],
    claims: &BTreeMap<String, Claim>,
    truth: &Truth,
    verdict: &mut Verdict,
) {
    use crate::invoices::Nature;

    for invoice in invoices {
        let (number, copies) = (&invoice.number, truth.copies(invoice));
        if copies > 1 {
            verdict.duplicated(format!("{number} is issued {copies} times"));
        }
        let is_good = invoice.nature == Nature::Good;
        match claims.get(&invoice.hash()) {
            Some(Claim::Accepted(_)) if is_good && copies > 0 => {}
            Some(Claim::Refused) if !is_good && copies == 0 => {}
            Some(Claim::Uncertain) if is_good && copies == 0 => {}
            None => verdict.lost(format!("{number}: its batch says nothing of it")),
            Some(other) => {
                verdict.untrue(format!("{number} (good: {is_good}, {copies} issued): {other:?}"));
            }
        }
    }
}

/// A package of those invoices in parts of a few kilobytes.
pub(crate) async fn packed(
    folder: &std::path::Path,
    format: ArchiveFormat,
    invoices: &[Invoice],
) -> Result<PackedBatch, Failure> {
    let limits = PackLimits::v2().part(PartLimit::Plain(2_048));
    let packing = Packing::new(folder).format(format).limits(limits);
    let entries =
        invoices.iter().map(|one| Entry::bytes(format!("{}.xml", one.number), one.bytes.to_vec()));
    let entries: Vec<Entry<'static>> = entries.collect();
    Ok(pack(packing, entries).await?)
}

/// A part that is said to be uploaded lies in the storage under its number.
fn check_part(
    ksef: &KsefV2,
    reference: &str,
    packed: Option<&PackedBatch>,
    ordinal: u64,
) -> Option<String> {
    let parts = packed.map_or(&[][..], PackedBatch::parts);
    let part = parts.iter().find(|part| u64::from(part.ordinal) == ordinal)?;
    let hash = STANDARD.encode(part.sealed.sha256);
    let stored = ksef.uploaded(reference);
    let is_there = stored.iter().any(|one| one.ordinal == ordinal && one.hash == hash);
    (!is_there).then(|| format!("{reference}: part {ordinal} was said to be uploaded"))
}
