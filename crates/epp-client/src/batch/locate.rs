//! Creating orders so that they can be found again, and finding them (ePP facts §3).

use std::{collections::BTreeSet, sync::Arc};

use futures_util::TryStreamExt;

use super::{BatchTag, Outcome};
use crate::{
    client::Client,
    error::Error,
    matching::assign,
    model::{NewPaymentOrder, PaymentOrder, PaymentOrderId, Tags},
    payment_orders::{List, OrderError},
};

/// The page size of the search; the service's pages may be smaller.
const PER_PAGE: u32 = 500;

/// What became of one order of a located batch.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Located {
    /// It was created and is listed under its tag, with its id.
    Created(Box<PaymentOrder>),
    /// The service refused it. Correct it and send it again.
    Refused(OrderError),
    /// The service said that it created it, and it is not listed, or not yet.
    Unlisted,
    /// Nobody knows whether it was created, and it is not listed, or not yet. Look again before
    /// sending it again.
    Unknown(Arc<Error>),
    /// It was certainly not created, for this reason. Send it again.
    NotSent(Arc<Error>),
}

/// What became of a batch whose orders carry a tag.
#[derive(Debug)]
pub struct LocatedBatch {
    tag: BatchTag,
    outcomes: Vec<Located>,
    strangers: Vec<PaymentOrder>,
    lookup_error: Option<Error>,
}

/// What is listed under a batch's tag.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookup {
    /// For each of the caller's orders the listed one that is it.
    pub found: Vec<Option<PaymentOrder>>,
    /// What is listed besides: an order that was created twice, or not by this batch.
    pub strangers: Vec<PaymentOrder>,
}

impl LocatedBatch {
    /// The tag of the batch.
    pub fn tag(&self) -> &BatchTag {
        &self.tag
    }

    /// One outcome per order, in the caller's order.
    pub fn outcomes(&self) -> &[Located] {
        &self.outcomes
    }

    /// The ids of the orders that were created, in the caller's order.
    pub fn ids(&self) -> Vec<PaymentOrderId> {
        let created = self.outcomes.iter().filter_map(|outcome| match outcome {
            Located::Created(order) => order.known_id(),
            _ => None,
        });
        created.collect()
    }

    /// Orders that are listed under the tag and are none of the batch's, as when a request was
    /// processed twice on the way. Nobody has paid them yet; look at them before anybody does.
    pub fn strangers(&self) -> &[PaymentOrder] {
        &self.strangers
    }

    /// Why the orders could not be listed; the outcomes then stand as the creation left them.
    pub fn lookup_error(&self) -> Option<&Error> {
        self.lookup_error.as_ref()
    }

    /// Whether it is known of every order if it was created, and the id of every created one.
    pub fn is_certain(&self) -> bool {
        let open = |outcome: &Located| matches!(outcome, Located::Unlisted | Located::Unknown(_));
        !self.outcomes.iter().any(open)
    }

    /// Whether every order was created and its id is known.
    pub fn is_complete(&self) -> bool {
        self.ids().len() == self.outcomes.len()
    }

    /// Takes over what a later [`Client::locate`] with the same orders and tag has found.
    pub fn update(&mut self, lookup: Lookup) {
        let open = |outcome: &Located| {
            matches!(outcome, Located::Unlisted | Located::Unknown(_) | Located::Created(_))
        };
        for (outcome, found) in self.outcomes.iter_mut().zip(lookup.found) {
            match found {
                Some(order) if open(outcome) => *outcome = Located::Created(Box::new(order)),
                Some(order) => self.strangers.push(order),
                None => {}
            }
        }
        self.strangers.extend(lookup.strangers);
        self.strangers.sort_by_key(|order| order.id);
        self.strangers.dedup_by_key(|order| order.id);
        self.lookup_error = None;
    }
}

