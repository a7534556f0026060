//! Grants to people: in the current context, for its partners, and for its subunits (KSeF 2.0 facts
//! §11).

use common_core::{effect::Effect, ident::Nip};
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::InternalId;

use crate::v2::{
    endpoint::{check_length, endpoint},
    permissions::{
        DESCRIPTION, OTHER,
        identifier::{Target, code},
        known,
        subject::Person,
    },
    wire,
};

/// `POST /permissions/persons/grants`: gives a person permissions in the current context; needs
/// `CredentialsManage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantPerson {
    person: Person,
    permissions: Vec<wire::PersonPermissionType>,
    description: String,
}

impl GrantPerson {
    /// Those permissions, at least one; the description has 5 to 256 characters.
    pub fn new(
        person: Person,
        permissions: impl IntoIterator<Item = wire::PersonPermissionType>,
        description: impl Into<String>,
    ) -> Self {
        let permissions = permissions.into_iter().collect();
        Self { person, permissions, description: description.into() }
    }
}

endpoint!(GrantPerson -> wire::PermissionsOperationResponse {
    Info {
        name: "permissions.grant_person",
        method: Method::POST,
        path: "/permissions/persons/grants",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    request: |this, request| {
        check_length("description", &this.description, DESCRIPTION)?;
        let subject = this.person.identifier();
        let subject = wire::PersonPermissionsSubjectIdentifier::new(
            code::<wire::PersonPermissionsSubjectIdentifierType>(subject.kind()),
            subject.value(),
        );
        let permissions = known(&this.permissions)?;
        let details = this.person.details()?;
        let body = wire::PersonPermissionsGrantRequest::new(
            &*this.description, permissions, details, subject,
        );
        request.json(&body)?.finish()
    },
});

/// `POST /permissions/indirect/grants`: passes permissions that partners have given to the current
/// context on to a person; needs `CredentialsManage`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a request does nothing until it is sent"]
pub struct GrantIndirect {
    person: Person,
    target: Option<Target>,
    permissions: Vec<wire::IndirectPermissionType>,
    description: String,
}

impl GrantIndirect {
    /// Those permissions, at least one, for no partner in particular; the description has 5 to 256
    /// characters.
    pub fn new(
        person: Person,
        permissions: impl IntoIterator<Item = wire::IndirectPermissionType>,
        description: impl Into<String>,
    ) -> Self {
        let permissions = permissions.into_iter().collect();
        Self { person, target: None, permissions, description: description.into() }
    }

    /// Sets whose invoices they are about.
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }
}

endpoint!(GrantIndirect -> wire::PermissionsOperationResponse {
    Info {
        name: "permissions.grant_indirect",
        method: Method::POST,
        path: "/permissions/indirect/grants",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    request: |this, request| {
        check_length("description", &this.description, DESCRIPTION)?;
        let subject = this.person.identifier();
        let subject = wire::IndirectPermissionsSubjectIdentifier::new(
            code::<wire::IndirectPermissionsSubjectIdentifierType>(subject.kind()),
            subject.value(),
        );
        let permissions = known(&this.permissions)?;
        let details = this.person.details()?;
        let mut body = wire::IndirectPermissionsGrantRequest::new(
            &*this.description, permissions, details, subject,
        );
        body.target_identifier = this.target.as_ref().map(|target| {
            let kind = code::<wire::IndirectPermissionsTargetIdentifierType>(target.kind());
            let mut identifier = wire::IndirectPermissionsTargetIdentifier::new(kind);
            identifier.value = target.value();
            identifier
        });
        request.json(&body)?.finish()
    },
});

/// A part of the current taxpayer that gets an administrator of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subunit {
    /// A unit of local government or a member of a VAT group, which has a NIP.
    Member(Nip),
    /// A part with an internal identifier, and its name of 5 to 256 characters.
    Internal(InternalId, String),
}

/// `POST /permissions/subunits/grants`: makes a person the administrator (`CredentialsManage`) of a
/// subunit; needs `SubunitManage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantSubunit {
    person: Person,
    subunit: Subunit,
    description: String,
}

impl GrantSubunit {
    /// The administrator of that subunit; the description has 5 to 256 characters.
    pub fn new(person: Person, subunit: Subunit, description: impl Into<String>) -> Self {
        Self { person, subunit, description: description.into() }
    }
}

endpoint!(GrantSubunit -> wire::PermissionsOperationResponse {
    Info {
        name: "permissions.grant_subunit",
        method: Method::POST,
        path: "/permissions/subunits/grants",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    request: |this, request| {
        use wire::SubunitPermissionsContextIdentifierType as Kind;

        check_length("description", &this.description, DESCRIPTION)?;
        let (kind, value, name) = match &this.subunit {
            Subunit::Member(nip) => (Kind::Nip, nip.as_str(), None),
            Subunit::Internal(id, name) => (Kind::InternalId, id.as_str(), Some(name)),
        };
        let subject = this.person.identifier();
        let subject = wire::SubunitPermissionsSubjectIdentifier::new(
            code::<wire::SubunitPermissionsSubjectIdentifierType>(subject.kind()),
            subject.value(),
        );
        let mut body = wire::SubunitPermissionsGrantRequest::new(
            wire::SubunitPermissionsContextIdentifier::new(kind, value),
            &*this.description,
            this.person.details()?,
            subject,
        );
        if let Some(name) = name {
            check_length("subunitName", name, DESCRIPTION)?;
            body.subunit_name = Some(name.clone());
        }
        request.json(&body)?.finish()
    },
});
