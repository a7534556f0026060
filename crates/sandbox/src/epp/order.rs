//! Payment orders as the double keeps and shows them (source document, section "Payment Orders";
//! ePP facts §2.2).

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::check::Draft;
use super::list::{Filter, Key, Listed, contains};
use super::moments;
use super::number;

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OrderState {
    /// Stored, and not paid.
    Created,
    /// Confirmed with a one-time password and not executed yet.
    Sent,
    /// Executed: the money has moved.
    Executed,
    /// Refused by the payment system: no money has moved.
    Refused,
}

/// A payment order as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PaymentOrder {
    /// Its identifier.
    pub id: u64,
    /// The number (JBKJS) of its organisation.
    pub organization_id: String,
    /// The identifier that the caller gave, if any.
    pub external_id: Option<String>,
    /// The amount in dinars, as decimal text.
    pub amount: String,
    /// The account that is debited, eighteen digits.
    pub debtor_bank_account: String,
    /// The account that is credited, eighteen digits.
    pub creditor_bank_account: String,
    /// The tags that the caller gave.
    pub user_tags: Vec<String>,
    /// The tags that the double gave.
    pub system_tags: Vec<String>,
    /// How far it has come.
    pub state: OrderState,
    /// How often money has moved because of it; never more than once.
    pub executions: u32,
    /// The whole order as `GET payment-orders/{id}` of a calm sandbox shows it.
    pub body: Value,
}

/// Somebody who did something, and when.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    pub(super) at: DateTime<Utc>,
    pub(super) login: String,
    pub(super) name: String,
}

/// What became of an order in the payment system.
#[derive(Clone, Debug)]
pub(super) struct Execution {
    pub(super) transaction: u64,
    pub(super) started: DateTime<Utc>,
    pub(super) ended: DateTime<Utc>,
    /// Why it was refused.
    pub(super) refusal: Option<&'static str>,
}

/// The lock of a payment that waits for its one-time password.
#[derive(Clone, Debug)]
pub(super) struct Lock {
    pub(super) login: String,
    pub(super) until: DateTime<Utc>,
}

/// A stored order.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) id: u64,
    pub(super) organization_id: String,
    pub(super) draft: Draft,
    /// The request in camel case.
    pub(super) sent: Map<String, Value>,
    pub(super) created: Deed,
    /// Name, organisation and address of the debtor.
    pub(super) debtor_name: String,
    pub(super) organization_name: String,
    pub(super) lock: Option<Lock>,
    /// The tag of the attempt to pay it, until it is confirmed.
    pub(super) attempt: Option<String>,
    pub(super) paid: Option<Deed>,
    /// The tag of the payment.
    pub(super) payment: Option<String>,
    pub(super) execution: Option<Execution>,
    pub(super) executions: u32,
}

impl Order {
    pub(super) fn state(&self) -> OrderState {
        match (&self.paid, &self.execution) {
            (None, _) => OrderState::Created,
            (Some(_), None) => OrderState::Sent,
            (_, Some(Execution { refusal: None, .. })) => OrderState::Executed,
            _ => OrderState::Refused,
        }
    }

    /// Whether another user waits for a one-time password with it.
    pub(super) fn is_locked_for(&self, login: &str, now: DateTime<Utc>) -> bool {
        self.lock.as_ref().is_some_and(|lock| now < lock.until && lock.login != login)
    }

    /// The tags of the system: those of the payment and, in Cyrillic, a word about the execution
    /// (ePP facts §4, trap 23).
    pub(super) fn system_tags(&self) -> Vec<String> {
        let word = match self.state() {
            OrderState::Created => None,
            OrderState::Executed => Some("извршен"),
            OrderState::Sent | OrderState::Refused => Some("неизвршен"),
        };
        let tags = self.payment.iter().chain(&self.attempt).cloned();
        tags.chain(word.map(str::to_owned)).collect()
    }

    pub(super) fn reference(&self) -> String {
        format!("EPP{}", self.id)
    }

    /// The order as a test sees it.
    pub(super) fn view(&self) -> PaymentOrder {
        PaymentOrder {
            id: self.id,
            organization_id: self.organization_id.clone(),
            external_id: self.draft.external_id.clone(),
            amount: self.draft.amount.to_string(),
            debtor_bank_account: self.draft.debtor.clone(),
            creditor_bank_account: self.draft.creditor.clone(),
            user_tags: self.draft.user_tags.clone(),
            system_tags: self.system_tags(),
            state: self.state(),
            executions: self.executions,
            body: self.shown(false),
        }
    }

    fn sent(&self, name: &str) -> Value {
        self.sent.get(name).cloned().unwrap_or_default()
    }

    /// Tags as the sources show them: an array, a text, or nothing (ePP facts §2.2, §4, trap 14).
    fn tags(&self, tags: &[String], loose: bool) -> Value {
        match (tags, loose, self.id % 2) {
            ([], true, _) => Value::Null,
            (tags, true, 0) => json!(tags.join(" ")),
            (tags, ..) => json!(tags),
        }
    }

