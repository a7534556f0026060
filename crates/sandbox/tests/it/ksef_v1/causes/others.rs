//! Receipts, marks, roles, queries, payments, providers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use sandbox::ksef_v1::KsefV1;
use serde_json::{Value, json};

use super::super::client::*;
use super::super::{common, queries, sign};
use super::{Provoked, provoked};

const PAGE: &str = "?PageSize=10&PageOffset=0";

async fn receipts(ksef: &KsefV1) -> Vec<Provoked> {
    let (session, number) = common::closed(ksef).await;
    let pages = status(ksef, &session.reference).await;
    let page = pages["upoPageList"][0]["upoReferenceNumber"].as_str().unwrap().to_owned();
    let receipt = async |page: &str, accept: &str| {
        let path = format!("/common/Upo/{}/{page}", session.reference);
        get(ksef, &path, &[("accept", accept)]).await.code()
    };
    let none = "20260131-UP-0123456789-0123456789-AB";
    let absent = receipt(none, "application/vnd.v3+octet-stream").await;
    let older = receipt(&page, "application/xml").await;
    let next = login(ksef, ALFA).await;
    let foreign = format!("/common/Upo/ondemand/{}/{number}", next.reference);
    let foreign = get(ksef, &foreign, &[]).await.code();
    let path = "/common/registerAccessPointProvider";
    let signed = sign::enveloped("<a xmlns=\"urn:x\"></a>", &ksef.certificate("seal").unwrap());
    let stranger = post_bytes(ksef, path, &[], signed).await.code();
    let provider = common::peppol_certificate(&ksef.certificate("seal").unwrap().key_pem);
    let signed = sign::enveloped("<a xmlns=\"urn:x\"></a>", &provider);
    post_bytes(ksef, path, &[], signed.clone()).await.ok(200);
    let again = post_bytes(ksef, path, &[], signed).await.code();
    vec![
        provoked(21178, absent, "a page of a receipt that does not exist"),
        provoked(21194, foreign, "the receipt of an invoice of another session"),
        provoked(21414, older, "a receipt in another version than v3"),
        provoked(21420, stranger, "a certificate that names no provider, or not the requester"),
        provoked(21421, again, "a provider that is registered"),
    ]
}

async fn marks(ksef: &KsefV1) -> Vec<Provoked> {
    let seller = login(ksef, ALFA).await;
    let number = seller.accepted(&invoice("M/1")).await;
    let buyer = login(ksef, BETA).await;
    let hide = json!({"invoiceHideRequest": {"ksefReferenceNumber": number, "hidingReason": "x"}});
    let show = json!({"invoiceHideCancelationRequest":
        {"ksefReferenceNumber": number, "hidingCancelationReason": "x"}});
    let report = json!({"scamReport": {"ksefReferenceNumber": number, "reportReason": "x"}});
    let cancel = json!({"scamReportCancelation":
        {"ksefReferenceNumber": number, "reportCancelationReason": "x"}});
    let mark = async |who: &Session, what: &str, body: &Value| {
        let answer = who.post(&format!("/online/Invoice/{what}"), body).await;
        ksef.settle().await;
        if answer.status < 400 { 200 } else { answer.code() }
    };
    let mut found = vec![
        provoked(21186, mark(&seller, "Visibility/Hide", &hide).await, "hiding by the issuer"),
        provoked(21188, mark(&buyer, "Visibility/Show", &show).await, "showing what is not hidden"),
        provoked(21189, mark(&seller, "Scam/Report", &report).await, "a report by the issuer"),
        provoked(
            21191,
            mark(&buyer, "Scam/Cancel", &cancel).await,
            "taking back a report that was not made",
        ),
        provoked(
            23001,
            mark(&buyer, "Scam/Report", &json!({})).await,
            "hiding, showing or reporting without its one member",
        ),
    ];
    assert_eq!(mark(&buyer, "Visibility/Hide", &hide).await, 200);
    assert_eq!(mark(&buyer, "Scam/Report", &report).await, 200);
    let again = mark(&buyer, "Visibility/Hide", &hide).await;
    found.push(provoked(21187, again, "hiding what is hidden"));
    let again = mark(&buyer, "Scam/Report", &report).await;
    found.push(provoked(21190, again, "a second report"));
    found
}

