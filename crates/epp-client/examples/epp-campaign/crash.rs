//! What if the program dies here: real processes that create and pay, and are killed with SIGKILL
//! at moments that the seed chooses.
//!
//! A child stores what the documentation tells it to store, before each step (ePP facts §3): the
//! tag before orders are created, the record of a payment before it is confirmed. Whoever is
//! started after it in the same folder finds out by that, and by nothing else, what has happened,
//! and goes on. In the end every order must be created once and paid once, and what the last
//! process believes must be true.

mod child;
mod notebook;

use std::{collections::BTreeMap, path::Path, time::Duration};

use rand::{RngExt, rngs::StdRng};
use sandbox::{
    Sandbox,
    epp::Epp,
    fault::{Fault, Rule},
};
use trial::{Failure, child::Child, plan::rng};

pub(crate) use self::child::run as child;
use self::{
    child::Word,
    notebook::{Notebook, Task},
};
use crate::{judge::Verdict, payer::COUNTDOWN, run::START, tally::Row};

/// The argument that makes a child of this program; its folder follows.
pub(crate) const CHILD: &str = "--child";

/// So many processes are killed in one folder; the one after them is left to do its work.
const KILLS: usize = 2;

/// No request of this phase waits longer inside the service, in milliseconds.
const LONGEST_DELAY: u64 = 60;

/// Runs the processes of a seed.
pub(crate) async fn seed(seed: u64) -> Result<Verdict, Failure> {
    let sandbox = Sandbox::builder().seed(seed).starting_at(START.parse()?).calm().start().await?;
    let epp = sandbox.epp();
    epp.set_otp_countdown(COUNTDOWN);
    let mut chance = rng(seed, "crash");
    slow_down(epp, &mut chance);
    let folder = tempfile::tempdir()?;
    let task = task(seed, epp, &mut chance)?;
    notebook::write(folder.path(), notebook::TASK, &task)?;

    let (path, service) = (folder.path().to_owned(), epp.clone());
    let processes = move || run(&path, &service, &mut chance);
    let mut verdict = tokio::task::spawn_blocking(processes).await??;
    epp.settle().await;
    judge(&mut verdict, &task, &notebook::read(folder.path(), notebook::NOTES)?, epp);
    for unexpected in epp.unexpected() {
        verdict.untrue(format!("a process sent what it must not: {}", unexpected.what));
    }
    sandbox.shutdown().await?;
    Ok(verdict)
}

/// What creates and pays takes a while, before and after it is done: time to die in.
fn slow_down(epp: &Epp, chance: &mut StdRng) {
    for (method, path) in [
        (http::Method::POST, "/payment-orders"),
        (http::Method::POST, "/payments"),
        (http::Method::PUT, "/payments"),
    ] {
        let ms = chance.random_range(10..=LONGEST_DELAY);
        epp.faults().push(Rule::new(Fault::DelayBefore { ms }).on(&method, path));
        let ms = chance.random_range(10..=LONGEST_DELAY);
        epp.faults().push(Rule::new(Fault::DelayAfter { ms }).on(&method, path));
    }
}

fn task(seed: u64, epp: &Epp, chance: &mut StdRng) -> Result<Task, Failure> {
    let account = epp.accounts().into_iter().next().ok_or("the sandbox has no account")?;
    let user = epp.users().into_iter().next().ok_or("the sandbox has no user")?;
    Ok(Task {
        seed,
        api: epp.base_url().to_owned(),
        web: epp.web_url().to_owned(),
        login: user.login.clone(),
        password: user.password().to_owned(),
        debtor: account.full_number(),
        orders: chance.random_range(1..=8),
    })
}

