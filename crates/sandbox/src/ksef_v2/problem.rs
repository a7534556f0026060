//! Refusals in the four shapes of the contract (KSeF 2.0 facts §14): 400 and 429 in the deprecated
//! form or, when asked for, as problem details; 401, 403 and 410 always as problem details.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::errors;
use super::people::Permission;
use crate::front::Incoming;
use crate::reply::Reply;

const PROBLEM: &str = "application/problem+json";

/// A refusal.
#[derive(Clone, Debug)]
pub(super) enum Problem {
    /// 400 with codes of the catalogue.
    Refused(Vec<Refusal>),
    /// 21405 for what is not there, where the contract has no code of its own; no mistake of the
    /// client.
    Absent(String),
    /// 401; the text says why.
    Unauthorized(&'static str),
    /// 403 with a reason code and what belongs to it.
    Forbidden { reason: &'static str, about: &'static str, security: Value },
    /// 410: kept no longer.
    Gone,
    /// 429; how long to wait, and which limit was met.
    TooMany { seconds: u64, about: String },
    /// Any other status, without a body.
    Status(u16),
}

/// One code of a 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: u32,
    pub(super) details: Vec<String>,
}

/// What a body of a refusal needs to know about its request.
pub(super) struct Scene<'a> {
    pub(super) incoming: &'a Incoming,
    pub(super) now: DateTime<Utc>,
    /// 32 hexadecimal digits.
    pub(super) trace: String,
}

impl Problem {
    /// 400 with one code.
    pub(super) fn code(code: u32) -> Self {
        Self::Refused(vec![Refusal { code, details: Vec::new() }])
    }

    /// 400 with one code and one detail.
    pub(super) fn detailed(code: u32, detail: impl Into<String>) -> Self {
        Self::Refused(vec![Refusal { code, details: vec![detail.into()] }])
    }

    /// 21405 with everything that is wrong.
    pub(super) fn misfits(details: Vec<String>) -> Self {
        Self::Refused(vec![Refusal { code: 21405, details }])
    }

    /// 403 because none of the wanted permissions is held.
    pub(super) fn missing(wanted: &[String], present: impl Iterator<Item = Permission>) -> Self {
        let present: Vec<_> = present.map(Permission::as_str).collect();
        Self::Forbidden {
            reason: "missing-permissions",
            about: "Brak wymaganych uprawnień do wykonania operacji.",
            security: json!({"requiredAnyOfPermissions": wanted, "presentPermissions": present}),
        }
    }

    /// 403 because this context or caller may not see the resource.
    pub(super) fn not_yours() -> Self {
        Self::Forbidden {
            reason: "insufficient-resource-access",
            about: "Brak dostępu do wskazanego zasobu.",
            security: Value::Null,
        }
    }

    /// The answer.
    pub(super) fn reply(&self, scene: &Scene<'_>) -> Reply {
        let modern = wants_problem_details(scene.incoming);
        match self {
            Self::Refused(refusals) if modern => refused(refusals, scene),
            Self::Refused(refusals) => exception(refusals, scene),
            Self::Absent(detail) => Self::misfits(vec![detail.clone()]).reply(scene),
            Self::Unauthorized(about) => details(401, "Unauthorized", about, scene, Map::new()),
            Self::Forbidden { reason, about, security } => {
                let mut more = Map::new();
                more.insert("reasonCode".to_owned(), json!(reason));
                if !security.is_null() {
                    more.insert("security".to_owned(), security.clone());
                }
                details(403, "Forbidden", about, scene, more)
            }
            Self::Gone => {
                details(410, "Gone", "Operacja wygasła i nie jest już dostępna.", scene, Map::new())
            }
            Self::TooMany { seconds, about } => {
                let reply = if modern {
                    details(429, "Too Many Requests", about, scene, Map::new())
                } else {
                    let status = json!({"code": 429, "description": "Too Many Requests", "details": [about]});
                    Reply::json(429, json!({"status": status}))
                };
                reply.retry_after(Some(*seconds))
            }
            Self::Status(status) => Reply::status(*status),
        }
    }
}

/// Whether the request asks for problem details.
fn wants_problem_details(incoming: &Incoming) -> bool {
    let asked = incoming.headers.get("x-error-format").and_then(|it| it.to_str().ok());
    asked.is_some_and(|asked| asked.eq_ignore_ascii_case("problem-details"))
}

fn exception(refusals: &[Refusal], scene: &Scene<'_>) -> Reply {
    let list: Vec<_> = refusals
        .iter()
        .map(|one| {
            json!({
                "exceptionCode": one.code,
                "exceptionDescription": errors::description(one.code),
                "details": one.details,
            })
        })
        .collect();
    let exception = json!({
        "exceptionDetailList": list,
        "serviceCode": format!("00-{}-{}-00", scene.trace, &scene.trace[..16]),
        "serviceCtx": "srvTE",
        "serviceName": "sandbox",
        "timestamp": moment(scene.now),
    });
    Reply::json(400, json!({"exception": exception}))
}

fn refused(refusals: &[Refusal], scene: &Scene<'_>) -> Reply {
    let list: Vec<_> = refusals
        .iter()
        .map(|one| {
            let description = errors::description(one.code);
            json!({"code": one.code, "description": description, "details": one.details})
        })
        .collect();
    let mut more = Map::new();
    more.insert("errors".to_owned(), json!(list));
    details(400, "Bad Request", "Żądanie zawiera błędy.", scene, more)
}

fn details(
    status: u16,
    title: &str,
    detail: &str,
    scene: &Scene<'_>,
    mut more: Map<String, Value>,
) -> Reply {
    more.insert("title".to_owned(), json!(title));
    more.insert("status".to_owned(), json!(status));
    more.insert("instance".to_owned(), json!(scene.incoming.path));
    more.insert("detail".to_owned(), json!(detail));
    more.insert("timestamp".to_owned(), json!(moment(scene.now)));
    more.insert("traceId".to_owned(), json!(scene.trace));
    Reply::json_as(status, PROBLEM, Value::Object(more))
}

/// A moment as answers write it: up to seven digits of a second without zeros at their end, and an
/// offset in digits.
pub(super) fn moment(moment: DateTime<Utc>) -> String {
    let seconds = moment.format("%Y-%m-%dT%H:%M:%S");
    let fraction = format!(".{:07}", moment.timestamp_subsec_nanos() / 100);
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    format!("{seconds}{fraction}+00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_up_to_seven_digits_and_an_offset() {
        let text = |at: &str| moment(at.parse().unwrap());
        assert_eq!(text("2026-01-31T11:00:00.123456789Z"), "2026-01-31T11:00:00.1234567+00:00");
        assert_eq!(text("2026-01-31T11:00:00.120Z"), "2026-01-31T11:00:00.12+00:00");
        assert_eq!(text("2026-01-31T11:00:00Z"), "2026-01-31T11:00:00+00:00");
    }
}
