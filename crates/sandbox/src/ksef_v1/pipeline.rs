//! The sub-process of one invoice (specification 1.9, chapter 15.5).

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::KsefV1;
use super::exception::Exception;
use super::invoices::matches;
use super::people::{Context, Vector, Way};
use super::process::{Process, Stage, Step, description};
use super::roles::Role;
use super::store::{Accepted, Element, Session, Store, Verdict};
use crate::ksef::document::{self, Invoice, PartyId};
use crate::ksef::numbers;

/// Starts the processing of an element of an interactive session.
pub(super) fn start(ksef: &KsefV1, reference: &str) {
    let (ksef, reference) = (ksef.clone(), reference.to_owned());
    ksef.context().tasks.clone().spawn_job(async move {
        let mut passage = Passage::new(&ksef, &reference);
        for stage in Process::Invoice.stages() {
            ksef.pace().await;
            if stage.step == Step::Security {
                passage.secure().await;
            }
            let outcome = passage.take(stage.step);
            if !passage.reached(*stage, outcome) {
                break;
            }
        }
        ksef.with_store(|store| {
            let session = store.elements.get(&reference).map(|element| element.session.clone());
            if let Some(session) = session.and_then(|it| store.sessions.get(&it)) {
                session.open.send_modify(|open| *open = open.saturating_sub(1));
            }
        });
    });
}

/// An invoice on its way through the steps.
pub(super) struct Passage<'a> {
    ksef: &'a KsefV1,
    pub(super) reference: String,
    verdict: Verdict,
    plain: Bytes,
    invoice: Option<Invoice>,
}

impl<'a> Passage<'a> {
    pub(super) fn new(ksef: &'a KsefV1, reference: &str) -> Self {
        let plain = ksef.with_store(|store| {
            store.elements.get(reference).map(|element| element.body.clone()).unwrap_or_default()
        });
        let reference = reference.to_owned();
        Self { ksef, reference, verdict: Verdict::Passed, plain, invoice: None }
    }

    /// Waits until the session is authenticated or is not going to be.
    async fn secure(&mut self) {
        let verdict = self.ksef.with_store(|store| {
            let element = store.elements.get(&self.reference)?;
            store.sessions.get(&element.session).map(|session| session.verdict.subscribe())
        });
        if let Some(mut verdict) = verdict {
            let decided = verdict.wait_for(|verdict| *verdict != Verdict::Pending).await;
            self.verdict = decided.map_or(Verdict::Passed, |verdict| verdict.clone());
        }
    }

    /// Does one step, or fails as the script says.
    pub(super) fn take(&mut self, step: Step) -> Result<(), Exception> {
        self.ksef.scripted(Process::Invoice, step)?;
        match step {
            Step::Authorise => self.authorise(),
            Step::Security => match &self.verdict {
                Verdict::Failed(exception) => Err(exception.clone()),
                _ => Ok(()),
            },
            Step::Decrypt => self.decrypt(),
            Step::VerifyInvoiceSemantics => self.read(),
            Step::VerifyInvoiceEssentials => self.essentials(),
            Step::Accept => self.accept(),
            _ => Ok(()),
        }
    }

    /// Writes what a step came to; false when it failed.
    pub(super) fn reached(&self, stage: Stage, outcome: Result<(), Exception>) -> bool {
        self.ksef.with_store(|store| {
            let Store { elements, sessions, statistics, .. } = store;
            let Some(element) = elements.get_mut(&self.reference) else { return false };
            match outcome {
                Ok(()) => {
                    element.code = stage.success;
                    description(stage.success).clone_into(&mut element.description);
                    true
                }
                Err(exception) => {
                    element.code = stage.failure;
                    element.description = exception.in_process();
                    element.body = Bytes::new();
                    statistics.refused += 1;
                    // What was refused may be sent again.
                    if let Some(session) = sessions.get_mut(&element.session) {
                        session.hashes.remove(&element.hash);
                    }
                    false
                }
            }
        })
    }

    /// The role may have been lost since the invoice was taken in.
    fn authorise(&self) -> Result<(), Exception> {
        self.with_session(|store, session, _| {
            let has = |role| store.people.has(&session.vector, &session.context, role);
            let may = has(Role::InvoiceWrite) || has(Role::EnforcementOperations);
            if may { Ok(()) } else { Err(Exception::new(21301)) }
        })
    }

