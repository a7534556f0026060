//! By what KSeF tells that an invoice was sent before (KSeF 2.0 facts §17).

use std::fmt;

use crate::v2::wire::{InvoiceMetadata, InvoiceType};

/// Invoices that agree in this are duplicates, for ten full years after the year of issue
/// (KSeF 2.0 facts §17): the second one ends with status 440.
///
/// [`Report::duplicate_key`](crate::check::Report::duplicate_key) gives that of an invoice which is
/// yet to be sent, [`of`](Self::of) that of one which KSeF has, and [`new`](Self::new) makes one of
/// what your own books say. `FA_RR` has other names for the parts: the seller is the supplier,
/// `Podmiot1`, and the number is `P_4C`.
///
/// ```
/// use std::collections::BTreeSet;
///
/// use ksef_client::check::DuplicateKey;
///
/// let mut books = BTreeSet::from([DuplicateKey::new("1234563218", "VAT", "FV/1")]);
/// let next = DuplicateKey::new("1234563218", "KOR", "FV/1");
/// assert!(books.insert(next.clone()), "a correction may have the number of an invoice");
/// assert!(!books.insert(next), "and this one would be refused");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DuplicateKey {
    seller: String,
    kind: String,
    number: String,
}

impl DuplicateKey {
    /// A key of its parts: the seller's NIP, the kind (`RodzajFaktury`), the number (`P_2`), each as
    /// it stands in the invoice, without white space at its ends.
    pub fn new(
        seller: impl Into<String>,
        kind: impl Into<String>,
        number: impl Into<String>,
    ) -> Self {
        Self { seller: seller.into(), kind: kind.into(), number: number.into() }
    }

    /// The key of an invoice that KSeF has, by what a query, an export or the
    /// [inbox](crate::v2::inbox) says of it; nothing when a part is missing or the kind is one whose
    /// name in invoices is not known, as in PEF.
    ///
    /// ```
    /// use ksef_client::{check::DuplicateKey, v2::wire::InvoiceMetadata};
    ///
    /// let metadata: InvoiceMetadata = serde_json::from_str(
    ///     r#"{
    ///         "ksefNumber": "1111111111-20260612-62EAFD400000-B3", "invoiceNumber": "FV/1",
    ///         "invoiceType": "KorZal", "seller": {"nip": "1234563218"}
    ///     }"#,
    /// )?;
    /// let key = DuplicateKey::of(&metadata);
    /// assert_eq!(key, Some(DuplicateKey::new("1234563218", "KOR_ZAL", "FV/1")));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn of(metadata: &InvoiceMetadata) -> Option<Self> {
        let seller = metadata.seller.as_ref()?.nip.as_deref()?;
        let kind = match metadata.invoice_type.as_ref()?.known()? {
            InvoiceType::Vat => "VAT",
            InvoiceType::Zal => "ZAL",
            InvoiceType::Kor => "KOR",
            InvoiceType::Roz => "ROZ",
            InvoiceType::Upr => "UPR",
            InvoiceType::KorZal => "KOR_ZAL",
            InvoiceType::KorRoz => "KOR_ROZ",
            InvoiceType::VatRr => "VAT_RR",
            InvoiceType::KorVatRr => "KOR_VAT_RR",
            InvoiceType::VatPef | InvoiceType::VatPefSp | InvoiceType::KorPef => return None,
        };
        Some(Self::new(seller, kind, metadata.invoice_number.as_deref()?))
    }

    /// The seller's NIP.
    pub fn seller(&self) -> &str {
        &self.seller
    }

    /// The kind of invoice, as `VAT` or `KOR`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The number that the seller gave the invoice.
    pub fn number(&self) -> &str {
        &self.number
    }
}

impl fmt::Debug for DuplicateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seller, kind, number } = self;
        write!(f, "DuplicateKey({seller}, {kind}, {number})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::table::{Content, FORMS, Facet, Form};

    const NUMBER: &str = "1111111111-20260612-62EAFD400000-B3";

    /// The values that an element of a form may have.
    fn values(form: &Form, name: &str) -> Vec<&'static str> {
        let of = form.types.iter().find_map(|one| match one.content {
            Content::Elements(states) => states.iter().find(|state| state.name == name),
            Content::Value(_) => None,
        });
        let Content::Value(value) = &form.types[usize::from(of.unwrap().of)].content else {
            return Vec::new();
        };
        let of_facet = |facet: &Facet| match facet {
            Facet::Values(values) => values.to_vec(),
            _ => Vec::new(),
        };
        value.facets.iter().flat_map(of_facet).collect()
    }

    fn key_of(kind: &str) -> Option<DuplicateKey> {
        let metadata = serde_json::json!({
            "ksefNumber": NUMBER, "invoiceNumber": "1", "invoiceType": kind,
            "seller": {"nip": "1234563218"},
        });
        DuplicateKey::of(&serde_json::from_value(metadata).unwrap())
    }

    #[test]
    fn every_kind_of_the_forms_has_its_name_in_metadata() {
        let mut kinds: Vec<_> =
            FORMS.iter().flat_map(|form| values(form, "RodzajFaktury")).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let all = InvoiceType::ALL.iter().filter_map(|kind| key_of(&kind.to_string()));
        let mut told: Vec<_> = all.map(|key| key.kind).collect();
        told.sort_unstable();
        assert_eq!(told, kinds);
    }

    #[test]
    fn what_lacks_a_part_has_no_key() {
        assert_eq!((key_of("VatPef"), key_of("Neu")), (None, None));
        let empty = serde_json::from_value(serde_json::json!({"ksefNumber": NUMBER})).unwrap();
        assert_eq!(DuplicateKey::of(&empty), None);
    }
}
