//! What a seed decides about the repository: its timetable, and what it asks of the register.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use sandbox::crk::{Command, Timetable};

/// The randomness of one part of a seed.
pub(crate) fn rng(seed: u64, part: u64) -> StdRng {
    StdRng::seed_from_u64(seed.wrapping_mul(7919).wrapping_add(part))
}

/// Documents go out one by one, or by the hour, and then only the daily report sends them.
pub(crate) fn timetable(seed: u64) -> Timetable {
    let every = if seed.is_multiple_of(3) { 3600 } else { 0 };
    let types = ["ALL", "PR;PA", "PR;RD"];
    let chosen = types[usize::try_from(seed % 3).unwrap_or_default()];
    Timetable { send: every, check: 60, shipment_type: chosen.to_owned() }
}

/// A command for a register whose numbers up to `highest` have arrived.
pub(crate) fn command(seed: u64, which: u64, highest: u64) -> Command {
    let mut rng = rng(seed, 1000 + which);
    match rng.random_range(0..7) {
        0 => Command::CallServer { service: "KCS".to_owned() },
        1 => Command::Timetable(timetable(seed)),
        // No two commands ask for the same threshold, so each can be told in the log.
        2 | 3 => Command::QrCode { threshold: i64::try_from(1000 + which).unwrap_or_default() },
        4 => {
            let attributes = serde_json::Map::new();
            Command::Raw { code: "CQC".to_owned(), attributes }
        }
        _ => {
            let from = rng.random_range(1..=highest.max(1));
            let to = rng.random_range(from..=highest.max(from));
            Command::Documents { from, to, shipment_type: "ALL".to_owned() }
        }
    }
}
