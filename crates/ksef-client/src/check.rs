//! Check before sending: what KSeF would refuse, found before anything is sent.
//!
//! [`check`] reads an invoice once and tells everything that the service would hold against it, each
//! [`Finding`] with the path of the element, its line and column, what is wrong, and what to do:
//! encoding and well-formedness, what is forbidden beyond that, size, the schema of FA(2), FA(3) and
//! `FA_RR(1)`, check digits, the day of issue. [`check_against`] also asks whether such an invoice was
//! sent before. The module is pure: no clock, no file, no network, and time linear in the input.
//!
//! # Examples
//!
//! ```
//! use ksef_client::{
//!     check::{FindingKind, Profile, check},
//!     v2::{Environment, FormCode},
//! };
//!
//! let profile = Profile::at(&Environment::Production).form(FormCode::FA_3);
//! let invoice = br#"<?xml version="1.0" encoding="UTF-8"?>
//! <Faktura xmlns="http://crd.gov.pl/wzor/2025/06/25/13775/">
//!   <Naglowek>
//!     <KodFormularza kodSystemowy="FA (3)" wersjaSchemy="1-0E">FA</KodFormularza>
//!     <WariantFormularza>2</WariantFormularza>
//!     <DataWytworzeniaFa>2026-02-01T12:00:00Z</DataWytworzeniaFa>
//!   </Naglowek>
//! </Faktura>"#;
//!
//! let report = check(invoice, &profile);
//! assert!(!report.passes());
//! // What is missing at the end of an element is told where it begins.
//! let [missing @ .., variant] = report.findings() else { panic!("nothing was found") };
//! let missing: Vec<_> = missing.iter().map(|finding| finding.path()).collect();
//! assert_eq!(missing, ["/Faktura/Podmiot1", "/Faktura/Podmiot2", "/Faktura/Fa"]);
//! assert_eq!(variant.kind(), FindingKind::Value);
//! assert_eq!(variant.path(), "/Faktura/Naglowek/WariantFormularza");
//! assert_eq!((variant.line(), variant.column()), (5, 5));
//! assert_eq!(variant.what(), "the value is none of 3");
//! ```
//!
//! What is checked and what is not, and against which versions: `docs/ksef/checks.md` of the
//! repository (KSeF 2.0 facts §1, §13, §17).

mod content;
mod duplicate;
mod finding;
mod markup;
mod names;
mod opening;
mod pieces;
mod profile;
mod rules;
mod table;
mod text;
mod value;
mod walk;

pub use duplicate::DuplicateKey;
pub use finding::{Finding, FindingKind, Report};
pub use profile::{CheckDigits, Profile};

use crate::check::{finding::Findings, rules::Facts, walk::Walk};

/// Everything that the service would refuse in these bytes, which are an invoice as it would be
/// sent, before encryption.
///
/// ```
/// use ksef_client::{check, v2::Environment};
///
/// let profile = check::Profile::at(&Environment::Test);
/// let report = check::check(b"\xEF\xBB\xBF<Faktura/>", &profile);
/// assert_eq!(report.findings()[0].kind(), check::FindingKind::ByteOrderMark);
/// ```
pub fn check(bytes: &[u8], profile: &Profile) -> Report {
    check_against(bytes, profile, |_| false)
}

/// Like [`check`], and also finds an invoice that was sent before.
///
/// `was_sent` is asked at most once, with the key by which KSeF knows duplicates for ten full years
/// after the year of issue. Where the answer takes a database, check first and ask with
/// [`Report::duplicate_key`].
///
/// ```
/// use ksef_client::{check, v2::Environment};
///
/// # let invoice = b"<Faktura xmlns=\"http://crd.gov.pl/wzor/2025/06/25/13775/\"/>";
/// let sent: Vec<check::DuplicateKey> = Vec::new();
/// let profile = check::Profile::at(&Environment::Production);
/// let report = check::check_against(invoice, &profile, |key| sent.contains(key));
/// assert!(report.duplicate_key().is_none());
/// ```
pub fn check_against(
    bytes: &[u8],
    profile: &Profile,
    was_sent: impl Fn(&DuplicateKey) -> bool,
) -> Report {
    let mut findings = Findings::new(profile);
    let mut facts = Facts::default();
    if let Some(text) = text::read(bytes, profile, &mut findings) {
        facts = Walk::new(text, &mut findings).run();
    }
    rules::apply(bytes, &facts, profile, &mut findings);
    let key = facts.duplicate_key();
    if let Some(key) = &key
        && was_sent(key)
    {
        let says = "this seller has sent an invoice of this kind with this number before";
        findings.add(FindingKind::Duplicate, &facts.number.path, facts.number.offset, says);
    }
    findings.report(bytes, facts, key)
}

#[cfg(test)]
mod tests;
