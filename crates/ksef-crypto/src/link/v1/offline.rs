//! The link of an invoice that was issued offline and has no KSeF number yet.

use std::fmt;

use common_core::ident::Nip;

use super::{decode, encode, online::read_hash};
use crate::{
    keys::{
        KeyKind, PublicKey, SignError, SignatureAlgorithm, SignatureHash, Signer,
        VerificationAlgorithm, VerifyError,
    },
    link::{Environment, InvoiceHash, LinkError, LinkPart, seller},
};

/// Serial number of an internal KSeF certificate (certyfikat wewnętrzny KSeF) as KSeF 1.x writes it:
/// 1 to 64 letters, digits and hyphens.
///
/// Specification 1.9, chapter 16.3, shows hexadecimal digits in its explanation and a GUID in its
/// example, so the form is no closer known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InternalCertificateSerial(Box<str>);

impl InternalCertificateSerial {
    /// Reads a serial number.
    ///
    /// ```
    /// use ksef_crypto::link::v1::InternalCertificateSerial;
    ///
    /// assert!(InternalCertificateSerial::parse("3CB442C057173CD5592D20F4A127A109FA4C152").is_ok());
    /// assert!(InternalCertificateSerial::parse("3C/B4").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !((1..=64).contains(&text.len()) && text.bytes().all(allowed)) {
            return Err(LinkError::new(LinkPart::Serial));
        }
        Ok(Self(text.into()))
    }

    /// The number as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InternalCertificateSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The offline link, which shows who issued an invoice (specification 1.9, chapter 16.3).
///
/// `https://{host}/web/offline/{seller's NIP}/{certificate serial}/{SHA-256, Base64}/{signature,
/// Base64}`
///
/// Signed is the invoice's file, with RSASSA-PKCS1-v1_5 and SHA-256: the specification speaks of
/// signing its hash, which is what this algorithm does.
/// The QR code shows `OFFLINE` below it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OfflineLink {
    environment: Environment,
    seller: Nip,
    serial: InternalCertificateSerial,
    hash: InvoiceHash,
    signature: Vec<u8>,
}

impl OfflineLink {
    /// Signs the file of an invoice with the RSA key of the internal certificate that has the
    /// serial number.
    ///
    /// Fails when the key is not RSA and when the signer does.
    pub fn sign(
        environment: Environment,
        seller: Nip,
        serial: InternalCertificateSerial,
        invoice: &[u8],
        signer: &dyn Signer,
    ) -> Result<Self, SignError> {
        if signer.kind() != KeyKind::Rsa {
            return Err(SignError::new("offline links of KSeF 1.x are signed with RSA"));
        }
        let signature = signer.sign(SignatureAlgorithm::RsaPkcs1Sha256, invoice)?;
        Ok(Self { environment, seller, serial, hash: InvoiceHash::of(invoice), signature })
    }

    /// Reads a link; the signature is not verified.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let (environment, path) = Environment::split(text, Environment::v1_host)?;
        let ["web", "offline", nip, serial, hash, signature] = path[..] else {
            return Err(LinkError::new(LinkPart::Path));
        };
        Ok(Self {
            environment,
            seller: seller(nip)?,
            serial: InternalCertificateSerial::parse(serial)?,
            hash: read_hash(hash)?,
            signature: decode(signature)
                .filter(|bytes| !bytes.is_empty())
                .ok_or(LinkError::new(LinkPart::Signature))?,
        })
    }

    /// Verifies that the link is about this file and was signed with the key of the certificate
    /// that has [`serial`](Self::serial).
    ///
    /// [`VerifyError::Mismatch`] when either is not so.
    pub fn verify(&self, invoice: &[u8], key: &PublicKey) -> Result<(), VerifyError> {
        if !self.matches(invoice) {
            return Err(VerifyError::Mismatch);
        }
        let algorithm = VerificationAlgorithm::RsaPkcs1(SignatureHash::Sha256);
        key.verify(algorithm, invoice, &self.signature)
    }

    /// Which KSeF it leads to.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// The NIP of the seller.
    pub fn seller(&self) -> &Nip {
        &self.seller
    }

    /// The serial number of the certificate whose key signed.
    pub fn serial(&self) -> &InternalCertificateSerial {
        &self.serial
    }

    /// The SHA-256 of the invoice's file.
    pub fn hash(&self) -> &InvoiceHash {
        &self.hash
    }

    /// The signature's bytes.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Tells whether the link is about this file, byte for byte.
    pub fn matches(&self, invoice: &[u8]) -> bool {
        self.hash == InvoiceHash::of(invoice)
    }
}

impl fmt::Display for OfflineLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { environment, seller, serial, hash, signature } = self;
        let (host, hash) = (environment.v1_host(), encode(hash.as_bytes()));
        let signature = encode(signature);
        write!(f, "https://{host}/web/offline/{seller}/{serial}/{hash}/{signature}")
    }
}
