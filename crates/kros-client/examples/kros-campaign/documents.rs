//! The documents that a seed sends: mostly good ones, and some of every kind that fails later.

use kros_client::model::{AccountId, InvoiceItem, NewInvoice, NewPayment, Partner};
use rand::{RngExt, rngs::StdRng};

use crate::ledger::Entry;

/// What must become of a document that reaches the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It is stored.
    Good,
    /// The checks withhold it.
    Withheld,
    /// The service refuses it at once, with everything else in its request.
    Refused,
    /// The service accepts it, and fails to create it later.
    Doomed,
}

/// Most documents are good: of a hundred, two each are withheld and refused, and four doomed.
fn nature(rng: &mut StdRng) -> Nature {
    match rng.random_range(0..100) {
        0..2 => Nature::Withheld,
        2..4 => Nature::Refused,
        4..8 => Nature::Doomed,
        _ => Nature::Good,
    }
}

/// Invoices under external ids that begin with `prefix`.
pub(crate) fn invoices(prefix: &str, count: usize, rng: &mut StdRng) -> Vec<Entry<NewInvoice>> {
    let make = |number| {
        let nature = nature(rng);
        let items = (0..rng.random_range(1..=3)).map(|line| {
            InvoiceItem::new(format!("Chlieb {line}"), rng.random_range(1..9), number).vat_rate(5)
        });
        let external_id = format!("{prefix}-{number}");
        let invoice = NewInvoice::new(Partner::new("Vymyslená Pekáreň s.r.o."), items)
            .external_id(external_id.clone())
            .issue_date("2026-01-31")
            .due_date("2026-02-14");
        let document = match nature {
            Nature::Good => invoice.currency("EUR"),
            Nature::Withheld => invoice.currency("euro"),
            Nature::Refused => invoice.currency("QQQ"),
            Nature::Doomed => invoice.numbering_sequence("NENIE"),
        };
        Entry::new(external_id, document, nature)
    };
    (1..=as_number(count)).map(make).collect()
}

/// Payments under external ids that begin with `prefix`.
pub(crate) fn payments(prefix: &str, count: usize, rng: &mut StdRng) -> Vec<Entry<NewPayment>> {
    let make = |number: i64| {
        let nature = nature(rng);
        let external_id = format!("{prefix}-{number}");
        let payment = NewPayment::new("2026-01-31", number).external_id(external_id.clone());
        let document = match nature {
            Nature::Good => payment.variable_symbol(number.to_string()),
            Nature::Withheld => payment.variable_symbol("VS1"),
            Nature::Refused => payment.original_currency("QQQ"),
            Nature::Doomed => payment.account_id(AccountId(-1)),
        };
        Entry::new(external_id, document, nature)
    };
    (1..=as_number(count)).map(make).collect()
}

fn as_number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
