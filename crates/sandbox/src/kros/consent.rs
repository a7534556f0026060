//! The consent of a user to an integrator: the page of the web application and the poll that
//! picks the tokens up (KROS facts §2, consent flow).
//!
//! A test or a person plays the user: `Kros::decide`, or the buttons of the page.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;
use url::form_urlencoded;

use super::company::{Company, Licence, Target, loopback};
use super::store::Store;

/// How long tokens wait to be picked up.
const KEPT: Duration = Duration::from_secs(15 * 60);

/// The shortest `state`.
const STATE_LENGTH: usize = 32;

/// What the user decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decision {
    /// The integrator gets the tokens.
    Approve,
    /// It does not.
    Deny,
}

/// A consent that an integrator polls for.
#[derive(Clone)]
pub(super) struct Consent {
    since: Instant,
    decision: Option<Decision>,
    companies: Vec<u64>,
    webhook: Option<(String, String)>,
}

/// The query of the consent page or the form of its buttons.
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    pub(super) fn read(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    pub(super) fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// Why a consent cannot begin.
pub(super) fn complaint(fields: &Fields) -> Option<&'static str> {
    let missing = ["plugin_name", "integrator_name", "version", "state"]
        .into_iter()
        .find(|name| fields.value(name).is_empty());
    let short = fields.value("state").chars().count() < STATE_LENGTH;
    match (missing, fields.value("response_mode"), fields.value("company_mode")) {
        (Some(name), ..) => Some(name),
        (_, "post" | "poll", "" | "single" | "multiple") => {
            let poll = fields.value("response_mode") == "poll";
            let nowhere = !poll && loopback(fields.value("redirect_url")).is_err();
            if poll && short { Some("state") } else { nowhere.then_some("redirect_url") }
        }
        (_, "post" | "poll", _) => Some("company_mode"),
        _ => Some("response_mode"),
    }
}

/// Begins a consent that is polled for.
pub(super) fn begin(store: &mut Store, fields: &Fields, now: Instant) {
    let consent = Consent {
        since: now,
        decision: None,
        companies: chosen(store, fields),
        webhook: webhook(fields),
    };
    store.consents.insert(fields.value("state").to_owned(), consent);
}

/// Records what the user decided; false when nobody asked with this state.
pub(super) fn decide(store: &mut Store, state: &str, decision: Decision, now: Instant) -> bool {
    let Some(consent) = store.consents.get_mut(state) else { return false };
    consent.decision = Some(decision);
    consent.since = now;
    if decision == Decision::Approve {
        let consent = consent.clone();
        connect(store, &consent.companies, consent.webhook.as_ref());
    }
    true
}

/// The answer of the poll; the error names what is wrong with the request.
pub(super) fn poll(store: &Store, body: &[u8], now: Instant) -> Result<Value, &'static str> {
    let body: Value = serde_json::from_slice(body).map_err(|_| "The body is not JSON.")?;
    let state = body["state"].as_str().ok_or("A state is required.")?;
    if state.chars().count() < STATE_LENGTH {
        return Err("A state has at least 32 characters.");
    }
    // An integrator polls as soon as it has opened the browser, before the page is shown.
    let Some(consent) = store.consents.get(state) else {
        return Ok(json!({"data": {"status": "Pending"}}));
    };
    if now - consent.since >= KEPT {
        return Ok(json!({"data": {"status": "Expired"}}));
    }
    Ok(match consent.decision {
        None => json!({"data": {"status": "Pending"}}),
        Some(Decision::Deny) => json!({"data": {"status": "Denied"}}),
        Some(Decision::Approve) => {
            let shown = companies(store, &consent.companies).map(|company| {
                json!({
                    "companyId": company.id,
                    "companyName": company.name,
                    "token": company.token(),
                    "webHookSecret": company.webhook_secret(),
                })
            });
            json!({"data": {"status": "Approved", "companies": shown.collect::<Vec<_>>()}})
        }
    })
}

