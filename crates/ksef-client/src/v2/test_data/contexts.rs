//! Blocking the logins to a context.

use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::ContextIdentifier;

use super::OTHER;
use crate::v2::{
    endpoint::{endpoint, nothing},
    permissions::identifier::code,
    wire,
};

/// `POST /testdata/context/block`: blocks logins to a context, which then end in status 480.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockContext(pub ContextIdentifier);

endpoint!(BlockContext -> () {
    Info {
        name: "test_data.block_context",
        method: Method::POST,
        path: "/testdata/context/block",
        effect: Effect::Idempotent,
        auth: Auth::None,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |this, request| {
        let body = wire::BlockContextAuthenticationRequest::new();
        request.json(&body.context_identifier(context(&this.0)))?.finish()
    },
    response: nothing,
});

/// `POST /testdata/context/unblock`: allows logins to a context again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnblockContext(pub ContextIdentifier);

endpoint!(UnblockContext -> () {
    Info {
        name: "test_data.unblock_context",
        method: Method::POST,
        path: "/testdata/context/unblock",
        effect: Effect::Idempotent,
        auth: Auth::None,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |this, request| {
        let body = wire::UnblockContextAuthenticationRequest::new();
        request.json(&body.context_identifier(context(&this.0)))?.finish()
    },
    response: nothing,
});

fn context(context: &ContextIdentifier) -> wire::TestDataAuthenticationContextIdentifier {
    let kind = code::<wire::TestDataAuthenticationContextIdentifierType>(context.kind());
    wire::TestDataAuthenticationContextIdentifier::new(kind, context.value())
}
