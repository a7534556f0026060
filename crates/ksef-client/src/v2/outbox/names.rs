//! Under which names an outbox keeps its things.

use ksef_crypto::link::InvoiceHash;

use crate::v2::durable::{DurableError, check_name};

/// The names of one outbox's things in a store.
#[derive(Clone, Debug)]
pub(super) struct Names {
    outbox: String,
    journal: String,
    fates: String,
    parcels: String,
    sorting: String,
    cursor: String,
    codes: String,
    uploads: String,
    outages: String,
}

impl Names {
    pub(super) fn new(name: &str) -> Result<Self, DurableError> {
        check_name(name)?;
        let of = |thing: &str| format!("ksef2/{name}/out/{thing}");
        Ok(Self {
            outbox: name.to_owned(),
            journal: of("invoices"),
            fates: of("fate/"),
            parcels: of("parcel/"),
            sorting: of("sorting"),
            cursor: of("sorted"),
            codes: of("codes/"),
            uploads: of("upload/"),
            outages: of("outages"),
        })
    }

    /// The name of the outbox.
    pub(super) fn outbox(&self) -> &str {
        &self.outbox
    }

    /// The number of a parcel, in its key.
    pub(super) fn number<'a>(&self, parcel: &'a str) -> &'a str {
        parcel.strip_prefix(&self.parcels).unwrap_or(parcel)
    }

    /// The journal of invoices.
    pub(super) fn journal(&self) -> &str {
        &self.journal
    }

    /// How the keys of all fates begin.
    pub(super) fn fates(&self) -> &str {
        &self.fates
    }

    /// The key of an invoice's fate.
    pub(super) fn fate(&self, hash: &InvoiceHash) -> String {
        format!("{}{}", self.fates, hash.base64url())
    }

    /// The hash in the key of a fate.
    pub(super) fn hash_of(&self, key: &str) -> Option<InvoiceHash> {
        InvoiceHash::from_base64url(key.strip_prefix(&self.fates)?)
    }

    /// How the keys of all parcels begin.
    pub(super) fn parcels(&self) -> &str {
        &self.parcels
    }

    /// The key of a parcel, which is the name of its lease, too: keys sort as numbers do.
    pub(super) fn parcel(&self, number: u64) -> String {
        format!("{}{number:020}", self.parcels)
    }

    /// The key of the unfinished upload of a parcel, by the key of the parcel.
    pub(super) fn upload(&self, parcel: &str) -> String {
        format!("{}{}", self.uploads, self.number(parcel))
    }

    /// The key of the codes that were printed on an invoice.
    pub(super) fn codes(&self, hash: &InvoiceHash) -> String {
        format!("{}{}", self.codes, hash.base64url())
    }

    /// The record of outages.
    pub(super) fn outages(&self) -> &str {
        &self.outages
    }

    /// The key of a parcel by its number; none for what is no number.
    pub(super) fn parcel_of(&self, number: &str) -> Option<String> {
        Some(self.parcel(number.parse().ok()?))
    }

    /// The lease under which parcels are made.
    pub(super) fn sorting(&self) -> &str {
        &self.sorting
    }

    /// The record that says how far invoices were put into parcels.
    pub(super) fn cursor(&self) -> &str {
        &self.cursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v2::durable::LONGEST_NAME;

    #[test]
    fn keys_lead_back_to_their_hashes_and_sort_by_number() {
        let names = Names::new("nip-1111111111").unwrap();
        let hash = InvoiceHash::of(b"<Faktura/>");
        assert_eq!(names.hash_of(&names.fate(&hash)), Some(hash));
        assert_eq!(names.hash_of(names.cursor()), None);
        assert!(names.parcel(9) < names.parcel(10));
        let longest = Names::new(&"n".repeat(LONGEST_NAME)).unwrap();
        assert!(longest.fate(&hash).len() <= 255 && longest.parcel(u64::MAX).len() <= 255);
    }

    #[test]
    fn other_names_are_refused() {
        for name in ["", "a/b", "ż", "a b", &"n".repeat(LONGEST_NAME + 1)] {
            assert!(matches!(Names::new(name), Err(DurableError::Name)), "{name}");
        }
    }
}
