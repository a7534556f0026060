//! Public keys, and the verification of signatures made by anybody.
//!
//! The authority accepts many algorithms (KSeF 2.0 facts §4.2) and signs with RSA itself.
//! Verification therefore knows more than signing does: SHA-2 of three sizes, PSS, and ECDSA on
//! three curves in both encodings of the signature.

use std::error::Error;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1,
    ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA1_ASN1,
    ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1, ECDSA_P521_SHA512_ASN1,
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey,
    VerificationAlgorithm as Library,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode as _, Encode as _, Sequence};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::{KeyError, SignatureAlgorithm};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// A public key, kept as its DER `SubjectPublicKeyInfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    spki: Vec<u8>,
    kind: PublicKeyKind,
}

/// The kind of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublicKeyKind {
    /// RSA; signatures of keys under 2048 bits are not verified.
    Rsa,
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

/// The digest under a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureHash {
    /// SHA-1, broken: only [`PublicKey::verify_allowing_sha1`] takes it.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// How the two numbers of an ECDSA signature are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureEncoding {
    /// `R || S`, each as long as the curve's order: XML signatures and verification links.
    Raw,
    /// `SEQUENCE { r INTEGER, s INTEGER }`: certificates and certificate requests.
    Der,
}

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerificationAlgorithm {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(SignatureHash),
    /// RSASSA-PSS, MGF1 with the same digest, salt of the digest's length.
    RsaPss(SignatureHash),
    /// ECDSA; the curve is the key's.
    Ecdsa(SignatureHash, SignatureEncoding),
}

impl From<SignatureAlgorithm> for VerificationAlgorithm {
    fn from(algorithm: SignatureAlgorithm) -> Self {
        match algorithm {
            SignatureAlgorithm::RsaPkcs1Sha256 => Self::RsaPkcs1(SignatureHash::Sha256),
            SignatureAlgorithm::RsaPssSha256 => Self::RsaPss(SignatureHash::Sha256),
            SignatureAlgorithm::EcdsaP256Sha256 => {
                Self::Ecdsa(SignatureHash::Sha256, SignatureEncoding::Raw)
            }
        }
    }
}

