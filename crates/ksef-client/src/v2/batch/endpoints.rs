//! The two operations of a batch.

use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::ReferenceNumber;

use crate::v2::{
    api::LimitGroup,
    endpoint::{Feature, RequestExt, endpoint, nothing},
    wire,
};

/// `POST /sessions/batch`: announces a package; the answer tells where each part goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    body: wire::OpenBatchSessionRequest,
    feature: Option<Feature>,
}

impl Open {
    /// With a declared package, key and form.
    pub fn new(body: wire::OpenBatchSessionRequest) -> Self {
        Self { body, feature: None }
    }

    /// Asks for a feature.
    #[must_use]
    pub fn feature(mut self, feature: Feature) -> Self {
        self.feature = Some(feature);
        self
    }
}

endpoint!(Open -> wire::OpenBatchSessionResponse {
    Info {
        name: "batch.open",
        method: Method::POST,
        path: "/sessions/batch",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: LimitGroup::BatchSession.name(),
        section: "KSeF 2.0 facts §7",
    },
    request: |this, request| request.feature(this.feature.as_ref()).json(&this.body)?.finish(),
});

/// `POST /sessions/batch/{referenceNumber}/close`: says that all parts are uploaded, which starts the
/// processing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close(pub ReferenceNumber);

endpoint!(Close -> () {
    Info {
        name: "batch.close",
        method: Method::POST,
        path: "/sessions/batch/{referenceNumber}/close",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: LimitGroup::BatchSessionClose.name(),
        section: "KSeF 2.0 facts §7",
    },
    request: |this, request| request.param("referenceNumber", &this.0)?.finish(),
    response: nothing,
});
