//! The certification authorities of the double, made at its start.
//!
//! ```text
//! repository root ── repository sub CA ── CPD, WebApi (TLS); repository (encryption, signature)
//! cloud root ── Event Hub (TLS)
//! producer ── registers (TLS, encryption)
//! ```
//!
//! The cloud has a root of its own, so that a register that does not take the trust anchors of
//! KCS (source document, 2.4.1) fails here as it would outside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType, date_time_ymd,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::certificate::Certificate;
use super::keys::{self, RsaKey};
use crate::tls::{ClientCertificate, Identity};

/// `serialNumber` of the subject, where the double writes the NIP.
const SERIAL_NUMBER: &[u64] = &[2, 5, 4, 5];

/// The number of the repository's own RSA key; those of registers follow.
const REPOSITORY_KEY: usize = 0;

type Result<T> = std::result::Result<T, rcgen::Error>;

/// Every authority and every certificate of the repository.
pub(super) struct Pki {
    pub(super) root: CertificateDer<'static>,
    sub: Authority,
    cloud: Authority,
    producer: Authority,
    cpd: Leaf,
    webapi: Leaf,
    hub: Leaf,
    repository: OnceLock<Repository>,
}

/// The repository as the other end of encrypted commands and documents.
pub(super) struct Repository {
    pub(super) key: Arc<RsaKey>,
    pub(super) certificate: Certificate,
    /// Signs where the profile asks for an elliptic curve.
    pub(super) elliptic: EcdsaKeyPair,
    pub(super) elliptic_certificate: Vec<u8>,
}

struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

struct Leaf {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

/// Whom a certificate is for.
pub(super) struct Subject<'a> {
    pub(super) unique_number: &'a str,
    /// Written into certificates of software registers only (CRK facts §1.1).
    pub(super) nip: Option<&'a str>,
    /// The day on which the certificate ends, in place of a far one.
    pub(super) until: Option<DateTime<Utc>>,
}

/// What a certificate of a register is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Tls,
    Encryption,
}

impl Pki {
    /// New authorities and server certificates.
    pub(super) fn new() -> Result<Self> {
        let (root_params, root_key) =
            (authority_params("Sandbox CRK Root CA"), KeyPair::generate()?);
        let root = root_params.self_signed(&root_key)?.der().clone();
        let root_issuer = Issuer::new(root_params, root_key);
        let (sub_params, sub_key) = (authority_params("Sandbox CRK Sub CA"), KeyPair::generate()?);
        let sub = Authority {
            certificate: sub_params.signed_by(&sub_key, &root_issuer)?.der().clone(),
            issuer: Issuer::new(sub_params, sub_key),
        };
        let cloud = Authority::own("Sandbox Cloud Root CA")?;
        let producer = Authority::own("Sandbox Producent Kas CA")?;
        Ok(Self {
            cpd: sub.server("Sandbox CPD")?,
            webapi: sub.server("Sandbox WebApi")?,
            hub: cloud.server("Sandbox Event Hub")?,
            repository: OnceLock::new(),
            root,
            sub,
            cloud,
            producer,
        })
    }

