//! What the double remembers: companies, their documents and payments, what it accepted lately,
//! and what it told the webhooks.
//!
//! Entities are kept as the JSON that lists answer with, because every filter of the API reads
//! fields of that JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Number, Value};
use tokio::time::Instant;

use super::company::{Company, Target};
use super::consent::Consent;
use super::limits::{Meter, Profile};
use super::notify::{Form, Notification};
use super::signature::Scheme;
use super::validate;

/// How long an accepted request may not be repeated (KROS OpenAPI documentation page, section
/// "Odpoveď na request").
const NO_REPEAT: Duration = Duration::from_secs(120);

/// The books of one company.
#[derive(Default)]
pub(super) struct Books {
    pub(super) invoices: Vec<Value>,
    pub(super) proformas: Vec<Value>,
    pub(super) expenses: Vec<Value>,
    pub(super) catalog: Vec<Value>,
    pub(super) payments: Vec<Value>,
    pub(super) accounts: Vec<Value>,
    pub(super) sequences: Vec<Value>,
    pub(super) tags: Vec<Value>,
    pub(super) delivery_notes: Vec<Value>,
    pub(super) received_orders: Vec<Value>,
    pub(super) warehouses: Vec<Value>,
    /// Every document number in use.
    pub(super) numbers: BTreeSet<String>,
    /// The last number given in a sequence on a day.
    pub(super) counters: BTreeMap<String, u32>,
}

/// The whole memory.
pub(super) struct Store {
    pub(super) companies: Vec<Company>,
    pub(super) targets: BTreeMap<u64, Target>,
    pub(super) books: BTreeMap<u64, Books>,
    pub(super) meters: BTreeMap<u64, Meter>,
    pub(super) notifications: Vec<Notification>,
    pub(super) consents: BTreeMap<String, Consent>,
    pub(super) profile: Profile,
    pub(super) form: Form,
    pub(super) scheme: Scheme,
    pub(super) processing_delay: Option<Duration>,
    accepted: BTreeMap<Fingerprint, Instant>,
    last_id: u64,
}

/// What makes two requests the same: company, path and the hash of the body.
pub(super) type Fingerprint = (u64, String, Vec<u8>);

impl Store {
    pub(super) fn new(companies: Vec<Company>, books: BTreeMap<u64, Books>, last_id: u64) -> Self {
        Self {
            companies,
            books,
            last_id,
            targets: BTreeMap::new(),
            meters: BTreeMap::new(),
            notifications: Vec::new(),
            consents: BTreeMap::new(),
            profile: Profile::default(),
            form: Form::default(),
            scheme: Scheme::default(),
            processing_delay: None,
            accepted: BTreeMap::new(),
        }
    }

    /// The next identifier of a document; gaps are as likely as in a shared database.
    pub(super) fn next_id(&mut self, gap: u64) -> u64 {
        self.last_id += gap.max(1);
        self.last_id
    }

    /// Whether the same request was accepted less than 120 seconds ago.
    pub(super) fn is_repeated(&mut self, fingerprint: &Fingerprint, now: Instant) -> bool {
        self.accepted.retain(|_, at| now - *at < NO_REPEAT);
        self.accepted.contains_key(fingerprint)
    }

    /// Remembers an accepted request.
    pub(super) fn accept(&mut self, fingerprint: Fingerprint, now: Instant) {
        self.accepted.insert(fingerprint, now);
    }

    pub(super) fn company_of_token(&self, token: &str) -> Option<&Company> {
        self.companies.iter().find(|company| company.token() == token)
    }
}

/// An invoice as the double keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Document {
    /// Its company.
    pub company_id: u64,
    /// The identifier that KROS gives.
    pub id: u64,
    /// The identifier that the caller gave, if any.
    pub external_id: Option<String>,
    /// The code of its numbering sequence.
    pub numbering_sequence: String,
    /// Its number.
    pub document_number: String,
    /// Its variable symbol.
    pub variable_symbol: String,
    /// -1 undefined, 0 not paid, 1 fully paid, 2 overpaid, 3 partially paid.
    pub payment_status: i64,
    /// What is to be paid, in the currency of the document, as decimal text.
    pub sum_for_payment: String,
    /// What has been paid, in the currency of the document, as decimal text.
    pub sum_of_payments: String,
    /// The whole document as `GET /invoices/{id}` shows it.
    pub body: Value,
}

impl Document {
    pub(super) fn of(company_id: u64, invoice: &Value) -> Self {
        let text = |name: &str| invoice[name].as_str().unwrap_or_default().to_owned();
        Self {
            company_id,
            id: invoice["id"].as_u64().unwrap_or_default(),
            external_id: invoice["externalId"].as_str().map(str::to_owned),
            numbering_sequence: text("numberingSequence"),
            document_number: text("documentNumber"),
            variable_symbol: text("variableSymbol"),
            payment_status: invoice["paymentStatus"].as_i64().unwrap_or(-1),
            sum_for_payment: invoice["sumForPayment"].to_string(),
            sum_of_payments: invoice["sumOfPayments"].to_string(),
            body: invoice.clone(),
        }
    }
}

/// A payment as the double keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Payment {
    /// Its company.
    pub company_id: u64,
    /// The identifier that the caller gave, if any.
    pub external_id: Option<String>,
    /// Its variable symbol, perhaps empty.
    pub variable_symbol: String,
    /// The sum as decimal text; negative means outgoing.
    pub sum_of_payment: String,
    /// The identifiers of the invoices it was matched with.
    pub matched_documents: Vec<u64>,
    /// The whole payment as `GET /payments` shows it.
    pub body: Value,
}

impl Payment {
    pub(super) fn of(company_id: u64, payment: &Value) -> Self {
        let matched = payment["matchedDocuments"].as_array().into_iter().flatten();
        Self {
            company_id,
            external_id: payment["externalId"].as_str().map(str::to_owned),
            variable_symbol: payment["variableSymbol"].as_str().unwrap_or_default().to_owned(),
            sum_of_payment: payment["sumOfPayment"].to_string(),
            matched_documents: matched.filter_map(|one| one["id"].as_u64()).collect(),
            body: payment.clone(),
        }
    }
}

/// A decimal as a JSON number with its own digits.
pub(super) fn number(value: Decimal) -> Value {
    let text = value.normalize().to_string();
    text.parse::<Number>().map_or(Value::Null, Value::Number)
}

/// The exact value of a JSON number, or zero.
pub(super) fn sum(value: &Value) -> Decimal {
    validate::decimal(value).unwrap_or_default()
}
