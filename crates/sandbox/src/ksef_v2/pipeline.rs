//! What happens to an invoice after it has arrived: decrypted, read, checked, numbered, stored
//! (KSeF 2.0 facts §8 and §17).

use bytes::Bytes;
use chrono::{DateTime, Utc};
use chrono_tz::Europe::Warsaw;

use super::KsefV2;
use super::archive::Acceptance;
use super::invoice::{self, Invoice};
use super::people::Identity;
use super::resources;
use super::session::{InvoiceStatus, Session, SessionKind};
use super::store::Store;
use crate::front::Context;
use crate::ksef::{numbers, sha256, unbase64};

/// Decides about one invoice of a session and writes the verdict down; gives the place of an
/// accepted one in the archive, where it still has to be stored.
pub(super) fn process(
    ksef: &KsefV2,
    store: &mut Store,
    reference: &str,
    position: usize,
    bytes: Option<Bytes>,
) -> Option<usize> {
    let now = ksef.now();
    let verdict = match bytes {
        Some(bytes) => judge(store, reference, position, &bytes, now).map(|it| (it, bytes)),
        None => Err(InvoiceStatus::of(435)),
    };
    let unlucky = verdict.is_ok() && ksef.is_unlucky();
    match verdict {
        Ok((invoice, bytes)) if !unlucky => {
            Some(accept(ksef.context(), store, reference, position, invoice, bytes, now))
        }
        Ok(_) => refuse(store, reference, position, InvoiceStatus::of(550)),
        Err(status) => refuse(store, reference, position, status),
    }
}

/// Reads and checks an invoice.
fn judge(
    store: &Store,
    reference: &str,
    position: usize,
    bytes: &Bytes,
    now: DateTime<Utc>,
) -> Result<Invoice, InvoiceStatus> {
    let session = store.sessions.all.get(reference).ok_or_else(|| InvoiceStatus::of(500))?;
    let invoice = invoice::read(bytes, session.form)
        .map_err(|flaw| InvoiceStatus::detailed(flaw.code, flaw.about))?;
    number_read(store, session, &invoice, bytes.len(), position, now)?;
    Ok(invoice)
}

/// The checks of an invoice that could be read, in their order.
fn number_read(
    store: &Store,
    session: &Session,
    invoice: &Invoice,
    size: usize,
    position: usize,
    now: DateTime<Utc>,
) -> Result<(), InvoiceStatus> {
    let context = &session.caller.context;
    let limits = store.session_limits_of(context);
    let limits = if session.kind == SessionKind::Online { limits.online } else { limits.batch };
    let largest = if invoice.attachment { limits.with_attachment } else { limits.invoice };
    if size as u64 > largest * 1_000_000 {
        return Err(InvoiceStatus::detailed(430, "Plik przekracza dozwolony rozmiar."));
    }
    let corrects = session.invoices[position].corrects.is_some();
    let seller = invoice.seller.nip().unwrap_or_default();
    let misplaced = session.kind == SessionKind::Online && !corrects;
    if invoice.attachment && (misplaced || !resources::attachments_allowed(store, seller, now)) {
        return Err(InvoiceStatus::of(415));
    }
    if !may_issue(store, context, invoice) {
        return Err(InvoiceStatus::detailed(410, "Kontekst nie może wystawić tej faktury."));
    }
    if invoice.issued > now.with_timezone(&Warsaw).date_naive() {
        return Err(InvoiceStatus::detailed(
            450,
            "Data wystawienia P_1 jest późniejsza niż dzień przyjęcia.",
        ));
    }
    if session.checks_identifiers
        && let Some(about) = wrong_identifier(invoice)
    {
        return Err(InvoiceStatus::detailed(450, about));
    }
    match store.archive.original(invoice) {
        Some(original) => Err(InvoiceStatus {
            code: 440,
            details: vec![format!(
                "Faktura o numerze KSeF {} była już przesłana w sesji {}.",
                original.ksef_number, original.session
            )],
            original: Some((original.session.to_string(), original.ksef_number.to_string())),
        }),
        None => Ok(()),
    }
}

