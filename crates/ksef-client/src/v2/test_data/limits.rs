//! Other limits for the current context and subject, and the usual ones again.

use common_core::effect::Effect;
use common_http::{Auth, BuildError, Info};
use http::Method;

use super::OTHER;
use crate::v2::{
    endpoint::{endpoint, nothing},
    wire,
};

/// Sizes and counts of the sessions of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Size of an invoice, in megabytes: 0 to 5.
    pub invoice_size: u32,
    /// Size of an invoice with attachments, in megabytes: 0 to 10.
    pub invoice_with_attachment_size: u32,
    /// Invoices in a session: 0 to 100,000.
    pub invoices: u32,
}

impl SessionLimits {
    fn check(self) -> Result<Self, BuildError> {
        within("maxInvoiceSizeInMB", self.invoice_size, (0, 5))?;
        within("maxInvoiceWithAttachmentSizeInMB", self.invoice_with_attachment_size, (0, 10))?;
        within("maxInvoices", self.invoices, (0, 100_000))?;
        Ok(self)
    }
}

fn within(field: &'static str, value: u32, (least, most): (u32, u32)) -> Result<(), BuildError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(BuildError::new(field, format!("must be {least} to {most}")))
}

/// `POST /testdata/limits/context/session`: sets what sessions of the current context may hold, and
/// how many invoices may be paid at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetSessionLimits {
    /// Interactive sessions.
    pub online: SessionLimits,
    /// Batch sessions.
    pub batch: SessionLimits,
    /// Invoices under one collective identifier: 2 to 5000.
    pub paid_together: u32,
}

endpoint!(SetSessionLimits -> () {
    Info {
        name: "test_data.set_session_limits",
        method: Method::POST,
        path: "/testdata/limits/context/session",
        effect: Effect::Idempotent,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |this, request| {
        let (online, batch) = (this.online.check()?, this.batch.check()?);
        within("collectiveIdentifier.maxInvoices", this.paid_together, (2, 5000))?;
        let body = wire::SetSessionLimitsRequest::new(
            wire::BatchSessionContextLimitsOverride::new(
                batch.invoice_size,
                batch.invoice_with_attachment_size,
                batch.invoices,
            ),
            wire::CollectiveIdentifierContextLimitsOverride::new(this.paid_together),
            wire::OnlineSessionContextLimitsOverride::new(
                online.invoice_size,
                online.invoice_with_attachment_size,
                online.invoices,
            ),
        );
        request.json(&body)?.finish()
    },
    response: nothing,
});

/// `DELETE /testdata/limits/context/session`: the usual limits of sessions again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetSessionLimits;

endpoint!(ResetSessionLimits -> () {
    Info {
        name: "test_data.reset_session_limits",
        method: Method::DELETE,
        path: "/testdata/limits/context/session",
        effect: Effect::Idempotent,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |_this, request| request.finish(),
    response: nothing,
});

/// `POST /testdata/limits/subject/certificate`: sets how many enrolments and certificates the
/// subject may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a request does nothing until it is sent"]
pub struct SetCertificateLimits {
    kind: Option<wire::SubjectIdentifierType>,
    enrollments: Option<u32>,
    certificates: Option<u32>,
}

impl SetCertificateLimits {
    /// Changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets by which kind of identifier the subject is taken.
    pub fn subject(mut self, kind: wire::SubjectIdentifierType) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Sets how many enrolments there may be.
    pub fn enrollments(mut self, count: u32) -> Self {
        self.enrollments = Some(count);
        self
    }

    /// Sets how many certificates there may be.
    pub fn certificates(mut self, count: u32) -> Self {
        self.certificates = Some(count);
        self
    }
}

endpoint!(SetCertificateLimits -> () {
    Info {
        name: "test_data.set_certificate_limits",
        method: Method::POST,
        path: "/testdata/limits/subject/certificate",
        effect: Effect::Idempotent,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |this, request| {
        let mut body = wire::SetSubjectLimitsRequest::new();
        body.subject_identifier_type = this.kind.map(Into::into);
        body.enrollment = this.enrollments.map(|count| {
            wire::EnrollmentSubjectLimitsOverride::new().max_enrollments(count.into())
        });
        body.certificate = this.certificates.map(|count| {
            wire::CertificateSubjectLimitsOverride::new().max_certificates(count.into())
        });
        request.json(&body)?.finish()
    },
    response: nothing,
});

/// `DELETE /testdata/limits/subject/certificate`: the usual limits of certificates again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetCertificateLimits;

endpoint!(ResetCertificateLimits -> () {
    Info {
        name: "test_data.reset_certificate_limits",
        method: Method::DELETE,
        path: "/testdata/limits/subject/certificate",
        effect: Effect::Idempotent,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |_this, request| request.finish(),
    response: nothing,
});

/// `POST /testdata/rate-limits`: sets how often each group of operations may be called in the
/// current context.
#[derive(Clone, Debug, PartialEq)]
pub struct SetRateLimits(pub wire::ApiRateLimitsOverride);

impl SetRateLimits {
    /// The same limits for every group, which can then be changed one by one.
    pub fn all(values: &wire::ApiRateLimitValuesOverride) -> Self {
        let values = || values.clone();
        Self(wire::ApiRateLimitsOverride {
            batch_session: values(),
            collective_identifier: values(),
            invoice_download: values(),
            invoice_export: values(),
            invoice_export_status: values(),
            invoice_metadata: values(),
            invoice_send: values(),
            invoice_status: values(),
            online_session: values(),
            other: values(),
            session_invoice_list: values(),
            session_list: values(),
            session_misc: values(),
        })
    }
}

endpoint!(SetRateLimits -> () {
    Info {
        name: "test_data.set_rate_limits",
        method: Method::POST,
        path: "/testdata/rate-limits",
        effect: Effect::Idempotent,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |this, request| {
        request.json(&wire::SetRateLimitsRequest::new(this.0.clone()))?.finish()
    },
    response: nothing,
});

/// `DELETE /testdata/rate-limits`: the environment's usual rates again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetRateLimits;

endpoint!(ResetRateLimits -> () {
    Info {
        name: "test_data.reset_rate_limits",
        method: Method::DELETE,
        path: "/testdata/rate-limits",
        effect: Effect::Idempotent,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |_this, request| request.finish(),
    response: nothing,
});

/// `POST /testdata/rate-limits/production`: the rates of production.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UseProductionRateLimits;

endpoint!(UseProductionRateLimits -> () {
    Info {
        name: "test_data.use_production_rate_limits",
        method: Method::POST,
        path: "/testdata/rate-limits/production",
        effect: Effect::Idempotent,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |_this, request| request.finish(),
    response: nothing,
});
