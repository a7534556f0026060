//! Creating and validating payment orders: the good ones are taken, the others come back with
//! their error, and the answer is 200 either way (source document, sections "API" and `POST
//! payment-orders`).
//!
//! Nothing makes two equal requests one: who repeats a creation has created twice.

use serde_json::{Map, Value, json};

use super::Epp;
use super::answer::{body, failure, note, success};
use super::check::{self, Accounts, Draft};
use super::store::{BatchShape, Store};
use super::user::User;
use crate::front::{Incoming, Mood};
use crate::reply::Reply;

/// The most orders of one request.
const LARGEST: usize = 5000;

/// Whether good orders are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Create,
    Validate,
}

/// Answers a request with an array of orders.
pub(super) fn answer(
    epp: &Epp,
    incoming: &Incoming,
    user: &User,
    effect: Effect,
) -> Result<Reply, Reply> {
    let sent = match body(epp, incoming)? {
        Value::Array(sent) if (1..=LARGEST).contains(&sent.len()) => sent,
        Value::Array(_) => {
            note(epp, incoming, "not between 1 and 5000 payment orders");
            return Err(failure(400, "ValidationError", "InvalidPaymentOrdersCountValidation."));
        }
        _ => {
            note(epp, incoming, "the body is not an array of payment orders");
            return Err(failure(400, "ValidationError", "InvalidPaymentOrdersValidation."));
        }
    };
    note_unknown(epp, incoming, &sent);
    let (elements, shape) = epp.with_store(|store| {
        let accounts = store.accounts_of(user);
        let own = accounts.map(|account| (account.full_number(), account.clone())).collect();
        let elements: Vec<Value> =
            sent.iter().map(|order| element(epp, store, (user, &own), effect, order)).collect();
        (json!(elements), store.settings.batch_shape)
    });
    Ok(match shape {
        BatchShape::Enveloped => success(elements),
        BatchShape::Bare => Reply::json(200, elements),
    })
}

/// Notes properties that no source knows, each once per request.
fn note_unknown(epp: &Epp, incoming: &Incoming, sent: &[Value]) {
    let objects = sent.iter().filter_map(Value::as_object);
    let mut names: Vec<&str> = objects.flat_map(check::unknown).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        note(epp, incoming, format!("unknown property {name}"));
    }
}

/// The pair of `model` and `error` of one order.
fn element(
    epp: &Epp,
    store: &mut Store,
    (user, own): (&User, &Accounts),
    effect: Effect,
    order: &Value,
) -> Value {
    let nothing = Map::new();
    let sent = order.as_object().unwrap_or(&nothing);
    let checked = check::order(sent, own);
    let model = check::echo(sent);
    let error = checked.as_ref().err().map(|property| check::error(property));
    if let (Ok(draft), Effect::Create) = (checked, effect) {
        create(epp, store, user, draft, model.clone());
    }
    json!({"model": model, "error": error})
}

fn create(epp: &Epp, store: &mut Store, user: &User, draft: Draft, model: Map<String, Value>) {
    let context = epp.context();
    let gap = match context.mood {
        Mood::Calm => 1,
        Mood::Hostile => context.chance.between(1, 9),
    };
    store.create(user, draft, model, context.clock.now(), gap);
}
