//! The part of the control API that belongs to CRK.

use std::time::Duration;

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Command, Crk, IssueError, Keep, Kind, NewRegister, Profile, Spelling, Timetable, Use};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewCommand {
    unique_number: String,
    command: Command,
    #[serde(default)]
    priority: u8,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Signing {
    request: String,
    #[serde(rename = "use")]
    purpose: Use,
    nip: String,
    #[serde(default)]
    kind: Kind,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Refusal {
    unique_number: String,
    code: u8,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    profile: Option<Profile>,
    timetable: Option<Timetable>,
    spelling: Option<Spelling>,
    token_life_ms: Option<u64>,
    processing_ms: Option<u64>,
    hub_limit: Option<usize>,
    keep: Option<Keep>,
    refuse_firmware: Option<String>,
}

type Refused = (StatusCode, Json<Value>);

/// The routes below `/crk`.
pub(crate) fn router(crk: Crk) -> Router {
    Router::new()
        .route("/crk/archive/{unique_number}", get(archive))
        .route("/crk/commands", post(queue))
        .route("/crk/commands/{unique_number}", get(commands))
        .route("/crk/expire-tokens", post(expire_tokens))
        .route("/crk/refusals", post(refuse))
        .route("/crk/registers", post(issue))
        .route("/crk/registers/{unique_number}", get(standing))
        .route("/crk/settings", post(configure))
        .route("/crk/settle", post(settle))
        .route("/crk/sign", post(sign))
        .route("/crk/statistics", get(statistics))
        .with_state(crk)
}

/// The part of `GET /credentials` that belongs to CRK.
pub(crate) fn credentials(crk: &Crk) -> Value {
    let registers = crk.registers();
    let registers: Vec<Value> = registers.iter().map(super::Register::shown).collect();
    json!({"ca": crk.ca_pem(), "registers": registers})
}

async fn archive(
    Shared(crk): Shared<Crk>,
    Path(number): Path<String>,
) -> Result<Json<Value>, StatusCode> {
    known(&crk, &number)?;
    Ok(Json(json!(crk.archive(&number))))
}

async fn queue(
    Shared(crk): Shared<Crk>,
    Json(new): Json<NewCommand>,
) -> Result<Json<Value>, StatusCode> {
    let id = crk.queue_with_priority(&new.unique_number, new.command, new.priority);
    let id = id.ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(json!({"commandId": id})))
}

async fn commands(
    Shared(crk): Shared<Crk>,
    Path(number): Path<String>,
) -> Result<Json<Value>, StatusCode> {
    known(&crk, &number)?;
    Ok(Json(json!(crk.commands(&number))))
}

async fn expire_tokens(Shared(crk): Shared<Crk>) -> StatusCode {
    crk.expire_tokens();
    StatusCode::NO_CONTENT
}

async fn refuse(Shared(crk): Shared<Crk>, Json(refusal): Json<Refusal>) -> StatusCode {
    if crk.refuse_fiscalisation(&refusal.unique_number, refusal.code) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

async fn issue(
    Shared(crk): Shared<Crk>,
    Json(new): Json<NewRegister>,
) -> Result<Json<Value>, Refused> {
    crk.issue(&new).map(|register| Json(register.shown())).map_err(bad_request)
}

async fn standing(
    Shared(crk): Shared<Crk>,
    Path(number): Path<String>,
) -> Result<Json<Value>, StatusCode> {
    crk.standing(&number).map(|standing| Json(json!(standing))).ok_or(StatusCode::NOT_FOUND)
}

async fn sign(Shared(crk): Shared<Crk>, Json(new): Json<Signing>) -> Result<Json<Value>, Refused> {
    let certificate = crk.sign(&new.request, new.purpose, &new.nip, new.kind);
    certificate.map(|pem| Json(json!({"certificate": pem}))).map_err(bad_request)
}

async fn settle(Shared(crk): Shared<Crk>) -> StatusCode {
    crk.settle().await;
    StatusCode::NO_CONTENT
}

async fn statistics(Shared(crk): Shared<Crk>) -> Json<Value> {
    Json(json!(crk.statistics()))
}

async fn configure(Shared(crk): Shared<Crk>, Json(new): Json<Settings>) -> StatusCode {
    if let Some(profile) = new.profile {
        crk.set_profile(profile);
    }
    if let Some(timetable) = new.timetable {
        crk.set_timetable(timetable);
    }
    if let Some(spelling) = new.spelling {
        crk.set_spelling(spelling);
    }
    if let Some(ms) = new.token_life_ms {
        crk.set_token_life(Duration::from_millis(ms));
    }
    if let Some(ms) = new.processing_ms {
        crk.set_processing(Duration::from_millis(ms));
    }
    if let Some(bytes) = new.hub_limit {
        crk.set_hub_limit(bytes);
    }
    if let Some(keep) = new.keep {
        crk.set_keep(keep);
    }
    if let Some(checksum) = new.refuse_firmware {
        crk.refuse_firmware(&checksum);
    }
    StatusCode::NO_CONTENT
}

fn known(crk: &Crk, number: &str) -> Result<(), StatusCode> {
    crk.standing(number).map(|_| ()).ok_or(StatusCode::NOT_FOUND)
}

fn bad_request(error: IssueError) -> Refused {
    (StatusCode::BAD_REQUEST, Json(json!({"error": error.to_string()})))
}
