//! A started payment as plain data, and what is wrong with it.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use common_core::money::Amount;
use serde::{Deserialize, Serialize};

use super::{Start, Started};
use crate::model::{Moment, PaymentOrder, PaymentOrderId, Tags};

/// A started payment as plain data, without secrets: to be stored before it is confirmed, so that
/// another run can confirm it or find out what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentRecord {
    /// The tag of the attempt (`pa-` tag), opaque.
    pub tag: String,
    /// The orders that were to be paid.
    pub asked: Vec<PaymentOrderId>,
    /// The sum in dinars that the caller expected, if it said.
    pub expected: Option<Amount>,
    /// The orders that the service started, as they were then.
    pub orders: Vec<StartedOrder>,
    /// The service's sum in dinars.
    pub total_amount: Option<Amount>,
    /// The service's count of orders.
    pub total_count: Option<u64>,
    /// Until when it may be confirmed, if the caller set a deadline.
    #[serde(default)]
    pub confirm_until: Option<DateTime<Utc>>,
}

/// An order as it was when its payment was started: its state is told by what changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StartedOrder {
    /// Its id.
    pub id: Option<PaymentOrderId>,
    /// Its amount in dinars.
    pub amount: Option<Amount>,
    /// When it had been sent to be paid.
    pub payment_date: Option<Moment>,
    /// Its execution in the payment system.
    pub transaction_id: Option<i64>,
    /// When its execution had begun.
    pub transaction_start_date: Option<Moment>,
    /// The service's tags.
    pub system_tags: Option<Tags>,
}

impl From<&PaymentOrder> for StartedOrder {
    fn from(order: &PaymentOrder) -> Self {
        Self {
            id: order.known_id(),
            amount: order.amount,
            payment_date: order.payment_date.clone(),
            transaction_id: order.transaction_id,
            transaction_start_date: order.transaction_start_date.clone(),
            system_tags: order.system_tags.clone(),
        }
    }
}

/// In what a started payment differs from what was to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Discrepancy {
    /// The service did not start these orders.
    Missing(Vec<PaymentOrderId>),
    /// The service started orders that were not asked for; `None` for one without an id.
    NotAsked(Vec<Option<PaymentOrderId>>),
    /// The service counts another number of orders, or does not count them.
    Count {
        /// How many were to be paid.
        asked: u64,
        /// How many the service says.
        told: Option<u64>,
    },
    /// The service's sum is not that of its orders, or one of them is not known.
    Total {
        /// The sum of the orders' amounts.
        orders: Option<Amount>,
        /// The sum that the service says.
        told: Option<Amount>,
    },
    /// The sum is not the one that the caller expected.
    Expected {
        /// The caller's sum.
        expected: Amount,
        /// The sum that the service says.
        told: Option<Amount>,
    },
}

impl PaymentRecord {
    /// The record of a payment whose start was sent at that time.
    pub(super) fn new(start: &Start, sent_at: DateTime<Utc>, started: &Started) -> Self {
        let deadline = start.otp_deadline.and_then(|deadline| TimeDelta::from_std(deadline).ok());
        Self {
            tag: started.payment_id_tag_name.clone(),
            asked: start.ids.clone(),
            expected: start.expected,
            orders: started.payment_orders.iter().map(StartedOrder::from).collect(),
            total_amount: started.total_amount,
            total_count: started.total_count,
            confirm_until: deadline.and_then(|deadline| sent_at.checked_add_signed(deadline)),
        }
    }

    /// The sum of the orders' amounts; `None` when one has none.
    pub fn sum_of_orders(&self) -> Option<Amount> {
        self.orders.iter().try_fold(Amount::ZERO, |sum, order| sum.checked_add(order.amount?))
    }

    /// In what the payment differs from what was to be paid; nothing when it is right.
    pub fn discrepancies(&self) -> Vec<Discrepancy> {
        let mut found = Vec::new();
        let started = |id: &&PaymentOrderId| self.orders.iter().any(|order| order.id == Some(**id));
        let missing: Vec<_> = self.asked.iter().filter(|id| !started(id)).copied().collect();
        if !missing.is_empty() {
            found.push(Discrepancy::Missing(missing));
        }
        let asked = |id: &Option<PaymentOrderId>| id.is_some_and(|id| self.asked.contains(&id));
        let others: Vec<_> =
            self.orders.iter().map(|order| order.id).filter(|id| !asked(id)).collect();
        if !others.is_empty() {
            found.push(Discrepancy::NotAsked(others));
        }
        let asked = self.asked.len() as u64;
        if self.total_count != Some(asked) || self.orders.len() as u64 != asked {
            found.push(Discrepancy::Count { asked, told: self.total_count });
        }
        let (orders, told) = (self.sum_of_orders(), self.total_amount);
        if orders.is_none() || orders != told {
            found.push(Discrepancy::Total { orders, told });
        }
        match self.expected {
            Some(expected) if told != Some(expected) => {
                found.push(Discrepancy::Expected { expected, told });
            }
            _ => {}
        }
        found
    }
}

