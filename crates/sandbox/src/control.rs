//! The control API: what the library offers, for tests in any language.
//!
//! It listens on a port of its own, answers JSON, and is never faulted.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fault::Rule;
use crate::front::Context;
use crate::kros::{Decision, Form, Kros, Profile, Scheme};

/// A rule and the system it is for; more systems follow with their doubles.
#[derive(Debug, Deserialize)]
#[serde(tag = "system", rename_all = "kebab-case")]
enum NewRule {
    Kros { rule: Rule },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    company_id: u64,
    url: String,
    secret: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    limits: Option<Profile>,
    notification_form: Option<Form>,
    signature_scheme: Option<Scheme>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Consent {
    state: String,
    decision: Decision,
}

#[derive(Clone)]
struct Doubles {
    kros: Kros,
    context: Arc<Context>,
}

/// The routes of the control API.
pub(crate) fn router(kros: Kros, context: Arc<Context>) -> Router {
    Router::new()
        .route("/credentials", get(credentials))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/requests", get(requests))
        .route("/unexpected", get(unexpected))
        .route("/kros/consent", post(decide))
        .route("/kros/documents", get(documents))
        .route("/kros/notifications", get(notifications))
        .route("/kros/payments", get(payments))
        .route("/kros/settings", post(configure))
        .route("/kros/settle", post(settle))
        .route("/kros/statistics", get(statistics))
        .route("/kros/webhook", post(set_webhook))
        .with_state(Doubles { kros, context })
}

async fn credentials(State(doubles): State<Doubles>) -> Json<Value> {
    let companies = doubles.kros.companies();
    let shown = companies.iter().map(|company| {
        json!({
            "company_id": company.id,
            "name": company.name,
            "licence": company.licence,
            "token": company.token(),
            "webhook_secret": company.webhook_secret(),
        })
    });
    let companies: Vec<Value> = shown.collect();
    let consent = doubles.kros.consent_url();
    Json(json!({"kros": {"companies": companies, "consent_url": consent}}))
}

async fn faults(State(doubles): State<Doubles>) -> Json<Value> {
    Json(json!({"kros": doubles.kros.faults().rules()}))
}

async fn add_fault(State(doubles): State<Doubles>, Json(new): Json<NewRule>) -> StatusCode {
    let NewRule::Kros { rule } = new;
    doubles.kros.faults().push(rule);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(doubles): State<Doubles>) -> StatusCode {
    doubles.kros.faults().clear();
    StatusCode::NO_CONTENT
}

async fn requests(State(doubles): State<Doubles>) -> Json<Value> {
    Json(json!(doubles.context.journal.exchanges()))
}

async fn unexpected(State(doubles): State<Doubles>) -> Json<Value> {
    Json(json!(doubles.context.journal.unexpected_ones()))
}

async fn documents(State(doubles): State<Doubles>) -> Json<Value> {
    Json(json!(doubles.kros.documents()))
}

async fn payments(State(doubles): State<Doubles>) -> Json<Value> {
    Json(json!(doubles.kros.payments()))
}

async fn notifications(State(doubles): State<Doubles>) -> Json<Value> {
    Json(json!(doubles.kros.notifications()))
}

async fn statistics(State(doubles): State<Doubles>) -> Json<Value> {
    Json(json!(doubles.kros.statistics()))
}

async fn settle(State(doubles): State<Doubles>) -> StatusCode {
    doubles.kros.settle().await;
    StatusCode::NO_CONTENT
}

async fn configure(State(doubles): State<Doubles>, Json(new): Json<Settings>) -> StatusCode {
    if let Some(profile) = new.limits {
        doubles.kros.set_limits(profile);
    }
    if let Some(form) = new.notification_form {
        doubles.kros.set_notification_form(form);
    }
    if let Some(scheme) = new.signature_scheme {
        doubles.kros.set_signature_scheme(scheme);
    }
    StatusCode::NO_CONTENT
}

async fn decide(State(doubles): State<Doubles>, Json(consent): Json<Consent>) -> StatusCode {
    if doubles.kros.decide(&consent.state, consent.decision) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

async fn set_webhook(
    State(doubles): State<Doubles>,
    Json(new): Json<Webhook>,
) -> Result<StatusCode, (StatusCode, Json<Value>)> {
    match doubles.kros.set_webhook(new.company_id, &new.url, &new.secret) {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err((StatusCode::BAD_REQUEST, Json(json!({"error": error.to_string()})))),
    }
}
