//! Permissions of people: one's own, those of others, and those of administrators of subunits.

use common_core::effect::Effect;
use common_http::{Auth, Info, Paged};
use http::Method;

use crate::v2::{
    endpoint::{Page, RequestExt, endpoint, page_setters},
    permission_queries::{OTHER, SIZES, known, query},
    permissions::{Identifier, Target, Unit, identifier::code},
    wire,
};

/// `POST /permissions/query/personal/grants`: what the login itself may do.
///
/// An owner of the context holds everything without a grant: each page lists that as
/// `owner_permissions`.
#[derive(Clone, Debug, PartialEq)]
pub struct Personal {
    filter: wire::PersonalPermissionsQueryRequest,
    page: Page,
}

impl Personal {
    /// All of it, 100 rows to a page.
    pub fn new() -> Self {
        let filter = wire::PersonalPermissionsQueryRequest::new();
        Self { filter, page: Page::first(SIZES) }
    }

    /// Only in that context.
    #[must_use]
    pub fn context(mut self, context: &Unit) -> Self {
        let kind = code::<wire::PersonalPermissionsContextIdentifierType>(context.kind());
        let context = wire::PersonalPermissionsContextIdentifier::new(kind, context.value());
        self.filter.context_identifier = Some(context);
        self
    }

    /// Only about the invoices of that partner.
    #[must_use]
    pub fn target(mut self, target: &Target) -> Self {
        let kind = code::<wire::PersonalPermissionsTargetIdentifierType>(target.kind());
        let mut identifier = wire::PersonalPermissionsTargetIdentifier::new(kind);
        identifier.value = target.value();
        self.filter.target_identifier = Some(identifier);
        self
    }

    /// Only those permissions.
    #[must_use]
    pub fn permissions(
        mut self,
        permissions: impl IntoIterator<Item = wire::PersonalPermissionType>,
    ) -> Self {
        self.filter.permission_types = known(permissions);
        self
    }

    /// Only those that are in force, or only those that are not.
    #[must_use]
    pub fn state(mut self, state: wire::PermissionState) -> Self {
        self.filter.permission_state = Some(state.into());
        self
    }
}

impl Default for Personal {
    fn default() -> Self {
        Self::new()
    }
}

query!(
    Personal -> QueryPersonalPermissionsResponse.permissions: PersonalPermission,
    Info {
        name: "permission_queries.personal",
        method: Method::POST,
        path: "/permissions/query/personal/grants",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    filter
);

/// Who has given a permission.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Author {
    /// A subject.
    Subject(Identifier),
    /// The service itself.
    System,
}

/// `POST /permissions/query/persons/grants`: what people may do; needs `CredentialsManage`,
/// `CredentialsRead` or `SubunitManage`.
#[derive(Clone, Debug, PartialEq)]
pub struct Persons {
    filter: wire::PersonPermissionsQueryRequest,
    page: Page,
}

impl Persons {
    /// Permissions that are valid in the current context, 100 rows to a page.
    pub fn in_context() -> Self {
        Self::of(wire::PersonPermissionsQueryType::PermissionsInCurrentContext)
    }

    /// Permissions that were granted in the current context, wherever they are valid, 100 rows to a
    /// page.
    pub fn granted_in_context() -> Self {
        Self::of(wire::PersonPermissionsQueryType::PermissionsGrantedInCurrentContext)
    }

    fn of(kind: wire::PersonPermissionsQueryType) -> Self {
        let filter = wire::PersonPermissionsQueryRequest::new(kind);
        Self { filter, page: Page::first(SIZES) }
    }

    /// Only those that that author has given.
    #[must_use]
    pub fn author(mut self, author: &Author) -> Self {
        use wire::PersonPermissionsAuthorIdentifierType as Kind;

        let (kind, value) = match author {
            Author::Subject(subject) => (subject.kind(), Some(subject.value().to_owned())),
            Author::System => ("System", None),
        };
        let mut identifier = wire::PersonPermissionsAuthorIdentifier::new(code::<Kind>(kind));
        identifier.value = value;
        self.filter.author_identifier = Some(identifier);
        self
    }

    /// Only those of that subject.
    #[must_use]
    pub fn subject(mut self, subject: &Identifier) -> Self {
        let kind = code::<wire::PersonPermissionsAuthorizedIdentifierType>(subject.kind());
        let subject = wire::PersonPermissionsAuthorizedIdentifier::new(kind, subject.value());
        self.filter.authorized_identifier = Some(subject);
        self
    }

    /// Only in that context.
    #[must_use]
    pub fn context(mut self, context: &Unit) -> Self {
        let kind = code::<wire::PersonPermissionsContextIdentifierType>(context.kind());
        let context = wire::PersonPermissionsContextIdentifier::new(kind, context.value());
        self.filter.context_identifier = Some(context);
        self
    }

    /// Only about the invoices of that partner.
    #[must_use]
    pub fn target(mut self, target: &Target) -> Self {
        let kind = code::<wire::PersonPermissionsTargetIdentifierType>(target.kind());
        let mut identifier = wire::PersonPermissionsTargetIdentifier::new(kind);
        identifier.value = target.value();
        self.filter.target_identifier = Some(identifier);
        self
    }

    /// Only those permissions.
    #[must_use]
    pub fn permissions(
        mut self,
        permissions: impl IntoIterator<Item = wire::PersonPermissionType>,
    ) -> Self {
        self.filter.permission_types = known(permissions);
        self
    }

    /// Only those that are in force, or only those that are not.
    #[must_use]
    pub fn state(mut self, state: wire::PermissionState) -> Self {
        self.filter.permission_state = Some(state.into());
        self
    }
}

query!(
    Persons -> QueryPersonPermissionsResponse.permissions: PersonPermission,
    Info {
        name: "permission_queries.persons",
        method: Method::POST,
        path: "/permissions/query/persons/grants",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    filter
);

/// `POST /permissions/query/subunits/grants`: the administrators of subunits; needs
/// `CredentialsManage`, `CredentialsRead` or `SubunitManage`.
#[derive(Clone, Debug, PartialEq)]
pub struct Subunits {
    filter: wire::SubunitPermissionsQueryRequest,
    page: Page,
}

impl Subunits {
    /// Those of all subunits, 100 rows to a page.
    pub fn new() -> Self {
        let filter = wire::SubunitPermissionsQueryRequest::new();
        Self { filter, page: Page::first(SIZES) }
    }

    /// Only those of that subunit.
    #[must_use]
    pub fn subunit(mut self, subunit: &Unit) -> Self {
        let kind = code::<wire::SubunitPermissionsSubunitIdentifierType>(subunit.kind());
        let subunit = wire::SubunitPermissionsSubunitIdentifier::new(kind, subunit.value());
        self.filter.subunit_identifier = Some(subunit);
        self
    }
}

impl Default for Subunits {
    fn default() -> Self {
        Self::new()
    }
}

query!(
    Subunits -> QuerySubunitPermissionsResponse.permissions: SubunitPermission,
    Info {
        name: "permission_queries.subunits",
        method: Method::POST,
        path: "/permissions/query/subunits/grants",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    filter
);
