//! Whether a trusted authority issued a certificate.
//!
//! The path is built and its signatures, validity and basic constraints are checked by
//! rustls-webpki, which also bounds the work that hostile certificates can cause.
//! Key usage, which that library leaves out, is checked here on every issuer.
//!
//! Limits: nothing is asked about revocation (CRL, OCSP), extended key usage and policies are not
//! looked at, and signatures with SHA-1 are refused.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{
    EndEntityCert, Error as PathError, ExtendedKeyUsageValidator, KeyPurposeIdIter, VerifiedPath,
    anchor_from_trusted_cert, aws_lc_rs as algorithms,
};

use super::Certificate;

/// The signature algorithms of issuers that are taken, named one by one so that no feature of
/// another crate adds any.
static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P256_SHA512,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ECDSA_P384_SHA512,
    algorithms::ECDSA_P521_SHA256,
    algorithms::ECDSA_P521_SHA384,
    algorithms::ECDSA_P521_SHA512,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// Checks that a path of valid certificates leads from one of the anchors to the certificate.
///
/// An anchor counts only while it is valid and may issue certificates, except that a certificate
/// which is itself among the anchors, byte for byte, is trusted as it is.
///
/// # Errors
///
/// [`ChainError`], see its kinds; nothing is known about revocation either way.
pub fn check_chain(
    certificate: &Certificate,
    intermediates: &[Certificate],
    anchors: &[Certificate],
    time: DateTime<Utc>,
) -> Result<(), ChainError> {
    if !certificate.is_valid_at(time) {
        return Err(ChainErrorKind::NotValidNow.into());
    }
    if anchors.contains(certificate) {
        return Ok(());
    }
    let seconds = u64::try_from(time.timestamp()).map_err(|_| ChainErrorKind::NotValidNow)?;
    let anchors: Vec<CertificateDer<'_>> = anchors
        .iter()
        .filter(|anchor| anchor.is_valid_at(time) && may_issue(anchor))
        .map(|anchor| CertificateDer::from(anchor.as_der()))
        .collect();
    let trusted: Vec<TrustAnchor<'_>> =
        anchors.iter().filter_map(|anchor| anchor_from_trusted_cert(anchor).ok()).collect();
    let between: Vec<CertificateDer<'_>> =
        intermediates.iter().map(|link| CertificateDer::from(link.as_der())).collect();
    let leaf = CertificateDer::from(certificate.as_der());
    EndEntityCert::try_from(&leaf)
        .and_then(|leaf| {
            let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
            let usage = Some(&check_key_usage as &dyn Fn(&VerifiedPath<'_>) -> _);
            leaf.verify_for_usage(ALGORITHMS, &trusted, &between, time, AnyPurpose, None, usage)
                .map(drop)
        })
        .map_err(ChainError::from_library)
}

/// Why no path was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainError {
    kind: ChainErrorKind,
    source: Option<PathError>,
}

/// What a [`ChainError`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainErrorKind {
    /// The certificate, or an issuer without which there is no path, is not valid at the time.
    NotValidNow,
    /// No path leads to an anchor.
    UnknownIssuer,
    /// An issuer's name and certificate fit, but the signature is not by its key.
    BadSignature,
    /// An issuer may not issue: its basic constraints or key usage say so.
    NotAnIssuer,
    /// Anything else in the certificates, such as an unknown critical extension.
    Refused,
}

impl ChainError {
    /// What it is about.
    pub fn kind(&self) -> ChainErrorKind {
        self.kind
    }
}

impl From<ChainErrorKind> for ChainError {
    fn from(kind: ChainErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl ChainError {
    fn from_library(source: PathError) -> Self {
        let kind = match &source {
            PathError::CertExpired { .. } | PathError::CertNotValidYet { .. } => {
                ChainErrorKind::NotValidNow
            }
            PathError::UnknownIssuer => ChainErrorKind::UnknownIssuer,
            // The second: an issuer of that name exists, but its key is of another kind.
            PathError::InvalidSignatureForPublicKey
            | PathError::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
                ChainErrorKind::BadSignature
            }
            PathError::EndEntityUsedAsCa | PathError::PathLenConstraintViolated => {
                ChainErrorKind::NotAnIssuer
            }
            _ => ChainErrorKind::Refused,
        };
        Self { kind, source: Some(source) }
    }
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ChainErrorKind::NotValidNow => "a certificate of the path is not valid at this time",
            ChainErrorKind::UnknownIssuer => "no path leads to a trusted certificate",
            ChainErrorKind::BadSignature => "a certificate was not signed by its issuer",
            ChainErrorKind::NotAnIssuer => "an issuer may not issue certificates",
            ChainErrorKind::Refused => "a certificate of the path is not acceptable",
        })
    }
}

impl Error for ChainError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// Takes every extended key usage: qualified certificates carry many or none.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, mut purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), PathError> {
        purposes.try_for_each(|purpose| purpose.map(drop))
    }
}

fn may_issue(certificate: &Certificate) -> bool {
    certificate.is_authority() && certificate.key_usage().is_none_or(|usage| usage.key_cert_sign)
}

fn check_key_usage(path: &VerifiedPath<'_>) -> Result<(), PathError> {
    for issuer in path.intermediate_certificates() {
        let issuer = Certificate::from_der(&issuer.der()).map_err(|_| PathError::BadDer)?;
        if !may_issue(&issuer) {
            return Err(PathError::EndEntityUsedAsCa);
        }
    }
    Ok(())
}
