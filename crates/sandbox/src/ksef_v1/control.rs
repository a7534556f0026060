//! The control API of the double, and its credentials.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{self, State};
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Company, KsefV1, Limits, Refusal, StepFault};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    limits: Option<Limits>,
    refusal: Option<Refusal>,
    pace_ms: Option<u64>,
    largest_result: Option<usize>,
    part_size: Option<usize>,
    receipt_size: Option<usize>,
}

/// The routes below `/ksef-v1`.
pub(crate) fn router(ksef: KsefV1) -> Router {
    Router::new()
        .route("/ksef-v1/invoices", get(invoices).post(add_invoice))
        .route("/ksef-v1/invoices/{number}", get(invoice))
        .route("/ksef-v1/sessions", get(sessions))
        .route("/ksef-v1/sessions/{reference}/expire", post(expire))
        .route("/ksef-v1/settings", post(configure))
        .route("/ksef-v1/settle", post(settle))
        .route("/ksef-v1/statistics", get(statistics))
        .route("/ksef-v1/steps", post(fail_step).delete(clear_steps))
        .with_state(ksef)
}

/// What a client needs for logging in.
pub(crate) fn credentials(ksef: &KsefV1) -> Value {
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
        "public_key_pem": ksef.public_key_pem(),
    })
}

async fn invoices(State(ksef): State<KsefV1>) -> Json<Value> {
    Json(json!(ksef.invoices()))
}

async fn invoice(
    State(ksef): State<KsefV1>,
    extract::Path(number): extract::Path<String>,
) -> Result<Bytes, StatusCode> {
    ksef.invoice_bytes(&number).ok_or(StatusCode::NOT_FOUND)
}

async fn add_invoice(
    State(ksef): State<KsefV1>,
    body: Bytes,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    match ksef.add_invoice(body) {
        Ok(invoice) => Ok(Json(json!(invoice))),
        Err(error) => Err((StatusCode::BAD_REQUEST, Json(json!({"error": error.to_string()})))),
    }
}

async fn sessions(State(ksef): State<KsefV1>) -> Json<Value> {
    Json(json!(ksef.sessions()))
}

async fn expire(
    State(ksef): State<KsefV1>,
    extract::Path(reference): extract::Path<String>,
) -> StatusCode {
    ksef.expire_session(&reference);
    StatusCode::NO_CONTENT
}

async fn statistics(State(ksef): State<KsefV1>) -> Json<Value> {
    Json(json!(ksef.statistics()))
}

async fn settle(State(ksef): State<KsefV1>) -> StatusCode {
    ksef.settle().await;
    StatusCode::NO_CONTENT
}

async fn fail_step(State(ksef): State<KsefV1>, Json(fault): Json<StepFault>) -> StatusCode {
    ksef.fail_step(fault);
    StatusCode::NO_CONTENT
}

async fn clear_steps(State(ksef): State<KsefV1>) -> StatusCode {
    ksef.clear_steps();
    StatusCode::NO_CONTENT
}

async fn configure(State(ksef): State<KsefV1>, Json(new): Json<Settings>) -> StatusCode {
    if let Some(limits) = new.limits {
        ksef.set_limits(limits);
    }
    if let Some(refusal) = new.refusal {
        ksef.set_refusal(refusal);
    }
    if let Some(ms) = new.pace_ms {
        ksef.set_pace(Duration::from_millis(ms));
    }
    if let Some(count) = new.largest_result {
        ksef.set_largest_result(count);
    }
    if let Some(count) = new.part_size {
        ksef.set_part_size(count);
    }
    if let Some(count) = new.receipt_size {
        ksef.set_receipt_size(count);
    }
    StatusCode::NO_CONTENT
}
