//! Grants about entities from other countries of the European Union (KSeF 2.0 facts §11).

use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::NipVatUe;

use crate::v2::{
    endpoint::{check_length, endpoint},
    permissions::{
        DESCRIPTION, OTHER, known,
        subject::{EuSubject, Place},
    },
    wire,
};

/// An entity of the European Union that issues invoices as its own bill in a Polish seller's name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it is an input of a grant"]
pub struct EuEntity {
    place: Place,
    name: Option<String>,
}

impl EuEntity {
    /// That entity: full name of up to 100 characters, address of up to 512.
    pub fn new(full_name: impl Into<String>, address: impl Into<String>) -> Self {
        let place = Place { full_name: full_name.into(), address: address.into() };
        Self { place, name: None }
    }

    /// Sets the short name of 5 to 256 characters, which is `full name, address` without it.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// `POST /permissions/eu-entities/administration/grants`: makes somebody the administrator of an
/// entity of the European Union (`VatUeManage`, `InvoiceWrite`, `InvoiceRead`, `Introspection`);
/// needs `CredentialsManage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantEuAdministration {
    subject: EuSubject,
    context: NipVatUe,
    entity: EuEntity,
    description: String,
}

impl GrantEuAdministration {
    /// The administrator of that entity in the context of seller and entity; the description has 5
    /// to 256 characters.
    pub fn new(
        subject: EuSubject,
        context: NipVatUe,
        entity: EuEntity,
        description: impl Into<String>,
    ) -> Self {
        Self { subject, context, entity, description: description.into() }
    }
}

endpoint!(GrantEuAdministration -> wire::PermissionsOperationResponse {
    Info {
        name: "permissions.grant_eu_administration",
        method: Method::POST,
        path: "/permissions/eu-entities/administration/grants",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    request: |this, request| {
        use wire::{
            EuEntityAdministrationPermissionsContextIdentifier as Context,
            EuEntityAdministrationPermissionsContextIdentifierType as ContextKind,
            EuEntityAdministrationPermissionsSubjectIdentifier as Subject,
            EuEntityAdministrationPermissionsSubjectIdentifierType as SubjectKind,
        };

        check_length("description", &this.description, DESCRIPTION)?;
        let Place { full_name, address } = &this.entity.place;
        this.entity.place.check()?;
        let name = this.entity.name.clone().unwrap_or_else(|| format!("{full_name}, {address}"));
        check_length("euEntityName", &name, DESCRIPTION)?;
        let body = wire::EuEntityAdministrationPermissionsGrantRequest::new(
            Context::new(ContextKind::NipVatUe, this.context.as_str()),
            &*this.description,
            wire::EuEntityDetails::new(&**address, &**full_name),
            name,
            this.subject.details()?,
            Subject::new(SubjectKind::Fingerprint, this.subject.fingerprint()),
        );
        request.json(&body)?.finish()
    },
});

/// `POST /permissions/eu-entities/grants`: gives somebody permissions in the current context of a
/// seller and an entity of the European Union; needs `VatUeManage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantEuEntity {
    subject: EuSubject,
    permissions: Vec<wire::EuEntityPermissionType>,
    description: String,
}

impl GrantEuEntity {
    /// Those permissions, at least one; the description has 5 to 256 characters.
    pub fn new(
        subject: EuSubject,
        permissions: impl IntoIterator<Item = wire::EuEntityPermissionType>,
        description: impl Into<String>,
    ) -> Self {
        let permissions = permissions.into_iter().collect();
        Self { subject, permissions, description: description.into() }
    }
}

endpoint!(GrantEuEntity -> wire::PermissionsOperationResponse {
    Info {
        name: "permissions.grant_eu_entity",
        method: Method::POST,
        path: "/permissions/eu-entities/grants",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §11",
    },
    request: |this, request| {
        use wire::EuEntityPermissionsSubjectIdentifierType as Kind;

        check_length("description", &this.description, DESCRIPTION)?;
        let subject = this.subject.fingerprint();
        let body = wire::EuEntityPermissionsGrantRequest::new(
            &*this.description,
            known(&this.permissions)?,
            this.subject.details()?,
            wire::EuEntityPermissionsSubjectIdentifier::new(Kind::Fingerprint, subject),
        );
        request.json(&body)?.finish()
    },
});