    fn decrypt(&mut self) -> Result<(), Exception> {
        let (encrypted, key, hash, size) = self.with_session(|_, session, element| {
            Ok((element.encrypted, session.key.clone(), element.hash, element.size))
        })?;
        if encrypted {
            let key = key.ok_or_else(|| Exception::new(21415))?;
            let plain = key.decrypt(&self.plain).ok_or_else(|| Exception::new(20005))?;
            self.plain = plain.into();
            matches(&self.plain, u64::try_from(size).unwrap_or_default(), &hash)?;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), Exception> {
        let form = self.with_session(|_, session, _| Ok(session.form.clone()))?;
        let invoice = document::read(&self.plain, &form)
            .map_err(|refusal| Exception::about(refusal.code, refusal.about))?;
        self.ksef.with_store(|store| {
            if let Some(element) = store.elements.get_mut(&self.reference) {
                element.number = Some(invoice.number.clone());
            }
        });
        self.invoice = Some(invoice);
        Ok(())
    }

    fn essentials(&self) -> Result<(), Exception> {
        let Some(invoice) = &self.invoice else { return Err(Exception::new(23001)) };
        self.with_session(|store, session, _| {
            may_issue(store, &session.vector, &session.context, invoice)?;
            let known = |number: &String| store.invoice(number).is_some();
            let found = invoice.corrected.iter().all(known);
            if found { Ok(()) } else { Err(Exception::new(21423)) }
        })
    }

    /// Whether the invoice is not in the system yet.
    pub(super) fn is_new(&self, store: &Store) -> bool {
        let hash = store.elements.get(&self.reference).map(|element| element.hash);
        match (&self.invoice, hash) {
            (Some(invoice), Some(hash)) => !store.is_duplicate(invoice, &hash),
            _ => false,
        }
    }

    /// Seller, kind and number, which no two invoices share.
    pub(super) fn identity(&self) -> Option<(String, &'static str, String)> {
        let invoice = self.invoice.as_ref()?;
        let seller = invoice.seller.nip().unwrap_or_default().to_owned();
        Some((seller, invoice.kind, invoice.number.clone()))
    }

    /// Gives the number and stores the invoice.
    fn accept(&mut self) -> Result<(), Exception> {
        let ksef = self.ksef;
        ksef.with_store(|store| self.accept_into(store))
    }

    /// The same for a caller that works on the state already.
    pub(super) fn accept_into(&mut self, store: &mut Store) -> Result<(), Exception> {
        let now = super::to_millis(self.ksef.now());
        let Some(invoice) = self.invoice.take() else { return Err(Exception::new(23001)) };
        let chance = &self.ksef.context().chance;
        let ksef_number = numbers::invoice(invoice.seller.nip().unwrap_or_default(), now, chance);
        let element = store.elements.get(&self.reference).ok_or_else(|| Exception::new(23001))?;
        if store.is_duplicate(&invoice, &element.hash) {
            return Err(Exception::new(21176));
        }
        let accepted = accepted(store, element, &self.reference, invoice, ksef_number, now);
        let place = store.accept(Accepted { bytes: self.plain.clone(), ..accepted });
        if let Some(element) = store.elements.get_mut(&self.reference) {
            (element.accepted, element.body) = (Some(place), Bytes::new());
        }
        Ok(())
    }

    fn with_session<T>(
        &self,
        act: impl FnOnce(&Store, &Session, &Element) -> Result<T, Exception>,
    ) -> Result<T, Exception> {
        self.ksef.with_store(|store| {
            let element = store.elements.get(&self.reference);
            let element = element.ok_or_else(|| Exception::new(21149))?;
            let session = store.sessions.get(&element.session);
            act(store, session.ok_or_else(|| Exception::new(21149))?, element)
        })
    }
}

/// The record of an accepted invoice; its bytes are added by the caller.
fn accepted(
    store: &Store,
    element: &Element,
    reference: &str,
    invoice: Invoice,
    ksef_number: String,
    at: DateTime<Utc>,
) -> Accepted {
    let session = store.sessions.get(&element.session);
    Accepted {
        ksef_number,
        session: element.session.clone(),
        element: reference.to_owned(),
        issuer: session.map(|it| it.context.nip().to_owned()).unwrap_or_default(),
        sent: super::to_millis(element.received),
        at,
        hash: element.hash,
        bytes: Bytes::new(),
        invoice,
    }
}

/// Who may issue what (specification 1.9, chapter 5.7.2).
fn may_issue(
    store: &Store,
    vector: &Vector,
    context: &Context,
    invoice: &Invoice,
) -> Result<(), Exception> {
    let nip = context.nip();
    let seller = invoice.seller.nip().unwrap_or_default();
    let has = |role| store.people.has(vector, context, role);
    let given = |role| store.people.company_has(seller, nip, role);
    let flagged = |role: Role| {
        let mut grants = store.people.grants.iter();
        grants.any(|it| it.way == Way::Office && it.context == nip && it.role == role)
    };
    let authorized = invoice.authorized.as_ref().filter(|(party, _)| party.nip() == Some(nip));
    let may = match authorized {
        Some((_, "court_bailiff")) => {
            has(Role::EnforcementOperations) && flagged(Role::CourtBailiff)
        }
        Some((_, "enforcement_authority")) => {
            has(Role::EnforcementOperations) && flagged(Role::EnforcementAuthority)
        }
        Some(_) => has(Role::InvoiceWrite) && given(Role::TaxRepresentative),
        None if seller == nip => has(Role::InvoiceWrite),
        None if invoice.buyer.nip() == Some(nip) => {
            invoice.self_invoicing && has(Role::InvoiceWrite) && given(Role::SelfInvoicing)
        }
        // Who issues in the seller's name is the buyer, by the NIP.
        None if invoice.self_invoicing && invoice.buyer.id == PartyId::None => {
            return Err(Exception::new(21418));
        }
        None if invoice.self_invoicing && invoice.buyer.nip().is_none() => {
            return Err(Exception::new(21419));
        }
        None => return Err(Exception::new(21212)),
    };
    if may { Ok(()) } else { Err(Exception::new(21301)) }
}
