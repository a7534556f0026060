//! What came lately, for comparing.

use std::collections::{BTreeMap, VecDeque};

use super::report::{Form, Sighting};

/// The digests of the last sightings; older ones are forgotten.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    size: usize,
    order: VecDeque<(u64, Form)>,
    digests: BTreeMap<(u64, Form), [u8; 32]>,
}

impl Recent {
    pub(super) fn new(size: usize) -> Self {
        Self { size, order: VecDeque::new(), digests: BTreeMap::new() }
    }

    /// The digest under that number in that form.
    pub(super) fn find(&self, number: u64, form: Form) -> Option<&[u8; 32]> {
        self.digests.get(&(number, form))
    }

    /// Keeps a sighting; the first one of a number stays.
    pub(super) fn keep(&mut self, sighting: &Sighting) {
        let key = (sighting.id.get(), sighting.form);
        if self.digests.contains_key(&key) {
            return;
        }
        self.digests.insert(key, sighting.digest);
        self.order.push_back(key);
        if self.order.len() > self.size
            && let Some(oldest) = self.order.pop_front()
        {
            self.digests.remove(&oldest);
        }
    }
}
