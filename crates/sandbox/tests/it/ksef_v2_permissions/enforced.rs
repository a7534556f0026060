//! Every operation with every permission, from a table that the contract makes.

use axum::body::Body;
use http::Method;
use sandbox::ksef_v2::{IdentityKind, Permission};
use serde_json::{Value, json};

use super::{STRANGER, identity, signed};
use crate::ksef_v2::client::*;
use crate::ksef_v2::schema;

/// A path with something in place of each parameter.
fn filled(template: &str) -> String {
    let parts = template.split('/').map(|part| match part {
        "{ksefNumber}" => "9990000103-20260131-010000000000-00",
        "{permissionId}" => "00000000-0000-4000-8000-000000000000",
        "{certificateSerialNumber}" | "{serialNumber}" => "0100000000000000",
        part if part.starts_with('{') => "20260131-XX-0000000000-0000000000-00",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(text).collect()
}

#[tokio::test(start_paused = true)]
async fn every_operation_is_open_to_its_permissions_and_closed_to_all_others() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let stranger = identity(IdentityKind::Pesel, STRANGER);
    let (mut open, mut closed) = (0, 0);
    for (index, permission) in Permission::ALL.into_iter().enumerate() {
        let nip = format!("99910001{index:02}");
        ksef.grant(&identity(IdentityKind::Nip, &nip), &stranger, &[permission]);
        let caller = signed(ksef, ("Nip", &nip), "stranger").await;
        for (key, operation) in schema::operations() {
            let wanted = names(&operation["permissions"]);
            let (method, template) = key.split_once(' ').unwrap();
            if wanted.is_empty() {
                continue;
            }
            let method: Method = method.parse().unwrap();
            let body = if method == Method::GET { "" } else { "{}" };
            let answer = caller.send(method, &filled(template), &[], Body::from(body)).await;
            if wanted.iter().any(|name| name == permission.as_str()) {
                assert_ne!(answer.status, 403, "{key} with {permission:?}");
                open += 1;
            } else {
                assert_eq!(answer.status, 403, "{key} with {permission:?}");
                let problem = answer.json();
                assert_eq!(problem["reasonCode"], "missing-permissions");
                assert_eq!(names(&problem["security"]["requiredAnyOfPermissions"]), wanted);
                assert_eq!(problem["security"]["presentPermissions"], json!([permission.as_str()]));
                closed += 1;
            }
        }
    }
    assert_eq!(open + closed, 10 * 38, "operations with permissions");
    assert!(open > 90, "{open}");
}

#[tokio::test(start_paused = true)]
async fn no_operation_that_needs_a_token_works_without_one() {
    let sandbox = calm().await;
    let nobody = Caller::nobody(sandbox.ksef_v2());
    let mut asked = 0;
    for (key, _) in schema::operations().iter().filter(|(_, row)| row["auth"].is_array()) {
        let (method, template) = key.split_once(' ').unwrap();
        let answer = nobody.send(method.parse().unwrap(), &filled(template), &[], "{}").await;
        assert_eq!(answer.status, 401, "{key}");
        asked += 1;
    }
    assert!(asked > 60, "{asked}");
}
