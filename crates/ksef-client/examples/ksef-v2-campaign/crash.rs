//! What if the program dies here: real processes that send one batch and are killed with SIGKILL at
//! moments that the seed chooses.
//!
//! A child stores the state that its handles export, after each step and each part. Whoever is
//! started after it in the same folder goes on from that and from nothing else. In the end every
//! good invoice must be issued once, and what was stored must be true at every death.

mod child;
mod notebook;

use std::{path::Path, time::Duration};

use http::Method;
use ksef_client::v2::batch::BatchState;
use ksef_crypto::link::InvoiceHash;
use rand::{RngExt, rngs::StdRng};
use sandbox::{
    Sandbox,
    fault::{Fault, Rule},
    ksef_v2::{KsefV2, Limits},
};
use trial::{Failure, child::Child, plan::rng};

pub(crate) use self::child::run as child;
use self::{
    child::Word,
    notebook::{Notebook, Stage, Task},
};
use crate::{
    batcher,
    desk::Way,
    invoices::SELLER,
    judge::Truth,
    run::account,
    tally::{Row, Verdict},
};

/// The argument that makes a child of this program; its folder follows.
pub(crate) const CHILD: &str = "--child";

/// So many processes are killed in one folder; the one after them is left to do its work.
const KILLS: usize = 2;

/// No request of this phase waits longer inside the service, in milliseconds.
const LONGEST_DELAY: u64 = 40;

/// Runs the processes of a seed.
pub(crate) async fn seed(seed: u64) -> Result<Verdict, Failure> {
    let sandbox = Sandbox::builder().seed(seed).calm().start().await?;
    let ksef = sandbox.ksef_v2();
    ksef.set_limits(Limits::none());
    ksef.set_receipt_page(5);
    let mut chance = rng(seed, "crash");
    slow_down(ksef, &mut chance);
    let folder = tempfile::tempdir()?;
    let task = Task {
        seed,
        api: ksef.base_url(),
        token: ksef.token(SELLER).ok_or("the sandbox has no token of the seller")?,
        invoices: chance.random_range(6..=14),
    };
    notebook::write(folder.path(), notebook::TASK, &task)?;

    let (path, service) = (folder.path().to_owned(), ksef.clone());
    let processes = move || run(&path, &service, &mut chance);
    let mut verdict = tokio::task::spawn_blocking(processes).await??;
    ksef.settle().await;
    judge(&mut verdict, &task, &notebook::read(folder.path(), notebook::NOTES)?, ksef);
    for unexpected in ksef.unexpected() {
        verdict.untrue(format!("a process sent what it must not: {}", unexpected.what));
    }
    sandbox.shutdown().await?;
    Ok(verdict)
}

/// What sends takes a while, before and after it is done: time to die in.
fn slow_down(ksef: &KsefV2, chance: &mut StdRng) {
    for (method, path) in [
        (Method::POST, "/sessions/batch"),
        (Method::PUT, "/storage/batch-parts"),
        (Method::POST, "/sessions/batch/{referenceNumber}/close"),
    ] {
        for fault in [|ms| Fault::DelayBefore { ms }, |ms| Fault::DelayAfter { ms }] {
            let ms = chance.random_range(5..=LONGEST_DELAY);
            ksef.faults().push(Rule::new(fault(ms)).on(&method, path));
        }
    }
}

/// The processes one after the other, all but the last one killed.
fn run(folder: &Path, ksef: &KsefV2, chance: &mut StdRng) -> Result<Verdict, Failure> {
    let mut verdict = Verdict::default();
    for _ in 0..KILLS {
        // Among the words of one process, the one after which it dies.
        let after = chance.random_range(0..10);
        let pause = Duration::from_millis(chance.random_range(0..=LONGEST_DELAY * 2));
        let mut process = Child::start([CHILD.as_ref(), folder.as_os_str()])?;
        let last = listen(&mut process, Some(after), &mut verdict)?;
        let was_running = process.kill_after(pause)?;
        // The pause may have brought it further than its last word that was heard.
        let last = listen(&mut process, None, &mut verdict)?.or(last);
        if was_running {
            verdict.tally.count(killed(last.as_ref()));
            check_state(folder, ksef, &mut verdict)?;
        } else if !process.wait()? {
            return Err("a process failed before it was killed".into());
        }
    }
    let mut process = Child::start([CHILD.as_ref(), folder.as_os_str()])?;
    listen(&mut process, None, &mut verdict)?;
    if !process.wait()? {
        return Err("the last process failed".into());
    }
    Ok(verdict)
}

/// Hears a process out, or up to that many words; its last word.
fn listen(
    process: &mut Child,
    words: Option<usize>,
    verdict: &mut Verdict,
) -> Result<Option<Word>, Failure> {
    let mut last = None;
    for _ in 0..words.unwrap_or(usize::MAX) {
        let Some(line) = process.hear()? else { break };
        let word: Word = serde_json::from_str(&line)?;
        match word {
            Word::Resumed => verdict.tally.count(Row::RestartedUploading),
            Word::Untrue => verdict.untrue("a process uploaded parts that the service refuses"),
            _ => {}
        }
        last = Some(word);
    }
    Ok(last)
}

/// In the midst of what a process died.
fn killed(last: Option<&Word>) -> Row {
    match last {
        None | Some(Word::Begun) => Row::KilledBefore,
        Some(Word::Announcing) => Row::KilledAnnouncing,
        Some(Word::Announced | Word::Resumed | Word::Part) => Row::KilledUploading,
        Some(Word::Closing | Word::Closed | Word::Ended | Word::Untrue) => Row::KilledAfter,
    }
}

/// What a dead process had stored as uploaded lies in the storage, part by part.
fn check_state(folder: &Path, ksef: &KsefV2, verdict: &mut Verdict) -> Result<(), Failure> {
    let notes: Notebook = notebook::read(folder, notebook::NOTES).unwrap_or_default();
    let Stage::Announced(state) = notes.stage else { return Ok(()) };
    let token = Way::Token(ksef.token(SELLER).unwrap_or_default().into());
    let account = account(&ksef.base_url(), SELLER, &token)?;
    let upload = account.resume_batch(BatchState::from_json(&state.into())?);
    let reference = upload.reference().to_string();
    let stored = ksef.uploaded(&reference);
    let sessions = ksef.sessions();
    let is_open = sessions.iter().any(|one| one.reference == reference && one.status == 100);
    let missing: Vec<u64> = upload.missing().collect();
    for ordinal in (1..=notes.parts).filter(|ordinal| is_open && !missing.contains(ordinal)) {
        let file = std::fs::read(folder.join(format!("part-{ordinal:03}.aes")))?;
        let hash = InvoiceHash::of(&file).base64();
        if !stored.iter().any(|one| one.ordinal == ordinal && one.hash == hash) {
            verdict.untrue(format!("{reference}: part {ordinal} is stored as uploaded"));
        }
    }
    Ok(())
}

/// Everything was issued once, and the last process knows it.
fn judge(verdict: &mut Verdict, task: &Task, notes: &Notebook, ksef: &KsefV2) {
    let claims = notes.claims();
    batcher::judge(&task.invoices(), &claims, &Truth::of(ksef), verdict);
    let opened = ksef.sessions().len();
    if opened > notes.announcements {
        let announced = notes.announcements;
        verdict.duplicated(format!("{opened} batches were announced, {announced} were meant"));
    }
    if !matches!(notes.stage, Stage::Ended) {
        verdict.lost("the batch of the processes came to no end");
    }
}
