//! Finding invoices: the filters, and the metadata in pages (KSeF 2.0 facts §10.2 and §10.3).

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Europe::Warsaw;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::KsefV2;
use super::archive::{Archive, Record};
use super::invoice::Party;
use super::people::{Identity, IdentityKind};
use super::problem::{Problem, moment};
use super::request::Request;
use super::store::Store;
use crate::reply::Reply;

/// The longest range of dates.
const LONGEST_RANGE: TimeDelta = TimeDelta::days(100);

/// How many queries keep their results for their further pages.
const REMEMBERED: usize = 16;

/// What a query asks for.
#[derive(Clone, Debug)]
pub(super) struct Filters {
    subject: Role,
    pub(super) date: DateKind,
    pub(super) from: DateTime<Utc>,
    to: Option<DateTime<Utc>>,
    pub(super) restricted: bool,
    rest: Value,
}

/// As whom the context stands on the invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Seller,
    Buyer,
    Third,
    Authorized,
}

/// Which date is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateKind {
    Issue,
    Invoicing,
    PermanentStorage,
}

/// Results of queries that may have further pages.
#[derive(Default)]
pub(super) struct Results(VecDeque<(String, Arc<Found>)>);

/// What a query found.
pub(super) struct Found {
    /// Numbers in KSeF, in the order that was asked for.
    pub(super) numbers: Vec<Box<str>>,
    /// More was found than a query tells.
    pub(super) truncated: bool,
    pub(super) high_water: DateTime<Utc>,
}

/// The order of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

impl Filters {
    /// Reads filters whose shape was held against the contract.
    pub(super) fn read(body: &Value, now: DateTime<Utc>) -> Result<Self, Problem> {
        let range = &body["dateRange"];
        let date = |name: &str| {
            let read = DateTime::parse_from_rfc3339(range[name].as_str()?).ok()?;
            Some(read.with_timezone(&Utc))
        };
        let misfit = |about: &str| Problem::misfits(vec![about.to_owned()]);
        let from = date("from").ok_or_else(|| misfit("Pole 'dateRange.from' jest wymagane."))?;
        let to = date("to");
        if to.is_some_and(|to| to < from) {
            return Err(misfit("Pole 'dateRange.from' jest późniejsze niż 'dateRange.to'."));
        }
        if to.unwrap_or(now) - from > LONGEST_RANGE {
            return Err(misfit("Zakres 'dateRange' przekracza 100 dni."));
        }
        let subject = match body["subjectType"].as_str() {
            Some("Subject2") => Role::Buyer,
            Some("Subject3") => Role::Third,
            Some("SubjectAuthorized") => Role::Authorized,
            _ => Role::Seller,
        };
        let kind = match range["dateType"].as_str() {
            Some("Issue") => DateKind::Issue,
            Some("Invoicing") => DateKind::Invoicing,
            _ => DateKind::PermanentStorage,
        };
        // The restriction means nothing for the other dates.
        let restricted = range["restrictToPermanentStorageHwmDate"] == true
            && kind == DateKind::PermanentStorage;
        Ok(Self { subject, date: kind, from, to, restricted, rest: body.clone() })
    }

    /// What is found now, at most `limit` invoices; `Err` holds the high water mark when the range
    /// starts after it.
    pub(super) fn find(
        &self,
        store: &Store,
        context: &Identity,
        order: Order,
        now: DateTime<Utc>,
    ) -> Result<Found, DateTime<Utc>> {
        let high_water = store.archive.high_water(now, store.settings.high_water_lag);
        if self.restricted && self.from > high_water {
            return Err(high_water);
        }
        let limit = store.settings.largest_result;
        // An end that was left out is now: for a package, the moment at which it is made, because
        // its mark is of that moment, too, and the next package begins there.
        let to = self.to.unwrap_or(now);
        let to = if self.restricted { to.min(high_water) } else { to };
        let fits = |record: &&Record| self.takes(record, context, to);
        let mut numbers = self.collect(&store.archive, order, to, fits, limit + 1);
        let truncated = numbers.len() > limit;
        numbers.truncate(limit);
        Ok(Found { numbers, truncated, high_water })
    }

