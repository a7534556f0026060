//! The enrolment of a certificate, from the question whether there may be one to the certificate.

use chrono::{DateTime, Utc};
use common_core::poll::PollSchedule;
use common_http::{Endpoint, Polled, poll_until};
use ksef_crypto::{
    certificate::Certificate,
    csr::CertificateRequest,
    keys::PrivateKey,
    number::{CertificateSerial, ReferenceNumber},
};

use super::{Enroll, EnrollmentData, EnrollmentStatus, Limits, Retrieve, subject};
use crate::v2::{
    Account,
    error::{Error, ErrorKind},
    status::Status,
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

/// A certificate that was requested.
///
/// The service keeps the state for 30 days; the number is all that another process needs.
#[derive(Clone, Debug)]
#[must_use = "a certificate that was requested has to be waited for"]
pub struct Enrollment {
    account: Account,
    reference: ReferenceNumber,
}

/// How far an enrolment has come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnrollmentProgress {
    /// The service is at it.
    Pending(Status),
    /// The certificate was issued under that number.
    Issued(CertificateSerial),
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
        let mut enroll = Enroll::new(&**name, *kind, &request);
        if let Some(time) = valid_from {
            enroll = enroll.valid_from(*time);
        }
        self.enroll(&enroll).await
    }

    /// Sends a request for a certificate that was made elsewhere.
    pub async fn enroll(&self, enroll: &Enroll) -> Result<Enrollment, Error> {
        let answer = self.send(enroll).await?;
        let reference = answer.reference_number.parse().map_err(|_| {
            Error::unreadable(&Enroll::INFO, "the answer names no enrolment to ask for")
        })?;
        Ok(self.enrollment(reference))
    }

    /// Takes up an enrolment that was begun earlier or elsewhere, by its number.
    pub fn enrollment(&self, reference: ReferenceNumber) -> Enrollment {
        Enrollment { account: self.clone(), reference }
    }

    /// Fetches a certificate by its serial number.
    pub async fn certificate(&self, serial: &CertificateSerial) -> Result<Certificate, Error> {
        let answer = self.send(&Retrieve::new([serial.clone()])).await?;
        let is_asked = |item: &&wire::RetrieveCertificatesListItem| {
            item.certificate_serial_number.as_deref() == Some(serial.as_str())
        };
        let unreadable = |cause| Error::unreadable(&Retrieve::INFO, cause);
        let found = answer.certificates.iter().find(is_asked);
        let found = found.ok_or_else(|| unreadable("the answer lacks the certificate"))?;
        Certificate::from_base64(&found.certificate)
            .map_err(|_| unreadable("the certificate cannot be read"))
    }
}

impl Enrollment {
    /// The number of the enrolment.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// Asks once how far the enrolment has come; one that failed is an error of kind
    /// [`Failed`](ErrorKind::Failed), whose [`status`](Error::status) says why, in the process
    /// [`CertificateEnrollment`](crate::v2::catalogue::Process::CertificateEnrollment).
    pub async fn poll_once(&self) -> Result<EnrollmentProgress, Error> {
        let answer = self.account.send(&EnrollmentStatus(self.reference.clone())).await?;
        let status = Status::from(answer.status);
        if !status.clone().check(EnrollmentStatus::INFO.name)? {
            return Ok(EnrollmentProgress::Pending(status));
        }
        let serial = answer.certificate_serial_number.as_deref();
        let serial = serial.and_then(|text| CertificateSerial::parse(text).ok());
        serial.map(EnrollmentProgress::Issued).ok_or_else(|| {
            let cause = "the certificate was issued without a serial number";
            Error::unreadable(&EnrollmentStatus::INFO, cause)
        })
    }

    /// Waits until the certificate was issued.
    ///
    /// Fails with [`ErrorKind::NotFinished`] when the time of the schedule is up first; waiting
    /// again goes on.
    pub async fn wait(&self, schedule: &PollSchedule) -> Result<CertificateSerial, Error> {
        let poll = || async {
            Ok::<_, Error>(match self.poll_once().await? {
                EnrollmentProgress::Issued(serial) => Polled::Ended(serial),
                EnrollmentProgress::Pending(_) => Polled::Pending(None),
            })
        };
        poll_until(self.account.clock(), schedule, poll).await?.ok_or_else(|| {
            let cause = "the service is still working on the enrolment";
            Error::local(ErrorKind::NotFinished, EnrollmentStatus::INFO.name, cause)
        })
    }

    /// Waits until the certificate was issued, and fetches it.
    pub async fn finish(&self, schedule: &PollSchedule) -> Result<Certificate, Error> {
        let serial = self.wait(schedule).await?;
        self.account.certificate(&serial).await
    }
}
