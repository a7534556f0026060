//! The statement as JSON: the names of the XML, amounts as numbers (ePP facts §2.4).

use serde_json::{Map, Value, json};

use super::{Cell, Oddity, Row, Statement, amount, soiled};

/// The document, one line.
pub(super) fn file(statement: &Statement, oddities: &[Oddity]) -> String {
    let items: Vec<Value> = statement.items.iter().map(|item| object(item, oddities)).collect();
    let document = json!({
        "Zaglavlje": object(&statement.header, oddities),
        "Zbirni": object(&statement.totals, oddities),
        "Stavka": items,
    });
    // A careful writer escapes control characters; the one whose files are soiled does not.
    document.to_string().replace("\\u0001", "\u{1}")
}

fn object(row: &Row, oddities: &[Oddity]) -> Value {
    let members = row.iter().map(|(name, cell)| ((*name).to_owned(), value(cell, oddities)));
    let absent = |value: &Value| *value == "" && oddities.contains(&Oddity::AbsentElements);
    Value::Object(members.filter(|(_, value)| !absent(value)).collect::<Map<_, _>>())
}

fn value(cell: &Cell, oddities: &[Oddity]) -> Value {
    match cell {
        Cell::Text(text) => json!(soiled(text, oddities)),
        Cell::Amount(value) => {
            let text = amount(*value, oddities);
            text.parse().map_or(Value::String(text), Value::Number)
        }
        Cell::Count(count) => json!(count),
        Cell::Day(day) => json!(day.to_string()),
        Cell::Time(time) => {
            json!(time.map(|time| time.format("%Y-%m-%dT%H:%M:%S").to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    #[test]
    fn amounts_are_numbers_that_keep_their_cents() {
        let cell = Cell::Amount(Decimal::new(17_139_660, 3));
        assert_eq!(value(&cell, &[]).to_string(), "17139.66");
        assert_eq!(value(&cell, &[Oddity::CommaAmounts]), "17139,66");
        assert_eq!(value(&Cell::Time(None), &[]), Value::Null);
    }
}
