//! A year of a busy register on virtual time: a million receipts, a daily report each night, a
//! schedule of two hours, the usual commands of the repository now and then.
//!
//! Run it with `cargo run --release -p ekasy-device --example ekasy-year`; a number behind it is
//! how many days to simulate (`-- 7` is a week). It talks to the sandbox inside this process;
//! nothing leaves the machine. It ends with what it took, and with an error when a single document
//! is missing, doubled or out of order, or when memory grew with the documents.

#![expect(clippy::print_stdout, reason = "the account is what the example is for")]

mod memory;
mod register;
mod still;

use std::{error::Error, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use common_core::secret::secret_bytes;
use common_http::VirtualClock;
use common_store::{SealKey, SqliteStore};
use ekasy_device::{
    Client, Environment,
    fiscalisation::{Fiscalisation, Order, Outcome},
    journal::{Journal, Journalled, Options as JournalOptions},
    worker::{Event, Handle, Options, Timing, Worker},
};
use sandbox::{
    Sandbox,
    crk::{Command, Crk, Keep, Kind},
};
use trial::Wrapped;

use register::{SoftwareRegister, credentials, document, frame, report, wires};
use still::Still;

type Fallible<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Receipts of a day: a million in a year.
const RECEIPTS: u64 = 2740;

/// Hours in which the shop is open.
const OPEN: u64 = 14;

/// Receipts that are journalled with one commit. A register commits each; what a commit costs is
/// measured elsewhere (`cargo xtask bench ekasy`).
const TOGETHER: u64 = 20;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Fallible {
    let days: u64 = std::env::args().nth(1).map_or(Ok(365), |days| days.parse())?;
    #[expect(clippy::disallowed_methods, reason = "the account says how long it took")]
    let started = std::time::Instant::now();
    let told = live(days).await?;
    let took = started.elapsed();
    println!("{days} days, {} documents, {} packages", told.documents, told.packages);
    let each_second = u128::from(told.documents) * 1000 / took.as_millis().max(1);
    println!("{} s, {each_second} documents in a second", took.as_secs());
    match (told.memory_early, memory::peak_kib()) {
        (Some(early), Some(peak)) => {
            println!(
                "{} MiB of memory after the first day, {} MiB at most",
                early / 1024,
                peak / 1024
            );
            // Pages of the store and of the double differ a little from day to day.
            if peak > early + early / 2 + 32 * 1024 {
                return Err("memory grew with the documents".into());
            }
        }
        _ => println!("this system does not tell how much memory was used"),
    }
    Ok(())
}

/// What a life was like.
struct Told {
    documents: u64,
    packages: u64,
    memory_early: Option<u64>,
}

/// Fiscalises a register and lets it trade for so many days.
async fn live(days: u64) -> Fallible<Told> {
    let morning: DateTime<Utc> = "2026-03-02T05:00:00Z".parse()?;
    let builder = Sandbox::builder().calm().without_sockets().starting_at(morning);
    let sandbox = builder.start().await?;
    let clock = Arc::new(VirtualClock::starting_at(morning));
    let crk = sandbox.crk();
    crk.set_keep(Keep::Counters);
    let mut registers = crk.registers().into_iter();
    let own = registers.find(|own| own.kind == Kind::Software).ok_or("there is no register")?;

    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open_with_clock(folder.path().join("journal.db"), clock.clone())?;
    let key = SealKey::new(1, secret_bytes(vec![7; 32]))?;
    let number = own.unique_number.parse()?;
    let options = JournalOptions::new(own.unique_number.parse()?, "year", key).lease(HOUR * 24);
    let journal = Journal::open(Arc::new(Wrapped::new(store, Still)), options).await?;
    let environment = Environment::at(crk.cpd_url(), crk.webapi_url(), crk.hub_url())?;
    let client = Client::builder(number, environment, wires(crk, &own), credentials(&own)?)
        .clock(clock.clone())
        .build()?;

    let device = Arc::new(SoftwareRegister);
    let timing = Timing::default().renew_lease(HOUR * 8);
    let nip = own.nip.clone();
    let options = Options::new(move |facts| frame(&nip, facts)).timing(timing);
    let order = Order::software(client.unique_number(), own.nip.parse()?)?;
    let (journal_of, options_of) = (journal.clone(), options.clone());
    let run = Fiscalisation::new(client.clone(), journal_of, device.clone(), options_of, order);
    match run.run().await? {
        Outcome::Fiscalised(_) => {}
        other => return Err(format!("the register is not fiscalised: {other:?}").into()),
    }

    let worker =
        Worker::new(client, journal.clone(), device, options).on_event(|event| complain(&event));
    let handle = worker.handle();
    let work = tokio::spawn(worker.run());
    let mut next = 2;
    let mut memory_early = None;
    for day in 0..days {
        trade(&journal, &handle, &mut next).await?;
        order_something(crk, &own.unique_number, day, next);
        memory_early = memory_early.or_else(memory::peak_kib);
    }
    tokio::time::sleep(HOUR * 3).await;
    crk.settle().await;
    handle.stop();
    work.await??;
    judge(crk, &own.unique_number, next - 1)?;
    let packages = crk.archive(&own.unique_number).packages;
    Ok(Told { documents: next - 1, packages, memory_early })
}

/// A day of the shop: receipts all day, the report in the evening, quiet at night.
async fn trade(journal: &Journal, handle: &Handle, next: &mut u64) -> Fallible {
    let groups = RECEIPTS / TOGETHER;
    let pause = HOUR * u32::try_from(OPEN)? / u32::try_from(groups)?;
    for _ in 0..groups {
        let receipts: Result<Vec<_>, _> = (*next..*next + TOGETHER)
            .map(|number| document(number).map(Journalled::Document))
            .collect();
        journal.append_all(receipts?).await?;
        handle.journalled();
        *next += TOGETHER;
        tokio::time::sleep(pause).await;
    }
    handle.append(report(*next)?).await?;
    *next += 1;
    tokio::time::sleep(HOUR * u32::try_from(24 - OPEN)?).await;
    Ok(())
}

/// Every week the repository wants something.
fn order_something(crk: &Crk, number: &str, day: u64, next: u64) {
    let command = match day % 28 {
        6 => Command::QrCode { threshold: 100 },
        13 => Command::CallServer { service: "KCS".to_owned() },
        20 => {
            let from = next.saturating_sub(5000).max(1);
            Command::Documents { from, to: from + 99, shipment_type: "ALL".to_owned() }
        }
        _ => return,
    };
    crk.queue(number, command);
}

fn complain(event: &Event) {
    if event.is_alarm() {
        println!("{event:?}");
    }
}

/// Whether everything arrived, once and in order, and every command was confirmed.
fn judge(crk: &Crk, number: &str, documents: u64) -> Fallible {
    let archive = crk.archive(number);
    let is_whole = archive.numbers == documents && archive.highest == documents;
    let is_clean = archive.gaps.is_empty() && archive.duplicated == 0 && archive.out_of_order == 0;
    if !is_whole || !is_clean {
        return Err(format!("the archive is not complete and continuous: {archive:?}").into());
    }
    let open = crk.commands(number).into_iter().filter(|one| one.confirmation.is_none());
    let (open, unexpected) = (open.count(), crk.unexpected().len());
    if open + unexpected > 0 {
        return Err(format!("{open} commands unconfirmed, {unexpected} complaints").into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[tokio::test(start_paused = true)]
    async fn a_week_arrives_complete_and_continuous() {
        let told = super::live(7).await.unwrap();
        assert_eq!(told.documents, 1 + 7 * (super::RECEIPTS + 1));
        assert!(told.packages >= 7 * 7, "{}", told.packages);
    }
}
