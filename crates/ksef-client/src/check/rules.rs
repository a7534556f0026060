//! What the service demands beyond the schema (KSeF 2.0 facts §1, §7, §13, §17): size, attachments,
//! forms by environment and session, check digits, the day of issue.

use chrono::NaiveDate;
use common_core::ident::Nip;

use crate::{
    check::{
        CheckDigits, DuplicateKey, FindingKind, Profile,
        finding::Findings,
        table::{FORMS, Form},
    },
    v2::{FormCode, sessions::SessionType},
};

/// Forms without schema here, by their namespaces.
static OTHERS: [(&str, FormCode); 2] = [
    ("urn:oasis:names:specification:ubl:schema:xsd:Invoice-2", FormCode::PEF),
    ("urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2", FormCode::PEF_KOR),
];

/// What the rules need to know of an invoice, as far as its schema let it through.
#[derive(Default)]
pub(super) struct Facts {
    /// The form whose schema was applied.
    pub(super) form: Option<&'static Form>,
    /// The namespace of the root, and where it stands.
    pub(super) root: Fact,
    /// Where an attachment is.
    pub(super) attachment: Option<Fact>,
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
                // An internal identifier is a NIP, a hyphen and five digits of any script.
                if *number == "IDWew" {
                    let length = fact.value.find('-').unwrap_or(fact.value.len());
                    fact.value.truncate(length);
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
    attachment(facts, profile, findings);
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
    let most = if facts.attachment.is_some() || is_beyond_all {
        profile.attachment_bytes.max(profile.invoice_bytes)
    } else {
        profile.invoice_bytes
    };
    if bytes > most {
        let says = format!("the invoice has {bytes} bytes, and {most} are the most");
        findings.add(FindingKind::Size, "/", 0, says);
    }
}

fn attachment(facts: &Facts, profile: &Profile, findings: &mut Findings<'_>) {
    let Some(Fact { path, offset, .. }) = &facts.attachment else { return };
    let says = match profile.session {
        Some(SessionType::Online) => "an interactive session takes no attachment",
        _ if !profile.takes_attachments => "the seller has not announced attachments",
        _ => return,
    };
    findings.add(FindingKind::Attachment, path, *offset, says);
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
        (Some(found), _) if profile.session == Some(SessionType::Batch) && !found.in_batch() => {
            format!("a batch does not take {}", found.system_code())
        }
        (None, None) => "the namespace is that of no known form".to_owned(),
        (None, Some(session)) if published.contains(session) => {
            format!("the namespace is not that of {}", session.system_code())
        }
        _ => return,
    };
    findings.add(FindingKind::Form, &root.path, root.offset, says);
}
