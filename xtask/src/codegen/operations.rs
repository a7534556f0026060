//! The table of a described system's operations, as JSON beside the contract and as a slice in the client crate.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::{
    codegen::{HEADER, Made, rust_format},
    contract::{
        System,
        description::{Contents, Operation},
        json_text,
        overlay::{Contract, Facts},
    },
    shell::{Failure, Outcome},
};

/// An operation with everything that is known of it.
struct Row<'a> {
    method: &'a str,
    path: &'a str,
    name: String,
    operation: &'a Operation,
    facts: Facts,
    is_verified: bool,
}

/// Makes `endpoints.json` and `operations.rs`.
pub(crate) fn make(system: &System, contract: &Contract) -> Outcome<Vec<Made>> {
    let mut rows: Vec<_> = contract
        .description
        .operations
        .iter()
        .map(|(key, operation)| row(contract, key, operation))
        .collect::<Outcome<_>>()?;
    rows.sort_by(|one, other| (one.path, one.method).cmp(&(other.path, other.method)));
    let table: Vec<Value> = rows.iter().map(as_json).collect();
    let slice = rust_format::formatted(&as_rust(system, &rows))?;
    Ok(vec![
        Made { path: system.table(), text: json_text::pretty(&table)? },
        Made { path: format!("{}/operations.rs", system.sources), text: slice },
    ])
}

fn row<'a>(contract: &Contract, key: &'a str, operation: &'a Operation) -> Outcome<Row<'a>> {
    let split = key.split_once(' ');
    let (method, path) = split.ok_or_else(|| Failure::new(format!("{key} is no operation")))?;
    let given = contract.overlay.operations.get(key).cloned();
    // What nobody judged yet is treated as the most delicate kind of call.
    let facts = given.unwrap_or_else(|| Facts {
        effect: "once".to_owned(),
        limit: "other".to_owned(),
        section: "unknown".to_owned(),
        ..Facts::default()
    });
    let is_verified = !contract.is_unverified(key);
    let name = contract.operation_name(key);
    Ok(Row { method, path, name, operation, facts, is_verified })
}

impl Row<'_> {
    /// Schemes of authorisation in words of the other tables.
    fn auth(&self) -> &'static str {
        if self.operation.auth.is_empty() { "none" } else { "required" }
    }

    fn statuses(&self, is_success: bool) -> Vec<u16> {
        let statuses = self.operation.responses.keys().filter_map(|status| status.parse().ok());
        statuses.filter(|status: &u16| (200..300).contains(status) == is_success).collect()
    }

    fn answers(&self) -> Vec<&Contents> {
        let answers = self.operation.responses.iter();
        answers.filter(|(status, _)| status.starts_with('2')).map(|(_, body)| body).collect()
    }
}

fn as_json(row: &Row<'_>) -> Value {
    let (good, bad) = (row.statuses(true), row.statuses(false));
    let parameters = row.operation.parameters.iter().filter(|parameter| parameter.place != "path");
    let parameters: Vec<_> = parameters.map(|parameter| parameter.name.clone()).collect();
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("method", json!(row.method));
    set("path", json!(row.path));
    set("name", json!(row.name));
    set("effect", json!(row.facts.effect));
    set("auth", json!(row.auth()));
    set("parameters", json!(parameters));
    set("request", json!(media(&row.operation.request)));
    set("response", json!(row.answers().into_iter().flat_map(media).collect::<Vec<_>>()));
    set("answers", json!([good, bad].concat()));
    set("limit", json!(row.facts.limit));
    let limits = &row.operation.limits;
    set("limits", if limits.is_null() { json!(row.facts.limits) } else { limits.clone() });
    set("paging", json!(row.facts.paging));
    set("confidence", json!(if row.is_verified { "A" } else { "?" }));
    set("section", json!(row.facts.section));
    if !row.operation.permissions.is_empty() {
        set("permissions", json!(row.operation.permissions));
    }
    if !row.operation.codes.is_empty() {
        set("codes", json!(row.operation.codes));
    }
    Value::Object(fields)
}

