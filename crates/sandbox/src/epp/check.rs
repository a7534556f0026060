//! The checks of a payment order that is to be created or validated (source document, `POST
//! payment-orders`; ePP facts §2.1, §5).
//!
//! Only one error is documented, that of `ExternalId`; the others are named after its pattern.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::account::{Account, is_account};
use super::{decimal, moments};

/// Every property that an order may have.
const PROPERTIES: [&str; 17] = [
    "PaymentBasis",
    "PaymentCode",
    "Amount",
    "DebtorBankAccount",
    "DebtorCodeModel",
    "DebtorCode",
    "CreditorName",
    "CreditorAddress",
    "CreditorBankAccount",
    "CreditorCodeModel",
    "CreditorCode",
    "UrgentPayment",
    "ExpectedPaymentDate",
    "ExternalId",
    "UserGroupName",
    "UserTags",
    "Comment",
];

/// Accounts by their whole numbers.
pub(super) type Accounts = BTreeMap<String, Account>;

/// An order that passed.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) amount: Decimal,
    pub(super) code: u16,
    pub(super) basis: String,
    pub(super) debtor: String,
    pub(super) creditor: String,
    pub(super) creditor_name: String,
    pub(super) creditor_code: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) user_tags: Vec<String>,
}

/// The names of properties that no source knows.
pub(super) fn unknown(sent: &Map<String, Value>) -> impl Iterator<Item = &str> {
    sent.keys().map(String::as_str).filter(|name| !PROPERTIES.contains(name))
}

/// The order as answers echo it: the same members in camel case, and an `id` of 0 (ePP facts §4,
/// traps 15 and 17).
pub(super) fn echo(sent: &Map<String, Value>) -> Map<String, Value> {
    let mut model = Map::new();
    model.insert("id".to_owned(), json!(0));
    for (name, value) in sent {
        let mut letters = name.chars();
        let first = letters.next().map(|letter| letter.to_ascii_lowercase());
        model.insert(first.into_iter().chain(letters).collect(), value.clone());
    }
    model
}

/// The error member of an answer about the property that failed.
pub(super) fn error(property: &str) -> Value {
    // Trap 24 of the facts: the message ends with a full stop.
    let message = format!("Invalid{property}Validation.");
    json!({"code": "ValidationError", "message": message, "type": 1})
}

/// Checks an order; the error names the first property that fails.
pub(super) fn order(sent: &Map<String, Value>, own: &Accounts) -> Result<Draft, &'static str> {
    let basis = required(sent, "PaymentBasis", 105)?;
    let code = code(sent)?;
    let amount = amount(sent)?;
    let debtor = required(sent, "DebtorBankAccount", 18)?;
    let account = own.get(&debtor);
    let account = account.filter(|account| account.can_be_debited()).ok_or("DebtorBankAccount")?;
    if amount > account.max_amount {
        return Err("Amount");
    }
    reference(sent, "DebtorCodeModel", "DebtorCode")?;
    let creditor_name = required(sent, "CreditorName", 200)?;
    required(sent, "CreditorAddress", 200)?;
    let creditor = required(sent, "CreditorBankAccount", 18)?;
    if !is_account(&creditor) {
        return Err("CreditorBankAccount");
    }
    let creditor_code = reference(sent, "CreditorCodeModel", "CreditorCode")?;
    if !matches!(sent.get("UrgentPayment"), None | Some(Value::Null | Value::Bool(_))) {
        return Err("UrgentPayment");
    }
    if optional(sent, "ExpectedPaymentDate", 30)?.is_some_and(|date| !is_date(&date)) {
        return Err("ExpectedPaymentDate");
    }
    // The official sample of fifty characters is refused (ePP facts §2.1).
    let external_id = optional(sent, "ExternalId", 49)?;
    optional(sent, "UserGroupName", 100)?;
    optional(sent, "Comment", 1000)?;
    let user_tags = tags(sent).ok_or("UserTags")?;
    Ok(Draft {
        amount,
        code,
        basis,
        debtor,
        creditor,
        creditor_name,
        creditor_code,
        external_id,
        user_tags,
    })
}