impl fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn or_none(value: Option<impl fmt::Display>) -> String {
            value.map_or_else(|| "none".to_owned(), |value| value.to_string())
        }
        match self {
            Self::Missing(ids) => write!(f, "{} orders were not started", ids.len()),
            Self::NotAsked(ids) => write!(f, "{} orders were started unasked", ids.len()),
            Self::Count { asked, told } => {
                write!(f, "{asked} orders were asked for and {} are told", or_none(*told))
            }
            Self::Total { orders, told } => {
                write!(
                    f,
                    "the orders sum up to {} and {} is told",
                    or_none(*orders),
                    or_none(*told)
                )
            }
            Self::Expected { expected, told } => {
                write!(f, "{expected} was expected and {} is told", or_none(*told))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    fn order(id: i64, sum: &str) -> StartedOrder {
        let mut order = PaymentOrder::default();
        (order.id, order.amount) = (Some(PaymentOrderId(id)), Some(amount(sum)));
        StartedOrder::from(&order)
    }

    fn right() -> PaymentRecord {
        PaymentRecord {
            tag: "pa-1".to_owned(),
            asked: vec![PaymentOrderId(1), PaymentOrderId(2)],
            expected: Some(amount("0.3")),
            orders: vec![order(2, "0.10"), order(1, "0.20")],
            total_amount: Some(amount("0.3")),
            total_count: Some(2),
            confirm_until: DateTime::from_timestamp(1_770_000_000, 0),
        }
    }

    #[test]
    fn a_payment_that_is_right_has_no_discrepancy_and_its_sum_is_exact() {
        assert_eq!(right().discrepancies(), []);
        assert_eq!(right().sum_of_orders().unwrap().to_string(), "0.30");
    }

    #[test]
    fn every_difference_is_found() {
        let found = |change: fn(&mut PaymentRecord)| {
            let mut record = right();
            change(&mut record);
            record.discrepancies()
        };
        let told = Some(amount("0.3"));
        let missing = found(|record| record.orders[0].id = Some(PaymentOrderId(9)));
        let [Discrepancy::Missing(ids), Discrepancy::NotAsked(others)] = &missing[..] else {
            panic!("{missing:?}")
        };
        assert_eq!(
            (&ids[..], &others[..]),
            (&[PaymentOrderId(2)][..], &[Some(PaymentOrderId(9))][..])
        );
        let count = found(|record| record.total_count = None);
        assert_eq!(count, [Discrepancy::Count { asked: 2, told: None }]);
        let total = found(|record| record.orders[0].amount = Some(amount("0.11")));
        assert_eq!(total, [Discrepancy::Total { orders: Some(amount("0.31")), told }]);
        let unknown = found(|record| record.orders[0].amount = None);
        assert_eq!(unknown, [Discrepancy::Total { orders: None, told }]);
        let expected = found(|record| record.expected = Some(amount("0.4")));
        assert_eq!(expected, [Discrepancy::Expected { expected: amount("0.4"), told }]);
        let twice = found(|record| record.orders.push(order(1, "0.20")));
        assert!(matches!(twice[0], Discrepancy::Count { asked: 2, told: Some(2) }), "{twice:?}");
        assert!(found(|record| record.total_amount = None).len() == 2);
    }

    #[test]
    fn a_record_survives_storage() {
        let mut record = right();
        record.orders[0].system_tags = Some(Tags::Text("п-798nj".to_owned()));
        record.orders[0].payment_date = Some("2026-02-01T08:00:00".into());
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<PaymentRecord>(&text).unwrap(), record);
        let older = text.replace(",\"confirm_until\":\"2026-02-02T02:40:00Z\"", "");
        record.confirm_until = None;
        assert_eq!(serde_json::from_str::<PaymentRecord>(&older).unwrap(), record);
    }

    #[test]
    fn discrepancies_are_told_in_words() {
        let told = |discrepancy: Discrepancy| discrepancy.to_string();
        assert_eq!(
            told(Discrepancy::Missing(vec![PaymentOrderId(1)])),
            "1 orders were not started"
        );
        let total = Discrepancy::Total { orders: None, told: Some(amount("1.50")) };
        assert_eq!(told(total), "the orders sum up to none and 1.50 is told");
        let expected = Discrepancy::Expected { expected: amount("2"), told: None };
        assert_eq!(told(expected), "2 was expected and none is told");
    }
}
