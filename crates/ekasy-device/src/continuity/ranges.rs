//! Sets of numbers, kept as ranges.

use std::collections::BTreeMap;

/// Ranges that neither overlap nor touch, by their first number.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    /// Adds the numbers from `first` to `last`, none of which is in the set.
    pub(super) fn add(&mut self, first: u64, last: u64) {
        let mut first = first;
        let mut last = last;
        if let Some((before, end)) = self.0.range(..first).next_back()
            && end + 1 == first
        {
            first = *before;
        }
        if let Some(end) = self.0.remove(&(last + 1)) {
            last = end;
        }
        self.0.insert(first, last);
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.around(number).is_some()
    }

    /// Takes a number out; whether it was there.
    pub(super) fn remove(&mut self, number: u64) -> bool {
        let Some((first, last)) = self.around(number) else { return false };
        self.0.remove(&first);
        if first < number {
            self.0.insert(first, number - 1);
        }
        if number < last {
            self.0.insert(number + 1, last);
        }
        true
    }

    /// The lowest range, taken out.
    pub(super) fn pop(&mut self) -> Option<(u64, u64)> {
        self.0.pop_first()
    }

    /// How many ranges there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn around(&self, number: u64) -> Option<(u64, u64)> {
        let (first, last) = self.0.range(..=number).next_back()?;
        (*last >= number).then_some((*first, *last))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_are_a_set(steps in prop::collection::vec((0_u64..40, any::<bool>()), 0..200)) {
            let (mut ranges, mut set) = (Ranges::default(), std::collections::BTreeSet::new());
            for (number, is_added) in steps {
                if !is_added {
                    prop_assert_eq!(ranges.remove(number), set.remove(&number));
                } else if set.insert(number) {
                    ranges.add(number, number);
                }
                prop_assert_eq!(ranges.contains(number), set.contains(&number));
                let starts = set.iter().filter(|one| !set.contains(&one.wrapping_sub(1))).count();
                prop_assert_eq!(ranges.len(), starts);
            }
        }
    }
}