impl Client {
    /// Creates orders under a tag, in requests of at most 5000, and lists them to learn their ids
    /// and what became of those whose answer was lost.
    ///
    /// Never sends an order twice. The tag must not have been used before: take it from your own
    /// randomness, and store it before the call, so that [`locate`](Self::locate) can be called
    /// should the program end meanwhile.
    pub async fn create_and_locate(
        &self,
        orders: &[NewPaymentOrder],
        tag: &BatchTag,
    ) -> LocatedBatch {
        let tagged: Vec<_> =
            orders.iter().map(|order| order.clone().with_tag(tag.as_str())).collect();
        let outcomes = self.create_orders(&tagged).await.outcomes;
        let outcomes: Vec<_> = outcomes.into_iter().map(Located::from).collect();
        let mut batch =
            LocatedBatch { tag: tag.clone(), outcomes, strangers: Vec::new(), lookup_error: None };
        if batch.is_certain() {
            return batch;
        }
        // Only what may have been created is looked for: a refused twin of a created order must
        // not take its place.
        let open: Vec<usize> = (0..orders.len())
            .filter(|at| matches!(batch.outcomes[*at], Located::Unlisted | Located::Unknown(_)))
            .collect();
        let wanted: Vec<_> = open.iter().map(|at| &orders[*at]).collect();
        match self.look_up(&wanted, tag).await {
            Ok(lookup) => {
                let mut found = vec![None; orders.len()];
                for (at, order) in open.into_iter().zip(lookup.found) {
                    found[at] = order;
                }
                batch.update(Lookup { found, strangers: lookup.strangers });
            }
            Err(error) => batch.lookup_error = Some(error),
        }
        batch
    }

    /// The orders that are listed under a batch's tag, matched to the caller's: by external id,
    /// else by amount, creditor's account, creditor's reference and basis together; never against
    /// the debtor's account, nor, without an external id, against the payment code or the expected
    /// day where both have them. Where the batch has only one order of that amount to that creditor,
    /// and one is listed, these and the reference and basis may differ: a service may change them.
    ///
    /// Give all orders of the batch, since an order that is left out could be taken for another.
    /// What is not listed may still appear when its creation was under way a moment ago.
    pub async fn locate(
        &self,
        orders: &[NewPaymentOrder],
        tag: &BatchTag,
    ) -> Result<Lookup, Error> {
        self.look_up(&orders.iter().collect::<Vec<_>>(), tag).await
    }

    async fn look_up(&self, orders: &[&NewPaymentOrder], tag: &BatchTag) -> Result<Lookup, Error> {
        let list = List::new().user_tag(tag.as_str()).per_page(PER_PAGE);
        let mut pages = std::pin::pin!(self.pages(list));
        let mut seen = BTreeSet::new();
        let mut listed = Vec::new();
        while let Some(page) = pages.try_next().await? {
            // An order that moved across a page's edge is listed twice, and a service that does
            // not know the filter lists everybody's.
            listed.extend(page.items.into_iter().filter(|order| {
                carries(order, tag) && order.known_id().is_some_and(|id| seen.insert(id))
            }));
        }
        listed.sort_by_key(|order| order.id);
        let assigned = assign(orders, &listed.iter().collect::<Vec<_>>());
        let mut listed: Vec<_> = listed.into_iter().map(Some).collect();
        let found = assigned.into_iter().map(|at| listed[at?].take()).collect();
        Ok(Lookup { found, strangers: listed.into_iter().flatten().collect() })
    }
}

/// Whether the order says itself that it has the tag.
fn carries(order: &PaymentOrder, tag: &BatchTag) -> bool {
    order.user_tags.as_ref().is_some_and(|tags: &Tags| tags.contains(tag.as_str()))
}

impl From<Outcome> for Located {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accepted(_) => Self::Unlisted,
            Outcome::Refused(error) => Self::Refused(error),
            Outcome::Unknown(error) => Self::Unknown(error),
            Outcome::NotSent(error) => Self::NotSent(error),
        }
    }
}
