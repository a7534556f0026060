//! A certificate for a key at hand: whether there may be one, and the request for it.

use chrono::{DateTime, Utc};
use common_http::Endpoint;
use ksef_crypto::{csr::CertificateRequest, keys::PrivateKey};

use super::{Enroll, Enrollment, EnrollmentData, Limits, subject};
use crate::v2::{
    Account,
    error::{Error, ErrorKind},
    wire,
};

/// What is asked for: kind and name of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nothing is requested until an account does"]
pub struct NewCertificate {
    name: String,
    kind: wire::KsefCertificateType,
    valid_from: Option<DateTime<Utc>>,
}

impl NewCertificate {
    /// A certificate to log in with. The name has 5 to 100 characters: letters, Polish ones
    /// included, digits, `_`, `-` and spaces.
    pub fn authentication(name: impl Into<String>) -> Self {
        Self::of(name.into(), wire::KsefCertificateType::Authentication)
    }

    /// A certificate for the verification links of offline invoices, named likewise.
    pub fn offline(name: impl Into<String>) -> Self {
        Self::of(name.into(), wire::KsefCertificateType::Offline)
    }

    fn of(name: String, kind: wire::KsefCertificateType) -> Self {
        Self { name, kind, valid_from: None }
    }

    /// Sets when its validity begins; at its issue without it.
    pub fn valid_from(mut self, time: DateTime<Utc>) -> Self {
        self.valid_from = Some(time);
        self
    }
}

impl Account {
    /// Requests a certificate for a key: asks whether another one is allowed, fetches the subject's
    /// data, makes the request and sends it.
    ///
    /// Keep the key before the call, or the certificate is of no use. The login must be one with a
    /// signature (25001).
    ///
    /// Fails with [`ErrorKind::LimitReached`] and sends no request when the subject has no
    /// enrolments or certificates left.
    pub async fn request_certificate(
        &self,
        certificate: &NewCertificate,
        key: &PrivateKey,
    ) -> Result<Enrollment, Error> {
        let limits = self.send(&Limits).await?;
        if limits.can_request == Some(false) {
            let cause = "the subject may not request another certificate";
            return Err(Error::local(ErrorKind::LimitReached, Limits::INFO.name, cause));
        }
        let data = self.send(&EnrollmentData).await?;
        let request = CertificateRequest::new(subject(&data), key)
            .map_err(|cause| Error::local(ErrorKind::Input, Enroll::INFO.name, cause))?;
        let NewCertificate { name, kind, valid_from } = certificate;
        let mut enroll = Enroll::new(&**name, *kind, request.as_der());
        if let Some(time) = valid_from {
            enroll = enroll.valid_from(*time);
        }
        self.enroll(&enroll).await
    }
}
