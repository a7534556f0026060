//! Starting a payment (source document, POST payments).

use std::time::Duration;

use bytes::Bytes;
use common_core::{effect::Effect, money::Amount, open::Open};
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::Method;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{
    api::{Answer, Epp, LIMIT, decode},
    model::{PaymentOrder, PaymentOrderId, TwoFactorChannel},
    payment_orders::MAX_ORDERS,
};

/// `POST payments`: starts the payment of 1 to 5000 orders.
///
/// To pay, give it to [`Client::start_payment`](crate::Client::start_payment). Longer lists are
/// refused and not split, since each start asks for a password of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a request does nothing until a client sends it"]
pub struct Start {
    pub(super) ids: Vec<PaymentOrderId>,
    channel: Option<Open<TwoFactorChannel>>,
    pub(super) expected: Option<Amount>,
    pub(super) otp_deadline: Option<Duration>,
}

impl Start {
    /// The payment of these orders, with a password over the user's default channel.
    pub fn new(ids: impl IntoIterator<Item = PaymentOrderId>) -> Self {
        Self { ids: ids.into_iter().collect(), channel: None, expected: None, otp_deadline: None }
    }

    /// Sets the channel of the password; it must be switched on in the user's profile.
    pub fn channel(mut self, channel: impl Into<Open<TwoFactorChannel>>) -> Self {
        self.channel = Some(channel.into());
        self
    }

    /// Sets the sum in dinars that the caller means to pay; another one is a
    /// [`Discrepancy`](super::Discrepancy).
    pub fn expecting(mut self, total: Amount) -> Self {
        self.expected = Some(total);
        self
    }

    /// Sets how long after the start the payment may be confirmed; after that
    /// [`confirm`](super::StartedPayment::confirm) sends nothing
    /// ([`Lapsed`](crate::ErrorKind::Lapsed)).
    ///
    /// The service's own countdown has an unknown length (ePP facts §3), so there is no deadline
    /// without this, and the service's refusal tells.
    pub fn otp_deadline(mut self, deadline: Duration) -> Self {
        self.otp_deadline = Some(deadline);
        self
    }

    fn check(&self) -> Result<(), BuildError> {
        let refuse = |reason: String| Err(BuildError::new("PaymentOrderIds", reason));
        let count = self.ids.len();
        if !(1..=MAX_ORDERS).contains(&count) {
            return refuse(format!("must hold 1 to {MAX_ORDERS} orders, and holds {count}"));
        }
        // A created order is answered with the id 0, which names no order (ePP facts §4, 17).
        if self.ids.iter().any(|id| id.0 <= 0) {
            return refuse("must be ids above 0, as the list of orders gives them".to_owned());
        }
        let mut ids = self.ids.clone();
        ids.sort_unstable();
        match ids.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => refuse(format!("must not name order {} twice", pair[0])),
            None => Ok(()),
        }
    }
}

impl Endpoint for Start {
    type Api = Epp;
    type Response = Answer<Started>;

    const INFO: Info = Info {
        name: "payments.start",
        method: Method::POST,
        path: "/payments",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: LIMIT,
        section: "source document, POST payments",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Body<'a> {
            payment_order_ids: &'a [PaymentOrderId],
            #[serde(skip_serializing_if = "Option::is_none")]
            two_factor_authentication_channel: Option<&'a Open<TwoFactorChannel>>,
        }
        self.check()?;
        let channel = self.channel.as_ref();
        let body =
            Body { payment_order_ids: &self.ids, two_factor_authentication_channel: channel };
        RequestBuilder::new(&Self::INFO, base).json(&body)?.finish()
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<Answer<Started>, DecodeError> {
        let started = decode::<Started>(parts, body)?;
        match &started {
            Ok(started) if started.payment_id_tag_name.trim().is_empty() => {
                Err(DecodeError::new("payload.paymentIdTagName", "the payment has no tag"))
            }
            _ => Ok(started),
        }
    }
}

