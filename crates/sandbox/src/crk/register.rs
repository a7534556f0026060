//! Registers as their producer and the repository know them.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use rcgen::KeyPair;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ident;
use super::keys;
use super::pki::{Pki, Purpose, Subject};

/// What a register is made of; some rules differ (source document, 2.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A device with memories of its own.
    #[default]
    Hardware,
    /// A program: its certificate holds the NIP, and its version must be approved.
    Software,
}

/// What a repository thinks of a register (source document, 2.4.7 and 2.4.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum State {
    /// Fiscalisation has begun.
    #[serde(rename = "ROZ")]
    Started,
    /// Fiscalisation is complete.
    #[serde(rename = "FIS")]
    Fiscalised,
    /// The register is read-only.
    #[serde(rename = "RDO")]
    ReadOnly,
}

/// A register to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRegister {
    /// Three capital letters and ten digits.
    pub unique_number: String,
    /// Ten digits; goes into the certificates of software registers.
    pub nip: String,
    /// Hardware unless told otherwise.
    #[serde(default)]
    pub kind: Kind,
    /// The day on which the certificates end, in place of the end of 2049.
    #[serde(default)]
    pub valid_until: Option<DateTime<Utc>>,
}

impl NewRegister {
    /// A register with certificates that last.
    pub fn new(unique_number: &str, nip: &str, kind: Kind) -> Self {
        let (unique_number, nip) = (unique_number.to_owned(), nip.to_owned());
        Self { unique_number, nip, kind, valid_until: None }
    }

    pub(super) fn check(&self) -> Result<(), IssueError> {
        if !ident::is_unique_number(&self.unique_number) {
            return Err(IssueError::UniqueNumber);
        }
        if ident::is_nip(&self.nip) { Ok(()) } else { Err(IssueError::Nip) }
    }
}

/// A register was not made, or a request for a certificate not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// A unique number has three capital letters and ten digits.
    #[error("the unique number is not three capital letters and ten digits")]
    UniqueNumber,
    /// A NIP has ten digits.
    #[error("the nip is not ten digits")]
    Nip,
    /// The text is no PKCS#10 request whose signature fits.
    #[error("this is no certificate request with a good signature of rsa or p-256")]
    Request,
    /// The library that makes certificates failed.
    #[error("the certificate could not be made")]
    Certificate,
}

/// A private key and its certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    certificate: Vec<u8>,
    key: Vec<u8>,
    key_pem: String,
}

/// The private key stays out of logs.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").finish_non_exhaustive()
    }
}

impl Credential {
    /// The certificate in DER form.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// The certificate in PEM form.
    pub fn certificate_pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    /// The private key as PKCS#8 in DER form.
    pub fn key_der(&self) -> &[u8] {
        &self.key
    }

    /// The private key as PKCS#8 in PEM form.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }
}

/// A register with everything that its producer gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Register {
    /// The unique number, the common name of both certificates.
    pub unique_number: String,
    /// The NIP of the taxpayer that it was made for.
    pub nip: String,
    /// What it is made of.
    pub kind: Kind,
    tls: Credential,
    encryption: Credential,
    producer: Arc<[u8]>,
}

impl Register {
    /// Makes keys and certificates; `number` chooses the RSA key of this process.
    pub(super) fn make(pki: &Pki, new: &NewRegister, number: usize) -> Result<Self, IssueError> {
        new.check()?;
        let made = Self::credentials(pki, new, number).map_err(|_| IssueError::Certificate);
        let (tls, encryption) = made?;
        Ok(Self {
            unique_number: new.unique_number.clone(),
            nip: new.nip.clone(),
            kind: new.kind,
            tls,
            encryption,
            producer: pki.producer().as_ref().into(),
        })
    }

    fn credentials(
        pki: &Pki,
        new: &NewRegister,
        number: usize,
    ) -> Result<(Credential, Credential), rcgen::Error> {
        let subject = Subject {
            unique_number: &new.unique_number,
            nip: (new.kind == Kind::Software).then_some(&new.nip),
            until: new.valid_until,
        };
        let key = KeyPair::generate()?;
        let tls = Credential {
            certificate: pki.issue(&subject, Purpose::Tls, &key)?,
            key: key.serialize_der(),
            key_pem: key.serialize_pem(),
        };
        let key = keys::rsa(number)?;
        let encryption = Credential {
            certificate: pki.issue(&subject, Purpose::Encryption, &key.certified)?,
            key: key.pkcs8.clone(),
            key_pem: key.pem.clone(),
        };
        Ok((tls, encryption))
    }

    /// For mutual TLS: a key on P-256.
    pub fn tls(&self) -> &Credential {
        &self.tls
    }

    /// For commands and documents: an RSA key of 2048 bits.
    pub fn encryption(&self) -> &Credential {
        &self.encryption
    }

    /// The authority that issued both certificates, in DER form.
    pub fn producer_der(&self) -> &[u8] {
        &self.producer
    }

    /// The authority that issued both certificates, in PEM form.
    pub fn producer_pem(&self) -> String {
        pem("CERTIFICATE", &self.producer)
    }

    /// Everything in PEM, as the control API shows it.
    pub(super) fn shown(&self) -> Value {
        json!({
            "uniqueNumber": self.unique_number,
            "nip": self.nip,
            "kind": self.kind,
            "tlsCertificate": self.tls.certificate_pem(),
            "tlsKey": self.tls.key_pem(),
            "encryptionCertificate": self.encryption.certificate_pem(),
            "encryptionKey": self.encryption.key_pem(),
            "producerChain": self.producer_pem(),
        })
    }
}

/// DER as PEM.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut lines = vec![format!("-----BEGIN {label}-----")];
    // Base64 is ASCII, so that 64 bytes are 64 characters.
    lines.extend(text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()));
    lines.push(format!("-----END {label}-----\n"));
    lines.join("\n")
}
