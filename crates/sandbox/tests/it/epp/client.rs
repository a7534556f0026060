//! A caller of ePP that knows nothing of the clients of this workspace.

use std::io::{Cursor, Read};
use std::net::IpAddr;

use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use sandbox::epp::Epp;
use sandbox::{ConnectionLost, Sandbox};
use serde_json::{Value, json};

/// The first account of the first organisation: it may pay and has money.
pub(crate) const DEBTOR: &str = "840000000091000096";

/// An account elsewhere.
pub(crate) const CREDITOR: &str = "840000000023566472";

/// An answer that arrived whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The payload of a success.
    pub(crate) fn payload(&self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        let envelope = self.json();
        assert_eq!(envelope["status"]["code"], "Success");
        envelope["payload"].clone()
    }

    /// The code of a failure.
    pub(crate) fn code(&self) -> String {
        self.json()["status"]["code"].as_str().unwrap().to_owned()
    }
}

/// A calm sandbox without sockets that starts at noon of a winter day.
pub(crate) async fn calm() -> Sandbox {
    let start = "2026-01-31T11:00:00Z".parse().unwrap();
    let builder = Sandbox::builder().seed(7).calm().without_sockets().starting_at(start);
    builder.start().await.unwrap()
}

/// A user who is logged in.
pub(crate) struct Caller {
    pub(crate) epp: Epp,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// Logs in.
pub(crate) async fn login(epp: &Epp, login: &str) -> Caller {
    let password = epp.user(login).unwrap().password().to_owned();
    let tokens = try_login(epp, login, &password).await.payload();
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    Caller { epp: epp.clone(), access: text("accessToken"), refresh: text("refreshToken") }
}

/// Tries to log in.
pub(crate) async fn try_login(epp: &Epp, login: &str, password: &str) -> Answer {
    let body = json!({"login": login, "password": password});
    ask(epp, "", Method::POST, "/login", Some(&body)).await.unwrap()
}

/// A request in process; `path` lies below the base address.
pub(crate) async fn ask(
    epp: &Epp,
    token: &str,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Answer, ConnectionLost> {
    let path = path.replace('[', "%5B").replace(']', "%5D");
    let mut request = Request::builder().method(method).uri(format!("{}{path}", epp.base_url()));
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let text = body.map(Value::to_string).unwrap_or_default();
    whole(epp.service().send(request.body(Body::from(text)).unwrap()).await?).await
}

async fn whole(response: Response<Body>) -> Result<Answer, ConnectionLost> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|_| ConnectionLost)?.to_bytes();
    Ok(Answer { status: parts.status.as_u16(), body })
}

impl Caller {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        ask(&self.epp, &self.access, Method::GET, path, None).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        ask(&self.epp, &self.access, Method::POST, path, Some(body)).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        ask(&self.epp, &self.access, Method::PUT, path, Some(body)).await.unwrap()
    }

    /// Creates orders and gives their identifiers, which only lists tell.
    pub(crate) async fn create(&self, orders: &[Value]) -> Vec<u64> {
        let known = self.epp.orders().len();
        let answer = self.post("/payment-orders", &json!(orders)).await;
        for element in answer.payload().as_array().unwrap() {
            assert_eq!(element["error"], Value::Null, "{element}");
        }
        self.epp.orders().iter().skip(known).map(|order| order.id).collect()
    }

    /// Starts a payment and gives the tag of the attempt.
    pub(crate) async fn start(&self, ids: &[u64]) -> String {
        let answer = self.post("/payments", &json!({"PaymentOrderIds": ids})).await;
        answer.payload()["paymentIdTagName"].as_str().unwrap().to_owned()
    }

    /// Confirms an attempt with the password that is right now.
    pub(crate) async fn confirm(&self, tag: &str) -> Answer {
        let token = self.epp.one_time_password(tag).unwrap();
        self.put("/payments", &json!({"PaymentIdTagName": tag, "Token": token})).await
    }

    /// The link to a daily statement of today.
    pub(crate) async fn link(&self, number: &str, format: &str) -> String {
        let query = format!("type=statement&format={format}&date=2026-01-31");
        let answer = self.get(&format!("/bank-accounts/{number}/statement-url?{query}")).await;
        answer.payload()["url"].as_str().unwrap().to_owned()
    }
}

/// Follows a link with the right `Referer`.
pub(crate) async fn download(epp: &Epp, url: &str) -> Answer {
    follow(epp, url, &format!("{}/", epp.web_url()), None).await
}

/// Follows a link with some `Referer` and, if given, from some address.
pub(crate) async fn follow(epp: &Epp, url: &str, referer: &str, address: Option<IpAddr>) -> Answer {
    let mut request = Request::get(url).header("referer", referer);
    if let Some(address) = address {
        request = request.extension(address);
    }
    let response = epp.web_service().send(request.body(Body::empty()).unwrap()).await.unwrap();
    whole(response).await.unwrap()
}

/// Names and contents of the files in an archive.
pub(crate) fn unpacked(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let count = archive.len();
    let read = |index| {
        let mut entry = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (entry.name().unwrap().into_owned(), content)
    };
    (0..count).map(read).collect()
}

/// An order with an external identifier and an amount.
pub(crate) fn order(external_id: &str, amount: &str) -> Value {
    let amount: Value = serde_json::from_str(amount).unwrap();
    json!({
        "PaymentBasis": "Plaćanje po računu",
        "PaymentCode": 221,
        "Amount": amount,
        "DebtorBankAccount": DEBTOR,
        "DebtorCodeModel": 97,
        "DebtorCode": "88RN-2024-15",
        "CreditorName": "Izmišljeni poverilac d.o.o.",
        "CreditorAddress": "Nepostojeća 1, Niš",
        "CreditorBankAccount": CREDITOR,
        "CreditorCodeModel": null,
        "CreditorCode": "220216",
        "UrgentPayment": false,
        "ExpectedPaymentDate": "2026-01-31T00:00:00",
        "ExternalId": external_id,
        "UserTags": ["proba", external_id],
        "Comment": "proba",
    })
}
