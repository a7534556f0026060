//! Holds the repository's archive against what the register produced.

use ekasy_device::journal::Journalled;
use sandbox::crk::{Archive, Document, Standing, State};
use serde_json::Value;
use trial::{Failure, Verdict};

use crate::{
    entries::{entry, is_in_gap},
    register::fiscalisation_report,
    tally::Row,
};

/// What a register of a campaign has done in its life.
pub(crate) struct Life<'a> {
    pub(crate) seed: u64,
    /// The last number that was journalled.
    pub(crate) last: u64,
    /// How many numbers commands asked for.
    pub(crate) requested: u64,
    /// The evidence number that the register has.
    pub(crate) evidence: &'a str,
    pub(crate) is_read_only: bool,
}

/// No document lost, none doubled, none changed, no gap, no other evidence number.
pub(crate) fn judge(
    life: &Life<'_>,
    archive: &Archive,
    standing: &Standing,
    verdict: &mut Verdict<Row>,
) -> Result<(), Failure> {
    for (first, last) in &archive.gaps {
        verdict.lost(format!("documents {first} to {last} never came"));
    }
    if archive.highest != life.last {
        verdict.lost(format!("the last document is {} and not {}", archive.highest, life.last));
    }
    if standing.evidence_number.as_deref() != Some(life.evidence) {
        verdict.lost("the register has another evidence number than the repository gave");
    }
    if archive.duplicated > 0 {
        verdict.duplicated(format!("documents {:?} came twice, unasked", archive.duplicates));
    }
    if archive.requested > life.requested {
        let (came, asked) = (archive.requested, life.requested);
        verdict.duplicated(format!("{came} numbers came on request, and {asked} were asked for"));
    }
    if archive.requested < life.requested {
        let (came, asked) = (archive.requested, life.requested);
        verdict.lost(format!("{came} numbers came on request, and {asked} were asked for"));
    }
    for (what, count) in [
        ("came out of order", archive.out_of_order),
        ("wait for other parts", archive.waiting_parts),
    ] {
        if count > 0 {
            verdict.untrue(format!("{count} documents {what}"));
        }
    }
    for violation in &archive.violations {
        verdict.untrue(format!("the repository found that {violation}"));
    }
    if life.is_read_only
        && (standing.state, archive.announced) != (Some(State::ReadOnly), Some(life.last))
    {
        verdict.untrue("the repository does not know that the register is read-only");
    }
    for document in &archive.documents {
        if !is_what_was_made(life, document)? {
            verdict.untrue(format!("document {} is not what was made", document.jpk_id));
        }
    }
    verdict.tally.add(Row::Documents, archive.numbers);
    verdict.tally.add(Row::Requested, archive.requested);
    verdict.tally.add(Row::InParts, archive.joined);
    verdict.tally.add(Row::SentAgain, archive.resends);
    Ok(())
}

/// Whether it has the content that the register made; of a short form its number says enough.
fn is_what_was_made(life: &Life<'_>, came: &Document) -> Result<bool, Failure> {
    let number = came.jpk_id;
    if is_in_gap(number) || came.kind == "info" {
        return Ok(is_in_gap(number) == is_gap(came));
    }
    let made = match number {
        1 => fiscalisation_report("1".parse()?, life.evidence),
        _ => match entry(life.seed, number)? {
            Journalled::Document(document) => document.bytes().to_vec(),
            Journalled::Gap(_) => return Ok(false),
        },
    };
    let made: Value = serde_json::from_slice(&made)?;
    Ok(made.get(&came.kind) == Some(&came.document))
}

fn is_gap(came: &Document) -> bool {
    came.kind == "info" && came.document["typObiektu"].as_u64() == Some(9)
}
