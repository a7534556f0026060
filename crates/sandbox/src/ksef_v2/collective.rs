//! Collective identifiers, with which several invoices of one seller are paid at once
//! (KSeF 2.0 facts §12.4).

use std::cmp::Reverse;
use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::KsefV2;
use super::listing::{self, ListKind};
use super::people::{Identity, IdentityKind};
use super::problem::{Problem, moment};
use super::query;
use super::request::Request;
use super::store::{Ordered, Store};
use crate::ksef::numbers;
use crate::reply::Reply;

/// In how many identifiers of one context an invoice may stand.
const MOST_OF_INVOICE: usize = 132;

/// How many identifiers can be asked for at once.
const MOST_ASKED: usize = 10;

/// The longest range of dates.
const LONGEST_RANGE: TimeDelta = TimeDelta::days(100);

/// All identifiers by their numbers.
#[derive(Debug, Default)]
pub(super) struct Collective {
    all: Ordered<Identifier>,
}

/// One identifier.
#[derive(Debug)]
struct Identifier {
    context: Identity,
    seller: String,
    entries: Vec<Entry>,
    created: DateTime<Utc>,
}

/// One invoice of an identifier.
#[derive(Clone, Debug)]
struct Entry {
    ksef_number: String,
    payment: Value,
    about: Value,
}

impl Identifier {
    fn is_of(&self, context: &Identity) -> bool {
        self.context == *context
    }

    /// Whether a context sees the identifier: it made it, or it sold everything in it.
    fn is_seen_by(&self, context: &Identity) -> bool {
        let sells = context.kind == IdentityKind::Nip && context.value == self.seller;
        self.is_of(context) || sells
    }

    fn holds(&self, ksef_number: &str) -> bool {
        self.entries.iter().any(|entry| entry.ksef_number == ksef_number)
    }
}

impl Collective {
    /// The identifiers that fit, newest first.
    fn found(&self, fits: impl Fn(&str, &Identifier) -> bool) -> Vec<(&str, &Identifier)> {
        let mut found: Vec<_> = self.all.iter().filter(|(number, one)| fits(number, one)).collect();
        found.sort_by_key(|(number, one)| Reverse((one.created, number.to_owned())));
        found
    }

    /// Whether an invoice stands in as many identifiers of a context as it may.
    fn is_full(&self, ksef_number: &str, context: &Identity) -> bool {
        let own = self.all.iter().filter(|(_, one)| one.is_of(context));
        own.filter(|(_, one)| one.holds(ksef_number)).count() >= MOST_OF_INVOICE
    }
}

/// `POST /collective-identifiers`.
pub(super) fn generate(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let context = request.caller()?.context.clone();
    let given = request.body["invoices"].as_array().map(Vec::as_slice).unwrap_or_default();
    let entries: Vec<Entry> = given.iter().map(Entry::read).collect();
    let number = ksef.with_store(|store| {
        let most = store.session_limits_of(&context).collective;
        if entries.len() as u64 > most {
            let about = format!("Pole 'invoices' może mieć najwyżej {most} elementów.");
            return Err(Problem::misfits(vec![about]));
        }
        let seller = seller(store, &context, &entries)?;
        let number = numbers::collective(&seller, request.now, &ksef.context().chance);
        let created = request.now;
        let one = Identifier { context, seller, entries, created };
        store.resources.collective.all.push(&number, one);
        Ok(number)
    })?;
    Ok(ksef.json(201, json!({"collectiveIdentifierNumber": number})))
}

impl Entry {
    fn read(given: &Value) -> Self {
        Self {
            ksef_number: given["ksefNumber"].as_str().unwrap_or_default().to_owned(),
            payment: given["payment"].clone(),
            about: given["description"].clone(),
        }
    }
}

/// The one seller of all invoices, which the context has to see.
fn seller(store: &Store, context: &Identity, entries: &[Entry]) -> Result<String, Problem> {
    let mut numbers = BTreeSet::new();
    let repeated = entries.iter().find(|entry| !numbers.insert(entry.ksef_number.as_str()));
    if let Some(entry) = repeated {
        return Err(about(71005, &entry.ksef_number, "powtarza się"));
    }
    let mut sellers = BTreeSet::new();
    for entry in entries {
        let number = &entry.ksef_number;
        let record =
            store.archive.get(number).filter(|it| it.visible && query::is_party(it, context));
        let record = record.ok_or_else(|| about(71001, number, "nie została znaleziona"))?;
        sellers.insert(record.parties.seller.value.clone().unwrap_or_default());
    }
    if sellers.len() > 1 {
        return Err(Problem::code(71004));
    }
    let full =
        entries.iter().find(|it| store.resources.collective.is_full(&it.ksef_number, context));
    if let Some(entry) = full {
        return Err(about(
            71002,
            &entry.ksef_number,
            "jest już w najwyższej liczbie identyfikatorów",
        ));
    }
    Ok(sellers.into_iter().next().unwrap_or_default())
}

fn about(code: u32, ksef_number: &str, what: &str) -> Problem {
    Problem::detailed(code, format!("Faktura {ksef_number} {what}."))
}