    /// The keys of the repository; the RSA key is made when it is first needed.
    pub(super) fn repository(&self) -> Result<&Repository> {
        if let Some(made) = self.repository.get() {
            return Ok(made);
        }
        let key = keys::rsa(REPOSITORY_KEY)?;
        let params = leaf_params("Sandbox Repozytorium", Purpose::Encryption, None);
        let certificate = params.signed_by(&key.certified, &self.sub.issuer)?;
        let certificate = Certificate::read(certificate.der()).ok_or(UNREADABLE)?;
        let elliptic_key = KeyPair::generate()?;
        let params = leaf_params("Sandbox Repozytorium podpis", Purpose::Encryption, None);
        let elliptic_certificate =
            params.signed_by(&elliptic_key, &self.sub.issuer)?.der().to_vec();
        let elliptic = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            elliptic_key.serialized_der(),
            &SystemRandom::new(),
        )
        .map_err(|_| rcgen::Error::KeyGenerationUnavailable)?;
        let made = Repository { key, certificate, elliptic, elliptic_certificate };
        Ok(self.repository.get_or_init(|| made))
    }

    pub(super) fn cpd(&self) -> Identity {
        self.cpd.identity(Some(&self.sub))
    }

    pub(super) fn webapi(&self) -> Identity {
        self.webapi.identity(Some(&self.sub))
    }

    pub(super) fn hub(&self) -> Identity {
        self.hub.identity(None)
    }

    pub(super) fn cpd_certificate(&self) -> &[u8] {
        &self.cpd.certificate
    }

    pub(super) fn webapi_certificate(&self) -> &[u8] {
        &self.webapi.certificate
    }

    /// The trust anchor of the Event Hub.
    pub(super) fn cloud(&self) -> &CertificateDer<'static> {
        &self.cloud.certificate
    }

    pub(super) fn sub(&self) -> &CertificateDer<'static> {
        &self.sub.certificate
    }

    pub(super) fn producer(&self) -> &CertificateDer<'static> {
        &self.producer.certificate
    }

    /// A certificate of a register for somebody's key.
    pub(super) fn issue(
        &self,
        subject: &Subject<'_>,
        purpose: Purpose,
        key: &impl PublicKeyData,
    ) -> Result<Vec<u8>> {
        let mut params = leaf_params(subject.unique_number, purpose, subject.until);
        if let Some(nip) = subject.nip {
            let place = DnType::from_oid(SERIAL_NUMBER);
            params.distinguished_name.push(place, format!("NIP-{nip}"));
        }
        Ok(params.signed_by(key, &self.producer.issuer)?.der().to_vec())
    }

    /// The certificate, if it was issued by the producer and is valid `now`.
    pub(super) fn trusted(
        &self,
        shown: &ClientCertificate,
        now: DateTime<Utc>,
    ) -> Option<Certificate> {
        let der = CertificateDer::from(shown.der());
        let end = EndEntityCert::try_from(&der).ok()?;
        let anchor = anchor_from_trusted_cert(&self.producer.certificate).ok()?;
        let seconds = u64::try_from(now.timestamp()).ok()?;
        end.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &[anchor],
            shown.others(),
            UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
            KeyUsage::client_auth(),
            None,
            None,
        )
        .ok()?;
        Certificate::read(shown.der())
    }
}

const UNREADABLE: rcgen::Error = rcgen::Error::CouldNotParseCertificate;

impl Authority {
    fn own(name: &str) -> Result<Self> {
        let (params, key) = (authority_params(name), KeyPair::generate()?);
        let certificate = params.self_signed(&key)?.der().clone();
        Ok(Self { certificate, issuer: Issuer::new(params, key) })
    }

    fn server(&self, name: &str) -> Result<Leaf> {
        let mut params = leaf_params(name, Purpose::Tls, None);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.subject_alt_names = vec![
            SanType::DnsName("localhost".try_into()?),
            SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        ];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?.der().clone();
        Ok(Leaf { certificate, key })
    }
}

impl Leaf {
    fn identity(&self, between: Option<&Authority>) -> Identity {
        let mut chain = vec![self.certificate.clone()];
        chain.extend(between.map(|authority| authority.certificate.clone()));
        let key = PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
        Identity { chain, key }
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    // Long enough for any day on which a sandbox's calendar may start.
    params.not_before = date_time_ymd(2015, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    params
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf_params(name: &str, purpose: Purpose, until: Option<DateTime<Utc>>) -> CertificateParams {
    let mut params = params(name);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    match purpose {
        Purpose::Tls => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        Purpose::Encryption => params.key_usages.push(KeyUsagePurpose::KeyEncipherment),
    }
    if let Some(end) = until {
        let (month, day) = (u8::try_from(end.month()), u8::try_from(end.day()));
        if let (Ok(month), Ok(day)) = (month, day) {
            params.not_after = date_time_ymd(end.year(), month, day);
        }
    }
    params
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certificates_of_the_producer_are_trusted_and_only_while_they_last() {
        let (pki, stranger) = (Pki::new().unwrap(), Pki::new().unwrap());
        let key = KeyPair::generate().unwrap();
        let until = "2026-06-01T00:00:00Z".parse().unwrap();
        let subject =
            Subject { unique_number: "TSA2601000001", nip: Some("1234563218"), until: Some(until) };
        let der = pki.issue(&subject, Purpose::Tls, &key).unwrap();
        let shown = ClientCertificate::new(der);
        let day = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let read = pki.trusted(&shown, day("2026-05-31T23:00:00Z")).unwrap();
        assert_eq!(read.name, "TSA2601000001");
        assert_eq!(read.nip.as_deref(), Some("1234563218"));
        assert_eq!(pki.trusted(&shown, day("2026-06-01T00:00:01Z")), None);
        assert_eq!(stranger.trusted(&shown, day("2026-05-31T23:00:00Z")), None);
    }

    #[test]
    fn a_server_certificate_opens_no_door() {
        let pki = Pki::new().unwrap();
        let shown = ClientCertificate::new(pki.cpd_certificate());
        assert_eq!(pki.trusted(&shown, DateTime::UNIX_EPOCH), None);
    }
}
