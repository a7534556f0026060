//! All bodies that the contract knows, through the endpoints and the wire types: its own examples where
//! they are at hand, and always bodies that are made from its schemas.

mod made;

use std::path::Path;

use bytes::Bytes;
use chrono::DateTime;
use common_core::effect::Effect;
use common_http::{Auth, scripted::Step};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use self::made::{Contract, Shape};
use super::{Error, ErrorCode, ErrorKind, operations, table_tests::rows, wire};

/// Reads a request as its wire type and writes it again.
type Again = fn(&Value) -> serde_json::Result<Value>;

fn again<T: DeserializeOwned + Serialize>(value: &Value) -> serde_json::Result<Value> {
    serde_json::to_value(serde_json::from_str::<T>(&value.to_string())?)
}

macro_rules! requests {
    ($($operation:literal: $body:ident,)+) => {
        vec![$(($operation, again::<wire::$body> as Again),)+]
    };
}

/// Every operation with a body of JSON.
fn requests() -> Vec<(&'static str, Again)> {
    requests! {
        "POST /auth/ksef-token": InitTokenAuthenticationRequest,
        "POST /certificates/enrollments": EnrollCertificateRequest,
        "POST /certificates/query": QueryCertificatesRequest,
        "POST /certificates/retrieve": RetrieveCertificatesRequest,
        "POST /certificates/{certificateSerialNumber}/revoke": RevokeCertificateRequest,
        "POST /collective-identifiers": GenerateCollectiveIdentifierRequest,
        "POST /collective-identifiers/invoices": CollectiveIdentifierInvoicesQueryRequest,
        "POST /collective-identifiers/query": CollectiveIdentifiersQueryRequest,
        "POST /invoices/exports": InvoiceExportRequest,
        "POST /invoices/query/metadata": InvoiceQueryFilters,
        "POST /permissions/authorizations/grants": EntityAuthorizationPermissionsGrantRequest,
        "POST /permissions/entities/grants": EntityPermissionsGrantRequest,
        "POST /permissions/eu-entities/administration/grants": EuEntityAdministrationPermissionsGrantRequest,
        "POST /permissions/eu-entities/grants": EuEntityPermissionsGrantRequest,
        "POST /permissions/indirect/grants": IndirectPermissionsGrantRequest,
        "POST /permissions/persons/grants": PersonPermissionsGrantRequest,
        "POST /permissions/query/authorizations/grants": EntityAuthorizationPermissionsQueryRequest,
        "POST /permissions/query/entities/grants": EntityPermissionsQueryRequest,
        "POST /permissions/query/eu-entities/grants": EuEntityPermissionsQueryRequest,
        "POST /permissions/query/personal/grants": PersonalPermissionsQueryRequest,
        "POST /permissions/query/persons/grants": PersonPermissionsQueryRequest,
        "POST /permissions/query/subordinate-entities/roles": SubordinateEntityRolesQueryRequest,
        "POST /permissions/query/subunits/grants": SubunitPermissionsQueryRequest,
        "POST /permissions/subunits/grants": SubunitPermissionsGrantRequest,
        "POST /sessions/batch": OpenBatchSessionRequest,
        "POST /sessions/online": OpenOnlineSessionRequest,
        "POST /sessions/online/{referenceNumber}/invoices": SendInvoiceRequest,
        "POST /testdata/attachment": AttachmentPermissionGrantRequest,
        "POST /testdata/attachment/revoke": AttachmentPermissionRevokeRequest,
        "POST /testdata/context/block": BlockContextAuthenticationRequest,
        "POST /testdata/context/unblock": UnblockContextAuthenticationRequest,
        "POST /testdata/limits/context/session": SetSessionLimitsRequest,
        "POST /testdata/limits/subject/certificate": SetSubjectLimitsRequest,
        "POST /testdata/permissions": TestDataPermissionsGrantRequest,
        "POST /testdata/permissions/revoke": TestDataPermissionsRevokeRequest,
        "POST /testdata/person": PersonCreateRequest,
        "POST /testdata/person/remove": PersonRemoveRequest,
        "POST /testdata/rate-limits": SetRateLimitsRequest,
        "POST /testdata/subject": SubjectCreateRequest,
        "POST /testdata/subject/remove": SubjectRemoveRequest,
        "POST /tokens": GenerateTokenRequest,
        "PUT /testdata/certificates/{serialNumber}": TestDataUpdateCertificateRequest,
    }
}

