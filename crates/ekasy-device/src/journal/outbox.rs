//! The packages that wait for the event hub, and what follows from them about the cursor.
//!
//! An entry is one byte for the form (1), four for the length of its head (big-endian), the head as
//! JSON, and the body of the request as it goes out. A note that withdraws packages has no body.

use std::collections::BTreeSet;

use bytes::Bytes;
use common_core::store::{Entry, Position};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    ident::{CommandId, JpkId, JpkRange},
    packing::Package,
};

const FORM: u8 = 1;

/// Why documents go out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Purpose {
    /// As the schedule says; only this moves the cursor.
    Schedule,
    /// Because the repository asked for them with this command (CMD06).
    Request(CommandId),
    /// Once more, because the repository turned out to lack them (CMD12).
    Repeat,
}

/// A package that waits for the event hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub(super) position: Position,
    pub(super) purpose: Purpose,
    pub(super) package: Package,
}

impl Stored {
    /// Its place among the packages; what [`Journal::sent`](super::Journal::sent) is told.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Why it goes out.
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// The package, byte for byte as it was stored.
    pub fn package(&self) -> &Package {
        &self.package
    }
}

/// What stands before the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Head {
    Package(PackageHead),
    /// These packages are not sent any more, and count as if they had never been made.
    Withdrawn(Vec<Position>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PackageHead {
    pub(super) command_id: CommandId,
    pub(super) number: u32,
    pub(super) is_last: bool,
    pub(super) range: Option<JpkRange>,
    pub(super) purpose: Purpose,
}

/// A package without its body.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) position: Position,
    pub(super) head: PackageHead,
    pub(super) is_sent: bool,
}

impl Waiting {
    pub(super) fn last(&self) -> Option<JpkId> {
        self.head.range.map(JpkRange::last)
    }

    fn is_scheduled(&self) -> bool {
        self.head.purpose == Purpose::Schedule
    }
}

/// The heads of the packages that stand in the engine, and the cursor.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox {
    /// What the record of the cursor says.
    recorded: Option<JpkId>,
    /// In the order of their places; without those that were withdrawn.
    waiting: Vec<Waiting>,
    withdrawn: Vec<Waiting>,
    /// Notes that withdraw, whose packages may not be marked yet.
    unfinished: Vec<Position>,
}

impl Outbox {
    pub(super) fn new(recorded: Option<JpkId>) -> Self {
        Self { recorded, ..Self::default() }
    }

    /// Takes an entry, in the order of their places; `None` when it has another form.
    pub(super) fn take(&mut self, entry: &Entry) -> Option<()> {
        match decode(&entry.payload)?.0 {
            Head::Package(head) => {
                let (position, is_sent) = (entry.position, entry.acknowledged);
                self.waiting.push(Waiting { position, head, is_sent });
            }
            Head::Withdrawn(positions) => {
                self.forget(&positions);
                if !entry.acknowledged {
                    self.unfinished.extend(positions);
                    self.unfinished.push(entry.position);
                }
            }
        }
        Some(())
    }

    pub(super) fn add(&mut self, position: Position, head: PackageHead) {
        self.waiting.push(Waiting { position, head, is_sent: false });
    }

    /// Passes over withdrawn packages from now on.
    pub(super) fn forget(&mut self, positions: &[Position]) {
        let is_withdrawn = |waiting: &mut Waiting| positions.contains(&waiting.position);
        self.withdrawn.extend(self.waiting.extract_if(.., is_withdrawn));
    }

    /// What must be marked so that no more is to be done for notes that withdraw.
    pub(super) fn take_unfinished(&mut self) -> Vec<Position> {
        std::mem::take(&mut self.unfinished)
    }

    /// What is withdrawn with the package at that place, which must not have been sent: all parts
    /// of its document, and whatever was packed behind it for the same purpose.
    pub(super) fn withdrawn_with(&self, position: Position) -> Option<Vec<Position>> {
        let at = self.waiting.iter().position(|waiting| waiting.position == position)?;
        let target = self.waiting.get(at).filter(|target| !target.is_sent)?;
        let parts = (target.head.number as usize).saturating_sub(1).min(at);
        let behind = self.waiting.get(at - parts..).unwrap_or_default().iter();
        let same = behind.filter(|waiting| waiting.head.purpose == target.head.purpose);
        Some(same.map(|waiting| waiting.position).collect())
    }

