//! The invented world that the double starts with.

use std::collections::BTreeSet;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::KsefV1;
use super::people::{Context, Grant, IdKind, Identifier, People, Token, TokenState, Vector, Way};
use super::roles::{OF_TOKENS, Role};
use super::store::{Accepted, Element, Store};
use super::view::{AcceptedInvoice, TakenInvoice};
use crate::front::Context as Shared;
use crate::ksef::document::{self, Form};
use crate::ksef::{base64, credentials, hex, numbers, sha256};

/// A company of the double.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Company {
    /// Its invented NIP, with a right check digit.
    pub nip: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What is special about it.
    pub about: &'static str,
}

const fn company(nip: &'static str, name: &'static str, about: &'static str) -> Company {
    Company { nip, name, about }
}

/// All companies.
pub(super) const COMPANIES: [Company; 9] = [
    company("9990000103", "Piekarnia Wymyślona Alfa", "sells; most test certificates are its own"),
    company("9990000126", "Hurtownia Zmyślona Beta", "sells and buys"),
    company("9990000132", "Sklep Fikcyjny Gamma", "may issue for Alfa (self_invoicing)"),
    company("9990000149", "Gmina Nieistniejąca", "a local government above its units"),
    company("9990000155", "Szkoła Nieistniejąca", "a unit of the local government"),
    company("9990000161", "Komornik Zmyślony", "a bailiff"),
    company("9990000178", "Biuro Rachunkowe Fikcja", "reads and writes for Alfa and Beta"),
    company("9990000184", "Przedstawiciel Wymyślony", "represents Alfa (tax_representative)"),
    company("9990000190", "Spółka Samotna Omega", "has to do with nobody"),
];

/// The PESEL of the person who may read and write Alfa's invoices.
const CLERK: &str = "00810100019";

/// The name of a company.
pub(super) fn name(nip: &str) -> &'static str {
    COMPANIES.iter().find(|one| one.nip == nip).map_or("Podmiot nieznany", |one| one.name)
}

/// What the double starts with.
pub(super) fn store(shared: &Shared) -> Store {
    let now = shared.clock.now();
    let (grants, tokens) = (grants(now), tokens(shared, now));
    let people = People { grants, tokens, ..People::default() };
    let providers =
        (1..=12).map(|number| (format!("PPL{number:06}"), format!("Dostawca Zmyślony {number}")));
    Store { people, providers: providers.collect(), ..Store::default() }
}

fn grants(since: DateTime<Utc>) -> Vec<Grant> {
    let [alfa, beta, gamma, local, unit, bailiff, bureau, representative, _] =
        COMPANIES.map(|company| company.nip);
    let onip = |nip: &str| Identifier::new(IdKind::Onip, nip);
    let grant = |context: &str, to: Identifier, role, way: Way| {
        let author = match way {
            Way::Office => Identifier::new(IdKind::System, "office"),
            _ => onip(context),
        };
        let about = "given from the start".to_owned();
        Grant { context: context.to_owned(), to, role, about, since, author, way }
    };
    let clerk = || Identifier::new(IdKind::Pesel, CLERK);
    vec![
        grant(alfa, clerk(), Role::InvoiceRead, Way::Standard),
        grant(alfa, clerk(), Role::InvoiceWrite, Way::Standard),
        grant(alfa, onip(gamma), Role::SelfInvoicing, Way::Standard),
        grant(alfa, onip(bureau), Role::InvoiceRead, Way::Standard),
        grant(alfa, onip(bureau), Role::InvoiceWrite, Way::Standard),
        grant(beta, onip(bureau), Role::InvoiceRead, Way::Standard),
        grant(alfa, onip(representative), Role::TaxRepresentative, Way::Standard),
        grant(local, onip(local), Role::LocalGovernmentUnit, Way::Office),
        grant(local, onip(unit), Role::LocalGovernmentSubUnit, Way::Office),
        grant(bailiff, onip(bailiff), Role::CourtBailiff, Way::Office),
    ]
}

fn tokens(shared: &Shared, since: DateTime<Utc>) -> Vec<Token> {
    let token = |company: &Company| Token {
        number: numbers::reference("TK", since, &shared.chance),
        secret: hex(&shared.chance.bytes::<32>()),
        context: Context::Nip(company.nip.to_owned()),
        parent: Vector::Nip(company.nip.to_owned()),
        roles: OF_TOKENS.iter().copied().collect::<BTreeSet<_>>(),
        about: "token from the start".to_owned(),
        roles_about: OF_TOKENS.iter().map(|role| (*role, "from the start".to_owned())).collect(),
        since,
        used: None,
        state: TokenState::Active,
    };
    COMPANIES.iter().map(token).collect()
}

impl KsefV1 {
    /// Gives the holder of the numberless certificate the role in Beta; once, and only when
    /// certificates are used, because making them takes time.
    pub(super) fn introduce_fingerprint(&self) {
        let value = credentials::fingerprint("person-without-number");
        let beta = COMPANIES[1].nip;
        let to = Identifier::new(IdKind::Fingerprint, &value);
        let known = self.with_store(|store| {
            let introduced = std::mem::replace(&mut store.introduced, true);
            introduced || store.people.grants.iter().any(|grant| grant.to == to)
        });
        if !known {
            self.grant(beta, to.clone(), Role::InvoiceRead);
            self.grant(beta, to, Role::InvoiceWrite);
        }
    }
}

/// Why an invoice could not be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not an invoice that the sandbox knows: exception {code}")]
#[non_exhaustive]
pub struct SeedError {
    /// The exception that a sender would have seen.
    pub code: u32,
}

/// Accepts an invoice in place of its sender.
pub(super) fn add(ksef: &KsefV1, bytes: Bytes) -> Result<AcceptedInvoice, SeedError> {
    let read = Form::known().iter().map(|form| document::read(&bytes, form)).reduce(Result::or);
    let invoice = match read {
        Some(Ok(invoice)) => invoice,
        Some(Err(refusal)) => return Err(SeedError { code: refusal.code }),
        None => return Err(SeedError { code: 21417 }),
    };
    let (now, chance) = (super::to_millis(ksef.now()), &ksef.context().chance);
    let seller = invoice.seller.nip().unwrap_or_default().to_owned();
    let hash = sha256(&bytes);
    ksef.with_store(|store| {
        if store.is_duplicate(&invoice, &hash) {
            return Err(SeedError { code: 21176 });
        }
        let place = store.accept(Accepted {
            ksef_number: numbers::invoice(&seller, now, chance),
            session: numbers::reference("SE", now, chance),
            element: numbers::reference("EE", now, chance),
            issuer: seller,
            sent: now,
            at: now,
            hash,
            bytes,
            invoice,
        });
        store.accepted.get(place).map(view).ok_or(SeedError { code: 23001 })
    })
}

/// An invoice that was taken in, as tests see it.
pub(super) fn taken(reference: &str, element: &Element) -> TakenInvoice {
    TakenInvoice {
        element: reference.to_owned(),
        session: element.session.clone(),
        hash: base64(&element.hash),
        at: element.received,
    }
}

/// An accepted invoice as tests see it.
pub(super) fn view(accepted: &Accepted) -> AcceptedInvoice {
    AcceptedInvoice {
        ksef_number: accepted.ksef_number.clone(),
        session: accepted.session.clone(),
        element: accepted.element.clone(),
        issuer: accepted.issuer.clone(),
        seller: accepted.invoice.seller.nip().unwrap_or_default().to_owned(),
        number: accepted.invoice.number.clone(),
        hash: base64(&accepted.hash),
        size: accepted.bytes.len(),
        at: accepted.at,
    }
}
