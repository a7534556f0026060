//! Any number of documents, sent in requests of at most 100 and answered one by one.
//!
//! The service refuses a request with the positions of the wrong documents inside it (source
//! document, "Odpoveď na request"); that it then takes none of the others is our reading of that
//! section. A [`Batch`] splits, waits for its turn, leaves refused documents out and maps
//! everything back to the caller's own positions.
//!
//! Nothing is lost when a step is cancelled: the batch keeps what it knows, and a request that was
//! under way then is [`Outcome::Unknown`].

mod outcome;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use common_core::effect::ErrorKind as CommonKind;
use common_http::{CallOptions, Endpoint};

pub use outcome::{BatchReport, Outcome, Step, Verdict};

use crate::{
    check::{Finding, Profile},
    client::Client,
    error::{Error, ErrorKind, Rejection},
    guard::Fingerprint,
    invoices,
    model::{NewInvoice, NewPayment},
    payments,
    submission::{Document, MAX_DOCUMENTS, PendingRequest},
};

/// How a batch goes about its work.
#[derive(Clone, Debug)]
pub struct BatchOptions {
    profile: Option<Profile>,
    size: usize,
    refused: AfterRefusal,
    trouble: AfterTrouble,
    call: CallOptions,
}

/// What happens to the other documents of a request of which the service refused some (400).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterRefusal {
    /// They are sent again without the refused ones: the service took none of them, as the
    /// documentation is understood here.
    #[default]
    SendTheOthers,
    /// They are left unsent.
    LeaveTheOthers,
}

/// What happens to the requests that are left when one fails or its outcome is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterTrouble {
    /// They are left unsent, so that what is uncertain stays small.
    #[default]
    Stop,
    /// They are sent, unless they would fail for the same reason (token, licence).
    GoOn,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            profile: Some(Profile::documented()),
            size: MAX_DOCUMENTS,
            refused: AfterRefusal::default(),
            trouble: AfterTrouble::default(),
            call: CallOptions::new(),
        }
    }
}

impl BatchOptions {
    /// Checks with the documented profile, requests of 100.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the profile of the checks before sending; a document with an error is withheld.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Sends every document unchecked.
    #[must_use]
    pub fn unchecked(mut self) -> Self {
        self.profile = None;
        self
    }

    /// Sets how many documents one request holds, 1 to 100; other numbers are taken as the
    /// nearest of these.
    #[must_use]
    pub fn size(mut self, documents: usize) -> Self {
        self.size = documents.clamp(1, MAX_DOCUMENTS);
        self
    }

    /// Sets what happens to the others when some of a request's documents are refused.
    #[must_use]
    pub fn after_refusal(mut self, refused: AfterRefusal) -> Self {
        self.refused = refused;
        self
    }

    /// Sets what happens to the requests that are left when one fails.
    #[must_use]
    pub fn after_trouble(mut self, trouble: AfterTrouble) -> Self {
        self.trouble = trouble;
        self
    }

    /// Sets deadline, retries and limit policy of each request.
    #[must_use]
    pub fn call(mut self, call: CallOptions) -> Self {
        self.call = call;
        self
    }
}

/// Documents on their way.
///
/// # Examples
///
/// ```
/// use kros_client::{Client, Environment, batch::Outcome};
/// use kros_client::model::{InvoiceItem, NewInvoice, Partner};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sandbox = sandbox::Sandbox::builder().calm().start().await?;
/// # let (address, token) = (sandbox.kros().base_url(), sandbox.kros().token("0").ok_or("no token")?);
/// # let client = Client::builder(Environment::at(address)?).token(token.into()).build()?;
/// let invoices: Vec<_> = (1..=3)
///     .map(|number| {
///         let bread = InvoiceItem::new("Chlieb", 2, 5).vat_rate(5);
///         NewInvoice::new(Partner::new("Vymyslená Pekáreň s.r.o."), [bread])
///             .external_id(format!("order-{number}"))
///     })
///     .collect();
/// let report = client.batch(invoices).finish().await;
/// assert_eq!(report.accepted(), 3);
/// assert!(matches!(report.outcomes()[0], Outcome::Accepted(_)));
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a batch sends nothing until it is finished or stepped"]
pub struct Batch<D> {
    client: Client,
    options: BatchOptions,
    documents: Vec<D>,
    outcomes: Vec<Outcome>,
    warnings: Vec<Finding>,
    waiting: VecDeque<Vec<usize>>,
    /// Requests of this batch that the service has taken, or may have.
    sent: BTreeSet<Fingerprint>,
}

