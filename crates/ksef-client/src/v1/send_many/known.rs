//! Elements whose invoices are known, in little memory.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
};

use ksef_crypto::number::ReferenceNumber;

/// The elements whose invoices are known, as 8 bytes each.
///
/// That an element which nobody knows shares its 8 bytes with another one happens once in some
/// billions of billions; an invoice would be reported as not sent then, and sending it again would
/// be refused as a duplicate.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<BTreeSet<u64>>);

impl Known {
    pub(super) fn insert(&self, element: &ReferenceNumber) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(digest(element));
    }

    pub(super) fn contains(&self, element: &ReferenceNumber) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&digest(element))
    }
}

fn digest(element: &ReferenceNumber) -> u64 {
    let mut hasher = DefaultHasher::new();
    element.hash(&mut hasher);
    hasher.finish()
}