/// The service's answer to a start.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Started {
    /// The orders that are to be paid.
    #[serde(default, deserialize_with = "or_default")]
    pub payment_orders: Vec<PaymentOrder>,
    /// The tag of this attempt (`pa-` tag), opaque.
    pub payment_id_tag_name: String,
    /// The sum in dinars; `None` when it is missing or no number. One sum in spite of its plural
    /// name (ePP facts §4, trap 25).
    #[serde(default, rename = "totalAmounts", deserialize_with = "total")]
    pub total_amount: Option<Amount>,
    /// How many orders there are.
    #[serde(default, deserialize_with = "count")]
    pub total_count: Option<u64>,
}

fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A sum as a number, as a text with one, or as the only element of an array.
pub(super) fn total<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Amount>, D::Error> {
    fn amount(value: &Value) -> Option<Amount> {
        match value {
            Value::Number(number) => Amount::parse(&number.to_string()).ok(),
            Value::String(text) => Amount::parse(text.trim()).ok(),
            Value::Array(sums) => match sums.as_slice() {
                [only] => amount(only),
                _ => None,
            },
            _ => None,
        }
    }
    Value::deserialize(d).map(|value| amount(&value))
}

/// A count as a number or a text of digits.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = crate::api::text(deserializer)?;
    Ok(text.and_then(|text| text.trim().parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::{post, read, refused, shown};

    fn ids(ids: impl IntoIterator<Item = i64>) -> Start {
        Start::new(ids.into_iter().map(PaymentOrderId))
    }

    #[test]
    fn trap_15_a_start_names_its_orders_in_pascal_case() {
        assert_eq!(shown(&ids([7, 3])), post("/payments", r#"{"PaymentOrderIds":[7,3]}"#));
        let start = ids([7]).channel(TwoFactorChannel::Authenticator).expecting(Amount::from(1));
        let body = r#"{"PaymentOrderIds":[7],"TwoFactorAuthenticationChannel":"Authenticator"}"#;
        assert_eq!(shown(&start), post("/payments", body));
        let newer = ids([7]).channel(Open::Unknown("Viber".to_owned()));
        assert!(shown(&newer).contains(r#""Viber""#));
    }

    #[test]
    fn a_start_takes_1_to_5000_orders_each_once_and_is_never_split() {
        assert_eq!(Start::INFO.effect, Effect::Once);
        assert!(ids(1..=5000).check().is_ok());
        for wrong in [ids([]), ids(1..=5001), ids([1, 2, 1])] {
            assert_eq!(refused(&wrong), "PaymentOrderIds");
        }
    }

    #[test]
    fn trap_17_the_id_of_an_order_just_created_cannot_be_paid() {
        assert_eq!(refused(&ids([7, 0])), "PaymentOrderIds");
        assert_eq!(refused(&ids([-7])), "PaymentOrderIds");
    }

    #[test]
    fn a_started_payment_is_read() {
        let body = r#"{"status":{"code":"Success"},"payload":{"paymentOrders":[{"id":7}],
            "paymentIdTagName":"pa-798nj","totalAmounts":17139.66,"totalCount":1}}"#;
        let started = read::<Start>(body).unwrap().unwrap();
        assert_eq!(started.payment_orders[0].known_id(), Some(PaymentOrderId(7)));
        assert_eq!(started.payment_id_tag_name, "pa-798nj");
        assert_eq!(started.total_amount.unwrap().to_string(), "17139.66");
        assert_eq!(started.total_count, Some(1));
        for untagged in [r#"{"payload":{}}"#, r#"{"payload":{"paymentIdTagName":" "}}"#] {
            assert!(read::<Start>(untagged).is_err(), "{untagged}");
        }
    }

    #[test]
    fn trap_25_the_plural_total_is_one_sum_in_any_form() {
        let total = |sum: &str| {
            let body = format!(r#"{{"paymentIdTagName":"pa-1","totalAmounts":{sum}}}"#);
            let total = read::<Start>(&body).unwrap().unwrap().total_amount;
            total.map(|total| total.to_string())
        };
        for sum in ["17139.60", "\"17139.60\"", "[17139.60]"] {
            assert_eq!(total(sum).as_deref(), Some("17139.60"), "{sum}");
        }
        for none in ["null", "[1,2]", "{\"RSD\":1}", "\"puno\"", "[]"] {
            assert_eq!(total(none), None, "{none}");
        }
    }
}
