//! The state of the repository: settings, the registers it knows, and what was counted.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use serde::Serialize;

use super::archive::{Keep, Ledger};
use super::certificate::Certificate;
use super::command::{Command, Queued, Spelling, Timetable};
use super::ident::CommandId;
use super::parcel::Parcels;
use super::profile::Profile;
use super::register::{Kind, NewRegister, Register, State};

/// How many command identifiers of a register are remembered.
const REMEMBERED: usize = 256;

/// How many confirmed commands of a register are kept.
const FINISHED: usize = 1024;

/// What a test can set.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) profile: Profile,
    pub(super) timetable: Timetable,
    pub(super) spelling: Spelling,
    pub(super) token_life: TimeDelta,
    /// Bytes of a whole request that the Event Hub takes.
    pub(super) hub_limit: usize,
    /// Bytes of a whole request that the WebApi takes.
    pub(super) webapi_limit: usize,
    pub(super) keep: Keep,
    /// Checksums of programs that are not approved, in lower case.
    pub(super) refused_firmware: BTreeSet<String>,
    /// How long the repository takes for a package.
    pub(super) processing: TimeDelta,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            timetable: Timetable::default(),
            spelling: Spelling::default(),
            token_life: TimeDelta::hours(1),
            hub_limit: 256_000,
            webapi_limit: 100_000,
            keep: Keep::default(),
            refused_firmware: BTreeSet::new(),
            processing: TimeDelta::zero(),
        }
    }
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Statistics {
    /// Commands that registers sent to the CPD server, by their three letters.
    pub cpd: BTreeMap<String, u64>,
    /// Refusals of the CPD server, by their codes.
    pub refusals: BTreeMap<String, u64>,
    /// Refusals of fiscalisation, by their codes.
    pub fiscalisation_refusals: BTreeMap<String, u64>,
    /// Polls of the WebApi that were answered with 200 or 204.
    pub polls: u64,
    /// Commands that were delivered, repetitions included.
    pub deliveries: u64,
    /// Confirmations that were taken, repetitions included.
    pub confirmations: u64,
    /// Tokens that were given.
    pub tokens: u64,
    /// Packages that the Event Hub took, repetitions included.
    pub packages: u64,
    /// Packages that the Event Hub refused with 401.
    pub unauthorized: u64,
    /// What was wrong inside packages.
    pub violations: u64,
    /// The largest request that the Event Hub took, in bytes.
    pub largest_package: usize,
}

/// Everything behind the three channels.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) settings: Settings,
    pub(super) registers: BTreeMap<String, Record>,
    /// Registers whose certificates wait until somebody asks for them.
    pub(super) unmade: VecDeque<NewRegister>,
    pub(super) made: usize,
    pub(super) evidence_numbers: u64,
    pub(super) statistics: Statistics,
}

/// What the repository knows of one register.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) nip: String,
    pub(super) kind: Kind,
    pub(super) credentials: Option<Register>,
    pub(super) state: Option<State>,
    /// The certificates of CMD08, the latest one first.
    pub(super) tls: Vec<Certificate>,
    pub(super) encryption: Vec<Certificate>,
    pub(super) taxpayer: Option<String>,
    pub(super) serial_number: Option<String>,
    pub(super) evidence_number: Option<String>,
    /// What the last CMD10 was answered with.
    pub(super) firmware: Option<Verdict>,
    /// The fiscalisation status to answer the next CMD09 with.
    pub(super) refusal: Option<u8>,
    pub(super) queue: Vec<Queued>,
    pub(super) last_command: Option<DateTime<Utc>>,
    /// Identifiers that came, with a digest of what they came with.
    pub(super) sent: VecDeque<(String, [u8; 32])>,
    pub(super) ledger: Ledger,
    pub(super) parcels: Parcels,
}

/// Whether a program is approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Approved,
    Refused,
}

impl Store {
    /// Adds a register to the pool of unique numbers, or changes it there.
    pub(super) fn admit(&mut self, unique_number: &str, nip: &str, kind: Kind) -> &mut Record {
        let keep = self.settings.keep;
        let record = self.registers.entry(unique_number.to_owned()).or_default();
        nip.clone_into(&mut record.nip);
        record.kind = kind;
        record.ledger.set_keep(keep);
        record
    }

    /// The next evidence number of the year (source document, 2.2.7).
    pub(super) fn next_evidence_number(&mut self, now: DateTime<Utc>) -> String {
        self.evidence_numbers += 1;
        format!("{:04}/{:09}", now.year(), self.evidence_numbers)
    }

    /// The register that holds an evidence number.
    pub(super) fn holder(&self, evidence_number: &str) -> Option<(&String, &Record)> {
        let mut registers = self.registers.iter();
        registers.find(|(_, record)| record.evidence_number.as_deref() == Some(evidence_number))
    }

    /// Whether another register sent this certificate before.
    pub(super) fn is_of_another(&self, unique_number: &str, certificate: &Certificate) -> bool {
        let others = self.registers.iter().filter(|(number, _)| *number != unique_number);
        let mut certificates =
            others.flat_map(|(_, record)| record.tls.iter().chain(&record.encryption));
        certificates.any(|one| one.der == certificate.der)
    }
}

impl Record {
    /// Puts a command into the queue.
    pub(super) fn queue(
        &mut self,
        unique_number: &str,
        command: Command,
        priority: u8,
        now: DateTime<Utc>,
    ) -> String {
        // Identifiers differ in milliseconds only, so two in one millisecond must be parted.
        let earliest = self.last_command.map(|last| last + TimeDelta::milliseconds(1));
        let at = earliest.map_or(now, |earliest| earliest.max(now));
        self.last_command = Some(at);
        let command_id = CommandId::write(command.code(), unique_number, at);
        let queued = Queued { command_id, command, priority, deliveries: 0, confirmation: None };
        let id = queued.command_id.clone();
        self.queue.push(queued);
        if self.queue.len() > FINISHED
            && let Some(place) = self.queue.iter().position(|one| one.confirmation.is_some())
        {
            self.queue.remove(place);
        }
        id
    }

    /// The next command that waits, by priority.
    pub(super) fn next(&mut self) -> Option<&mut Queued> {
        let waiting = self.queue.iter_mut().filter(|one| one.confirmation.is_none());
        waiting.min_by_key(|one| std::cmp::Reverse(one.priority))
    }

    /// Remembers an identifier; false if it came before with something else.
    pub(super) fn note(&mut self, command_id: &str, digest: [u8; 32]) -> bool {
        if let Some((_, earlier)) = self.sent.iter().find(|(id, _)| id == command_id) {
            return *earlier == digest;
        }
        if self.sent.len() == REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back((command_id.to_owned(), digest));
        true
    }
}
