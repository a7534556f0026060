//! The control API: what the library offers, for tests in any language.
//!
//! It listens on a port of its own, answers JSON, and is never faulted.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{self, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::builder::Sandbox;
use crate::crk::{self, Crk};
use crate::epp::{BatchShape, Epp, Oddity, PageShape};
use crate::fault::{Rule, Script};
use crate::front::Context;
use crate::kros::{Decision, Form, Kros, Profile, Scheme};
use crate::ksef_v1::{self, KsefV1};
use crate::ksef_v2::{self, KsefV2};
use crate::record::System;

/// A rule and the system it is for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRule {
    system: System,
    rule: Rule,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: u64,
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EppSettings {
    token_life_ms: Option<u64>,
    refresh_life_ms: Option<u64>,
    otp_countdown_ms: Option<u64>,
    link_life_ms: Option<u64>,
    execution_delay_ms: Option<u64>,
    page_shape: Option<PageShape>,
    largest_page: Option<usize>,
    batch_shape: Option<BatchShape>,
    statement_oddities: Option<Vec<Oddity>>,
}

#[derive(Clone)]
struct Doubles {
    kros: Kros,
    epp: Epp,
    crk: Crk,
    ksef_v1: KsefV1,
    ksef_v2: KsefV2,
    context: Arc<Context>,
}

impl Doubles {
    fn script(&self, system: System) -> &Script {
        match system {
            System::Kros => self.kros.faults(),
            System::Epp => self.epp.faults(),
            System::KsefV1 => self.ksef_v1.faults(),
            System::KsefV2 => self.ksef_v2.faults(),
            System::Crk => self.crk.faults(),
        }
    }
}

/// The routes of the control API.
pub(crate) fn router(sandbox: &Sandbox, context: Arc<Context>) -> Router {
    let doubles = Doubles {
        kros: sandbox.kros().clone(),
        epp: sandbox.epp().clone(),
        crk: sandbox.crk().clone(),
        ksef_v1: sandbox.ksef_v1().clone(),
        ksef_v2: sandbox.ksef_v2().clone(),
        context,
    };
    let of_ksef_v1 = ksef_v1::control::router(doubles.ksef_v1.clone());
    let of_ksef_v2 = ksef_v2::control::router(doubles.ksef_v2.clone());
    let of_crk = crk::control::router(doubles.crk.clone());
    Router::new()
        .route("/clock", get(clock).post(advance))
        .route("/credentials", get(credentials))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/requests", get(requests))
        .route("/unexpected", get(unexpected))
        .route("/epp/expire-tokens", post(expire_tokens))
        .route("/epp/one-time-password/{tag}", get(one_time_password))
        .route("/epp/orders", get(epp_orders))
        .route("/epp/payments", get(epp_payments))
        .route("/epp/settings", post(configure_epp))
        .route("/epp/settle", post(settle))
        .route("/epp/statistics", get(epp_statistics))
        .route("/kros/consent", post(decide))
        .route("/kros/documents", get(documents))
        .route("/kros/notifications", get(notifications))
        .route("/kros/payments", get(payments))
        .route("/kros/settings", post(configure))
        .route("/kros/settle", post(settle))
        .route("/kros/statistics", get(statistics))
        .route("/kros/webhook", post(set_webhook))
        .with_state(doubles)
        .merge(of_crk)
        .merge(of_ksef_v1)
        .merge(of_ksef_v2)
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
    let kros = json!({"companies": companies, "consent_url": consent});
    let crk = crk::control::credentials(&doubles.crk);
    let ksef_v1 = ksef_v1::control::credentials(&doubles.ksef_v1);
    let ksef_v2 = ksef_v2::control::credentials(&doubles.ksef_v2);
    let epp = json!({"users": epp_users(&doubles.epp)});
    Json(json!({"kros": kros, "epp": epp, "crk": crk, "ksef_v1": ksef_v1, "ksef_v2": ksef_v2}))
}

fn epp_users(epp: &Epp) -> Vec<Value> {
    let users = epp.users();
    let shown = users.iter().map(|user| {
        json!({
            "login": user.login,
            "password": user.password(),
            "name": user.name,
            "organization_id": user.organization_id,
            "rights": user.rights,
            "channels": user.channels,
            "totp_secret_base32": user.totp_secret_base32(),
        })
    });
    shown.collect()
}

async fn clock(State(doubles): State<Doubles>) -> Json<Value> {
    // As the commands of CRK write a moment, so that it can go into one.
    let now = doubles.context.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    Json(json!({"now": now}))
}

async fn advance(
    State(doubles): State<Doubles>,
    Json(new): Json<Advance>,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    if doubles.context.clock.advance(Duration::from_millis(new.advance_ms)) {
        Ok(clock(State(doubles)).await)
    } else {
        let error = "the calendar ends before that";
        Err((StatusCode::BAD_REQUEST, Json(json!({"error": error}))))
    }
}

async fn faults(State(doubles): State<Doubles>) -> Json<Value> {
    Json(json!({
        "kros": doubles.kros.faults().tallies(),
        "epp": doubles.epp.faults().tallies(),
        "crk": doubles.crk.faults().tallies(),
        "ksef-v1": doubles.ksef_v1.faults().tallies(),
        "ksef-v2": doubles.ksef_v2.faults().tallies(),
    }))
}

async fn add_fault(State(doubles): State<Doubles>, Json(new): Json<NewRule>) -> StatusCode {
    doubles.script(new.system).push(new.rule);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(doubles): State<Doubles>) -> StatusCode {
    for system in System::ALL {
        doubles.script(system).clear();
    }
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

async fn epp_orders(State(doubles): State<Doubles>) -> Json<Value> {
    Json(json!(doubles.epp.orders()))
}

async fn epp_payments(State(doubles): State<Doubles>) -> Json<Value> {
    Json(json!(doubles.epp.payments()))
}

async fn epp_statistics(State(doubles): State<Doubles>) -> Json<Value> {
    Json(json!(doubles.epp.statistics()))
}

async fn expire_tokens(State(doubles): State<Doubles>) -> StatusCode {
    doubles.epp.expire_tokens();
    StatusCode::NO_CONTENT
}

/// Plays the telephone or the mailbox of a user.
async fn one_time_password(
    State(doubles): State<Doubles>,
    extract::Path(tag): extract::Path<String>,
) -> Result<Json<Value>, StatusCode> {
    let password = doubles.epp.one_time_password(&tag).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(json!({"token": password})))
}

async fn configure_epp(State(doubles): State<Doubles>, Json(new): Json<EppSettings>) -> StatusCode {
    let epp = &doubles.epp;
    let set = |value: Option<u64>, setter: fn(&Epp, Duration)| {
        if let Some(ms) = value {
            setter(epp, Duration::from_millis(ms));
        }
    };
    set(new.token_life_ms, Epp::set_token_life);
    set(new.refresh_life_ms, Epp::set_refresh_life);
    set(new.otp_countdown_ms, Epp::set_otp_countdown);
    set(new.link_life_ms, Epp::set_link_life);
    set(new.execution_delay_ms, Epp::set_execution_delay);
    if let Some(shape) = new.page_shape {
        epp.set_page_shape(shape);
    }
    if let Some(entries) = new.largest_page {
        epp.set_largest_page(entries);
    }
    if let Some(shape) = new.batch_shape {
        epp.set_batch_shape(shape);
    }
    if let Some(oddities) = new.statement_oddities {
        epp.set_statement_oddities(&oddities);
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
