//! A request as the operations see it: known, admitted, authorised, and of the right shape.

use chrono::{DateTime, Utc};
use http::HeaderMap;
use serde_json::Value;

use super::contract::{self, BodyKind, Operation};
use super::people::Caller;
use super::problem::Problem;
use crate::front::Incoming;

/// One request to one operation.
pub(super) struct Request<'a> {
    pub(super) incoming: &'a Incoming,
    pub(super) operation: &'static Operation,
    pub(super) now: DateTime<Utc>,
    /// The body; null when the operation takes none or takes XML.
    pub(super) body: Value,
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    caller: Option<Caller>,
}

impl<'a> Request<'a> {
    /// Reads the parameters and the body, and holds them against the contract.
    pub(super) fn read(
        incoming: &'a Incoming,
        operation: &'static Operation,
        path: Vec<(String, String)>,
        caller: Option<Caller>,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(incoming.query.as_bytes()).into_owned().collect();
        let mut misfits = operation.misfits("path", &path);
        misfits.extend(operation.misfits("query", &query));
        let body = match operation.body() {
            BodyKind::None | BodyKind::Xml => Value::Null,
            BodyKind::Json(schema) => {
                let body = json_body(incoming)?;
                too_many_parts(operation, &body)?;
                misfits.extend(contract::body_misfits(schema, &body));
                body
            }
        };
        if misfits.is_empty() {
            Ok(Self { incoming, operation, now, body, path, query, caller })
        } else {
            Err(Problem::misfits(misfits))
        }
    }

    /// Who asks.
    pub(super) fn caller(&self) -> Result<&Caller, Problem> {
        self.caller.as_ref().ok_or(Problem::Unauthorized("Brak tokena dostępowego."))
    }

    /// A parameter of the path; the contract has it.
    pub(super) fn path(&self, name: &str) -> &str {
        self.path.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value)
    }

    /// A parameter of the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let mut found = self.query.iter().filter(|(it, _)| it.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter that may stand several times.
    pub(super) fn queries(&self, name: &str) -> Vec<&str> {
        let found = self.query.iter().filter(|(it, _)| it.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).collect()
    }

    /// A moment in the query; its shape was held against the contract.
    pub(super) fn moment(&self, name: &str) -> Option<DateTime<Utc>> {
        let read = DateTime::parse_from_rfc3339(self.query(name)?).ok()?;
        Some(read.with_timezone(&Utc))
    }

    /// The size of a page, 10 unless the query says otherwise.
    pub(super) fn page_size(&self) -> usize {
        self.query("pageSize").and_then(|it| it.parse().ok()).unwrap_or(10)
    }

    /// The number of a page from 0.
    pub(super) fn page_offset(&self) -> usize {
        self.query("pageOffset").and_then(|it| it.parse().ok()).unwrap_or(0)
    }

    /// The continuation token; an empty one is none.
    pub(super) fn continuation(&self) -> Option<&str> {
        self.header("x-continuation-token").filter(|token| !token.is_empty())
    }

    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.incoming.headers, name)
    }

    /// The one feature that the request asks for; a list or a repeated header counts as none
    /// (KSeF 2.0 facts §0, 11).
    pub(super) fn has_feature(&self, name: &str) -> bool {
        let mut given = self.incoming.headers.get_all("x-ksef-feature").iter();
        let first = given.next().and_then(|it| it.to_str().ok());
        given.next().is_none() && first.is_some_and(|first| first.trim() == name)
    }
}

/// A header as text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|it| it.to_str().ok())
}

/// Too many parts of a batch have a code of their own, before everything else that may be wrong.
fn too_many_parts(operation: &Operation, body: &Value) -> Result<(), Problem> {
    let parts = body["batchFile"]["fileParts"].as_array().map_or(0, Vec::len);
    if operation.key == "POST /sessions/batch" && parts > 50 {
        return Err(Problem::detailed(21161, "Paczka ma więcej niż 50 części."));
    }
    Ok(())
}

/// The JSON of a body; 21001 for anything else, also for another media type.
fn json_body(incoming: &Incoming) -> Result<Value, Problem> {
    let media = header(&incoming.headers, "content-type").unwrap_or_default();
    if !media.to_lowercase().starts_with("application/json") {
        return Err(Problem::Status(415));
    }
    let read = serde_json::from_slice::<Value>(&incoming.body);
    match read {
        Ok(body) if body.is_object() => Ok(body),
        Ok(_) => Err(Problem::detailed(21001, "Oczekiwano obiektu JSON.")),
        Err(error) => {
            let place = format!("Wiersz {}, kolumna {}.", error.line(), error.column());
            Err(Problem::detailed(21001, place))
        }
    }
}
