//! A document that is too large for one request, in parts (source document, section 2.3.2.2).

use super::{
    error::PackError,
    package::{Package, Place},
    packer::Sealer,
    plan::{CutPolicy, Plan},
    search::{Tried, search},
};
use crate::ident::JpkRange;

/// The least that a part other than the last must carry, in bytes: below that, the limit leaves no
/// room for documents at all, and one document would become a flood of requests.
const LEAST: usize = 64;

/// One JPK structure in as many parts as it needs.
pub(super) fn split(
    plan: &Plan,
    sealer: &mut dyn Sealer,
    range: JpkRange,
    structure: &[u8],
) -> Result<Vec<Package>, PackError> {
    let mut seal = |part: &[u8]| sealer.seal(part).map_err(PackError::Seal);
    match plan.cut {
        CutPolicy::Plaintext => cut_bytes(plan, range, structure, &mut seal),
        CutPolicy::Compressed => {
            let compressed = sealer.compress(structure).map_err(PackError::Seal)?;
            let mut seal = |part: &[u8]| sealer.seal_compressed(part).map_err(PackError::Seal);
            cut_bytes(plan, range, &compressed, &mut seal)
        }
        CutPolicy::SealedText => {
            let text = seal(structure)?;
            // A text that is sealed already is only written into its request.
            let mut keep = |part: &[u8]| Ok(String::from_utf8_lossy(part).into_owned());
            cut_bytes(plan, range, text.as_bytes(), &mut keep)
        }
    }
}

fn cut_bytes(
    plan: &Plan,
    range: JpkRange,
    bytes: &[u8],
    seal: &mut dyn FnMut(&[u8]) -> Result<String, PackError>,
) -> Result<Vec<Package>, PackError> {
    let room = plan.limits.body();
    let too_small =
        || PackError::LimitTooSmall { id: Some(range.first()), limit: plan.limits.whole() };
    let mut parts = Vec::new();
    let (mut rest, mut guess) = (bytes, bytes.len());
    for number in 1.. {
        let attempt = |count: usize| {
            let (part, behind) = rest.split_at(boundary(rest, count));
            let place = Place { number, is_last: behind.is_empty(), range: Some(range) };
            let package = Package::new(&plan.command_id, place, seal(part)?)?;
            Ok(Tried { size: package.body().len(), result: package })
        };
        let cut = search((rest.len(), guess), room, |count| count, attempt)?;
        let cut = cut.ok_or_else(too_small)?;
        let taken = boundary(rest, cut.count);
        rest = rest.get(taken..).unwrap_or_default();
        guess = taken;
        parts.push(cut.tried.result);
        if rest.is_empty() {
            return Ok(parts);
        }
        if taken < LEAST {
            break;
        }
    }
    Err(too_small())
}

/// That length, or a little less, so that no character is cut in two.
fn boundary(bytes: &[u8], count: usize) -> usize {
    let starts = |at: usize| bytes.get(at).is_none_or(|byte| byte & 0b1100_0000 != 0b1000_0000);
    let nearest = (count.saturating_sub(3).max(1)..=count).rev().find(|at| starts(*at));
    nearest.unwrap_or(count)
}
