//! The life of a register, on this machine alone and in seconds: a register in software is
//! fiscalised, sells 2,000 receipts in three days, survives two crashes and an outage, gets a new
//! timetable, an order about QR codes and a request for old documents, and ends its life
//! read-only. Then the repository's archive is checked number by number.
//!
//! Run it with `cargo xtask demo ekasy`. It talks to the sandbox, a local double of the repository,
//! over loopback with TLS; nothing leaves the machine. Time is virtual.

#![expect(clippy::print_stdout, reason = "the account is what the demo is for")]

mod account;
mod books;
mod goods;
#[expect(dead_code, reason = "campaigns have registers of both makes")]
#[path = "../ekasy-till/register.rs"]
mod register;
mod shop;
#[path = "../ekasy-till/still.rs"]
mod still;
#[path = "../ekasy-year/still.rs"]
mod store;

use std::{path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};
use ekasy_device::code::ReadOnlyReason;
use http::Method;
use sandbox::{
    Sandbox,
    crk::{Command, Timetable},
    fault::{Fault, Rule},
};
use tokio::time::sleep;
use trial::Failure;

use crate::shop::{HOUR, Shop, Till};

type Outcome<T = ()> = Result<T, Failure>;

/// When the shop opens for the first time, in UTC.
const MORNING: &str = "2026-03-02T06:00:00Z";

/// Where documents go.
const MESSAGES: &str = "/e-kasy/publishers/{publisher}/messages";

/// Receipts of each day.
const DAYS: [u64; 3] = [667, 667, 666];

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Outcome {
    let root = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    let folder = root.join("target/demo/ekasy");
    std::fs::create_dir_all(&folder)?;
    #[expect(clippy::disallowed_methods, reason = "the account says how long it took")]
    let started = std::time::Instant::now();
    account::opening(DAYS.iter().sum());

    let morning: DateTime<Utc> = MORNING.parse()?;
    let written = tempfile::tempdir()?;
    let builder = Sandbox::builder().calm().starting_at(morning).data(written.path());
    let sandbox = builder.start().await?;
    let shop = Shop::open(&sandbox, &folder, morning)?;
    shop.fiscalise().await?;

    let till = first_day(&shop).await?;
    let till = second_day(&shop, till).await?;
    let last = third_day(&shop, till).await?;

    sandbox.settle().await;
    let unexpected = sandbox.crk().unexpected();
    sandbox.shutdown().await?;
    if !unexpected.is_empty() {
        return Err(format!("the register sent what it must not: {unexpected:?}").into());
    }
    books::give_receipt(&shop, &folder)?;
    books::check(&shop, written.path(), &folder, last)?;
    account::closing(&folder, started.elapsed());
    Ok(())
}

/// The power goes in the midst of the morning.
async fn first_day(shop: &Shop) -> Outcome<Till> {
    shop.tell("The first day. The shop opens.");
    let mut till = shop.switch_on().await?;
    let [receipts, ..] = DAYS;
    till.sell(receipts / 3).await?;
    till.sell_in_a_rush(8).await?;
    shop.tell("The power goes, with the last receipts hardly journalled.");
    till.lose_power();
    let mut till = shop.switch_on().await?;
    till.tell_what_is_there("It is switched on again").await?;
    shop.order(Command::QrCode { threshold: 5000 });
    till.sell(receipts - receipts / 3 - 8).await?;
    till.close_the_day().await?;
    Ok(till)
}

/// The network goes for three hours, and in these the power, too.
async fn second_day(shop: &Shop, mut till: Till) -> Outcome<Till> {
    let [_, receipts, _] = DAYS;
    shop.night().await;
    shop.tell("The second day. The repository wants documents every half hour from now on.");
    shop.order(Command::Timetable(Timetable {
        send: 1800,
        check: 900,
        shipment_type: "PR;PA;RD".to_owned(),
    }));
    till.sell(receipts / 4).await?;
    shop.tell("The repository cannot be reached any more. The shop goes on selling.");
    shop.faults().push(Rule::new(Fault::DropRequest));
    till.sell(receipts / 4).await?;
    till.tell_what_is_there("Meanwhile").await?;
    shop.tell("The power goes again.");
    till.lose_power();
    let mut till = shop.switch_on().await?;
    till.tell_what_is_there("It is switched on again").await?;
    shop.faults().clear();
    shop.tell("The repository is back.");
    till.sell(receipts - receipts / 4 * 2).await?;
    till.close_the_day().await?;
    till.tell_what_is_there("In the evening").await?;
    Ok(till)
}

/// Old documents are asked for, and the register's life ends.
async fn third_day(shop: &Shop, mut till: Till) -> Outcome<u64> {
    let [.., receipts] = DAYS;
    shop.night().await;
    shop.tell("The third day. The repository asks for documents 101 to 200 once more.");
    shop.order(Command::Documents { from: 101, to: 200, shipment_type: "ALL".to_owned() });
    shop.tell("The answer to the next shipment gets lost on its way.");
    shop.faults().push(Rule::new(Fault::LoseAnswer).on(&Method::POST, MESSAGES).once());
    till.sell(receipts).await?;
    let last = till.close_the_day().await?;
    sleep(HOUR).await;
    shop.tell("The shop closes for good: the register becomes read-only.");
    till.end(ReadOnlyReason::SettlementReport);
    sleep(HOUR + Duration::from_secs(60)).await;
    till.tell_what_is_there("In the end").await?;
    till.switch_off().await?;
    Ok(last)
}