impl PublicKey {
    /// Reads a DER `SubjectPublicKeyInfo` (RFC 5280).
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] when it is none, [`KeyError::Unsupported`] when the key is neither
    /// RSA nor on P-256, P-384 or P-521.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        let spki = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyError::Malformed)?;
        let kind = match spki.algorithm.oid {
            RSA => PublicKeyKind::Rsa,
            ELLIPTIC => match spki.algorithm.parameters_oid().map_err(|_| KeyError::Unsupported)? {
                P256 => PublicKeyKind::P256,
                P384 => PublicKeyKind::P384,
                P521 => PublicKeyKind::P521,
                _ => return Err(KeyError::Unsupported),
            },
            _ => return Err(KeyError::Unsupported),
        };
        Ok(Self { spki: der.to_vec(), kind })
    }

    /// The DER `SubjectPublicKeyInfo`.
    pub fn as_spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// What kind of key it is.
    pub fn kind(&self) -> PublicKeyKind {
        self.kind
    }

    /// SHA-256 of the DER `SubjectPublicKeyInfo` in Base64, 44 characters: the `publicKeyId` of
    /// KSeF 2.0 (KSeF 2.0 facts §5).
    pub fn id(&self) -> String {
        STANDARD.encode(digest(&SHA256, &self.spki))
    }

    /// Verifies a signature over a message (not over a digest of it).
    ///
    /// # Errors
    ///
    /// [`VerifyError::Sha1`] for every algorithm with SHA-1, [`VerifyError::OtherKind`] when the
    /// algorithm is not one of the key's kind, [`VerifyError::Mismatch`] when the signature is not
    /// of this key and message.
    pub fn verify(
        &self,
        algorithm: VerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        if algorithm.hash() == SignatureHash::Sha1 {
            return Err(VerifyError::Sha1);
        }
        self.verify_allowing_sha1(algorithm, message, signature)
    }

    /// As [`verify`](Self::verify), but SHA-1 is taken where the library offers it (PKCS#1 v1.5,
    /// and ECDSA on P-256 and P-521).
    ///
    /// Only for reading old documents whose authenticity has been shown otherwise.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify); [`VerifyError::Sha1`] where the library has no SHA-1.
    pub fn verify_allowing_sha1(
        &self,
        algorithm: VerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        let library = self.library_algorithm(algorithm)?;
        let der;
        let signature = match algorithm {
            VerificationAlgorithm::Ecdsa(_, SignatureEncoding::Raw) => {
                der = ecdsa_der(signature, self.kind.order_bytes()).ok_or(VerifyError::Mismatch)?;
                der.as_slice()
            }
            _ => signature,
        };
        UnparsedPublicKey::new(library, &self.spki)
            .verify(message, signature)
            .map_err(|_| VerifyError::Mismatch)
    }

    fn library_algorithm(
        &self,
        algorithm: VerificationAlgorithm,
    ) -> Result<&'static dyn Library, VerifyError> {
        use PublicKeyKind::{P256, P384, P521, Rsa};
        use SignatureHash::{Sha1, Sha256, Sha384, Sha512};
        use VerificationAlgorithm::{Ecdsa, RsaPkcs1, RsaPss};
        Ok(match (self.kind, algorithm) {
            (Rsa, RsaPkcs1(Sha1)) => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            (Rsa, RsaPkcs1(Sha256)) => &RSA_PKCS1_2048_8192_SHA256,
            (Rsa, RsaPkcs1(Sha384)) => &RSA_PKCS1_2048_8192_SHA384,
            (Rsa, RsaPkcs1(Sha512)) => &RSA_PKCS1_2048_8192_SHA512,
            (Rsa, RsaPss(Sha256)) => &RSA_PSS_2048_8192_SHA256,
            (Rsa, RsaPss(Sha384)) => &RSA_PSS_2048_8192_SHA384,
            (Rsa, RsaPss(Sha512)) => &RSA_PSS_2048_8192_SHA512,
            (P256, Ecdsa(Sha1, _)) => &ECDSA_P256_SHA1_ASN1,
            (P256, Ecdsa(Sha256, _)) => &ECDSA_P256_SHA256_ASN1,
            (P256, Ecdsa(Sha384, _)) => &ECDSA_P256_SHA384_ASN1,
            (P256, Ecdsa(Sha512, _)) => &ECDSA_P256_SHA512_ASN1,
            (P384, Ecdsa(Sha256, _)) => &ECDSA_P384_SHA256_ASN1,
            (P384, Ecdsa(Sha384, _)) => &ECDSA_P384_SHA384_ASN1,
            (P384, Ecdsa(Sha512, _)) => &ECDSA_P384_SHA512_ASN1,
            (P521, Ecdsa(Sha1, _)) => &ECDSA_P521_SHA1_ASN1,
            (P521, Ecdsa(Sha256, _)) => &ECDSA_P521_SHA256_ASN1,
            (P521, Ecdsa(Sha384, _)) => &ECDSA_P521_SHA384_ASN1,
            (P521, Ecdsa(Sha512, _)) => &ECDSA_P521_SHA512_ASN1,
            (Rsa, RsaPss(Sha1)) | (P384, Ecdsa(Sha1, _)) => return Err(VerifyError::Sha1),
            (Rsa, Ecdsa(..)) | (P256 | P384 | P521, RsaPkcs1(_) | RsaPss(_)) => {
                return Err(VerifyError::OtherKind);
            }
        })
    }
}

impl PublicKeyKind {
    /// Bytes of the curve's order: half the length of a raw signature; 0 for RSA.
    fn order_bytes(self) -> usize {
        match self {
            Self::Rsa => 0,
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl VerificationAlgorithm {
    /// The digest under the signature.
    pub fn hash(self) -> SignatureHash {
        match self {
            Self::RsaPkcs1(hash) | Self::RsaPss(hash) | Self::Ecdsa(hash, _) => hash,
        }
    }
}

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The signature uses SHA-1.
    Sha1,
    /// The algorithm is not one of the key's kind.
    OtherKind,
    /// The signature was not made by this key over this message.
    Mismatch,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha1 => "signatures with SHA-1 are not accepted",
            Self::OtherKind => "the signature algorithm does not fit the kind of the key",
            Self::Mismatch => "the signature is not of this key and message",
        })
    }
}

impl Error for VerifyError {}

/// The two numbers as DER writes them (RFC 3279, section 2.2.3).
#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// Turns `R || S` into DER; `None` when the length is not twice that of the curve's order.
pub(crate) fn ecdsa_der(raw: &[u8], order_bytes: usize) -> Option<Vec<u8>> {
    if raw.len() != 2 * order_bytes {
        return None;
    }
    let (r, s) = raw.split_at(order_bytes);
    let signature = EcdsaSignature { r: UintRef::new(r).ok()?, s: UintRef::new(s).ok()? };
    signature.to_der().ok()
}
