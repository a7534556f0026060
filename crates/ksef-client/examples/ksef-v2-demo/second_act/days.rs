//! The days of the act. Poland is an hour ahead of the times that are written here.

use chrono::NaiveDate;
use common_core::store::Position;
use http::Method;
use ksef_client::v2::{
    offline::{Due, Mode},
    outbox::Dated,
    wire::InvoiceQuerySubjectType::Subject2,
};
use sandbox::{
    Exchange,
    fault::Fault,
    ksef_v2::{KsefV2, Outage, OutageKind, SessionView},
};

use super::{
    ledger,
    process::DONE,
    series::Series,
    telling,
    till::{FAILED, PACKAGE, PUT, RESTED},
    world::{Line, World, ensure},
};
use crate::Outcome;

/// When the act begins: at eight in Poland.
pub(crate) const TUESDAY: &str = "2026-12-22T07:00:00Z";

/// What is issued in the act, in its order.
const SINGLE: Plan = Plan("WT", 40, "2026-12-22T07:30:00Z", None);
const MANY: Plan = Plan("ZB", 3 * PACKAGE, "2026-12-23T09:00:00Z", None);
const CUT_OFF: Plan = Plan("OF", 12, "2026-12-23T19:00:00Z", Some(Mode::Offline24));
const DOWN: Plan = Plan("AW", 25, "2026-12-28T06:30:00Z", Some(Mode::Emergency));
const LAST: Plan = Plan("PO", 20, "2026-12-29T07:00:00Z", None);
pub(crate) const ALL: [Plan; 5] = [SINGLE, MANY, CUT_OFF, DOWN, LAST];

/// The Monday after Christmas: Christmas Eve is a holiday since 2025.
const AFTER_CHRISTMAS: Option<NaiveDate> = NaiveDate::from_ymd_opt(2026, 12, 28);

/// Seven business days after the failure: New Year and Epiphany are none, nor are two weekends.
pub(crate) const AFTER_FAILURE: Option<NaiveDate> = NaiveDate::from_ymd_opt(2027, 1, 11);

/// Longer than links to parts of packages work.
const SIX_HOURS: Fault = Fault::DelayBefore { ms: 6 * 3_600_000 };

const SESSION: &str = "/sessions/online";
const INVOICE: &str = "/sessions/online/{referenceNumber}/invoices";
const CLOSE: &str = "/sessions/online/{referenceNumber}/close";
const UPLOAD: &str = "/storage/batch-parts";
const DOWNLOAD: &str = "/storage/invoice-part";

/// Name, number, moment and mode of a series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan(&'static str, usize, &'static str, Option<Mode>);

impl Plan {
    pub(crate) fn series(self) -> Outcome<Series<'static>> {
        let Self(name, count, at, mode) = self;
        Ok(Series { name, count, at: at.parse()?, mode })
    }

    fn count(self) -> usize {
        self.1
    }
}

/// Answers get lost, one is replaced, and one invoice never arrives.
pub(crate) async fn tuesday(world: &World) -> Outcome {
    let lost = [(SESSION, 1), (INVOICE, 3), (INVOICE, 4), (INVOICE, 17), (CLOSE, 1)];
    for (path, nth) in lost {
        world.disturb(&Method::POST, path, nth, Fault::LoseAnswer);
    }
    world.disturb(&Method::POST, INVOICE, 9, Fault::MaskAnswer { status: 502 });
    world.disturb(&Method::POST, INVOICE, 25, Fault::DropRequest);
    let mut till = world.open_till(Some(SINGLE.series()?), Line::Works)?;
    till.hear_until(DONE).await?;
    till.end()?;
    let silent = world.ksef().requests().iter().filter(|one| one.status.is_none()).count();
    ensure(silent == lost.len() + 1, || format!("{silent} calls got no answer"))?;
    issued(world, SINGLE.count())?;
    let sessions = world.ksef().sessions();
    let empty = sessions.iter().filter(|session| session.received == 0).count();
    ensure(empty == 1, || format!("{empty} sessions are empty"))?;
    telling::tuesday(SINGLE.count(), lost.len(), sessions.len());
    evening(world, "2026-12-22T18:00:00Z").await
}

/// The till is killed while it uploads the second of several packages, and the warehouse while it
/// downloads what was sold to it.
pub(crate) async fn wednesday(world: &World) -> Outcome {
    world.move_to("2026-12-23T09:00:00Z").await?;
    let ksef = world.ksef();
    world.disturb(&Method::PUT, UPLOAD, 2, SIX_HOURS);
    let till = world.open_till(Some(MANY.series()?), Line::Works)?;
    let is_half_done = |ksef: &KsefV2| {
        is_stuck(ksef, UPLOAD, 2) && ksef.invoices().len() == SINGLE.count() + PACKAGE
    };
    world.until("the first package is done and the second under way", is_half_done).await?;
    till.kill()?;

    let mut till = world.open_till(Some(MANY.series()?), Line::Works)?;
    till.hear_until(DONE).await?;
    till.end()?;
    let all = SINGLE.count() + MANY.count();
    issued(world, all)?;
    let sessions = ksef.sessions();
    let batches: Vec<_> = sessions.iter().filter(|session| session.kind == "Batch").collect();
    // A package that was left, and made and sent anew, would be one without invoices.
    let is_used = |batch: &&SessionView| batch.accepted > 0;
    ensure(batches.iter().all(is_used), || format!("the batches were {batches:?}"))?;
    telling::wednesday(MANY.count(), batches.len(), PACKAGE, all);

    world.move_to("2026-12-23T17:00:00Z").await?;
    let downloads = calls_of(ksef, DOWNLOAD).count();
    world.disturb(&Method::GET, DOWNLOAD, 1, SIX_HOURS);
    let warehouse = world.open_warehouse()?;
    world.until("a package is downloaded", |ksef| is_stuck(ksef, DOWNLOAD, downloads + 1)).await?;
    warehouse.kill()?;
    telling::warehouse_killed();
    evening(world, "2026-12-23T18:00:00Z").await
}

