//! Taking permissions back, the state of a change, and whether attachments are allowed (KSeF 2.0
//! facts §11).

use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::ReferenceNumber;

use crate::v2::{
    endpoint::endpoint,
    permissions::{OTHER, PermissionId},
    wire,
};

/// `DELETE /permissions/common/grants/{permissionId}`: takes a permission back that is no
/// authorisation; needs `CredentialsManage`, `VatUeManage` or `SubunitManage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoke(pub PermissionId);

endpoint!(Revoke -> wire::PermissionsOperationResponse {
    Info {
        name: "permissions.revoke",
        method: Method::DELETE,
        path: "/permissions/common/grants/{permissionId}",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    request: |this, request| request.param("permissionId", &this.0)?.finish(),
});

/// `DELETE /permissions/authorizations/grants/{permissionId}`: takes an authorisation back; needs
/// `CredentialsManage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeAuthorization(pub PermissionId);

endpoint!(RevokeAuthorization -> wire::PermissionsOperationResponse {
    Info {
        name: "permissions.revoke_authorization",
        method: Method::DELETE,
        path: "/permissions/authorizations/grants/{permissionId}",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    request: |this, request| request.param("permissionId", &this.0)?.finish(),
});

/// `GET /permissions/operations/{referenceNumber}`: how far a grant or a revocation has come; gone
/// after 30 days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationStatus(pub ReferenceNumber);

endpoint!(OperationStatus -> wire::PermissionsOperationStatusResponse {
    Info {
        name: "permissions.operation_status",
        method: Method::GET,
        path: "/permissions/operations/{referenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §8",
    },
    request: |this, request| request.param("referenceNumber", &this.0)?.finish(),
});

/// `GET /permissions/attachments/status`: whether the context may send invoices with attachments,
/// which its taxpayer announces outside of KSeF; needs `CredentialsManage` or `CredentialsRead`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachmentStatus;

endpoint!(AttachmentStatus -> wire::CheckAttachmentPermissionStatusResponse {
    Info {
        name: "permissions.attachment_status",
        method: Method::GET,
        path: "/permissions/attachments/status",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §7",
    },
    request: |_this, request| request.finish(),
});
