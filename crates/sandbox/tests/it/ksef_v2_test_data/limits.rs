//! The limits in force, and what changes them.

use http::Method;
use sandbox::ksef_v2::Limits;
use serde_json::{Value, json};

use crate::ksef_v2::client::*;
use crate::ksef_v2_permissions::{STRANGER, signed};

#[tokio::test(start_paused = true)]
async fn limits_of_sessions_are_set_for_one_context() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let (alfa, omega) = (login(ksef, ALFA).await, login(ksef, OMEGA).await);
    let usual = omega.get("/limits/context").await.ok(200);
    assert_eq!(
        usual["onlineSession"],
        json!({"maxInvoiceSizeInMB": 1,
        "maxInvoiceWithAttachmentSizeInMB": 3, "maxInvoices": 10000})
    );
    assert_eq!(usual["collectiveIdentifier"]["maxInvoices"], 500);
    let mut body = usual.clone();
    body["onlineSession"]["maxInvoices"] = json!(1);
    body["collectiveIdentifier"]["maxInvoices"] = json!(2);
    let path = "/testdata/limits/context/session";
    alfa.post(path, &body).await.ok(200);
    assert_eq!(alfa.get("/limits/context").await.ok(200), body);
    assert_eq!(omega.get("/limits/context").await.ok(200), usual);
    let session = alfa.open().await;
    alfa.send_invoice(&session, &invoice("L/1")).await;
    let sending_path = format!("/sessions/online/{session}/invoices");
    let second = alfa.post(&sending_path, &sending(&invoice("L/2"))).await;
    assert_eq!(second.code(), 21155, "one invoice is enough");
    body["collectiveIdentifier"]["maxInvoices"] = json!(1);
    assert_eq!(alfa.post(path, &body).await.code(), 21405);
    alfa.delete(path).await.ok(200);
    assert_eq!(alfa.get("/limits/context").await.ok(200), usual);
}

#[tokio::test(start_paused = true)]
async fn limits_of_requests_are_set_for_one_context_and_counted() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let (alfa, omega) = (login(ksef, ALFA).await, login(ksef, OMEGA).await);
    let production = serde_json::to_value(Limits::production()).unwrap();
    alfa.send(Method::POST, "/testdata/rate-limits/production", &[], "").await.ok(200);
    assert_eq!(alfa.get("/rate-limits").await.ok(200), production);
    assert_eq!(omega.get("/rate-limits").await.ok(200)["other"]["perHour"], -1);
    let mut rates = production.clone();
    let members = rates.as_object_mut().unwrap();
    for fixed in ["onlineSessionClose", "batchSessionClose", "anonymous", "global"] {
        members.remove(fixed);
    }
    rates["sessionList"] = json!({"perSecond": 2, "perMinute": 2, "perHour": 2});
    alfa.post("/testdata/rate-limits", &json!({"rateLimits": rates})).await.ok(200);
    let in_force = alfa.get("/rate-limits").await.ok(200);
    assert_eq!(in_force["sessionList"]["perHour"], 2);
    assert_eq!(in_force["onlineSessionClose"], production["onlineSessionClose"]);
    let path = "/sessions?sessionType=Online";
    for status in [200, 200, 429] {
        assert_eq!(alfa.get(path).await.status, status);
        assert_eq!(omega.get(path).await.status, 200);
    }
    alfa.delete("/testdata/rate-limits").await.ok(200);
    assert_eq!(alfa.get("/rate-limits").await.ok(200)["sessionList"]["perHour"], -1);
    let wrong = json!({"rateLimits": {"other": {}}});
    assert_eq!(alfa.post("/testdata/rate-limits", &wrong).await.code(), 21405);
}

#[tokio::test(start_paused = true)]
async fn limits_of_certificates_belong_to_a_subject() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let seal = signed(ksef, ("Nip", ALFA), "seal").await;
    let clerk = signed(ksef, ("Nip", ALFA), "person-pesel").await;
    let limits = |enrollments: i64, certificates: i64| {
        json!({"enrollment": {"maxEnrollments": enrollments},
            "certificate": {"maxCertificates": certificates}})
    };
    assert_eq!(seal.get("/limits/subject").await.ok(200), limits(300, 100));
    assert_eq!(clerk.get("/limits/subject").await.ok(200), limits(12, 6));
    let path = "/testdata/limits/subject/certificate";
    clerk.post(path, &json!({"enrollment": {"maxEnrollments": 3}})).await.ok(200);
    assert_eq!(clerk.get("/limits/subject").await.ok(200), limits(3, 6), "the other one stays");
    let told = clerk.get("/certificates/limits").await.ok(200);
    assert_eq!(told["enrollment"], json!({"remaining": 3, "limit": 3}));
    assert_eq!(told["canRequest"], true);
    let body = json!({"subjectIdentifierType": "Nip", "certificate": {"maxCertificates": 1}});
    assert_eq!(clerk.post(path, &body).await.code(), 21405, "no number of that kind");
    clerk.delete(path).await.ok(200);
    assert_eq!(clerk.get("/limits/subject").await.ok(200), limits(12, 6));
    let person =
        json!({"nip": OMEGA, "pesel": STRANGER, "isBailiff": false, "description": "Osoba"});
    Caller::nobody(ksef).post("/testdata/person", &person).await.ok(200);
    let stranger = signed(ksef, ("Nip", OMEGA), "stranger").await;
    stranger.post(path, &body).await.ok(200);
    let omega = login(ksef, OMEGA).await;
    let limits: Value = omega.get("/limits/subject").await.ok(200);
    assert_eq!(limits["certificate"]["maxCertificates"], 1, "the other number of the person");
}
