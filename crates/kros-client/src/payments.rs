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

#[cfg(test)]
mod tests {
    use common_core::open::Open;

    use super::*;
    use crate::{
        client::testing::{get, post, read, shown},
        model::PaymentType,
    };

    #[test]
    fn every_filter_has_the_services_name() {
        let list = List::new()
            .payment_date_from("2026-01-01")
            .payment_date_to("2026-01-31")
            .account_id(AccountId(3))
            .external_id("pay/1".parse::<ExternalId>().unwrap())
            .last_modified_timestamp("2026-01-31T08:00:00")
            .top(5)
            .skip(10);
        let query = "PaymentDateFrom=2026-01-01&PaymentDateTo=2026-01-31&AccountId=3\
            &ExternalId=pay%2F1&LastModifiedTimestamp=2026-01-31T08%3A00%3A00&Top=5&Skip=10";
        assert_eq!(shown(&list), get(&format!("/payments?{query}")));
    }

    #[test]
    fn payments_are_read_in_the_envelope_and_bare() {
        let body = r#"{"data":[{"dateOfPayment":"2026-01-31T00:00:00","sumOfPayment":-7.50,
            "paymentType":2,"matchedDocuments":[{"id":7}],"note":null,"fee":0.10}]}"#;
        let payment = read::<List>(body).unwrap().remove(0);
        assert_eq!(payment.date_of_payment.unwrap().to_plain().as_str(), "2026-01-31");
        assert_eq!(payment.sum_of_payment.unwrap().to_string(), "-7.50");
        assert_eq!(payment.payment_type, Some(Open::Known(PaymentType::CardPayment)));
        assert_eq!(payment.matched_documents[0]["id"], 7);
        assert_eq!((payment.note, payment.extra["fee"].to_string()), (None, "0.10".into()));
        assert_eq!(read::<List>("[{}]").unwrap().len(), 1);
    }

    #[test]
    fn new_payments_are_sent_in_their_order() {
        let sum = |text: &str| text.parse::<common_core::money::Amount>().unwrap();
        let first = NewPayment::new("2026-01-31", sum("24.60")).variable_symbol("0000000042");
        let second = NewPayment::new("2026-02-01", sum("-5")).external_id("p2");
        let body = r#"{"data":[{"dateOfPayment":"2026-01-31","sumOfPayment":24.60,"variableSymbol":"0000000042"},{"dateOfPayment":"2026-02-01","sumOfPayment":-5,"externalId":"p2"}]}"#;
        let request = CreateBatch::new(&[first.clone(), second.clone()]).unwrap();
        assert_eq!(shown(&request), post("/payments/batch", body));
        assert_eq!(shown(&CreateBatch::of(&[&first, &second]).unwrap()), shown(&request));
        assert_eq!(CreateBatch::new(&[]).unwrap_err().field(), "data");
        assert_eq!(CreateBatch::new(&vec![first; 101]).unwrap_err().field(), "data");
    }

    #[test]
    fn the_request_id_of_accepted_payments_is_read() {
        let body = r#"{"requestId":"0b6f7c1e-5d1a-4c0e-9a53-2f1f6a1f0c11"}"#;
        let id = read::<CreateBatch>(body).unwrap().request_id;
        assert_eq!(id.to_string(), "0b6f7c1e-5d1a-4c0e-9a53-2f1f6a1f0c11");
        assert_eq!(read::<CreateBatch>(r#"{"requestId":null}"#).unwrap_err().path(), "requestId");
    }

    #[test]
    fn accounts_are_asked_for_and_read() {
        assert_eq!(shown(&Accounts), get("/payments/accounts"));
        let body = r#"{"data":[{"id":3,"name":"Pokladňa","iban":null,"kind":1}]}"#;
        let accounts = read::<Accounts>(body).unwrap();
        assert_eq!((accounts[0].id, &accounts[0].iban), (AccountId(3), &None));
        assert_eq!(accounts[0].extra["kind"], 1);
        assert_eq!(read::<Accounts>("[]").unwrap(), []);
        assert_eq!(read::<Accounts>("[{}]").unwrap_err().path(), "[0]");
    }
}