    fn collect(
        &self,
        archive: &Archive,
        order: Order,
        to: DateTime<Utc>,
        fits: impl Fn(&&Record) -> bool,
        limit: usize,
    ) -> Vec<Box<str>> {
        let number = |record: &Record| record.ksef_number.clone();
        if self.date == DateKind::PermanentStorage {
            let found = archive.stored_from(self.from);
            return match order {
                Order::Ascending => {
                    let found = found.take_while(|record| record.stored <= to).filter(fits);
                    found.take(limit).map(number).collect()
                }
                Order::Descending => found.rev().filter(fits).take(limit).map(number).collect(),
            };
        }
        let mut found: Vec<&Record> =
            archive.stored_from(DateTime::<Utc>::MIN_UTC).filter(fits).collect();
        match self.date {
            DateKind::Issue => found.sort_by_key(|record| record.issued),
            _ => found.sort_by_key(|record| record.invoiced),
        }
        if order == Order::Descending {
            found.reverse();
        }
        found.into_iter().take(limit).map(number).collect()
    }

    fn takes(&self, record: &Record, context: &Identity, to: DateTime<Utc>) -> bool {
        let in_time = match self.date {
            DateKind::Issue => (day(self.from)..=day(to)).contains(&record.issued),
            DateKind::Invoicing => (self.from..=to).contains(&record.invoiced),
            DateKind::PermanentStorage => (self.from..=to).contains(&record.stored),
        };
        in_time && stands_as(record, context, self.subject) && self.takes_rest(record)
    }

    fn takes_rest(&self, record: &Record) -> bool {
        let rest = &self.rest;
        let is = |name: &str, value: &str| rest[name].is_null() || rest[name] == value;
        let flag = |name: &str, value: bool| rest[name].as_bool().is_none_or(|it| it == value);
        let among = |name: &str, value: &str| {
            let list = rest[name].as_array().filter(|list| !list.is_empty());
            list.is_none_or(|list| list.iter().any(|it| it == value))
        };
        let seller = record.parties.seller.value.as_deref().unwrap_or_default();
        let form = if record.form.value == "FA" { "FA" } else { record.form.value };
        is("ksefNumber", &record.ksef_number)
            && is("invoiceNumber", &record.number)
            && is("sellerNip", seller)
            && is("invoicingMode", if record.offline { "Offline" } else { "Online" })
            && is("formType", form)
            && flag("isSelfInvoicing", record.self_invoicing)
            && flag("hasAttachment", record.attachment)
            && among("currencyCodes", &record.currency)
            && among("invoiceTypes", record.kind)
            && self.takes_buyer(&record.parties.buyer)
            && self.takes_amount(record)
    }

    fn takes_buyer(&self, buyer: &Party) -> bool {
        let wanted = &self.rest["buyerIdentifier"];
        let value = wanted["value"].as_str();
        wanted.is_null()
            || (wanted["type"] == buyer.kind
                && value.is_none_or(|value| buyer.value.as_deref() == Some(value)))
    }

    fn takes_amount(&self, record: &Record) -> bool {
        let wanted = &self.rest["amount"];
        let bound = |name: &str| {
            let text = wanted[name].as_number()?.to_string();
            Decimal::from_str_exact(&text).ok().or_else(|| Decimal::from_scientific(&text).ok())
        };
        let [net, vat, gross] = record.amounts;
        let amount = match wanted["type"].as_str() {
            Some("Netto") => net,
            Some("Vat") => vat,
            _ => gross,
        };
        bound("from").is_none_or(|from| amount >= from) && bound("to").is_none_or(|to| amount <= to)
    }
}

fn day(moment: DateTime<Utc>) -> NaiveDate {
    moment.with_timezone(&Warsaw).date_naive()
}

