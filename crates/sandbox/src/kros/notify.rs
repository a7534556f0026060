//! Notifications: what became of a request, told to the company's webhook (KROS OpenAPI
//! documentation page, section "Webhook"; KROS facts §2, Notifications).
//!
//! A receiver that does not answer 2xx is told again, each time after twice the delay.
//! A hostile sandbox also tells late, twice, and in another order than the requests came.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use url::Url;

use super::Kros;
use super::company::Target;
use super::process::{Entity, Job, Outcome};
use super::validate::Kind;
use crate::front::Mood;
use crate::reply::write_value;

/// How often a notification is sent at most.
const ATTEMPTS: u32 = 5;

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The header of the signature.
const SIGNATURE: &str = "X-Kros-Signature-256";

/// The shape of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Form {
    /// As the source document shows it: `createdEntities`, `isSuccessful`.
    #[serde(rename = "documented_2023")]
    Documented2023,
    /// As current integrations read it: `status`, `results`.
    #[default]
    Current,
}

/// One try to deliver a notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Attempt {
    /// When it began.
    pub at: DateTime<Utc>,
    /// The status of the receiver; `None` when there was no answer.
    pub status: Option<u16>,
}

/// A notification and its deliveries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Notification {
    /// The company concerned.
    pub company_id: u64,
    /// The request that it answers.
    pub request_id: String,
    /// Where it goes; `None` when the company has no webhook, and then nothing is sent.
    pub url: Option<String>,
    /// The exact body.
    pub body: String,
    /// The value of the header `X-Kros-Signature-256`.
    pub signature: String,
    /// The tries so far; a hostile repetition counts as a further try.
    pub attempts: Vec<Attempt>,
}

impl Notification {
    /// Whether a receiver has answered 2xx.
    pub fn is_delivered(&self) -> bool {
        let good = |attempt: &Attempt| attempt.status.is_some_and(|code| code / 100 == 2);
        self.attempts.iter().any(good)
    }
}

/// The body of the notification about a request.
pub(super) fn body(form: Form, job: &Job, outcome: &Outcome, origin: &str) -> Value {
    let resource = match job.kind {
        Kind::Invoice => "invoices",
        Kind::Payment => "payments",
    };
    let api_url = format!("{origin}/api/{resource}/{{id}}");
    let all_good = outcome.entities.iter().all(|entity| entity.problems.is_empty());
    match form {
        Form::Documented2023 => json!({
            "companyId": job.company,
            "createdEntities": {"documents": created(job.kind, &outcome.entities)},
            "entityType": if job.kind == Kind::Invoice { 1 } else { 2 },
            "isSuccessful": all_good,
            "apiUrl": api_url,
            "requestId": job.request_id,
        }),
        Form::Current => json!({
            "companyId": job.company,
            "status": if all_good { 200 } else { 207 },
            "requestId": job.request_id,
            "apiUrl": api_url,
            "results": {
                "entities": outcome.entities.iter().map(result).collect::<Vec<_>>(),
                "relatedEntities": outcome.related,
            },
        }),
    }
}

/// The stored documents in the old shape; 2 is the document type of an issued invoice.
fn created(kind: Kind, entities: &[Entity]) -> Vec<Value> {
    let stored = entities.iter().filter(|entity| entity.problems.is_empty());
    let shown = stored.map(|entity| match kind {
        Kind::Invoice => json!({
            "id": entity.data["id"],
            "externalId": entity.data["externalId"],
            "numberingSequence": entity.data["numberingSequence"],
            "documentNumber": entity.data["documentNumber"],
            "documentType": 2,
        }),
        Kind::Payment => entity.data.clone(),
    });
    shown.collect()
}

fn result(entity: &Entity) -> Value {
    let problem =
        |(path, message): &(&str, String)| json!({"propertyPath": path, "errorMessage": message});
    json!({
        "data": entity.data,
        "problems": entity.problems.iter().map(problem).collect::<Vec<_>>(),
    })
}