/// A document whose batches have an endpoint.
pub trait BatchDocument: Document {
    #[doc(hidden)]
    type Request: Endpoint<Api = crate::Kros, Response = PendingRequest> + Send;

    #[doc(hidden)]
    fn request(documents: &[&Self]) -> Result<Self::Request, common_http::BuildError>;
}

impl BatchDocument for NewInvoice {
    type Request = invoices::CreateBatch;

    fn request(documents: &[&Self]) -> Result<Self::Request, common_http::BuildError> {
        invoices::CreateBatch::of(documents)
    }
}

impl BatchDocument for NewPayment {
    type Request = payments::CreateBatch;

    fn request(documents: &[&Self]) -> Result<Self::Request, common_http::BuildError> {
        payments::CreateBatch::of(documents)
    }
}

impl Client {
    /// Prepares documents for sending: checks them all and splits them into requests.
    pub fn batch<D: BatchDocument>(&self, documents: Vec<D>) -> Batch<D> {
        self.batch_with(documents, BatchOptions::new())
    }

    /// The same with options.
    pub fn batch_with<D: BatchDocument>(
        &self,
        documents: Vec<D>,
        options: BatchOptions,
    ) -> Batch<D> {
        let mut outcomes = vec![Outcome::NotSent(None); documents.len()];
        let findings = options
            .profile
            .as_ref()
            .map(|profile| D::check(&documents, profile))
            .unwrap_or_default();
        let mut warnings = Vec::new();
        for finding in findings {
            let outcome = finding.document_index.and_then(|index| outcomes.get_mut(index));
            match outcome {
                Some(outcome) if finding.is_error() => outcome.withhold(finding),
                _ => warnings.push(finding),
            }
        }
        let sendable: Vec<usize> = (0..documents.len())
            .filter(|index| !matches!(outcomes[*index], Outcome::Withheld(_)))
            .collect();
        let waiting = sendable.chunks(options.size).map(<[usize]>::to_vec).collect();
        let (client, sent) = (self.clone(), BTreeSet::new());
        Batch { client, options, documents, outcomes, warnings, waiting, sent }
    }
}

impl<D: BatchDocument> Batch<D> {
    /// Sends the next request and tells what became of it; `None` when nothing is left to send.
    ///
    /// May be cancelled: the documents of the request under way are then
    /// [`Outcome::Unknown`], and the next step goes on with the rest.
    pub async fn step(&mut self) -> Option<Step> {
        let indexes = self.waiting.pop_front()?;
        let documents: Vec<&D> = indexes.iter().map(|index| &self.documents[*index]).collect();
        let request = match D::request(&documents) {
            Ok(request) => request,
            Err(error) => return Some(self.unbuildable(indexes, error)),
        };
        // Should this future be dropped while it waits, the documents may have been accepted.
        self.settle(&indexes, &Outcome::Unknown(None));
        let fingerprint = self.fingerprint(&request);
        let is_twin = fingerprint.is_some_and(|request| !self.sent.insert(request));
        let result = self.client.send_with(&request, self.options.call).await;
        Some(match result {
            Ok(pending) => {
                self.settle(&indexes, &Outcome::Accepted(pending));
                Step { documents: indexes, verdict: Verdict::Accepted(pending) }
            }
            Err(error) => {
                if let Some(request) = fingerprint.filter(|_| !is_twin && has_no_effect(&error)) {
                    self.sent.remove(&request);
                }
                self.failed(indexes, error, is_twin)
            }
        })
    }

    /// Sends everything that is left and reports.
    pub async fn finish(mut self) -> BatchReport {
        while self.step().await.is_some() {}
        self.report()
    }

    /// What is known so far.
    pub fn report(&self) -> BatchReport {
        BatchReport::new(self.outcomes.clone(), self.warnings.clone())
    }

    /// The documents, in the caller's order.
    pub fn documents(&self) -> &[D] {
        &self.documents
    }

    /// Takes the documents back, for instance to send the unsent ones later.
    pub fn into_parts(self) -> (Vec<D>, BatchReport) {
        let report = self.report();
        (self.documents, report)
    }

