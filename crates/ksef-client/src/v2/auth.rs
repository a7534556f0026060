//! The operations of a login (KSeF 2.0 facts §4.1). [`login`](crate::v2::login) makes them in their
//! order.

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::ReferenceNumber;

use crate::v2::{
    api::LimitGroup,
    endpoint::{Feature, RequestExt, XML, endpoint},
    wire,
};

const ANONYMOUS: &str = LimitGroup::Anonymous.name();

/// `POST /auth/challenge`: asks for the challenge that a login answers within ten minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge;

endpoint!(Challenge -> wire::AuthenticationChallengeResponse {
    Info {
        name: "auth.challenge",
        method: Method::POST,
        path: "/auth/challenge",
        effect: Effect::Read,
        auth: Auth::None,
        limit: ANONYMOUS,
        section: "KSeF 2.0 facts §4.1",
    },
    request: |_this, request| request.finish(),
});

/// `POST /auth/xades-signature`: begins a login by a signed document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartWithSignature {
    document: Bytes,
    chain: bool,
    feature: Option<Feature>,
}

impl StartWithSignature {
    /// With that signed document, byte for byte.
    pub fn new(document: impl Into<Bytes>) -> Self {
        Self { document: document.into(), chain: false, feature: None }
    }

    /// Has the chain of the certificate verified and its revocation looked up even where
    /// self-signed certificates are taken (`verifyCertificateChain=true`).
    #[must_use]
    pub fn verify_certificate_chain(mut self) -> Self {
        self.chain = true;
        self
    }

    /// Asks for a feature.
    #[must_use]
    pub fn feature(mut self, feature: Feature) -> Self {
        self.feature = Some(feature);
        self
    }
}

endpoint!(StartWithSignature -> wire::AuthenticationInitResponse {
    Info {
        name: "auth.start_with_signature",
        method: Method::POST,
        path: "/auth/xades-signature",
        effect: Effect::Once,
        auth: Auth::None,
        limit: ANONYMOUS,
        section: "KSeF 2.0 facts §4.2",
    },
    request: |this, request| {
        request
            .query_opt("verifyCertificateChain", this.chain.then_some(true))
            .feature(this.feature.as_ref())
            .body(XML, this.document.clone())
            .finish()
    },
});

/// `POST /auth/ksef-token`: begins a login by an encrypted KSeF token.
#[derive(Clone, Debug, PartialEq)]
pub struct StartWithToken(pub wire::InitTokenAuthenticationRequest);

endpoint!(StartWithToken -> wire::AuthenticationInitResponse {
    Info {
        name: "auth.start_with_token",
        method: Method::POST,
        path: "/auth/ksef-token",
        effect: Effect::Once,
        auth: Auth::None,
        limit: ANONYMOUS,
        section: "KSeF 2.0 facts §4.3",
    },
    request: |this, request| request.json(&this.0)?.finish(),
});

/// `GET /auth/{referenceNumber}`: how far a login has come. Takes the token of that login, so only
/// the handles of [`login`](crate::v2::login) can send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status(pub ReferenceNumber);

endpoint!(Status -> wire::AuthenticationOperationStatusResponse {
    Info {
        name: "auth.status",
        method: Method::GET,
        path: "/auth/{referenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ANONYMOUS,
        section: "KSeF 2.0 facts §4.1 and §8",
    },
    request: |this, request| request.param("referenceNumber", &this.0)?.finish(),
});

/// `POST /auth/token/redeem`: gives the tokens of a login that has succeeded, **once**. Takes the
/// token of that login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redeem;

endpoint!(Redeem -> wire::AuthenticationTokensResponse {
    Info {
        name: "auth.redeem",
        method: Method::POST,
        path: "/auth/token/redeem",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ANONYMOUS,
        section: "KSeF 2.0 facts §4.1",
    },
    request: |_this, request| request.finish(),
});

/// `POST /auth/token/refresh`: a new access token for a refresh token, which stays the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refresh;

endpoint!(Refresh -> wire::AuthenticationTokenRefreshResponse {
    Info {
        name: "auth.refresh",
        method: Method::POST,
        path: "/auth/token/refresh",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ANONYMOUS,
        section: "KSeF 2.0 facts §4.1",
    },
    request: |_this, request| request.finish(),
});

#[cfg(test)]
mod tests;