/// The processes one after the other, all but the last one killed.
fn run(folder: &Path, epp: &Epp, chance: &mut StdRng) -> Result<Verdict, Failure> {
    let mut verdict = Verdict::default();
    for _ in 0..KILLS {
        // Among the words of one process, the one after which it dies.
        let after = chance.random_range(0..9);
        let pause = Duration::from_millis(chance.random_range(0..=LONGEST_DELAY * 2));
        let mut process = Child::start([CHILD.as_ref(), folder.as_os_str()])?;
        let last = listen(&mut process, Some(after), folder, epp, &mut verdict)?;
        let was_running = process.kill_after(pause)?;
        // The pause may have brought it further than its last word that was heard.
        let last = listen(&mut process, None, folder, epp, &mut verdict)?.or(last);
        if was_running {
            verdict.tally.count(Row::Killed);
            last.as_ref().and_then(killed).into_iter().for_each(|row| verdict.tally.count(row));
        } else if !process.wait()? {
            return Err("a process failed before it was killed".into());
        }
    }
    let mut process = Child::start([CHILD.as_ref(), folder.as_os_str()])?;
    listen(&mut process, None, folder, epp, &mut verdict)?;
    if !process.wait()? {
        return Err("the last process failed".into());
    }
    Ok(verdict)
}

/// Hears a process out, or up to that many words, and gives it the passwords that it asks for;
/// its last word.
fn listen(
    process: &mut Child,
    words: Option<usize>,
    folder: &Path,
    epp: &Epp,
    verdict: &mut Verdict,
) -> Result<Option<Word>, Failure> {
    let mut last = None;
    for _ in 0..words.unwrap_or(usize::MAX) {
        let Some(line) = process.hear()? else { break };
        let word: Word = serde_json::from_str(&line)?;
        match &word {
            Word::Password { tag } => {
                let password = epp.one_time_password(tag).ok_or("there is no such payment")?;
                notebook::write(folder, &notebook::password_file(tag), &password)?;
            }
            Word::Met(met) => verdict.tally.count(met.row()),
            Word::Untrue { sentence } => verdict.untrue(sentence.clone()),
            _ => {}
        }
        last = Some(word);
    }
    Ok(last)
}

/// In the midst of what a process died.
fn killed(last: &Word) -> Option<Row> {
    match last {
        Word::Creating => Some(Row::KilledCreating),
        Word::Starting => Some(Row::KilledStarting),
        Word::Started | Word::Password { .. } => Some(Row::KilledBetween),
        Word::Confirming => Some(Row::KilledConfirming),
        _ => None,
    }
}

/// Everything was created once and paid once, and the last process knows it.
fn judge(verdict: &mut Verdict, task: &Task, notes: &Notebook, epp: &Epp) {
    let mut stored: BTreeMap<String, Vec<sandbox::epp::PaymentOrder>> = BTreeMap::new();
    for order in epp.orders() {
        stored.entry(order.external_id.clone().unwrap_or_default()).or_default().push(order);
    }
    let confirmed: Vec<_> =
        epp.payments().into_iter().filter(|one| one.payment_tag.is_some()).collect();
    for entry in task.entries() {
        let id = &entry.external_id;
        let copies = stored.remove(id).unwrap_or_default();
        let [order] = copies.as_slice() else {
            match copies.len() {
                0 => verdict.lost(format!("{id} is not stored after the kills")),
                count => {
                    verdict.duplicated(format!("{id} is stored {count} times after the kills"));
                }
            }
            continue;
        };
        if notes.created.get(id).map(|id| id.0) != i64::try_from(order.id).ok() {
            verdict.untrue(format!("{id} is believed to be {:?}", notes.created.get(id)));
        }
        match confirmed.iter().filter(|one| one.order_ids.contains(&order.id)).count() {
            1 if order.executions == 1 => {}
            0 | 1 => verdict.lost(format!("{id} is not paid after the kills")),
            count => verdict.duplicated(format!("{id} is paid {count} times after the kills")),
        }
    }
    for (id, _) in stored {
        verdict.untrue(format!("{id} is stored and nobody sent it"));
    }
    let believed = notes.paid.as_deref();
    if !confirmed.iter().any(|one| Some(one.payment_id_tag.as_str()) == believed) {
        verdict.untrue(format!("{believed:?} is believed to be the payment that was made"));
    }
}
