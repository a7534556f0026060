//! The arithmetic of a statement, computed again.
//!
//! Opening balance and credits less debits are the closing balance; counts and sums of the executed items are those of the
//! summary (ePP facts §2.4).
//! A statement that does not add up gives findings, never a panic, and amounts are exact decimals throughout.

use std::fmt;

use common_core::{
    codes,
    money::{Amount, Money},
};
use serde::Serialize;

use super::{Header, Item, Side, Summary, records::Unexecuted};
use crate::{model::Moment, rules::Account};

codes! {
    /// What a statement is checked for; its text is the stable name, for logs and settings.
    pub enum AuditRule: str {
        /// The statement has a summary, and the summary its account, balances, sums and counts.
        SummaryIncomplete = "summary-incomplete",
        /// The control number of the statement's account is right.
        Account = "account",
        /// Header and summary are of the same day.
        Day = "day",
        /// Opening balance and credits less debits are the closing balance.
        Balance = "balance",
        /// The executed debits are as many as stated.
        DebitCount = "debit-count",
        /// The executed credits are as many as stated.
        CreditCount = "credit-count",
        /// The executed debits sum up to what is stated.
        DebitTotal = "debit-total",
        /// The executed credits sum up to what is stated.
        CreditTotal = "credit-total",
        /// An executed item has an amount.
        AmountMissing = "amount-missing",
        /// An amount has at most two decimals; more may be groups of thousands that were misread.
        AmountDecimals = "amount-decimals",
        /// An item is a debit or a credit.
        SideUnknown = "side-unknown",
        /// An item moves money of the statement's account.
        OtherAccount = "other-account",
        /// The sums fit into a decimal of 28 digits.
        TooLarge = "too-large",
    }
}

