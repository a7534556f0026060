//! Holds what was said against what is true.

use std::collections::BTreeMap;

use kros_client::webhook::{self, Notification, RequestId};
use sandbox::kros::Kros;

use crate::{
    documents::Nature,
    ledger::{Claim, Entry, Standing},
    receiver::Received,
    tally::Row,
};

pub(crate) type Verdict = trial::Verdict<Row>;

/// When the judgement is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The faults are over and nothing has been mended yet.
    AfterTheFaults,
    /// The caller has done everything that the documentation advises.
    AfterTheRecovery,
}

/// The state of the world: the sandbox's books and what the receiver was told.
#[derive(Debug)]
pub(crate) struct Truth {
    stored: BTreeMap<String, usize>,
    received: Received,
}

impl Truth {
    /// Reads the books.
    pub(crate) fn of(kros: &Kros, received: Received) -> Self {
        let invoices = kros.documents().into_iter().map(|document| document.external_id);
        let payments = kros.payments().into_iter().map(|payment| payment.external_id);
        let mut stored: BTreeMap<String, usize> = BTreeMap::new();
        for id in invoices.chain(payments).flatten() {
            *stored.entry(id).or_default() += 1;
        }
        Self { stored, received }
    }

    /// How often a document is stored.
    pub(crate) fn copies(&self, external_id: &str) -> usize {
        self.stored.get(external_id).copied().unwrap_or_default()
    }

    /// The handled notifications about a request.
    fn notices(&self, request: RequestId) -> &[Notification] {
        self.received.handled.get(&request).map(Vec::as_slice).unwrap_or_default()
    }
}

/// What is judged by, and what is noted down.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    pub(crate) verdict: &'a mut Verdict,
    pub(crate) truth: &'a Truth,
    pub(crate) stage: Stage,
}

impl Judge<'_> {
    /// Judges every document, each by all that was said about it.
    pub(crate) fn judge<D>(&mut self, entries: &[Entry<D>]) {
        for entry in entries {
            self.judge_books(entry);
            for claim in &entry.claims {
                if let Claim::Accepted(request) = claim {
                    self.judge_notice(entry, *request);
                }
            }
        }
    }

    fn judge_books<D>(&mut self, entry: &Entry<D>) {
        let (id, copies) = (&entry.external_id, self.truth.copies(&entry.external_id));
        let (nature, standing) = (entry.nature, entry.standing());
        let said = format!("{id} ({nature:?}, {:?})", entry.claims);
        if copies > 1 {
            self.verdict.duplicated(format!("{said} is stored {copies} times"));
        }
        let due = standing == Standing::Taken || self.stage == Stage::AfterTheRecovery;
        if due && nature == Nature::Good && copies == 0 {
            self.verdict.lost(format!("{said} is not stored"));
        }
        if standing == Standing::Absent && copies > 0 {
            self.verdict.untrue(format!("{said} is stored"));
        }
        let never = matches!(nature, Nature::Withheld | Nature::Refused);
        if never && standing == Standing::Taken {
            self.verdict.untrue(format!("{said} cannot have been accepted"));
        }
    }

    /// An accepted request has one notification, which tells of each document what became of it.
    fn judge_notice<D>(&mut self, entry: &Entry<D>, request: RequestId) {
        let id = &entry.external_id;
        let notices = self.truth.notices(request);
        if notices.len() > 1 {
            let times = notices.len();
            self.verdict.duplicated(format!("{id}: its notification was handled {times} times"));
        }
        let Some(notice) = notices.first() else {
            self.verdict.untrue(format!("{id}: no notification came about request {request}"));
            return;
        };
        let created = is_created(notice, id);
        if created != (self.truth.copies(id) > 0) {
            self.verdict.untrue(format!("{id}: its notification says created: {created}"));
        }
        let failed = notice.outcome != webhook::Outcome::AllCreated;
        if !created && !failed {
            self.verdict
                .untrue(format!("{id} was not created and its notification speaks of success"));
        }
    }
}

/// Whether a notification says that this document was created.
fn is_created(notice: &Notification, external_id: &str) -> bool {
    let named =
        |entity: &&webhook::EntityResult| entity.external_id.as_deref() == Some(external_id);
    notice.entities.iter().any(|entity| named(&entity) && entity.problems.is_empty())
}
