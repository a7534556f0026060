//! The invented world that the double starts with, and invoices that tests put in.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::KsefV2;
use super::archive::{Acceptance, Content, Parties, Record};
use super::invoice::{self, FormCode, Party};
use super::people::{Identity, IdentityKind, Permission};
use super::resources;
use super::store::Store;
use super::view::AcceptedInvoice;
use crate::front::Context;
use crate::ksef::xml::escaped;
use crate::ksef::{credentials, hex, numbers, sha256};

/// The PESEL of the person who may read and write Alfa's invoices.
const CLERK: &str = "00810100019";

/// Why an invoice cannot be put in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// It has no known form, or does not fit it.
    #[error("this is no invoice of a known form")]
    NoInvoice,
    /// An invoice with the same seller, type and number exists.
    #[error("this invoice exists already")]
    Duplicate,
}

/// Many generated invoices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SeedPlan {
    /// The seller's NIP.
    pub seller: String,
    /// The buyer's NIP.
    pub buyer: String,
    /// How many.
    pub count: u32,
    /// When the first one was stored for good.
    pub from: DateTime<Utc>,
    /// Microseconds from one to the next; 0 for all at the same moment.
    pub step_us: u32,
}

impl SeedPlan {
    /// So many invoices from a seller to a buyer, a second apart.
    pub fn new(seller: &str, buyer: &str, count: u32, from: DateTime<Utc>) -> Self {
        let (seller, buyer) = (seller.to_owned(), buyer.to_owned());
        Self { seller, buyer, count, from, step_us: 1_000_000 }
    }

    /// The distance from one invoice to the next, in microseconds; 0 for all at the same moment.
    #[must_use]
    pub fn step_us(mut self, step: u32) -> Self {
        self.step_us = step;
        self
    }
}

/// What the double starts with: every company has a KSeF token, and a clerk works for Alfa.
pub(super) fn store(context: &Context) -> Store {
    let now = context.clock.now();
    let mut store = Store::default();
    let of_tokens: Vec<Permission> = Permission::ALL
        .into_iter()
        .filter(|one| !matches!(one, Permission::VatUeManage | Permission::PefInvoiceWrite))
        .collect();
    for company in crate::ksef_v1::companies() {
        let reference = numbers::reference("EC", now, &context.chance);
        let random = hex(&context.chance.bytes::<32>()).to_lowercase();
        let secret = format!("{reference}|nip-{}|{random}", company.nip);
        let owner = Identity::nip(company.nip);
        let permissions = of_tokens.iter().copied().collect();
        resources::seed_token(&mut store, &reference, &secret, &owner, permissions, now);
    }
    let alfa = Identity::nip(crate::ksef_v1::companies()[0].nip);
    let clerk = Identity::new(IdentityKind::Pesel, CLERK);
    let both = [Permission::InvoiceRead, Permission::InvoiceWrite];
    resources::seed_grant(&mut store, &alfa, &clerk, &both, now);
    resources::introduce(&mut store, now);
    store
}

/// Lets the certificate without a number write Beta's invoices; its fingerprint is known only once
/// the certificates are made.
pub(super) fn introduce_fingerprints(ksef: &KsefV2) {
    let beta = Identity::nip(crate::ksef_v1::companies()[1].nip);
    let fingerprint = credentials::fingerprint("person-without-number");
    let person = Identity::new(IdentityKind::Fingerprint, &fingerprint);
    let now = ksef.now();
    ksef.with_store(|store| {
        if resources::held(store, &beta, &person).is_empty() {
            resources::seed_grant(store, &beta, &person, &[Permission::InvoiceWrite], now);
        }
    });
}

/// Accepts and stores an invoice in place of its sender.
pub(super) fn add(ksef: &KsefV2, bytes: Bytes) -> Result<AcceptedInvoice, SeedError> {
    let form = FormCode::of_document(&bytes).ok_or(SeedError::NoInvoice)?;
    let invoice = invoice::read(&bytes, form).map_err(|_| SeedError::NoInvoice)?;
    let now = ksef.now();
    let seller = invoice.seller.nip().unwrap_or_default().to_owned();
    let ksef_number = numbers::invoice(&seller, now, &ksef.context().chance);
    ksef.with_store(|store| {
        if store.archive.original(&invoice).is_some() {
            return Err(SeedError::Duplicate);
        }
        let how = Acceptance {
            ksef_number: ksef_number.clone(),
            invoiced: now,
            accepted: now,
            offline: false,
            corrects: None,
            session: String::new(),
            hash: sha256(&bytes),
        };
        let index = store.archive.accept(invoice, form, bytes, how);
        store.archive.store(index, now);
        store.archive.show(index);
        store.archive.get(&ksef_number).map(Record::view).ok_or(SeedError::NoInvoice)
    })
}

