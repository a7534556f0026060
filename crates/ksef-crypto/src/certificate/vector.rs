//! Which authentication vector a certificate is (specification 1.9, chapter 4.3; KSeF 2.0 facts
//! §4.2), and why not another.
//!
//! Only the subject's attributes decide.
//! That a certificate is qualified, or on a test environment accepted without being so, is up to
//! the authority.

use std::fmt;

use common_core::ident::{Nip, Pesel};

use super::Certificate;
use super::name::{AttributeType, DistinguishedName};

/// Whose rules for subjects hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubjectRules {
    /// KSeF 1.x: specification 1.9, chapters 4.3.1.1 and 4.3.1.2.
    Version1,
    /// KSeF 2.0: KSeF 2.0 facts §4.2.
    Version2,
}

/// How the authority recognises the holder of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Vector {
    /// A person's signature with a PESEL in `serialNumber`.
    SignaturePesel(Pesel),
    /// A person's signature with a NIP in `serialNumber`.
    SignatureNip(Nip),
    /// A seal with a NIP in `organizationIdentifier`.
    Seal(Nip),
    /// Only the certificate's fingerprint, 64 upper-case hexadecimal digits: permissions must
    /// have been granted to it before.
    Fingerprint(String),
}

/// A kind of vector that a certificate could have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VectorKind {
    /// The signature of a person.
    Signature,
    /// The seal of an organisation.
    Seal,
}

/// What speaks against a kind of vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The subject lacks this attribute.
    Missing(AttributeType),
    /// The subject must not have this attribute.
    Forbidden(AttributeType),
    /// The attribute is there, but without a number of a recognised form.
    Unrecognised(AttributeType),
}

/// Why a certificate is not a vector of some kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Objection {
    /// The kind that it is not.
    pub against: VectorKind,
    /// What speaks against it.
    pub reason: Reason,
}

/// The answer of [`authentication_vector`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthenticationVector {
    /// The vector that the certificate is.
    pub vector: Vector,
    /// Everything that speaks against the other kinds, in the order of the rules.
    pub objections: Vec<Objection>,
}

/// Tells which authentication vector a certificate is, and why not another.
///
/// Check digits of PESEL and NIP are not looked at: the test environments accept any.
pub fn authentication_vector(
    certificate: &Certificate,
    rules: SubjectRules,
) -> AuthenticationVector {
    let subject = certificate.subject();
    let signature = rule(rules, VectorKind::Signature).objections(subject);
    let seal = rule(rules, VectorKind::Seal).objections(subject);
    let person = person(subject);
    let organisation = organisation(subject);
    let vector = match (person, organisation) {
        (Some(person), _) if signature.is_empty() => person,
        (_, Some(nip)) if seal.is_empty() => Vector::Seal(nip),
        _ => Vector::Fingerprint(certificate.fingerprint()),
    };
    let mut objections = Vec::new();
    if !matches!(vector, Vector::SignaturePesel(_) | Vector::SignatureNip(_)) {
        objections.extend(signature);
    }
    if !matches!(vector, Vector::Seal(_)) {
        objections.extend(seal);
    }
    AuthenticationVector { vector, objections }
}

/// What the rules ask of a subject.
struct Rule {
    against: VectorKind,
    required: &'static [AttributeType],
    forbidden: &'static [AttributeType],
    identifier: AttributeType,
    recognised: fn(&DistinguishedName) -> bool,
}

impl Rule {
    fn objections(&self, subject: &DistinguishedName) -> Vec<Objection> {
        let missing = self.required.iter().filter(|kind| !subject.has(**kind));
        let forbidden = self.forbidden.iter().filter(|kind| subject.has(**kind));
        let unrecognised = subject.has(self.identifier) && !(self.recognised)(subject);
        // Without an identifier there is nothing to recognise the holder by, even where the
        // specification calls the attribute optional.
        let nameless = !subject.has(self.identifier) && !self.required.contains(&self.identifier);
        missing
            .map(|kind| Reason::Missing(*kind))
            .chain(nameless.then_some(Reason::Missing(self.identifier)))
            .chain(forbidden.map(|kind| Reason::Forbidden(*kind)))
            .chain(unrecognised.then_some(Reason::Unrecognised(self.identifier)))
            .map(|reason| Objection { against: self.against, reason })
            .collect()
    }
}

