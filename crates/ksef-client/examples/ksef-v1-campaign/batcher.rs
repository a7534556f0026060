//! A program that sends batches, gives steps up, and takes each up again from its stored state.

use std::time::Duration;

use ksef_client::v1::{
    BaseUrl, Client, Error, ErrorKind, FormCode,
    batch::{BatchOutcome, BatchState, Processing, ResumedBatch},
    session::Closed,
};
use ksef_crypto::{
    keys::LocalSigner,
    link::InvoiceHash,
    package::{PackLimits, PartLimit},
    xades::Trust,
};
use rand::rngs::StdRng;
use tokio::time::{sleep, timeout};
use trial::Failure;

use crate::{
    invoices::{Invoice, Nature},
    judge::Truth,
    plan::{SETTLED, patience},
    sender::{check_sentence, may_be_tried_again, quick, seller},
    tally::{Row, Verdict},
};

/// How many steps a caller makes in the time of trouble, and after it.
const STEPS: u32 = 40;

/// How often a caller waits in vain for the outcome, in each of both times: a batch that nobody
/// works on must come to a verdict and not stop the campaign.
const WAITS: u32 = 2;

/// One caller with one batch.
pub(crate) struct Batcher {
    pub(crate) client: Client,
    pub(crate) signer: LocalSigner,
    pub(crate) rng: StdRng,
    pub(crate) invoices: Vec<Invoice>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) verdict: Verdict,
    /// Where the service says that it is; the client reaches it through the wire.
    service: BaseUrl,
    /// How often the caller meant to announce.
    pub(crate) announcements: usize,
    packings: usize,
    waited: u32,
    state: Option<BatchState>,
    outcome: Option<BatchOutcome>,
}

