//! The enrolment of a certificate, from the request to the certificate.

use common_core::poll::PollSchedule;
use common_http::{Endpoint, Polled, poll_until};
use ksef_crypto::{
    certificate::Certificate,
    number::{CertificateSerial, ReferenceNumber},
};

use super::{Enroll, EnrollmentStatus, Retrieve};
use crate::v2::{
    Account,
    error::{Error, ErrorKind},
    status::Status,
    wire,
};

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