fn rule(rules: SubjectRules, against: VectorKind) -> Rule {
    use AttributeType as A;
    let (required, forbidden): (&[A], &[A]) = match (rules, against) {
        (SubjectRules::Version1, VectorKind::Signature) => {
            (&[A::GIVEN_NAME, A::SURNAME], &[A::ORGANIZATION_IDENTIFIER])
        }
        (SubjectRules::Version1, VectorKind::Seal) => {
            (&[A::ORGANIZATION_IDENTIFIER], &[A::SERIAL_NUMBER, A::GIVEN_NAME, A::SURNAME])
        }
        (SubjectRules::Version2, VectorKind::Signature) => {
            (&[A::GIVEN_NAME, A::SURNAME, A::SERIAL_NUMBER, A::COMMON_NAME, A::COUNTRY_NAME], &[])
        }
        (SubjectRules::Version2, VectorKind::Seal) => (
            &[A::ORGANIZATION_NAME, A::ORGANIZATION_IDENTIFIER, A::COMMON_NAME, A::COUNTRY_NAME],
            &[A::GIVEN_NAME, A::SURNAME],
        ),
    };
    let (identifier, recognised): (A, fn(&DistinguishedName) -> bool) = match against {
        VectorKind::Signature => (A::SERIAL_NUMBER, |subject| person(subject).is_some()),
        VectorKind::Seal => (A::ORGANIZATION_IDENTIFIER, |subject| organisation(subject).is_some()),
    };
    Rule { against, required, forbidden, identifier, recognised }
}

/// `(PNOPL|PESEL).*?(\d{11})` before `(TINPL|NIP).*?(\d{10})`, in the order of the specification.
fn person(subject: &DistinguishedName) -> Option<Vector> {
    let texts = || subject.texts(AttributeType::SERIAL_NUMBER);
    let pesel = || {
        let digits = texts().find_map(|text| number(text, &["PNOPL", "PESEL"], 11))?;
        Pesel::parse(digits).ok().map(Vector::SignaturePesel)
    };
    let nip = || {
        let digits = texts().find_map(|text| number(text, &["TINPL", "NIP"], 10))?;
        Nip::parse(digits).ok().map(Vector::SignatureNip)
    };
    pesel().or_else(nip)
}

/// `(VATPL).*?(\d{10})`.
fn organisation(subject: &DistinguishedName) -> Option<Nip> {
    let digits = subject
        .texts(AttributeType::ORGANIZATION_IDENTIFIER)
        .find_map(|text| number(text, &["VATPL"], 10))?;
    Nip::parse(digits).ok()
}

/// The first run of `length` digits after the first of the prefixes, wherever it stands.
fn number<'a>(text: &'a str, prefixes: &[&str], length: usize) -> Option<&'a str> {
    // A dot of the authority's patterns does not cross the end of a line.
    text.lines().find_map(|line| {
        let after = prefixes
            .iter()
            .filter_map(|prefix| line.find(prefix).map(|at| at + prefix.len()))
            .min()?;
        let rest = &line[after..];
        let start = rest
            .as_bytes()
            .windows(length)
            .position(|window| window.iter().all(u8::is_ascii_digit))?;
        rest.get(start..start + length)
    })
}

impl fmt::Display for VectorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signature => "a person's signature",
            Self::Seal => "an organisation's seal",
        })
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let against = self.against;
        match self.reason {
            Reason::Missing(kind) => write!(f, "not {against}: the subject has no {kind}"),
            Reason::Forbidden(kind) => write!(f, "not {against}: the subject has {kind}"),
            Reason::Unrecognised(kind) => {
                write!(f, "not {against}: {kind} holds no number of a known form")
            }
        }
    }
}
