//! Changes of an input, all drawn from a generator that a number seeds.

use rand::{RngExt, rngs::StdRng};

/// No input grows beyond this; longer seeds are run as they are and not changed into longer ones.
const LONGEST: usize = 16 * 1024;

/// Bytes that mean something in one of the formats.
const TELLING: &[u8] =
    b"\0\t\n\r \"#%&'+,-./0123456789:;<=>?@TZ[\\]_eztxw{}\x7f\x80\xbb\xbf\xc3\xef\xff";

/// An input that follows from the seeds and the generator: one seed in a few steps, or noise.
pub(crate) fn input(seeds: &[Vec<u8>], random: &mut StdRng) -> Vec<u8> {
    if seeds.is_empty() || random.random_ratio(1, 20) {
        return noise(random);
    }
    let mut input = pick(seeds, random).to_vec();
    for _ in 0..random.random_range(1..=6) {
        change(&mut input, seeds, random);
    }
    input.truncate(LONGEST.max(input.len().min(pick(seeds, random).len())));
    input
}

/// A few random bytes, half of them telling ones.
fn noise(random: &mut StdRng) -> Vec<u8> {
    let length = random.random_range(0..64);
    (0..length).map(|_| byte(random)).collect()
}

fn byte(random: &mut StdRng) -> u8 {
    if random.random() { TELLING[random.random_range(0..TELLING.len())] } else { random.random() }
}

fn pick<'s>(seeds: &'s [Vec<u8>], random: &mut StdRng) -> &'s [u8] {
    &seeds[random.random_range(0..seeds.len())]
}

/// A part of some bytes, mostly a short one.
fn part(length: usize, random: &mut StdRng) -> std::ops::Range<usize> {
    let from = random.random_range(0..=length);
    let most = if random.random_ratio(3, 4) { 16 } else { 1024 };
    from..(from + random.random_range(0..=most)).min(length)
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut StdRng) {
    let length = input.len();
    let at = random.random_range(0..=length);
    match random.random_range(0..7) {
        0 if at < length => input[at] ^= 1 << random.random_range(0..8),
        1 if at < length => input[at] = byte(random),
        2 => drop(input.drain(part(length, random))),
        3 => input.insert(at, byte(random)),
        4 => {
            let copy = input[part(length, random)].to_vec();
            input.splice(at..at, copy);
        }
        5 => {
            let other = pick(seeds, random);
            let piece = other[part(other.len(), random)].to_vec();
            input.splice(at..at, piece);
        }
        _ => {
            // The beginning of this one and the end of another.
            let other = pick(seeds, random);
            input.truncate(at);
            input.extend_from_slice(&other[random.random_range(0..=other.len())..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn inputs_follow_from_the_number_and_are_not_all_alike() {
        let seeds = [b"<a>1</a>".to_vec(), vec![7; 20_000], Vec::new()];
        let some = |number| -> Vec<_> {
            let mut random = StdRng::seed_from_u64(number);
            (0..300).map(|_| input(&seeds, &mut random)).collect()
        };
        let mut inputs = some(1);
        assert_eq!(inputs, some(1));
        assert_ne!(inputs, some(2));
        assert!(inputs.iter().all(|input| input.len() <= 20_000));
        inputs.sort();
        inputs.dedup();
        assert!(inputs.len() > 250, "{}", inputs.len());
    }
}
