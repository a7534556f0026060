//! A row of a table of operations, as `cargo xtask codegen` writes it from the contract.
//!
//! Each endpoint states the same facts again in its [`Info`](common_http::Info), where its code is; `cargo xtask tidy` compares the two.

use common_core::effect::Effect;
use common_http::Auth;
use http::Method;

/// What the contract says of one operation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Operation {
    /// The resource and the verb, as `invoices.send`: the endpoint `invoices::Send`.
    pub name: &'static str,
    /// The method.
    pub method: Method,
    /// The path below the base of the API, with `{placeholders}`.
    pub path: &'static str,
    /// What repeating it does.
    pub effect: Effect,
    /// Whether it carries credentials.
    pub auth: Auth,
    /// The group of calls whose limit it counts against.
    pub limit: &'static str,
    /// The section of the source that describes it.
    pub section: &'static str,
    /// The statuses of success that the contract lists; others of 2xx were seen too.
    pub statuses: &'static [u16],
    /// The media types of the body, each a version of it; none when there is no body.
    pub request: &'static [&'static str],
    /// The media types of the answer, each a version of it.
    pub response: &'static [&'static str],
    /// Permissions of which one is enough; none where the description does not tell.
    pub permissions: &'static [&'static str],
    /// Codes of errors that the description lists for it.
    pub codes: &'static [u32],
    /// How often it may be called, where the description tells.
    pub rate: Rate,
    /// Whether a published description has it; otherwise only the specification names it, and its shape is inferred.
    pub is_verified: bool,
}

/// How many calls are allowed in windows of three lengths; `None` where there is no limit or none is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Calls per second.
    pub per_second: Option<u32>,
    /// Calls per minute.
    pub per_minute: Option<u32>,
    /// Calls per hour.
    pub per_hour: Option<u32>,
}
