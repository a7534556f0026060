//! Bank accounts and their numbers (source document, section "Bank Accounts"; ePP facts §2.3,
//! §5).

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::list::{Filter, Key, Listed, contains};
use super::number;

/// The bank of all accounts at the Treasury.
const BANK: &str = "840";

/// An account of the double; codes are those of the source document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// The number (JBKJS) of the organisation that has it.
    pub organization_id: String,
    /// The name of that organisation.
    pub organization_name: String,
    /// The middle of the account number, thirteen digits.
    pub number: String,
    /// The account's name.
    pub name: String,
    /// 1 being approved, 2 approved, 3 cancelled, 4 being cancelled, 5 refused.
    pub request_status: u8,
    /// 1 organisational, 2 synthetic, 3 analytic, 4 evidential, 5 consolidated.
    pub kind: u8,
    /// 1 payment, 2 view.
    pub permission: u8,
    /// 1 active, 5 closed.
    pub activity: u8,
    /// 0 in the payment system, 4 may pay out, 5 may take in, 8 blocked, 9 out of it.
    pub status: u8,
    /// The code of the organisational unit that keeps it, five digits.
    pub organizational_unit_number: String,
    /// The largest amount of an order that debits it, in dinars.
    pub max_amount: Decimal,
    /// What was on it before the first day of the double, in dinars.
    pub opening: Decimal,
}

impl Account {
    /// The whole number, eighteen digits: bank, middle, control.
    pub fn full_number(&self) -> String {
        format!("{BANK}{}{}", self.number, self.control())
    }

    fn control(&self) -> String {
        control(&format!("{BANK}{}", self.number)).unwrap_or_default()
    }

    /// Whether orders may debit it; what the payment system thinks shows only when they run.
    pub(super) fn can_be_debited(&self) -> bool {
        self.permission == 1 && self.request_status == 2 && self.activity == 1
    }

    /// Whether the payment system lets money out.
    pub(super) fn pays_out(&self) -> bool {
        matches!(self.status, 0 | 4)
    }

    /// Whether the payment system lets money in.
    pub(super) fn takes_in(&self) -> bool {
        matches!(self.status, 0 | 5)
    }
}

/// The control digits of a number of sixteen digits (ISO 7064, MOD 97-10).
fn control(first: &str) -> Option<String> {
    let number: u64 = first.parse().ok().filter(|_| first.len() == 16)?;
    // Sixteen digits times a hundred fit into 64 bits.
    Some(format!("{:02}", 98 - number * 100 % 97))
}

/// Whether this is a number of eighteen digits with the right control digits.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 18
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && control(&text[..16]).is_some_and(|control| control == text[16..])
}

impl Listed for Account {
    const FILTERS: &'static [Filter<Self>] = &[
        Filter::text("Number", |account, wanted| account.number == wanted),
        Filter::text("Name", |account, wanted| contains(&account.name, wanted)),
        Filter::text("OrganizationId", |account, wanted| account.organization_id == wanted),
        Filter::text("OrganizationalUnitNumber", |account, wanted| {
            account.organizational_unit_number == wanted
        }),
        Filter::code("RequestStatus", |account, wanted| is(account.request_status, wanted)),
        // Trap 8 of the facts: the attribute is called `permission`.
        Filter::code("RequestPermission", |account, wanted| is(account.permission, wanted)),
        Filter::code("Type", |account, wanted| is(account.kind, wanted)),
    ];

    fn shown(&self, loose: bool) -> Value {
        // A loose server has lost the zeros in front of some numbers (ePP facts §2.3).
        let digits = |text: &str| match text.parse::<u64>() {
            Ok(number) if loose && self.number.ends_with(['3', '7']) => json!(number),
            _ => json!(text),
        };
        json!({
            "organizationId": digits(&self.organization_id),
            "organizationName": self.organization_name,
            "organizationType": 1,
            "bank": digits(BANK),
            "number": digits(&self.number),
            "controlNumber": digits(&self.control()),
            "ownerOrganizationId": digits(&self.organization_id),
            "ownerOrganizationType": 1,
            "ownerOrganizationName": self.organization_name,
            "requestStatus": self.request_status,
            "name": self.name,
            "localName": "",
            "activity": self.activity,
            "status": self.status,
            "organizationalUnitNumber": digits(&self.organizational_unit_number),
            "treasury": "601",
            "permission": self.permission,
            "type": self.kind,
            "maxAmount": number(self.max_amount),
        })
    }

    fn key(&self, column: &str) -> Option<Key> {
        Key::of_member(&self.shown(false), column)
    }
}

fn is(code: u8, wanted: &str) -> bool {
    wanted.parse() == Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_official_accounts_are_right() {
        for good in ["840000000115680485", "840000000000162409", "840000071312184357"] {
            assert!(is_account(good), "{good}");
        }
    }

    #[test]
    fn congruent_control_digits_are_wrong() {
        // ePP facts §5: a bare remainder test lets 00, 01 and 99 slip through.
        for bad in [
            "840000000115680486",
            "840000000000001001",
            "840000000000004299",
            "840000000000007500",
            "84000000011568048",
            "84000000011568048A",
            "8400000001156804č",
            "",
        ] {
            assert!(!is_account(bad), "{bad}");
        }
    }
}
