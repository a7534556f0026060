//! The checks that a table of types cannot express.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::Walk;
use crate::kros::currency;

/// The `invoiceType` that the double takes for a credit note; KROS publishes no list.
const CREDIT_NOTE: i64 = 1;

/// Sums and amounts lie between minus and plus this number, so that no computation overflows.
const LARGEST: i64 = 1_000_000_000_000_000;

/// Checks of an invoice.
pub(super) fn invoice(document: &Map<String, Value>, walk: &mut Walk) {
    currency_code(document, "currency", walk);
    variable_symbol(document, walk);
    let bank_account = document.get("bankAccount");
    let iban = bank_account.and_then(|account| text(account, "iban"));
    if iban.is_some_and(|iban| !iban_is_good(iban)) {
        walk.wrong("bankAccount.iban", "The IBAN is not valid.");
    }
    let rate = document.get("exchangeRate").and_then(decimal);
    let (smallest, largest) = (Decimal::new(1, 4), Decimal::from(1_000_000));
    if rate.is_some_and(|rate| !rate.is_zero() && !(smallest..=largest).contains(&rate)) {
        walk.wrong("exchangeRate", "A rate from 0.0001 to 1000000 is required.");
    }
    let credit_note = document.get("invoiceType").and_then(Value::as_i64) == Some(CREDIT_NOTE);
    if credit_note && field(document, "creditedInvoiceNumber").is_none() {
        walk.wrong("creditedInvoiceNumber", "A credit note needs the number of its invoice.");
    }
    let items = document.get("items").and_then(Value::as_array);
    for (index, item) in items.into_iter().flatten().enumerate() {
        let path = |name: &str| format!("items[{index}].{name}");
        two_decimals(item.get("totalPriceInclVat"), path("totalPriceInclVat"), walk);
        let rate = item.get("vatRate").and_then(decimal);
        if rate.is_some_and(|rate| rate < Decimal::ZERO || rate > Decimal::ONE_HUNDRED) {
            walk.wrong(path("vatRate"), "A percentage from 0 to 100 is required.");
        }
    }
}

/// Checks of a payment.
pub(super) fn payment(document: &Map<String, Value>, walk: &mut Walk) {
    currency_code(document, "originalCurrency", walk);
    variable_symbol(document, walk);
    for name in ["sumOfPayment", "originalSumOfPayment"] {
        two_decimals(document.get(name), name.to_owned(), walk);
    }
    let kind = document.get("paymentType").and_then(Value::as_i64);
    if kind.is_some_and(|kind| !(1..=2).contains(&kind)) {
        walk.wrong("paymentType", "1 (transfer) or 2 (card) is required.");
    }
}

/// The exact value of a JSON number; `None` for other values, for more than 28 digits, and from
/// a thousand million million up.
pub(in crate::kros) fn decimal(value: &Value) -> Option<Decimal> {
    let text = value.as_number()?.to_string();
    let exact = Decimal::from_str_exact(&text).ok();
    let value = exact.or_else(|| Decimal::from_scientific(&text).ok())?;
    (value.abs() < Decimal::from(LARGEST)).then_some(value)
}

fn currency_code(document: &Map<String, Value>, name: &str, walk: &mut Walk) {
    if field(document, name).is_some_and(|code| !currency::is_known(code)) {
        walk.wrong(name, "A currency code of ISO 4217 is required.");
    }
}

fn variable_symbol(document: &Map<String, Value>, walk: &mut Walk) {
    let symbol = field(document, "variableSymbol");
    if symbol.is_some_and(|symbol| !symbol.bytes().all(|byte| byte.is_ascii_digit())) {
        walk.wrong("variableSymbol", "Only digits are allowed.");
    }
}

fn two_decimals(value: Option<&Value>, path: String, walk: &mut Walk) {
    if value.and_then(decimal).is_some_and(|sum| sum.normalize().scale() > 2) {
        walk.wrong(path, "At most two decimal places are allowed.");
    }
}

fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.as_object().and_then(|object| field(object, name))
}

/// The text of a property; empty means absent.
fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// ISO 13616: the first four characters go to the end, letters count from 10, and the remainder
/// by 97 is 1. Spaces as printed on paper are allowed.
fn iban_is_good(iban: &str) -> bool {
    let compact: Vec<u8> = iban.bytes().filter(|byte| *byte != b' ').collect();
    let Some((head, tail)) = compact.split_at_checked(4) else { return false };
    let shape = head[..2].iter().all(u8::is_ascii_uppercase)
        && head[2..].iter().all(u8::is_ascii_digit)
        && (11..=30).contains(&tail.len())
        && tail.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let length = !compact.starts_with(b"SK") || compact.len() == 24;
    let remainder = tail.iter().chain(head).fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter.wrapping_sub(b'A')) + 10) % 97,
    });
    shape && length && remainder == 1
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(check: fn(&Map<String, Value>, &mut Walk), document: &Value) -> Vec<String> {
        let mut walk = Walk::default();
        check(document.as_object().unwrap(), &mut walk);
        walk.wrong.into_iter().map(|(path, _)| path).collect()
    }

    #[test]
    fn ibans_are_checked_by_their_digits() {
        // The Slovak and the German example of the IBAN registry.
        for good in ["SK3112000000198742637541", "SK31 1200 0000 1987 4263 7541"] {
            assert!(iban_is_good(good), "{good}");
        }
        assert!(iban_is_good("DE89370400440532013000"));
        for bad in ["SK3112000000198742637542", "SK31", "", "31SK12000000198742637541", "ščšč"]
        {
            assert!(!iban_is_good(bad), "{bad}");
        }
    }

    #[test]
    fn one_changed_digit_never_passes() {
        let good = "SK3112000000198742637541";
        for place in 2..good.len() {
            for digit in b'0'..=b'9' {
                let mut bytes = good.as_bytes().to_vec();
                let same = bytes[place] == digit;
                bytes[place] = digit;
                let changed = String::from_utf8(bytes).unwrap();
                assert_eq!(iban_is_good(&changed), same, "{changed}");
            }
        }
    }

    #[test]
    fn a_credit_note_names_its_invoice() {
        assert_eq!(wrong(invoice, &json!({"invoiceType": 1})), ["creditedInvoiceNumber"]);
        let named = json!({"invoiceType": 1, "creditedInvoiceNumber": "20260101001"});
        assert!(wrong(invoice, &named).is_empty());
    }

    #[test]
    fn line_totals_have_two_decimals_by_value() {
        let document = |total: &str| -> Value {
            serde_json::from_str(&format!(r#"{{"items":[{{"totalPriceInclVat":{total}}}]}}"#))
                .unwrap()
        };
        for good in ["24.6", "24.600", "-1", "1.5e1"] {
            assert!(wrong(invoice, &document(good)).is_empty(), "{good}");
        }
        assert_eq!(wrong(invoice, &document("24.605")), ["items[0].totalPriceInclVat"]);
    }

    #[test]
    fn payments_have_digits_known_currencies_and_types() {
        let bad = json!({"variableSymbol": "12a", "originalCurrency": "EURO", "paymentType": 3});
        assert_eq!(wrong(payment, &bad), ["originalCurrency", "variableSymbol", "paymentType"]);
        let good = json!({"variableSymbol": "12", "originalCurrency": "EUR", "paymentType": 2});
        assert!(wrong(payment, &good).is_empty());
    }
}