/// Whether two texts of JSON say the same: absent and null are one, and moments are compared as such.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let mut names: Vec<_> = one.keys().chain(other.keys()).collect();
            names.sort();
            let value = |of: &serde_json::Map<String, Value>, name: &str| {
                of.get(name).cloned().unwrap_or_default()
            };
            names.iter().all(|name| same(&value(one, name), &value(other, name)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::String(one), Value::String(other)) => {
            let moment = |text: &str| DateTime::parse_from_rfc3339(text).ok();
            one == other || (moment(one).is_some() && moment(one) == moment(other))
        }
        (Value::Number(one), Value::Number(other)) => {
            one.to_string().trim_end_matches('0') == other.to_string().trim_end_matches('0')
        }
        _ => one == other,
    }
}

/// The contract's own examples: operation, and what the example is of.
fn examples() -> Vec<(String, String, Value)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/reference/ksef-v2/openapi/examples.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("SKIPPED: the contract's examples are not beside the repository");
        return Vec::new();
    };
    let all: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    let mut examples = Vec::new();
    for (operation, of) in all {
        for (kind, example) in of.as_object().unwrap() {
            // Several examples of one body stand under their names.
            let named = example.as_object().filter(|named| {
                named.values().all(|one| one.get("value").is_some() && one["value"].is_object())
            });
            let all = match named {
                Some(named) if !named.is_empty() => {
                    named.values().map(|one| one["value"].clone()).collect()
                }
                _ => vec![example.clone()],
            };
            let of = |example| (operation.clone(), kind.clone(), example);
            examples.extend(all.into_iter().map(of));
        }
    }
    assert!(examples.len() > 80, "{} examples", examples.len());
    examples
}

#[test]
fn every_operation_with_a_body_has_a_wire_type_and_nothing_else_has() {
    let mut with_body = Contract::read().operations_with_json();
    let mut known: Vec<_> = requests().iter().map(|(name, _)| (*name).to_owned()).collect();
    with_body.sort();
    known.sort();
    assert_eq!(known, with_body);
}

