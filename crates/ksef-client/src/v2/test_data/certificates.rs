//! Certificates that end earlier.

use chrono::{DateTime, Utc};
use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::CertificateSerial;

use super::OTHER;
use crate::v2::{
    endpoint::{endpoint, nothing},
    wire,
};

/// `PUT /testdata/certificates/{serialNumber}`: lets a certificate of the subject end at another
/// time, which can only be an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateCertificate {
    serial: CertificateSerial,
    valid_to: DateTime<Utc>,
}

impl UpdateCertificate {
    /// Lets that certificate end then.
    pub fn new(serial: CertificateSerial, valid_to: DateTime<Utc>) -> Self {
        Self { serial, valid_to }
    }
}

endpoint!(UpdateCertificate -> () {
    Info {
        name: "test_data.update_certificate",
        method: Method::PUT,
        path: "/testdata/certificates/{serialNumber}",
        effect: Effect::Idempotent,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |this, request| {
        let body = wire::TestDataUpdateCertificateRequest::new(this.valid_to);
        request.param("serialNumber", &this.serial)?.json(&body)?.finish()
    },
    response: nothing,
});
