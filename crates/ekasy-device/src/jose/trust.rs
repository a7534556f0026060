//! Whose signature counts.

use std::error::Error;
use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Certificate, ChainError, Header, OpenError, OpenLimits, chain};

/// The certificates that signatures are held against: exact ones, issuers, or both.
///
/// An exact certificate is trusted as it is, without its issuer: the repository's own
/// certificates from CMD07 may be of that kind. An issuer is trusted for whatever it issued; the
/// signature must then bring its chain in `x5c`. An empty value trusts nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    exact: Vec<Certificate>,
    anchors: Vec<Certificate>,
}

impl Trust {
    /// Trusts exactly these certificates.
    pub fn pinned(certificates: impl IntoIterator<Item = Certificate>) -> Self {
        Self { exact: certificates.into_iter().collect(), anchors: Vec::new() }
    }

    /// Trusts what these certificates issued, directly or over others.
    pub fn issued_by(anchors: impl IntoIterator<Item = Certificate>) -> Self {
        Self { exact: Vec::new(), anchors: anchors.into_iter().collect() }
    }

    /// Trusts what the other value trusts as well.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.exact.extend(other.exact);
        self.anchors.extend(other.anchors);
        self
    }

    /// The certificates that may have signed an object with this header; at least one.
    pub(super) fn candidates(
        &self,
        header: &Header,
        now: DateTime<Utc>,
        limits: &OpenLimits,
    ) -> Result<Vec<Certificate>, OpenError> {
        let candidates = match certificates(header, limits)? {
            Some((leaf, between)) => {
                self.check(&leaf, &between, now).map_err(OpenError::Untrusted)?;
                vec![leaf]
            }
            None => self.exact.clone(),
        };
        let candidates = with_thumbprint(candidates, header)?;
        if candidates.is_empty() {
            return Err(OpenError::Untrusted(TrustError::UnknownSigner));
        }
        let valid: Vec<_> =
            candidates.into_iter().filter(|certificate| certificate.is_valid_at(now)).collect();
        if valid.is_empty() {
            return Err(OpenError::Untrusted(TrustError::NotValidNow));
        }
        Ok(valid)
    }

    fn check(
        &self,
        leaf: &Certificate,
        between: &[Certificate],
        now: DateTime<Utc>,
    ) -> Result<(), TrustError> {
        if self.exact.contains(leaf) {
            return Ok(());
        }
        if self.anchors.is_empty() {
            return Err(TrustError::UnknownSigner);
        }
        chain::check(leaf, between, &self.anchors, now).map_err(TrustError::Chain)
    }
}

/// Why a signer is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustError {
    /// The signer is none of the exact certificates, and there is no issuer to ask, or the object
    /// does not say who signed it.
    UnknownSigner,
    /// The signer's certificate is not valid at the time in question.
    NotValidNow,
    /// The signer's certificate leads to no trusted issuer; the reason is the source.
    Chain(ChainError),
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownSigner => "the signer is not known",
            Self::NotValidNow => "the signer's certificate is not valid at this time",
            Self::Chain(_) => "the signer's certificate has no trusted issuer",
        })
    }
}

impl Error for TrustError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Chain(source) => Some(source),
            Self::UnknownSigner | Self::NotValidNow => None,
        }
    }
}

/// The signer's certificate and those of its issuers, as the header carries them in `x5c`.
pub(super) fn certificates(
    header: &Header,
    limits: &OpenLimits,
) -> Result<Option<(Certificate, Vec<Certificate>)>, OpenError> {
    const MALFORMED: OpenError = OpenError::Malformed("x5c");
    let Some(list) = header.find("x5c") else {
        return Ok(None);
    };
    let list = list.as_array().ok_or(MALFORMED)?;
    if list.len() > limits.certificates {
        return Err(OpenError::TooLarge("certificates"));
    }
    let mut read = list.iter().map(|entry| {
        entry.as_str().and_then(|text| Certificate::from_base64(text).ok()).ok_or(MALFORMED)
    });
    let leaf = read.next().ok_or(MALFORMED)??;
    Ok(Some((leaf, read.collect::<Result<_, _>>()?)))
}

/// Those certificates whose thumbprint is the one that the header names, if it names one.
fn with_thumbprint(
    candidates: Vec<Certificate>,
    header: &Header,
) -> Result<Vec<Certificate>, OpenError> {
    match header.find("x5t#S256") {
        None => Ok(candidates),
        Some(Value::String(named)) => Ok(candidates
            .into_iter()
            .filter(|certificate| certificate.thumbprint() == *named)
            .collect()),
        Some(_) => Err(OpenError::Malformed("x5t#S256")),
    }
}