/// Whether the context stands anywhere on the invoice.
pub(super) fn is_party(record: &Record, context: &Identity) -> bool {
    let roles = [Role::Seller, Role::Buyer, Role::Third, Role::Authorized];
    roles.into_iter().any(|role| stands_as(record, context, role))
}

fn stands_as(record: &Record, context: &Identity, role: Role) -> bool {
    let parties = &record.parties;
    match role {
        Role::Seller => {
            context.kind != IdentityKind::InternalId
                && parties.seller.nip().is_some_and(|nip| context.owner_nip() == Some(nip))
        }
        Role::Buyer => is_named(&parties.buyer, context),
        Role::Third => parties.thirds.iter().any(|(party, _)| is_named(party, context)),
        Role::Authorized => {
            parties.authorized.as_ref().is_some_and(|(party, _)| is_named(party, context))
        }
    }
}

fn is_named(party: &Party, context: &Identity) -> bool {
    let value = party.value.as_deref();
    match context.kind {
        IdentityKind::InternalId => party.kind == "InternalId" && value == Some(&context.value),
        IdentityKind::NipVatUe => {
            let number = context.value.split_once('-').map(|(_, number)| number);
            party.kind == "VatUe" && value == number
        }
        _ => party.kind == "Nip" && value == Some(&context.value),
    }
}

impl Results {
    fn get(&self, key: &str) -> Option<Arc<Found>> {
        self.0.iter().find(|(it, _)| it == key).map(|(_, found)| found.clone())
    }

    fn put(&mut self, key: String, found: Arc<Found>) {
        self.0.retain(|(it, _)| *it != key);
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((key, found));
    }
}

/// `POST /invoices/query/metadata`.
pub(super) fn metadata(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let (caller, now) = (request.caller()?, request.now);
    let filters = Filters::read(&request.body, now)?;
    let order = match request.query("sortOrder") {
        Some("Desc") => Order::Descending,
        _ => Order::Ascending,
    };
    let (offset, size) = (request.page_offset(), request.page_size());
    let kind = caller.context.kind.as_str();
    let key = format!("{kind}:{}|{order:?}|{size}|{}", caller.context.value, request.body);
    let body = ksef.with_store(|store| {
        let earlier = if offset == 0 { None } else { store.results.get(&key) };
        let found = if let Some(found) = earlier {
            found
        } else {
            let found = filters.find(store, &caller.context, order, now);
            let found = Arc::new(found.map_err(|_| {
                let about = "Parametr dateRange.from jest późniejszy niż PermanentStorageHwmDate.";
                Problem::detailed(21183, about)
            })?);
            store.results.put(key, found.clone());
            found
        };
        page(store, &filters, &found, offset, size)
    })?;
    Ok(ksef.json(200, body))
}

fn page(
    store: &mut Store,
    filters: &Filters,
    found: &Found,
    offset: usize,
    size: usize,
) -> Result<Value, Problem> {
    let start = offset.saturating_mul(size);
    if start >= store.settings.largest_result {
        let about = "Pole 'pageOffset' wykracza poza dozwolony zakres.";
        return Err(Problem::misfits(vec![about.to_owned()]));
    }
    let end = found.numbers.len().min(start.saturating_add(size));
    let numbers = found.numbers.get(start..end).unwrap_or_default();
    let invoices = numbers.iter().filter_map(|number| store.archive.get(number));
    let invoices: Vec<Value> = invoices.map(Record::metadata).collect();
    let last = end == found.numbers.len();
    let truncated = last && found.truncated;
    store.statistics.truncated += u64::from(truncated);
    let mut body = json!({
        "hasMore": !last || truncated,
        "isTruncated": truncated,
        "invoices": invoices,
    });
    if filters.date == DateKind::PermanentStorage {
        body["permanentStorageHwmDate"] = json!(moment(found.high_water));
    }
    Ok(body)
}
