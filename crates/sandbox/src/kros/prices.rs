//! The sums of an invoice, computed from its line totals with decimal arithmetic.
//!
//! A line gives its total including VAT (KROS facts §2), so the base is computed from the total,
//! once per rate, and rounded half away from zero to cents.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value, json};

use super::store::{number, sum};

/// The sums of one VAT rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    rate: Decimal,
    base: Decimal,
    total: Decimal,
}

/// The sums of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Prices {
    rows: Vec<Row>,
    advance: Decimal,
    exchange_rate: Decimal,
}

impl Prices {
    /// Computes the sums of an invoice request.
    pub(super) fn of(document: &Map<String, Value>) -> Self {
        let mut totals: BTreeMap<Decimal, Decimal> = BTreeMap::new();
        for item in document.get("items").and_then(Value::as_array).into_iter().flatten() {
            *totals.entry(sum(&item["vatRate"]).normalize()).or_default() +=
                sum(&item["totalPriceInclVat"]);
        }
        let rows = totals
            .into_iter()
            .map(|(rate, total)| {
                let share = Decimal::ONE + rate / Decimal::ONE_HUNDRED;
                Row { rate, base: cents(total / share), total }
            })
            .collect();
        let exchange_rate = document.get("exchangeRate").map(sum).unwrap_or_default();
        let exchange_rate = if exchange_rate.is_zero() { Decimal::ONE } else { exchange_rate };
        let advance = document.get("advancePaymentDeduction").map(sum).unwrap_or_default();
        Self { rows, advance, exchange_rate }
    }

    /// What the customer has to pay, in the currency of the document.
    pub(super) fn for_payment(&self) -> Decimal {
        self.total() - self.advance
    }

    /// The member `prices`: in the currency of the document, and in euros.
    pub(super) fn shown(&self, currency: &str) -> Value {
        json!({
            "currency": currency,
            "documentPrices": self.sums(Decimal::ONE),
            "legislativePrices": self.sums(self.exchange_rate),
        })
    }

    /// The member `vatBreakdowns`.
    pub(super) fn breakdowns(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "vatRate": number(row.rate),
                "totalPrice": number(row.base),
                "vatTotalPrice": number(row.total - row.base),
                "totalPriceInclVat": number(row.total),
            })
        };
        self.rows.iter().map(row).collect()
    }

    fn total(&self) -> Decimal {
        self.rows.iter().map(|row| row.total).sum()
    }

    fn sums(&self, divisor: Decimal) -> Value {
        let base: Decimal = self.rows.iter().map(|row| row.base).sum();
        let (base, total) = (cents(base / divisor), cents(self.total() / divisor));
        json!({
            "totalPrice": number(base),
            "vatTotalPrice": number(total - base),
            "totalPriceInclVat": number(total),
        })
    }
}

fn cents(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kros::validate::{self, Envelope, Kind};

    /// Mostly numbers that are accepted, and some of any size.
    fn number_text() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => "[1-9][0-9]{0,4}(\\.[0-9]{1,4})?",
            1 => "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE]-?[0-9]{1,3})?",
        ]
    }

    proptest! {
        #[test]
        fn an_accepted_invoice_has_sums_that_add_up(
            numbers in prop::collection::vec(number_text(), 4),
            rates in prop::collection::vec(0_u8..=100, 2),
            cents in prop::collection::vec(-1_000_000_i64..1_000_000, 2),
        ) {
            let item = |index: usize| format!(
                r#"{{"name":"Tovar","amount":{},"vatRate":{},"totalPriceInclVat":{}}}"#,
                numbers[index], rates[index], Decimal::new(cents[index], 2),
            );
            let body = format!(
                r#"{{"data":{{"items":[{},{}],"exchangeRate":{},"advancePaymentDeduction":{}}}}}"#,
                item(0), item(1), numbers[2], numbers[3],
            );
            let verdict = validate::check(body.as_bytes(), Kind::Invoice, Envelope::One);
            if verdict.problems.is_empty() {
                let prices = Prices::of(&verdict.documents[0]);
                let shown = prices.shown("EUR");
                let sums = &shown["documentPrices"];
                let parts = sum(&sums["totalPrice"]) + sum(&sums["vatTotalPrice"]);
                prop_assert_eq!(parts, sum(&sums["totalPriceInclVat"]));
                prop_assert_eq!(parts, Decimal::new(cents[0] + cents[1], 2));
                prop_assert!(prices.breakdowns().is_array() && !shown["currency"].is_null());
            }
        }
    }

    fn prices(text: &str) -> Prices {
        let document: Value = serde_json::from_str(text).unwrap();
        Prices::of(document.as_object().unwrap())
    }

    #[test]
    fn the_base_follows_from_the_total_per_rate() {
        let prices = prices(
            r#"{"items":[
                {"vatRate":23,"totalPriceInclVat":24.6},
                {"vatRate":23.0,"totalPriceInclVat":0.1},
                {"vatRate":5,"totalPriceInclVat":10.5}
            ]}"#,
        );
        let shown = prices.shown("EUR");
        assert_eq!(shown["documentPrices"]["totalPriceInclVat"].to_string(), "35.2");
        assert_eq!(shown["documentPrices"]["totalPrice"].to_string(), "30.08");
        assert_eq!(shown["documentPrices"]["vatTotalPrice"].to_string(), "5.12");
        assert_eq!(prices.breakdowns().as_array().unwrap().len(), 2);
    }

    #[test]
    fn an_advance_lessens_what_is_to_be_paid() {
        let prices = prices(
            r#"{"items":[{"vatRate":0,"totalPriceInclVat":100}],"advancePaymentDeduction":30.5,
                "exchangeRate":25}"#,
        );
        assert_eq!(prices.for_payment().to_string(), "69.5");
        let legislative = &prices.shown("CZK")["legislativePrices"];
        assert_eq!(legislative["totalPriceInclVat"].to_string(), "4");
    }
}
