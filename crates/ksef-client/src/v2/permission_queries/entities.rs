//! Permissions, authorisations and roles of entities.

use common_core::{effect::Effect, ident::Nip};
use common_http::{Auth, Info, Paged};
use http::Method;
use ksef_crypto::number::NipVatUe;

use crate::v2::{
    endpoint::{Page, RequestExt, counted, endpoint, page_setters},
    permission_queries::{OTHER, SIZES, known, query},
    permissions::{Entity, Fingerprint, Unit, identifier::code},
    wire,
};

/// `POST /permissions/query/entities/grants`: what other taxpayers let the current context do with
/// their invoices; needs `CredentialsManage` or `CredentialsRead`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entities {
    filter: wire::EntityPermissionsQueryRequest,
    page: Page,
}

impl Entities {
    /// All of it, 100 rows to a page.
    pub fn new() -> Self {
        let filter = wire::EntityPermissionsQueryRequest::new();
        Self { filter, page: Page::first(SIZES) }
    }

    /// Only in that context.
    #[must_use]
    pub fn context(mut self, context: &Unit) -> Self {
        let kind = code::<wire::EntityPermissionsContextIdentifierType>(context.kind());
        let context = wire::EntityPermissionsContextIdentifier::new(kind, context.value());
        self.filter.context_identifier = Some(context);
        self
    }
}

impl Default for Entities {
    fn default() -> Self {
        Self::new()
    }
}

query!(
    Entities -> QueryEntityPermissionsResponse.permissions: EntityPermissionItem,
    Info {
        name: "permission_queries.entities",
        method: Method::POST,
        path: "/permissions/query/entities/grants",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    filter
);

/// `GET /permissions/query/entities/roles`: the roles of the current context, as bailiff or VAT
/// group; needs `CredentialsManage` or `CredentialsRead`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityRoles {
    page: Page,
}

impl EntityRoles {
    /// All of them, 100 rows to a page.
    pub fn new() -> Self {
        Self { page: Page::first(SIZES) }
    }
}

impl Default for EntityRoles {
    fn default() -> Self {
        Self::new()
    }
}

page_setters!(EntityRoles: page);

