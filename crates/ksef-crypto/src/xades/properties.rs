//! What a signer says under its signature: which certificate it used, and when it signed.
//!
//! The certificate is bound to the signature by its digest (XAdES 1.3.2, section 7.2.2; for the
//! second form EN 319 132-1, section 5.2.2).

use aws_lc_rs::digest;
use chrono::{DateTime, FixedOffset};
use roxmltree::Node;

use super::digest::certificate_digest_method;
use super::names::{DS, XADES};
use super::policy::{Refusal, Sha1};
use super::shape::{algorithm, base64, elements, must_be, text};
use crate::certificate::Certificate;

/// The properties that were signed.
#[derive(Debug)]
pub(crate) struct Properties {
    /// The place of the signing certificate among those that the signature brings.
    pub(crate) certificate: usize,
    pub(crate) signing_time: Option<DateTime<FixedOffset>>,
}

impl Properties {
    /// Reads `SignedProperties` and finds the signing certificate.
    pub(crate) fn read(
        signed: Node<'_, '_>,
        certificates: &[Certificate],
        sha1: Sha1,
    ) -> Result<Self, Refusal> {
        let mut parts = elements(signed)?.into_iter();
        let signature = parts.next().ok_or(Refusal::OtherCertificate)?;
        must_be(signature, XADES, "SignedSignatureProperties")?;
        let (mut named, mut signing_time) = (None, None);
        for property in elements(signature)? {
            let name = property.tag_name();
            match (name.namespace(), name.name()) {
                (Some(XADES), "SigningTime") if signing_time.is_none() => {
                    signing_time = Some(property);
                }
                (Some(XADES), "SigningCertificate" | "SigningCertificateV2") if named.is_none() => {
                    named = Some(property);
                }
                (Some(XADES), "SigningTime" | "SigningCertificate" | "SigningCertificateV2") => {
                    return Err(Refusal::Structure("a signed property twice"));
                }
                // Places, roles and policies are claims that nothing here depends on.
                _ => (),
            }
        }
        let named = named.ok_or(Refusal::OtherCertificate)?;
        let certificate = signing_certificate(named, certificates, sha1)?;
        let signing_time = signing_time.map(time).transpose()?.flatten();
        Ok(Self { certificate, signing_time })
    }
}

/// The claimed time; none when it lacks the offset, which the schema lets it do.
fn time(property: Node<'_, '_>) -> Result<Option<DateTime<FixedOffset>>, Refusal> {
    let text = text(property, "SigningTime")?.trim_ascii();
    Ok(DateTime::parse_from_rfc3339(text).ok())
}

/// The certificate that the first `Cert` names; further ones name its issuers.
fn signing_certificate(
    named: Node<'_, '_>,
    certificates: &[Certificate],
    sha1: Sha1,
) -> Result<usize, Refusal> {
    let first = elements(named)?.into_iter().next().ok_or(Refusal::OtherCertificate)?;
    must_be(first, XADES, "Cert")?;
    let mut parts = elements(first)?.into_iter();
    let digest = parts.next().ok_or(Refusal::Structure("CertDigest"))?;
    must_be(digest, XADES, "CertDigest")?;
    let digest = elements(digest)?;
    let [method, value] = digest.as_slice() else {
        return Err(Refusal::Structure("CertDigest"));
    };
    must_be(*method, DS, "DigestMethod")?;
    must_be(*value, DS, "DigestValue")?;
    let method = certificate_digest_method(algorithm(*method, "CertDigest")?, sha1)?;
    let value = base64(*value, "CertDigest")?;
    let is_named =
        |certificate: &Certificate| digest::digest(method, certificate.as_der()).as_ref() == value;
    let place = certificates.iter().position(is_named).ok_or(Refusal::OtherCertificate)?;
    for part in parts {
        if part.has_tag_name((XADES, "IssuerSerial")) {
            check_serial(part, &certificates[place])?;
        }
    }
    Ok(place)
}

/// The serial number must be the certificate's.
///
/// The issuer's name is not compared: programs write it in many ways (KSeF 1.x facts §9 has one
/// with `OID.` before a number), and the digest names the certificate already.
fn check_serial(issuer_serial: Node<'_, '_>, certificate: &Certificate) -> Result<(), Refusal> {
    let parts = elements(issuer_serial)?;
    let [name, serial] = parts.as_slice() else {
        return Err(Refusal::Structure("IssuerSerial"));
    };
    must_be(*name, DS, "X509IssuerName")?;
    must_be(*serial, DS, "X509SerialNumber")?;
    if text(*serial, "X509SerialNumber")?.trim_ascii() != certificate.serial_decimal() {
        return Err(Refusal::OtherCertificate);
    }
    Ok(())
}
