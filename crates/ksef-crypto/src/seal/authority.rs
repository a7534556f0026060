//! The authority's public keys: where they come from, what they may be used for, and when.

use std::error::Error;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use common_core::secret::{ExposeSecret, SecretString, Zeroizing};

use super::envelope::encrypt;
use super::{RsaPadding, SessionKey, WrapError};
use crate::certificate::Certificate;
use crate::keys::{KeyError, PublicKey, pem};

/// What a key of KSeF 2.0 may be used for (KSeF 2.0 facts §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Usage {
    /// `KsefTokenEncryption`: the encrypted token of a sign-in.
    KsefTokenEncryption,
    /// `SymmetricKeyEncryption`: the key of a session, package or export.
    SymmetricKeyEncryption,
}

/// A public key of the authority.
///
/// KSeF 1.x publishes a bare key without limits; KSeF 2.0 publishes certificates, each with what
/// it may be used for. Usage and validity are checked at each use, against a time that the caller
/// gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityKey {
    public: PublicKey,
    certificate: Option<Certificate>,
    validity: Option<(DateTime<Utc>, DateTime<Utc>)>,
    usages: Option<Vec<Usage>>,
}

impl AuthorityKey {
    /// Reads a certificate or a bare `SubjectPublicKeyInfo` from DER.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] when it is neither, [`KeyError::Unsupported`] when the key is of a
    /// kind not known here.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        match Certificate::from_der(der) {
            Ok(certificate) => Self::from_certificate(certificate),
            Err(_) => Ok(Self::from(PublicKey::from_spki_der(der)?)),
        }
    }

    /// Reads the first certificate or public key of a PEM text, whose lines may have any length:
    /// that of KSeF 1.x is one line without a final newline (KSeF 1.x facts §1).
    ///
    /// # Errors
    ///
    /// As [`from_der`](Self::from_der); [`KeyError::Absent`] when the text holds neither.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let blocks = pem::blocks(text).ok_or(KeyError::Malformed)?;
        let block = blocks
            .iter()
            .find(|block| matches!(block.label.as_str(), "CERTIFICATE" | "PUBLIC KEY"))
            .ok_or(KeyError::Absent)?;
        Self::from_der(&block.content)
    }

    /// Reads the Base64 of a DER, as the list of KSeF 2.0 carries certificates.
    ///
    /// # Errors
    ///
    /// As [`from_der`](Self::from_der).
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        Self::from_der(&pem::base64_content(text).ok_or(KeyError::Malformed)?)
    }

    /// Takes the key of a certificate.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] when the key is of a kind not known here.
    pub fn from_certificate(certificate: Certificate) -> Result<Self, KeyError> {
        let public = certificate.public_key().cloned().ok_or(KeyError::Unsupported)?;
        let validity = Some((certificate.not_before(), certificate.not_after()));
        Ok(Self { public, certificate: Some(certificate), validity, usages: None })
    }

    /// Limits the key to these moments and the time between them, as the list of KSeF 2.0 declares
    /// it, within the validity of its certificate.
    #[must_use]
    pub fn valid(mut self, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        let (begin, end) = self.validity.unwrap_or((from, to));
        self.validity = Some((begin.max(from), end.min(to)));
        self
    }

    /// Limits the key to these usages, as the list of KSeF 2.0 declares them.
    #[must_use]
    pub fn limited_to(mut self, usages: impl Into<Vec<Usage>>) -> Self {
        self.usages = Some(usages.into());
        self
    }

    /// The key itself; its [`id`](PublicKey::id) is the `publicKeyId` of KSeF 2.0.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The certificate, if the key came in one.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Checks that the key may be used so at that time.
    ///
    /// # Errors
    ///
    /// [`KeyRefused::NotValid`] outside the key's validity, [`KeyRefused::OtherUsage`]
    /// when the usage is not among the declared ones.
    pub fn check(&self, usage: Usage, time: DateTime<Utc>) -> Result<(), KeyRefused> {
        // The last second of a validity belongs to it as a whole.
        let is_valid = |(from, to): (DateTime<Utc>, DateTime<Utc>)| {
            from <= time && time.timestamp() <= to.timestamp()
        };
        if !self.validity.is_none_or(is_valid) {
            return Err(KeyRefused::NotValid);
        }
        if self.usages.as_ref().is_some_and(|usages| !usages.contains(&usage)) {
            return Err(KeyRefused::OtherUsage);
        }
        Ok(())
    }

    /// The key to use among several: of those that pass [`check`](Self::check) the one whose
    /// validity began last (KSeF 2.0 facts §5).
    pub fn select(keys: &[Self], usage: Usage, time: DateTime<Utc>) -> Option<&Self> {
        keys.iter()
            .filter(|key| key.check(usage, time).is_ok())
            .max_by_key(|key| key.validity.map(|(from, _)| from))
    }

    /// Encrypts the key of a session; the result is the `encryptedSymmetricKey` before Base64,
    /// as long as the RSA key: 256 bytes for 2048 bits.
    ///
    /// # Errors
    ///
    /// [`WrapError`]: nothing was encrypted.
    pub fn wrap(
        &self,
        key: &SessionKey,
        padding: RsaPadding,
        time: DateTime<Utc>,
    ) -> Result<Vec<u8>, WrapError> {
        self.check(Usage::SymmetricKeyEncryption, time).map_err(WrapError::Refused)?;
        encrypt(&self.public, padding, key.expose_key())
    }

    /// Encrypts a KSeF token with the time of the challenge, and gives the Base64 that is sent
    /// (specification 1.9, chapter 13.2.3; KSeF 2.0 facts §4.3).
    ///
    /// `challenge_millis` is the time of the challenge in milliseconds since 1970-01-01 UTC,
    /// exactly as the authority gave it; a token of 2.0 holds `|` itself and is taken as it is.
    ///
    /// # Errors
    ///
    /// [`WrapError`]: nothing was encrypted.
    pub fn encrypt_token(
        &self,
        token: &SecretString,
        challenge_millis: i64,
        padding: RsaPadding,
        time: DateTime<Utc>,
    ) -> Result<String, WrapError> {
        self.check(Usage::KsefTokenEncryption, time).map_err(WrapError::Refused)?;
        let millis = challenge_millis.to_string();
        let token = token.expose_secret();
        // The whole length at once, so that no copy stays behind in memory.
        let mut plain = Zeroizing::new(String::with_capacity(token.len() + 1 + millis.len()));
        plain.push_str(token);
        plain.push('|');
        plain.push_str(&millis);
        encrypt(&self.public, padding, plain.as_bytes()).map(|encrypted| STANDARD.encode(encrypted))
    }
}

impl From<PublicKey> for AuthorityKey {
    /// A bare key, without limits, as KSeF 1.x publishes it.
    fn from(public: PublicKey) -> Self {
        Self { public, certificate: None, validity: None, usages: None }
    }
}

/// Why an authority's key must not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyRefused {
    /// It is not valid at the given time: fetch the list of keys again.
    NotValid,
    /// It is published for another usage.
    OtherUsage,
}

impl fmt::Display for KeyRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotValid => "the authority's key is not valid at this time",
            Self::OtherUsage => "the authority's key is meant for another usage",
        })
    }
}

impl Error for KeyRefused {}