endpoint!(EntityRoles -> wire::QueryEntityRolesResponse {
    Info {
        name: "permission_queries.entity_roles",
        method: Method::GET,
        path: "/permissions/query/entities/roles",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    request: |this, request| request.page(this.page, SIZES)?.finish(),
    response: counted,
});

impl Paged for EntityRoles {
    type Item = wire::EntityRole;

    fn items(page: Self::Response) -> Vec<Self::Item> {
        page.roles
    }

    fn next(&self, page: &Self::Response) -> Option<Self> {
        Some(Self { page: self.page.after(page.has_more)? })
    }
}

/// `POST /permissions/query/subordinate-entities/roles`: the entities that are subordinate to the
/// current context; needs `CredentialsManage`, `CredentialsRead` or `SubunitManage`.
#[derive(Clone, Debug, PartialEq)]
pub struct SubordinateRoles {
    filter: wire::SubordinateEntityRolesQueryRequest,
    page: Page,
}

impl SubordinateRoles {
    /// All of them, 100 rows to a page.
    pub fn new() -> Self {
        let filter = wire::SubordinateEntityRolesQueryRequest::new();
        Self { filter, page: Page::first(SIZES) }
    }

    /// Only that one.
    #[must_use]
    pub fn entity(mut self, nip: &Nip) -> Self {
        let kind = wire::EntityPermissionsSubordinateEntityIdentifierType::Nip;
        let entity = wire::EntityPermissionsSubordinateEntityIdentifier::new(kind, nip.as_str());
        self.filter.subordinate_entity_identifier = Some(entity);
        self
    }
}

impl Default for SubordinateRoles {
    fn default() -> Self {
        Self::new()
    }
}

query!(
    SubordinateRoles -> QuerySubordinateEntityRolesResponse.roles: SubordinateEntityRole,
    Info {
        name: "permission_queries.subordinate_roles",
        method: Method::POST,
        path: "/permissions/query/subordinate-entities/roles",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    filter
);

/// `POST /permissions/query/authorizations/grants`: authorisations between entities; needs
/// `CredentialsManage`, `CredentialsRead` or `PefInvoiceWrite`.
#[derive(Clone, Debug, PartialEq)]
pub struct Authorizations {
    filter: wire::EntityAuthorizationPermissionsQueryRequest,
    page: Page,
}

impl Authorizations {
    /// What the current context has given to others, 100 rows to a page.
    pub fn granted() -> Self {
        Self::of(wire::QueryType::Granted)
    }

    /// What others have given to the current context, 100 rows to a page.
    pub fn received() -> Self {
        Self::of(wire::QueryType::Received)
    }

    fn of(kind: wire::QueryType) -> Self {
        let filter = wire::EntityAuthorizationPermissionsQueryRequest::new(kind);
        Self { filter, page: Page::first(SIZES) }
    }

    /// Only those given by that taxpayer.
    #[must_use]
    pub fn authorizing(mut self, nip: &Nip) -> Self {
        self.filter.authorizing_identifier =
            Some(wire::EntityAuthorizationsAuthorizingEntityIdentifier {
                kind: Some(code("Nip")),
                value: Some(nip.to_string()),
            });
        self
    }

    /// Only those given to that entity.
    #[must_use]
    pub fn authorized(mut self, entity: &Entity) -> Self {
        let kind = code::<wire::EntityAuthorizationsAuthorizedEntityIdentifierType>(entity.kind());
        let entity =
            wire::EntityAuthorizationsAuthorizedEntityIdentifier::new(kind, entity.value());
        self.filter.authorized_identifier = Some(entity);
        self
    }

    /// Only authorisations of those kinds.
    #[must_use]
    pub fn permissions(
        mut self,
        permissions: impl IntoIterator<Item = wire::InvoicePermissionType>,
    ) -> Self {
        self.filter.permission_types = known(permissions);
        self
    }
}

query!(
    Authorizations ->
        QueryEntityAuthorizationPermissionsResponse.authorization_grants: EntityAuthorizationGrant,
    Info {
        name: "permission_queries.authorizations",
        method: Method::POST,
        path: "/permissions/query/authorizations/grants",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    filter
);

/// `POST /permissions/query/eu-entities/grants`: permissions of entities from other countries of
/// the European Union; needs `CredentialsManage`, `CredentialsRead` or `VatUeManage`.
#[derive(Clone, Debug, PartialEq)]
pub struct EuEntities {
    filter: wire::EuEntityPermissionsQueryRequest,
    page: Page,
}

impl EuEntities {
    /// All of them, 100 rows to a page.
    pub fn new() -> Self {
        let filter = wire::EuEntityPermissionsQueryRequest::new();
        Self { filter, page: Page::first(SIZES) }
    }

    /// Only those of that entity, whose VAT number counts.
    #[must_use]
    pub fn entity(mut self, entity: &NipVatUe) -> Self {
        self.filter.vat_ue_identifier = Some(entity.vat().to_owned());
        self
    }

    /// Only those of that certificate.
    #[must_use]
    pub fn subject(mut self, fingerprint: &Fingerprint) -> Self {
        self.filter.authorized_fingerprint_identifier = Some(fingerprint.to_string());
        self
    }

    /// Only those permissions.
    #[must_use]
    pub fn permissions(
        mut self,
        permissions: impl IntoIterator<Item = wire::EuEntityPermissionsQueryPermissionType>,
    ) -> Self {
        self.filter.permission_types = known(permissions);
        self
    }
}

impl Default for EuEntities {
    fn default() -> Self {
        Self::new()
    }
}

query!(
    EuEntities -> QueryEuEntityPermissionsResponse.permissions: EuEntityPermission,
    Info {
        name: "permission_queries.eu_entities",
        method: Method::POST,
        path: "/permissions/query/eu-entities/grants",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    filter
);