/// The line is cut, and then the power, twice: the second time everything is issued again.
pub(crate) async fn christmas(world: &World) -> Outcome {
    world.move_to("2026-12-23T19:00:00Z").await?;
    for _ in 0..2 {
        let mut till = world.open_till(Some(CUT_OFF.series()?), Line::IsCut)?;
        till.hear_until(PUT).await?;
        till.hear_until(FAILED).await?;
        till.kill()?;
    }
    let timetable = world.boxes()?.0.timetable().await?;
    let is_due = |dated: &Dated| AFTER_CHRISTMAS.map(Due::On) == Some(dated.deadline.due);
    let due = timetable.all();
    ensure(due.len() == CUT_OFF.count() && due.iter().all(is_due), || format!("{due:?}"))?;
    telling::christmas(CUT_OFF.count(), &due[0].deadline);
    Ok(())
}

/// KSeF is down when the line works again; the number of the outage.
pub(crate) async fn monday(world: &World) -> Outcome<u64> {
    world.move_to("2026-12-28T05:00:00Z").await?;
    let ksef = world.ksef();
    world.break_down();
    let event = ksef.announce_outage(&Outage::new(OutageKind::Failure, world.now()));
    world.move_to("2026-12-28T06:30:00Z").await?;
    let before = calls(ksef);
    let mut till = world.open_till(Some(DOWN.series()?), Line::Works)?;
    till.hear_until(PUT).await?;
    till.hear_until(RESTED).await?;
    till.hear_until(RESTED).await?;
    till.kill()?;
    let called = calls(ksef) - before;
    ensure(called == 0, || format!("KSeF was called {called} times while it was down"))?;
    let mut warehouse = world.open_warehouse()?;
    warehouse.hear_until(FAILED).await?;
    warehouse.kill()?;

    // A minute after the first deadlines were over.
    world.move_to("2026-12-28T23:01:00Z").await?;
    let timetable = world.boxes()?.0.timetable().await?;
    let (waiting, overdue) = (timetable.all(), timetable.overdue(world.now()));
    ensure(overdue.is_empty(), || format!("{overdue:?}"))?;
    let has_moved = |dated: &Dated| dated.deadline.due == Due::AfterOutage;
    let is_all = waiting.len() == CUT_OFF.count() + DOWN.count();
    ensure(is_all && waiting.iter().all(has_moved), || format!("{waiting:?}"))?;
    telling::monday(DOWN.count(), waiting.len());
    Ok(event)
}

/// KSeF is back.
pub(crate) async fn comeback(world: &World, event: u64) -> Outcome {
    world.move_to("2026-12-29T05:00:00Z").await?;
    world.ksef().faults().clear();
    ensure(world.ksef().end_outage(event), || "the outage had ended".to_owned())?;
    world.move_to("2026-12-29T07:00:00Z").await?;
    let mut till = world.open_till(Some(LAST.series()?), Line::Works)?;
    till.hear_until(DONE).await?;
    till.end()?;
    let all = ALL.iter().map(|plan| plan.count()).sum();
    issued(world, all)?;
    telling::comeback(CUT_OFF.count() + DOWN.count(), LAST.count());
    evening(world, "2026-12-29T18:00:00Z").await
}

/// Whether KSeF has so many, each once.
fn issued(world: &World, count: usize) -> Outcome {
    let issued = ledger::issued_once(world.ksef())?.len();
    ensure(issued == count, || format!("{issued} of {count} are issued"))
}

/// The warehouse collects at that moment, and has everything that is issued afterwards.
async fn evening(world: &World, moment: &str) -> Outcome {
    world.move_to(moment).await?;
    let mut warehouse = world.open_warehouse()?;
    warehouse.hear_until(DONE).await?;
    warehouse.end()?;
    let issued = world.ksef().invoices().len();
    let arrivals = world.boxes()?.1.arrivals(Subject2, Position::START, issued + 1).await?;
    ensure(arrivals.len() == issued, || format!("{} of {issued} have arrived", arrivals.len()))?;
    telling::evening(issued);
    Ok(())
}

/// Whether the call of that number among those to that place of the storage has no answer yet.
fn is_stuck(ksef: &KsefV2, place: &str, number: usize) -> bool {
    calls_of(ksef, place).nth(number - 1).is_some_and(|call| call.status.is_none())
}

fn calls_of(ksef: &KsefV2, place: &str) -> impl Iterator<Item = Exchange> {
    let part = place.trim_start_matches("/storage").to_owned();
    ksef.requests().into_iter().filter(move |call| call.path.contains(&part))
}

/// How many calls of the interface there were.
fn calls(ksef: &KsefV2) -> usize {
    ksef.requests().iter().filter(|one| one.path.starts_with("/v2/")).count()
}
