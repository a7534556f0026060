//! Paying: the attempt with its countdown, and the one-time password that confirms it (source
//! document, `POST payments` and `PUT payments`).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};

use super::list::Listed;
use super::order::{Deed, Lock, OrderState};
use super::store::Store;
use super::user::{Channel, User};
use super::{number, totp};
use crate::chance::Chance;

/// The most orders of one payment (source document, `POST payments`).
pub(super) const LARGEST: usize = 5000;

/// A payment, or an attempt at one, as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Payment {
    /// The tag of the attempt, `pa-…`.
    pub payment_id_tag: String,
    /// The tag of the payment, `p-…` with a Latin or a Cyrillic letter; `None` until confirmed.
    pub payment_tag: Option<String>,
    /// Who started it.
    pub user_login: String,
    /// The orders, in the order sent.
    pub order_ids: Vec<u64>,
    /// The sum of the orders in dinars, as decimal text.
    pub total: String,
    /// How the one-time password reaches the user.
    pub channel: Channel,
}

/// An attempt as the double keeps it.
pub(super) struct Attempt {
    tag: String,
    login: String,
    ids: Vec<u64>,
    total: Decimal,
    channel: Channel,
    until: DateTime<Utc>,
    /// What was sent; an authenticator needs nothing.
    password: Option<String>,
    /// A later attempt of the same user took an order over.
    replaced: bool,
    payment: Option<String>,
}

impl Attempt {
    /// The attempt as a test sees it.
    pub(super) fn view(&self) -> Payment {
        Payment {
            payment_id_tag: self.tag.clone(),
            payment_tag: self.payment.clone(),
            user_login: self.login.clone(),
            order_ids: self.ids.clone(),
            total: self.total.to_string(),
            channel: self.channel,
        }
    }

    pub(super) fn tag(&self) -> &str {
        &self.tag
    }

    pub(super) fn login(&self) -> &str {
        &self.login
    }

    pub(super) fn channel(&self) -> Channel {
        self.channel
    }

    pub(super) fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }
}

/// When and how.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) now: DateTime<Utc>,
    pub(super) chance: &'a Chance,
    pub(super) loose: bool,
}

/// Starts the countdown of a payment; the error is the code of the answer.
pub(super) fn start(
    store: &mut Store,
    user: &User,
    ids: Vec<u64>,
    channel: Channel,
    scene: Scene<'_>,
) -> Result<Value, &'static str> {
    let total = payable(store, user, &ids, scene.now)?;
    let told = total + misstatement(store);
    let countdown = store.settings.countdown;
    let until = scene.now + countdown;
    let tag = format!("pa-{}", unused_name(store, scene.chance));
    let chosen: BTreeSet<u64> = ids.iter().copied().collect();
    for attempt in &mut store.attempts {
        attempt.replaced |= attempt.ids.iter().any(|id| chosen.contains(id));
    }
    for id in &ids {
        if let Some(order) = store.orders.get_mut(id) {
            order.lock = Some(Lock { login: user.login.clone(), until });
            order.attempt = Some(tag.clone());
        }
    }
    let password = (channel != Channel::Authenticator)
        .then(|| format!("{:06}", scene.chance.between(0, 999_999)));
    let shown: Vec<Value> =
        ids.iter().filter_map(|id| Some(store.orders.get(id)?.shown(scene.loose))).collect();
    let payload = json!({
        "paymentOrders": shown,
        "paymentIdTagName": tag,
        "totalAmounts": shown_total(told, scene),
        "totalCount": ids.len(),
    });
    let login = user.login.clone();
    store.attempts.push(Attempt {
        tag,
        login,
        ids,
        total,
        channel,
        until,
        password,
        replaced: false,
        payment: None,
    });
    Ok(payload)
}

/// The sum of orders that the user may pay now.
fn payable(
    store: &Store,
    user: &User,
    ids: &[u64],
    now: DateTime<Utc>,
) -> Result<Decimal, &'static str> {
    let mut total = Decimal::ZERO;
    for id in ids {
        let order = store.orders.get(id);
        let order = order.filter(|order| order.organization_id == user.organization_id);
        let order = order.ok_or("InvalidPaymentOrderIds")?;
        if order.state() != OrderState::Created {
            return Err("PaymentOrderPaid");
        }
        if order.is_locked_for(&user.login, now) {
            return Err("PaymentOrderLocked");
        }
        total += order.draft.amount;
    }
    Ok(total)
}