/// Media types with the schema of each, where it is a named one.
fn media(contents: &Contents) -> Vec<String> {
    let named = contents.iter().map(|(media, schema)| {
        let Some(schema) = schema else { return media.clone() };
        let items = schema.items.as_ref().and_then(|items| items.reference.as_ref());
        match (&schema.reference, items) {
            (Some(name), _) => format!("{media} {name}"),
            (None, Some(name)) => format!("{media} list of {name}"),
            (None, None) => media.clone(),
        }
    });
    named.collect()
}

fn as_rust(system: &System, rows: &[Row<'_>]) -> String {
    let name = system.name;
    let mut text = format!(
        "//! All operations of {name}: what the contract says of each.\n//!\n\
         //! {HEADER} from fixtures/{name}/contract: do not edit.\n\n\
         use common_core::effect::Effect;\nuse common_http::Auth;\nuse http::Method;\n\n\
         use crate::operation::{{Operation, Rate}};\n\n\
         /// Every operation, in the order of the paths.\n\
         pub static ALL: &[Operation] = &[\n"
    );
    for row in rows {
        let auth = if row.operation.auth.is_empty() { "None" } else { "Required" };
        let effect = match row.facts.effect.as_str() {
            "read" => "Read",
            "idempotent" => "Idempotent",
            _ => "Once",
        };
        let _ = writeln!(
            text,
            "Operation {{ name: {:?}, method: Method::{}, path: {:?}, effect: Effect::{effect}, \
             auth: Auth::{auth}, limit: {:?}, section: {:?}, statuses: &{:?}, request: &{:?}, \
             response: &{:?}, permissions: &{:?}, codes: &{:?}, rate: {}, is_verified: {} }},",
            row.name,
            row.method,
            row.path,
            row.facts.limit,
            row.facts.section,
            row.statuses(true),
            row.operation.request.keys().collect::<Vec<_>>(),
            row.answers().into_iter().flat_map(|body| body.keys()).collect::<Vec<_>>(),
            row.operation.permissions,
            row.operation.codes,
            rate(&row.operation.limits),
            row.is_verified,
        );
    }
    text + "];\n"
}

/// The numbers of a rate limit as a value of the client crate.
fn rate(limits: &Value) -> String {
    let number = |name: &str| match limits[name].as_u64() {
        Some(number) => format!("Some({number})"),
        None => "None".to_owned(),
    };
    let (second, minute, hour) = (number("perSecond"), number("perMinute"), number("perHour"));
    format!("Rate {{ per_second: {second}, per_minute: {minute}, per_hour: {hour} }}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::{description::Description, overlay::Names};

    #[test]
    fn a_row_says_what_the_text_and_the_overlay_know() {
        let operations = json!({"GET /a/{id}": {"auth": ["Token"],
            "parameters": [{"in": "path", "name": "id", "schema": {}}, {"in": "query", "name": "page", "schema": {}}],
            "responses": {"200": {"application/json": {"ref": "A"}}, "404": {}}}});
        let overlay = json!({"operations": {"GET /a/{id}": {"effect": "read", "limit": "l", "section": "s"}},
            "unpublished": {"POST /b": {"request": {"application/json": null}}}});
        let description = Description {
            operations: serde_json::from_value(operations).unwrap(),
            ..Description::default()
        };
        let overlay = serde_json::from_value(overlay).unwrap();
        let contract = Contract::new(description, overlay, Names::default());
        let made = make(System::named("ksef-v1").unwrap(), &contract).unwrap();
        let table: Value = serde_json::from_str(&made[0].text).unwrap();
        assert_eq!(table[0]["parameters"], json!(["page"]));
        assert_eq!(table[0]["response"], json!(["application/json A"]));
        assert_eq!(table[0]["answers"], json!([200, 404]));
        assert_eq!((&table[0]["auth"], &table[1]["auth"]), (&json!("required"), &json!("none")));
        assert_eq!((&table[1]["effect"], &table[1]["confidence"]), (&json!("once"), &json!("?")));
        assert!(made[1].text.contains("statuses: &[200],"), "{}", made[1].text);
    }
}
