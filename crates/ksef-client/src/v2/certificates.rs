//! KSeF certificates: requesting, retrieving, listing and revoking them (KSeF 2.0 facts §12.2).
//!
//! They belong to the subject that has logged in, not to a context, and hold no permissions. Only a
//! login with a signature can request one. With the feature `csr`, `Account::request_certificate` does
//! all steps; [`Account::enroll`] sends a request that was made elsewhere. Both give an
//! [`Enrollment`], which waits for the certificate and can be resumed by its number.
//!
//! [`Account::enroll`]: crate::v2::Account::enroll

mod enrollment;
#[cfg(feature = "csr")]
mod request;
mod subject;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use common_core::effect::Effect;
use common_http::{Auth, BuildError, Info, Paged};
use http::Method;
use ksef_crypto::number::{CertificateSerial, ReferenceNumber};

use crate::v2::{
    api::LimitGroup,
    endpoint::{
        Page, PageSizes, RequestExt, check_count, check_length, counted, endpoint, nothing,
        page_setters,
    },
    wire,
};

pub use enrollment::{Enrollment, EnrollmentProgress};
#[cfg(feature = "csr")]
pub use request::NewCertificate;
pub use subject::subject;

const OTHER: &str = LimitGroup::Other.name();
const SIZES: PageSizes = PageSizes(50);
const NAME: (usize, usize) = (5, 100);
/// Certificates in one answer.
const RETRIEVED: (usize, usize) = (1, 10);

/// `GET /certificates/limits`: whether the subject may request another certificate, and how many
/// enrolments and certificates it has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits;

endpoint!(Limits -> wire::CertificateLimitsResponse {
    Info {
        name: "certificates.limits",
        method: Method::GET,
        path: "/certificates/limits",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.2",
    },
    request: |_this, request| request.finish(),
});

/// `GET /certificates/enrollments/data`: the attributes that the subject of a certificate request
/// must have, no more and no less; [`subject`] puts them in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnrollmentData;

endpoint!(EnrollmentData -> wire::CertificateEnrollmentDataResponse {
    Info {
        name: "certificates.enrollment_data",
        method: Method::GET,
        path: "/certificates/enrollments/data",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.2",
    },
    request: |_this, request| request.finish(),
});

/// `POST /certificates/enrollments`: requests a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a request does nothing until it is sent"]
pub struct Enroll {
    name: String,
    kind: wire::KsefCertificateType,
    csr: String,
    valid_from: Option<DateTime<Utc>>,
}

impl Enroll {
    /// A certificate of that kind: one for logins or one for verification links, never for both.
    ///
    /// The name has 5 to 100 characters: letters, Polish ones included, digits, `_`, `-` and spaces.
    /// The request is one of PKCS#10 in DER, made by `ksef_crypto::csr` or where the key is.
    pub fn new(
        name: impl Into<String>,
        kind: wire::KsefCertificateType,
        request: impl AsRef<[u8]>,
    ) -> Self {
        Self { name: name.into(), kind, csr: STANDARD.encode(request), valid_from: None }
    }

    /// Sets when its validity begins; at its issue without it.
    pub fn valid_from(mut self, time: DateTime<Utc>) -> Self {
        self.valid_from = Some(time);
        self
    }
}

endpoint!(Enroll -> wire::EnrollCertificateResponse {
    Info {
        name: "certificates.enroll",
        method: Method::POST,
        path: "/certificates/enrollments",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.2",
    },
    request: |this, request| {
        check_name(&this.name)?;
        let mut body = wire::EnrollCertificateRequest::new(&*this.name, this.kind, &*this.csr);
        body.valid_from = this.valid_from;
        request.json(&body)?.finish()
    },
});

/// `GET /certificates/enrollments/{referenceNumber}`: how far an enrolment has come; gone after 30
/// days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrollmentStatus(pub ReferenceNumber);

endpoint!(EnrollmentStatus -> wire::CertificateEnrollmentStatusResponse {
    Info {
        name: "certificates.enrollment_status",
        method: Method::GET,
        path: "/certificates/enrollments/{referenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §8",
    },
    request: |this, request| request.param("referenceNumber", &this.0)?.finish(),
});

/// `POST /certificates/retrieve`: certificates by their serial numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrieve(Vec<CertificateSerial>);

