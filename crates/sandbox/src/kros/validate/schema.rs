//! The properties of an invoice and of a payment as tables: names, types, lengths (KROS facts §1
//! and §2; assumptions are listed in `docs/kros/sandbox-differences.md`).

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

/// One property of an object.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
}

/// The type of a property.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// Text of at most so many characters; 0 means that no limit is known.
    Text(usize),
    /// `YYYY-MM-DD`, or a date with a time as ISO 8601 writes it; empty text means none.
    Date,
    /// A JSON number of at most 28 digits, below a thousand million million.
    Number,
    /// A JSON number without fraction or exponent.
    Integer,
    /// `true` or `false`.
    Flag,
    /// An array of texts.
    Texts,
    /// An object.
    Object(&'static [Field]),
    /// An array of objects.
    List(&'static [Field]),
}

impl Shape {
    /// Why `value` is not of this shape.
    pub(super) fn complaint(self, value: &Value) -> Option<String> {
        let fits = match (self, value) {
            (Self::Text(limit), Value::String(text)) => {
                let long = limit > 0 && text.chars().count() > limit;
                return long.then(|| format!("At most {limit} characters are allowed."));
            }
            (Self::Date, Value::String(text)) => {
                let good = text.is_empty() || date(text).is_some();
                return (!good).then(|| "A date in the format of ISO 8601 is required.".into());
            }
            (Self::Number, Value::Number(_)) => super::rules::decimal(value).is_some(),
            (Self::Integer, Value::Number(number)) => number.is_i64(),
            (Self::Flag, Value::Bool(_)) => true,
            (Self::Texts, Value::Array(items)) => items.iter().all(Value::is_string),
            _ => false,
        };
        (!fits).then(|| format!("Unexpected value: {} is required.", self.wanted()))
    }

    fn wanted(self) -> &'static str {
        match self {
            Self::Text(_) | Self::Date => "text",
            Self::Number => "a number",
            Self::Integer => "an integer",
            Self::Flag => "true or false",
            Self::Texts => "an array of texts",
            Self::Object(_) => "an object",
            Self::List(_) => "an array of objects",
        }
    }
}

/// Reads a date, or the date of a date with a time.
pub(in crate::kros) fn date(text: &str) -> Option<NaiveDate> {
    // The calendar of chrono also takes dates such as 2026-1-1, which ISO 8601 does not know.
    let day = text.get(..10)?;
    let date = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    let rest = &text[10..];
    let local = || chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").is_ok();
    (rest.is_empty() || DateTime::parse_from_rfc3339(text).is_ok() || local()).then_some(date)
}

const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false }
}

const fn must(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: true }
}

const TEXT: Shape = Shape::Text(0);

const ADDRESS: &[Field] = &[
    may("businessName", TEXT),
    may("contactName", TEXT),
    may("street", TEXT),
    may("postCode", TEXT),
    may("city", TEXT),
    may("country", TEXT),
];

const PARTNER: &[Field] = &[
    may("address", Shape::Object(ADDRESS)),
    may("postalAddress", Shape::Object(ADDRESS)),
    may("registrationId", TEXT),
    may("taxId", TEXT),
    may("vatId", TEXT),
    may("phoneNumber", TEXT),
    may("email", TEXT),
];

const MY_COMPANY: &[Field] = &[
    may("address", Shape::Object(ADDRESS)),
    may("registrationId", TEXT),
    may("taxId", TEXT),
    may("vatId", TEXT),
    may("phoneNumber", TEXT),
    may("email", TEXT),
    may("web", TEXT),
];

const ITEM: &[Field] = &[
    must("name", Shape::Text(255)),
    may("description", TEXT),
    may("amount", Shape::Number),
    may("measureUnit", TEXT),
    may("vatRate", Shape::Number),
    may("discountPercent", Shape::Number),
    may("totalPriceInclVat", Shape::Number),
    may("discountName", TEXT),
    may("itemCode", Shape::Text(25)),
    may("warehouseCode", TEXT),
    may("eanCode", TEXT),
];

