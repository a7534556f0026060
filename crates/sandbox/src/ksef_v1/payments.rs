//! Payment identifiers: one number for several invoices of a seller (specification 1.9, chapter
//! 13.11).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answered, Ask, Caller};
use super::exception::Exception;
use super::query::moment_of;
use super::store::{Accepted, Outcome, Store, WorkKind};
use super::work;
use crate::ksef::numbers;
use crate::reply::Reply;

/// One identifier.
#[derive(Clone, Debug)]
pub(super) struct PaymentIdentifier {
    identifier: String,
    context: String,
    created: DateTime<Utc>,
    numbers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RequestBody {
    ksef_reference_number_list: Vec<String>,
}

/// Starts the making of an identifier.
pub(super) fn request(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let list = ask.body::<RequestBody>()?.ksef_reference_number_list;
    let short = |number: &String| numbers::short_form(number);
    let numbers: Option<Vec<String>> = list.iter().map(short).collect();
    let numbers = numbers.ok_or_else(|| ask.off_schema("ksefReferenceNumberList"))?;
    let distinct: BTreeSet<&String> = numbers.iter().collect();
    if !(2..=10_000).contains(&numbers.len()) || distinct.len() != numbers.len() {
        return Err(ask.off_schema("ksefReferenceNumberList"));
    }
    let seller = ask.ksef.with_store(|store| seller(store, caller, &numbers))?;
    let ksef = ask.ksef.clone();
    let context = caller.context.key().to_owned();
    let act = Box::new(move |store: &mut Store| {
        let created = super::to_millis(ksef.now());
        let identifier = numbers::payment(&seller, created, &ksef.context().chance);
        let one = PaymentIdentifier { identifier: identifier.clone(), context, created, numbers };
        store.payments.push(one);
        Ok(Outcome::Payment(identifier))
    });
    Ok(work::start(ask, caller, WorkKind::Payment, 201, act))
}

/// The one seller of invoices that exist and concern the context.
fn seller(store: &Store, caller: &Caller, numbers: &[String]) -> Result<String, Exception> {
    let nip = caller.context.nip();
    let found: Option<Vec<&Accepted>> = numbers
        .iter()
        .map(|number| store.invoice(number).filter(|invoice| invoice.concerns(nip)))
        .collect();
    let found = found.ok_or_else(|| Exception::new(21182))?;
    let sellers: BTreeSet<&str> =
        found.iter().map(|one| one.invoice.seller.nip().unwrap_or_default()).collect();
    match sellers.into_iter().collect::<Vec<_>>().as_slice() {
        [seller] => Ok((*seller).to_owned()),
        _ => Err(Exception::new(21181)),
    }
}

/// The invoices of an identifier.
pub(super) fn numbers(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let wanted = ask.value(0);
    if !numbers::is_payment(wanted) {
        return Err(ask.malformed("path parameter"));
    }
    let (size, index) = ask.page((10, 100), 100, None)?;
    let reference = ask.new_reference("QP");
    ask.ksef.with_store(|store| {
        let found = store.payments.iter().find(|one| one.identifier == wanted);
        let found = found.ok_or_else(|| Exception::new(21184))?;
        let page = found.numbers.iter().skip(index * size).take(size);
        let list: Vec<Value> = page
            .map(|number| {
                let concerns =
                    store.invoice(number).is_some_and(|it| it.concerns(caller.context.nip()));
                json!({"ksefReferenceNumber": ask.number(number), "isSubject": u8::from(concerns)})
            })
            .collect();
        Ok(Reply::json(
            200,
            json!({
                "timestamp": ask.moment(ask.now),
                "referenceNumber": reference,
                "createdAt": ask.moment(found.created),
                "numberOfElements": found.numbers.len(),
                "pageSize": size,
                "pageOffset": index,
                "ksefReferenceNumberList": list,
            }),
        ))
    })
}

/// The identifiers of an invoice.
pub(super) fn identifiers(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let number = ask.ksef_number(0)?;
    let (size, index) = ask.page((10, 100), 100, None)?;
    let reference = ask.new_reference("QP");
    ask.ksef.with_store(|store| {
        let found: Vec<&PaymentIdentifier> =
            store.payments.iter().filter(|one| one.numbers.contains(&number)).collect();
        let invoice = store.invoice(&number).filter(|_| !found.is_empty());
        let invoice = invoice.ok_or_else(|| Exception::new(21183))?;
        let page = found.iter().skip(index * size).take(size);
        let list: Vec<Value> = page
            .map(|one| {
                json!({"paymentIdentifier": one.identifier, "createdAt": ask.moment(one.created)})
            })
            .collect();
        Ok(Reply::json(
            200,
            json!({
                "timestamp": ask.moment(ask.now),
                "referenceNumber": reference,
                "isSubject": u8::from(invoice.concerns(caller.context.nip())),
                "numberOfElements": found.len(),
                "pageSize": size,
                "pageOffset": index,
                "paymentIdentifiersList": list,
            }),
        ))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct QueryBody {
    query_criteria: Option<Criteria>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Criteria {
    payment_identifier: Option<String>,
    created_date_from: Option<String>,
    created_date_to: Option<String>,
    number_of_invoice_from: Option<usize>,
    number_of_invoice_to: Option<usize>,
}

/// The identifiers that the context made.
pub(super) fn query(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let (size, index) = ask.page((10, 50), 50, None)?;
    let criteria = ask.body::<QueryBody>()?.query_criteria.unwrap_or_default();
    let moment = |text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => moment_of(text).map(Some).ok_or_else(|| ask.lacking(20006, "createdDate")),
    };
    let (from, to) = (moment(&criteria.created_date_from)?, moment(&criteria.created_date_to)?);
    let wanted = criteria.payment_identifier.as_deref();
    if wanted.is_some_and(|wanted| !numbers::is_payment(wanted)) {
        return Err(ask.off_schema("paymentIdentifier"));
    }
    let reference = ask.new_reference("QP");
    ask.ksef.with_store(|store| {
        let own = store.payments.iter().filter(|one| one.context == caller.context.key());
        let found: Vec<&PaymentIdentifier> = own
            .filter(|one| {
                let count = one.numbers.len();
                wanted.is_none_or(|wanted| one.identifier == wanted)
                    && from.is_none_or(|from| one.created >= from)
                    && to.is_none_or(|to| one.created <= to)
                    && criteria.number_of_invoice_from.is_none_or(|least| count >= least)
                    && criteria.number_of_invoice_to.is_none_or(|most| count <= most)
            })
            .collect();
        if found.is_empty() {
            return Err(Exception::new(21193));
        }
        if found.len() > 1000 {
            return Err(Exception::about(21177, "1000"));
        }
        let page = found.iter().skip(index * size).take(size);
        let list: Vec<Value> = page
            .map(|one| {
                json!({
                    "paymentIdentifier": one.identifier,
                    "createdAt": ask.moment(one.created),
                    "numberOfKsefReferenceNumbers": one.numbers.len(),
                })
            })
            .collect();
        Ok(Reply::json(
            202,
            json!({
                "timestamp": ask.moment(ask.now),
                "referenceNumber": reference,
                "numberOfElements": found.len(),
                "pageSize": size,
                "pageOffset": index,
                "paymentIdentifiers": list,
            }),
        ))
    })
}
