//! What happens after 202: documents get identifiers and numbers, payments find their invoices.
//!
//! Failures of this stage reach the caller only in the notification (KROS OpenAPI documentation
//! page, section "Webhook").
//! A repeated `externalId` is no failure: KROS promises no uniqueness, and the double makes lost
//! and doubled documents visible instead of hiding them.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::prices::Prices;
use super::store::{Books, Store, number, sum};
use super::validate::{self, Kind};

/// A request that was answered with 202.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) company: u64,
    pub(super) kind: Kind,
    pub(super) request_id: String,
    pub(super) documents: Vec<Map<String, Value>>,
}

/// What became of the documents of a request.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// One entry per document of the request, in its order.
    pub(super) entities: Vec<Entity>,
    /// The invoices whose payment status the request touched.
    pub(super) related: Vec<Value>,
}

/// What became of one document.
#[derive(Debug)]
pub(super) struct Entity {
    pub(super) data: Value,
    /// Property path and message of each failure; empty means that the document was stored.
    pub(super) problems: Vec<(&'static str, String)>,
}

/// Where and when a request is processed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'a> {
    pub(super) now: DateTime<Utc>,
    pub(super) origin: &'a str,
    /// By how much the next identifier is larger than the last.
    pub(super) gap: u64,
}

/// Processes the documents of a request in their order.
pub(super) fn process(store: &mut Store, job: &Job, scene: Scene<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    for document in &job.documents {
        match job.kind {
            Kind::Invoice => create_invoice(store, job.company, document, scene, &mut outcome),
            Kind::Payment => create_payment(store, job.company, document, scene, &mut outcome),
        }
    }
    outcome
}

fn create_invoice(
    store: &mut Store,
    company: u64,
    document: &Map<String, Value>,
    scene: Scene<'_>,
    outcome: &mut Outcome,
) {
    let id = store.next_id(scene.gap);
    let books = store.books.entry(company).or_default();
    let sequence = text(document, "numberingSequence").unwrap_or("OF");
    let problems = refusals(books, document, sequence);
    if !problems.is_empty() {
        let data = json!({"externalId": document.get("externalId")});
        outcome.entities.push(Entity { data, problems });
        return;
    }
    let invoice = invoice(books, id, sequence, document, scene);
    outcome.related.push(relation(&invoice));
    outcome.entities.push(Entity { data: entity(&invoice), problems });
    books.invoices.push(invoice);
}

/// Why a well-formed invoice cannot be stored.
fn refusals(
    books: &Books,
    document: &Map<String, Value>,
    sequence: &str,
) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    if !books.sequences.iter().any(|known| known["code"] == sequence) {
        problems.push(("numberingSequence", "The numbering sequence does not exist.".to_owned()));
    }
    if text(document, "documentNumber").is_some_and(|number| books.numbers.contains(number)) {
        problems.push(("documentNumber", "The document number is already used.".to_owned()));
    }
    if text(document, "creditedInvoiceNumber").is_some_and(|number| !books.numbers.contains(number))
    {
        problems.push(("creditedInvoiceNumber", "The credited invoice does not exist.".to_owned()));
    }
    problems
}

/// The invoice as the API shows it: what was sent, and what KROS adds.
pub(super) fn invoice(
    books: &mut Books,
    id: u64,
    sequence: &str,
    document: &Map<String, Value>,
    scene: Scene<'_>,
) -> Value {
    let today = scene.now.format("%Y-%m-%d").to_string();
    let day = |name: &str| text(document, name).and_then(|text| text.get(..10)).unwrap_or(&today);
    let number_text = match text(document, "documentNumber") {
        Some(number) => number.to_owned(),
        None => next_number(books, sequence, day("issueDate")),
    };
    books.numbers.insert(number_text.clone());
    let symbol =
        text(document, "variableSymbol").map_or_else(|| symbol_of(&number_text), str::to_owned);
    let prices = Prices::of(document);
    let currency = text(document, "currency").unwrap_or("EUR");
    let added = json!({
        "id": id,
        "numberingSequence": sequence,
        "documentNumber": number_text,
        "variableSymbol": symbol,
        "currency": currency,
        "issueDate": midnight(day("issueDate")),
        "deliveryDate": midnight(day("deliveryDate")),
        "dueDate": midnight(day("dueDate")),
        "paymentStatus": 0,
        "prices": prices.shown(currency),
        "vatBreakdowns": prices.breakdowns(),
        "payments": [],
        "linkedDocuments": linked(books, document),
        "sumOfPayments": 0,
        "sumForPayment": number(prices.for_payment()),
        "lastModifiedTimestamp": timestamp(scene.now),
        "pdfReportLink": format!("{}/api/invoices/{id}/reports/19", scene.origin),
        "previewLink": format!("{}/preview/{id}", scene.origin),
    });
    let mut invoice = document.clone();
    if let Value::Object(added) = added {
        invoice.extend(added);
    }
    Value::Object(invoice)
}

fn linked(books: &Books, document: &Map<String, Value>) -> Value {
    let credited = text(document, "creditedInvoiceNumber");
    let found = books.invoices.iter().filter(|one| one["documentNumber"].as_str() == credited);
    found.map(|one| json!({"id": one["id"], "documentNumber": one["documentNumber"]})).collect()
}

