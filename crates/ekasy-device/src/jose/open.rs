//! Opening: decrypting, then verifying.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};

use super::jwe::Jwe;
use super::jws::Jws;
use super::{
    Certificate, Compression, CryptoProfile, Decryptor, Header, OpenError, Trust, compression, form,
};

/// How large an object and its parts may be, in bytes. All are for hostile input: what the
/// repository sends stays far below (source document, section 2.3.1: 100 kB).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenLimits {
    /// The whole text: 4 MiB.
    pub text: usize,
    /// The payload after decompression: 16 MiB.
    pub payload: usize,
    /// The encoded header of one object, the certificates in it included: 64 KiB.
    pub header: usize,
    /// Certificates in one header: 10.
    pub certificates: usize,
}

impl Default for OpenLimits {
    fn default() -> Self {
        Self { text: 4 << 20, payload: 16 << 20, header: 64 << 10, certificates: 10 }
    }
}

impl OpenLimits {
    /// What a signed text may have after decompression: the largest payload in base64url, and
    /// room for header and signature.
    pub(super) fn signed_text(&self) -> usize {
        (self.payload / 3).saturating_mul(4).saturating_add(self.header).saturating_add(8192)
    }
}

/// An opened object: decrypted, and signed by somebody trusted.
#[derive(Clone, PartialEq)]
pub struct Opened {
    encryption_header: Header,
    verified: Verified,
}

impl Opened {
    /// The payload, decompressed.
    pub fn payload(&self) -> &[u8] {
        self.verified.payload()
    }

    /// The payload, taken out.
    pub fn into_payload(self) -> Vec<u8> {
        self.verified.payload
    }

    /// The certificate whose key signed.
    pub fn signed_by(&self) -> &Certificate {
        self.verified.signed_by()
    }

    /// The header of the encryption, in which metadata travel.
    pub fn encryption_header(&self) -> &Header {
        &self.encryption_header
    }

    /// The header of the signature.
    pub fn signature_header(&self) -> &Header {
        self.verified.header()
    }

    /// How the payload was compressed.
    pub fn compression(&self) -> Compression {
        self.verified.compression
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verified.debug("Opened", f)
    }
}

/// A signed object that was verified.
#[derive(Clone, PartialEq)]
pub struct Verified {
    payload: Vec<u8>,
    signed_by: Certificate,
    header: Header,
    compression: Compression,
}

impl Verified {
    /// The payload, decompressed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload, taken out.
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// The certificate whose key signed.
    pub fn signed_by(&self) -> &Certificate {
        &self.signed_by
    }

    /// The header of the signature.
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .field("signed_by", &self.signed_by)
            .field("compression", &self.compression)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("Verified", f)
    }
}

/// The payload of a signed object, whoever signed it.
pub(crate) fn unverified_payload(text: &str, limits: &OpenLimits) -> Result<Vec<u8>, OpenError> {
    if text.len() > limits.text {
        return Err(OpenError::TooLarge("text"));
    }
    Jws::parse(text.trim_ascii(), limits).map(|jws| jws.payload)
}

impl CryptoProfile {
    /// Opens a sealed object: an `encryptedCommand` of the repository, for instance.
    ///
    /// The certificate of the signer must be valid at `now`.
    ///
    /// # Errors
    ///
    /// [`OpenError`]. Nothing of the content is told, and nothing of why decryption failed.
    pub fn open(
        &self,
        text: &str,
        decryptor: &dyn Decryptor,
        trust: &Trust,
        now: DateTime<Utc>,
        limits: &OpenLimits,
    ) -> Result<Opened, OpenError> {
        if text.len() > limits.text {
            return Err(OpenError::TooLarge("text"));
        }
        let text = form::without_base64(text, self.reading.outer_base64)?;
        let jwe = Jwe::parse(&text, limits)?;
        let allowed = jwe.check(&self.reading)?;
        let encryption_header = jwe.header.clone();
        let content = jwe.decrypt(&allowed, decryptor, limits)?;
        let signed = std::str::from_utf8(&content)
            .map_err(|_| OpenError::Malformed("parts of the signed object"))?;
        let outer = allowed.is_zipped.then_some(Compression::JweZip);
        let verified = self.verify_signed(signed, outer, trust, now, limits)?;
        Ok(Opened { encryption_header, verified })
    }

    /// Verifies an object that is signed and not encrypted, as the receipt for a buyer is.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn verify(
        &self,
        text: &str,
        trust: &Trust,
        now: DateTime<Utc>,
        limits: &OpenLimits,
    ) -> Result<Verified, OpenError> {
        if text.len() > limits.text {
            return Err(OpenError::TooLarge("text"));
        }
        self.verify_signed(text.trim_ascii(), None, trust, now, limits)
    }

    fn verify_signed(
        &self,
        text: &str,
        outer: Option<Compression>,
        trust: &Trust,
        now: DateTime<Utc>,
        limits: &OpenLimits,
    ) -> Result<Verified, OpenError> {
        let jws = Jws::parse(text, limits)?;
        let signed_by = jws.verify(&self.reading, trust, now, limits)?;
        let (payload, compression) = match outer {
            // One object is compressed once.
            Some(compression) => (Cow::Owned(jws.payload), compression),
            None => compression::unpack(
                Cow::Owned(jws.payload),
                &self.reading.compressions,
                limits.payload,
            )?,
        };
        if payload.len() > limits.payload {
            return Err(OpenError::TooLarge("payload"));
        }
        let payload = payload.into_owned();
        Ok(Verified { payload, signed_by, header: jws.header, compression })
    }
}
