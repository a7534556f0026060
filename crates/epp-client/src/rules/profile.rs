//! What is assumed about the service, as values that can be replaced when more becomes known.

use std::collections::BTreeMap;

use common_core::money::Amount;

use super::{Rule, Severity, account::Account};
use crate::model::BankAccount;

/// The assumptions that orders are checked under.
///
/// ```
/// use epp_client::rules::{Profile, Rule, Severity};
///
/// let strict = Profile::documented().with_severity(Rule::TooLong, Severity::Error);
/// assert_eq!(strict.severity(Rule::TooLong), Severity::Error);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The most orders one request takes: 5000 (source document, section POST payment-orders).
    pub batch_size: usize,
    /// The longest texts, in characters.
    pub lengths: Lengths,
    severities: BTreeMap<Rule, Severity>,
    limits: BTreeMap<Account, Amount>,
}

/// The longest texts the service is thought to take, in characters (ePP facts §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lengths {
    /// `PaymentBasis`: 105, from a third-party writer.
    pub payment_basis: usize,
    /// `DebtorCode` and `CreditorCode`: 23, from a third-party writer.
    pub code: usize,
    /// The characters a reference of model 97 counts for, a letter twice: 20, the National Bank's rule.
    pub reference_width: usize,
    /// `CreditorAddress`: 200, from a third-party writer.
    pub creditor_address: usize,
    /// `ExternalId`: 49; the official failing sample has 50.
    pub external_id: usize,
}

impl Profile {
    /// The assumptions as they are documented on each field and rule.
    ///
    /// A finding withholds its order where the money would go astray or the order contradicts itself.
    /// Rules that rest on a third-party source or on a list that changes only warn, and the service has the last word.
    pub fn documented() -> Self {
        Self {
            batch_size: 5000,
            lengths: Lengths {
                payment_basis: 105,
                code: 23,
                reference_width: 20,
                creditor_address: 200,
                external_id: 49,
            },
            severities: BTreeMap::new(),
            limits: BTreeMap::new(),
        }
    }

    /// The same assumptions with every finding an error.
    pub fn strict() -> Self {
        Rule::ALL
            .iter()
            .fold(Self::documented(), |profile, rule| profile.with_severity(*rule, Severity::Error))
    }

    /// How severe a finding of `rule` is.
    pub fn severity(&self, rule: Rule) -> Severity {
        self.severities.get(&rule).copied().unwrap_or_else(|| documented_severity(rule))
    }

    /// The same assumptions, with another severity for `rule`.
    #[must_use]
    pub fn with_severity(mut self, rule: Rule, severity: Severity) -> Self {
        self.severities.insert(rule, severity);
        self
    }

    /// The same assumptions, with the `maxAmount` of an account to hold orders against.
    ///
    /// An account without a limit, or whose number cannot be read, changes nothing.
    #[must_use]
    pub fn with_limit_of(mut self, account: &BankAccount) -> Self {
        if let (Some(number), Some(limit)) = (account.account(), account.max_amount) {
            self.limits.insert(number, limit);
        }
        self
    }

    /// The most that one order may take from `account`, when it is known.
    pub fn limit_of(&self, account: &Account) -> Option<Amount> {
        self.limits.get(account).copied()
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::documented()
    }
}

fn documented_severity(rule: Rule) -> Severity {
    match rule {
        Rule::TooLong
        | Rule::Character
        | Rule::AccountSpelling
        | Rule::DebtorBank
        | Rule::SameAccount
        | Rule::ReferenceModel
        | Rule::PaymentCodeUnknown
        | Rule::PaymentForm
        | Rule::DuplicateExternalId => Severity::Warning,
        Rule::Required
        | Rule::Account
        | Rule::AccountControl
        | Rule::Reference
        | Rule::ReferenceControl
        | Rule::PaymentCode
        | Rule::AmountNotPositive
        | Rule::AmountDecimals
        | Rule::AmountLimit
        | Rule::Date
        | Rule::BatchSize => Severity::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_severity_can_be_replaced_and_the_others_stay() {
        let profile = Profile::documented().with_severity(Rule::DebtorBank, Severity::Error);
        assert_eq!(profile.severity(Rule::DebtorBank), Severity::Error);
        assert_eq!(profile.severity(Rule::TooLong), Severity::Warning);
        assert_eq!(profile.severity(Rule::Account), Severity::Error);
    }

    #[test]
    fn strict_withholds_for_every_rule() {
        let strict = Profile::strict();
        assert!(Rule::ALL.iter().all(|rule| strict.severity(*rule) == Severity::Error));
    }

    #[test]
    fn a_limit_belongs_to_its_account() {
        let account: BankAccount = serde_json::from_str(
            r#"{"bank": "840", "number": "0000000001624", "controlNumber": "09", "maxAmount": 10000000}"#,
        )
        .unwrap();
        let profile = Profile::documented().with_limit_of(&account);
        let limited = Account::parse("840-1624-09").unwrap();
        assert_eq!(profile.limit_of(&limited), Some(Amount::from(10_000_000)));
        assert_eq!(profile.limit_of(&Account::parse("840-1992-69").unwrap()), None);
    }
}
