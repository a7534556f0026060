//! Receipts that buyers get as a file: reading, and checking who signed them (CRK facts §2.1).
//!
//! Such a receipt is a signed document on its own, or inside an envelope of JSON with a view for
//! people beside it. Only the signed part counts: the view is not signed and not read here.
//!
//! **Observed, not the standard**: the envelope was seen at two chains, the signature's form at
//! two readers. Everything here takes hostile input: sizes are limited, nothing panics, and no
//! content stands in an error.
//!
//! # Examples
//!
//! ```no_run
//! use ekasy_device::jose::{Certificate, CryptoProfile, OpenLimits, Trust};
//! use ekasy_device::receipt::SignedReceipt;
//!
//! # fn run(file: &str, producer_pem: &str, now: chrono::DateTime<chrono::Utc>)
//! #     -> Result<(), Box<dyn std::error::Error>> {
//! let limits = OpenLimits::default();
//! let trust = Trust::issued_by([Certificate::from_pem(producer_pem)?]);
//! let receipt = SignedReceipt::parse(file, &limits)?
//!     .verify(&CryptoProfile::default(), &trust, now, &limits)?;
//! assert!(receipt.doubts().is_empty());
//! println!("{} zł", receipt.document().receipt.subtotal.gross);
//! # Ok(())
//! # }
//! ```

use std::error::Error;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::document::{DocumentError, ReceiptDocument};
use crate::jose::{Certificate, CryptoProfile, OpenError, OpenLimits, Trust, unverified_payload};

/// A receipt as it came, not verified.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedReceipt {
    token: String,
    envelope: Option<Envelope>,
}

/// What an envelope says beside the signed document. None of it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Envelope {
    /// `protoVersion`: `000` is the one that was seen.
    #[serde(rename = "protoVersion")]
    pub protocol: String,
    /// `IDZ`: what the register calls the event.
    #[serde(rename = "IDZ")]
    pub event: Option<String>,
    /// `printed`: whether the receipt was printed as well.
    pub printed: Option<bool>,
    /// `sign`: hexadecimal digits whose meaning is not known.
    #[serde(rename = "sign")]
    pub mark: Option<String>,
}

impl Envelope {
    /// The version of the envelope that is read.
    pub const PROTOCOL: &str = "000";
}

/// The places in an envelope where the signed document was seen.
#[derive(Deserialize)]
struct Places {
    data: Option<String>,
    document: Option<String>,
}

impl SignedReceipt {
    /// Takes a signed document in the compact form, or an envelope with one.
    ///
    /// # Errors
    ///
    /// [`ReceiptError`] when it is neither, too large, or of an unknown version.
    pub fn parse(text: &str, limits: &OpenLimits) -> Result<Self, ReceiptError> {
        if text.len() > limits.text {
            return Err(ReceiptError::Signature(OpenError::TooLarge("text")));
        }
        let text = text.trim_start_matches('\u{feff}').trim_ascii();
        if !text.starts_with('{') {
            return Ok(Self { token: text.to_owned(), envelope: None });
        }
        let envelope: Envelope = serde_json::from_str(text).map_err(|_| ReceiptError::Envelope)?;
        if envelope.protocol != Envelope::PROTOCOL {
            return Err(ReceiptError::Protocol);
        }
        let places: Places = serde_json::from_str(text).map_err(|_| ReceiptError::Envelope)?;
        match (places.data, places.document) {
            (Some(token), None) | (None, Some(token)) => {
                Ok(Self { token, envelope: Some(envelope) })
            }
            _ => Err(ReceiptError::Envelope),
        }
    }

    /// The signed document in the compact form.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The envelope, if there is one.
    pub fn envelope(&self) -> Option<&Envelope> {
        self.envelope.as_ref()
    }

    /// The document **without a look at the signature**: anybody can have written it.
    ///
    /// # Errors
    ///
    /// [`ReceiptError`] when it is no signed receipt.
    pub fn unverified(&self, limits: &OpenLimits) -> Result<ReceiptDocument, ReceiptError> {
        let payload = unverified_payload(&self.token, limits).map_err(ReceiptError::Signature)?;
        read(&payload)
    }

