//! The two calls of a payment and the work that follows them: what was confirmed is executed
//! later, order by order.

use std::time::Duration;

use serde_json::Value;

use super::Epp;
use super::answer::{body, failure, note, rejected, scene, success};
use super::payment::{self, LARGEST};
use super::user::{Channel, User};
use crate::front::{Incoming, Mood};
use crate::reply::Reply;

/// Answers `POST payments`.
pub(super) fn start(epp: &Epp, incoming: &Incoming, user: &User) -> Result<Reply, Reply> {
    let sent = body(epp, incoming)?;
    let ids = sent["PaymentOrderIds"].as_array();
    let ids: Option<Vec<u64>> = ids.and_then(|ids| ids.iter().map(Value::as_u64).collect());
    let Some(ids) = ids.filter(|ids| (1..=LARGEST).contains(&ids.len()) && are_different(ids))
    else {
        note(epp, incoming, "not between 1 and 5000 different identifiers of payment orders");
        return Err(failure(400, "ValidationError", "InvalidPaymentOrderIdsValidation."));
    };
    let channel = match &sent["TwoFactorAuthenticationChannel"] {
        Value::Null => user.channels.first().copied(),
        Value::String(name) => {
            Channel::named(name).filter(|channel| user.channels.contains(channel))
        }
        _ => None,
    };
    let Some(channel) = channel else {
        let code = "InvalidTwoFactorAuthenticationChannel";
        return Err(rejected(epp, code, &format!("{code}.")));
    };
    let scene = scene(epp);
    epp.with_store(|store| payment::start(store, user, ids, channel, scene))
        .map(success)
        .map_err(|code| rejected(epp, code, &format!("{code}.")))
}

/// Answers `PUT payments`.
pub(super) fn confirm(epp: &Epp, incoming: &Incoming, user: &User) -> Result<Reply, Reply> {
    let sent = body(epp, incoming)?;
    let (Some(tag), Some(token)) = (sent["PaymentIdTagName"].as_str(), sent["Token"].as_str())
    else {
        note(epp, incoming, "a confirmation without `PaymentIdTagName` or `Token`");
        return Err(failure(400, "ValidationError", "InvalidPaymentValidation."));
    };
    let scene = scene(epp);
    let confirmed = epp
        .with_store(|store| payment::confirm(store, user, tag, token, scene))
        .map_err(|code| rejected(epp, code, &format!("{code}.")))?;
    execute(epp, confirmed.ids);
    Ok(success(confirmed.payload))
}

fn are_different(ids: &[u64]) -> bool {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).all(|pair| pair[0] != pair[1])
}

/// Executes the orders of a payment after a delay; a hostile double pauses between them.
fn execute(epp: &Epp, ids: Vec<u64>) {
    let context = epp.context();
    let seeded = match context.mood {
        Mood::Calm => 10,
        Mood::Hostile => context.chance.between(20, 2_000),
    };
    let delay = epp.with_store(|store| store.settings.execution_delay);
    let delay = delay.unwrap_or(Duration::from_millis(seeded));
    let epp = epp.clone();
    context.tasks.spawn_job(async move {
        tokio::time::sleep(delay).await;
        for id in ids {
            if epp.context().mood == Mood::Hostile && epp.context().chance.hits(100) {
                let pause = epp.context().chance.between(1, 50);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            let now = epp.context().clock.now();
            epp.with_store(|store| store.execute(id, now));
        }
    });
}
