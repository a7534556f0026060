//! What the double remembers, and how money moves in it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::account::Account;
use super::check::Draft;
use super::list::PageShape;
use super::moments;
use super::order::{Deed, Execution, Order};
use super::payment::Attempt;
use super::session::{Lives, Sessions, Statistics};
use super::statement::Oddity;
use super::user::User;

/// How the answers to `POST payment-orders` and its validation hold their elements (ePP facts §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BatchShape {
    /// In the payload of the envelope that all functions are said to use; that of a calm sandbox.
    #[default]
    Enveloped,
    /// As the array alone, which is what the sample of the source document shows.
    Bare,
}

/// What can be set from outside.
pub(super) struct Settings {
    pub(super) lives: Lives,
    pub(super) countdown: TimeDelta,
    /// So many of the next started payments tell another sum than theirs.
    pub(super) misstated_totals: u32,
    pub(super) link_life: TimeDelta,
    pub(super) execution_delay: Option<Duration>,
    pub(super) page_shape: PageShape,
    /// A page holds no more entries than this, whatever was asked for.
    pub(super) largest_page: usize,
    pub(super) batch_shape: BatchShape,
    pub(super) oddities: Vec<Oddity>,
}

/// One end of a transaction.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    pub(super) account: String,
    pub(super) name: String,
    pub(super) model: String,
    pub(super) reference: String,
}

/// Money that moved or was refused.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    /// The local day on whose statements it stands.
    pub(super) day: NaiveDate,
    pub(super) entered: DateTime<Utc>,
    /// `None` for an order that was not executed.
    pub(super) executed: Option<DateTime<Utc>>,
    pub(super) debit: Side,
    pub(super) credit: Side,
    pub(super) code: u16,
    pub(super) amount: Decimal,
    pub(super) purpose: String,
    /// What to name in a complaint.
    pub(super) complaint: String,
}

/// The whole memory.
pub(super) struct Store {
    pub(super) users: Vec<User>,
    pub(super) sessions: Sessions,
    pub(super) statistics: Statistics,
    pub(super) accounts: Vec<Account>,
    pub(super) orders: BTreeMap<u64, Order>,
    pub(super) attempts: Vec<Attempt>,
    /// The time steps of authenticators that were used, by login.
    pub(super) used_steps: BTreeSet<(String, i64)>,
    pub(super) transactions: Vec<Transaction>,
    pub(super) settings: Settings,
    balances: BTreeMap<String, Decimal>,
    last_order: u64,
    last_transaction: u64,
}

impl Store {
    pub(super) fn new(users: Vec<User>, accounts: Vec<Account>, settings: Settings) -> Self {
        let balances =
            accounts.iter().map(|account| (account.full_number(), account.opening)).collect();
        Self {
            users,
            accounts,
            settings,
            balances,
            sessions: Sessions::default(),
            statistics: Statistics::default(),
            orders: BTreeMap::new(),
            attempts: Vec::new(),
            used_steps: BTreeSet::new(),
            transactions: Vec::new(),
            last_order: 319_000,
            last_transaction: 600,
        }
    }

    pub(super) fn user(&self, login: &str) -> Option<&User> {
        self.users.iter().find(|user| user.login == login)
    }

    /// The accounts that a user sees.
    pub(super) fn accounts_of<'a>(&'a self, user: &User) -> impl Iterator<Item = &'a Account> {
        let organization = user.organization_id.clone();
        self.accounts.iter().filter(move |account| account.organization_id == organization)
    }

    /// The orders that a user sees, by their identifiers.
    pub(super) fn orders_of<'a>(&'a self, user: &User) -> impl Iterator<Item = &'a Order> {
        let organization = user.organization_id.clone();
        self.orders.values().filter(move |order| order.organization_id == organization)
    }

    /// The account with this whole number.
    pub(super) fn account(&self, full_number: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.full_number() == full_number)
    }

    /// Stores an order that was checked; gaps are as likely as in a shared database.
    pub(super) fn create(
        &mut self,
        user: &User,
        draft: Draft,
        sent: Map<String, Value>,
        now: DateTime<Utc>,
        gap: u64,
    ) {
        self.last_order += gap.max(1);
        let account = self.account(&draft.debtor);
        let debtor_name = account.map(|account| account.name.clone()).unwrap_or_default();
        let organization =
            account.map(|account| account.organization_name.clone()).unwrap_or_default();
        let order = Order {
            id: self.last_order,
            organization_id: user.organization_id.clone(),
            draft,
            sent,
            created: Deed { at: now, login: user.login.clone(), name: user.name.clone() },
            debtor_name,
            organization_name: organization,
            lock: None,
            attempt: None,
            paid: None,
            payment: None,
            execution: None,
            executions: 0,
        };
        self.orders.insert(order.id, order);
    }

    /// Executes a confirmed order, or refuses it when the accounts do not allow it.
    pub(super) fn execute(&mut self, id: u64, now: DateTime<Utc>) {
        let Some(order) = self.orders.get(&id).filter(|order| order.paid.is_some()) else { return };
        let refusal = self.refusal(order);
        let transaction = transaction(order, now, refusal);
        self.last_transaction += 1;
        let execution = Execution {
            transaction: self.last_transaction,
            started: now,
            ended: now + TimeDelta::seconds(1),
            refusal,
        };
        if let Some(order) = self.orders.get_mut(&id) {
            order.execution = Some(execution);
            order.executions += u32::from(refusal.is_none());
        }
        self.book(transaction);
    }

    /// Notes a transaction and moves its money.
    pub(super) fn book(&mut self, transaction: Transaction) {
        if transaction.executed.is_some() {
            *self.balances.entry(transaction.debit.account.clone()).or_default() -=
                transaction.amount;
            *self.balances.entry(transaction.credit.account.clone()).or_default() +=
                transaction.amount;
        }
        self.transactions.push(transaction);
    }

    /// Why the payment system does not execute an order.
    fn refusal(&self, order: &Order) -> Option<&'static str> {
        let draft = &order.draft;
        let balance = self.balances.get(&draft.debtor).copied().unwrap_or_default();
        if !self.account(&draft.debtor).is_some_and(Account::pays_out) {
            Some("račun zaduženja je blokiran;DebtorBankAccount;4")
        } else if self.account(&draft.creditor).is_some_and(|account| !account.takes_in()) {
            Some("račun odobrenja je blokiran;CreditorBankAccount;5")
        } else if balance < draft.amount {
            Some("nema dovoljno sredstava;Amount;3")
        } else {
            None
        }
    }
}

/// The transaction of an order.
fn transaction(order: &Order, now: DateTime<Utc>, refusal: Option<&str>) -> Transaction {
    let draft = &order.draft;
    let text = |name: &str| match order.sent.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    Transaction {
        day: moments::day(now),
        entered: order.paid.as_ref().map_or(now, |deed| deed.at),
        executed: refusal.is_none().then_some(now),
        debit: Side {
            account: draft.debtor.clone(),
            name: order.debtor_name.clone(),
            model: text("debtorCodeModel"),
            reference: text("debtorCode"),
        },
        credit: Side {
            account: draft.creditor.clone(),
            name: draft.creditor_name.clone(),
            model: text("creditorCodeModel"),
            reference: text("creditorCode"),
        },
        code: draft.code,
        amount: draft.amount,
        purpose: draft.basis.clone(),
        complaint: order.reference(),
    }
}
