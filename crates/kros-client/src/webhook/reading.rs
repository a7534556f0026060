//! Reads both shapes of a notification (KROS OpenAPI documentation page, section "Webhook"; KROS
//! facts §2, "Notifications").

use common_core::open::Open;
use serde_json::Value;

use super::{
    ApiUrl, EntityResult, Notification, NotificationError, Outcome, Problem, RelatedDocument,
    Shape, fields::Fields,
};

const DOCUMENT_ID: &str = "a whole number or a UUID";

/// Where the message of a problem has been seen or may be expected, best first.
const MESSAGE_FIELDS: [&str; 5] = ["errorMessage", "message", "description", "detail", "title"];

pub(super) fn notification(body: &[u8]) -> Result<Notification, NotificationError> {
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        NotificationError::NotJson { line: error.line(), column: error.column() }
    })?;
    let mut fields = Fields::root(value)?;
    let shape = shape(&fields);
    let status = fields.integer("status");
    let is_successful = fields.truth("isSuccessful");
    let (entities, related) = match shape {
        Shape::Current => results(&mut fields)?,
        Shape::Documented2023 => (created(&mut fields)?, Vec::new()),
        Shape::Unrecognised => (Vec::new(), Vec::new()),
    };
    Ok(Notification {
        shape,
        request_id: fields.identifier("requestId", "a UUID")?,
        company_id: fields.identifier("companyId", "a whole number")?,
        entity_type: fields.integer("entityType"),
        outcome: outcome(shape, status, is_successful),
        status,
        is_successful,
        entities,
        related,
        api_url: fields.text("apiUrl").map(ApiUrl::new),
        extra: fields.into_rest(),
    })
}

fn shape(fields: &Fields) -> Shape {
    if fields.has("results") || fields.has("status") {
        Shape::Current
    } else if fields.has("createdEntities") || fields.has("isSuccessful") {
        Shape::Documented2023
    } else {
        Shape::Unrecognised
    }
}

fn outcome(shape: Shape, status: Option<i64>, is_successful: Option<bool>) -> Outcome {
    match (shape, status, is_successful) {
        (Shape::Current, Some(200), _) | (Shape::Documented2023, _, Some(true)) => {
            Outcome::AllCreated
        }
        (Shape::Current, Some(207), _) => Outcome::SomeFailed,
        (Shape::Documented2023, _, Some(false)) => Outcome::NotSuccessful,
        _ => Outcome::Undetermined,
    }
}

fn results(
    fields: &mut Fields,
) -> Result<(Vec<EntityResult>, Vec<RelatedDocument>), NotificationError> {
    let mut results = fields.object("results")?;
    let entities = results.objects("entities")?;
    let documents = results.objects("relatedEntities")?;
    fields.keep("results", results);
    Ok((
        entities.into_iter().map(reported).collect::<Result<_, _>>()?,
        documents.into_iter().map(related).collect::<Result<_, _>>()?,
    ))
}

fn created(fields: &mut Fields) -> Result<Vec<EntityResult>, NotificationError> {
    let mut created = fields.object("createdEntities")?;
    let documents = created.objects("documents")?;
    fields.keep("createdEntities", created);
    documents.into_iter().map(entity).collect()
}

/// An element of `results.entities`: the document under `data`, its problems beside it.
fn reported(mut element: Fields) -> Result<EntityResult, NotificationError> {
    let mut result = entity(element.object("data")?)?;
    result.problems.extend(problems(&mut element));
    for (name, value) in element.into_rest() {
        result.extra.entry(name).or_insert(value);
    }
    Ok(result)
}

fn entity(mut fields: Fields) -> Result<EntityResult, NotificationError> {
    Ok(EntityResult {
        id: fields.identifier("id", DOCUMENT_ID)?,
        external_id: fields.text("externalId"),
        numbering_sequence: fields.text("numberingSequence"),
        document_number: fields.text("documentNumber"),
        document_type: fields.integer("documentType"),
        variable_symbol: fields.text("variableSymbol"),
        problems: problems(&mut fields),
        extra: fields.into_rest(),
    })
}

fn related(mut fields: Fields) -> Result<RelatedDocument, NotificationError> {
    Ok(RelatedDocument {
        document_id: fields.identifier("documentId", DOCUMENT_ID)?,
        document_number: fields.text("documentNumber"),
        variable_symbol: fields.text("variableSymbol"),
        payment_status: fields.integer("paymentStatus").map(Open::from_raw),
        extra: fields.into_rest(),
    })
}

