//! How often each kind of trouble and each kind of outcome was met, so that a campaign in which
//! nothing happened cannot pass for a good one.

use std::{collections::BTreeMap, fmt};

/// What a campaign counts; [`rows!`](crate::rows) declares such a type.
pub trait Row: Copy + Ord + fmt::Display + fmt::Debug + Send + 'static {
    /// All rows, in the order in which they are printed.
    const ALL: &'static [Self];
}

/// The counts of one seed or of all.
#[derive(Clone, Debug)]
pub struct Tally<R>(BTreeMap<R, u64>);

/// Declares the rows of a campaign in the order in which they are printed.
///
/// # Examples
///
/// ```
/// use trial::Tally;
///
/// trial::rows! {
///     AnswerLost = "faults: answer lost",
///     Accepted = "documents: accepted",
/// }
///
/// let mut tally = Tally::default();
/// tally.count(Row::Accepted);
/// assert_eq!(tally.missing().map(|row| row.to_string()).collect::<Vec<_>>(), ["faults: answer lost"]);
/// ```
#[macro_export]
macro_rules! rows {
    ($($name:ident = $words:literal,)+) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Row {
            $(#[doc = $words] $name,)+
        }

        impl $crate::Row for Row {
            const ALL: &'static [Self] = &[$(Self::$name,)+];
        }

        impl ::std::fmt::Display for Row {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(match self {
                    $(Self::$name => $words,)+
                })
            }
        }
    };
}

impl<R: Row> Tally<R> {
    /// Counts one.
    pub fn count(&mut self, row: R) {
        self.add(row, 1);
    }

    /// Counts several.
    pub fn add(&mut self, row: R, times: u64) {
        *self.0.entry(row).or_default() += times;
    }

    /// Takes over the counts of another tally.
    pub fn join(&mut self, other: Self) {
        for (row, times) in other.0 {
            self.add(row, times);
        }
    }

    /// What was never met.
    pub fn missing(&self) -> impl Iterator<Item = R> {
        R::ALL.iter().copied().filter(|row| self.times(*row) == 0)
    }

    /// How often it was met.
    pub fn times(&self, row: R) -> u64 {
        self.0.get(&row).copied().unwrap_or_default()
    }
}

impl<R> Default for Tally<R> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

/// A row per line, also those that were never met.
impl<R: Row> fmt::Display for Tally<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        R::ALL.iter().try_for_each(|row| writeln!(f, "{:>8}  {row}", self.times(*row)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::rows! {
        Met = "met",
        Missed = "missed",
    }

    #[test]
    fn a_row_that_was_never_met_is_printed_and_named_as_missing() {
        let mut tally = Tally::default();
        tally.add(Row::Met, 3);
        assert_eq!(tally.to_string(), "       3  met\n       0  missed\n");
        assert_eq!(tally.missing().collect::<Vec<_>>(), [Row::Missed]);
    }

    #[test]
    fn joined_tallies_add_up() {
        let (mut one, mut other) = (Tally::default(), Tally::default());
        one.count(Row::Met);
        other.add(Row::Met, 2);
        other.count(Row::Missed);
        one.join(other);
        assert_eq!((one.times(Row::Met), one.times(Row::Missed)), (3, 1));
    }
}