    pub(super) fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }

    /// The package that goes out next.
    pub(super) fn next(&self) -> Option<&Waiting> {
        self.waiting.iter().find(|waiting| !waiting.is_sent)
    }

    pub(super) fn mark_sent(&mut self, position: Position) {
        for waiting in &mut self.waiting {
            waiting.is_sent |= waiting.position == position;
        }
    }

    /// The highest number in a package of the schedule.
    pub(super) fn packed(&self) -> Option<JpkId> {
        let scheduled = self.waiting.iter().filter(|waiting| waiting.is_scheduled());
        scheduled.filter_map(Waiting::last).max().max(self.recorded)
    }

    /// The cursor: up to here the event hub has taken everything.
    ///
    /// Packages go out in their order, so the last part of a document tells that all its parts are
    /// there, also when the others were removed already.
    pub(super) fn sent(&self) -> Option<JpkId> {
        let scheduled = self.waiting.iter().filter(|waiting| waiting.is_scheduled());
        let sent = scheduled.take_while(|waiting| waiting.is_sent);
        let complete = sent.filter(|waiting| waiting.head.is_last);
        complete.filter_map(Waiting::last).max().max(self.recorded)
    }

    /// The packages of one answer.
    pub(super) fn answers(&self, command: &CommandId) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter().filter(
            move |waiting| matches!(&waiting.head.purpose, Purpose::Request(id) if id == command),
        )
    }

    /// The commands whose answers stand here.
    pub(super) fn commands(&self) -> BTreeSet<CommandId> {
        let purposes =
            self.waiting.iter().chain(&self.withdrawn).map(|waiting| &waiting.head.purpose);
        purposes
            .filter_map(|purpose| match purpose {
                Purpose::Request(id) => Some(id.clone()),
                _ => None,
            })
            .collect()
    }

    /// Whether everything that was sent or withdrawn can be removed without a loss, as far as the
    /// packages tell: there is something to remove, it does not end in the midst of parts, and
    /// every document of a withdrawn package was sent in another one. Otherwise an engine that
    /// removes the note before the package would make it count as sent.
    pub(super) fn can_be_cleared(&self) -> bool {
        let is_midway = self.next().is_some_and(|next| next.head.number > 1);
        let scheduled = self.withdrawn.iter().filter(|waiting| waiting.is_scheduled());
        let is_made_good = scheduled.filter_map(Waiting::last).max() <= self.sent();
        let is_any = !self.withdrawn.is_empty() || self.waiting.iter().any(|one| one.is_sent);
        is_any && !is_midway && is_made_good
    }

    /// After the cursor was written down and what was sent was removed.
    pub(super) fn clear(&mut self, recorded: Option<JpkId>) {
        self.recorded = recorded;
        self.waiting.retain(|waiting| !waiting.is_sent);
        self.withdrawn.clear();
    }
}

impl PackageHead {
    pub(super) fn of(package: &Package, purpose: &Purpose) -> Self {
        Self {
            command_id: package.command_id().clone(),
            number: package.number(),
            is_last: package.is_last(),
            range: package.range(),
            purpose: purpose.clone(),
        }
    }
}

pub(super) fn encode_package(package: &Package, purpose: &Purpose) -> Vec<u8> {
    encode(&Head::Package(PackageHead::of(package, purpose)), package.body())
}

pub(super) fn encode_withdrawal(positions: Vec<Position>) -> Vec<u8> {
    encode(&Head::Withdrawn(positions), &[])
}

/// The package of an entry; `None` when it is none, or has another form.
pub(super) fn decode_package(entry: &Entry) -> Option<Stored> {
    let (Head::Package(head), body) = decode(&entry.payload)? else { return None };
    let body = Bytes::copy_from_slice(body);
    let PackageHead { command_id, number, is_last, range, purpose } = head;
    let package = Package::from_journal(command_id, (number, is_last), range, body);
    Some(Stored { position: entry.position, purpose, package })
}

fn encode(head: &Head, body: &[u8]) -> Vec<u8> {
    let head = json!(head).to_string();
    let length = u32::try_from(head.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[FORM], &length[..], head.as_bytes(), body].concat()
}

fn decode(entry: &[u8]) -> Option<(Head, &[u8])> {
    let (&[FORM], rest) = entry.split_first_chunk()? else { return None };
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (head, body) = rest.split_at_checked(length)?;
    Some((serde_json::from_slice(head).ok()?, body))
}