const BANK_ACCOUNT: &[Field] = &[
    may("iban", TEXT),
    may("accountNumber", TEXT),
    may("isForeign", Shape::Flag),
    may("swift", TEXT),
];

const CUSTOM_FIELD: &[Field] = &[may("label", TEXT), may("value", TEXT)];

const ACCOUNTING: &[Field] = &[
    may("syntheticAccount", TEXT),
    may("analyticalAccount", TEXT),
    may("descriptionAccounting", TEXT),
];

/// An invoice as it is created.
pub(super) const INVOICE: &[Field] = &[
    may("externalId", Shape::Text(64)),
    may("partner", Shape::Object(PARTNER)),
    may("myCompany", Shape::Object(MY_COMPANY)),
    must("items", Shape::List(ITEM)),
    may("internalNote", TEXT),
    may("printedNote", TEXT),
    may("vatPayerType", Shape::Integer),
    may("useParagraph7or7a", Shape::Flag),
    may("culture", TEXT),
    may("openingText", TEXT),
    may("closingText", TEXT),
    may("registrationCourtText", TEXT),
    may("dueDate", Shape::Date),
    may("currency", TEXT),
    may("exchangeRate", Shape::Number),
    may("discountPercent", Shape::Number),
    may("discountTotalPriceInclVat", Shape::Number),
    may("tags", Shape::Texts),
    may("issueDate", Shape::Date),
    may("orderNumber", Shape::Text(20)),
    may("paymentType", TEXT),
    may("variableSymbol", Shape::Text(10)),
    may("bankAccount", Shape::Object(BANK_ACCOUNT)),
    may("deliveryDate", Shape::Date),
    may("advancePaymentDeduction", Shape::Number),
    may("numberingSequence", Shape::Text(5)),
    may("documentNumber", Shape::Text(20)),
    may("invoiceType", Shape::Integer),
    may("creditedInvoiceNumber", Shape::Text(20)),
    may("mandatoryText", TEXT),
    may("mandatoryTextType", Shape::Integer),
    may("ossTaxState", Shape::Integer),
    may("customFields", Shape::List(CUSTOM_FIELD)),
    may("accountingDetails", Shape::Object(ACCOUNTING)),
];

/// A payment as it is created.
pub(super) const PAYMENT: &[Field] = &[
    must("dateOfPayment", Shape::Date),
    must("sumOfPayment", Shape::Number),
    may("originalSumOfPayment", Shape::Number),
    may("originalCurrency", TEXT),
    may("variableSymbol", Shape::Text(10)),
    may("accountId", Shape::Integer),
    may("partnerName", Shape::Text(255)),
    may("remittanceInformation", Shape::Text(140)),
    may("paymentReference", TEXT),
    may("note", TEXT),
    may("externalId", Shape::Text(64)),
    may("paymentType", Shape::Integer),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dates_are_iso_8601_with_or_without_a_time() {
        for good in [
            "2026-01-31",
            "2022-12-07T08:56:08.693Z",
            "2022-12-07T08:56:08+01:00",
            "2026-01-31T00:00:00",
        ] {
            assert!(date(good).is_some(), "{good}");
        }
        for wrong in ["2026-02-30", "31.01.2026", "2026-1-31", "2026-01-31x", "2026-01-31T25:00:00"]
        {
            assert!(date(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn numbers_in_quotes_are_not_numbers() {
        assert!(Shape::Number.complaint(&json!("2")).is_some());
        assert!(Shape::Number.complaint(&json!(2.5)).is_none());
        assert!(Shape::Integer.complaint(&json!(2.5)).is_some());
        assert!(Shape::Text(3).complaint(&json!(123)).is_some());
    }

    #[test]
    fn lengths_count_characters() {
        assert!(Shape::Text(3).complaint(&json!("čšž")).is_none());
        assert!(Shape::Text(3).complaint(&json!("čšžý")).is_some());
    }
}
