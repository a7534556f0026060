//! The statement as XML: the root `Dokument` that four independent programs read (ePP facts §2.4).

use super::{Cell, Oddity, Row, Statement, amount, soiled};

/// The document with its declaration.
pub(super) fn file(statement: &Statement, oddities: &[Oddity]) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Dokument>\n".to_owned();
    element(&mut text, "Zaglavlje", &statement.header, oddities);
    element(&mut text, "Zbirni", &statement.totals, oddities);
    for item in &statement.items {
        element(&mut text, "Stavka", item, oddities);
    }
    text.push_str("</Dokument>\n");
    text
}

fn element(text: &mut String, name: &str, row: &Row, oddities: &[Oddity]) {
    text.push_str(&format_line(1, &format!("<{name}>")));
    for (name, cell) in row {
        let value = escaped(&content(cell, oddities));
        if value.is_empty() && oddities.contains(&Oddity::AbsentElements) {
            continue;
        }
        text.push_str(&format_line(2, &format!("<{name}>{value}</{name}>")));
    }
    text.push_str(&format_line(1, &format!("</{name}>")));
}

fn format_line(depth: usize, content: &str) -> String {
    format!("{}{content}\n", "  ".repeat(depth))
}

fn content(cell: &Cell, oddities: &[Oddity]) -> String {
    match cell {
        Cell::Text(text) => soiled(text, oddities),
        Cell::Amount(value) => amount(*value, oddities),
        Cell::Count(count) => count.to_string(),
        Cell::Day(day) => day.format("%d.%m.%Y").to_string(),
        Cell::Time(time) => {
            time.map(|time| time.format("%d.%m.%Y %H:%M:%S").to_string()).unwrap_or_default()
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_text_stays_text() {
        let mut text = String::new();
        let row = vec![("Naziv", Cell::Text("A & B <C>".to_owned()))];
        element(&mut text, "Stavka", &row, &[]);
        let read = roxmltree::Document::parse(&text).unwrap();
        assert_eq!(read.root_element().first_element_child().unwrap().text(), Some("A & B <C>"));
    }
}
