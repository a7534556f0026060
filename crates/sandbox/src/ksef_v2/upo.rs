//! Receipts (UPO) of version 4-3: of a whole session in pages, and of one invoice
//! (KSeF 2.0 facts §9). The same receipt has the same bytes whenever it is asked for.

use std::fmt::Write as _;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Europe::Warsaw;

use super::KsefV2;
use super::listing::no_invoice;
use super::problem::Problem;
use super::request::Request;
use super::session::{self, Session, context_element, with_visible};
use super::storage;
use super::store::Store;
use crate::ksef::base64;
use crate::ksef::upo::sealed;
use crate::ksef::xml::escaped;
use crate::reply::Reply;

const NAMESPACE: &str = "http://upo.schematy.mf.gov.pl/KSeF/v4-3";

/// Where a page of a session's receipt lies in the storage.
pub(super) fn page_path(session: &str, index: usize) -> String {
    format!("01/{}/session-upo/upo_{index:02}.xml", session.to_lowercase())
}

/// Where the receipt of one invoice lies in the storage.
pub(super) fn invoice_path(session: &str, ksef_number: &str) -> String {
    format!("01/{}/invoice-upo/upo_{ksef_number}.xml", session.to_lowercase())
}

/// `GET /sessions/{referenceNumber}/upo/{upoReferenceNumber}`.
pub(super) fn of_session(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let wanted = request.path("upoReferenceNumber");
    let bytes = with_visible(ksef, request, session::unknown, |store, reference, session| {
        let index = session.pages.iter().position(|page| page.reference == wanted);
        index.map(|index| page(store, reference, session, index)).ok_or_else(|| unknown(wanted))
    })?;
    Ok(storage::file(Some(bytes), "application/xml"))
}

/// `GET /sessions/{referenceNumber}/invoices/ksef/{ksefNumber}/upo`.
pub(super) fn by_number(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let wanted = request.path("ksefNumber");
    let bytes = with_visible(
        ksef,
        request,
        |_| unknown(wanted),
        |store, reference, session| {
            of_number(store, reference, session, wanted).ok_or_else(|| unknown(wanted))
        },
    )?;
    Ok(storage::file(Some(bytes), "application/xml"))
}

/// `GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}/upo`. The contract has no
/// code of its own for an invoice without a receipt, nor for an unknown session.
pub(super) fn by_reference(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let wanted = request.path("invoiceReferenceNumber");
    let bytes = with_visible(
        ksef,
        request,
        |_| no_invoice(wanted),
        |store, reference, session| {
            let position = session.by_reference.get(wanted).ok_or_else(|| no_invoice(wanted))?;
            let number = session.invoices[*position].ksef_number.as_deref();
            let bytes = number.and_then(|number| of_number(store, reference, session, number));
            bytes.ok_or_else(|| Problem::Absent(format!("Faktura {wanted} nie ma UPO.")))
        },
    )?;
    Ok(storage::file(Some(bytes), "application/xml"))
}

fn unknown(wanted: &str) -> Problem {
    Problem::detailed(21178, format!("UPO {wanted} nie zostało znalezione."))
}

/// A page in the storage.
pub(super) fn stored_page(ksef: &KsefV2, reference: &str, name: &str) -> Option<Bytes> {
    let index = name.strip_prefix("upo_")?.strip_suffix(".xml")?.parse::<usize>().ok()?;
    ksef.with_store(|store| {
        let session = store.sessions.all.get(reference)?;
        session.pages.get(index)?;
        Some(page(store, reference, session, index))
    })
}

/// The receipt of an invoice in the storage.
pub(super) fn stored_invoice(ksef: &KsefV2, reference: &str, name: &str) -> Option<Bytes> {
    let number = name.strip_prefix("upo_")?.strip_suffix(".xml")?;
    ksef.with_store(|store| {
        let session = store.sessions.all.get(reference)?;
        of_number(store, reference, session, number)
    })
}

