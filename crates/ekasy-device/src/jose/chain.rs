//! Whether a certificate leads to a trusted one.

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

/// Signatures on certificates: SHA-2 with RSA of 2048 bits and more or with the NIST curves.
static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// Checks a path from the certificate over `between` to one of `anchors` at a time.
///
/// Every certificate of the path must be valid at that time, and every issuer must be one by its
/// constraints. Revocation is not looked at: the repository publishes no lists.
pub(super) fn check(
    leaf: &Certificate,
    between: &[Certificate],
    anchors: &[Certificate],
    time: DateTime<Utc>,
) -> Result<(), ChainError> {
    let seconds = u64::try_from(time.timestamp())
        .map_err(|_| ChainError { kind: ChainErrorKind::NotValidNow, source: None })?;
    let anchors: Vec<CertificateDer<'_>> = anchors
        .iter()
        .filter(|anchor| anchor.is_valid_at(time) && anchor.is_issuer())
        .map(|anchor| CertificateDer::from(anchor.as_der()))
        .collect();
    let trusted: Vec<TrustAnchor<'_>> =
        anchors.iter().filter_map(|anchor| anchor_from_trusted_cert(anchor).ok()).collect();
    let between: Vec<CertificateDer<'_>> =
        between.iter().map(|link| CertificateDer::from(link.as_der())).collect();
    let leaf = CertificateDer::from(leaf.as_der());
    EndEntityCert::try_from(&leaf)
        .and_then(|leaf| {
            let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
            let issuers = Some(&check_issuers as &dyn Fn(&VerifiedPath<'_>) -> _);
            leaf.verify_for_usage(ALGORITHMS, &trusted, &between, time, AnyPurpose, None, issuers)
                .map(drop)
        })
        .map_err(ChainError::from_library)
}

/// Why no path to a trusted certificate was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainError {
    kind: ChainErrorKind,
    source: Option<PathError>,
}

/// The kinds of [`ChainError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainErrorKind {
    /// A certificate of the path is not valid yet or no more.
    NotValidNow,
    /// No given certificate issued one of the path.
    UnknownIssuer,
    /// A certificate carries a signature that is not its issuer's, or of an unsupported kind.
    BadSignature,
    /// An issuer may not issue, or not at that depth.
    NotAnIssuer,
    /// Something else about a certificate of the path.
    Refused,
}

impl ChainError {
    /// What is wrong.
    pub fn kind(&self) -> ChainErrorKind {
        self.kind
    }

    fn from_library(source: PathError) -> Self {
        let kind = match &source {
            PathError::CertExpired { .. } | PathError::CertNotValidYet { .. } => {
                ChainErrorKind::NotValidNow
            }
            PathError::UnknownIssuer => ChainErrorKind::UnknownIssuer,
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

/// The extended key usage of registers' certificates is not known, so none is demanded.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, mut purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), PathError> {
        purposes.try_for_each(|purpose| purpose.map(drop))
    }
}

/// The library looks at the basic constraints only; the key usage counts as well.
fn check_issuers(path: &VerifiedPath<'_>) -> Result<(), PathError> {
    for issuer in path.intermediate_certificates() {
        let issuer = Certificate::from_der(&issuer.der()).map_err(|_| PathError::BadDer)?;
        if !issuer.is_issuer() {
            return Err(PathError::EndEntityUsedAsCa);
        }
    }
    Ok(())
}
