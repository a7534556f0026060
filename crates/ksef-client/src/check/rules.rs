//! What the service demands beyond the schema (KSeF 2.0 facts §13, §17): size, forms by
//! environment, check digits, the day of issue, and no invoice twice.

use std::fmt;

use chrono::NaiveDate;
use common_core::ident::Nip;

use crate::{
    check::{
        CheckDigits, FindingKind, Profile,
        finding::Findings,
        table::{FORMS, Form},
    },
    v2::FormCode,
};

/// Forms without schema here, by their namespaces.
static OTHERS: [(&str, FormCode); 2] = [
    ("urn:oasis:names:specification:ubl:schema:xsd:Invoice-2", FormCode::PEF),
    ("urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2", FormCode::PEF_KOR),
];

/// Invoices that agree in this are duplicates, for ten full years after the year of issue
/// (KSeF 2.0 facts §17): the second one ends with status 440.
///
/// `FA_RR` has other names for the parts: the seller is the supplier, `Podmiot1`, and the number is
/// `P_4C`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DuplicateKey {
    seller: String,
    kind: String,
    number: String,
}

/// What the rules need to know of an invoice, as far as its schema let it through.
#[derive(Default)]
pub(super) struct Facts {
    /// The form whose schema was applied.
    pub(super) form: Option<&'static Form>,
    /// The namespace of the root, and where it stands.
    pub(super) root: Fact,
    pub(super) has_attachment: bool,
    pub(super) seller: Fact,
    pub(super) kind: Fact,
    pub(super) number: Fact,
    pub(super) issued: Fact,
    pub(super) tax_numbers: Vec<Fact>,
}

/// A value with its place; empty when the invoice does not have it.
#[derive(Clone, Default)]
pub(super) struct Fact {
    pub(super) value: String,
    pub(super) path: String,
    pub(super) offset: usize,
}

impl DuplicateKey {
    /// A key of its parts: the seller's NIP, the kind (`RodzajFaktury`), the number (`P_2`).
    pub fn new(
        seller: impl Into<String>,
        kind: impl Into<String>,
        number: impl Into<String>,
    ) -> Self {
        Self { seller: seller.into(), kind: kind.into(), number: number.into() }
    }

    /// The seller's NIP.
    pub fn seller(&self) -> &str {
        &self.seller
    }

    /// The kind of invoice, as `VAT` or `KOR`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The number that the seller gave the invoice.
    pub fn number(&self) -> &str {
        &self.number
    }
}

impl fmt::Debug for DuplicateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seller, kind, number } = self;
        write!(f, "DuplicateKey({seller}, {kind}, {number})")
    }
}

impl Form {
    /// The code of the form.
    pub(super) fn code(&self) -> FormCode {
        let [fa_2, fa_3, _] = FORMS;
        match self.namespace {
            namespace if namespace == fa_2.namespace => FormCode::FA_2,
            namespace if namespace == fa_3.namespace => FormCode::FA_3,
            _ => FormCode::FA_RR,
        }
    }
}

impl Facts {
    /// Keeps a value if a rule asks for it; `names` lead from the root to it.
    pub(super) fn take(&mut self, names: &[&str], fact: impl FnOnce() -> Fact) {
        match names {
            ["Faktura", party, "DaneIdentyfikacyjne", number @ ("NIP" | "IDWew")] => {
                let mut fact = fact();
                if *party == "Podmiot1" {
                    self.seller = fact.clone();
                }
                // An internal identifier is a NIP, a hyphen and five digits.
                if *number == "IDWew" {
                    fact.value.truncate(10);
                }
                self.tax_numbers.push(fact);
            }
            ["Faktura", "Fa" | "FakturaRR", name] => match *name {
                "RodzajFaktury" => self.kind = fact(),
                "P_1" | "P_4B" => self.issued = fact(),
                "P_2" | "P_4C" => self.number = fact(),
                _ => {}
            },
            _ => {}
        }
    }

    pub(super) fn duplicate_key(&self) -> Option<DuplicateKey> {
        let [seller, kind, number] = [&self.seller, &self.kind, &self.number];
        let has_all = [seller, kind, number].iter().all(|fact| !fact.value.is_empty());
        has_all.then(|| DuplicateKey::new(&*seller.value, &*kind.value, &*number.value))
    }
}

/// Adds what the rules find.
pub(super) fn apply(bytes: &[u8], facts: &Facts, profile: &Profile, findings: &mut Findings<'_>) {
    size(bytes.len(), facts, profile, findings);
    form(&facts.root, profile, findings);
    if profile.check_digits == CheckDigits::Enforced {
        let is_wrong = |fact: &&Fact| !Nip::parse(&fact.value).is_ok_and(|nip| nip.checksum_ok());
        for fact in facts.tax_numbers.iter().filter(is_wrong) {
            let says = "the check digit of the tax number is wrong";
            findings.add(FindingKind::CheckDigit, &fact.path, fact.offset, says);
        }
    }
    let issued: Option<NaiveDate> = facts.issued.value.parse().ok();
    if let (Some(issued), Some(accepted)) = (issued, profile.accepted_on)
        && issued > accepted
    {
        let says = format!("the day of issue is later than {accepted}");
        findings.add(FindingKind::IssueDate, &facts.issued.path, facts.issued.offset, says);
    }
}

fn size(bytes: usize, facts: &Facts, profile: &Profile, findings: &mut Findings<'_>) {
    let is_beyond_all = bytes > profile.invoice_bytes.max(profile.attachment_bytes);
    let most = if facts.has_attachment || is_beyond_all {
        profile.attachment_bytes.max(profile.invoice_bytes)
    } else {
        profile.invoice_bytes
    };
    if bytes > most {
        let says = format!("the invoice has {bytes} bytes, and {most} are the most");
        findings.add(FindingKind::Size, "/", 0, says);
    }
}

fn form(root: &Fact, profile: &Profile, findings: &mut Findings<'_>) {
    // Without a root there is another finding.
    if root.path.is_empty() {
        return;
    }
    let known = FORMS.iter().find(|form| form.namespace == root.value).map(|form| form.code());
    let other = || OTHERS.iter().find(|(namespace, _)| *namespace == root.value);
    let found = known.or_else(|| other().map(|(_, form)| form.clone()));
    let of_session = profile.form.as_ref();
    let published =
        [FormCode::FA_2, FormCode::FA_3, FormCode::FA_RR, FormCode::PEF, FormCode::PEF_KOR];
    let says = match (&found, of_session) {
        (Some(found), Some(session)) if found != session => {
            let [found, session] = [found, session].map(FormCode::system_code);
            format!("the invoice is one of {found}, and the session takes {session}")
        }
        (Some(found), _) if !found.accepted_at(&profile.environment) => {
            format!("the environment does not take {}", found.system_code())
        }
        (None, None) => "the namespace is that of no known form".to_owned(),
        (None, Some(session)) if published.contains(session) => {
            format!("the namespace is not that of {}", session.system_code())
        }
        _ => return,
    };
    findings.add(FindingKind::Form, &root.path, root.offset, says);
}