#[test]
fn every_example_of_the_contract_is_read_and_every_request_written_back() {
    let (rows, requests) = (rows(), requests());
    for (operation, kind, example) in examples() {
        let place = format!("{operation}: {kind}");
        if kind == "request application/xml" {
            assert!(
                example.as_str().is_some_and(|text| text.contains("AuthTokenRequest")),
                "{place}"
            );
        } else if kind == "request application/json" {
            let (_, again) = requests.iter().find(|(name, _)| *name == operation).unwrap();
            let written = again(&example).unwrap_or_else(|error| panic!("{place}: {error}"));
            assert!(same(&written, &example), "{place}\n{written}\n{example}");
        } else if kind.starts_with('2') {
            let row = rows.iter().find(|row| row.operation() == operation).unwrap();
            let read = (row.read)(Bytes::from(example.to_string()));
            read.unwrap_or_else(|error| panic!("{place}: {error}"));
        } else {
            assert_eq!(kind, "410 application/problem+json", "{place}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_example_of_a_refusal_becomes_an_error_that_says_the_same() {
    let rows = rows();
    for (operation, kind, example) in examples() {
        let Some((status, "application/problem+json")) = kind.split_once(' ') else { continue };
        let row = rows.iter().find(|row| row.operation() == operation).unwrap();
        let step = Step::answer(status.parse().unwrap(), example.to_string());
        let error = (row.fail)(vec![step]).await.0.unwrap();
        assert_eq!(error.kind(), ErrorKind::Gone, "{operation}");
        let problem = error.problem().unwrap();
        for (name, told) in [
            ("title", problem.title.as_deref()),
            ("detail", problem.detail.as_deref()),
            ("instance", problem.instance.as_deref()),
            ("traceId", problem.trace_id.as_deref()),
            ("timestamp", problem.timestamp.as_deref()),
        ] {
            assert_eq!(example[name].as_str(), told, "{operation}: {name}");
        }
    }
}

#[test]
fn every_answer_that_the_schemas_allow_is_read() {
    let contract = Contract::read();
    let mut read = 0;
    for row in rows() {
        let Some(schema) = contract.answer(&row.operation()) else { continue };
        for shape in [Shape::Whole, Shape::Required, Shape::Nulls, Shape::Newer] {
            let body = contract.made(&schema, shape);
            let outcome = (row.read)(Bytes::from(body.to_string()));
            outcome
                .unwrap_or_else(|error| panic!("{} {shape:?}: {error}\n{body}", row.operation()));
            read += 1;
        }
    }
    assert!(read > 4 * 45, "{read} answers");
}

#[test]
fn every_request_that_the_schemas_allow_is_written_back() {
    let contract = Contract::read();
    for (operation, again) in requests() {
        let schema = contract.request(operation).unwrap();
        for shape in [Shape::Whole, Shape::Required, Shape::Nulls] {
            let body = contract.made(&schema, shape);
            let written =
                again(&body).unwrap_or_else(|error| panic!("{operation}: {error}\n{body}"));
            assert!(same(&written, &body), "{operation} {shape:?}\n{written}\n{body}");
        }
    }
}

/// The two forms of a refusal with that code (KSeF 2.0 facts §14).
fn both_forms(code: u32) -> [Value; 2] {
    let details = json!(["first", "second"]);
    [
        json!({
            "title": "Bad Request", "status": 400, "instance": "/v2/x", "detail": "canary",
            "errors": [{"code": code, "description": "canary", "details": details}],
            "timestamp": "2026-01-02T03:04:05.1234567+00:00", "traceId": "t"
        }),
        json!({"exception": {
            "exceptionDetailList": [
                {"exceptionCode": code, "exceptionDescription": "canary", "details": details}
            ],
            "serviceCode": "c", "serviceCtx": "x", "serviceName": "n",
            "timestamp": "2026-01-02T03:04:05Z"
        }}),
    ]
}

#[tokio::test(start_paused = true)]
async fn every_code_of_every_operation_is_told_in_both_forms() {
    let (mut told, rows) = (0, rows());
    for operation in operations::ALL {
        let row = rows.iter().find(|row| row.info.name == operation.name).unwrap();
        // A number that came later than this version is told, too.
        for code in operation.codes.iter().copied().chain([29_999]) {
            for body in both_forms(code) {
                let step = Step::answer(400, body.to_string());
                let (error, sent) = (row.fail)(vec![step]).await;
                let error = error.unwrap();
                let code = ErrorCode::new(code);
                assert_eq!((error.code(), sent), (Some(code), 1), "{}", operation.name);
                assert!(!error.may_have_happened(), "{}: {code}", operation.name);
                assert_eq!(error.problem().unwrap().findings[0].details, ["first", "second"]);
                let kind = match (operation.name, code.number()) {
                    (
                        "sessions.invoice_status"
                        | "sessions.upo_by_ksef_number"
                        | "sessions.upo_of_invoice",
                        21405,
                    ) => ErrorKind::NotFound,
                    _ => code.kind().unwrap_or(ErrorKind::Invalid),
                };
                assert_eq!(error.kind(), kind, "{}: {code}", operation.name);
                assert!(!format!("{error} {error:?}").contains("canary"), "{}", operation.name);
                told += 1;
            }
        }
    }
    assert!(told > 2 * 83 * 2, "{told}");
}

#[tokio::test(start_paused = true)]
async fn every_operation_tells_the_other_refusals_and_whether_it_may_have_happened() {
    let problem =
        json!({"title": "x", "status": 0, "detail": "canary", "traceId": "t"}).to_string();
    let older = json!({"status": {"code": 429, "description": "canary", "details": ["x"]}});
    for row in rows() {
        for (status, body, kind) in [
            (403, &problem, ErrorKind::Forbidden),
            (410, &problem, ErrorKind::Gone),
            (429, &problem, ErrorKind::TooManyRequests),
            (429, &older.to_string(), ErrorKind::TooManyRequests),
            (503, &"<html>canary</html>".to_owned(), ErrorKind::Server),
        ] {
            let (error, sent) = (row.fail)(vec![Step::answer(status, body.clone())]).await;
            let error: Error = error.unwrap();
            let name = row.info.name;
            assert_eq!(error.kind(), kind, "{name} {status}");
            let unknown = status == 503 && row.info.effect != Effect::Read;
            assert_eq!(error.may_have_happened(), unknown, "{name} {status}");
            assert_eq!(error.recovery().is_some(), unknown, "{name} {status}");
            assert!(sent == 1 && error.endpoint() == name, "{name} {status}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{name} {status}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_operation_that_is_refused_without_a_login_is_not_sent_twice_without_one() {
    let problem = json!({"title": "x", "status": 401, "detail": "canary", "timestamp": "t"});
    let refused = json!({"errors": [{"code": 21301, "description": "canary"}]});
    for row in rows() {
        let steps =
            vec![Step::answer(401, problem.to_string()), Step::answer(400, refused.to_string())];
        let (error, sent) = (row.fail)(steps).await;
        let error = error.unwrap();
        // After the refusal the refresh token is tried, and its refusal is the end.
        let (kind, requests) = match row.info.auth {
            Auth::None => (ErrorKind::Unauthenticated, 1),
            Auth::Required => (ErrorKind::NoLogin, 2),
        };
        assert_eq!((error.kind(), sent), (kind, requests), "{}", row.info.name);
        assert!(!error.may_have_happened(), "{}", row.info.name);
        assert!(!format!("{error} {error:?}").contains("canary"), "{}", row.info.name);
    }
}
