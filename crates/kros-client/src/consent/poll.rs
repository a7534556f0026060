//! Picking up the tokens in poll mode: `POST /integration-subscription/poll`, without a bearer
//! token (KROS facts §1 and §2, "Consent flow").

use std::time::Duration;

use common_core::{poll::PollSchedule, secret::SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeStruct};
use serde_json::{Map, Value};

use super::{GrantedCompany, State};

/// How long the service keeps an approved consent's tokens, and how long a request lives.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// When to ask: after two seconds, then ever more slowly up to every ten, for [`LIFETIME`].
///
/// The service names no rhythm; this one stays far below its limits.
pub const fn poll_schedule() -> PollSchedule {
    PollSchedule::new(Duration::from_secs(2), Duration::from_secs(10)).within(LIFETIME)
}

/// The body of one poll: `{"state": …}`.
#[derive(Clone, Debug)]
pub struct PollRequest {
    state: State,
}

impl PollRequest {
    /// Asks about the consent that was requested with `state`.
    pub const fn new(state: State) -> Self {
        Self { state }
    }
}

impl Serialize for PollRequest {
    /// Writes the state in the clear: this is the message that has to carry it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_struct("PollRequest", 1)?;
        body.serialize_field("state", self.state.expose_text())?;
        body.end()
    }
}

/// What the owner has decided so far: the answer `{"data": {"status": …, "companies": […]}}`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PollAnswer {
    /// Nothing yet: ask again later.
    Pending,
    /// The owner agreed.
    Approved {
        /// The companies that were picked, in the service's order.
        companies: Vec<GrantedCompany>,
    },
    /// The owner refused.
    Denied,
    /// The request is older than [`LIFETIME`]: begin anew with another state.
    Expired,
    /// A status that this version does not know; treat it as not decided.
    Unknown(String),
}

impl PollAnswer {
    /// Whether asking again cannot change the answer.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Approved { .. } | Self::Denied | Self::Expired)
    }
}

impl<'de> Deserialize<'de> for PollAnswer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Derived readers quote the offending value in their errors, and here that may be a token.
        // So the JSON is taken as it is, and errors name places only.
        answer(Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// The place and what had to stand there.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` is not {expected}")]
struct Misplaced {
    path: String,
    expected: &'static str,
}

fn answer(value: Value) -> Result<PollAnswer, Misplaced> {
    let mut body = object("$", value)?;
    let mut data = object("data", body.remove("data").unwrap_or_default())?;
    let Some(Value::String(status)) = data.remove("status") else {
        return Err(misplaced("data.status", "a text"));
    };
    Ok(match status.as_str() {
        "Pending" => PollAnswer::Pending,
        "Approved" => PollAnswer::Approved { companies: companies(data.remove("companies"))? },
        "Denied" => PollAnswer::Denied,
        "Expired" => PollAnswer::Expired,
        _ => PollAnswer::Unknown(status),
    })
}

fn companies(value: Option<Value>) -> Result<Vec<GrantedCompany>, Misplaced> {
    let items = match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(misplaced("data.companies", "a list")),
    };
    let numbered = items.into_iter().enumerate();
    numbered.map(|(index, item)| company(&format!("data.companies[{index}]"), item)).collect()
}

