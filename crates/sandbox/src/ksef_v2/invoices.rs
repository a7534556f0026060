//! One invoice by its number in KSeF (KSeF 2.0 facts §10.1).

use super::KsefV2;
use super::problem::Problem;
use super::query::is_party;
use super::request::Request;
use super::storage;
use crate::ksef::numbers;
use crate::reply::Reply;

/// `GET /invoices/ksef/{ksefNumber}`.
pub(super) fn download(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let (caller, wanted) = (request.caller()?, request.path("ksefNumber"));
    let number = numbers::short_form(wanted).unwrap_or_default();
    let bytes = ksef.with_store(|store| {
        let record = store.archive.get(&number);
        let record =
            record.filter(|record| is_party(record, &caller.context)).ok_or_else(|| {
                Problem::detailed(21164, format!("Faktura {wanted} nie została znaleziona."))
            })?;
        if record.visible {
            Ok(record.bytes())
        } else {
            let about = format!("Faktura {wanted} nie jest jeszcze dostępna. Spróbuj później.");
            Err(Problem::detailed(21165, about))
        }
    })?;
    Ok(storage::file(Some(bytes), "application/xml"))
}
