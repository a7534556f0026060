//! The header of an invoice in lists (KSeF 1.x facts §3, `InvoiceHeaderType`).

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::answer::Ask;
use super::hash_json;
use super::store::{Accepted, Mark};
use crate::ksef::document::{Party, PartyId, PartyName};

/// The header of an invoice; `hidden` is the mark of the context that asks.
pub(super) fn header(ask: &Ask<'_>, accepted: &Accepted, hidden: Option<&Mark>) -> Value {
    let invoice = &accepted.invoice;
    let mut header = json!({
        "ksefReferenceNumber": ask.number(&accepted.ksef_number),
        "invoiceReferenceNumber": invoice.number,
        "invoicingDate": invoice.issued.to_string(),
        "acquisitionTimestamp": ask.moment(accepted.at),
        "invoiceHash": {"hashSHA": hash_json(&accepted.hash), "fileSize": accepted.bytes.len()},
        "invoiceType": invoice.kind,
        "schemaVersion": invoice.version,
        "currency": invoice.currency,
        "net": amount(invoice.net),
        "vat": amount(invoice.vat),
        "gross": amount(invoice.gross),
        "faP17Annotation": invoice.self_invoicing,
        "hidden": hidden.is_some_and(|mark| mark.active),
        "subjectBy": {
            "issuedByIdentifier": identifier(&invoice.seller),
            "issuedByName": name(&invoice.seller.name),
        },
        "subjectTo": {
            "issuedToIdentifier": identifier(&invoice.buyer),
            "issuedToName": name(&invoice.buyer.name),
        },
    });
    if let Some(mark) = hidden.filter(|mark| mark.active) {
        header["hidingTime"] = json!(ask.moment(mark.at));
    }
    let other = |(party, role): &(Party, &str)| {
        let identifier = match &party.id {
            PartyId::Other(value) => json!({"type": "nrId", "identifier": value}),
            _ => identifier(party),
        };
        json!({
            "issuedToIdentifier": identifier,
            "issuedToName": name(&party.name),
            "subjectOtherType": role,
        })
    };
    if !invoice.others.is_empty() {
        header["subjectsOtherList"] = invoice.others.iter().map(other).collect();
    }
    if let Some((party, role)) = &invoice.authorized {
        header["subjectsAuthorizedList"] = json!([{
            "issuedToIdentifier": identifier(party),
            "issuedToName": name(&party.name),
            "subjectAuthorizedType": role,
        }]);
    }
    header
}

/// An identifier as a tagged object.
pub(super) fn identifier(party: &Party) -> Value {
    match &party.id {
        PartyId::Nip(value) => json!({"type": "onip", "identifier": value}),
        PartyId::VatUe(value) => json!({"type": "vatUE", "identifier": value}),
        PartyId::Other(value) => json!({"type": "other", "identifier": value}),
        PartyId::Internal(value) => json!({"type": "int", "identifier": value}),
        PartyId::None => json!({"type": "none"}),
    }
}

fn name(name: &PartyName) -> Value {
    match name {
        PartyName::Full(full) => json!({"type": "fn", "tradeName": null, "fullName": full}),
        PartyName::Person { first, surname } => {
            json!({"type": "pn", "tradeName": null, "firstName": first, "surname": surname})
        }
        PartyName::None => json!({"type": "none", "tradeName": null}),
    }
}

/// An amount with two decimals.
fn amount(amount: Decimal) -> String {
    let mut amount = amount.round_dp(2);
    amount.rescale(2);
    amount.to_string()
}
