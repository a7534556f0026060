//! Accepted invoices, in records small enough for a million of them.
//!
//! An invoice first has a number, then a date of permanent storage, and only then can it be found
//! and downloaded. Everything up to the high water mark is closed (KSeF 2.0 facts §10.3).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::invoice::{FormCode, Invoice, Party};
use super::problem::moment;
use super::seed;
use super::view::AcceptedInvoice;
use crate::ksef::base64;

/// All accepted invoices.
#[derive(Default)]
pub(super) struct Archive {
    /// In the order of acceptance.
    records: Vec<Record>,
    by_number: HashMap<Box<str>, usize>,
    /// By seller, type and number on paper.
    by_key: HashMap<String, usize>,
    by_hash: HashMap<[u8; 32], usize>,
    /// Hashes of refused documents that were corrected.
    corrected: BTreeSet<String>,
    /// In the order of the dates of permanent storage.
    stored: Vec<usize>,
    /// Dates of permanent storage that are given but not yet visible.
    pending: BTreeSet<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
}

/// An accepted invoice.
#[expect(clippy::struct_excessive_bools, reason = "the metadata of the contract have these flags")]
pub(super) struct Record {
    pub(super) ksef_number: Box<str>,
    pub(super) number: Box<str>,
    pub(super) parties: Arc<Parties>,
    pub(super) issued: NaiveDate,
    /// When it was sent, or when its batch was opened.
    pub(super) invoiced: DateTime<Utc>,
    /// When the number was given.
    pub(super) accepted: DateTime<Utc>,
    /// When it was stored for good.
    pub(super) stored: DateTime<Utc>,
    /// Whether it can be found and downloaded.
    pub(super) visible: bool,
    pub(super) kind: &'static str,
    pub(super) form: &'static FormCode,
    pub(super) currency: Box<str>,
    /// Net, tax, gross.
    pub(super) amounts: [Decimal; 3],
    pub(super) hash: [u8; 32],
    pub(super) offline: bool,
    pub(super) self_invoicing: bool,
    pub(super) attachment: bool,
    pub(super) corrects: Option<Box<str>>,
    pub(super) session: Box<str>,
    pub(super) content: Content,
}

/// Who stands on an invoice; seeded ones share this.
pub(super) struct Parties {
    pub(super) seller: Party,
    pub(super) buyer: Party,
    pub(super) thirds: Vec<(Party, u8)>,
    pub(super) authorized: Option<(Party, u8)>,
}

/// The document itself.
pub(super) enum Content {
    Bytes(Bytes),
    /// Made from the record when asked for.
    Generated,
}

/// What a new record needs beside the invoice.
pub(super) struct Acceptance {
    pub(super) ksef_number: String,
    pub(super) invoiced: DateTime<Utc>,
    pub(super) accepted: DateTime<Utc>,
    pub(super) offline: bool,
    pub(super) corrects: Option<String>,
    pub(super) session: String,
    pub(super) hash: [u8; 32],
}

impl Archive {
    /// The record of a number in KSeF.
    pub(super) fn get(&self, ksef_number: &str) -> Option<&Record> {
        self.by_number.get(ksef_number).map(|index| &self.records[*index])
    }

    /// The record of an accepted document with this hash.
    pub(super) fn by_hash(&self, hash: &[u8; 32]) -> Option<&Record> {
        self.by_hash.get(hash).map(|index| &self.records[*index])
    }

    /// Whether an accepted technical correction of this refused document exists.
    pub(super) fn is_corrected(&self, hash: &str) -> bool {
        self.corrected.contains(hash)
    }

    /// The record that an invoice repeats: same seller, type and number.
    pub(super) fn original(&self, invoice: &Invoice) -> Option<&Record> {
        self.by_key.get(&key(invoice)).map(|index| &self.records[*index])
    }

    /// Accepts an invoice; it still has to be stored.
    pub(super) fn accept(
        &mut self,
        invoice: Invoice,
        form: &'static FormCode,
        bytes: Bytes,
        how: Acceptance,
    ) -> usize {
        let index = self.records.len();
        self.by_key.insert(key(&invoice), index);
        self.by_hash.insert(how.hash, index);
        self.corrected.extend(how.corrects.clone());
        self.by_number.insert(how.ksef_number.as_str().into(), index);
        self.records.push(Record {
            ksef_number: how.ksef_number.into(),
            number: invoice.number.into(),
            parties: Arc::new(Parties {
                seller: invoice.seller,
                buyer: invoice.buyer,
                thirds: invoice.thirds,
                authorized: invoice.authorized,
            }),
            issued: invoice.issued,
            invoiced: how.invoiced,
            accepted: how.accepted,
            stored: how.accepted,
            visible: false,
            kind: invoice.kind,
            form,
            currency: invoice.currency.into(),
            amounts: [invoice.net, invoice.vat, invoice.gross],
            hash: how.hash,
            offline: how.offline,
            self_invoicing: invoice.self_invoicing,
            attachment: invoice.attachment,
            corrects: how.corrects.map(Into::into),
            session: how.session.into(),
            content: Content::Bytes(bytes),
        });
        index
    }

