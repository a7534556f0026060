//! Payment orders: list, fetch, validate, create (source document, Payment Orders).
//!
//! The endpoints are here, as values; for any number of orders, one outcome each, and the ids of
//! what was created use [`Client::create_orders`](crate::Client::create_orders),
//! [`Client::validate_orders`](crate::Client::validate_orders) and
//! [`Client::create_and_locate`](crate::Client::create_and_locate).

use std::fmt;

use bytes::Bytes;
use chrono::NaiveDate;
use common_core::{effect::Effect, money::Amount};
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::Method;
use serde::{Deserialize, Deserializer};

use crate::{
    api::{self, Answer, Epp, LIMIT, decode},
    list_request::list_request,
    model::{NewPaymentOrder, PaymentOrder, PaymentOrderId},
    rules::PaymentCode,
};

/// The most orders one request takes (source document, POST payment-orders).
pub const MAX_ORDERS: usize = 5000;

list_request! {
    /// `GET payment-orders`: the orders that fit every filter (source document, GET
    /// payment-orders).
    ///
    /// There is no filter by external id.
    pub struct List -> PaymentOrder {
        info: Info {
            name: "payment_orders.list",
            method: Method::GET,
            path: "/payment-orders",
            effect: Effect::Read,
            auth: Auth::Required,
            limit: LIMIT,
            section: "source document, GET payment-orders",
        },
        filters {
            /// From that account, 18 digits.
            debtor_bank_account: String = "DebtorBankAccount",
            /// With that payment code.
            payment_code: PaymentCode = "PaymentCode",
            /// Of that amount in dinars or more.
            amount_from: Amount = "AmountFrom",
            /// Of that amount in dinars or less.
            amount_to: Amount = "AmountTo",
            /// To a creditor of that name.
            creditor_name: String = "CreditorName",
            /// To that account, 18 digits.
            creditor_bank_account: String = "CreditorBankAccount",
            /// With that creditor's reference.
            creditor_code: String = "CreditorCode",
            /// Created on that day or later.
            created_date_from: NaiveDate = "CreatedDateFrom",
            /// Created on that day or earlier.
            created_date_to: NaiveDate = "CreatedDateTo",
            /// Sent to be paid on that day or later.
            payment_date_from: NaiveDate = "PaymentDateFrom",
            /// Sent to be paid on that day or earlier.
            payment_date_to: NaiveDate = "PaymentDateTo",
            /// With that tag of the service, letter by letter, Latin or Cyrillic.
            system_tag: String = "SystemTag",
            /// With that tag of a user.
            user_tag: String = "UserTag",
            /// With that id or a larger one.
            id_from: PaymentOrderId = "IdFrom",
            /// With that id or a smaller one.
            id_to: PaymentOrderId = "IdTo",
        }
    }
}

/// `GET payment-orders/{id}`: one order (source document, GET payment-orders/`<id>`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch(pub PaymentOrderId);

impl Endpoint for Fetch {
    type Api = Epp;
    type Response = Answer<PaymentOrder>;

    const INFO: Info = Info {
        name: "payment_orders.fetch",
        method: Method::GET,
        path: "/payment-orders/{id}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LIMIT,
        section: "source document, GET payment-orders/<id>",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).param("id", self.0)?.finish()
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<Answer<PaymentOrder>, DecodeError> {
        decode(parts, body)
    }
}

/// What the service said about one order of a request: the order, and an error unless it was
/// taken.
///
/// What has neither an order nor a member `error` says nothing and cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Members")]
#[non_exhaustive]
pub struct Verdict {
    /// The order as the service took it. Its id is 0 (ePP facts §4, trap 17).
    pub model: Option<PaymentOrder>,
    /// Why the order was not taken.
    pub error: Option<OrderError>,
}

/// A verdict as it comes.
#[derive(Deserialize)]
struct Members {
    #[serde(default)]
    model: Option<PaymentOrder>,
    #[serde(default)]
    error: Member,
}

