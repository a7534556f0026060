//! Looking for a cut when only trying tells how large the result is.

use super::error::PackError;

/// Something that was sealed and measured.
pub(super) struct Tried<T> {
    pub(super) size: usize,
    pub(super) result: T,
}

/// How many units are taken, and what became of them.
pub(super) struct Cut<T> {
    pub(super) count: usize,
    pub(super) tried: Tried<T>,
}

/// Whether so much is used that looking for more is not worth another attempt: fifteen sixteenths.
pub(super) fn is_full(size: usize, room: usize) -> bool {
    size >= room - room / 16
}

/// The weight that would have the size aimed at, if size went with weight: a little below the room,
/// so that the next attempt fits.
pub(super) fn aim(weight: usize, size: usize, room: usize) -> usize {
    let aimed = (room - room / 32) as u128;
    let weight = weight as u128 * aimed / (size.max(1) as u128);
    usize::try_from(weight).unwrap_or(usize::MAX)
}

/// A count of units from 1 to `count` whose result fits into `room` and either fills it well or is
/// the largest; `None` when not even one unit fits.
///
/// `weight` tells the weight of the first n units, for guessing; results need not grow with it
/// exactly. Guesses take turns with halving, so that there are at most two attempts for each
/// halving of `count`, whatever the results are.
pub(super) fn search<T>(
    (count, first): (usize, usize),
    room: usize,
    weight: impl Fn(usize) -> usize,
    mut attempt: impl FnMut(usize) -> Result<Tried<T>, PackError>,
) -> Result<Option<Cut<T>>, PackError> {
    let mut best: Option<Cut<T>> = None;
    let (mut fits, mut exceeds) = (0, count + 1);
    let mut next = first.clamp(1, count.max(1));
    for round in 0_usize.. {
        if exceeds - fits <= 1 {
            break;
        }
        let tried = attempt(next)?;
        let guess = aim(weight(next), tried.size, room);
        if tried.size <= room {
            fits = next;
            let is_enough = next == count || is_full(tried.size, room);
            best = Some(Cut { count: next, tried });
            if is_enough {
                break;
            }
        } else {
            exceeds = next;
        }
        let (low, high) = (fits + 1, exceeds.saturating_sub(1).max(fits + 1));
        next = if round % 2 == 0 {
            most(low, high, |n| weight(n) <= guess)
        } else {
            fits + (exceeds - fits) / 2
        };
    }
    Ok(best)
}

/// The largest number from `low` to `high` that holds, or `low`, when what holds holds for all
/// smaller ones.
fn most(low: usize, high: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (low, high);
    while low < high {
        let middle = high - (high - low) / 2;
        if holds(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cut for results of that size, and the number of attempts.
    fn run(count: usize, room: usize, size: impl Fn(usize) -> usize) -> (Option<usize>, usize) {
        let mut attempts = 0;
        let cut = search(
            (count, count),
            room,
            |n| n,
            |n| {
                attempts += 1;
                Ok(Tried { size: size(n), result: () })
            },
        );
        (cut.unwrap().map(|cut| cut.count), attempts)
    }

    #[test]
    fn a_result_in_proportion_takes_two_attempts() {
        let (cut, attempts) = run(10_000, 500_000, |n| 900 + n * 100);
        assert!((4_600..=5_000).contains(&cut.unwrap()), "{cut:?}");
        assert_eq!(attempts, 2);
    }

    #[test]
    fn any_result_that_grows_is_cut_well() {
        for room in [1, 2, 7, 60, 900, 5_000] {
            for (shape, size) in [
                ("square", (|n| n * n) as fn(usize) -> usize),
                ("steps", |n| n / 100 * 90),
                ("cliff", |n| if n < 300 { n } else { 100_000 }),
                ("root", |n| n.isqrt()),
            ] {
                let (cut, attempts) = run(1_000, room, size);
                let best = (1..=1_000).filter(|n| size(*n) <= room).max();
                assert!(attempts <= 22, "{shape} {room}: {attempts}");
                assert_eq!(cut.is_some(), best.is_some(), "{shape} {room}");
                if let (Some(cut), Some(best)) = (cut, best) {
                    assert!(size(cut) <= room);
                    assert!(
                        cut == best || is_full(size(cut), room),
                        "{shape} {room}: {cut} {best}"
                    );
                }
            }
        }
    }

    #[test]
    fn nothing_fits_where_one_unit_does_not() {
        assert_eq!(run(100, 5, |n| n + 5).0, None);
        assert_eq!(run(1, 0, |n| n).0, None);
    }
}