fn required(
    sent: &Map<String, Value>,
    name: &'static str,
    limit: usize,
) -> Result<String, &'static str> {
    let text = optional(sent, name, limit)?;
    text.filter(|text| !text.trim().is_empty()).ok_or(name)
}

fn optional(
    sent: &Map<String, Value>,
    name: &'static str,
    limit: usize,
) -> Result<Option<String>, &'static str> {
    match sent.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= limit => Ok(Some(text.clone())),
        Some(_) => Err(name),
    }
}

fn code(sent: &Map<String, Value>) -> Result<u16, &'static str> {
    let code =
        sent.get("PaymentCode").and_then(Value::as_u64).and_then(|code| code.try_into().ok());
    // The first digit is the form: cash, transfer, clearing, reposting (ePP facts §5).
    code.filter(|code: &u16| matches!(code / 100, 1 | 2 | 3 | 9)).ok_or("PaymentCode")
}

fn amount(sent: &Map<String, Value>) -> Result<Decimal, &'static str> {
    let amount = sent.get("Amount").filter(|amount| amount.is_number()).and_then(decimal);
    let good = |amount: &Decimal| amount.normalize().scale() <= 2 && *amount > Decimal::ZERO;
    amount.filter(good).ok_or("Amount")
}

/// A reference under its model: 97 is checked, every other model passes unchecked.
fn reference(
    sent: &Map<String, Value>,
    model: &'static str,
    code: &'static str,
) -> Result<Option<String>, &'static str> {
    let number = match sent.get(model) {
        None | Some(Value::Null) => None,
        Some(value) => Some(value.as_u64().filter(|number| *number < 100).ok_or(model)?),
    };
    let text = optional(sent, code, 23)?;
    match (number, &text) {
        (Some(97), Some(text)) if !is_reference_97(text) => Err(code),
        (Some(97), None) => Err(code),
        _ => Ok(text),
    }
}

/// Whether the two digits in front are right for the rest; letters count A = 10 to Z = 35, hyphens
/// and blanks do not count (ISO 7064, MOD 97-10).
fn is_reference_97(text: &str) -> bool {
    let Some((control, body)) = text.split_at_checked(2) else { return false };
    let mut rest = 0_u32;
    let mut counted = 0;
    for letter in body.chars().filter(|letter| !matches!(letter, '-' | ' ')) {
        let Some(value) = letter.to_digit(36).filter(|_| !letter.is_ascii_lowercase()) else {
            return false;
        };
        rest = (rest * if value < 10 { 10 } else { 100 } + value) % 97;
        counted += 1;
    }
    counted > 0 && format!("{:02}", 98 - rest * 100 % 97) == control
}

fn is_date(text: &str) -> bool {
    moments::bound(text).is_some() || NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

/// The tags, from an array of texts or, as another program sends them, one text.
fn tags(sent: &Map<String, Value>) -> Option<Vec<String>> {
    match sent.get("UserTags") {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::String(text)) => Some(text.split_whitespace().map(str::to_owned).collect()),
        Some(Value::Array(tags)) => {
            tags.iter().map(|tag| tag.as_str().map(str::to_owned)).collect()
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_official_references_are_right() {
        for good in ["86004934268220007912", "28070794239110001820", "88RN-2024-15", "951"] {
            assert!(is_reference_97(good), "{good}");
        }
        for bad in ["8523201", "87004934268220007912", "68", "", "86a1", "č1", "8"] {
            assert!(!is_reference_97(bad), "{bad}");
        }
    }

    #[test]
    fn tags_come_as_array_text_or_nothing() {
        let tags = |value: Value| tags(&Map::from_iter([("UserTags".to_owned(), value)]));
        assert_eq!(tags(json!(["a b", "c"])), Some(vec!["a b".to_owned(), "c".to_owned()]));
        assert_eq!(tags(json!("a b")).map(|tags| tags.len()), Some(2));
        assert_eq!(tags(json!("")), Some(vec![]));
        assert_eq!(tags(json!([1])), None);
    }

    #[test]
    fn the_echo_is_in_camel_case_with_an_id_of_zero() {
        let sent = json!({"ExternalId": "a", "UserTags": []});
        let echoed = Value::Object(echo(sent.as_object().unwrap()));
        assert_eq!(echoed, json!({"id": 0, "externalId": "a", "userTags": []}));
    }
}