/// Puts many generated invoices in; dates that lie before the last stored one move after it.
pub(super) fn many(ksef: &KsefV2, plan: &SeedPlan) {
    let party = |nip: &str| {
        let companies = crate::ksef_v1::companies();
        let known = companies.iter().find(|company| company.nip == nip);
        let name = known.map_or("Podmiot zmyślony", |company| company.name).to_owned();
        Party { kind: "Nip", value: Some(nip.to_owned()), name: Some(name) }
    };
    let (seller, buyer) = (party(&plan.seller), party(&plan.buyer));
    let parties = Arc::new(Parties { seller, buyer, thirds: Vec::new(), authorized: None });
    let Some(form) = FormCode::read(&serde_json::json!(
        {"systemCode": "FA (3)", "schemaVersion": "1-0E", "value": "FA"}
    )) else {
        return;
    };
    let chance = &ksef.context().chance;
    ksef.with_store(|store| {
        let step = TimeDelta::microseconds(i64::from(plan.step_us));
        let after = store.archive.last().map_or(plan.from, |last| last + step);
        let mut stored = plan.from.max(after);
        for number in 1..=plan.count {
            let ksef_number = numbers::invoice(&plan.seller, stored, chance);
            let net = Decimal::new(10_000 + i64::from(number % 90_000), 2);
            let vat = (net * Decimal::new(23, 2)).round_dp(2);
            let mut record = Record {
                number: format!("SEED/{}/{number}", &ksef_number[20..32]).into(),
                ksef_number: ksef_number.into(),
                parties: parties.clone(),
                issued: (stored - TimeDelta::hours(1)).date_naive(),
                invoiced: stored - TimeDelta::seconds(2),
                accepted: stored - TimeDelta::seconds(1),
                stored,
                visible: true,
                kind: "Vat",
                form,
                currency: "PLN".into(),
                amounts: [net, vat, net + vat],
                hash: [0; 32],
                offline: false,
                self_invoicing: false,
                attachment: false,
                corrects: None,
                session: "".into(),
                content: Content::Generated,
            };
            record.hash = sha256(document(&record).as_bytes());
            store.archive.restore(record);
            stored += step;
        }
    });
}

/// The document of a generated record.
pub(super) fn document(record: &Record) -> String {
    let [net, vat, gross] = record.amounts;
    let mut text = String::with_capacity(1500);
    let name = |party: &Party| escaped(party.name.as_deref().unwrap_or_default());
    let nip = |party: &Party| party.value.clone().unwrap_or_default();
    let (seller, buyer) = (&record.parties.seller, &record.parties.buyer);
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <Faktura xmlns=\"http://crd.gov.pl/wzor/2025/06/25/13775/\"><Naglowek>\
         <KodFormularza kodSystemowy=\"FA (3)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\
         <WariantFormularza>3</WariantFormularza>\
         <DataWytworzeniaFa>{issued}T08:00:00Z</DataWytworzeniaFa></Naglowek>\
         <Podmiot1><DaneIdentyfikacyjne><NIP>{}</NIP><Nazwa>{}</Nazwa></DaneIdentyfikacyjne>\
         <Adres><KodKraju>PL</KodKraju><AdresL1>ul. Wymyślona 1</AdresL1></Adres></Podmiot1>\
         <Podmiot2><DaneIdentyfikacyjne><NIP>{}</NIP><Nazwa>{}</Nazwa></DaneIdentyfikacyjne>\
         <JST>2</JST><GV>2</GV></Podmiot2>\
         <Fa><KodWaluty>PLN</KodWaluty><P_1>{issued}</P_1><P_2>{}</P_2>\
         <P_13_1>{net}</P_13_1><P_14_1>{vat}</P_14_1><P_15>{gross}</P_15>\
         <Adnotacje><P_16>2</P_16><P_17>2</P_17><P_18>2</P_18><P_18A>2</P_18A>\
         <Zwolnienie><P_19N>1</P_19N></Zwolnienie>\
         <NoweSrodkiTransportu><P_22N>1</P_22N></NoweSrodkiTransportu><P_23>2</P_23>\
         <PMarzy><P_PMarzyN>1</P_PMarzyN></PMarzy></Adnotacje>\
         <RodzajFaktury>VAT</RodzajFaktury>\
         <FaWiersz><NrWierszaFa>1</NrWierszaFa><P_7>Rzecz zmyślona</P_7><P_8A>szt.</P_8A>\
         <P_8B>1</P_8B><P_9A>{net}</P_9A><P_11>{net}</P_11><P_12>23</P_12></FaWiersz></Fa></Faktura>",
        nip(seller),
        name(seller),
        nip(buyer),
        name(buyer),
        escaped(&record.number),
        issued = record.issued,
    );
    text
}
