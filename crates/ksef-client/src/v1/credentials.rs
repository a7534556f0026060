//! Granting and revoking permissions (specification 1.9, chapters 5 and 13.9; KSeF 1.x facts §2.5).
//!
//! Every change is asynchronous: it answers the number of an element, whose status tells the end.

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::ReferenceNumber;
use serde_json::Value;

use crate::v1::{
    api::ONLINE,
    endpoint::{OCTETS, check_count, check_length, endpoint},
    wire,
};

/// Descriptions of roles, in characters.
const DESCRIPTION: (usize, usize) = (5, 256);
const ROLES: (usize, usize) = (1, 10);
const ACCOUNTING_ROLES: (usize, usize) = (1, 2);

/// `POST online/Credentials/Grant`: grants roles in the session's context (chapter 13.9.3).
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    grantee: wire::GranteeIdentifier,
    roles: Vec<wire::DescribedRole>,
}

impl Grant {
    /// Grants 1 to 10 roles, each with a description of 5 to 256 characters.
    pub fn new(
        grantee: wire::GranteeIdentifier,
        roles: impl IntoIterator<Item = wire::DescribedRole>,
    ) -> Self {
        Self { grantee, roles: roles.into_iter().collect() }
    }
}

endpoint!(Grant -> wire::StatusCredentialsResponse {
    Info {
        name: "credentials.grant",
        method: Method::POST,
        path: "/online/Credentials/Grant",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.3",
    },
    request: |this, request| {
        check_count("credentialsRoleList", this.roles.len(), ROLES)?;
        for role in &this.roles {
            check_length("roleDescription", &role.role_description, DESCRIPTION)?;
        }
        let grant = wire::CredentialsGrant::new(this.grantee.clone(), this.roles.clone());
        request.json(&wire::GrantCredentialsRequest::new(grant))?.finish()
    },
});

/// `POST online/Credentials/Revoke`: revokes roles in the session's context (chapter 13.9.3).
#[derive(Clone, Debug, PartialEq)]
pub struct Revoke {
    grantee: wire::GranteeIdentifier,
    roles: Vec<wire::StandardRole>,
}

impl Revoke {
    /// Revokes 1 to 10 roles.
    pub fn new(
        grantee: wire::GranteeIdentifier,
        roles: impl IntoIterator<Item = wire::StandardRole>,
    ) -> Self {
        Self { grantee, roles: roles.into_iter().collect() }
    }
}

endpoint!(Revoke -> wire::StatusCredentialsResponse {
    Info {
        name: "credentials.revoke",
        method: Method::POST,
        path: "/online/Credentials/Revoke",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.3",
    },
    request: |this, request| {
        check_count("credentialsRoleList", this.roles.len(), ROLES)?;
        let revocation =
            wire::CredentialsRevocation::new(this.grantee.clone(), this.roles.clone());
        request.json(&wire::RevokeCredentialsRequest::new(revocation))?.finish()
    },
});

/// `POST online/Credentials/ContextGrant`: lets a person manage the credentials of a subordinate
/// unit, or of an EU company (chapter 13.9.4).
#[derive(Clone, Debug, PartialEq)]
pub struct ContextGrant {
    context: wire::ContextIdentifier,
    person: wire::PersonIdentifier,
    role: wire::DescribedContextRole,
}

impl ContextGrant {
    /// Grants a role with a description of 5 to 256 characters.
    pub fn new(
        context: wire::ContextIdentifier,
        person: wire::PersonIdentifier,
        role: wire::DescribedContextRole,
    ) -> Self {
        Self { context, person, role }
    }
}

endpoint!(ContextGrant -> wire::StatusCredentialsResponse {
    Info {
        name: "credentials.context_grant",
        method: Method::POST,
        path: "/online/Credentials/ContextGrant",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.4",
    },
    request: |this, request| {
        check_length("roleDescription", &this.role.role_description, DESCRIPTION)?;
        let grant = wire::ContextGrant::new(
            this.context.clone(),
            this.person.clone(),
            this.role.clone(),
        );
        request.json(&wire::GrantContextCredentialsRequest::new(grant))?.finish()
    },
});

/// `POST online/Credentials/ContextRevoke`: takes such a role back (chapter 13.9.4).
#[derive(Clone, Debug, PartialEq)]
pub struct ContextRevoke {
    context: wire::ContextIdentifier,
    person: wire::PersonIdentifier,
    role: wire::ContextRole,
}