/// `POST /collective-identifiers/query`.
pub(super) fn query(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let (context, body) = (&request.caller()?.context, &request.body);
    let date = |name: &str| {
        let read = body[name].as_str().and_then(|it| DateTime::parse_from_rfc3339(it).ok());
        read.map(|it| it.with_timezone(&Utc)).unwrap_or_default()
    };
    let (from, to) = (date("dateCreatedFrom"), date("dateCreatedTo"));
    if from > to || to - from > LONGEST_RANGE {
        let about = "Zakres 'dateCreatedFrom' - 'dateCreatedTo' jest odwrotny lub za długi.";
        return Err(Problem::misfits(vec![about.to_owned()]));
    }
    let number = body["collectiveIdentifierNumber"].as_str();
    let (least, most) = (body["invoiceCountFrom"].as_u64(), body["invoiceCountTo"].as_u64());
    let own = body["createdInCurrentContext"].as_bool();
    let items: Vec<Value> = ksef.with_store(|store| {
        let found = store.resources.collective.found(|key, one| {
            let count = one.entries.len() as u64;
            one.is_seen_by(context)
                && (from..=to).contains(&one.created)
                && number.is_none_or(|number| number == key)
                && least.is_none_or(|least| count >= least)
                && most.is_none_or(|most| count <= most)
                && own.is_none_or(|own| own == one.is_of(context))
        });
        found.iter().map(|(number, one)| item(number, one, context, true)).collect()
    });
    let page = listing::page(request, ListKind::Collective, &items)?;
    Ok(ksef.json(200, page.body("collectiveIdentifiers")))
}

fn item(number: &str, one: &Identifier, context: &Identity, counted: bool) -> Value {
    let mut body = json!({
        "collectiveIdentifierNumber": number,
        "dateCreated": moment(one.created),
        "createdInCurrentContext": one.is_of(context),
    });
    if counted {
        body["invoiceCount"] = json!(one.entries.len());
    }
    body
}

/// `POST /collective-identifiers/invoices`: what stands in up to ten identifiers. Identifiers are
/// told to whoever has their number; payments only to their maker and to the parties of an invoice.
pub(super) fn invoices(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let context = &request.caller()?.context;
    let wanted = &request.body["collectiveIdentifierNumbers"];
    let wanted = wanted.as_array().map(Vec::as_slice).unwrap_or_default();
    if wanted.is_empty() || wanted.len() > MOST_ASKED {
        let about =
            format!("Pole 'collectiveIdentifierNumbers' ma od 1 do {MOST_ASKED} elementów.");
        return Err(Problem::misfits(vec![about]));
    }
    let items: Vec<Value> = ksef.with_store(|store| {
        let all = store.resources.collective.all.iter();
        let asked = all.filter(|(number, _)| wanted.iter().any(|it| it == number));
        let entries = asked
            .flat_map(|(number, one)| one.entries.iter().map(move |entry| (number, one, entry)));
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by_key(|(number, _, entry)| Reverse((&entry.ksef_number, *number)));
        let shown = entries.iter().map(|(number, one, entry)| {
            let record = store.archive.get(&entry.ksef_number);
            let party = record.is_some_and(|record| query::is_party(record, context));
            entry.json(number, one.is_of(context) || party)
        });
        shown.collect()
    });
    let page = listing::page(request, ListKind::CollectiveInvoices, &items)?;
    Ok(ksef.json(200, page.body("invoices")))
}

impl Entry {
    fn json(&self, number: &str, open: bool) -> Value {
        let told = !self.payment.is_null() || !self.about.is_null();
        let mut body = json!({
            "ksefNumber": self.ksef_number,
            "collectiveIdentifierNumber": number,
            "detailsHidden": told && !open,
        });
        if open && !self.payment.is_null() {
            body["payment"] = self.payment.clone();
        }
        if open && !self.about.is_null() {
            body["description"] = self.about.clone();
        }
        body
    }
}

/// `GET /collective-identifiers/ksef/{ksefNumber}`.
pub(super) fn of_invoice(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let (context, wanted) = (&request.caller()?.context, request.path("ksefNumber"));
    let items: Vec<Value> = ksef.with_store(|store| {
        let found =
            store.resources.collective.found(|_, one| one.is_seen_by(context) && one.holds(wanted));
        found.iter().map(|(number, one)| item(number, one, context, false)).collect()
    });
    let page = listing::page(request, ListKind::CollectiveOf, &items)?;
    Ok(ksef.json(200, page.body("collectiveIdentifiers")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invoice_stands_in_so_many_identifiers_of_a_context() {
        let mut collective = Collective::default();
        let (alfa, beta) = (Identity::nip("9990000103"), Identity::nip("9990000126"));
        for index in 0..MOST_OF_INVOICE {
            assert!(!collective.is_full("one", &beta));
            let entry =
                Entry { ksef_number: "one".to_owned(), payment: Value::Null, about: Value::Null };
            let created = DateTime::UNIX_EPOCH + TimeDelta::days(i64::try_from(index).unwrap());
            let seller = alfa.value.clone();
            let one = Identifier { context: beta.clone(), seller, entries: vec![entry], created };
            collective.all.push(&format!("{index:03}"), one);
        }
        assert!(collective.is_full("one", &beta) && !collective.is_full("one", &alfa));
        assert!(!collective.is_full("two", &beta));
        let found = collective.found(|_, one| one.is_seen_by(&alfa));
        assert_eq!((found.len(), found[0].0), (MOST_OF_INVOICE, "131"), "newest first");
        assert!(collective.found(|_, one| one.is_seen_by(&Identity::nip("9990000132"))).is_empty());
    }

    #[test]
    fn payments_are_hidden_from_others() {
        let payment = json!({"amount": 100, "currency": "PLN"});
        let entry =
            Entry { ksef_number: "one".to_owned(), payment: payment.clone(), about: Value::Null };
        let (open, closed) = (entry.json("iz", true), entry.json("iz", false));
        assert_eq!((&open["payment"], &open["detailsHidden"]), (&payment, &json!(false)));
        assert_eq!((closed.get("payment"), &closed["detailsHidden"]), (None, &json!(true)));
        let bare = Entry { payment: Value::Null, ..entry };
        assert_eq!(bare.json("iz", false)["detailsHidden"], json!(false));
    }
}
