//! The control API of the double, and its credentials.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{self, State};
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::{delete, get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{KsefV2, Limits, Maintenance, Outage, Rotation, SeedPlan};
use crate::ksef_v1::Company;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    limits: Option<Limits>,
    pace_ms: Option<u64>,
    access_life_ms: Option<u64>,
    refresh_life_ms: Option<u64>,
    link_life_ms: Option<u64>,
    high_water_lag_ms: Option<u64>,
    export_part: Option<usize>,
    largest_result: Option<usize>,
    receipt_page: Option<usize>,
    rotation: Option<Rotation>,
    maintenance: Option<Maintenance>,
}

/// The routes below `/ksef-v2`.
pub(crate) fn router(ksef: KsefV2) -> Router {
    Router::new()
        .route("/ksef-v2/invoices", get(invoices).post(add_invoice))
        .route("/ksef-v2/invoices/seed", post(seed))
        .route("/ksef-v2/invoices/{number}", get(invoice))
        .route("/ksef-v2/outages", post(announce))
        .route("/ksef-v2/outages/{event}", delete(end_outage))
        .route("/ksef-v2/sessions", get(sessions))
        .route("/ksef-v2/settings", post(configure))
        .route("/ksef-v2/settle", post(settle))
        .route("/ksef-v2/statistics", get(statistics))
        .with_state(ksef)
}

/// What a client needs for logging in.
pub(crate) fn credentials(ksef: &KsefV2) -> Value {
    let company = |company: &Company| {
        json!({
            "nip": company.nip,
            "name": company.name,
            "about": company.about,
            "token": ksef.token(company.nip),
        })
    };
    json!({
        "companies": ksef.companies().iter().map(company).collect::<Vec<_>>(),
        "certificates": ksef.certificates(),
    })
}

async fn invoices(State(ksef): State<KsefV2>) -> Json<Value> {
    Json(json!(ksef.invoices()))
}

async fn invoice(
    State(ksef): State<KsefV2>,
    extract::Path(number): extract::Path<String>,
) -> Result<Bytes, StatusCode> {
    ksef.invoice_bytes(&number).ok_or(StatusCode::NOT_FOUND)
}

async fn add_invoice(
    State(ksef): State<KsefV2>,
    body: Bytes,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    match ksef.add_invoice(body) {
        Ok(invoice) => Ok(Json(json!(invoice))),
        Err(error) => Err((StatusCode::BAD_REQUEST, Json(json!({"error": error.to_string()})))),
    }
}

async fn seed(State(ksef): State<KsefV2>, Json(plan): Json<SeedPlan>) -> StatusCode {
    ksef.seed_invoices(&plan);
    StatusCode::NO_CONTENT
}

async fn announce(State(ksef): State<KsefV2>, Json(outage): Json<Outage>) -> Json<Value> {
    Json(json!({"event": ksef.announce_outage(&outage)}))
}

async fn end_outage(
    State(ksef): State<KsefV2>,
    extract::Path(event): extract::Path<u64>,
) -> StatusCode {
    if ksef.end_outage(event) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn sessions(State(ksef): State<KsefV2>) -> Json<Value> {
    Json(json!(ksef.sessions()))
}

async fn statistics(State(ksef): State<KsefV2>) -> Json<Value> {
    Json(json!(ksef.statistics()))
}

async fn settle(State(ksef): State<KsefV2>) -> StatusCode {
    ksef.settle().await;
    StatusCode::NO_CONTENT
}

async fn configure(State(ksef): State<KsefV2>, Json(new): Json<Settings>) -> StatusCode {
    let time = |value: Option<u64>, setter: fn(&KsefV2, Duration)| {
        if let Some(ms) = value {
            setter(&ksef, Duration::from_millis(ms));
        }
    };
    let count = |value: Option<usize>, setter: fn(&KsefV2, usize)| {
        if let Some(count) = value {
            setter(&ksef, count);
        }
    };
    time(new.pace_ms, KsefV2::set_pace);
    time(new.access_life_ms, KsefV2::set_access_life);
    time(new.refresh_life_ms, KsefV2::set_refresh_life);
    time(new.link_life_ms, KsefV2::set_link_life);
    time(new.high_water_lag_ms, KsefV2::set_high_water_lag);
    count(new.export_part, KsefV2::set_export_part);
    count(new.largest_result, KsefV2::set_largest_result);
    count(new.receipt_page, KsefV2::set_receipt_page);
    if let Some(limits) = new.limits {
        ksef.set_limits(limits);
    }
    if let Some(rotation) = new.rotation {
        ksef.rotate_keys(rotation);
    }
    if let Some(maintenance) = new.maintenance {
        ksef.set_maintenance(maintenance);
    }
    StatusCode::NO_CONTENT
}