/// Whether the context issues for itself, or somebody on the invoice lets it.
fn may_issue(store: &Store, context: &Identity, invoice: &Invoice) -> bool {
    let seller = invoice.seller.nip().unwrap_or_default();
    let buyer = invoice.buyer.nip();
    // A farmer's invoice is issued by the buyer.
    let by_buyer = (invoice.self_invoicing || invoice.kind.ends_with("Rr")) && buyer.is_some();
    let owner = context.owner_nip();
    (owner.is_some() && owner == Some(seller))
        || (by_buyer && owner == buyer && resources::may_issue(store, context, seller))
        || resources::may_issue(store, context, seller)
}

fn wrong_identifier(invoice: &Invoice) -> Option<String> {
    let mut parties = vec![("Podmiot1", &invoice.seller), ("Podmiot2", &invoice.buyer)];
    parties.extend(invoice.thirds.iter().map(|(party, _)| ("Podmiot3", party)));
    parties.extend(invoice.authorized.iter().map(|(party, _)| ("PodmiotUpowazniony", party)));
    let wrong = parties.iter().find(|(_, party)| match (party.kind, party.value.as_deref()) {
        ("Nip", Some(nip)) => !nip_holds(nip),
        ("InternalId", Some(id)) => {
            !numbers::internal_holds(id) || !id.get(..10).is_some_and(nip_holds)
        }
        _ => false,
    })?;
    Some(format!("Cyfra kontrolna identyfikatora jest błędna: {}.", wrong.0))
}

/// Whether the check digit of a NIP is right.
pub(super) fn nip_holds(nip: &str) -> bool {
    let digits: Vec<u32> = nip.chars().filter_map(|digit| digit.to_digit(10)).collect();
    let weights = [6, 5, 7, 2, 3, 4, 5, 6, 7];
    let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
    digits.len() == 10 && digits.last() == Some(&(sum % 11))
}

fn accept(
    context: &Context,
    store: &mut Store,
    reference: &str,
    position: usize,
    invoice: Invoice,
    bytes: Bytes,
    now: DateTime<Utc>,
) -> usize {
    let seller = invoice.seller.nip().unwrap_or_default().to_owned();
    let mut ksef_number = numbers::invoice(&seller, now, &context.chance);
    while store.archive.get(&ksef_number).is_some() {
        ksef_number = numbers::invoice(&seller, now, &context.chance);
    }
    store.statistics.accepted += 1;
    let Some(session) = store.sessions.all.get_mut(reference) else { return usize::MAX };
    session.updated = now;
    let form = session.form;
    let sent = &mut session.invoices[position];
    let day = sent.sent.with_timezone(&Warsaw).date_naive();
    sent.offline |= invoice.issued < day;
    sent.number = Some(invoice.number.clone());
    sent.issued = Some(invoice.issued);
    sent.ksef_number = Some(ksef_number.clone());
    sent.status = InvoiceStatus::of(200);
    let how = Acceptance {
        ksef_number,
        invoiced: sent.sent,
        accepted: now,
        offline: sent.offline,
        corrects: sent.corrects.clone(),
        session: reference.to_owned(),
        hash: sha256(&bytes),
    };
    store.archive.accept(invoice, form, bytes, how)
}

/// Writes a refusal down.
pub(super) fn refuse(
    store: &mut Store,
    reference: &str,
    position: usize,
    status: InvoiceStatus,
) -> Option<usize> {
    store.statistics.refused += 1;
    store.statistics.duplicates += u64::from(status.code == 440);
    let session = store.sessions.all.get_mut(reference)?;
    let sent = &mut session.invoices[position];
    sent.status = status;
    let hash = sent.hash.clone();
    store.sessions.refused.entry(hash).or_default().push((reference.to_owned(), position));
    None
}

/// Whether the document that a technical correction replaces was accepted, or has an accepted
/// correction: the code of the refusal.
pub(super) fn correction_flaw(store: &Store, hash: &str) -> Option<u32> {
    let bytes: [u8; 32] = unbase64(hash)?.try_into().ok()?;
    if store.archive.by_hash(&bytes).is_some() {
        return Some(21167);
    }
    store.archive.is_corrected(hash).then_some(21166)
}
