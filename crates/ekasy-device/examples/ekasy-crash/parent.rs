//! One seed: a repository, a register that is killed again and again, and the verdict.

use std::{path::Path, time::Duration};

use ekasy_device::{ident::JpkId, journal::Journal};
use http::Method;
use rand::{RngExt, rngs::StdRng};
use sandbox::{
    Sandbox,
    crk::{Command, Crk, Kind, Register, State},
    fault::{Fault, Rule, Turn},
};
use tokio::task::spawn_blocking;
use trial::{Failure, Verdict, child::Child};

use crate::{
    CHILD, child,
    entries::answered,
    judge::{Life, judge},
    orders::{command, rng, timetable},
    tally::Row,
    task::Task,
    told::Told,
};

/// Rows of the fiscalisation behind the one that sends the report.
const REPORT_SENT: u8 = 14;

/// Runs one seed.
pub(crate) async fn seed(seed: u64) -> Result<Verdict<Row>, Failure> {
    // A hostile sandbox would have the register wait, and it waits in real time here.
    let sandbox = Sandbox::builder().calm().seed(seed).start().await?;
    let crk = sandbox.crk();
    crk.set_timetable(timetable(seed));
    forget_a_confirmation(crk, seed);
    hesitate(crk);
    let kind = if seed.is_multiple_of(2) { Kind::Software } else { Kind::Hardware };
    let registers = crk.registers();
    let register = registers.into_iter().find(|register| register.kind == kind);
    let register = register.ok_or("the sandbox has no such register")?;
    let mut random = rng(seed, 0);
    let task = Task {
        seed,
        number: register.unique_number.clone(),
        is_software: kind == Kind::Software,
        cpd: crk.cpd_url().to_owned(),
        web_api: crk.webapi_url().to_owned(),
        hub: crk.hub_url().to_owned(),
        // Where documents go out by the hour, only a daily report sends the last ones in time.
        last: match seed % 3 {
            0 => 11 * random.random_range(2..=4),
            _ => random.random_range(12..=45),
        },
        ends_read_only: seed.is_multiple_of(4),
    };
    let folder = tempfile::tempdir()?;
    give(folder.path(), crk, &register, &task)?;

    let mut verdict = Verdict::default();
    let mut round = 0;
    for _ in 0..random.random_range(3..=8) {
        ask(crk, &task, round, &mut random);
        kill(folder.path(), round, &mut random).await?;
        look(folder.path(), &task, &mut verdict).await?;
        round += 1;
    }
    ask(crk, &task, round, &mut random);
    if !finish(folder.path(), round, crk, &task).await? {
        verdict.lost("the register did not come to an end");
    }
    conclude(folder.path(), crk, &task, &mut verdict).await?;
    sandbox.shutdown().await?;
    Ok(verdict)
}

/// The WebApi says that it took a confirmation and forgets it: the command comes again.
fn forget_a_confirmation(crk: &Crk, seed: u64) {
    let forgotten = Fault::Reply { status: 204, retry_after: None };
    let rule = Rule::new(forgotten).on(&Method::POST, "/api/Repository/Command");
    crk.faults().push(rule.turn(Turn::Nth(1 + seed % 3)));
}

/// What was processed is answered a moment later, so that kills fall in between now and then.
fn hesitate(crk: &Crk) {
    for (method, path, ms) in [
        (Method::POST, "/api/SerwerCPD/Command", 25),
        (Method::POST, "/e-kasy/publishers/{publisher}/messages", 25),
    ] {
        let rule = Rule::new(Fault::DelayAfter { ms }).on(&method, path);
        crk.faults().push(rule.turn(Turn::PerThousand(500)));
    }
}

/// Everything that the producer gives a register.
fn give(folder: &Path, crk: &Crk, register: &Register, task: &Task) -> Result<(), Failure> {
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes);
    let (tls, encryption) = (register.tls(), register.encryption());
    write("tls.der", tls.certificate_der())?;
    write("encryption.der", encryption.certificate_der())?;
    write("key.der", encryption.key_der())?;
    write("producer.der", register.producer_der())?;
    let identity = [tls.certificate_pem(), register.producer_pem(), tls.key_pem().to_owned()];
    write("identity.pem", identity.concat().as_bytes())?;
    write("authorities.pem", crk.ca_pem().as_bytes())?;
    write(child::TASK, &serde_json::to_vec(task)?)?;
    Ok(())
}

/// Gives the register something to do. Documents are asked for once they have arrived.
fn ask(crk: &Crk, task: &Task, round: u64, random: &mut StdRng) {
    let highest = crk.archive(&task.number).highest;
    for which in 0..random.random_range(1..=3) {
        let chosen = match command(task.seed, round * 10 + which, highest) {
            Command::Documents { .. } if highest == 0 => Command::QrCode { threshold: -1 },
            chosen => chosen,
        };
        crk.queue(&task.number, chosen);
    }
}

