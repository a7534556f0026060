//! What the shop sells, and the documents of it.

use chrono::{DateTime, SecondsFormat, Utc};
use ekasy_device::{ident::JpkId, journal::Document, packing::DocumentKind};
use serde_json::{Value, json};

use crate::Outcome;

/// Invented goods: name, letter of the rate, price in grosze.
const GOODS: [(&str, &str, u64); 5] = [
    ("Jabłka wymyślone", "C", 449),
    ("Chleb wymyślony", "C", 620),
    ("Miód wymyślony", "C", 3250),
    ("Świeca wymyślona", "A", 999),
    ("Kosz wymyślony", "A", 4500),
];

/// The tax in a gross amount, in grosze, rounded half up.
fn tax(gross: u64, percent: u64) -> u64 {
    (gross * percent * 2 + 100 + percent) / (2 * (100 + percent))
}

/// The receipt of that number: two positions, paid in cash.
pub(crate) fn receipt(number: u64, of_the_day: u64, at: DateTime<Utc>) -> Value {
    let at_index = |index: u64| GOODS[usize::try_from(index % 5).unwrap_or_default()];
    let (one, other) = (at_index(number), at_index(number / 5 + 3));
    let (first, second) = (1 + number % 3, 1 + number % 2);
    let sums = |letter: &str| {
        let of = |goods: (&str, &str, u64), count: u64| {
            if goods.1 == letter { goods.2 * count } else { 0 }
        };
        of(one, first) + of(other, second)
    };
    let (a, c) = (sums("A"), sums("C"));
    let (tax_a, tax_c) = (tax(a, 23), tax(c, 5));
    let position = |goods: (&str, &str, u64), count: u64| {
        json!({"towar": {
            "nazwa": goods.0, "ilosc": count.to_string(), "cena": goods.2,
            "brutto": goods.2 * count, "idStPTU": goods.1, "oper": false,
        }})
    };
    let mut by_rate = Vec::new();
    for (letter, gross, tax) in [("A", a, tax_a), ("C", c, tax_c)] {
        if gross > 0 {
            by_rate.push(json!({"idStPTU": letter, "brutto": gross, "vat": tax}));
        }
    }
    json!({
        "JPKID": number,
        "pamiecChr": 1,
        "nrDok": number,
        "pozycja": [position(one, first), position(other, second)],
        "stPTU": [{"id": "A", "wart": 2300}, {"id": "C", "wart": 500}],
        "podsum": {
            "sumaNetto": by_rate, "sumaPod": tax_a + tax_c, "sumaBrutto": a + c, "waluta": "PLN",
        },
        "total": {"zaplZwrot": a + c},
        "platnosc": [{"reszta": false, "forma": "1", "wart": a + c, "nazwa": "Gotówka"}],
        "nrParag": of_the_day,
        "nrKasy": "K1",
        "zakSprzed": moment(at),
        "kasjer": "Kasjer 1",
    })
}

/// A daily report; the demo's own, with no more in it than numbers.
pub(crate) fn daily_report(number: u64, receipts: u64, at: DateTime<Utc>) -> Value {
    json!({
        "JPKID": number, "pamiecChr": 1, "nrDok": number, "waluta": "PLN",
        "liczbaParagonow": receipts, "zakSprzed": moment(at),
    })
}

/// An element of `content`.
pub(crate) fn document(
    number: u64,
    kind: DocumentKind,
    member: &str,
    value: &Value,
) -> Outcome<Document> {
    let bytes = json!({ member: value }).to_string().into_bytes();
    Ok(Document::new(JpkId::new(number)?, kind, bytes)?)
}

pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
