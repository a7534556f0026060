//! Payments (úhrady): list, create, accounts.

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::Method;

use crate::{
    api::{Kros, LIMIT, decode_list},
    list_request::list_request,
    model::{AccountId, Date, ExternalId, NewPayment, Payment, PaymentAccount, Timestamp},
    submission::{self, submission},
};

list_request! {
    /// `GET /payments`: the payments that fit every filter (KROS facts §1).
    pub struct List -> Payment {
        info: Info {
            name: "payments.list",
            method: Method::GET,
            path: "/payments",
            effect: Effect::Read,
            auth: Auth::Required,
            limit: LIMIT,
            section: "KROS facts §1",
        },
        filters {
            /// Paid on that day or later.
            payment_date_from: Date = "PaymentDateFrom",
            /// Paid on that day or earlier.
            payment_date_to: Date = "PaymentDateTo",
            /// Of that account.
            account_id: AccountId = "AccountId",
            /// With that external id: finds out whether a payment has been taken.
            external_id: ExternalId = "ExternalId",
            /// Changed since; give the service's own text back unchanged.
            last_modified_timestamp: Timestamp = "LastModifiedTimestamp",
        }
    }
}

/// `POST /payments/batch`: hands 1 to 100 payments over; they are matched to documents by their
/// variable symbols later (KROS facts §1).
///
/// May be done only once. The service was seen to answer 408 here, with or without having taken
/// the payments: look for their external ids with [`List::external_id`].
#[derive(Clone, Debug)]
pub struct CreateBatch {
    body: Bytes,
}

impl CreateBatch {
    /// The request for these payments; an error unless there are 1 to 100.
    pub fn new(payments: &[NewPayment]) -> Result<Self, BuildError> {
        submission::many(payments.iter()).map(|body| Self { body })
    }

    pub(crate) fn of(payments: &[&NewPayment]) -> Result<Self, BuildError> {
        submission::many(payments.iter()).map(|body| Self { body })
    }
}

submission!(CreateBatch {
    name: "payments.create_batch",
    path: "/payments/batch",
    section: "KROS facts §1",
});

/// `GET /payments/accounts`: the accounts and cash desks that payments belong to (KROS facts §1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accounts;

impl Endpoint for Accounts {
    type Api = Kros;
    type Response = Vec<PaymentAccount>;

    const INFO: Info = Info {
        name: "payments.accounts",
        method: Method::GET,
        path: "/payments/accounts",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LIMIT,
        section: "KROS facts §1",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<Vec<PaymentAccount>, DecodeError> {
        decode_list(body)
    }
}