/// The page with the buttons of the user, for `response_mode=poll`.
pub(super) fn question_page(fields: &Fields) -> String {
    let state = escaped(fields.value("state"));
    page(&format!(
        "<form method=\"post\" action=\"/integration-consent\">\
         <input type=\"hidden\" name=\"state\" value=\"{state}\">\
         <button name=\"decision\" value=\"approve\">Approve</button>\
         <button name=\"decision\" value=\"deny\">Deny</button></form>"
    ))
}

/// The page that posts the tokens to the integrator, for `response_mode=post`.
pub(super) fn handover_page(store: &mut Store, fields: &Fields) -> String {
    let ids = chosen(store, fields);
    connect(store, &ids, webhook(fields).as_ref());
    let mut inputs = String::new();
    for (index, company) in companies(store, &ids).enumerate() {
        let members = [
            ("companyId", company.id.to_string()),
            ("token", company.token().to_owned()),
            ("companyName", company.name.clone()),
            ("webhookSecret", company.webhook_secret().to_owned()),
        ];
        for (name, value) in members {
            inputs.push_str(&hidden(&format!("data[{index}][{name}]"), &value));
        }
    }
    inputs.push_str(&hidden("state", fields.value("state")));
    let action = escaped(fields.value("redirect_url"));
    page(&format!(
        "<form method=\"post\" action=\"{action}\">{inputs}<button>Approve</button></form>"
    ))
}

/// A page with some content.
pub(super) fn page(content: &str) -> String {
    format!("<!DOCTYPE html><html><head><title>Consent</title></head><body>{content}</body></html>")
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn webhook(fields: &Fields) -> Option<(String, String)> {
    let url = fields.value("webhook");
    loopback(url).is_ok().then(|| (url.to_owned(), fields.value("webhook_secret").to_owned()))
}

/// The companies that the user grants: the first one, or all with a valid licence.
fn chosen(store: &Store, fields: &Fields) -> Vec<u64> {
    let valid = store.companies.iter().filter(|company| company.licence == Licence::Valid);
    let several = fields.value("company_mode") == "multiple";
    valid.map(|company| company.id).take(if several { usize::MAX } else { 1 }).collect()
}

fn companies<'a>(store: &'a Store, ids: &'a [u64]) -> impl Iterator<Item = &'a Company> {
    store.companies.iter().filter(|company| ids.contains(&company.id))
}

fn connect(store: &mut Store, ids: &[u64], webhook: Option<&(String, String)>) {
    let Some((url, secret)) = webhook else { return };
    for id in ids {
        if let Ok(url) = loopback(url) {
            store.targets.insert(*id, Target::Url(url));
        }
        let company = store.companies.iter_mut().find(|company| company.id == *id);
        if let Some(company) = company.filter(|_| !secret.is_empty()) {
            company.set_webhook_secret(secret);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(extra: &str) -> Fields {
        let state = "s".repeat(32);
        let text = format!("plugin_name=p&integrator_name=i&version=1&state={state}&{extra}");
        Fields::read(text.as_bytes())
    }

    #[test]
    fn the_page_asks_for_what_the_guide_names() {
        assert_eq!(complaint(&asked("response_mode=poll")), None);
        let post = "response_mode=post&redirect_url=http://localhost:1/x&company_mode=multiple";
        assert_eq!(complaint(&asked(post)), None);
        assert_eq!(complaint(&asked("response_mode=post")), Some("redirect_url"));
        assert_eq!(complaint(&asked("response_mode=get")), Some("response_mode"));
        assert_eq!(complaint(&asked("response_mode=poll&company_mode=x")), Some("company_mode"));
        let short = "plugin_name=p&integrator_name=i&version=1&state=s&response_mode=poll";
        assert_eq!(complaint(&Fields::read(short.as_bytes())), Some("state"));
    }

    #[test]
    fn values_cannot_leave_their_attribute() {
        let page = question_page(&Fields::read(b"state=%22%3E%3Cscript%3E"));
        assert!(!page.contains("<script>"));
    }
}