    fn settle(&mut self, indexes: &[usize], outcome: &Outcome) {
        for index in indexes {
            self.outcomes[*index] = outcome.clone();
        }
    }

    fn unbuildable(&mut self, indexes: Vec<usize>, error: common_http::BuildError) -> Step {
        let info = D::Request::INFO;
        let error = common_http::Error::not_sent("kros", &info, CommonKind::Input).because(error);
        let error = Arc::new(Error::from(error));
        self.settle(&indexes, &Outcome::NotSent(Some(Arc::clone(&error))));
        Step { documents: indexes, verdict: Verdict::Failed(error) }
    }

    fn fingerprint(&self, request: &D::Request) -> Option<Fingerprint> {
        request.request(self.client.base()).ok().and_then(|request| Fingerprint::of(&request))
    }

    /// `is_twin` says that this batch has sent an equal request before: a repetition then speaks
    /// of other documents that happen to be equal, and these were not accepted.
    fn failed(&mut self, indexes: Vec<usize>, error: Error, is_twin: bool) -> Step {
        match error.kind() {
            ErrorKind::Invalid => return self.refused(indexes, error),
            ErrorKind::AlreadyAccepted | ErrorKind::Duplicate if !is_twin => {
                self.settle(&indexes, &Outcome::AlreadyAccepted);
                return Step { documents: indexes, verdict: Verdict::AlreadyAccepted };
            }
            _ => {}
        }
        let error = Arc::new(error);
        let outcome = if error.may_have_happened() {
            Outcome::Unknown(Some(Arc::clone(&error)))
        } else {
            Outcome::NotSent(Some(Arc::clone(&error)))
        };
        self.settle(&indexes, &outcome);
        if self.options.trouble == AfterTrouble::Stop || is_hopeless(error.kind()) {
            for left in std::mem::take(&mut self.waiting) {
                self.settle(&left, &Outcome::NotSent(Some(Arc::clone(&error))));
            }
        }
        Step { documents: indexes, verdict: Verdict::Failed(error) }
    }

    /// The service took none of the request's documents and named the wrong ones.
    fn refused(&mut self, indexes: Vec<usize>, error: Error) -> Step {
        let mut rejections = error.rejections();
        let mut others = Vec::new();
        let error = Arc::new(error);
        if rejections.is_empty() {
            // The reasons were lost on the way; nothing says that any of the documents is wrong.
            self.settle(&indexes, &Outcome::NotSent(Some(Arc::clone(&error))));
            return Step { documents: indexes, verdict: Verdict::Failed(error) };
        }
        let of_the_whole =
            rejections.iter().all(|rejection| caller_index(&indexes, rejection).is_none());
        for (position, index) in indexes.iter().enumerate() {
            let own: Vec<Rejection> = rejections
                .iter()
                .filter(|rejection| of_the_whole || rejection.document_index == Some(position))
                .map(|rejection| Rejection { document_index: Some(*index), ..rejection.clone() })
                .collect();
            if own.is_empty() && !of_the_whole {
                self.outcomes[*index] = Outcome::NotSent(Some(Arc::clone(&error)));
                others.push(*index);
            } else {
                self.outcomes[*index] = Outcome::Refused(own);
            }
        }
        if self.options.refused == AfterRefusal::SendTheOthers && !others.is_empty() {
            self.waiting.push_front(others);
        }
        for rejection in &mut rejections {
            rejection.document_index = caller_index(&indexes, rejection);
        }
        Step { documents: indexes, verdict: Verdict::Refused(rejections) }
    }
}

/// The caller's position of the document that a rejection speaks of.
fn caller_index(indexes: &[usize], rejection: &Rejection) -> Option<usize> {
    indexes.get(rejection.document_index?).copied()
}

/// Whether the service neither took the request, now or before, nor may have.
fn has_no_effect(error: &Error) -> bool {
    let is_repetition = matches!(error.kind(), ErrorKind::AlreadyAccepted | ErrorKind::Duplicate);
    !error.may_have_happened() && !is_repetition
}

/// Whether every other request would fail in the same way.
fn is_hopeless(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Credentials
            | ErrorKind::Unauthorized
            | ErrorKind::PaymentRequired
            | ErrorKind::NotFound
            | ErrorKind::Store
    )
}

#[cfg(test)]
mod tests;
