//! Asking for a certificate (KSeF 2.0 facts §12.2).

use chrono::{DateTime, Months, TimeDelta, Utc};
use serde_json::{Value, json};

use super::authority::{self, Terms};
use super::csr::{self, ATTRIBUTES, Attributes, Csr, Flaw};
use super::{Certificates, Issued, Kind, SubjectLimits};
use crate::ksef::{hex, numbers, sha256, unbase64};
use crate::ksef_v2::KsefV2;
use crate::ksef_v2::people::{Caller, Identity, IdentityKind};
use crate::ksef_v2::problem::{Problem, moment};
use crate::ksef_v2::request::Request;
use crate::ksef_v2::store::Store;
use crate::ksef_v2::test_data::Registry;
use crate::reply::Reply;

/// How long a request can be asked for.
const RETENTION: TimeDelta = TimeDelta::days(30);

/// A request for a certificate.
#[derive(Debug)]
pub(super) struct Enrollment {
    subject: Identity,
    requested: DateTime<Utc>,
    outcome: Outcome,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Pending,
    Issued(String),
    Rejected(&'static str),
    Cancelled,
}

/// Everything that a certificate is made from.
struct Plan {
    subject: Identity,
    csr: Csr,
    name: String,
    kind: Kind,
    serial: [u8; 8],
    from: DateTime<Utc>,
    requested: DateTime<Utc>,
}

impl Outcome {
    fn json(&self) -> Value {
        let (code, about, detail) = match self {
            Self::Pending => (100, "Wniosek w realizacji", None),
            Self::Issued(_) => (200, "Certyfikat wydany", None),
            Self::Rejected(why) => (400, "Wniosek odrzucony", Some(*why)),
            Self::Cancelled => {
                (550, "Wniosek anulowany przez system", Some("Przerwano, można ponowić."))
            }
        };
        let mut status = json!({"code": code, "description": about});
        if let Some(detail) = detail {
            status["details"] = json!([detail]);
        }
        status
    }
}

/// `GET /certificates/limits`.
pub(in crate::ksef_v2) fn limits(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?;
    let (limits, left) = ksef.with_store(|store| left(store, &caller.subject, request.now));
    let can = certificate(caller).is_some() && left.enrollments > 0 && left.certificates > 0;
    let body = json!({
        "canRequest": can,
        "enrollment": {"remaining": left.enrollments, "limit": limits.enrollments},
        "certificate": {"remaining": left.certificates, "limit": limits.certificates},
    });
    Ok(ksef.json(200, body))
}

/// The limits of a subject, and how much of them is left.
fn left(store: &Store, subject: &Identity, now: DateTime<Utc>) -> (SubjectLimits, SubjectLimits) {
    let (certificates, registry) = (&store.resources.certificates, &store.resources.registry);
    let limits = certificates.limits_of(subject);
    let asked = certificates.asked(registry, subject);
    let in_force = certificates.in_force(registry, subject, now);
    let left = SubjectLimits {
        enrollments: (limits.enrollments - asked).max(0),
        certificates: (limits.certificates - in_force).max(0),
    };
    (limits, left)
}

impl Certificates {
    /// How often a subject has asked; what the system cancelled does not count.
    fn asked(&self, registry: &Registry, subject: &Identity) -> i64 {
        let own = self.enrollments.iter().filter(|(_, one)| {
            registry.is_same(&one.subject, subject) && one.outcome != Outcome::Cancelled
        });
        i64::try_from(own.count()).unwrap_or(i64::MAX)
    }

