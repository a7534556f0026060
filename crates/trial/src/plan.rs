//! What a seed decides: how the sandbox behaves, and which request meets which fault.

use std::time::Duration;

use http::Method;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sandbox::{
    Builder, Sandbox,
    fault::{Fault, Rule, Turn},
};

/// A sandbox of that seed, to be set further. Every third one adds trouble of its own; that follows
/// from the number, so that few seeds meet both.
pub fn sandbox(seed: u64) -> Builder {
    let builder = Sandbox::builder().seed(seed);
    if seed.is_multiple_of(3) { builder.hostile() } else { builder.calm() }
}

/// A call that meets faults: its method, its path as the sandbox's rules name it, and for how many
/// requests faults are planned. What comes later is undisturbed, so that every seed ends.
pub type Target = (Method, &'static str, u64);

/// Draws the rules of a seed: for each target one fault in every `gap` requests at the most.
///
/// Refusals that let a client try again come several in a row now and then, because only then are
/// its tries used up.
pub fn rules(
    targets: impl IntoIterator<Item = Target>,
    gap: u64,
    rng: &mut StdRng,
    fault: impl Fn(&Method, &str, &mut StdRng) -> Fault,
) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (method, path, horizon) in targets {
        let mut nth = 0;
        while nth < horizon {
            nth += rng.random_range(1..=gap);
            let fault = fault(&method, path, rng);
            let repeated = matches!(fault, Fault::Reply { status: 429, .. } | Fault::Unauthorized);
            let last = nth + if repeated { rng.random_range(0..=3) } else { 0 };
            let rule = |nth| Rule::new(fault).on(&method, path).turn(Turn::Nth(nth));
            rules.extend((nth..=last).map(rule));
            nth = last;
        }
    }
    rules
}

/// The randomness of one part of a seed, independent of the other parts.
pub fn rng(seed: u64, part: &str) -> StdRng {
    let mixed = part.bytes().fold(seed, |mixed, byte| {
        (mixed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
    });
    StdRng::seed_from_u64(mixed)
}

/// How long a caller waits for its next step, by that chance at most so long; otherwise as long as
/// it takes.
pub fn patience(rng: &mut StdRng, chance: f64, up_to: Duration) -> Option<Duration> {
    let most = u64::try_from(up_to.as_micros()).unwrap_or(u64::MAX);
    let patience = Duration::from_micros(rng.random_range(0..most));
    rng.random_bool(chance).then_some(patience)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: Fault = Fault::Reply { status: 429, retry_after: None };

    fn plan(seed: u64, fault: Fault) -> Vec<Rule> {
        let targets = [(Method::GET, "/a", 30), (Method::POST, "/b", 4)];
        rules(targets, 3, &mut rng(seed, "plan"), |_, _, _| fault)
    }

    #[test]
    fn a_seed_decides_everything_and_parts_of_it_are_independent() {
        assert_eq!(plan(1, Fault::LoseAnswer), plan(1, Fault::LoseAnswer));
        assert_ne!(plan(1, Fault::LoseAnswer), plan(2, Fault::LoseAnswer));
        let number = |part| rng(1, part).random::<u64>();
        assert_ne!(number("one"), number("other"));
    }

    #[test]
    fn each_target_meets_faults_and_refusals_come_in_rows() {
        let lost = plan(3, Fault::LoseAnswer);
        let on = |path: &str| lost.iter().filter(|rule| format!("{rule:?}").contains(path)).count();
        assert!((10..=30).contains(&on("/a")), "{lost:?}");
        assert!((2..=4).contains(&on("/b")), "{lost:?}");
        let rows = |fault| (1..=20).map(|seed| plan(seed, fault).len()).sum::<usize>();
        assert!(rows(BUSY) > rows(Fault::LoseAnswer), "refusals in a row stand closer together");
    }

    #[test]
    fn who_has_patience_waits_for_ever_and_others_not_too_long() {
        let mut rng = rng(1, "patience");
        let most = Duration::from_millis(5);
        assert_eq!(patience(&mut rng, 0.0, most), None);
        assert!((0..100).all(|_| patience(&mut rng, 1.0, most).is_some_and(|wait| wait < most)));
    }
}
