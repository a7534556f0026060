//! KOD II of KSeF 2.0: the link that shows who issued an invoice while KSeF did not have it yet.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common_core::ident::Nip;

use super::{
    environment::Environment,
    error::{LinkError, LinkPart},
    hash::InvoiceHash,
    invoice::InvoiceLink,
    seller,
};
use crate::{
    certificate::Certificate,
    keys::{
        KeyKind, PublicKey, PublicKeyKind, SignError, SignatureAlgorithm, SignatureEncoding,
        SignatureHash, Signer, VerificationAlgorithm, VerifyError,
    },
    number::{CertificateSerial, ContextIdentifier},
};

/// The link of KOD II, which certifies an invoice issued offline (KSeF 2.0 facts §15.3).
///
/// `https://{host}/certificate/{kind of context}/{context}/{seller's NIP}/{certificate serial}/{SHA-256,
/// Base64url}/{signature, Base64url}`
///
/// Signed is the link up to the hash, without `https://`.
/// It belongs beside KOD I on an invoice that is shown before KSeF has it, with `CERTYFIKAT` below
/// it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CertificateLink {
    environment: Environment,
    context: ContextIdentifier,
    seller: Nip,
    serial: CertificateSerial,
    hash: InvoiceHash,
    signature: Vec<u8>,
}

impl CertificateLink {
    /// Certifies the invoice of a KOD I.
    ///
    /// The context is that of whoever issues the invoice: the seller's own NIP, or another one that
    /// may issue for the seller.
    /// KSeF takes only certificates of the type Offline; the key is RSA, signing with PSS, or P-256,
    /// signing with ECDSA and giving the shorter link.
    /// Both draw randomness, so every call gives another link.
    ///
    /// Fails when the certificate's serial number is longer than KSeF's 8 bytes and when the signer
    /// does.
    pub fn sign(
        invoice: &InvoiceLink,
        context: ContextIdentifier,
        signer: &dyn Signer,
    ) -> Result<Self, SignError> {
        let no_certificate = SignError::new("the signer's certificate could not be read");
        let no_serial = SignError::new("the signer's certificate is not one of KSeF 2.0");
        let certificate = Certificate::from_der(signer.certificate_der())
            .map_err(|cause| no_certificate.because(cause))?;
        let serial = CertificateSerial::of_certificate(&certificate)
            .map_err(|cause| no_serial.because(cause))?;
        let mut link = Self {
            environment: invoice.environment(),
            context,
            seller: invoice.seller().clone(),
            serial,
            hash: *invoice.hash(),
            signature: Vec::new(),
        };
        let algorithm = match signer.kind() {
            KeyKind::Rsa => SignatureAlgorithm::RsaPssSha256,
            KeyKind::P256 => SignatureAlgorithm::EcdsaP256Sha256,
        };
        link.signature = signer.sign(algorithm, link.signed_text().as_bytes())?;
        Ok(link)
    }

    /// Reads a link exactly as KSeF writes it; the signature is not verified.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let (environment, path) = Environment::split(text, Environment::code_host)?;
        let ["certificate", kind, value, nip, serial, hash, signature] = path[..] else {
            return Err(LinkError::new(LinkPart::Path));
        };
        let wrong = LinkError::new;
        Ok(Self {
            environment,
            context: ContextIdentifier::parse(kind, value).map_err(|_| wrong(LinkPart::Context))?,
            seller: seller(nip)?,
            serial: CertificateSerial::parse(serial).map_err(|_| wrong(LinkPart::Serial))?,
            hash: InvoiceHash::from_base64url(hash).ok_or(wrong(LinkPart::Hash))?,
            signature: URL_SAFE_NO_PAD
                .decode(signature)
                .ok()
                .filter(|bytes| !bytes.is_empty())
                .ok_or(wrong(LinkPart::Signature))?,
        })
    }

    /// Verifies the signature with the public key of the certificate that has
    /// [`serial`](Self::serial).
    ///
    /// RSA keys of 2048 bits or more verify PSS with SHA-256 and a salt of 32 bytes, keys on P-256
    /// verify ECDSA with SHA-256 in either encoding, `R || S` or DER; other keys are not KSeF's and
    /// are refused with [`VerifyError::OtherKind`].
    ///
    /// A right signature says who made the link. Whether the certificate is valid and may issue for
    /// the seller is known to KSeF alone, and whether the link is about an invoice at hand tells
    /// [`matches`](Self::matches).
    pub fn verify(&self, key: &PublicKey) -> Result<(), VerifyError> {
        let text = self.signed_text();
        let verify = |algorithm| key.verify(algorithm, text.as_bytes(), &self.signature);
        let ecdsa = |encoding| VerificationAlgorithm::Ecdsa(SignatureHash::Sha256, encoding);
        match key.kind() {
            PublicKeyKind::Rsa => verify(VerificationAlgorithm::RsaPss(SignatureHash::Sha256)),
            PublicKeyKind::P256 => verify(ecdsa(SignatureEncoding::Raw))
                .or_else(|_| verify(ecdsa(SignatureEncoding::Der))),
            _ => Err(VerifyError::OtherKind),
        }
    }

    /// What is signed: the link without `https://` and without the signature.
    pub fn signed_text(&self) -> String {
        let Self { environment, context, seller, serial, hash, .. } = self;
        let host = environment.code_host();
        format!("{host}/certificate/{context}/{seller}/{serial}/{}", hash.base64url())
    }

    /// Which KSeF it leads to.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// In whose name the invoice was issued.
    pub fn context(&self) -> &ContextIdentifier {
        &self.context
    }

    /// The NIP of the seller.
    pub fn seller(&self) -> &Nip {
        &self.seller
    }

    /// The serial number of the certificate whose key signed.
    pub fn serial(&self) -> &CertificateSerial {
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

impl fmt::Display for CertificateLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}/{}", self.signed_text(), URL_SAFE_NO_PAD.encode(&self.signature))
    }
}
