//! `cargo xtask campaign`: many seeds under faults, and a promise checked at the end.
//!
//! A campaign is an example of a crate.
//! Its last line counts what was lost, duplicated or told wrongly; xtask fails unless each count is zero.

use crate::shell::{self, Failure, Outcome};

/// How many seeds a campaign runs when nobody says.
pub(crate) const SEEDS: u32 = 50;

struct Campaign {
    name: &'static str,
    package: &'static str,
    example: &'static str,
}

const CAMPAIGNS: &[Campaign] = &[
    Campaign { name: "kros-faults", package: "kros-client", example: "kros-campaign" },
    Campaign { name: "epp-faults", package: "epp-client", example: "epp-campaign" },
    Campaign { name: "ksef-v1-faults", package: "ksef-client", example: "ksef-v1-campaign" },
    Campaign { name: "ksef-v2-faults", package: "ksef-client", example: "ksef-v2-campaign" },
    Campaign { name: "ksef-v2-crash", package: "ksef-client", example: "ksef-v2-crash" },
    Campaign { name: "ksef-v2-million", package: "ksef-client", example: "ksef-v2-million" },
    Campaign { name: "ekasy-faults", package: "ekasy-device", example: "ekasy-faults" },
    Campaign { name: "ekasy-crash", package: "ekasy-device", example: "ekasy-crash" },
    Campaign { name: "store-crash", package: "common-store", example: "crash" },
    Campaign { name: "fleet", package: "common-store", example: "fleet" },
];

/// Runs a campaign and checks its last line.
pub(crate) fn run(name: &str, seeds: u32) -> Outcome {
    let campaign = campaign(name)?;
    let count = seeds.to_string();
    // The unoptimised build with all features is used on purpose: the tests have already made it, and a campaign mostly waits.
    let what = ["run", "-q", "-p", campaign.package, "--all-features"];
    let what = [&what[..], &["--example", campaign.example]].concat();
    let arguments = [&what[..], &["--", "--seeds", &count]].concat();
    let lines = shell::run_and_collect(&mut shell::cargo(&arguments))?;
    let last = lines.iter().rev().find(|line| !line.trim().is_empty());
    verdict(name, seeds, last.map_or("", String::as_str))
}

fn campaign(name: &str) -> Outcome<&'static Campaign> {
    CAMPAIGNS.iter().find(|campaign| campaign.name == name).ok_or_else(|| {
        let known: Vec<_> = CAMPAIGNS.iter().map(|campaign| campaign.name).collect();
        let known = known.join(", ");
        Failure::new(format!("there is no campaign `{name}` here; the campaigns are: {known}"))
    })
}

fn verdict(name: &str, seeds: u32, last_line: &str) -> Outcome {
    let kept = format!("{name}: {seeds} seeds, lost 0, duplicated 0, untrue 0");
    if last_line == kept {
        return Ok(());
    }
    Err(Failure::new(format!("the last line had to be `{kept}`, and it was `{last_line}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_lost_duplicated_and_untrue_is_success() {
        let line = "kros-faults: 3 seeds, lost 0, duplicated 0, untrue 0";
        verdict("kros-faults", 3, line).unwrap();
    }

    #[test]
    fn any_other_last_line_fails() {
        for line in [
            "kros-faults: 3 seeds, lost 1, duplicated 0, untrue 0",
            "kros-faults: 3 seeds, lost 0, duplicated 2, untrue 0",
            "kros-faults: 3 seeds, lost 0, duplicated 0, untrue 1",
            "kros-faults: 2 seeds, lost 0, duplicated 0, untrue 0",
            "",
        ] {
            let failure = verdict("kros-faults", 3, line).unwrap_err().to_string();
            assert!(failure.ends_with(&format!("`{line}`")), "{failure}");
        }
    }

    #[test]
    fn an_unknown_campaign_is_refused_with_the_list() {
        let failure = run("sunshine", 1).unwrap_err().to_string();
        let known: Vec<_> = CAMPAIGNS.iter().map(|campaign| campaign.name).collect();
        let end = format!("the campaigns are: {}", known.join(", "));
        assert!(failure.ends_with(&end) && failure.contains("`sunshine`"), "{failure}");
    }
}