/// Notes the notification about a processed request and starts its delivery.
pub(super) fn announce(kros: &Kros, job: &Job, outcome: &Outcome) {
    let context = kros.context();
    let hostile = context.mood == Mood::Hostile;
    let (index, deliverable) = kros.with_store(|store| {
        let mut text = String::new();
        let value = body(store.form, job, outcome, kros.origin());
        write_value(&value, hostile.then_some(&context.chance), &mut text);
        let company = store.companies.iter().find(|company| company.id == job.company);
        let secret = company.map_or("", |company| company.webhook_secret());
        let target = store.targets.get(&job.company);
        let signature = store.scheme.sign(secret, &text);
        let notification = Notification {
            company_id: job.company,
            request_id: job.request_id.clone(),
            url: target.map(|target| target.shown().to_owned()),
            body: text,
            signature,
            attempts: Vec::new(),
        };
        let deliverable = target.is_some();
        store.notifications.push(notification);
        (store.notifications.len() - 1, deliverable)
    });
    if !deliverable {
        return;
    }
    let copies = if hostile && context.chance.hits(150) { 2 } else { 1 };
    for _ in 0..copies {
        let late = if hostile { context.chance.between(0, 800) } else { 0 };
        let kros = kros.clone();
        context.tasks.spawn_job(async move {
            tokio::time::sleep(Duration::from_millis(late)).await;
            deliver(&kros, index).await;
        });
    }
}

async fn deliver(kros: &Kros, index: usize) {
    let mut delay = match kros.context().mood {
        Mood::Calm => Duration::from_millis(50),
        Mood::Hostile => Duration::from_millis(200),
    };
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(delay).await;
            delay *= 2;
        }
        let Some((target, request)) = prepare(kros, index) else { return };
        let at = kros.context().clock.now();
        let status = match target {
            Target::Receiver(receiver) => Some(receiver(&request)),
            Target::Url(url) => {
                tokio::time::timeout(PATIENCE, post(&url, request)).await.ok().flatten()
            }
        };
        kros.with_store(|store| {
            if let Some(notification) = store.notifications.get_mut(index) {
                notification.attempts.push(Attempt { at, status });
            }
        });
        if status.is_some_and(|code| code / 100 == 2) {
            return;
        }
    }
}

/// The request of a delivery, to wherever the webhook of the company points now.
fn prepare(kros: &Kros, index: usize) -> Option<(Target, Request<Bytes>)> {
    kros.with_store(|store| {
        let notification = store.notifications.get(index)?;
        let target = store.targets.get(&notification.company_id)?.clone();
        let (host, path) = match &target {
            Target::Url(url) => {
                (url.authority().to_owned(), url[url::Position::BeforePath..].into())
            }
            Target::Receiver(_) => ("localhost".to_owned(), "/".to_owned()),
        };
        let request = Request::post(path)
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header(SIGNATURE, notification.signature.as_str())
            .body(Bytes::from(notification.body.clone()));
        Some((target, request.ok()?))
    })
}

/// Sends the request over a connection of its own and gives the status of the answer.
async fn post(url: &Url, request: Request<Bytes>) -> Option<u16> {
    let host = url.host_str()?.trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, url.port_or_known_default()?)).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let answer = sender.send_request(request.map(Full::new));
    tokio::pin!(answer);
    let answer = tokio::select! {
        biased;
        answer = &mut answer => answer,
        // The receiver may close right after its answer, which is then waiting to be taken.
        _ = connection => answer.await,
    };
    answer.ok().map(|response| response.status().as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Job {
        Job {
            company: 5001,
            kind: Kind::Invoice,
            request_id: "r".to_owned(),
            documents: Vec::new(),
        }
    }

    fn outcome() -> Outcome {
        let good = Entity { data: json!({"id": 7, "externalId": "a"}), problems: Vec::new() };
        let problems = vec![("numberingSequence", "unknown".to_owned())];
        let bad = Entity { data: json!({"externalId": "b"}), problems };
        Outcome { entities: vec![good, bad], related: Vec::new() }
    }

    #[test]
    fn the_current_form_reports_each_document() {
        let body = body(Form::Current, &job(), &outcome(), "http://localhost");
        assert_eq!(body["status"], 207);
        assert_eq!(body["apiUrl"], "http://localhost/api/invoices/{id}");
        assert_eq!(body["results"]["entities"][0]["problems"], json!([]));
        let path = &body["results"]["entities"][1]["problems"][0]["propertyPath"];
        assert_eq!(path, "numberingSequence");
    }

    #[test]
    fn the_documented_form_lists_what_was_created() {
        let body = body(Form::Documented2023, &job(), &outcome(), "http://localhost");
        assert_eq!(body["isSuccessful"], false);
        assert_eq!(body["createdEntities"]["documents"].as_array().unwrap().len(), 1);
        assert_eq!(body["createdEntities"]["documents"][0]["documentType"], 2);
    }
}
