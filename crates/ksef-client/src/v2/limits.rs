//! Which limits are in force: sizes and counts for the context and the subject, and calls per time
//! (KSeF 2.0 facts §13).
//!
//! Single limits can be raised for a taxpayer, so ask instead of relying on the published ones. An
//! account takes over the limits of calls by itself when it is told to.

use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;

use crate::v2::{api::LimitGroup, endpoint::endpoint, wire};

const OTHER: &str = LimitGroup::Other.name();

/// `GET /limits/context`: how large invoices and sessions may be in the current context, and how
/// many invoices may be paid at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context;

endpoint!(Context -> wire::EffectiveContextLimits {
    Info {
        name: "limits.context",
        method: Method::GET,
        path: "/limits/context",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §13.2",
    },
    request: |_this, request| request.finish(),
});

/// `GET /limits/subject`: how many certificates the logged-in subject may request and hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject;

endpoint!(Subject -> wire::EffectiveSubjectLimits {
    Info {
        name: "limits.subject",
        method: Method::GET,
        path: "/limits/subject",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §13.2",
    },
    request: |_this, request| request.finish(),
});

/// `GET /rate-limits`: how often each group of operations may be called; -1 means as often as one
/// likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates;

endpoint!(Rates -> wire::EffectiveApiRateLimits {
    Info {
        name: "limits.rates",
        method: Method::GET,
        path: "/rate-limits",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §13.1",
    },
    request: |_this, request| request.finish(),
});

#[cfg(test)]
mod tests;
