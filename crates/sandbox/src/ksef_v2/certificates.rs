//! KSeF certificates: asked for with a signed request, issued by the sandbox's own authority, and
//! bound to a subject, not to a context (KSeF 2.0 facts §12.2).

mod authority;
mod csr;
mod enroll;
mod list;

use std::collections::HashMap;

use chrono::{DateTime, Utc};

pub(super) use enroll::{data, enroll, limits, status};
pub(super) use list::{query, retrieve, revoke, shorten};

use super::KsefV2;
use super::people::{Identity, IdentityKind};
use super::resources::CertificateState;
use super::store::Ordered;
use super::test_data::Registry;
use enroll::Enrollment;

/// Certificates and requests for them.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    issued: Ordered<Issued>,
    enrollments: Ordered<Enrollment>,
    limits: HashMap<Identity, SubjectLimits>,
}

/// How many requests and certificates a subject may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SubjectLimits {
    pub(super) enrollments: i64,
    pub(super) certificates: i64,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Authentication,
    Offline,
}

/// An issued certificate.
#[derive(Debug)]
struct Issued {
    der: Vec<u8>,
    name: String,
    kind: Kind,
    subject: Identity,
    common_name: String,
    /// SHA-256 of the public key.
    key: [u8; 32],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    requested: DateTime<Utc>,
    used: Option<DateTime<Utc>>,
    end: Option<End>,
}

/// How a certificate ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Revoked,
    Blocked,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "Authentication",
            Self::Offline => "Offline",
        }
    }
}

impl Issued {
    fn status(&self, now: DateTime<Utc>) -> &'static str {
        match self.end {
            Some(End::Revoked) => "Revoked",
            Some(End::Blocked) => "Blocked",
            None if now > self.to => "Expired",
            None => "Active",
        }
    }

    /// Whether it may log in now.
    fn state(&self, now: DateTime<Utc>) -> CertificateState {
        match (self.end, self.kind) {
            (Some(End::Revoked), _) => CertificateState::Unfit("Certyfikat odwołany"),
            (Some(End::Blocked), _) => CertificateState::Unfit("Certyfikat zawieszony"),
            _ if now < self.from || now > self.to => CertificateState::Unfit("Nieważny certyfikat"),
            (None, Kind::Offline) => CertificateState::Unfit("Nieprawidłowy certyfikat"),
            (None, Kind::Authentication) => CertificateState::InForce,
        }
    }
}

impl SubjectLimits {
    /// What applies to a kind of subject without exceptions.
    fn usual(kind: IdentityKind) -> Self {
        match kind {
            IdentityKind::Nip => Self { enrollments: 300, certificates: 100 },
            _ => Self { enrollments: 12, certificates: 6 },
        }
    }
}

impl Certificates {
    /// The limits of a subject.
    pub(super) fn limits_of(&self, subject: &Identity) -> SubjectLimits {
        let own = self.limits.get(subject).copied();
        own.unwrap_or_else(|| SubjectLimits::usual(subject.kind))
    }

    /// Sets the limits of a subject, or its usual ones.
    pub(super) fn set_limits(&mut self, subject: Identity, limits: Option<SubjectLimits>) {
        match limits {
            Some(limits) => self.limits.insert(subject, limits),
            None => self.limits.remove(&subject),
        };
    }

    /// What is known of a certificate that signed a login, and whose it is.
    pub(super) fn state(&mut self, der: &[u8], now: DateTime<Utc>) -> CertificateState {
        let serial = self.issued.iter().find(|(_, one)| one.der == der);
        let Some(serial) = serial.map(|(serial, _)| serial.to_owned()) else {
            return CertificateState::Foreign;
        };
        let Some(one) = self.issued.get_mut(&serial) else { return CertificateState::Foreign };
        let state = one.state(now);
        if state == CertificateState::InForce {
            one.used = Some(now);
        }
        state
    }

    /// The fingerprint that a certificate was issued for.
    pub(super) fn holder(&self, der: &[u8]) -> Option<Identity> {
        let (_, one) = self.issued.iter().find(|(_, one)| one.der == der)?;
        (one.subject.kind == IdentityKind::Fingerprint).then(|| one.subject.clone())
    }

    /// The certificates of a subject that count against its limit.
    fn in_force(&self, registry: &Registry, subject: &Identity, now: DateTime<Utc>) -> i64 {
        let own = self.issued.iter().filter(|(_, one)| {
            registry.is_same(&one.subject, subject) && one.status(now) == "Active"
        });
        i64::try_from(own.count()).unwrap_or(i64::MAX)
    }
}

impl KsefV2 {
    /// Blocks an issued certificate, as a supervisor would; whether there was one in force.
    pub fn block_certificate(&self, serial: &str) -> bool {
        self.with_store(|store| {
            let issued = store.resources.certificates.issued.get_mut(serial);
            let open = issued.filter(|one| one.end.is_none());
            open.map(|one| one.end = Some(End::Blocked)).is_some()
        })
    }

    /// The certificate of the authority that issues KSeF certificates, DER.
    pub fn authority_certificate(&self) -> Vec<u8> {
        authority::certificate().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn issued(kind: Kind) -> Issued {
        Issued {
            der: vec![1, 2, 3],
            name: String::new(),
            kind,
            subject: Identity::nip("9990000103"),
            common_name: String::new(),
            key: [0; 32],
            from: DateTime::UNIX_EPOCH,
            to: DateTime::UNIX_EPOCH + TimeDelta::days(1),
            requested: DateTime::UNIX_EPOCH,
            used: None,
            end: None,
        }
    }

    #[test]
    fn only_certificates_for_authentication_in_force_log_in() {
        let mut certificates = Certificates::default();
        certificates.issued.push("01", issued(Kind::Authentication));
        let now = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
        assert_eq!(certificates.state(&[9], now), CertificateState::Foreign);
        assert_eq!(certificates.state(&[1, 2, 3], now), CertificateState::InForce);
        assert_eq!(certificates.issued.get("01").unwrap().used, Some(now));
        let late = now + TimeDelta::days(2);
        let unfit = |about| CertificateState::Unfit(about);
        assert_eq!(certificates.state(&[1, 2, 3], late), unfit("Nieważny certyfikat"));
        let mut one = issued(Kind::Offline);
        assert_eq!(one.state(now), unfit("Nieprawidłowy certyfikat"));
        one.end = Some(End::Revoked);
        assert_eq!((one.state(now), one.status(late)), (unfit("Certyfikat odwołany"), "Revoked"));
        one.end = Some(End::Blocked);
        assert_eq!((one.state(now), one.status(now)), (unfit("Certyfikat zawieszony"), "Blocked"));
    }

    #[test]
    fn limits_follow_the_kind_of_subject_until_they_are_set() {
        let mut certificates = Certificates::default();
        let (nip, pesel) =
            (Identity::nip("9990000103"), Identity::new(IdentityKind::Pesel, "00810100019"));
        let limits = certificates.limits_of(&nip);
        assert_eq!((limits.enrollments, limits.certificates), (300, 100));
        let limits = certificates.limits_of(&pesel);
        assert_eq!((limits.enrollments, limits.certificates), (12, 6));
        let own = SubjectLimits { enrollments: 1, certificates: 0 };
        certificates.set_limits(pesel.clone(), Some(own));
        assert_eq!(certificates.limits_of(&pesel), own);
        certificates.set_limits(pesel.clone(), None);
        assert_eq!(certificates.limits_of(&pesel).certificates, 6);
    }
}
