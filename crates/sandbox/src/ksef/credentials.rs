//! Certificates for tests: seals, persons with and without numbers, RSA and elliptic curves.
//!
//! Like the system's keys they are made once per process.

use std::fmt;
use std::sync::LazyLock;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};
use serde::Serialize;

use super::certificate::Certificate;
use super::keys::rsa_key;

/// A test certificate with its private key.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct TestCertificate {
    /// A name to find it by.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// The private key, PKCS#8 PEM.
    pub key_pem: String,
    /// SHA-256 of the certificate, 64 upper-case hexadecimal digits.
    pub fingerprint: String,
}

/// The key is not shown.
impl fmt::Debug for TestCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestCertificate").field("name", &self.name).finish_non_exhaustive()
    }
}

/// One certificate to make.
struct Plan {
    name: &'static str,
    about: &'static str,
    subject: &'static [(u64, &'static str)],
    key: Key,
    until: i32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Rsa,
    P256,
}

const COMMON_NAME: u64 = 3;
const GIVEN_NAME: u64 = 42;
const SURNAME: u64 = 4;
const SERIAL_NUMBER: u64 = 5;
const ORGANIZATION_IDENTIFIER: u64 = 97;

const FAR: i32 = 2999;

const PLANS: &[Plan] = &[
    Plan {
        name: "seal",
        about: "seal of Alfa (VATPL): owner in its own context",
        subject: &[(ORGANIZATION_IDENTIFIER, "VATPL-9990000103")],
        key: Key::Rsa,
        until: FAR,
    },
    Plan {
        name: "seal-ec",
        about: "seal of Alfa with a P-256 key",
        subject: &[(ORGANIZATION_IDENTIFIER, "VATPL-9990000103")],
        key: Key::P256,
        until: FAR,
    },
    Plan {
        name: "seal-beta",
        about: "seal of Beta (VATPL)",
        subject: &[(ORGANIZATION_IDENTIFIER, "VATPL-9990000126")],
        key: Key::P256,
        until: FAR,
    },
    Plan {
        name: "person-nip",
        about: "signature of a person with the NIP of Alfa (TINPL)",
        subject: &[(GIVEN_NAME, "Ala"), (SURNAME, "Zmyślona"), (SERIAL_NUMBER, "TINPL-9990000103")],
        key: Key::Rsa,
        until: FAR,
    },
    Plan {
        name: "person-pesel",
        about: "signature of a person with a PESEL (PNOPL) who may read and write Alfa's invoices",
        subject: &[
            (GIVEN_NAME, "Jan"),
            (SURNAME, "Wymyślony"),
            (SERIAL_NUMBER, "PNOPL-00810100019"),
        ],
        key: Key::Rsa,
        until: FAR,
    },
    Plan {
        name: "person-without-number",
        about: "signature without a number, known by its fingerprint, who may write Beta's invoices",
        subject: &[(GIVEN_NAME, "Ewa"), (SURNAME, "Nienumerowana")],
        key: Key::P256,
        until: FAR,
    },
    Plan {
        name: "stranger",
        about: "signature of a person (PNOPL) without any role",
        subject: &[
            (GIVEN_NAME, "Obcy"),
            (SURNAME, "Człowiek"),
            (SERIAL_NUMBER, "PNOPL-00810100026"),
        ],
        key: Key::P256,
        until: FAR,
    },
    Plan {
        name: "peppol",
        about: "certificate of the Peppol provider PPL000001, for its own context (KSeF 2.0)",
        subject: &[(COMMON_NAME, "PPL000001")],
        key: Key::P256,
        until: FAR,
    },
    Plan {
        name: "expired-seal",
        about: "seal of Alfa that has expired: authentication fails later",
        subject: &[(ORGANIZATION_IDENTIFIER, "VATPL-9990000103")],
        key: Key::P256,
        until: 2021,
    },
    Plan {
        name: "mixed-subject",
        about: "a subject that is neither a seal nor a person",
        subject: &[(ORGANIZATION_IDENTIFIER, "VATPL-9990000103"), (GIVEN_NAME, "Ala")],
        key: Key::P256,
        until: FAR,
    },
];

static ALL: LazyLock<Vec<TestCertificate>> = LazyLock::new(make);

/// All test certificates.
pub(crate) fn all() -> &'static [TestCertificate] {
    &ALL
}

/// The fingerprint of the certificate of that name.
pub(crate) fn fingerprint(name: &str) -> String {
    let found = all().iter().find(|one| one.name == name);
    found.map(|one| one.fingerprint.clone()).unwrap_or_default()
}

/// The RSA certificates share one key, because only the making of keys takes time.
fn make() -> Vec<TestCertificate> {
    let shared = rsa_key();
    PLANS.iter().map(|plan| one(plan, &shared)).collect()
}

#[expect(clippy::expect_used, reason = "the plans are constants and randomness is at hand")]
fn one(plan: &Plan, shared: &KeyPair) -> TestCertificate {
    let own = KeyPair::generate().expect("randomness for a P-256 key");
    let key = if plan.key == Key::Rsa { shared } else { &own };
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "PL");
    if plan.subject.iter().all(|(number, _)| *number != COMMON_NAME) {
        name.push(DnType::CommonName, format!("Certyfikat testowy {}", plan.name));
    }
    for (number, value) in plan.subject {
        name.push(DnType::CustomDnType(vec![2, 5, 4, *number]), *value);
    }
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(plan.until, 1, 1);
    let certificate = params.self_signed(key).expect("a certificate");
    let read = Certificate::from_der(certificate.der()).expect("a certificate that can be read");
    TestCertificate {
        name: plan.name,
        about: plan.about,
        certificate_pem: certificate.pem(),
        key_pem: key.serialize_pem(),
        fingerprint: read.fingerprint(),
    }
}

impl TestCertificate {
    /// A certificate of the caller's own.
    pub fn new(name: &'static str, certificate_pem: &str, key_pem: &str) -> Self {
        let body: String =
            certificate_pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let read = super::unbase64(&body).and_then(|der| Certificate::from_der(&der));
        Self {
            name,
            about: "the caller's own",
            certificate_pem: certificate_pem.to_owned(),
            key_pem: key_pem.to_owned(),
            fingerprint: read.map(|read| read.fingerprint()).unwrap_or_default(),
        }
    }
}
