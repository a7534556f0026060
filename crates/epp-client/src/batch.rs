//! Any number of orders, each with an outcome of its own under the caller's index (source
//! document, POST payment-orders and POST payment-orders/validate).

mod locate;
mod tag;

use std::sync::Arc;

use common_http::Endpoint;

pub use locate::{Located, LocatedBatch, Lookup};
pub use tag::{BatchTag, TagError};

use crate::{
    api::{Answer, Epp},
    client::Client,
    error::Error,
    matching::{are_in_order, assign},
    model::{NewPaymentOrder, PaymentOrder},
    payment_orders::{Create, MAX_ORDERS, OrderError, Validate, Verdict},
};

/// What became of one order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The service created it, or found nothing wrong with it when it was only asked to validate.
    /// The order is as the service answered it: without an id.
    Accepted(Box<PaymentOrder>),
    /// The service refused it. Correct it and send it again.
    Refused(OrderError),
    /// It may have been created or not. Look for its batch's tag before sending it again.
    Unknown(Arc<Error>),
    /// It was certainly not created (or not judged), for this reason. Send it again.
    NotSent(Arc<Error>),
}

/// What became of a batch: one outcome per order, by the caller's index.
#[derive(Clone, Debug, Default)]
pub struct BatchOutcome {
    outcomes: Vec<Outcome>,
}

impl BatchOutcome {
    /// One outcome per order, in the caller's order.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The refused orders: the caller's index of each, and why.
    pub fn refused(&self) -> impl Iterator<Item = (usize, &OrderError)> {
        self.outcomes.iter().enumerate().filter_map(|(index, outcome)| match outcome {
            Outcome::Refused(error) => Some((index, error)),
            _ => None,
        })
    }

    /// How many orders were accepted.
    pub fn accepted(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Accepted(_)))
    }

    /// Whether every order was accepted.
    pub fn is_complete(&self) -> bool {
        self.accepted() == self.outcomes.len()
    }

    /// Whether it is known of every order if it was created.
    pub fn is_certain(&self) -> bool {
        self.count(|outcome| matches!(outcome, Outcome::Unknown(_))) == 0
    }

    fn count(&self, fits: impl Fn(&Outcome) -> bool) -> usize {
        self.outcomes.iter().filter(|outcome| fits(outcome)).count()
    }
}

impl Client {
    /// Creates orders, in requests of at most 5000, and says of each what became of it.
    ///
    /// After a request whose outcome is unknown, or that failed, the rest is not sent, so that
    /// what is uncertain stays small. A future that is dropped may have created orders; give them
    /// a tag, as [`create_and_locate`](Self::create_and_locate) does, to find them again.
    pub async fn create_orders(&self, orders: &[NewPaymentOrder]) -> BatchOutcome {
        self.judged(orders, Create::new).await
    }

    /// Asks the service what is wrong with orders, in requests of at most 5000; creates none.
    pub async fn validate_orders(&self, orders: &[NewPaymentOrder]) -> BatchOutcome {
        self.judged(orders, Validate::new).await
    }

    async fn judged<E>(
        &self,
        orders: &[NewPaymentOrder],
        request: fn(&[NewPaymentOrder]) -> Result<E, common_http::BuildError>,
    ) -> BatchOutcome
    where
        E: Endpoint<Api = Epp, Response = Answer<Vec<Verdict>>>,
    {
        let mut outcomes = Vec::with_capacity(orders.len());
        for chunk in orders.chunks(MAX_ORDERS) {
            let answer = match request(chunk) {
                Ok(request) => self.send(&request).await,
                Err(error) => Err(Error::input(&E::INFO, error)),
            };
            match answer {
                Ok(verdicts) => outcomes.extend(settle::<E>(chunk, verdicts)),
                Err(error) => {
                    let error = Arc::new(error);
                    outcomes.extend(chunk.iter().map(|_| failed(&error)));
                    let rest = orders.len() - outcomes.len();
                    outcomes.extend((0..rest).map(|_| Outcome::NotSent(Arc::clone(&error))));
                    break;
                }
            }
        }
        BatchOutcome { outcomes }
    }
}

fn failed(error: &Arc<Error>) -> Outcome {
    if error.may_have_happened() {
        Outcome::Unknown(Arc::clone(error))
    } else {
        Outcome::NotSent(Arc::clone(error))
    }
}

/// Gives each order its verdict: by position where the answer is in the order of the request, and
/// by what the orders say where it is not.
fn settle<E: Endpoint>(orders: &[NewPaymentOrder], verdicts: Vec<Verdict>) -> Vec<Outcome> {
    let models: Vec<_> = verdicts.iter().map(|verdict| verdict.model.as_ref()).collect();
    if are_in_order(orders, &models) {
        return verdicts.into_iter().map(outcome).collect();
    }
    let (models, positions): (Vec<&PaymentOrder>, Vec<usize>) = verdicts
        .iter()
        .enumerate()
        .filter_map(|(at, verdict)| Some((verdict.model.as_ref()?, at)))
        .unzip();
    let assigned = assign(&orders.iter().collect::<Vec<_>>(), &models);
    let cause = "the answer's orders are not those of the request";
    let lost = Arc::new(Error::lost(&E::INFO, cause));
    let pick = |found: Option<usize>| match found {
        Some(at) => outcome(verdicts[positions[at]].clone()),
        None => failed(&lost),
    };
    assigned.into_iter().map(pick).collect()
}

fn outcome(verdict: Verdict) -> Outcome {
    match verdict.error {
        Some(error) => Outcome::Refused(error),
        None => Outcome::Accepted(Box::new(verdict.model.unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests;
