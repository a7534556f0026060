//! JSON for people who compare versions: sorted, one line where it fits, one field per line where it does not.

use serde::Serialize;
use serde_json::Value;

use crate::shell::{Failure, Outcome};

const WIDTH: usize = 110;

/// The text of a value, with a line end; objects and arrays that fit stand on one line.
pub(crate) fn pretty(value: &impl Serialize) -> Outcome<String> {
    let value = serde_json::to_value(value).map_err(Failure::new)?;
    let mut text = String::new();
    write(&value, 0, 0, &mut text);
    text.push('\n');
    Ok(text)
}

/// Writes a value that begins in column `column`; its inner lines are indented by `depth` steps more.
fn write(value: &Value, depth: usize, column: usize, text: &mut String) {
    let line = one_line(value);
    let is_outermost = depth == 0;
    match value {
        _ if !is_outermost && column + line.chars().count() <= WIDTH => text.push_str(&line),
        Value::Object(fields) if !fields.is_empty() => {
            let items = fields.iter().map(|(name, value)| (format!("{}: ", quoted(name)), value));
            group('{', '}', items, depth, text);
        }
        Value::Array(values) if !values.is_empty() => {
            group('[', ']', values.iter().map(|value| (String::new(), value)), depth, text);
        }
        _ => text.push_str(&line),
    }
}

fn group<'a>(
    open: char,
    close: char,
    items: impl Iterator<Item = (String, &'a Value)>,
    depth: usize,
    text: &mut String,
) {
    let indent = "  ".repeat(depth + 1);
    text.push(open);
    for (index, (head, value)) in items.enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&indent);
        text.push_str(&head);
        write(value, depth + 1, indent.len() + head.chars().count() + 1, text);
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(close);
}

fn one_line(value: &Value) -> String {
    let inner: Vec<_> = match value {
        Value::Object(fields) => {
            let fields = fields.iter();
            fields.map(|(name, value)| format!("{}: {}", quoted(name), one_line(value))).collect()
        }
        Value::Array(values) => values.iter().map(one_line).collect(),
        other => return other.to_string(),
    };
    let inner = inner.join(", ");
    if value.is_object() { format!("{{{inner}}}") } else { format!("[{inner}]") }
}

fn quoted(name: &str) -> String {
    Value::from(name).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fits_stands_on_one_line() {
        let value = json!({"b": {"type": "string", "maxLength": 5}, "a": [1, "x\"y"]});
        let expected =
            "{\n  \"a\": [1, \"x\\\"y\"],\n  \"b\": {\"maxLength\": 5, \"type\": \"string\"}\n}\n";
        assert_eq!(pretty(&value).unwrap(), expected);
    }

    #[test]
    fn every_text_is_the_value_again() {
        let long: Vec<_> = (0..40).map(|n| format!("value number {n}")).collect();
        let value = json!({"long": long, "deep": {"a": {"b": long}}, "empty": {}, "none": []});
        let text = pretty(&value).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
    }
}