/// The member `error`: one that is missing is not one that is `null`.
#[derive(Default)]
enum Member {
    #[default]
    Missing,
    Present(Option<OrderError>),
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Present)
    }
}

impl TryFrom<Members> for Verdict {
    type Error = &'static str;

    fn try_from(Members { model, error }: Members) -> Result<Self, Self::Error> {
        match (model, error) {
            (None, Member::Missing) => Err("a verdict has neither `model` nor `error`"),
            (model, Member::Missing) => Ok(Self { model, error: None }),
            (model, Member::Present(error)) => Ok(Self { model, error }),
        }
    }
}

/// Why the service does not take an order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct OrderError {
    /// One word, as `ValidationError`.
    #[serde(default, deserialize_with = "api::code")]
    pub code: Option<String>,
    /// What is wrong, as `InvalidExternalIdValidation`; a word, too, without its full stop (ePP
    /// facts §4, trap 24).
    #[serde(default, deserialize_with = "api::code")]
    pub message: Option<String>,
    /// A number whose meaning is not documented.
    #[serde(default, rename = "type", deserialize_with = "api::text")]
    pub error_type: Option<String>,
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_deref().unwrap_or("no code");
        let message = self.message.as_deref().unwrap_or("no reason was given");
        write!(f, "{code}: {message}")
    }
}

/// `POST payment-orders`: creates the orders that have no error, 1 to 5000 (source document, POST
/// payment-orders).
///
/// May be done only once, and the service recognises no repetition: it is repeated only when the
/// service cannot have processed it. Give the orders a tag of their own to find them again.
#[derive(Clone)]
pub struct Create {
    body: Bytes,
}

/// `POST payment-orders/validate`: says what is wrong with 1 to 5000 orders and creates none
/// (source document, POST payment-orders/validate).
#[derive(Clone)]
pub struct Validate {
    body: Bytes,
}

/// Declares a function that takes orders and answers a verdict for each.
macro_rules! judged {
    ($name:ident { name: $endpoint:literal, path: $path:literal, effect: $effect:ident }) => {
        impl $name {
            /// The request for these orders, with accounts and dates in the official form; an
            /// error unless there are 1 to 5000.
            pub fn new(orders: &[NewPaymentOrder]) -> Result<Self, BuildError> {
                body(orders).map(|body| Self { body })
            }
        }

        impl Endpoint for $name {
            type Api = Epp;
            type Response = Answer<Vec<Verdict>>;

            const INFO: Info = Info {
                name: $endpoint,
                method: Method::POST,
                path: $path,
                effect: Effect::$effect,
                auth: Auth::Required,
                limit: LIMIT,
                section: concat!("source document, POST ", $path),
            };

            fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
                RequestBuilder::new(&Self::INFO, base).body(JSON, self.body.clone()).finish()
            }

            fn response(parts: &Parts, body: &Bytes) -> Result<Self::Response, DecodeError> {
                Ok(decode::<Option<Vec<Verdict>>>(parts, body)?.map(Option::unwrap_or_default))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("bytes", &self.body.len()).finish()
            }
        }
    };
}

judged!(Create { name: "payment_orders.create", path: "/payment-orders", effect: Once });
judged!(Validate {
    name: "payment_orders.validate",
    path: "/payment-orders/validate",
    effect: Read
});

/// JSON in UTF-8; mandatory for every function with a body (source document, API).
pub(crate) const JSON: http::HeaderValue =
    http::HeaderValue::from_static("application/json; charset=utf-8");

fn body(orders: &[NewPaymentOrder]) -> Result<Bytes, BuildError> {
    let count = orders.len();
    if !(1..=MAX_ORDERS).contains(&count) {
        let reason = format!("must hold 1 to {MAX_ORDERS} orders, and holds {count}");
        return Err(BuildError::new("orders", reason));
    }
    let orders: Vec<_> = orders.iter().cloned().map(NewPaymentOrder::normalized).collect();
    serde_json::to_vec(&orders)
        .map(Bytes::from)
        .map_err(|error| BuildError::new("orders", error.to_string()))
}

#[cfg(test)]
mod tests;