async fn roles(ksef: &KsefV1) -> Vec<Provoked> {
    let owner = owner(ksef).await;
    let grant = async |kind: &str, value: &str, role: &str| {
        let body = json!({"grantCredentials": {
            "credentialsIdentifier": {"type": kind, "identifier": value},
            "credentialsRoleList": [{"roleType": role, "roleDescription": "nowa rola"}],
        }});
        let answer = owner.post("/online/Credentials/Grant", &body).await;
        ksef.settle().await;
        if answer.status < 400 { 200 } else { answer.code() }
    };
    let revoke = json!({"revokeCredentials": {
        "credentialsIdentifier": {"type": "pesel", "identifier": "00810100033"},
        "credentialsRoleList": [{"roleType": "invoice_read"}],
    }});
    let absent = owner.post("/online/Credentials/Revoke", &revoke).await.code();
    let wrong = grant("pesel", "00810100026", "self_invoicing").await;
    let provider = grant("peppolId", "PPL000001", "invoice_read").await;
    assert_eq!(grant("pesel", "00810100026", "invoice_read").await, 200);
    let twice = grant("pesel", "00810100026", "invoice_read").await;
    let headers = [
        ("SessionToken", owner.token.as_str()),
        ("content-type", "application/vnd.v2+json"),
        ("accept", "application/json"),
    ];
    let body = json!({"revokeToken": {"tokenNumber": "20260131-TK-0123456789-0123456789-AB"}});
    let path = "/online/Credentials/RevokeToken";
    let mixed = ask(ksef, Method::POST, path, &headers, body.to_string()).await.unwrap().code();
    vec![
        provoked(21168, absent, "revoking a role that nobody has"),
        provoked(21179, mixed, "a request of version 2 that asks for an answer of version 1"),
        provoked(21192, twice, "granting a role again"),
        provoked(21306, wrong, "granting a role of companies to a person"),
        provoked(21422, provider, "granting a Peppol provider another role than invoice_write"),
    ]
}

async fn searching(ksef: &KsefV1) -> Vec<Provoked> {
    let session = queries::filled(ksef, 2).await;
    let none = "20260131-EH-0123456789-0123456789-AB";
    let none = session.get(&format!("/online/Query/Invoice/Async/Status/{none}")).await.code();
    let mut bad = queries::incremental("subject1");
    bad["queryCriteria"]["acquisitionTimestampThresholdTo"] = json!("tomorrow");
    let path = format!("/online/Query/Invoice/Sync{PAGE}");
    let untimely = session.post(&path, &bad).await.code();
    ksef.set_largest_result(1);
    let many = session.post(&path, &queries::incremental("subject1")).await.code();
    let mut numbers: Vec<String> = ksef.invoices().into_iter().map(|it| it.ksef_number).collect();
    let request = async |numbers: &[String]| {
        let body = json!({"ksefReferenceNumberList": numbers});
        session.post("/online/Payment/Identifier/Request", &body).await.code()
    };
    let nowhere = "9990000103-20260131-0123456789AB-CD".to_owned();
    let unknown = request(&[numbers[0].clone(), nowhere]).await;
    let beta = login(ksef, BETA).await;
    numbers.truncate(1);
    numbers.push(beta.accepted(&invoice_of(BETA, ALFA, "B/1")).await);
    let sellers = request(&numbers).await;
    let folder = "/online/Payment/Identifier";
    let unpaid = format!("{folder}/GetPaymentIdentifiers/{}{PAGE}", numbers[0]);
    let unpaid = session.get(&unpaid).await.code();
    let strange = format!("{folder}/GetReferenceNumbers/9990000103-ID202601-0123456789AB-CD{PAGE}");
    let strange = session.get(&strange).await.code();
    let path = format!("/online/Query/PaymentIdentifier/Sync{PAGE}");
    let own = session.post(&path, &json!({})).await.code();
    vec![
        provoked(20006, untimely, "a moment in criteria that is none"),
        provoked(21175, none, "a query that was never started, or whose part has expired"),
        provoked(21177, many, "more results than a query may give (`set_largest_result`)"),
        provoked(21181, sellers, "a payment identifier for invoices of two sellers"),
        provoked(21182, unknown, "a payment identifier for an invoice that does not exist"),
        provoked(21183, unpaid, "the identifiers of an invoice that has none"),
        provoked(21184, strange, "a payment identifier that does not exist"),
        provoked(21193, own, "a search for identifiers that finds none"),
    ]
}

async fn certificates(ksef: &KsefV1) -> Vec<Provoked> {
    let body = STANDARD.encode("no certificate");
    let answer = post_bytes(ksef, "/online/Credentials/GetThumbprint", &[], body).await.code();
    vec![provoked(21001, answer, "a fingerprint of what is no certificate")]
}

pub(super) async fn provoke() -> Vec<Provoked> {
    let mut found = receipts(calm().await.ksef_v1()).await;
    found.extend(marks(calm().await.ksef_v1()).await);
    found.extend(roles(calm().await.ksef_v1()).await);
    found.extend(searching(calm().await.ksef_v1()).await);
    found.extend(certificates(calm().await.ksef_v1()).await);
    found
}
