//! Issued documents as the service answers them: what was sent, and what the service computed besides.
//!
//! The sent part is a [`NewInvoice`] of its own, so that a document can be read, changed and sent again as one value.

use std::fmt;
use std::marker::PhantomData;

use common_core::money::Amount;
use common_core::open::Open;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::codes::PaymentStatus;
use super::dates::{Date, Timestamp};
use super::ids::{InvoiceId, ProformaId};
use super::invoice::NewInvoice;
use super::registers::Tag;

/// An invoice as it is answered.
pub type Invoice = Issued<InvoiceId>;

/// A proforma invoice as it is answered; it has no day of supply (KROS facts §1).
pub type Proforma = Issued<ProformaId>;

/// Declares [`Issued`] and the reader that keeps the computed properties apart, from one list of them.
macro_rules! issued {
    ($( $(#[$doc:meta])* $field:ident: $type:ty = $wire:literal, )*) => {
        /// An issued document as it is answered (KROS facts §2).
        ///
        /// Properties this version does not know belong to [`document`](Self::document) and are kept in its `extra`.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[non_exhaustive]
        pub struct Issued<Id> {
            /// The id the service gave.
            pub id: Id,
            /// Everything a request could have carried.
            #[serde(flatten)]
            pub document: NewInvoice,
            $(
                $(#[$doc])*
                #[serde(rename = $wire, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )*
        }

        /// The computed properties met so far while a document is read.
        struct Computed<Id> {
            id: Option<Id>,
            $( $field: Option<$type>, )*
        }

        impl<'de, Id: Deserialize<'de>> Computed<Id> {
            fn new() -> Self {
                Self { id: None, $( $field: None, )* }
            }

            /// Takes the value of `key` when the service computes it, and says whether it did.
            fn take<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
                match key {
                    "id" => self.id = map.next_value()?,
                    $( $wire => self.$field = map.next_value()?, )*
                    _ => return Ok(false),
                }
                Ok(true)
            }

            fn with<E: Error>(self, document: NewInvoice) -> Result<Issued<Id>, E> {
                let id = self.id.ok_or_else(|| E::missing_field("id"))?;
                Ok(Issued { id, document, $( $field: self.$field, )* })
            }
        }
    };
}

issued! {
    /// How far it is paid; read its docs before relying on it.
    payment_status: Open<PaymentStatus> = "paymentStatus",
    /// The sums of the document.
    prices: Prices = "prices",
    /// What was paid so far, in document currency.
    sum_of_payments: Amount = "sumOfPayments",
    /// What is asked for altogether, in document currency.
    sum_for_payment: Amount = "sumForPayment",
    /// When the service last changed it.
    last_modified_timestamp: Timestamp = "lastModifiedTimestamp",
    /// Absolute address of the printed document; to be fetched with the token, and only from the service's own origin.
    pdf_report_link: String = "pdfReportLink",
    /// Address of a preview.
    preview_link: String = "previewLink",
    /// Sums by VAT rate, only when the list was asked for `VatBreakdowns`; the form is unknown.
    vat_breakdowns: Value = "vatBreakdowns",
    /// Payments of the document, only when the list was asked for `Payments`; the form is unknown.
    payments: Value = "payments",
    /// Connected documents, only when the list was asked for `LinkedDocuments`; the form is unknown.
    linked_documents: Value = "linkedDocuments",
}

impl<Id> Issued<Id> {
    /// What is still to be paid, in document currency: `sum_for_payment` less `sum_of_payments`.
    ///
    /// Negative when too much was paid; `None` when the answer lacks a sum or the difference is too large to be held.
    /// A missing `sum_of_payments` is not taken for 0.
    pub fn to_pay(&self) -> Option<Amount> {
        self.sum_for_payment?.checked_sub(self.sum_of_payments?)
    }

    /// The document as a request, ready to be changed and sent.
    ///
    /// What the service computed is left behind, dates become plain days and tags plain names, as requests carry them.
    /// Everything else is kept, unknown properties included.
    /// Its number and external id are kept too: clear them to create another document.
    pub fn to_request(&self) -> NewInvoice {
        let mut request = self.document.clone();
        for date in [&mut request.issue_date, &mut request.due_date, &mut request.delivery_date] {
            *date = date.as_ref().map(Date::to_plain);
        }
        for tag in &mut request.tags {
            if let Some(name) = tag.name() {
                *tag = Tag::from(name.to_owned());
            }
        }
        request
    }
}

// A derived `#[serde(flatten)]` buffers the whole document, and an error inside a buffer has no path any more.
// Handing the properties through one by one keeps the path that a decode error has to name.
impl<'de, Id: Deserialize<'de>> Deserialize<'de> for Issued<Id> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(IssuedVisitor(PhantomData))
    }
}

struct IssuedVisitor<Id>(PhantomData<Id>);

impl<'de, Id: Deserialize<'de>> Visitor<'de> for IssuedVisitor<Id> {
    type Value = Issued<Id>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an issued document")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let mut computed = Computed::new();
        let sieve = Sieve { map, computed: &mut computed };
        let document = NewInvoice::deserialize(MapAccessDeserializer::new(sieve))?;
        computed.with(document)
    }
}

/// A map that keeps the computed properties to itself and shows the others.
struct Sieve<'a, A, Id> {
    map: A,
    computed: &'a mut Computed<Id>,
}

impl<'de, A: MapAccess<'de>, Id: Deserialize<'de>> MapAccess<'de> for Sieve<'_, A, Id> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key::<String>()? {
            if !self.computed.take(&key, &mut self.map)? {
                return seed.deserialize(key.into_deserializer()).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

answer! {
    /// The sums of a document, in its own currency and in the company's.
    pub struct Prices {
        optional {
            /// The document currency, three capital letters (ISO 4217).
            currency: String,
            /// The sums in document currency.
            document_prices: PriceSums,
            /// The sums in the currency of the company's books.
            legislative_prices: PriceSums,
        }
    }
}

answer! {
    /// Three sums of one document in one currency.
    pub struct PriceSums {
        optional {
            /// Without VAT.
            total_price: Amount,
            /// With VAT.
            total_price_incl_vat: Amount,
            /// The VAT itself.
            vat_total_price: Amount,
        }
    }
}
