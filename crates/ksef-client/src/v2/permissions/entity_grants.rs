//! Grants to other taxpayers and to Peppol providers (KSeF 2.0 facts §11).

use common_core::{effect::Effect, ident::Nip};
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::PeppolId;

use crate::v2::{
    endpoint::{check_count, check_length, endpoint},
    permissions::{DESCRIPTION, OTHER, PERMISSIONS},
    wire,
};

/// Full names of entities, in characters.
const FULL_NAME: (usize, usize) = (5, 90);

/// `POST /permissions/entities/grants`: lets another taxpayer handle the invoices of the current
/// context; needs `CredentialsManage`.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a request does nothing until it is sent"]
pub struct GrantEntity {
    nip: Nip,
    full_name: String,
    permissions: Vec<wire::EntityPermission>,
    description: String,
}

impl GrantEntity {
    /// To that taxpayer: full name of 5 to 90 characters, description of 5 to 256. Without a
    /// permission it is refused.
    pub fn new(nip: Nip, full_name: impl Into<String>, description: impl Into<String>) -> Self {
        let (full_name, description) = (full_name.into(), description.into());
        Self { nip, full_name, permissions: Vec::new(), description }
    }

    /// Gives a permission that stays with the taxpayer.
    pub fn permission(self, permission: wire::EntityPermissionType) -> Self {
        self.with(permission, false)
    }

    /// Gives a permission that the taxpayer may pass on to people, by [`GrantIndirect`](super::GrantIndirect).
    pub fn delegable_permission(self, permission: wire::EntityPermissionType) -> Self {
        self.with(permission, true)
    }

    fn with(mut self, permission: wire::EntityPermissionType, can_delegate: bool) -> Self {
        self.permissions.push(wire::EntityPermission::new(permission).can_delegate(can_delegate));
        self
    }
}

endpoint!(GrantEntity -> wire::PermissionsOperationResponse {
    Info {
        name: "permissions.grant_entity",
        method: Method::POST,
        path: "/permissions/entities/grants",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    request: |this, request| {
        check_length("description", &this.description, DESCRIPTION)?;
        check_length("fullName", &this.full_name, FULL_NAME)?;
        check_count("permissions", this.permissions.len(), PERMISSIONS)?;
        let nip = wire::EntityPermissionsSubjectIdentifierType::Nip;
        let body = wire::EntityPermissionsGrantRequest::new(
            &*this.description,
            this.permissions.clone(),
            wire::EntityDetails::new(&*this.full_name),
            wire::EntityPermissionsSubjectIdentifier::new(nip, this.nip.as_str()),
        );
        request.json(&body)?.finish()
    },
});

/// What an entity may be authorised to, and who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authorization {
    /// A buyer issues invoices in the seller's name (`SelfInvoicing`).
    SelfInvoicing(Nip),
    /// A buyer issues invoices for a farmer who pays a flat rate (`RRInvoicing`).
    FlatRateInvoicing(Nip),
    /// A tax representative issues invoices (`TaxRepresentative`).
    TaxRepresentative(Nip),
    /// A Peppol provider issues invoices (`PefInvoicing`).
    PefInvoicing(PeppolId),
}

/// `POST /permissions/authorizations/grants`: authorises another entity to issue invoices for the
/// current context; needs `CredentialsManage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantAuthorization {
    authorization: Authorization,
    full_name: String,
    description: String,
}

impl GrantAuthorization {
    /// That authorisation: full name of the entity with 5 to 90 characters, description with 5 to
    /// 256.
    pub fn new(
        authorization: Authorization,
        full_name: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        Self { authorization, full_name: full_name.into(), description: description.into() }
    }
}

endpoint!(GrantAuthorization -> wire::PermissionsOperationResponse {
    Info {
        name: "permissions.grant_authorization",
        method: Method::POST,
        path: "/permissions/authorizations/grants",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    request: |this, request| {
        use wire::{
            EntityAuthorizationPermissionType as Permission,
            EntityAuthorizationPermissionsSubjectIdentifierType as Kind,
        };

        check_length("description", &this.description, DESCRIPTION)?;
        check_length("fullName", &this.full_name, FULL_NAME)?;
        let (permission, kind, value) = match &this.authorization {
            Authorization::SelfInvoicing(nip) => (Permission::SelfInvoicing, Kind::Nip, nip.as_str()),
            Authorization::FlatRateInvoicing(nip) => (Permission::RrInvoicing, Kind::Nip, nip.as_str()),
            Authorization::TaxRepresentative(nip) => {
                (Permission::TaxRepresentative, Kind::Nip, nip.as_str())
            }
            Authorization::PefInvoicing(id) => (Permission::PefInvoicing, Kind::PeppolId, id.as_str()),
        };
        let body = wire::EntityAuthorizationPermissionsGrantRequest::new(
            &*this.description,
            permission,
            wire::EntityDetails::new(&*this.full_name),
            wire::EntityAuthorizationPermissionsSubjectIdentifier::new(kind, value),
        );
        request.json(&body)?.finish()
    },
});
