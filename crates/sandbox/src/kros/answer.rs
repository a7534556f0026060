//! How the double answers: who asks, how often, and what each route does.

use chrono::NaiveDate;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use ring::digest;
use serde_json::{Value, json};

use super::Kros;
use super::company::{Company, Licence};
use super::consent::{self, Decision, Fields};
use super::list::{self, Parameter, Query};
use super::process::Job;
use super::routes::{self, Call, Found};
use super::store::{Books, Fingerprint, Store};
use super::validate::{self, Envelope, Kind, Problem};
use crate::front::{Incoming, Mood};
use crate::pdf;
use crate::record::System;
use crate::reply::Reply;

/// The reports that print an invoice: black and white, colour, editable (KROS facts §1).
const REPORTS: [&str; 3] = ["17", "19", "101"];

/// Checks token, limits and licence, in this order, and counts the arrival.
///
/// The order is an assumption; a request without a good token fills no window.
pub(super) fn admit(kros: &Kros, incoming: &Incoming) -> Option<Reply> {
    let found = routes::find(&incoming.method, &incoming.path)?;
    if !found.call.needs_token() {
        return None;
    }
    kros.with_store(|store| {
        let Some(company) = company(store, incoming) else { return Some(refusal(kros, 401)) };
        let (id, licence) = (company.id, company.licence);
        let profile = store.profile;
        let meter = store.meters.entry(id).or_default();
        if let Err(seconds) = meter.arrive(kros.context().clock.instant(), profile) {
            return Some(refusal(kros, 429).retry_after(Some(seconds)));
        }
        let refused = licence == Licence::Expired && found.call != Call::AuthCheck;
        refused.then(|| refusal(kros, 402))
    })
}

/// Processes an admitted request.
pub(super) fn answer(kros: &Kros, incoming: &Incoming) -> Reply {
    let Some(found) = routes::find(&incoming.method, &incoming.path) else {
        note(kros, incoming, ["unknown route".to_owned()]);
        return refusal(kros, 404);
    };
    match found.call {
        Call::ConsentPoll => consent_poll(kros, incoming),
        Call::ConsentPage => consent_page(kros, incoming),
        Call::ConsentDecision => consent_decision(kros, incoming),
        Call::CreateInvoice => create(kros, incoming, Kind::Invoice, Envelope::One),
        Call::CreateInvoices => create(kros, incoming, Kind::Invoice, Envelope::Batch),
        Call::CreatePayments => create(kros, incoming, Kind::Payment, Envelope::Batch),
        _ => read(kros, incoming, found),
    }
}

/// A status without a documented body; a hostile double sends a page that nobody should parse.
fn refusal(kros: &Kros, status: u16) -> Reply {
    let context = kros.context();
    if context.mood == Mood::Hostile && context.chance.hits(300) {
        let page = format!("<html><body><h1>{status}</h1></body></html>");
        return Reply::raw(status, "text/html; charset=utf-8", page);
    }
    Reply::status(status)
}

fn company<'a>(store: &'a Store, incoming: &Incoming) -> Option<&'a Company> {
    let value = incoming.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| store.company_of_token(token)).flatten()
}

fn note(kros: &Kros, incoming: &Incoming, oddities: impl IntoIterator<Item = String>) {
    for what in oddities {
        kros.context().journal.unexpected(incoming.unexpected(System::Kros, what));
    }
}

/// The routes that change nothing.
fn read(kros: &Kros, incoming: &Incoming, found: Found<'_>) -> Reply {
    let mut oddities = Vec::new();
    let today = kros.context().clock.now().date_naive();
    let reply = kros.with_store(|store| {
        let id = company(store, incoming)?.id;
        let books = store.books.entry(id).or_default();
        read_books(books, incoming, found, today, &mut oddities)
    });
    note(kros, incoming, oddities);
    reply.unwrap_or_else(|| refusal(kros, 404))
}

/// The answer from the books of a company; `None` means 404.
fn read_books(
    books: &Books,
    incoming: &Incoming,
    found: Found<'_>,
    today: NaiveDate,
    oddities: &mut Vec<String>,
) -> Option<Reply> {
    match found.call {
        Call::AuthCheck => return Some(Reply::status(200)),
        Call::Invoice => return one(&books.invoices, found.id),
        Call::Expense => return one(&books.expenses, found.id),
        Call::Report => {
            if !REPORTS.contains(&found.report) {
                oddities.push(format!("unknown report {}", found.report));
                return None;
            }
            let invoice = entry(&books.invoices, found.id)?;
            let number = invoice["documentNumber"].as_str().unwrap_or_default();
            return Some(Reply::raw(200, "application/pdf", pdf::page(&[number])));
        }
        _ => {}
    }
    let (entries, parameters) = list_of(books, found.call)?;
    Some(match Query::read(&incoming.query, parameters, oddities) {
        Ok(query) => Reply::json(200, query.page(entries, today)),
        Err(problems) => Reply::json(400, Problem::body(&problems)),
    })
}