/// The next free number of a sequence: the day and a counter of three or more digits.
fn next_number(books: &mut Books, sequence: &str, day: &str) -> String {
    let day = day.replace('-', "");
    loop {
        let counter = books.counters.entry(format!("{sequence} {day}")).or_default();
        *counter += 1;
        let number = format!("{day}{counter:03}");
        if !books.numbers.contains(&number) {
            return number;
        }
    }
}

/// The last ten digits of a document number.
fn symbol_of(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(10)..].to_owned()
}

fn create_payment(
    store: &mut Store,
    company: u64,
    document: &Map<String, Value>,
    scene: Scene<'_>,
    outcome: &mut Outcome,
) {
    let books = store.books.entry(company).or_default();
    let data = json!({
        "externalId": document.get("externalId"),
        "variableSymbol": document.get("variableSymbol"),
    });
    let account = document.get("accountId").filter(|id| !id.is_null());
    if account.is_some_and(|id| !books.accounts.iter().any(|one| one["id"] == *id)) {
        let problems = vec![("accountId", "The account does not exist.".to_owned())];
        outcome.entities.push(Entity { data, problems });
        return;
    }
    let matched = match text(document, "variableSymbol") {
        Some(symbol) => pay(books, symbol, document, scene.now),
        None => Vec::new(),
    };
    let mut payment = document.clone();
    let day = text(document, "dateOfPayment").and_then(|text| text.get(..10)).unwrap_or_default();
    payment.insert("dateOfPayment".into(), midnight(day));
    payment.insert("isWithoutDocument".into(), Value::Bool(matched.is_empty()));
    let ids: Value = matched.iter().map(|invoice| json!({"id": invoice["documentId"]})).collect();
    payment.insert("matchedDocuments".into(), ids);
    payment.insert("lastModifiedTimestamp".into(), timestamp(scene.now));
    books.payments.push(Value::Object(payment));
    outcome.related.extend(matched);
    outcome.entities.push(Entity { data, problems: Vec::new() });
}

/// Adds a payment to the oldest unpaid invoice of the symbol, or to the oldest one.
fn pay(
    books: &mut Books,
    symbol: &str,
    payment: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Vec<Value> {
    let mut found: Vec<&mut Value> =
        books.invoices.iter_mut().filter(|one| one["variableSymbol"] == symbol).collect();
    let open = |one: &&mut Value| matches!(one["paymentStatus"].as_i64(), Some(0 | 3));
    let index = found.iter().position(open).unwrap_or(0);
    let Some(invoice) = found.get_mut(index) else { return Vec::new() };
    let amount = payment.get("sumOfPayment").map(sum).unwrap_or_default();
    let paid = sum(&invoice["sumOfPayments"]) + amount;
    invoice["sumOfPayments"] = number(paid);
    invoice["paymentStatus"] = status(paid, sum(&invoice["sumForPayment"])).into();
    invoice["lastModifiedTimestamp"] = timestamp(now);
    if let Some(payments) = invoice["payments"].as_array_mut() {
        let date = payment.get("dateOfPayment");
        payments.push(json!({"dateOfPayment": date, "sumOfPayment": number(amount)}));
    }
    vec![relation(invoice)]
}

/// The payment status as integrators read it (KROS facts §2).
fn status(paid: Decimal, due: Decimal) -> i64 {
    match paid {
        paid if paid.is_zero() => 0,
        paid if paid == due => 1,
        paid if paid.abs() > due.abs() => 2,
        _ => 3,
    }
}

fn relation(invoice: &Value) -> Value {
    json!({
        "documentId": invoice["id"],
        "documentNumber": invoice["documentNumber"],
        "variableSymbol": invoice["variableSymbol"],
        "paymentStatus": invoice["paymentStatus"],
    })
}

fn entity(invoice: &Value) -> Value {
    json!({
        "id": invoice["id"],
        "externalId": invoice["externalId"],
        "numberingSequence": invoice["numberingSequence"],
        "documentNumber": invoice["documentNumber"],
        "variableSymbol": invoice["variableSymbol"],
    })
}

/// Times are shown in UTC, to the second, without a zone.
pub(super) fn timestamp(now: DateTime<Utc>) -> Value {
    now.format("%Y-%m-%dT%H:%M:%S").to_string().into()
}

/// A day as lists show it.
pub(super) fn midnight(day: &str) -> Value {
    format!("{day}T00:00:00").into()
}

/// A non-empty text.
fn text<'a>(document: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    document.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The date of a document, for filters.
pub(super) fn date_of(entity: &Value, name: &str) -> Option<chrono::NaiveDate> {
    entity[name].as_str().and_then(validate::date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_has_at_most_ten_digits() {
        assert_eq!(symbol_of("20260131001"), "0260131001");
        assert_eq!(symbol_of("OF-12"), "12");
        assert_eq!(symbol_of(""), "");
    }

    #[test]
    fn statuses_follow_the_sums() {
        let status = |paid: i64, due: i64| status(Decimal::from(paid), Decimal::from(due));
        assert_eq!([status(0, 5), status(5, 5), status(6, 5), status(2, 5)], [0, 1, 2, 3]);
        assert_eq!([status(-5, -5), status(-2, -5)], [1, 3]);
    }
}
