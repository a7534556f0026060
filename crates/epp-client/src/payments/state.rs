//! What became of a payment whose confirmation was not answered.
//!
//! No function tells the state of a payment, so its orders are read and held against what they
//! were when it was started: what has been sent to be paid since then shows it by a date, a
//! transaction or a tag (source document, Payment Orders; ePP facts §3).

use std::collections::BTreeMap;

use common_http::Endpoint;
use futures_util::TryStreamExt;

use super::{PaymentRecord, StartedOrder};
use crate::{
    client::Client,
    error::{Error, ErrorKind},
    model::{PaymentOrder, PaymentOrderId, Tags},
    payment_orders::{Fetch, List},
};

/// Ids that lie this close together are listed in one go, with what lies between them.
const GAP: i64 = 50;

/// The page size of such a list.
const PER_PAGE: u32 = 500;

/// How far one order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OrderPayment {
    /// It has been sent to be paid since the payment was started.
    Sent,
    /// Nothing shows that it has been sent to be paid.
    NotSent,
    /// The service does not know the order, or not any more.
    Missing,
}

/// One order of a payment, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrderState {
    /// Its id.
    pub id: PaymentOrderId,
    /// How far it has come.
    pub payment: OrderPayment,
    /// The order.
    pub order: Option<PaymentOrder>,
}

/// What became of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PaymentState {
    /// Its orders, in the order in which they were asked for.
    pub orders: Vec<OrderState>,
}

/// What the orders say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Every order has been sent to be paid. Do not pay again.
    Paid,
    /// No order shows that it has been sent to be paid. Ask again when the countdown of the
    /// password is over, before starting another payment.
    NotPaid,
    /// The orders say different things, or some are missing. Look at each before doing anything.
    Mixed,
}

impl PaymentState {
    /// What the orders say together.
    pub fn verdict(&self) -> Verdict {
        let all = |payment| self.orders.iter().all(|order| order.payment == payment);
        if self.orders.is_empty() {
            Verdict::Mixed
        } else if all(OrderPayment::Sent) {
            Verdict::Paid
        } else if all(OrderPayment::NotSent) {
            Verdict::NotPaid
        } else {
            Verdict::Mixed
        }
    }
}

impl Client {
    /// Reads the orders of a payment and tells which of them have been sent to be paid since it
    /// was started. Changes nothing and can be called at any time.
    ///
    /// A confirmation that was under way a moment ago may still be at work:
    /// [`Verdict::NotPaid`] is final only when the countdown of its password is over.
    pub async fn payment_state(&self, record: &PaymentRecord) -> Result<PaymentState, Error> {
        let mut orders = Vec::with_capacity(record.asked.len());
        let mut known = self.orders_by_id(&record.asked).await?;
        for id in &record.asked {
            let before = record.orders.iter().find(|order| order.id == Some(*id));
            let order = known.remove(id);
            let payment = match &order {
                Some(now) if is_sent(now, before, &record.tag) => OrderPayment::Sent,
                Some(_) => OrderPayment::NotSent,
                None => OrderPayment::Missing,
            };
            orders.push(OrderState { id: *id, payment, order });
        }
        Ok(PaymentState { orders })
    }

    /// Lists ids that lie close together, and fetches what no list shows.
    async fn orders_by_id(
        &self,
        ids: &[PaymentOrderId],
    ) -> Result<BTreeMap<PaymentOrderId, PaymentOrder>, Error> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        let mut known = BTreeMap::new();
        for run in ids.chunk_by(|one, next| next.0.saturating_sub(one.0) <= GAP) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            if first == last {
                continue;
            }
            let between = List::new().id_from(*first).id_to(*last).per_page(PER_PAGE);
            let mut pages = std::pin::pin!(self.pages(between));
            while let Some(page) = pages.try_next().await? {
                known.extend(page.items.into_iter().filter_map(|order| {
                    let id = order.known_id().filter(|id| run.binary_search(id).is_ok())?;
                    Some((id, order))
                }));
            }
        }
        for id in ids {
            if known.contains_key(&id) {
                continue;
            }
            match self.send(&Fetch(id)).await {
                Ok(order) if order.known_id() == Some(id) => drop(known.insert(id, order)),
                Ok(_) => return Err(Error::lost(&Fetch::INFO, "the answer is another order")),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(known)
    }
}

/// Whether the order shows something of a payment that it did not show when it was started.
fn is_sent(now: &PaymentOrder, before: Option<&StartedOrder>, attempt: &str) -> bool {
    fn appeared<T: PartialEq>(now: Option<&T>, before: Option<&T>) -> bool {
        now.is_some() && now != before
    }
    let then = before.cloned().unwrap_or_else(|| StartedOrder::from(&PaymentOrder::default()));
    appeared(now.payment_date.as_ref(), then.payment_date.as_ref())
        || appeared(now.transaction_id.as_ref(), then.transaction_id.as_ref())
        || appeared(now.transaction_start_date.as_ref(), then.transaction_start_date.as_ref())
        || payment_tags(now.system_tags.as_ref(), attempt)
            .any(|tag| then.system_tags.as_ref().is_none_or(|tags| !tags.contains(tag)))
}

/// The tags of payments (`p-`, in Latin or Cyrillic letters); not those of attempts (`pa-`).
///
/// The document announces the tag in Latin and prints it in Cyrillic (ePP facts §4, trap 23).
fn payment_tags<'a>(tags: Option<&'a Tags>, attempt: &'a str) -> impl Iterator<Item = &'a str> {
    let parting = |c: char| c.is_whitespace() || c == ',' || c == ';';
    let words = tags.into_iter().flat_map(Tags::iter).flat_map(move |text| text.split(parting));
    words.filter(move |word| *word != attempt && (word.starts_with("p-") || word.starts_with("п-")))
}

#[cfg(test)]
mod tests;
