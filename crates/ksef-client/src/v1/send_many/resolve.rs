//! What became of invoices whose sending was not answered, for many at once (KSeF 1.x facts §2.4
//! and §10).
//!
//! The service lists the elements of a session without their hashes, so an element that nobody
//! knows is fetched when it is accepted, and compared byte for byte.

use std::{
    pin::pin,
    sync::{Mutex, PoisonError},
};

use common_core::poll::PollSchedule;
use common_http::{Polled, poll_until};
use futures_util::TryStreamExt;
use ksef_crypto::{link::InvoiceHash, number::ReferenceNumber};

use super::known::Known;
use crate::v1::{
    error::Error,
    invoices::{AcceptedInvoice, FoundInvoice, InvoiceStatus, SentInvoice},
    process::Class,
    session::{Session, StatusOf},
};

/// What a session's list says about some invoices.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// Those that are issued.
    accepted: Vec<(InvoiceHash, ReferenceNumber, AcceptedInvoice)>,
    /// Elements that nobody knows and that may be any of the others.
    pub(super) candidates: Vec<FoundInvoice>,
}

impl Resolved {
    /// The element and the number of an invoice.
    pub(super) fn find(&self, hash: &InvoiceHash) -> Option<(&ReferenceNumber, &AcceptedInvoice)> {
        let mut accepted = self.accepted.iter();
        accepted.find(|(other, ..)| other == hash).map(|(_, element, found)| (element, found))
    }

    /// Whether none of the candidates is issued or can still be.
    pub(super) fn are_refused(&self) -> bool {
        self.candidates.iter().all(|candidate| candidate.progress.class() == Class::Failed)
    }
}

/// A look for invoices among the elements of a session that nobody knows.
pub(super) struct Search<'a> {
    pub(super) session: &'a Session,
    /// The session that is looked through: this one, or an earlier one of the same context.
    pub(super) reference: &'a ReferenceNumber,
    pub(super) wanted: &'a [InvoiceHash],
    pub(super) known: &'a Known,
}

impl Search<'_> {
    /// Looks until none of the elements is under way any more, or the schedule's time is up.
    pub(super) async fn run(&self, schedule: &PollSchedule) -> Result<Resolved, Error> {
        let (resolved, compared) = (Mutex::new(Resolved::default()), Known::default());
        let poll = || self.look(&resolved, &compared);
        poll_until(self.session.clock(), schedule, poll).await?;
        Ok(resolved.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    async fn look(
        &self,
        resolved: &Mutex<Resolved>,
        compared: &Known,
    ) -> Result<Polled<()>, Error> {
        let lock = || resolved.lock().unwrap_or_else(PoisonError::into_inner);
        let mut listed = pin!(self.session.items(StatusOf::new(self.reference.clone())));
        let (mut candidates, mut is_under_way) = (Vec::new(), false);
        while let Some(row) = listed.try_next().await? {
            let candidate = FoundInvoice::read(row)?;
            let element = &candidate.element;
            if self.known.contains(element) || compared.contains(element) {
                continue;
            }
            let Some(hash) = self.session.hash_of(&candidate).await? else {
                is_under_way |= !candidate.progress.code.is_final();
                candidates.push(candidate);
                continue;
            };
            if self.wanted.contains(&hash) {
                let Some(accepted) = self.accepted(&candidate, &hash).await? else {
                    // The list and the status do not say the same yet.
                    is_under_way = true;
                    candidates.push(candidate);
                    continue;
                };
                lock().accepted.push((hash, candidate.element.clone(), accepted));
            }
            compared.insert(&candidate.element);
        }
        let mut resolved = lock();
        resolved.candidates = candidates;
        let is_found = self.wanted.iter().all(|hash| resolved.find(hash).is_some());
        Ok(if is_found || !is_under_way { Polled::Ended(()) } else { Polled::Pending(None) })
    }

    /// What the status of an element says that the list has as accepted.
    async fn accepted(
        &self,
        candidate: &FoundInvoice,
        hash: &InvoiceHash,
    ) -> Result<Option<AcceptedInvoice>, Error> {
        let element = candidate.element.clone();
        let sent = SentInvoice::new(self.reference.clone(), element, hash);
        Ok(match self.session.invoice_status(&sent).await? {
            InvoiceStatus::Accepted(accepted) => Some(accepted),
            InvoiceStatus::Rejected(_) | InvoiceStatus::Pending(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use common_http::scripted::Step;
    use serde_json::json;

    use super::*;
    use crate::v1::{
        client::testing::{ELEMENT, INVOICE, SESSION},
        session::tests::plain_session,
    };

    fn listed() -> Step {
        let row = json!({
            "elementReferenceNumber": ELEMENT, "processingCode": 200, "ksefReferenceNumber": INVOICE
        });
        let body = json!({
            "processingCode": 315, "numberOfElements": 1, "invoiceStatusList": [row]
        });
        Step::answer(200, body.to_string())
    }

    fn status(code: u32) -> Step {
        let body = json!({
            "processingCode": code, "invoiceStatus": {"ksefReferenceNumber": INVOICE}
        });
        Step::answer(200, body.to_string())
    }

    async fn search(steps: impl IntoIterator<Item = Step>) -> Resolved {
        let (session, _) = plain_session(steps);
        let (reference, known) = (SESSION.parse().unwrap(), Known::default());
        let wanted = [InvoiceHash::of(b"<a/>")];
        let search =
            Search { session: &session, reference: &reference, wanted: &wanted, known: &known };
        let schedule = PollSchedule::new(Duration::from_secs(1), Duration::from_secs(1));
        search.run(&schedule.within(Duration::from_millis(1500))).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_element_that_holds_the_bytes_is_looked_at_until_list_and_status_agree() {
        let bytes = || Step::answer(200, "<a/>");
        let look = [listed(), bytes(), status(340)];
        let found = search(look.into_iter().chain([listed(), bytes(), status(200)])).await;
        assert!(found.find(&InvoiceHash::of(b"<a/>")).is_some() && found.candidates.is_empty());
        let look = [listed(), bytes(), status(340), listed(), bytes(), status(340)];
        let found = search(look).await;
        assert!(found.find(&InvoiceHash::of(b"<a/>")).is_none());
        assert_eq!((found.candidates.len(), found.are_refused()), (1, false));
    }
}
