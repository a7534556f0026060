//! Identifiers under which several invoices are paid at once (specification 1.9, chapter 13.11;
//! KSeF 1.x facts §2.7).

use std::collections::BTreeSet;

use common_core::effect::Effect;
use common_http::{Auth, BuildError, Info, Paged};
use http::Method;
use ksef_crypto::number::{CollectiveIdentifier, KsefNumber, ReferenceNumber};

use crate::v1::{
    api::ONLINE,
    endpoint::{Page, PageBounds, RequestExt, check_count, endpoint, page_setters},
    wire,
};

const INVOICES: (usize, usize) = (2, 10_000);

/// `POST online/Payment/Identifier/Request`: makes an identifier for 2 to 10,000 invoices of one
/// seller, of each of which the session's context is a party.
///
/// Asynchronous: the answer names an element, whose [`Status`] gives the identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request(Vec<KsefNumber>);

impl Request {
    /// Those invoices, each once; the two forms of a number are the same invoice.
    pub fn new(invoices: impl IntoIterator<Item = KsefNumber>) -> Self {
        Self(invoices.into_iter().collect())
    }
}

endpoint!(Request -> wire::RequestPaymentIdentifierResponse {
    Info {
        name: "payment_identifiers.request",
        method: Method::POST,
        path: "/online/Payment/Identifier/Request",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.11.1",
    },
    request: |this, request| {
        check_count("ksefReferenceNumberList", this.0.len(), INVOICES)?;
        let distinct: BTreeSet<_> = this.0.iter().map(KsefNumber::compact).collect();
        if distinct.len() != this.0.len() {
            return Err(BuildError::new("ksefReferenceNumberList", "must name each invoice once"));
        }
        let numbers = this.0.iter().map(ToString::to_string).collect();
        request.json(&wire::RequestPaymentIdentifierRequest::new(numbers))?.finish()
    },
});

/// `GET online/Payment/Identifier/Status/{PaymentElementReferenceNumber}`: how far the making of an
/// identifier has come, and the identifier when it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status(pub ReferenceNumber);

endpoint!(Status -> wire::RequestPaymentIdentifierStatusResponse {
    Info {
        name: "payment_identifiers.status",
        method: Method::GET,
        path: "/online/Payment/Identifier/Status/{PaymentElementReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.11.1",
    },
    request: |this, request| request.param("PaymentElementReferenceNumber", &this.0)?.finish(),
});

/// Declares the two lists, which page alike.
macro_rules! list {
    (
        $(#[$doc:meta])*
        $name:ident($key:ty = $parameter:literal) -> $response:ident.$rows:ident: $item:ident,
        $info:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[must_use = "a request does nothing until a session sends it"]
        pub struct $name {
            key: $key,
            page: Page,
        }

        impl $name {
            /// Those of that number, 100 on a page.
            pub fn new(key: $key) -> Self {
                Self { key, page: Page::first(PageBounds::USUAL) }
            }
        }

        page_setters!($name);

        endpoint!($name -> wire::$response {
            $info,
            request: |this, request| {
                request
                    .param($parameter, &this.key)?
                    .page(this.page, PageBounds::USUAL)?
                    .finish()
            },
        });

        impl Paged for $name {
            type Item = wire::$item;

            fn items(page: Self::Response) -> Vec<Self::Item> {
                page.$rows
            }

            fn next(&self, page: &Self::Response) -> Option<Self> {
                let rows = page.$rows.len();
                let next = self.page.after(rows, page.number_of_elements)?;
                Some(Self { key: self.key.clone(), page: next })
            }
        }
    };
}

list!(
    /// `GET online/Payment/Identifier/GetReferenceNumbers/{PaymentIdentifier}`: the invoices that an
    /// identifier stands for. Pages of 10 to 100 rows, with indexes up to 100.
    ListInvoices(CollectiveIdentifier = "PaymentIdentifier")
        -> GetPaymentIdentifierReferenceNumbersResponse.ksef_reference_number_list:
        ListedKsefNumber,
    Info {
        name: "payment_identifiers.list_invoices",
        method: Method::GET,
        path: "/online/Payment/Identifier/GetReferenceNumbers/{PaymentIdentifier}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.11.1",
    }
);

list!(
    /// `GET online/Payment/Identifier/GetPaymentIdentifiers/{KSeFReferenceNumber}`: the identifiers
    /// that stand for an invoice. Pages of 10 to 100 rows, with indexes up to 100.
    ListOfInvoice(KsefNumber = "KSeFReferenceNumber")
        -> GetPaymentIdentifiersByKSeFNumberResponse.payment_identifiers_list: PaymentIdentifier,
    Info {
        name: "payment_identifiers.list_of_invoice",
        method: Method::GET,
        path: "/online/Payment/Identifier/GetPaymentIdentifiers/{KSeFReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.11.1",
    }
);

#[cfg(test)]
mod tests;