/// One thing that does not add up.
///
/// Displays as one sentence; in JSON it is an object with `itemIndex`, `rule` and `message`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Finding {
    /// The item, counted from 0 in the order of the file; `None` for the statement as a whole.
    pub item_index: Option<u64>,
    /// What was checked.
    pub rule: AuditRule,
    /// What was found.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.item_index {
            write!(f, "item {index}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// The check of a statement while its items go by, in memory that grows with the findings only.
///
/// [`Statement::audit`](super::Statement::audit) does it for a whole statement.
#[derive(Debug, Clone)]
pub struct Audit {
    account: Option<String>,
    unexecuted: Unexecuted,
    debits: Tally,
    credits: Tally,
    items: u64,
    findings: Vec<Finding>,
}

/// Count and sum of one side.
#[derive(Debug, Clone, Copy)]
struct Tally {
    count: u64,
    /// `None` once it no longer fits.
    sum: Option<Amount>,
    /// Whether an amount was missing, so that the sum says nothing.
    is_partial: bool,
}

impl Tally {
    const EMPTY: Self = Self { count: 0, sum: Some(Amount::ZERO), is_partial: false };

    fn add(&mut self, amount: Option<Amount>) {
        self.count += 1;
        match amount {
            Some(amount) => self.sum = self.sum.and_then(|sum| sum.checked_add(amount)),
            None => self.is_partial = true,
        }
    }
}

impl Audit {
    /// Begins to check the items of `account`, the one of the summary; without it items are not held against an account.
    pub fn new(account: Option<&str>) -> Self {
        let account = account.filter(|account| !account.is_empty()).map(str::to_owned);
        let (debits, credits) = (Tally::EMPTY, Tally::EMPTY);
        let unexecuted = Unexecuted::default();
        Self { account, unexecuted, debits, credits, items: 0, findings: Vec::new() }
    }

    /// Takes the items with one of these statuses for not executed, whatever their time of execution.
    ///
    /// The values of the status are not published (ePP facts §2.4), so without this
    /// [`Item::is_executed`] decides by the time of execution.
    #[must_use]
    pub fn with_unexecuted_statuses(
        mut self,
        statuses: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.unexecuted = Unexecuted::by_status(statuses);
        self
    }

    /// Takes the next item; items that were not executed move no money and are only looked at.
    pub fn add(&mut self, item: &Item) {
        let index = Some(self.items);
        self.items += 1;
        let account = self.account.as_deref().unwrap_or_default();
        let side = item.side_of(account);
        let own = match side {
            Some(Side::Debit) => Some(&item.debtor_account),
            Some(Side::Credit) => Some(&item.creditor_account),
            None => None,
        };
        let is_other = own.is_some_and(|own| !account.is_empty() && own != account);
        if is_other {
            self.note(index, AuditRule::OtherAccount, "the item is of another account");
        }
        if item.amount.is_some_and(|amount| Money::<2>::try_from(amount).is_err()) {
            self.note(index, AuditRule::AmountDecimals, "the amount has more than two decimals");
        }
        if !self.unexecuted.is_executed(item) {
            return;
        }
        if item.amount.is_none() {
            self.note(index, AuditRule::AmountMissing, "the amount is missing");
        }
        match side {
            Some(Side::Debit) => self.debits.add(item.amount),
            Some(Side::Credit) => self.credits.add(item.amount),
            None => {
                let message = "the item is neither a debit nor a credit";
                self.note(index, AuditRule::SideUnknown, message);
            }
        }
    }

    /// Holds the items against the sums, and gives everything that was found.
    pub fn finish(mut self, header: Option<&Header>, summary: Option<&Summary>) -> Vec<Finding> {
        let Some(summary) = summary else {
            self.note(None, AuditRule::SummaryIncomplete, "the statement has no summary");
            return self.findings;
        };
        self.summary(summary);
        self.day(header, summary);
        self.balance(summary);
        let (debits, credits) = (self.debits, self.credits);
        self.count(AuditRule::DebitCount, "debits", debits, summary.debit_count);
        self.count(AuditRule::CreditCount, "credits", credits, summary.credit_count);
        self.total(AuditRule::DebitTotal, "debits", debits, summary.debit_total);
        self.total(AuditRule::CreditTotal, "credits", credits, summary.credit_total);
        self.findings
    }

    fn note(&mut self, item_index: Option<u64>, rule: AuditRule, message: impl Into<String>) {
        self.findings.push(Finding { item_index, rule, message: message.into() });
    }

    fn summary(&mut self, summary: &Summary) {
        for (name, is_there) in [
            ("account", !summary.account.is_empty()),
            ("opening balance", summary.opening_balance.is_some()),
            ("sum of debits", summary.debit_total.is_some()),
            ("sum of credits", summary.credit_total.is_some()),
            ("closing balance", summary.closing_balance.is_some()),
            ("count of debits", summary.debit_count.is_some()),
            ("count of credits", summary.credit_count.is_some()),
        ] {
            if !is_there {
                let message = format!("the summary has no {name}");
                self.note(None, AuditRule::SummaryIncomplete, message);
            }
        }
        if !summary.account.is_empty() && Account::parse(&summary.account).is_err() {
            self.note(None, AuditRule::Account, "the account of the statement is no account");
        }
    }

    fn day(&mut self, header: Option<&Header>, summary: &Summary) {
        let head = header.and_then(|header| header.date.as_ref()).and_then(Moment::day);
        let sums = summary.date.as_ref().and_then(Moment::day);
        if head.is_some() && sums.is_some() && head != sums {
            self.note(None, AuditRule::Day, "header and summary are of different days");
        }
    }

    fn balance(&mut self, summary: &Summary) {
        let (Some(opening), Some(debits), Some(credits), Some(closing)) = (
            summary.opening_balance,
            summary.debit_total,
            summary.credit_total,
            summary.closing_balance,
        ) else {
            return;
        };
        match opening.checked_add(credits).and_then(|sum| sum.checked_sub(debits)) {
            None => self.note(None, AuditRule::TooLarge, "the balance has too many digits"),
            Some(right) if right != closing => {
                let message =
                    format!("the closing balance should be {right} and is stated as {closing}");
                self.note(None, AuditRule::Balance, message);
            }
            Some(_) => {}
        }
    }

    fn count(&mut self, rule: AuditRule, name: &str, tally: Tally, stated: Option<u64>) {
        if let Some(stated) = stated.filter(|stated| *stated != tally.count) {
            let message = format!("there are {} {name} and {stated} are stated", tally.count);
            self.note(None, rule, message);
        }
    }

    fn total(&mut self, rule: AuditRule, name: &str, tally: Tally, stated: Option<Amount>) {
        let Some(stated) = stated.filter(|_| !tally.is_partial) else { return };
        match tally.sum {
            None => {
                let message = format!("the sum of the {name} has too many digits");
                self.note(None, AuditRule::TooLarge, message);
            }
            Some(sum) if sum != stated => {
                let message = format!("the {name} sum up to {sum} and {stated} is stated");
                self.note(None, rule, message);
            }
            Some(_) => {}
        }
    }
}