    /// Gives a date of permanent storage; dates only grow.
    pub(super) fn store(&mut self, index: usize, now: DateTime<Utc>) -> DateTime<Utc> {
        // Answers tell these dates to the microsecond.
        let next = self.last.map_or(now, |last| now.max(last + TimeDelta::microseconds(1)));
        let next = next - TimeDelta::nanoseconds(i64::from(next.timestamp_subsec_nanos() % 1000));
        let date = self.last.map_or(next, |last| next.max(last + TimeDelta::microseconds(1)));
        self.last = Some(date);
        self.pending.insert(date);
        self.stored.push(index);
        self.records[index].stored = date;
        date
    }

    /// Lets an invoice be found.
    pub(super) fn show(&mut self, index: usize) {
        let record = &mut self.records[index];
        record.visible = true;
        self.pending.remove(&record.stored);
    }

    /// Adds a finished record with its date of storage, which must not lie before the last one.
    pub(super) fn restore(&mut self, record: Record) {
        let index = self.records.len();
        self.last = self.last.max(Some(record.stored));
        self.by_number.insert(record.ksef_number.clone(), index);
        self.stored.push(index);
        self.records.push(record);
    }

    /// The last date of storage that was given.
    pub(super) fn last(&self) -> Option<DateTime<Utc>> {
        self.last
    }

    /// The moment up to which nothing can be added any more.
    pub(super) fn high_water(&self, now: DateTime<Utc>, lag: TimeDelta) -> DateTime<Utc> {
        let quiet = now - lag;
        self.pending.first().map_or(quiet, |first| quiet.min(*first - TimeDelta::microseconds(1)))
    }

    /// The records that can be found, with a date of storage from `from` on, in that order.
    pub(super) fn stored_from(
        &self,
        from: DateTime<Utc>,
    ) -> impl DoubleEndedIterator<Item = &Record> {
        let start = self.stored.partition_point(|index| self.records[*index].stored < from);
        self.stored[start..].iter().map(|index| &self.records[*index]).filter(|it| it.visible)
    }

    /// The bytes of an accepted invoice.
    pub(super) fn bytes(&self, ksef_number: &str) -> Option<Bytes> {
        self.get(ksef_number).map(Record::bytes)
    }

    /// The test's views; seeded records are left out.
    pub(super) fn views(&self) -> Vec<AcceptedInvoice> {
        let own = self.records.iter().filter(|it| matches!(it.content, Content::Bytes(_)));
        own.map(Record::view).collect()
    }
}

impl Record {
    /// The document.
    pub(super) fn bytes(&self) -> Bytes {
        match &self.content {
            Content::Bytes(bytes) => bytes.clone(),
            Content::Generated => Bytes::from(seed::document(self)),
        }
    }

    /// The test's view.
    pub(super) fn view(&self) -> AcceptedInvoice {
        AcceptedInvoice {
            ksef_number: self.ksef_number.to_string(),
            invoice_number: self.number.to_string(),
            seller: self.parties.seller.value.clone().unwrap_or_default(),
            buyer: self.parties.buyer.value.clone(),
            hash: base64(&self.hash),
            session: self.session.to_string(),
            accepted: self.accepted,
            stored: self.stored,
            offline: self.offline,
        }
    }

    /// The metadata.
    pub(super) fn metadata(&self) -> Value {
        let [net, vat, gross] = self.amounts;
        let parties = &self.parties;
        let thirds = parties.thirds.iter().map(|(party, role)| {
            let mut third = identified(party);
            third["role"] = json!(role);
            third
        });
        let mut seller = json!({"nip": parties.seller.value});
        if let Some(name) = &parties.seller.name {
            seller["name"] = json!(name);
        }
        let mut body = json!({
            "ksefNumber": self.ksef_number,
            "invoiceNumber": self.number,
            "issueDate": self.issued.to_string(),
            "invoicingDate": moment(self.invoiced),
            "acquisitionDate": moment(self.accepted),
            "permanentStorageDate": moment(self.stored),
            "seller": seller,
            "buyer": identified(&parties.buyer),
            "netAmount": amount(net),
            "grossAmount": amount(gross),
            "vatAmount": amount(vat),
            "currency": self.currency,
            "invoicingMode": if self.offline { "Offline" } else { "Online" },
            "invoiceType": self.kind,
            "formCode": self.form.json(),
            "isSelfInvoicing": self.self_invoicing,
            "hasAttachment": self.attachment,
            "invoiceHash": base64(&self.hash),
            "thirdSubjects": thirds.collect::<Vec<_>>(),
        });
        if let Some(corrects) = &self.corrects {
            body["hashOfCorrectedInvoice"] = json!(corrects);
        }
        if let Some((party, role)) = &parties.authorized {
            let mut authorized = json!({"nip": party.value, "role": role});
            if let Some(name) = &party.name {
                authorized["name"] = json!(name);
            }
            body["authorizedSubject"] = authorized;
        }
        body
    }
}

fn identified(party: &Party) -> Value {
    let mut identifier = json!({"type": party.kind});
    if let Some(value) = &party.value {
        identifier["value"] = json!(value);
    }
    let mut body = json!({"identifier": identifier});
    if let Some(name) = &party.name {
        body["name"] = json!(name);
    }
    body
}

/// An exact number: JSON keeps its digits.
fn amount(amount: Decimal) -> Value {
    serde_json::from_str(&amount.to_string()).unwrap_or_default()
}

fn key(invoice: &Invoice) -> String {
    let seller = invoice.seller.value.as_deref().unwrap_or_default();
    format!("{seller}|{}|{}", invoice.kind, invoice.number)
}