fn list_of(books: &Books, call: Call) -> Option<(&[Value], &'static [Parameter])> {
    Some(match call {
        Call::Invoices => (&books.invoices, list::INVOICES),
        Call::Proformas => (&books.proformas, list::PROFORMAS),
        Call::Expenses => (&books.expenses, list::EXPENSES),
        Call::CatalogItems => (&books.catalog, list::CATALOG),
        Call::Payments => (&books.payments, list::PAYMENTS),
        Call::Accounts => (&books.accounts, list::NONE),
        Call::Sequences => (&books.sequences, list::NONE),
        Call::Tags => (&books.tags, list::NONE),
        Call::DeliveryNotes => (&books.delivery_notes, list::NONE),
        Call::ReceivedOrders => (&books.received_orders, list::NONE),
        Call::Warehouses => (&books.warehouses, list::NONE),
        _ => return None,
    })
}

fn entry<'a>(entries: &'a [Value], id: &str) -> Option<&'a Value> {
    entries.iter().find(|entry| match &entry["id"] {
        Value::String(text) => text == id,
        number => number.as_u64().is_some_and(|number| id.parse() == Ok(number)),
    })
}

fn one(entries: &[Value], id: &str) -> Option<Reply> {
    entry(entries, id).map(|entry| Reply::json(200, json!({"data": entry})))
}

/// The routes that create: checked at once, processed later.
fn create(kros: &Kros, incoming: &Incoming, kind: Kind, envelope: Envelope) -> Reply {
    let media = incoming.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.and_then(|media| media.split(';').next()).unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") {
        note(kros, incoming, ["envelope: the body is not announced as application/json".into()]);
        let problem = Problem::of_request("", "The media type application/json is required.");
        return Reply::json(400, Problem::body(&[problem]));
    }
    let verdict = validate::check(&incoming.body, kind, envelope);
    note(kros, incoming, verdict.oddities);
    if !verdict.problems.is_empty() {
        return Reply::json(400, Problem::body(&verdict.problems));
    }
    let now = kros.context().clock.instant();
    let company = kros.with_store(|store| {
        let id = company(store, incoming)?.id;
        let hash = digest::digest(&digest::SHA256, &incoming.body).as_ref().to_vec();
        let fingerprint: Fingerprint = (id, incoming.path.clone(), hash);
        let repeated = store.is_repeated(&fingerprint, now);
        if !repeated {
            store.accept(fingerprint, now);
        }
        (!repeated).then_some(id)
    });
    let Some(company) = company else { return refusal(kros, 409) };
    let request_id = kros.context().chance.uuid().to_string();
    let accepted = json!({"requestId": request_id});
    kros.start(Job { company, kind, request_id, documents: verdict.documents });
    Reply::json(202, accepted)
}

fn consent_poll(kros: &Kros, incoming: &Incoming) -> Reply {
    let answer = kros
        .with_store(|store| consent::poll(store, &incoming.body, kros.context().clock.instant()));
    match answer {
        Ok(body) => Reply::json(200, body),
        Err(message) => {
            note(kros, incoming, [format!("envelope: {message}")]);
            Reply::json(400, Problem::body(&[Problem::of_request("state", message)]))
        }
    }
}

fn consent_page(kros: &Kros, incoming: &Incoming) -> Reply {
    let fields = Fields::read(incoming.query.as_bytes());
    if let Some(name) = consent::complaint(&fields) {
        note(kros, incoming, [format!("consent: {name} is missing or wrong")]);
        return html(400, consent::page(&format!("The parameter {name} is missing or wrong.")));
    }
    let page = kros.with_store(|store| {
        if fields.value("response_mode") == "post" {
            return consent::handover_page(store, &fields);
        }
        consent::begin(store, &fields, kros.context().clock.instant());
        consent::question_page(&fields)
    });
    html(200, page)
}

fn consent_decision(kros: &Kros, incoming: &Incoming) -> Reply {
    let fields = Fields::read(&incoming.body);
    let decision = match fields.value("decision") {
        "approve" => Decision::Approve,
        _ => Decision::Deny,
    };
    if kros.decide(fields.value("state"), decision) {
        html(200, consent::page("Noted. You may close this page."))
    } else {
        note(kros, incoming, ["state: nobody asked for this consent".to_owned()]);
        html(404, consent::page("Nobody asked for this consent."))
    }
}

fn html(status: u16, page: String) -> Reply {
    Reply::raw(status, "text/html; charset=utf-8", page)
}