    /// Verifies the signature under the profile and the trusted certificates, which must be valid
    /// at `now`; for an old receipt that may be the time of the receipt.
    ///
    /// # Errors
    ///
    /// [`ReceiptError`] when nobody trusted signed it or it is no receipt.
    pub fn verify(
        &self,
        profile: &CryptoProfile,
        trust: &Trust,
        now: DateTime<Utc>,
        limits: &OpenLimits,
    ) -> Result<VerifiedReceipt, ReceiptError> {
        let verified =
            profile.verify(&self.token, trust, now, limits).map_err(ReceiptError::Signature)?;
        let document = read(verified.payload())?;
        let doubts = doubts(&document, verified.signed_by());
        Ok(VerifiedReceipt {
            signed_by: verified.signed_by().clone(),
            bytes: verified.into_payload(),
            document,
            doubts,
        })
    }
}

impl fmt::Debug for SignedReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedReceipt")
            .field("token", &format_args!("{} bytes", self.token.len()))
            .field("envelope", &self.envelope.is_some())
            .finish()
    }
}

/// A receipt that somebody trusted signed.
#[derive(Clone, Debug)]
pub struct VerifiedReceipt {
    bytes: Vec<u8>,
    document: ReceiptDocument,
    signed_by: Certificate,
    doubts: Vec<Doubt>,
}

impl VerifiedReceipt {
    /// The bytes that were signed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The document. Whether it adds up is for [`Receipt::findings`] to tell.
    ///
    /// [`Receipt::findings`]: crate::document::Receipt::findings
    pub fn document(&self) -> &ReceiptDocument {
        &self.document
    }

    /// The certificate whose key signed.
    pub fn signed_by(&self) -> &Certificate {
        &self.signed_by
    }

    /// What does not fit between the document and its signer. Nothing: it is the register's own.
    pub fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }
}

/// Something that does not fit between a receipt and the certificate that signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Doubt {
    /// The common name of the certificate is not the register's unique number (`nrUnik`).
    OtherRegister,
    /// No attribute of the certificate's subject holds the taxpayer's NIP. Software registers'
    /// certificates have it (CRK facts §1.1); with a hardware register this means nothing.
    NoTaxNumber,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherRegister => "the certificate is of another register",
            Self::NoTaxNumber => "the certificate does not name the taxpayer",
        })
    }
}

/// Why a text is no receipt that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReceiptError {
    /// The envelope is malformed, or has not exactly one signed document.
    Envelope,
    /// The envelope is of a version that is not known.
    Protocol,
    /// The signature does not count; the reason is the source.
    Signature(OpenError),
    /// What was signed is no receipt; the place is in the source.
    Document(DocumentError),
}

impl fmt::Display for ReceiptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Envelope => "the envelope does not hold one signed document",
            Self::Protocol => "the envelope is of an unknown version",
            Self::Signature(_) => "the receipt's signature does not count",
            Self::Document(_) => "the signed document is no receipt",
        })
    }
}

impl Error for ReceiptError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Envelope | Self::Protocol => None,
            Self::Signature(source) => Some(source),
            Self::Document(source) => Some(source),
        }
    }
}

fn read(payload: &[u8]) -> Result<ReceiptDocument, ReceiptError> {
    let text = std::str::from_utf8(payload)
        .map_err(|_| ReceiptError::Signature(OpenError::Malformed("payload")))?;
    ReceiptDocument::parse(text).map_err(ReceiptError::Document)
}

fn doubts(document: &ReceiptDocument, signer: &Certificate) -> Vec<Doubt> {
    let taxpayer = &document.taxpayer;
    let mut doubts = Vec::new();
    if signer.common_name() != Some(taxpayer.unique_number.as_str()) {
        doubts.push(Doubt::OtherRegister);
    }
    if !signer.subject_texts().any(|text| holds_number(text, &taxpayer.nip)) {
        doubts.push(Doubt::NoTaxNumber);
    }
    doubts
}

/// Whether a text holds a number that no further digits touch, as `NIP-1234563218` does.
fn holds_number(text: &str, number: &str) -> bool {
    !number.is_empty()
        && text.split(|character: char| !character.is_ascii_digit()).any(|run| run == number)
}
