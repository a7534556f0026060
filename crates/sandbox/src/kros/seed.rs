//! What the double holds before the first request: three companies with a few invented entries.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::company::{Company, Licence};
use super::process::{Scene, invoice, timestamp};
use super::store::{Books, Store};
use crate::front::Context;

/// More catalog items than two pages of the usual size hold.
const CATALOG_SIZE: u64 = 120;

/// The companies and their books.
pub(super) fn store(context: &Context, origin: &str) -> Store {
    let companies = [
        (5001, "Vymyslená Alfa s.r.o.", Licence::Valid),
        (5002, "Vymyslená Beta s.r.o.", Licence::Valid),
        (5003, "Vymyslená Gama s.r.o.", Licence::Expired),
    ]
    .map(|(id, name, licence)| Company::new(id, name, licence, &context.chance));
    let mut books = BTreeMap::new();
    let mut last_id = 22_000;
    for company in &companies {
        books.insert(company.id, books_of(context, origin, &mut last_id));
    }
    Store::new(companies.to_vec(), books, last_id)
}

fn books_of(context: &Context, origin: &str, last_id: &mut u64) -> Books {
    let changed = timestamp(context.clock.now());
    let mut books = Books {
        expenses: expenses(context, &changed),
        catalog: (1..=CATALOG_SIZE).map(|number| catalog_item(number, &changed)).collect(),
        accounts: vec![
            json!({"id": 3, "name": "Hlavný účet", "iban": "SK3112000000198742637541",
                   "currency": "EUR"}),
            json!({"id": 4, "name": "Korunový účet", "iban": "CZ6508000000192000145399",
                   "currency": "CZK"}),
        ],
        sequences: sequences(),
        tags: ["eshop", "materiál", "skúška"]
            .iter()
            .enumerate()
            .map(|(index, name)| json!({"id": index + 1, "name": name}))
            .collect(),
        delivery_notes: vec![json!({"id": 701, "documentNumber": "DL001"})],
        received_orders: vec![json!({"id": 801, "documentNumber": "PO001"})],
        warehouses: vec![json!({"id": 1, "code": "HL", "name": "Hlavný sklad"})],
        ..Books::default()
    };
    for (number, total) in [(1, "120.00"), (2, "59.99")] {
        *last_id += 1;
        let scene = Scene { now: context.clock.now(), origin, gap: 1 };
        let shown = invoice(&mut books, *last_id, "ZF", &advance(number, total), scene);
        books.proformas.push(shown);
    }
    books
}

fn advance(number: u32, total: &str) -> Map<String, Value> {
    let total: Value = total.parse::<serde_json::Number>().map_or(Value::Null, Value::Number);
    let document = json!({
        "documentNumber": format!("ZF{number:04}"),
        "partner": partner(),
        "items": [{"name": "Záloha", "amount": 1, "vatRate": 23, "totalPriceInclVat": total}],
    });
    match document {
        Value::Object(document) => document,
        _ => Map::new(),
    }
}

fn partner() -> Value {
    json!({
        "address": {
            "businessName": "Neskutočný Odberateľ s.r.o.",
            "street": "Vymyslená 1",
            "postCode": "01001",
            "city": "Žilina",
            "country": "SK",
        },
    })
}

/// Three received documents; KROS fills only the total including VAT (KROS facts §2).
fn expenses(context: &Context, changed: &Value) -> Vec<Value> {
    let rows = [(10, "DF", "24.60", 0), (11, "DF", "7.05", 1), (17, "DF", "12", 3)];
    let expense = |(index, row): (usize, &(i64, &str, &str, i64))| {
        let (kind, sequence, total, status) = *row;
        let day = format!("2026-01-{:02}T00:00:00", index + 10);
        let total: Value = total.parse::<serde_json::Number>().map_or(Value::Null, Value::Number);
        let nothing = json!({"totalPriceInclVat": 0, "totalPrice": 0, "vatTotalPrice": 0});
        json!({
            "id": context.chance.uuid(),
            "documentType": kind,
            "numberingSequence": sequence,
            "documentNumber": format!("DF2026{:03}", index + 1),
            "partner": partner(),
            "issueDate": day,
            "deliveryDate": day,
            "receivedDate": day,
            "dueDate": format!("2026-02-{:02}T00:00:00", index + 10),
            "paymentStatus": status,
            "paymentType": "Prevod",
            "hasAttachments": index == 0,
            "prices": {
                "documentPrices": {
                    "totalPriceInclVat": total, "totalPrice": 0, "vatTotalPrice": 0,
                },
                "legislativePrices": nothing,
            },
            "tags": [{"name": "materiál"}],
            "lastModifiedTimestamp": changed,
        })
    };
    rows.iter().enumerate().map(expense).collect()
}

fn catalog_item(number: u64, changed: &Value) -> Value {
    json!({
        "id": number,
        "itemCode": format!("T-{number:03}"),
        "name": format!("Vymyslený tovar {number}"),
        "measureUnit": "ks",
        "vatRate": 23,
        "isMarkedForEshop": number.is_multiple_of(2),
        "lastModifiedTimestamp": changed,
    })
}

fn sequences() -> Vec<Value> {
    let rows = [
        ("OF", "Odoslané faktúry"),
        ("T-OF", "Skúšobné odoslané faktúry"),
        ("ZF", "Zálohové faktúry"),
        ("OD", "Odoslané dobropisy"),
        ("DF", "Došlé faktúry"),
    ];
    let row = |(index, (code, name)): (usize, &(&str, &str))| json!({"id": index + 1, "code": code, "name": name});
    rows.iter().enumerate().map(row).collect()
}
