//! Verification of a signed document, from its bytes to the bytes that were signed.

use std::fmt;

use chrono::{DateTime, FixedOffset};

use super::digest::signature_method;
use super::options::Packaging;
use super::policy::{Policy, Profile, Refusal, Trust};
use super::properties::Properties;
use super::reference::{Covered, Target, canonicalizer, element_by_id, follow};
use super::shape::{Shape, algorithm};
use super::source;
use crate::certificate::Certificate;
use crate::certificate::chain::check_chain;
use crate::keys::VerificationAlgorithm;

/// What exactly a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Coverage {
    /// The whole document without the signature.
    Document,
    /// The root element without the signature; not what stands outside of it.
    Root,
    /// The `ds:Object` in the signature with all it holds.
    Object,
    /// The bytes that stand in the `ds:Object` in Base64.
    EncodedObject,
}

/// A document whose signature holds.
#[derive(Clone)]
pub struct Verified {
    content: Vec<u8>,
    coverage: Coverage,
    certificate: Certificate,
    signing_time: Option<DateTime<FixedOffset>>,
    algorithm: VerificationAlgorithm,
}

impl Verified {
    /// The bytes that were signed, and nothing that was not.
    ///
    /// For [`Coverage::EncodedObject`] they are the content itself, otherwise the canonical form of
    /// what is covered: without comments and without the signature.
    /// Read the content from here and not from the document.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// What exactly the signature covers.
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// How document and signature are put together.
    pub fn packaging(&self) -> Packaging {
        match self.coverage {
            Coverage::Document | Coverage::Root => Packaging::Enveloped,
            Coverage::Object => Packaging::Enveloping,
            Coverage::EncodedObject => Packaging::EnvelopingBase64,
        }
    }

    /// The certificate of the key that signed.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// When the signer claims to have signed; nobody else says so.
    ///
    /// `None` also for a time without an offset from UTC, which could be any of two dozen.
    pub fn signing_time(&self) -> Option<DateTime<FixedOffset>> {
        self.signing_time
    }

    /// How the signature was made.
    pub fn algorithm(&self) -> VerificationAlgorithm {
        self.algorithm
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("coverage", &self.coverage)
            .field("certificate", &self.certificate)
            .field("signing_time", &self.signing_time)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// Verifies the one signature of a document.
///
/// Checked are the structure of the signature, the digests, its value, that the signed properties
/// name the certificate, and the certificate's path to the trusted ones.
/// What KSeF itself makes and takes is accepted (specification 1.9, chapter 4.2; KSeF 2.0 facts
/// §4.2); time stamps and other unsigned properties are ignored, revocation is not asked about.
///
/// # Errors
///
/// [`Refusal`] with the first reason found; then nothing of the document can be relied on.
pub fn verify(document: &[u8], policy: &Policy<'_>) -> Result<Verified, Refusal> {
    let text = source::text(document)?;
    let tree = source::tree(text)?;
    let shape = Shape::find(&tree)?;
    if let Some(id) = shape.signature.attribute("Id") {
        element_by_id(&tree, id)?;
    }
    let algorithm = signature_method(algorithm(shape.method, "SignatureMethod")?, policy.sha1)?;

    let (certificate, signing_time) = match shape.properties {
        Some(signed) => {
            let read = Properties::read(signed, &shape.certificates, policy.sha1)?;
            (&shape.certificates[read.certificate], read.signing_time)
        }
        None if policy.profile == Profile::PlainToo => (&shape.certificates[0], None),
        None => return Err(Refusal::Structure("no SignedProperties")),
    };
    check_value(&shape, algorithm, certificate, policy)?;
    // Before the digests: strangers cannot make anybody digest a large document many times.
    if let Trust::Anchors { anchors, at } = policy.trust {
        check_chain(certificate, &shape.certificates, anchors, at).map_err(Refusal::Untrusted)?;
    }

    let mut covered: Vec<Covered> = Vec::with_capacity(shape.references.len());
    for reference in &shape.references {
        let part = follow(*reference, &tree, &shape, policy.sha1)?;
        // At once, so that the same large document is not kept and digested many times.
        if covered.iter().any(|other| other.target == part.target) {
            return Err(Refusal::Coverage("two references to the same part"));
        }
        covered.push(part);
    }
    let content = only_content(covered, shape.properties.is_some())?;
    Ok(Verified {
        coverage: content.coverage(),
        content: content.octets,
        certificate: certificate.clone(),
        signing_time,
        algorithm,
    })
}

/// Checks the value of the signature over the canonical `SignedInfo`.
fn check_value(
    shape: &Shape<'_, '_>,
    algorithm: VerificationAlgorithm,
    certificate: &Certificate,
    policy: &Policy<'_>,
) -> Result<(), Refusal> {
    let rules = canonicalizer(shape.canonicalization, shape.signed_info)?;
    let signed = rules.element(shape.signed_info).to_vec();
    let key = certificate.public_key().ok_or(Refusal::Certificate)?;
    let verified = match policy.sha1 {
        super::Sha1::Everywhere => key.verify_allowing_sha1(algorithm, &signed, &shape.value),
        _ => key.verify(algorithm, &signed, &shape.value),
    };
    verified.map_err(Refusal::Signature)
}

/// The one reference to the document, when the signed properties are covered too.
fn only_content(covered: Vec<Covered>, has_properties: bool) -> Result<Covered, Refusal> {
    let count = |target| covered.iter().filter(|part| part.target == target).count();
    if count(Target::Properties) != usize::from(has_properties) {
        return Err(Refusal::Coverage("not exactly one reference to the signed properties"));
    }
    let is_content = |part: &Covered| !matches!(part.target, Target::Properties | Target::KeyInfo);
    let mut content = covered.into_iter().filter(is_content);
    match (content.next(), content.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Refusal::Coverage("not exactly one reference to the document")),
    }
}

impl Covered {
    fn coverage(&self) -> Coverage {
        match self.target {
            Target::Object if self.is_decoded => Coverage::EncodedObject,
            Target::Object => Coverage::Object,
            Target::Root => Coverage::Root,
            Target::Document | Target::Properties | Target::KeyInfo => Coverage::Document,
        }
    }
}
