//! Holding values against the shapes of the contract. Fields that nobody knows are ignored, as
//! the contract has no closed objects (KSeF 2.0 facts §18, version 2.1.2).

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

use super::pattern;
use crate::ksef::unbase64;

type Schemas = BTreeMap<String, Value>;

/// Notes what is wrong with `given`, which stands at `path`.
pub(super) fn value(
    schemas: &Schemas,
    schema: &Value,
    given: &Value,
    path: &str,
    misfits: &mut Vec<String>,
) {
    let schema = resolved(schemas, schema);
    let before = misfits.len();
    match schema["type"].as_str() {
        Some("object") => object(schemas, schema, given, path, misfits),
        Some("array") => array(schemas, schema, given, path, misfits),
        Some("string") if given.is_string() => {
            string(schema, given.as_str().unwrap_or_default(), path, misfits);
        }
        Some("integer") if given.is_i64() || given.is_u64() => number(schema, given, path, misfits),
        Some("number") if given.is_number() => number(schema, given, path, misfits),
        Some("boolean") if given.is_boolean() => {}
        None => {}
        Some(_) => misfits.push(format!("Pole '{path}' ma nieprawidłowy typ.")),
    }
    debug_assert!(misfits.len() >= before);
}

/// Notes what is wrong with a parameter, which arrives as text.
pub(super) fn text(
    schemas: &Schemas,
    schema: &Value,
    given: &str,
    name: &str,
    misfits: &mut Vec<String>,
) {
    let schema = resolved(schemas, schema);
    match schema["type"].as_str() {
        Some("array") => text(schemas, &schema["items"], given, name, misfits),
        Some("integer") => match given.parse::<i64>() {
            Ok(read) => number(schema, &Value::from(read), name, misfits),
            Err(_) => misfits.push(format!("Pole '{name}' nie jest liczbą.")),
        },
        Some("boolean") if !["true", "false"].contains(&given.to_lowercase().as_str()) => {
            misfits.push(format!("Pole '{name}' ma nieprawidłowy typ."));
        }
        Some("string") => string(schema, given, name, misfits),
        _ => {}
    }
}

fn resolved<'a>(schemas: &'a Schemas, schema: &'a Value) -> &'a Value {
    let named = schema["ref"].as_str().and_then(|name| schemas.get(name));
    named.map_or(schema, |named| resolved(schemas, named))
}

fn object(schemas: &Schemas, schema: &Value, given: &Value, path: &str, misfits: &mut Vec<String>) {
    let Some(members) = given.as_object() else {
        misfits.push(format!("Pole '{path}' ma nieprawidłowy typ."));
        return;
    };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, shape) in schema["fields"].as_object().into_iter().flatten() {
        let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let needed = required.contains(&name.as_str());
        match members.get(name) {
            None | Some(Value::Null) if needed => {
                misfits.push(format!("Pole '{at}' jest wymagane."));
            }
            None | Some(Value::Null) => {}
            Some(given) => value(schemas, shape, given, &at, misfits),
        }
    }
}

fn array(schemas: &Schemas, schema: &Value, given: &Value, path: &str, misfits: &mut Vec<String>) {
    let Some(items) = given.as_array() else {
        misfits.push(format!("Pole '{path}' ma nieprawidłowy typ."));
        return;
    };
    let bound = |names: [&str; 2]| names.iter().find_map(|name| schema[name].as_u64());
    let count = items.len() as u64;
    let few = bound(["minItems", "minimum"]).is_some_and(|least| count < least);
    let many = bound(["maxItems", "maximum"]).is_some_and(|most| count > most);
    if few || many {
        misfits.push(format!("Pole '{path}' ma nieprawidłową liczbę elementów."));
    }
    for (index, item) in items.iter().enumerate() {
        value(schemas, &schema["items"], item, &format!("{path}[{index}]"), misfits);
    }
}

fn number(schema: &Value, given: &Value, path: &str, misfits: &mut Vec<String>) {
    let Some(read) = given.as_i64() else { return };
    let low = schema["minimum"].as_i64().is_some_and(|least| read < least);
    let high = schema["maximum"].as_i64().is_some_and(|most| read > most);
    let wide = schema["format"] == "int32" && i32::try_from(read).is_err();
    if low || high || wide {
        misfits.push(format!("Pole '{path}' jest poza dozwolonym zakresem."));
    }
}

fn string(schema: &Value, given: &str, path: &str, misfits: &mut Vec<String>) {
    let length = given.chars().count() as u64;
    let short = schema["minLength"].as_u64().is_some_and(|least| length < least);
    let long = schema["maxLength"].as_u64().is_some_and(|most| length > most);
    if short || long {
        misfits.push(format!("Pole '{path}' ma nieprawidłową długość."));
        return;
    }
    let formed = match schema["format"].as_str() {
        Some("date-time") => DateTime::parse_from_rfc3339(given).is_ok(),
        Some("date") => given.parse::<NaiveDate>().is_ok(),
        Some("byte") => unbase64(given).is_some(),
        _ => true,
    };
    let listed = schema["enum"].as_array().is_none_or(|known| known.iter().any(|it| it == given));
    let shaped = schema["pattern"].as_str().is_none_or(|form| pattern::matches(form, given));
    if !formed || !listed || !shaped {
        misfits.push(format!("Pole '{path}' ma nieprawidłową wartość."));
    }
}