fn page(store: &Store, reference: &str, session: &Session, index: usize) -> Bytes {
    let positions = &session.pages[index].positions;
    let before: usize = session.pages[..index].iter().map(|page| page.positions.len()).sum();
    let total: usize = session.pages.iter().map(|page| page.positions.len()).sum();
    let described = format!(
        "<OpisPotwierdzenia><Strona>{}</Strona><LiczbaStron>{}</LiczbaStron>\
         <ZakresDokumentowOd>{}</ZakresDokumentowOd><ZakresDokumentowDo>{}</ZakresDokumentowDo>\
         <CalkowitaLiczbaDokumentow>{total}</CalkowitaLiczbaDokumentow></OpisPotwierdzenia>",
        index + 1,
        session.pages.len(),
        before + 1,
        before + positions.len(),
    );
    let mut body = head(reference, session, &described);
    for position in positions.iter() {
        document(store, session, *position, &mut body);
    }
    Bytes::from(sealed(&body, session.updated, index as u64))
}

fn of_number(store: &Store, reference: &str, session: &Session, number: &str) -> Option<Bytes> {
    let position =
        session.invoices.iter().position(|it| it.ksef_number.as_deref() == Some(number))?;
    let mut body = head(reference, session, "");
    document(store, session, position, &mut body);
    let accepted = store.archive.get(number)?.accepted;
    Some(Bytes::from(sealed(&body, accepted, position as u64)))
}

fn head(reference: &str, session: &Session, described: &str) -> String {
    let caller = &session.caller;
    let element = context_element(&caller.context);
    let proof = match (&caller.token, &caller.document_hash) {
        (Some(token), _) => {
            format!("<NumerReferencyjnyTokenaKSeF>{token}</NumerReferencyjnyTokenaKSeF>")
        }
        (None, hash) => format!(
            "<SkrotDokumentuUwierzytelniajacego>{}</SkrotDokumentuUwierzytelniajacego>",
            hash.as_deref().unwrap_or_default()
        ),
    };
    format!(
        "<Potwierdzenie xmlns=\"{NAMESPACE}\">\
         <NazwaPodmiotuPrzyjmujacego>Ministerstwo Finansów - środowisko testowe (TE)\
         </NazwaPodmiotuPrzyjmujacego>\
         <NumerReferencyjnySesji>{reference}</NumerReferencyjnySesji>\
         <Uwierzytelnienie><IdKontekstu><{element}>{}</{element}></IdKontekstu>{proof}\
         </Uwierzytelnienie>{described}\
         <NazwaStrukturyLogicznej>{}</NazwaStrukturyLogicznej>\
         <KodFormularza>{}</KodFormularza>",
        escaped(&caller.context.value),
        session.form.schema,
        session.form.system_code,
    )
}

fn document(store: &Store, session: &Session, position: usize, body: &mut String) {
    let sent = &session.invoices[position];
    let number = sent.ksef_number.as_deref().unwrap_or_default();
    let Some(record) = store.archive.get(number) else { return };
    // Writing to a string cannot fail.
    let _ = write!(
        body,
        "<Dokument><NipSprzedawcy>{}</NipSprzedawcy>\
         <NumerKSeFDokumentu>{number}</NumerKSeFDokumentu>\
         <NumerFaktury>{}</NumerFaktury>\
         <DataWystawieniaFaktury>{}</DataWystawieniaFaktury>\
         <DataPrzeslaniaDokumentu>{}</DataPrzeslaniaDokumentu>\
         <DataNadaniaNumeruKSeF>{}</DataNadaniaNumeruKSeF>\
         <SkrotDokumentu>{}</SkrotDokumentu><TrybWysylki>{}</TrybWysylki></Dokument>",
        record.parties.seller.value.as_deref().unwrap_or_default(),
        escaped(&record.number),
        record.issued,
        local(sent.sent),
        local(record.accepted),
        base64(&record.hash),
        if sent.offline { "Offline" } else { "Online" },
    );
}

fn local(moment: DateTime<Utc>) -> String {
    moment.with_timezone(&Warsaw).to_rfc3339_opts(SecondsFormat::Millis, false)
}
