//! Permissions without the one who would have to grant them.

use chrono::NaiveDate;
use common_core::{effect::Effect, ident::Nip};
use common_http::{Auth, Info};
use http::Method;

use super::{ANONYMOUS, DESCRIPTION};
use crate::v2::{
    endpoint::{check_count, check_length, endpoint, nothing},
    permissions::{Identifier, identifier::code},
    wire,
};

/// `POST /testdata/permissions`: gives a subject permissions in the context of a taxpayer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a request does nothing until it is sent"]
pub struct GrantPermissions {
    context: Nip,
    subject: Identifier,
    permissions: Vec<(wire::TestDataPermissionType, String)>,
}

impl GrantPermissions {
    /// To that subject; without a permission it is refused.
    pub fn new(context: Nip, subject: impl Into<Identifier>) -> Self {
        Self { context, subject: subject.into(), permissions: Vec::new() }
    }

    /// Adds a permission, with a description of 5 to 256 characters.
    pub fn permission(
        mut self,
        permission: wire::TestDataPermissionType,
        description: impl Into<String>,
    ) -> Self {
        self.permissions.push((permission, description.into()));
        self
    }
}

endpoint!(GrantPermissions -> () {
    Info {
        name: "test_data.grant_permissions",
        method: Method::POST,
        path: "/testdata/permissions",
        effect: Effect::Once,
        auth: Auth::None,
        limit: ANONYMOUS,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |this, request| {
        check_count("permissions", this.permissions.len(), (1, usize::MAX))?;
        let mut permissions = Vec::new();
        for (permission, description) in &this.permissions {
            check_length("permissions.description", description, DESCRIPTION)?;
            permissions.push(wire::TestDataPermission::new(&**description, *permission));
        }
        let (subject, context) = (authorized(&this.subject), context(&this.context));
        let body = wire::TestDataPermissionsGrantRequest::new(subject, context, permissions);
        request.json(&body)?.finish()
    },
    response: nothing,
});

/// `POST /testdata/permissions/revoke`: takes all permissions of a subject in the context of a
/// taxpayer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokePermissions {
    context: Nip,
    subject: Identifier,
}

impl RevokePermissions {
    /// From that subject.
    pub fn new(context: Nip, subject: impl Into<Identifier>) -> Self {
        Self { context, subject: subject.into() }
    }
}

endpoint!(RevokePermissions -> () {
    Info {
        name: "test_data.revoke_permissions",
        method: Method::POST,
        path: "/testdata/permissions/revoke",
        effect: Effect::Once,
        auth: Auth::None,
        limit: ANONYMOUS,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |this, request| {
        let (subject, context) = (authorized(&this.subject), context(&this.context));
        request.json(&wire::TestDataPermissionsRevokeRequest::new(subject, context))?.finish()
    },
    response: nothing,
});

/// `POST /testdata/attachment`: lets a taxpayer send invoices with attachments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowAttachments(pub Nip);

endpoint!(AllowAttachments -> () {
    Info {
        name: "test_data.allow_attachments",
        method: Method::POST,
        path: "/testdata/attachment",
        effect: Effect::Idempotent,
        auth: Auth::None,
        limit: ANONYMOUS,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |this, request| {
        request.json(&wire::AttachmentPermissionGrantRequest::new(this.0.as_str()))?.finish()
    },
    response: nothing,
});

/// `POST /testdata/attachment/revoke`: forbids a taxpayer to send invoices with attachments.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a request does nothing until it is sent"]
pub struct ForbidAttachments {
    nip: Nip,
    end: Option<NaiveDate>,
}

impl ForbidAttachments {
    /// At once.
    pub fn new(nip: Nip) -> Self {
        Self { nip, end: None }
    }

    /// From that day on (`expectedEndDate`).
    pub fn end(mut self, day: NaiveDate) -> Self {
        self.end = Some(day);
        self
    }
}

endpoint!(ForbidAttachments -> () {
    Info {
        name: "test_data.forbid_attachments",
        method: Method::POST,
        path: "/testdata/attachment/revoke",
        effect: Effect::Idempotent,
        auth: Auth::None,
        limit: ANONYMOUS,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |this, request| {
        let mut body = wire::AttachmentPermissionRevokeRequest::new(this.nip.as_str());
        body.expected_end_date = this.end;
        request.json(&body)?.finish()
    },
    response: nothing,
});

fn authorized(subject: &Identifier) -> wire::TestDataAuthorizedIdentifier {
    let kind = code::<wire::TestDataAuthorizedIdentifierType>(subject.kind());
    wire::TestDataAuthorizedIdentifier::new(kind, subject.value())
}

fn context(nip: &Nip) -> wire::TestDataContextIdentifier {
    wire::TestDataContextIdentifier::new(wire::TestDataContextIdentifierType::Nip, nip.as_str())
}