impl ContextRevoke {
    /// Revokes a role.
    pub fn new(
        context: wire::ContextIdentifier,
        person: wire::PersonIdentifier,
        role: wire::ContextRole,
    ) -> Self {
        Self { context, person, role }
    }
}

endpoint!(ContextRevoke -> wire::StatusCredentialsResponse {
    Info {
        name: "credentials.context_revoke",
        method: Method::POST,
        path: "/online/Credentials/ContextRevoke",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.4",
    },
    request: |this, request| {
        let revocation = wire::ContextRevocation::new(
            this.context.clone(),
            this.person.clone(),
            this.role.clone(),
        );
        request.json(&wire::RevokeContextCredentialsRequest::new(revocation))?.finish()
    },
});

/// Declares the two forms for accounting offices.
macro_rules! accounting {
    ($(#[$doc:meta])* $name:ident, $request:ident, $info:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            partner: wire::PartnerIdentifier,
            employee: wire::GranteeIdentifier,
            roles: Vec<wire::AccountingRole>,
        }

        impl $name {
            /// The partner in whose context the roles count, or all partners; the employee who has
            /// them; 1 to 2 roles, each with a description of 5 to 256 characters.
            pub fn new(
                partner: wire::PartnerIdentifier,
                employee: wire::GranteeIdentifier,
                roles: impl IntoIterator<Item = wire::AccountingRole>,
            ) -> Self {
                Self { partner, employee, roles: roles.into_iter().collect() }
            }
        }

        endpoint!($name -> wire::StatusCredentialsResponse {
            $info,
            request: |this, request| {
                check_count("credentialsRoleList", this.roles.len(), ACCOUNTING_ROLES)?;
                for role in &this.roles {
                    check_length("roleDescription", &role.role_description, DESCRIPTION)?;
                }
                let credentials = wire::AccountingCredentials::new(
                    this.roles.clone(),
                    this.partner.clone(),
                    this.employee.clone(),
                );
                request.json(&wire::$request::new(credentials))?.finish()
            },
        });
    };
}

accounting!(
    /// `POST online/Credentials/AccountingGrant`: lets an employee of an accounting office work in
    /// the context of its clients (chapter 13.9.3, in prose).
    AccountingGrant, GrantAccountingCredentialsRequest, Info {
        name: "credentials.accounting_grant",
        method: Method::POST,
        path: "/online/Credentials/AccountingGrant",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.3; KSeF 1.x facts §2.5",
    }
);

accounting!(
    /// `POST online/Credentials/AccountingRevoke`: takes such roles back.
    AccountingRevoke, RevokeAccountingCredentialsRequest, Info {
        name: "credentials.accounting_revoke",
        method: Method::POST,
        path: "/online/Credentials/AccountingRevoke",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.3; KSeF 1.x facts §2.5",
    }
);

/// `GET online/Credentials/Status/{CredentialsElementReferenceNumber}`: how far a change of
/// permissions, or a new token, has come (chapter 13.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status(pub ReferenceNumber);

endpoint!(Status -> wire::StatusCredentialsResponse {
    Info {
        name: "credentials.status",
        method: Method::GET,
        path: "/online/Credentials/Status/{CredentialsElementReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9",
    },
    request: |this, request| {
        request.param("CredentialsElementReferenceNumber", &this.0)?.finish()
    },
});

/// `POST online/Credentials/GetThumbprint`: the SHA-256 of a certificate, to grant roles to it
/// (chapter 13.9.5).
///
/// **Unverified**: the operation is in no published interface description, so method, body and
/// answer are assumptions (KSeF 1.x facts §13); the answer is given as it comes.
/// [`Certificate::fingerprint`](ksef_crypto::certificate::Certificate::fingerprint) computes the
/// same without a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbprint {
    certificate: Bytes,
}

impl Thumbprint {
    /// A certificate in PEM or BER.
    pub fn new(certificate: impl Into<Bytes>) -> Self {
        Self { certificate: certificate.into() }
    }
}

endpoint!(Thumbprint -> Value {
    Info {
        name: "credentials.thumbprint",
        method: Method::POST,
        path: "/online/Credentials/GetThumbprint",
        effect: Effect::Read,
        auth: Auth::None,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.5",
    },
    request: |this, request| request.body(OCTETS, this.certificate.clone()).finish(),
});

#[cfg(test)]
mod tests;