    fn members(&self, loose: bool) -> Value {
        let draft = &self.draft;
        let middle = draft.debtor.get(3..16).unwrap_or_default();
        let created = &self.created;
        // Trap 11 of the facts: this date has a form of its own.
        let created_date = match (loose, self.id % 3) {
            (true, 0) => moments::plain(created.at),
            _ => moments::dotted(created.at),
        };
        json!({
            "id": self.id,
            "paymentBasis": draft.basis,
            "paymentCode": draft.code,
            "amount": number(draft.amount),
            "debtorBankAccountNumber": middle,
            "debtorBankAccount": draft.debtor,
            "debtorBankAccountName": self.debtor_name,
            "debtorCodeModel": self.sent("debtorCodeModel"),
            "debtorName": self.organization_name,
            "debtorAddress": "IZMIŠLJENA 1",
            "debtorPlace": "BEOGRAD",
            "debtorCode": self.sent("debtorCode"),
            "creditorName": draft.creditor_name,
            "creditorAddress": self.sent("creditorAddress"),
            "creditorBankAccount": draft.creditor,
            "creditorCodeModel": self.sent("creditorCodeModel"),
            "creditorCode": draft.creditor_code,
            "urgentPayment": self.sent("urgentPayment") == true,
            "expectedPaymentDate": self.sent("expectedPaymentDate"),
            "externalId": draft.external_id,
            "createdDate": created_date,
            "createdUserLogin": created.login,
            "createdUserName": created.name,
            "modifiedDate": null,
            "modifiedUserLogin": null,
            "modifiedUserName": null,
            "userGroupId": null,
            "userGroupName": self.sent("userGroupName"),
            "comment": self.sent("comment"),
            "userTags": self.tags(&draft.user_tags, loose),
            "systemTags": self.tags(&self.system_tags(), loose),
        })
    }

    /// The members about the payment; empty before it.
    fn outcome(&self) -> [(&'static str, Value); 8] {
        let execution = self.execution.as_ref();
        let paid = self.paid.as_ref();
        let moment = |at: Option<DateTime<Utc>>| json!(at.map(moments::plain));
        [
            ("transactionReference", json!(execution.map(|_| self.reference()))),
            ("transactionMessage", json!(execution.and_then(|one| one.refusal))),
            ("transactionId", json!(execution.map(|one| one.transaction))),
            ("transactionStartDate", moment(execution.map(|one| one.started))),
            ("transactionEndDate", moment(execution.map(|one| one.ended))),
            ("paymentDate", moment(paid.map(|deed| deed.at))),
            ("paymentUserLogin", json!(paid.map(|deed| &deed.login))),
            ("paymentUserName", json!(paid.map(|deed| &deed.name))),
        ]
    }
}

impl Listed for Order {
    const FILTERS: &'static [Filter<Self>] = &[
        Filter::text("DebtorBankAccount", |order, wanted| order.draft.debtor == wanted),
        Filter::code("PaymentCode", |order, wanted| wanted.parse() == Ok(order.draft.code)),
        Filter::amount("AmountFrom", |order, wanted| {
            wanted.parse().is_ok_and(|low: Decimal| order.draft.amount >= low)
        }),
        Filter::amount("AmountTo", |order, wanted| {
            wanted.parse().is_ok_and(|high: Decimal| order.draft.amount <= high)
        }),
        Filter::text("CreditorName", |order, wanted| contains(&order.draft.creditor_name, wanted)),
        Filter::text("CreditorBankAccount", |order, wanted| order.draft.creditor == wanted),
        Filter::text("CreditorCode", |order, wanted| {
            order.draft.creditor_code.as_deref() == Some(wanted)
        }),
        Filter::moment("CreatedDateFrom", |order, wanted| {
            moments::bound(wanted).is_some_and(|bound| bound.is_reached(order.created.at))
        }),
        Filter::moment("CreatedDateTo", |order, wanted| {
            moments::bound(wanted).is_some_and(|bound| bound.is_not_passed(order.created.at))
        }),
        Filter::moment("PaymentDateFrom", |order, wanted| {
            let paid = moments::bound(wanted).zip(order.paid.as_ref());
            paid.is_some_and(|(bound, deed)| bound.is_reached(deed.at))
        }),
        Filter::moment("PaymentDateTo", |order, wanted| {
            let paid = moments::bound(wanted).zip(order.paid.as_ref());
            paid.is_some_and(|(bound, deed)| bound.is_not_passed(deed.at))
        }),
        Filter::text("SystemTag", |order, wanted| {
            order.system_tags().iter().any(|tag| tag == wanted)
        }),
        Filter::text("UserTag", |order, wanted| {
            order.draft.user_tags.iter().any(|tag| tag == wanted)
        }),
        Filter::id("IdFrom", |order, wanted| wanted.parse().is_ok_and(|low: u64| order.id >= low)),
        Filter::id("IdTo", |order, wanted| wanted.parse().is_ok_and(|high: u64| order.id <= high)),
    ];

    fn shown(&self, loose: bool) -> Value {
        let mut shown = self.members(loose);
        for (name, value) in self.outcome() {
            shown[name] = value;
        }
        shown
    }

    fn key(&self, column: &str) -> Option<Key> {
        if column.eq_ignore_ascii_case("createdDate") {
            return Some(Key::Text(moments::plain(self.created.at)));
        }
        Key::of_member(&self.shown(false), column)
    }
}
