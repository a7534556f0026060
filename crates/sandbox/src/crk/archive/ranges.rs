//! Sets of whole numbers as ranges, so that a million neighbours take one entry.

use std::collections::BTreeMap;

/// Disjoint ranges that do not touch: the first number and the last one of each.
#[derive(Debug, Default)]
pub(super) struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    /// Adds the numbers from `first` to `last`; true if none of them was there before.
    pub(super) fn insert(&mut self, first: u64, last: u64) -> bool {
        let (mut start, mut end, mut fresh) = (first, last.max(first), true);
        // The range before may reach into the new one or touch it; so may those that follow.
        while let Some((&low, &high)) = self.0.range(..=end.saturating_add(1)).next_back() {
            if high.saturating_add(1) < start {
                break;
            }
            fresh &= high < first || low > last;
            (start, end) = (start.min(low), end.max(high));
            self.0.remove(&low);
        }
        self.0.insert(start, end);
        fresh
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.0.range(..=number).next_back().is_some_and(|(_, &last)| number <= last)
    }

    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    pub(super) fn list(&self) -> Vec<(u64, u64)> {
        self.0.iter().map(|(&first, &last)| (first, last)).collect()
    }

    /// The ranges from 1 to `end` that are not in the set.
    pub(super) fn gaps(&self, end: u64) -> Vec<(u64, u64)> {
        let mut gaps = Vec::new();
        let mut next = 1;
        for (&first, &last) in &self.0 {
            if first > next {
                gaps.push((next, first - 1));
            }
            next = next.max(last.saturating_add(1));
        }
        if next <= end {
            gaps.push((next, end));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_are_the_same_set_as_single_numbers(pairs in prop::collection::vec((1_u64..40, 0_u64..6), 0..20)) {
            let (mut ranges, mut single) = (Ranges::default(), BTreeSet::new());
            for (first, more) in pairs {
                let numbers: Vec<u64> = (first..=first + more).collect();
                let fresh = numbers.iter().all(|number| !single.contains(number));
                single.extend(numbers);
                prop_assert_eq!(ranges.insert(first, first + more), fresh);
            }
            prop_assert_eq!(ranges.count(), single.len() as u64);
            for number in 0..60 {
                prop_assert_eq!(ranges.contains(number), single.contains(&number));
            }
            let missing: BTreeSet<u64> = (1..=50).filter(|number| !single.contains(number)).collect();
            let listed: BTreeSet<u64> =
                ranges.gaps(50).into_iter().flat_map(|(first, last)| first..=last).collect();
            prop_assert_eq!(listed, missing);
        }
    }
}