/// A life of the register until the seed's moment.
async fn kill(folder: &Path, round: u64, random: &mut StdRng) -> Result<(), Failure> {
    let mut child = start(folder, round)?;
    // The first lives end in fiscalisation as a rule, in which little is said.
    let is_early = round < 3 || random.random_range(0..4) == 0;
    let lines = if is_early { 0 } else { random.random_range(1..30) };
    let longest = if is_early { 300_000 } else { 12_000 };
    let pause = Duration::from_micros(random.random_range(0..longest));
    spawn_blocking(move || {
        // One that ends by itself says why in its log.
        let is_alive = (0..lines).try_fold(true, |_, _| child.hear().map(|line| line.is_some()));
        let pause = if is_alive? { pause } else { Duration::ZERO };
        child.kill_after(pause).map(drop)
    })
    .await?
}

fn start(folder: &Path, round: u64) -> Result<Child, Failure> {
    let folder = folder.to_str().ok_or("the folder has a strange name")?;
    Child::start([CHILD, folder, &round.to_string()])
}

/// What stood in the journal when the register was killed.
async fn look(folder: &Path, task: &Task, verdict: &mut Verdict<Row>) -> Result<(), Failure> {
    let journal = child::journal(folder, task).await?;
    let registration = journal.registration().await?;
    let tally = &mut verdict.tally;
    match registration.fiscalisation.map(|record| record.row) {
        None => tally.count(Row::KilledOpening),
        Some(row) if row + 1 < REPORT_SENT => tally.count(Row::KilledFiscalising),
        Some(row) if row < REPORT_SENT => tally.count(Row::KilledAtReport),
        Some(_) => tally.count(Row::KilledSelling),
    }
    if journal.waiting().await? > 0 {
        tally.count(Row::KilledPacked);
    }
    if journal.progress().await?.unpacked().is_some() {
        tally.count(Row::KilledUnpacked);
    }
    for (_, state) in journal.open_commands().await? {
        let is_finished = state.finished.is_some();
        tally.count(if is_finished { Row::KilledUnconfirmed } else { Row::KilledInCommand });
    }
    Ok(())
}

/// The last life: until nothing is left to do. False when that never comes.
async fn finish(folder: &Path, round: u64, crk: &Crk, task: &Task) -> Result<bool, Failure> {
    let mut child = start(folder, round)?;
    let (crk, task) = (crk.clone(), task.clone());
    spawn_blocking(move || {
        while let Some(line) = child.hear()? {
            if line == child::IDLE && is_done(&crk, &task) {
                child.kill_after(Duration::ZERO)?;
                return Ok(true);
            }
        }
        Ok(false)
    })
    .await?
}

fn is_done(crk: &Crk, task: &Task) -> bool {
    let commands = crk.commands(&task.number);
    let is_confirmed = commands.iter().all(|one| one.confirmation.is_some());
    let is_ended = crk.state(&task.number) == Some(State::ReadOnly);
    let has_all = crk.archive(&task.number).highest >= task.last;
    is_confirmed && has_all && (is_ended || !task.ends_read_only)
}

/// Holds everything together.
async fn conclude(
    folder: &Path,
    crk: &Crk,
    task: &Task,
    verdict: &mut Verdict<Row>,
) -> Result<(), Failure> {
    let journal = child::journal(folder, task).await?;
    let told = Told::read(&std::fs::read_to_string(folder.join(child::LOG))?)?;
    let commands = crk.commands(&task.number);
    told.judge_commands(&commands, verdict);
    let registration = journal.registration().await?;
    let Some(evidence) = registration.evidence_number else {
        verdict.lost("the journal has no evidence number");
        return Ok(());
    };
    told.judge_evidence(evidence.as_str(), verdict);
    let last = last(&journal, &told, verdict).await?;
    let asked = commands.iter().map(|one| match one.command {
        Command::Documents { from, to, .. } => answered(from, to),
        _ => 0,
    });
    let life = Life {
        seed: task.seed,
        last,
        requested: asked.sum(),
        evidence: evidence.as_str(),
        is_read_only: task.ends_read_only,
    };
    let archive = crk.archive(&task.number);
    let standing = crk.standing(&task.number).ok_or("the register is not in the pool")?;
    judge(&life, &archive, &standing, verdict)?;
    for one in crk.unexpected() {
        if !archive.violations.contains(&one.what) {
            verdict.untrue(format!("the register sent what it must not: {}", one.what));
        }
    }
    let asked = crk.statistics().cpd.get("MFP").copied().unwrap_or_default();
    verdict.tally.add(Row::AskedAgain, asked.saturating_sub(1));
    verdict.tally.add(Row::Fiscalised, 1);
    verdict.tally.add(Row::Ended, u64::from(task.ends_read_only));
    Ok(())
}

/// The last number of the journal, which must have everything that was sold and know it as sent.
async fn last(journal: &Journal, told: &Told, verdict: &mut Verdict<Row>) -> Result<u64, Failure> {
    let progress = journal.progress().await?;
    let last = progress.journalled.map_or(0, JpkId::get);
    if told.sold > last {
        verdict.lost(format!("{} was sold, and the journal ends at {last}", told.sold));
    }
    if progress.sent != progress.journalled || journal.waiting().await? > 0 {
        verdict.untrue("the journal does not know that everything was sent");
    }
    Ok(last)
}
