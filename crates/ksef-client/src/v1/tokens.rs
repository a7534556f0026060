//! Authorisation tokens, which open sessions without a signature (specification 1.9, chapters
//! 4.3.2.2 and 13.9.1; KSeF 1.x facts §2.5).

use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::ReferenceNumber;

use crate::v1::{
    api::ONLINE,
    endpoint::{RequestExt, V2_JSON, check_count, check_length, endpoint},
    wire,
};

/// Descriptions of tokens and roles, in characters.
const DESCRIPTION: (usize, usize) = (5, 256);
const ROLES: (usize, usize) = (1, 6);

/// `POST online/Credentials/GenerateToken`: makes a token with some of the session's own roles
/// (chapter 13.9.1).
///
/// The answer holds the token, a secret that is given this once. It can be used when
/// [`credentials::Status`](crate::v1::credentials::Status) says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Generate {
    description: String,
    roles: Vec<wire::TokenRole>,
}

impl Generate {
    /// A token with a description of 5 to 256 characters and 1 to 6 roles, each with one, too.
    pub fn new(
        description: impl Into<String>,
        roles: impl IntoIterator<Item = wire::TokenRole>,
    ) -> Self {
        Self { description: description.into(), roles: roles.into_iter().collect() }
    }
}

endpoint!(Generate -> wire::GenerateTokenResponse {
    Info {
        name: "tokens.generate",
        method: Method::POST,
        path: "/online/Credentials/GenerateToken",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.1",
    },
    request: |this, request| {
        check_length("description", &this.description, DESCRIPTION)?;
        check_count("credentialsRoleList", this.roles.len(), ROLES)?;
        for role in &this.roles {
            check_length("roleDescription", &role.role_description, DESCRIPTION)?;
        }
        let token = wire::TokenGeneration::new(this.roles.clone(), this.description.clone());
        request.json(&wire::GenerateTokenRequest::new(token))?.finish()
    },
});

/// `POST online/Credentials/RevokeToken`: revokes a token by its number, in version 2 (chapter
/// 13.9.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoke(pub ReferenceNumber);

endpoint!(Revoke -> wire::RevokeTokenResponseV2 {
    Info {
        name: "tokens.revoke",
        method: Method::POST,
        path: "/online/Credentials/RevokeToken",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.1",
    },
    request: |this, request| {
        let revocation = wire::TokenRevocationV2::new(this.0.as_str());
        // Request and answer must have the same version, or 21179 comes back.
        request
            .json_as(V2_JSON, &wire::RevokeTokenRequestV2::new(revocation))?
            .accept(V2_JSON)
            .finish()
    },
});

/// The same in version 1, which also names whose token it is and is deprecated.
#[derive(Clone, Debug, PartialEq)]
pub struct RevokeV1 {
    token: String,
    source: wire::GranteeIdentifier,
}

impl RevokeV1 {
    /// The token of that number, 1 to 256 characters, which that identifier made.
    pub fn new(token: impl Into<String>, source: wire::GranteeIdentifier) -> Self {
        Self { token: token.into(), source }
    }
}

endpoint!(RevokeV1 -> wire::StatusCredentialsResponse {
    Info {
        name: "tokens.revoke_v1",
        method: Method::POST,
        path: "/online/Credentials/RevokeToken",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.1",
    },
    request: |this, request| {
        check_length("tokenNumber", &this.token, (1, 256))?;
        let revocation = wire::TokenRevocation::new(this.source.clone(), this.token.clone());
        request.json(&wire::RevokeTokenRequest::new(revocation))?.finish()
    },
});

#[cfg(test)]
mod tests;
