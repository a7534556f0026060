//! The second act: a week before and after Christmas in which everything breaks.
//!
//! The bakery's till is a process of its own with an outbox in a file, and so is the warehouse of the
//! wholesaler with its inbox. This process is the rest of the world: the double of KSeF, the calendar,
//! and whoever pulls plugs. Nothing that is told is taken from what the processes say; it is read in
//! the double's books, in the outbox and in the inbox, and the act fails when one figure is not as it
//! has to be.

mod days;
mod ledger;
mod papers;
mod process;
mod series;
mod telling;
mod till;
mod warehouse;
mod world;

use std::path::Path;

use crate::{Outcome, second_act::world::World};

/// Plays the act and leaves the table of offline invoices in that folder.
pub(crate) async fn play(folder: &Path) -> Outcome {
    telling::opening();
    let world = World::begin().await?;
    days::tuesday(&world).await?;
    days::wednesday(&world).await?;
    days::christmas(&world).await?;
    let outage = days::monday(&world).await?;
    days::comeback(&world, outage).await?;
    let account = ledger::close(&world, folder).await?;
    telling::closing(&account, folder);
    world.end().await
}

/// What one of the processes does that the act starts.
pub(crate) async fn work(part: &str, folder: &Path, shift: &str) -> Outcome {
    let shift = serde_json::from_str(shift)?;
    match part {
        till::PART => till::work(folder, shift).await,
        warehouse::PART => warehouse::work(folder, shift).await,
        other => Err(format!("nobody has the part {other}").into()),
    }
}
