//! The statement as a printed page: the account, the day and the sums, without the items.

use super::{Cell, Statement, amount};
use crate::pdf;

/// The page.
pub(super) fn file(statement: &Statement) -> Vec<u8> {
    let mut lines = vec![
        format!("IZVOD {}", statement.account),
        format!("Datum {}", statement.day.format("%d.%m.%Y")),
    ];
    for (name, cell) in &statement.totals {
        match cell {
            Cell::Amount(value) => lines.push(format!("{name} {}", amount(*value, &[]))),
            Cell::Count(count) => lines.push(format!("{name} {count}")),
            _ => {}
        }
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    pdf::page(&lines)
}