fn company(path: &str, value: Value) -> Result<GrantedCompany, Misplaced> {
    let mut fields = object(path, value)?;
    let field = |name: &str, expected| misplaced(&format!("{path}.{name}"), expected);
    let company_id = match fields.remove("companyId") {
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let company_id = company_id.ok_or_else(|| field("companyId", "a whole number"))?;
    let token = text(&mut fields, "token").ok_or_else(|| field("token", "a text"))?;
    // The guide spells the field differently in its two ways of delivery.
    let secret = text(&mut fields, "webHookSecret").or_else(|| text(&mut fields, "webhookSecret"));
    Ok(GrantedCompany {
        company_id,
        company_name: text(&mut fields, "companyName"),
        token: token.into(),
        webhook_secret: secret.map(SecretString::from),
    })
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    match fields.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn object(path: &str, value: Value) -> Result<Map<String, Value>, Misplaced> {
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(misplaced(path, "an object")),
    }
}

fn misplaced(path: &str, expected: &'static str) -> Misplaced {
    Misplaced { path: path.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use common_core::secret::ExposeSecret;
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> PollAnswer {
        serde_json::from_value(body).expect("a readable answer")
    }

    fn refusal(body: &Value) -> String {
        PollAnswer::deserialize(body).expect_err("a refusal").to_string()
    }

    #[test]
    fn the_request_is_the_state_alone() {
        let state = State::from_random([7; 32]);
        let body = serde_json::to_value(PollRequest::new(state.clone())).expect("a plain body");
        assert_eq!(body, json!({"state": state.expose_text()}));
    }

    #[test]
    fn every_status_is_told_apart() {
        let of = |status: &str| read(json!({"data": {"status": status, "companies": null}}));
        assert!(matches!(of("Pending"), PollAnswer::Pending));
        assert!(matches!(of("Denied"), PollAnswer::Denied));
        assert!(matches!(of("Expired"), PollAnswer::Expired));
        assert!(
            matches!(of("Approved"), PollAnswer::Approved { companies } if companies.is_empty())
        );
        assert!(matches!(of("Paused"), PollAnswer::Unknown(status) if status == "Paused"));
        assert!(of("Denied").is_final() && !of("Pending").is_final() && !of("Paused").is_final());
    }

    #[test]
    fn both_spellings_of_the_webhook_secret_are_read() {
        let PollAnswer::Approved { companies } = read(json!({"data": {
            "status": "Approved",
            "companies": [
                {"companyId": 41, "companyName": "Vymyslená Pekáreň", "token": "one",
                 "webHookSecret": "c2VjcmV0LTE="},
                {"companyId": "42", "token": "two", "webhookSecret": "c2VjcmV0LTI=", "new": 1},
                {"companyId": 43, "companyName": null, "token": "three"},
            ],
        }})) else {
            panic!("an approval")
        };
        let ids: Vec<i64> = companies.iter().map(|company| company.company_id).collect();
        let secrets: Vec<Option<&str>> = companies
            .iter()
            .map(|company| company.webhook_secret.as_ref().map(ExposeSecret::expose_secret))
            .collect();
        assert_eq!(ids, [41, 42, 43]);
        assert_eq!(secrets, [Some("c2VjcmV0LTE="), Some("c2VjcmV0LTI="), None]);
        assert_eq!(companies[1].token.expose_secret(), "two");
        assert_eq!(companies[0].company_name.as_deref(), Some("Vymyslená Pekáreň"));
    }

    #[test]
    fn an_unreadable_answer_is_named_by_its_place_and_not_by_its_content() {
        let of = |companies: Value| json!({"data": {"status": "Approved", "companies": companies}});
        assert_eq!(refusal(&json!({"data": "canary"})), "`data` is not an object");
        assert_eq!(refusal(&json!({"data": {"status": 1}})), "`data.status` is not a text");
        assert_eq!(refusal(&of(json!("canary"))), "`data.companies` is not a list");
        assert_eq!(refusal(&of(json!(["canary"]))), "`data.companies[0]` is not an object");
        let without_token = of(json!([{"companyId": 1, "token": ["canary"]}]));
        assert_eq!(refusal(&without_token), "`data.companies[0].token` is not a text");
        let without_id = of(json!([{"companyId": "canary", "token": "t"}]));
        assert_eq!(refusal(&without_id), "`data.companies[0].companyId` is not a whole number");
    }

    #[test]
    fn polling_ends_with_the_lifetime() {
        let schedule = poll_schedule();
        assert_eq!(schedule.next(0, Duration::ZERO, None), Some(Duration::from_secs(2)));
        assert_eq!(schedule.next(90, Duration::from_secs(15 * 60 - 9), None), None);
        assert!(schedule.next(90, Duration::from_secs(15 * 60 - 10), None).is_some());
    }
}