fn problems(fields: &mut Fields) -> Vec<Problem> {
    match fields.take("problems") {
        None => Vec::new(),
        Some(Value::Array(problems)) => problems.into_iter().map(problem).collect(),
        Some(single) => vec![problem(single)],
    }
}

fn problem(raw: Value) -> Problem {
    let text = |name: &str| raw.get(name).and_then(Value::as_str).map(str::to_owned);
    let stated = raw.as_str().map(str::to_owned);
    let message = stated.or_else(|| MESSAGE_FIELDS.into_iter().find_map(text));
    Problem {
        property_path: text("propertyPath"),
        message: message.unwrap_or_else(|| raw.to_string()),
        raw,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::webhook::EntityId;

    const REQUEST: &str = "0b6f7c1e-5d1a-4c0e-9a53-2f1f6a1f0c11";

    fn read(body: &Value) -> Notification {
        notification(body.to_string().as_bytes()).expect("a readable notification")
    }

    fn refusal(body: &Value) -> String {
        notification(body.to_string().as_bytes()).expect_err("an unreadable one").to_string()
    }

    #[test]
    fn the_documented_shape_is_read() {
        let read = read(&json!({
            "companyId": 41,
            "createdEntities": {"documents": [
                {"id": 9001, "externalId": "a", "numberingSequence": "OF",
                 "documentNumber": "20260001", "documentType": 2, "colour": "red"},
                {"id": "9002", "externalId": 7},
            ]},
            "entityType": 1,
            "isSuccessful": true,
            "apiUrl": "https://api-economy.kros.sk/api/invoices/{id}",
            "requestId": REQUEST,
        }));
        assert_eq!(read.shape, Shape::Documented2023);
        assert_eq!(read.outcome, Outcome::AllCreated);
        assert_eq!(read.request_id, REQUEST.parse().ok());
        assert_eq!((read.company_id, read.entity_type), (Some(41), Some(1)));
        let [first, second] = read.entities.as_slice() else { panic!("two documents") };
        assert_eq!(first.id, Some(EntityId::Number(9001)));
        assert_eq!(first.numbering_sequence.as_deref(), Some("OF"));
        assert_eq!(first.document_number.as_deref(), Some("20260001"));
        assert_eq!(first.document_type, Some(2));
        assert_eq!(first.extra.get("colour"), Some(&json!("red")));
        assert_eq!(second.id, Some(EntityId::Number(9002)));
        assert_eq!(second.external_id.as_deref(), Some("7"));
        assert!(read.extra.is_empty());
    }

    #[test]
    fn the_current_shape_is_read() {
        let read = read(&json!({
            "status": 200, "requestId": REQUEST, "companyId": "41",
            "apiUrl": "https://api-economy.kros.sk/api/invoices/{id}",
            "results": {
                "entities": [{"data": {"id": 9001, "variableSymbol": "20260001"},
                              "problems": [], "note": null}],
                "relatedEntities": [{"documentId": "2f1f6a1f-5d1a-4c0e-9a53-0b6f7c1e0c11",
                    "documentNumber": "P1", "variableSymbol": "1", "paymentStatus": 3, "x": 1}],
                "more": true,
            },
        }));
        assert_eq!((read.shape, read.outcome), (Shape::Current, Outcome::AllCreated));
        assert_eq!((read.company_id, read.status), (Some(41), Some(200)));
        assert_eq!(read.entities[0].variable_symbol.as_deref(), Some("20260001"));
        assert!(matches!(read.related[0].document_id, Some(EntityId::Uuid(_))));
        assert_eq!(read.related[0].payment_status, Some(Open::from_raw(3)));
        assert_eq!(read.related[0].extra.get("x"), Some(&json!(1)));
        assert_eq!(read.extra.get("results"), Some(&json!({"more": true})));
    }

    #[test]
    fn a_partial_failure_names_the_failed_documents_and_their_problems() {
        let problems = json!([
            {"propertyPath": "items[0].amount", "errorMessage": "not a number"},
            "the numbering sequence is closed",
            {"code": 12},
        ]);
        let read = read(&json!({"status": 207, "results": {"entities": [
            {"data": {"id": 1}, "problems": null},
            {"data": {"externalId": "b"}, "problems": problems},
            {"data": null, "problems": "all is lost"},
        ]}}));
        assert_eq!(read.outcome, Outcome::SomeFailed);
        let failed: Vec<_> = read.failed().collect();
        assert_eq!(failed.len(), 2);
        assert_eq!(failed[0].external_id.as_deref(), Some("b"));
        let texts: Vec<_> = failed[0].problems.iter().map(|p| p.message.as_str()).collect();
        assert_eq!(texts, ["not a number", "the numbering sequence is closed", "{\"code\":12}"]);
        assert_eq!(failed[0].problems[0].property_path.as_deref(), Some("items[0].amount"));
        assert_eq!(failed[0].problems[2].raw, json!({"code": 12}));
        assert_eq!(failed[1].problems[0].message, "all is lost");
    }

    #[test]
    fn nothing_is_concluded_from_an_unknown_status() {
        assert_eq!(read(&json!({"status": 500})).outcome, Outcome::Undetermined);
        assert_eq!(read(&json!({"isSuccessful": false})).outcome, Outcome::NotSuccessful);
        let odd = read(&json!({"status": "soon", "hello": [1]}));
        assert_eq!((odd.status, odd.outcome), (None, Outcome::Undetermined));
        assert_eq!(odd.extra.get("status"), Some(&json!("soon")));
        let unknown = read(&json!({"requestId": REQUEST, "hello": [1]}));
        assert_eq!(unknown.shape, Shape::Unrecognised);
        assert_eq!(unknown.extra.get("hello"), Some(&json!([1])));
    }

    #[test]
    fn null_is_the_same_as_missing() {
        let nulls = json!({"companyId": null, "requestId": null, "isSuccessful": null,
            "createdEntities": null, "entityType": null, "apiUrl": null});
        assert_eq!(read(&nulls), read(&json!({})));
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_place_and_not_by_its_content() {
        let at_data = json!({"results": {"entities": [{"data": {"id": 1}}, {"data": "canary"}]}});
        assert_eq!(
            refusal(&at_data),
            "`results.entities[1].data` of the notification is not an object"
        );
        assert_eq!(
            refusal(&json!({"requestId": "canary"})),
            "`requestId` of the notification is not a UUID"
        );
        let fraction = json!({"createdEntities": {"documents": [{"id": 1.5}]}});
        assert_eq!(
            refusal(&fraction),
            "`createdEntities.documents[0].id` of the notification is not a whole number or a UUID"
        );
        assert_eq!(
            refusal(&json!({"results": {"entities": {}}})),
            "`results.entities` of the notification is not a list"
        );
        assert_eq!(refusal(&json!([1])), "`$` of the notification is not an object");
        assert_eq!(
            notification(b"{\n ?").expect_err("no JSON").to_string(),
            "the notification is not JSON at line 2, column 2"
        );
    }

    #[test]
    fn samples_of_the_reference_are_read_where_they_are_at_hand() {
        let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../shared/reference/kros/samples");
        let expected = [
            ("webhook-page-2023.json", Shape::Documented2023, Outcome::AllCreated, 2, 0),
            ("webhook-status-200.json", Shape::Current, Outcome::AllCreated, 1, 1),
            ("webhook-status-207.json", Shape::Current, Outcome::SomeFailed, 2, 0),
        ];
        for (name, shape, outcome, entities, related) in expected {
            let Ok(body) = std::fs::read(samples.join(name)) else {
                eprintln!("SKIPPED: no reference sample {name} in {}", samples.display());
                continue;
            };
            let read = notification(&body).expect("a readable sample");
            assert_eq!((read.shape, read.outcome), (shape, outcome), "{name}");
            assert_eq!((read.entities.len(), read.related.len()), (entities, related), "{name}");
            assert!(read.request_id.is_some() && read.extra.is_empty(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Err(error) = notification(&body) {
                prop_assert!(!error.to_string().is_empty());
            }
        }

        #[test]
        fn any_value_in_a_known_place_is_read_or_refused(
            name in "status|results|createdEntities|requestId|companyId|isSuccessful|apiUrl",
            value in "null|1|-1|1e9|true|\"\"|\"x\"|\\[\\]|\\[1\\]|\\{\\}|\\{\"entities\":\\[null\\]\\}",
        ) {
            let body = format!("{{\"{name}\":{value}}}");
            match notification(body.as_bytes()) {
                Ok(read) => prop_assert!(read.entities.is_empty()),
                Err(error) => prop_assert!(error.to_string().contains(&name)),
            }
        }
    }
}
