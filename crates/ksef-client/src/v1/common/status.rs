//! The status of a session or batch, and its confirmations (specification 1.9, chapters 12.2 and
//! 12.3).

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::{HeaderValue, Method};
use ksef_crypto::number::{KsefNumber, ReferenceNumber};

use crate::v1::{
    api::{COMMON, UPO_ON_DEMAND},
    endpoint::{RequestExt, V3_JSON, V3_OCTETS, V4_JSON, bytes, endpoint},
    wire,
};

/// The media type of the first version of the status.
const V1_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Declares one version of the status.
macro_rules! status {
    ($(#[$doc:meta])* $name:ident -> $response:ident, $media_type:ident, $info:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub ReferenceNumber);

        endpoint!($name -> wire::$response {
            $info,
            request: |this, request| {
                request.param("ReferenceNumber", &this.0)?.accept($media_type).finish()
            },
        });
    };
}

status!(
    /// `GET common/Status/{ReferenceNumber}`: how far a session or batch has come, with the pages of
    /// its confirmation when there is one (version 4, chapter 12.2).
    ///
    /// A page confirms up to 10,000 invoices; a session in which none was accepted has no page.
    Status -> StatusResponseV4, V4_JSON, Info {
        name: "common.status",
        method: Method::GET,
        path: "/common/Status/{ReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::None,
        limit: COMMON,
        section: "specification 1.9, chapter 12.2",
    }
);

status!(
    /// The same in version 3: the number and address of one confirmation.
    StatusV3 -> StatusResponseV3, V3_JSON, Info {
        name: "common.status_v3",
        method: Method::GET,
        path: "/common/Status/{ReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::None,
        limit: COMMON,
        section: "specification 1.9, chapter 12.2",
    }
);

status!(
    /// The same in version 1: the confirmation itself in Base64.
    StatusV1 -> StatusResponse, V1_JSON, Info {
        name: "common.status_v1",
        method: Method::GET,
        path: "/common/Status/{ReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::None,
        limit: COMMON,
        section: "specification 1.9, chapter 12.2",
    }
);

/// `GET common/Upo/{ReferenceNumber}/{UpoReferenceNumber}`: one page of a confirmation, the signed
/// XML as it is (chapter 12.3.1).
///
/// Keep the bytes: indenting breaks the signature.
/// [`ksef_crypto::upo::Upo`] reads and verifies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upo {
    session: ReferenceNumber,
    upo: ReferenceNumber,
}

impl Upo {
    /// The page of that number, for that session or batch.
    pub fn new(session: ReferenceNumber, upo: ReferenceNumber) -> Self {
        Self { session, upo }
    }
}

endpoint!(Upo -> Bytes {
    Info {
        name: "common.upo",
        method: Method::GET,
        path: "/common/Upo/{ReferenceNumber}/{UpoReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::None,
        limit: COMMON,
        section: "specification 1.9, chapter 12.3.1",
    },
    request: |this, request| {
        request
            .param("ReferenceNumber", &this.session)?
            .param("UpoReferenceNumber", &this.upo)?
            .accept(V3_OCTETS)
            .finish()
    },
    response: bytes,
});

/// `GET common/Upo/ondemand/{ReferenceNumber}/{KsefReferenceNumber}`: the confirmation of one
/// invoice of a session, also while it lasts (chapter 12.3.2); 50 calls an hour for a context.
///
/// The answer holds it in Base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpoOnDemand {
    session: ReferenceNumber,
    invoice: KsefNumber,
}

impl UpoOnDemand {
    /// That invoice of that session.
    pub fn new(session: ReferenceNumber, invoice: KsefNumber) -> Self {
        Self { session, invoice }
    }
}

endpoint!(UpoOnDemand -> wire::UpoOnDemandResponse {
    Info {
        name: "common.upo_on_demand",
        method: Method::GET,
        path: "/common/Upo/ondemand/{ReferenceNumber}/{KsefReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::None,
        limit: UPO_ON_DEMAND,
        section: "specification 1.9, chapter 12.3.2",
    },
    request: |this, request| {
        request
            .param("ReferenceNumber", &this.session)?
            .param("KsefReferenceNumber", &this.invoice)?
            .finish()
    },
});