impl Batcher {
    pub(crate) fn new(
        client: Client,
        service: BaseUrl,
        signer: LocalSigner,
        rng: StdRng,
        invoices: Vec<Invoice>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            client,
            service,
            signer,
            rng,
            invoices,
            folder: tempfile::tempdir()?,
            verdict: Verdict::default(),
            announcements: 0,
            packings: 0,
            waited: 0,
            state: None,
            outcome: None,
        })
    }

    /// Goes as far as it comes in the time of trouble.
    pub(crate) async fn work(mut self) -> Result<Self, Failure> {
        self.go(STEPS, true).await?;
        Ok(self)
    }

    /// Goes on with a client that nothing disturbs, to the end.
    pub(crate) async fn end(&mut self, careful: &Client) -> Result<(), Failure> {
        let wire = self.client.base().clone();
        self.client = careful.clone();
        self.state =
            self.state.take().map(|state| moved(&state, &wire, careful.base())).transpose()?;
        self.go(STEPS, false).await?;
        if self.outcome.is_none() {
            let (state, first) = (&self.state, self.invoices.first().map(|one| &one.name));
            let sentence = format!("the batch of {first:?} never came to an end: {state:?}");
            self.verdict.lost(format!("{sentence}, {} packages", self.packings));
        }
        Ok(())
    }

    async fn go(&mut self, steps: u32, gives_up: bool) -> Result<(), Failure> {
        self.waited = 0;
        for _ in 0..steps {
            if self.outcome.is_some() || self.waited >= WAITS {
                return Ok(());
            }
            let limit = patience(&mut self.rng, Duration::from_millis(400)).filter(|_| gives_up);
            let step = self.step();
            let ended = match limit {
                None => Some(step.await),
                Some(limit) => timeout(limit, step).await.ok(),
            };
            match ended {
                Some(Ok(())) => {}
                Some(Err(error)) => self.failed(&error)?,
                None => {
                    self.verdict.tally.count(Row::BatchCancelled);
                    sleep(SETTLED).await;
                }
            }
        }
        Ok(())
    }

    fn failed(&mut self, error: &Error) -> Result<(), Failure> {
        check_sentence(&mut self.verdict, "a batch", error);
        if error.kind() == ErrorKind::Duplicate {
            // A lost announcement holds the package: make another one of the same invoices.
            self.verdict.tally.count(Row::BatchRepacked);
            self.state = None;
            return Ok(());
        }
        self.verdict.tally.count(Row::BatchFailedStep);
        self.waited += u32::from(error.kind() == ErrorKind::NotFinished);
        if may_be_tried_again(error) {
            return Ok(());
        }
        Err(format!("a batch: {error}").into())
    }

    /// One step, from what is stored to what is stored.
    async fn step(&mut self) -> Result<(), Error> {
        let Some(state) = self.state.clone() else { return self.pack().await };
        match self.client.resume_batch(state)? {
            ResumedBatch::Prepared(prepared) => {
                self.state = Some(prepared.sign(&self.signer)?.export());
            }
            ResumedBatch::Signed(signed) => {
                self.announcements += 1;
                let announced = signed.announce().await?.export();
                let state = moved(&announced, &self.service, self.client.base());
                // A state that is text and back is the same state.
                self.state = Some(state.unwrap_or(announced));
            }
            ResumedBatch::Announced(announced) => {
                let state = &mut self.state;
                let observe = |part: ksef_client::v1::batch::PartUploaded| {
                    if let Some(state) = state {
                        state.record(part.ordinal);
                    }
                };
                let uploaded = announced.upload(3, observe).await?;
                self.state = Some(uploaded.export());
                self.state = Some(uploaded.finish().await?.export());
            }
            ResumedBatch::Processing(processing) => self.wait(processing).await?,
            _ => {}
        }
        Ok(())
    }

    async fn pack(&mut self) -> Result<(), Error> {
        let key = self.client.authority_key().await?;
        self.packings += 1;
        // Other names make another package of the same invoices.
        let packing = self.packings;
        let named = |one: &Invoice| one.outgoing().named(format!("{packing}-{}", one.name));
        let outgoing: Vec<_> = self.invoices.iter().map(named).collect();
        let preparation = self.client.batch(seller(), FormCode::FA_2, key);
        let limits = PackLimits::v1().part(PartLimit::Sealed(2048));
        let prepared = preparation.limits(limits).pack(outgoing, self.folder.path()).await?;
        self.state = Some(prepared.export());
        Ok(())
    }

    async fn wait(&mut self, processing: Processing) -> Result<(), Error> {
        self.outcome = Some(processing.wait(&quick()).await?);
        Ok(())
    }

    /// All of it is issued, or none.
    pub(crate) async fn judge(&mut self, careful: &Client, truth: &Truth) -> Result<(), Failure> {
        let is_good = self.invoices.iter().all(|one| one.nature == Nature::Good);
        let issued: usize = self.invoices.iter().map(|one| truth.copies(one)).sum();
        let what = format!("a batch of {} invoices, good: {is_good}", self.invoices.len());
        match &self.outcome {
            Some(BatchOutcome::Accepted(closed)) => {
                self.verdict.tally.count(Row::BatchAccepted);
                if !is_good {
                    self.verdict.untrue(format!("{what} was accepted"));
                }
                for invoice in &self.invoices {
                    match truth.copies(invoice) {
                        0 => self.verdict.lost(format!("{what}: {} is not issued", invoice.name)),
                        1 => {}
                        many => {
                            let name = &invoice.name;
                            self.verdict.duplicated(format!("{what}: {name} issued {many} times"));
                        }
                    }
                }
                let closed = closed.clone();
                let hashes = self.invoices.iter().map(|one| InvoiceHash::of(&one.bytes)).collect();
                confirm(careful, &closed, hashes, &mut self.verdict).await?;
            }
            Some(_) => {
                self.verdict.tally.count(Row::BatchRejected);
                if is_good || issued > 0 {
                    self.verdict.untrue(format!("{what} was rejected, and {issued} are issued"));
                }
            }
            None => {}
        }
        Ok(())
    }
}

/// The same state with its parts going to another address of the same service, as behind a proxy.
fn moved(
    state: &BatchState,
    from: &BaseUrl,
    to: &BaseUrl,
) -> Result<BatchState, serde_json::Error> {
    let text = serde_json::to_string(state)?;
    serde_json::from_str(&text.replace(from.as_str(), to.as_str()))
}

/// The confirmation names the hashes that were accepted, and no others.
pub(crate) async fn confirm(
    careful: &Client,
    closed: &Closed,
    accepted: Vec<InvoiceHash>,
    verdict: &mut Verdict,
) -> Result<(), Failure> {
    // The handle may have come from a client that is disturbed.
    let closed = careful.closing(closed.reference().clone()).wait(&quick()).await?;
    let books = closed.reconcile(accepted, Trust::AnyCertificate).await?;
    verdict.tally.add(Row::Confirmed, books.confirmed() as u64);
    let reference = closed.reference();
    for hash in books.missing() {
        verdict.lost(format!("{reference}: {} is accepted and not confirmed", hash.base64()));
    }
    for document in books.foreign() {
        let hash = &document.hash;
        verdict
            .untrue(format!("{reference}: {hash} is confirmed and nobody knew that it was sent"));
    }
    Ok(())
}
