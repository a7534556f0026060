//! Logging in with a signed document (KSeF 2.0 facts §4.2).

use std::sync::Arc;

use super::document::{LoginDocument, SubjectBy};
use super::{Verdict, begin, common_verdict};
use crate::ksef::certificate::{Certificate, Holder};
use crate::ksef::signature::{self, Flaw};
use crate::ksef::{base64, sha256};
use crate::ksef_v2::KsefV2;
use crate::ksef_v2::people::{Caller, Identity, IdentityKind, LoginMethod};
use crate::ksef_v2::problem::Problem;
use crate::ksef_v2::request::Request;
use crate::ksef_v2::resources::{self, CertificateState};
use crate::reply::Reply;

/// Takes a signed document.
pub(in super::super) fn with_signature(
    ksef: &KsefV2,
    request: &Request<'_>,
) -> Result<Reply, Problem> {
    let media = request.header("content-type").unwrap_or_default().to_lowercase();
    if !media.starts_with("application/xml") && !media.starts_with("text/xml") {
        return Err(Problem::Status(415));
    }
    let bytes = &request.incoming.body;
    check_encoding(bytes)?;
    let signed = signature::verify(bytes).map_err(|flaw| Problem::code(code(flaw)))?;
    let document = LoginDocument::read(&signed.content)
        .map_err(|misfit| Problem::detailed(21401, format!("Element {}.", misfit.0)))?;
    let now = request.now;
    ksef.with_store(|store| {
        let life = store.settings.challenge_life;
        store.logins.take(&document.challenge, life, now).ok_or_else(|| Problem::code(21111))
    })?;
    let certificate = &signed.certificate;
    let (mut subject, method) = subject(certificate, &document)?;
    if subject.kind == IdentityKind::Fingerprint {
        // A certificate issued here to a holder without numbers stands for that holder.
        let holder = ksef.with_store(|store| resources::holder(store, certificate.der()));
        subject = holder.unwrap_or(subject);
    }
    let chain =
        request.query("verifyCertificateChain").is_some_and(|it| it.eq_ignore_ascii_case("true"));
    let mut caller = Caller {
        context: document.context,
        subject,
        method,
        operation: String::new(),
        token: None,
        limited_to: None,
        certificate: Some(Arc::new(certificate.der().to_vec())),
        document_hash: Some(base64(&sha256(bytes))),
    };
    let verdict = ksef.with_store(|store| {
        let state = resources::certificate_state(store, certificate.der(), now);
        if state != CertificateState::Foreign && caller.method != LoginMethod::PeppolSignature {
            caller.method = LoginMethod::InternalCertificate;
        }
        match state {
            CertificateState::Unfit(about) => Verdict::detailed(460, about),
            _ if !certificate.valid_at(now) => Verdict::detailed(460, "Nieważny certyfikat"),
            CertificateState::Foreign if chain => {
                Verdict::detailed(460, "Niezaufany łańcuch certyfikatów")
            }
            _ => common_verdict(store, &caller),
        }
    });
    Ok(begin(ksef, caller, document.allowed, verdict))
}

/// Only UTF-8 without a byte order mark, and a prolog that says nothing else.
fn check_encoding(bytes: &[u8]) -> Result<(), Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::code(21217))?;
    let prolog = text.split_once("?>").map_or("", |(prolog, _)| prolog).to_lowercase();
    let other =
        prolog.starts_with("<?xml") && prolog.contains("encoding") && !prolog.contains("utf-8");
    if other { Err(Problem::code(21217)) } else { Ok(()) }
}

fn code(flaw: Flaw) -> u32 {
    match flaw {
        Flaw::Document => 9101,
        Flaw::Absent => 9102,
        Flaw::TooMany => 9103,
        _ => 9105,
    }
}

/// Whom the certificate stands for in the context that the document names.
fn subject(
    certificate: &Certificate,
    document: &LoginDocument,
) -> Result<(Identity, LoginMethod), Problem> {
    let holder = certificate.holder();
    let method = match holder {
        Some(Holder::Seal { .. }) => LoginMethod::QualifiedSeal,
        _ => LoginMethod::QualifiedSignature,
    };
    if document.context.kind == IdentityKind::PeppolId {
        let provider = certificate.common_name().is_some_and(|name| name == document.context.value);
        let subject = document.context.clone();
        return if provider {
            Ok((subject, LoginMethod::PeppolSignature))
        } else {
            Err(Problem::code(21117))
        };
    }
    if document.by == SubjectBy::Fingerprint {
        let fingerprint = Identity::new(IdentityKind::Fingerprint, &certificate.fingerprint());
        return Ok((fingerprint, method));
    }
    let subject = match holder {
        Some(Holder::Person { pesel: Some(pesel), .. }) => {
            Identity::new(IdentityKind::Pesel, &pesel)
        }
        Some(Holder::Seal { nip } | Holder::Person { nip: Some(nip), .. }) => Identity::nip(&nip),
        _ => return Err(Problem::code(21115)),
    };
    Ok((subject, method))
}
