//! Seeded randomness: the same seed makes the same tokens, delays and hostile moments, as long as
//! the requests arrive in the same order.

use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

/// A shared seeded source of chance.
#[derive(Debug)]
pub(crate) struct Chance(Mutex<StdRng>);

impl Chance {
    /// The source that belongs to `seed`.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// True in `per_thousand` of a thousand calls.
    pub(crate) fn hits(&self, per_thousand: u16) -> bool {
        self.with(|rng| rng.random_range(0..1000) < per_thousand)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&self, low: u64, high: u64) -> u64 {
        self.with(|rng| rng.random_range(low..=high.max(low)))
    }

    /// A random permutation of `items` in place.
    pub(crate) fn shuffle<T>(&self, items: &mut [T]) {
        self.with(|rng| items.shuffle(rng));
    }

    /// `N` random bytes.
    pub(crate) fn bytes<const N: usize>(&self) -> [u8; N] {
        self.with(|rng| std::array::from_fn(|_| rng.random()))
    }

    /// A random identifier of UUID version 4.
    pub(crate) fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    fn with<T>(&self, act: impl FnOnce(&mut StdRng) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let (first, second) = (Chance::seeded(7), Chance::seeded(7));
        assert_eq!(first.uuid(), second.uuid());
        assert_eq!(first.between(1, 1000), second.between(1, 1000));
        assert_ne!(Chance::seeded(8).uuid(), Chance::seeded(7).uuid());
    }

    #[test]
    fn never_and_always_are_kept() {
        let chance = Chance::seeded(1);
        assert!((0..200).all(|_| !chance.hits(0)));
        assert!((0..200).all(|_| chance.hits(1000)));
    }
}