impl Retrieve {
    /// 1 to 10 certificates.
    pub fn new(serials: impl IntoIterator<Item = CertificateSerial>) -> Self {
        Self(serials.into_iter().collect())
    }
}

endpoint!(Retrieve -> wire::RetrieveCertificatesResponse {
    Info {
        name: "certificates.retrieve",
        method: Method::POST,
        path: "/certificates/retrieve",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.2",
    },
    request: |this, request| {
        check_count("certificateSerialNumbers", this.0.len(), RETRIEVED)?;
        let serials = this.0.iter().map(ToString::to_string).collect();
        request.json(&wire::RetrieveCertificatesRequest::new(serials))?.finish()
    },
});

/// `POST /certificates/{certificateSerialNumber}/revoke`: revokes a certificate for good.
///
/// When the outcome is unknown, repeat it: a certificate that is revoked already answers 25009.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a request does nothing until it is sent"]
pub struct Revoke {
    serial: CertificateSerial,
    reason: Option<wire::CertificateRevocationReason>,
}

impl Revoke {
    /// Revokes that certificate without giving a reason.
    pub fn new(serial: CertificateSerial) -> Self {
        Self { serial, reason: None }
    }

    /// Gives a reason.
    pub fn reason(mut self, reason: wire::CertificateRevocationReason) -> Self {
        self.reason = Some(reason);
        self
    }
}

endpoint!(Revoke -> () {
    Info {
        name: "certificates.revoke",
        method: Method::POST,
        path: "/certificates/{certificateSerialNumber}/revoke",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.2",
    },
    request: |this, request| {
        let mut body = wire::RevokeCertificateRequest::new();
        body.revocation_reason = this.reason.map(Into::into);
        request.param("certificateSerialNumber", &this.serial)?.json(&body)?.finish()
    },
    response: nothing,
});

/// `POST /certificates/query`: the subject's certificates, in pages of 10 to 50 rows.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    filter: wire::QueryCertificatesRequest,
    page: Page,
}

impl List {
    /// All of them, 50 rows to a page.
    pub fn new() -> Self {
        Self { filter: wire::QueryCertificatesRequest::new(), page: Page::first(SIZES) }
    }

    /// Only that one.
    #[must_use]
    pub fn serial(mut self, serial: &CertificateSerial) -> Self {
        self.filter.certificate_serial_number = Some(serial.to_string());
        self
    }

    /// Only those of that name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.filter.name = Some(name.into());
        self
    }

    /// Only those of that kind.
    #[must_use]
    pub fn kind(mut self, kind: wire::KsefCertificateType) -> Self {
        self.filter.kind = Some(kind.into());
        self
    }

    /// Only those in that state.
    #[must_use]
    pub fn state(mut self, state: wire::CertificateListItemStatus) -> Self {
        self.filter.status = Some(state.into());
        self
    }

    /// Only those that are valid until after that time.
    #[must_use]
    pub fn expires_after(mut self, time: DateTime<Utc>) -> Self {
        self.filter.expires_after = Some(time);
        self
    }
}

impl Default for List {
    fn default() -> Self {
        Self::new()
    }
}

page_setters!(List: page);

endpoint!(List -> wire::QueryCertificatesResponse {
    Info {
        name: "certificates.list",
        method: Method::POST,
        path: "/certificates/query",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.2",
    },
    request: |this, request| request.page(this.page, SIZES)?.json(&this.filter)?.finish(),
    response: counted,
});

impl Paged for List {
    type Item = wire::CertificateListItem;

    fn items(page: Self::Response) -> Vec<Self::Item> {
        page.certificates
    }

    fn next(&self, page: &Self::Response) -> Option<Self> {
        let page = self.page.after(page.has_more)?;
        Some(Self { page, ..self.clone() })
    }
}

/// The service answers names outside its pattern with a bare 400, so they are found out here.
fn check_name(name: &str) -> Result<(), BuildError> {
    check_length("certificateName", name, NAME)?;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_- ąćęłńóśźżĄĆĘŁŃÓŚŹŻ".contains(c);
    if name.chars().all(is_allowed) {
        return Ok(());
    }
    Err(BuildError::new("certificateName", "must be letters, digits, `_`, `-` and spaces"))
}

#[cfg(test)]
mod tests;
