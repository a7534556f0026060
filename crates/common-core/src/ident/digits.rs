//! The arithmetic that check digits share.

use super::error::{Flaw, IdentError, Identifier};

/// Returns `text` without `separators` when exactly `count` ASCII digits remain.
pub(super) fn only_digits(
    identifier: Identifier,
    text: &str,
    separators: &[char],
    count: usize,
) -> Result<Box<str>, IdentError> {
    let kept: String = text.chars().filter(|c| !separators.contains(c)).collect();
    if !kept.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(IdentError::new(identifier, Flaw::Character));
    }
    if kept.len() != count {
        return Err(IdentError::new(identifier, Flaw::Length));
    }
    Ok(kept.into())
}

/// The sum of digit times weight over as many digits as there are weights.
pub(super) fn weighted_sum(text: &str, weights: &[u32]) -> u32 {
    text.chars()
        .filter_map(|c| c.to_digit(10))
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .sum()
}

/// The last digit of `text`.
pub(super) fn last(text: &str) -> Option<u32> {
    text.chars().last().and_then(|c| c.to_digit(10))
}

/// The remainder of the number that `text` writes, of any length, divided by `modulus`.
///
/// Letters count as 10 for `A` up to 35 for `Z`, as ISO 7064 and ISO 13616 prescribe.
pub(super) fn remainder(text: impl Iterator<Item = char>, modulus: u32) -> u32 {
    text.filter_map(|c| c.to_digit(36)).fold(0, |remainder, value| {
        let shift = if value < 10 { 10 } else { 100 };
        (remainder * shift + value) % modulus
    })
}
