//! What the register did, as its log tells it.

use std::collections::{BTreeMap, BTreeSet};

use sandbox::crk::{Command, Queued};
use trial::{Failure, Verdict};

use crate::tally::Row;

/// The log of a register.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The last number that was sold.
    pub(crate) sold: u64,
    /// What was done, with the life in which it was, in order.
    did: Vec<(u64, String)>,
    /// After how many deeds a command was first heard to be in the journal. A kill can come
    /// between the journal and this.
    accepted: BTreeMap<String, usize>,
    /// After how many deeds a command was finished, each time.
    finished: BTreeMap<String, Vec<usize>>,
    evidence: BTreeSet<String>,
    alarms: Vec<String>,
}

impl Told {
    /// Reads a log. A last line that a kill cut off was never written.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let mut told = Self::default();
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let (round, rest) = line.split_once(' ').ok_or("a line of the log has no number")?;
            let (word, rest) = rest.split_once(' ').ok_or("a line of the log has no word")?;
            match word {
                "sold" => told.sold = rest.parse()?,
                "evidence" => drop(told.evidence.insert(rest.to_owned())),
                "alarm" => told.alarms.push(rest.to_owned()),
                "accepted" => {
                    told.accepted.entry(rest.to_owned()).or_insert(told.did.len());
                }
                "finished" => {
                    let id = rest.split(' ').next().unwrap_or_default().to_owned();
                    told.finished.entry(id).or_default().push(told.did.len());
                }
                _ => told.did.push((round.parse()?, rest.to_owned())),
            }
        }
        Ok(told)
    }

    /// Every command was carried out or refused once, and confirmed as what it was.
    pub(crate) fn judge_commands(&self, commands: &[Queued], verdict: &mut Verdict<Row>) {
        for one in commands {
            let id = &one.command_id;
            let code = one.confirmation.as_ref().map(|confirmation| confirmation.code.as_str());
            let is_bad = matches!(one.command, Command::Raw { .. });
            match code {
                None => verdict.lost(format!("{id} was never confirmed")),
                Some("0") if !is_bad => verdict.tally.count(Row::Executed),
                Some("1") if is_bad => verdict.tally.count(Row::Failed),
                Some(code) => verdict.untrue(format!("{id} was confirmed with {code}")),
            }
            let times = self.finished.get(id).map_or(0, Vec::len);
            if times > 1 {
                verdict.duplicated(format!("{id} was finished {times} times"));
            }
            verdict.tally.add(Row::Offered, one.deliveries.saturating_sub(1));
            if let Command::QrCode { threshold: threshold @ 1.. } = one.command {
                self.judge_deed(id, &format!("qr Above({threshold})"), verdict);
            }
        }
    }

    /// A deed is done once in a life, not again after its command was finished, and at all.
    fn judge_deed(&self, id: &str, deed: &str, verdict: &mut Verdict<Row>) {
        let done = || self.did.iter().enumerate().filter(|(_, (_, line))| line == deed);
        let lives: BTreeSet<u64> = done().map(|(_, (round, _))| *round).collect();
        if lives.is_empty() {
            verdict.lost(format!("{id} was never carried out"));
        }
        if lives.len() < done().count() {
            verdict.duplicated(format!("{id} was carried out twice in one life"));
        }
        let accepted = self.accepted.get(id);
        if accepted.is_some_and(|accepted| done().any(|(at, _)| at < *accepted)) {
            verdict.untrue(format!("{id} was carried out before it was journalled"));
        }
        let finished = self.finished.get(id).and_then(|times| times.first());
        if finished.is_some_and(|finished| done().any(|(at, _)| at >= *finished)) {
            verdict.duplicated(format!("{id} was carried out after it was finished"));
        }
    }

    /// One evidence number, everywhere; and nobody had to be called.
    pub(crate) fn judge_evidence(&self, evidence: &str, verdict: &mut Verdict<Row>) {
        if self.evidence.iter().any(|one| one != evidence) {
            verdict.lost("the register was told another evidence number before");
        }
        let written = self.did.iter().filter(|(_, line)| line.starts_with("write "));
        if written.clone().any(|(_, line)| !line.ends_with(evidence)) {
            verdict.untrue("another evidence number was written into a memory");
        }
        if written.count() == 0 {
            verdict.untrue("nothing was written into a memory");
        }
        for alarm in &self.alarms {
            verdict.untrue(format!("an alarm without a cause: {alarm}"));
        }
    }
}