/// A confirmation that was accepted.
pub(super) struct Confirmed {
    pub(super) payload: Value,
    pub(super) ids: Vec<u64>,
}

/// Confirms a payment; the error is the code of the answer.
pub(super) fn confirm(
    store: &mut Store,
    user: &User,
    tag: &str,
    token: &str,
    scene: Scene<'_>,
) -> Result<Confirmed, &'static str> {
    let named = |attempt: &&Attempt| attempt.tag == tag && attempt.login == user.login;
    let attempt = store.attempts.iter().find(named).ok_or("InvalidPaymentIdTagName")?;
    let open = attempt.payment.is_none();
    if open && scene.now >= attempt.until {
        return Err("ExpiredToken");
    }
    let step = prove(store, attempt, user, token, scene.now)?;
    if !open || attempt.replaced {
        return Err("InvalidPaymentIdTagName");
    }
    if let Some(step) = step {
        store.used_steps.insert((user.login.clone(), step));
    }
    // The letter in front is Latin in the text of the source document and Cyrillic in its table.
    let letter = if scene.loose && scene.chance.hits(500) { 'п' } else { 'p' };
    let payment = format!("{letter}-{}", tag.trim_start_matches("pa-"));
    let attempt = store.attempts.iter_mut().find(|attempt| attempt.tag == tag);
    let attempt = attempt.ok_or("InvalidPaymentIdTagName")?;
    attempt.payment = Some(payment.clone());
    let (ids, total) = (attempt.ids.clone(), attempt.total);
    let deed = Deed { at: scene.now, login: user.login.clone(), name: user.name.clone() };
    for id in &ids {
        if let Some(order) = store.orders.get_mut(id) {
            order.lock = None;
            order.attempt = None;
            order.paid = Some(deed.clone());
            order.payment = Some(payment.clone());
        }
    }
    let payload = json!({
        "paymentTagName": payment,
        "paymentIdTagName": tag,
        "totalAmounts": shown_total(total, scene),
        "totalCount": ids.len(),
    });
    Ok(Confirmed { payload, ids })
}

/// Checks a one-time password; gives the time step that it uses up.
fn prove(
    store: &Store,
    attempt: &Attempt,
    user: &User,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Option<i64>, &'static str> {
    if let Some(password) = &attempt.password {
        return if password == token { Ok(None) } else { Err("InvalidToken") };
    }
    let now = totp::step(now.timestamp());
    let step = totp::step_of(user.totp_secret(), token, now).ok_or("InvalidToken")?;
    let is_spent = store.used_steps.contains(&(user.login.clone(), step));
    if is_spent { Err("UsedToken") } else { Ok(Some(step)) }
}

/// The type of `totalAmounts` is not known (ePP facts §3), so a loose server writes a text now
/// and then.
/// By how much the sum of this payment is told wrongly: not at all, or by one para.
fn misstatement(store: &mut Store) -> Decimal {
    match store.settings.misstated_totals.checked_sub(1) {
        Some(left) => {
            store.settings.misstated_totals = left;
            Decimal::new(1, 2)
        }
        None => Decimal::ZERO,
    }
}

fn shown_total(total: Decimal, scene: Scene<'_>) -> Value {
    if scene.loose && scene.chance.hits(300) { json!(total.to_string()) } else { number(total) }
}

/// Five letters and digits that no other attempt has.
fn unused_name(store: &Store, chance: &Chance) -> String {
    const SIGNS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    loop {
        let bytes = chance.bytes::<5>();
        let name: String =
            bytes.iter().map(|byte| char::from(SIGNS[usize::from(*byte) % SIGNS.len()])).collect();
        if store.attempts.iter().all(|attempt| !attempt.tag.ends_with(&name)) {
            return name;
        }
    }
}

/// The usual length of the countdown; no source names one.
pub(super) const COUNTDOWN: TimeDelta = TimeDelta::minutes(2);