    /// Makes the certificate, unless its key belongs to somebody else or there are enough of them.
    fn issue(&mut self, registry: &Registry, plan: &Plan, now: DateTime<Utc>) -> Outcome {
        let key = sha256(&plan.csr.key.bytes);
        let taken = self
            .issued
            .iter()
            .any(|(_, one)| one.key == key && !registry.is_same(&one.subject, &plan.subject));
        if taken {
            return Outcome::Rejected("Klucz publiczny należy już do innego podmiotu.");
        }
        let limit = self.limits_of(&plan.subject).certificates;
        if self.in_force(registry, &plan.subject, now) >= limit {
            return Outcome::Rejected("Osiągnięto limit certyfikatów.");
        }
        let to = plan.from.checked_add_months(Months::new(24)).unwrap_or(plan.from);
        let terms = Terms {
            subject: &plan.csr.name,
            kind: plan.kind,
            serial: plan.serial,
            from: plan.from,
            to,
        };
        let Some(der) = authority::issue(&plan.csr.key, &terms) else {
            return Outcome::Rejected("Danych wniosku nie można zapisać w certyfikacie.");
        };
        let serial = hex(&plan.serial);
        let one = Issued {
            der,
            name: plan.name.clone(),
            kind: plan.kind,
            subject: plan.subject.clone(),
            common_name: value(&plan.csr.name, 3).unwrap_or(&plan.subject.value).to_owned(),
            key,
            from: plan.from,
            to,
            requested: plan.requested,
            used: None,
            end: None,
        };
        self.issued.push(&serial, one);
        Outcome::Issued(serial)
    }
}

/// `GET /certificates/enrollments/data`: what the request has to repeat.
pub(in crate::ksef_v2) fn data(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let known = certificate(request.caller()?).ok_or_else(|| Problem::code(25001))?;
    let mut body = json!({"commonName": "", "countryName": "PL"});
    for (number, name) in ATTRIBUTES {
        if let Some(value) = value(&known, number) {
            body[name] = json!(value);
        }
    }
    Ok(ksef.json(200, body))
}

/// The subject of the certificate that a caller logged in with. Tokens have none, and providers of
/// Peppol services get no certificates.
fn certificate(caller: &Caller) -> Option<Attributes> {
    let signed = caller.certificate.as_ref().filter(|_| caller.method.is_xades());
    let holder = caller.subject.kind != IdentityKind::PeppolId;
    signed.filter(|_| holder).and_then(|der| csr::subject(der))
}

fn value(attributes: &Attributes, number: u64) -> Option<&str> {
    attributes.iter().find(|(known, _)| *known == number).map(|(_, value)| value.as_str())
}

/// `POST /certificates/enrollments`.
pub(in crate::ksef_v2) fn enroll(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?;
    let known = certificate(caller).ok_or_else(|| Problem::code(25002))?;
    let plan = plan(ksef, request, caller)?;
    if !csr::is_same_subject(&plan.csr.name, &known) {
        return Err(Problem::code(25003));
    }
    let (subject, requested) = (caller.subject.clone(), request.now);
    let reference = numbers::reference("EH", requested, &ksef.context().chance);
    ksef.with_store(|store| {
        let (_, left) = left(store, &subject, requested);
        if left.enrollments == 0 {
            return Err(Problem::code(25006));
        }
        if left.certificates == 0 {
            return Err(Problem::code(25007));
        }
        let enrollment = Enrollment { subject, requested, outcome: Outcome::Pending };
        store.resources.certificates.enrollments.push(&reference, enrollment);
        Ok(())
    })?;
    let (handle, key) = (ksef.clone(), reference.clone());
    ksef.context().tasks.spawn_job(async move {
        handle.pace().await;
        let (cancelled, now) = (handle.is_unlucky(), handle.now());
        handle.with_store(|store| {
            let resources = &mut store.resources;
            let (certificates, registry) = (&mut resources.certificates, &resources.registry);
            let outcome = if cancelled {
                Outcome::Cancelled
            } else {
                certificates.issue(registry, &plan, now)
            };
            if let Some(enrollment) = certificates.enrollments.get_mut(&key) {
                enrollment.outcome = outcome;
            }
        });
    });
    let body = json!({"referenceNumber": reference, "timestamp": moment(requested)});
    Ok(ksef.json(202, body))
}

fn plan(ksef: &KsefV2, request: &Request<'_>, caller: &Caller) -> Result<Plan, Problem> {
    let body = &request.body;
    let der = body["csr"].as_str().and_then(unbase64);
    let csr = der.ok_or(Flaw::FormatOrSignature).and_then(|der| Csr::read(&der));
    let csr = csr.map_err(|flaw| Problem::code(flaw.code()))?;
    let asked = body["validFrom"].as_str().and_then(|it| DateTime::parse_from_rfc3339(it).ok());
    let from = asked.map_or(request.now, |asked| asked.with_timezone(&Utc).max(request.now));
    // The first byte keeps the number positive and sixteen digits long.
    let mut serial = ksef.context().chance.bytes::<8>();
    serial[0] = 1;
    let offline = body["certificateType"] == "Offline";
    Ok(Plan {
        subject: caller.subject.clone(),
        csr,
        name: body["certificateName"].as_str().unwrap_or_default().to_owned(),
        kind: if offline { Kind::Offline } else { Kind::Authentication },
        serial,
        from,
        requested: request.now,
    })
}

/// `GET /certificates/enrollments/{referenceNumber}`.
pub(in crate::ksef_v2) fn status(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?;
    ksef.with_store(|store| {
        let (resources, reference) = (&store.resources, request.path("referenceNumber"));
        let known = resources.certificates.enrollments.get(reference);
        let own = known.filter(|one| resources.registry.is_same(&one.subject, &caller.subject));
        let one = own.ok_or_else(|| Problem::code(25005))?;
        if request.now - one.requested > RETENTION {
            return Err(Problem::Gone);
        }
        let mut body = json!({"requestDate": moment(one.requested), "status": one.outcome.json()});
        if let Outcome::Issued(serial) = &one.outcome {
            body["certificateSerialNumber"] = json!(serial);
        }
        Ok(ksef.json(200, body))
    })
}
