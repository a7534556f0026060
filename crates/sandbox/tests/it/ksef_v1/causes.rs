//! Every code of the published list, by a real cause where the double has one: the table that is
//! told here is the page `docs/ksef/exceptions-v1.md`.

mod invoices;
mod openings;
mod others;
mod packages;
mod sessions;
mod signatures;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

/// A refusal that was provoked.
pub(crate) struct Provoked {
    /// What it should be.
    code: u32,
    /// What it was.
    found: u64,
    /// What was done, for the page.
    cause: &'static str,
}

/// What the double has no cause for, and why; these come from a script only.
const SCRIPTED: [(u32, &str); 2] = [
    (9104, "more than one signature is asked for by no operation"),
    (31000, "no source says what the service means by it"),
];

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ksef/exceptions-v1.md");

fn provoked(code: u32, found: u64, cause: &'static str) -> Provoked {
    Provoked { code, found, cause }
}

/// The code that a failed process tells before its words.
fn told(status: &Value) -> u64 {
    let text = status["processingDescription"].as_str().unwrap();
    let code = text.split_once(':').unwrap_or_else(|| panic!("no exception in {text}")).0;
    code.parse().unwrap()
}

async fn all() -> Vec<Provoked> {
    let mut all = signatures::provoke().await;
    all.extend(openings::provoke().await);
    all.extend(sessions::provoke().await);
    all.extend(invoices::provoke().await);
    all.extend(packages::provoke().await);
    all.extend(others::provoke().await);
    all
}

/// The page: a row for each code.
fn page(causes: &BTreeMap<u32, String>) -> String {
    let scripted = SCRIPTED.len();
    let mut text = format!(
        "# The exceptions of KSeF 1.x and how the sandbox comes to them\n\n\
         The codes are those of the list of April 2024 (KSeF 1.x facts §11), the meanings our own.\n\
         {} of the {} have a real cause in the double, which `causes.rs` of its tests provokes one by one; {scripted} come from a script only.\n\
         The causes are assumptions where no source tells more than the sentence of the code.\n\
         Besides, every code can be scripted for every operation and step (`Fault::Code`, `StepFault`), also 30012, which is not in the list.\n\
         This page is compared with those tests, which write it anew where it differs.\n\n\
         | Code | Meaning | Cause in the sandbox |\n|---|---|---|\n",
        causes.len() - scripted,
        causes.len(),
    );
    let meanings: BTreeMap<u32, &str> = sandbox::ksef_v1::exceptions().collect();
    for (code, cause) in causes {
        let _ = writeln!(text, "| {code} | {} | {cause} |", meanings[code]);
    }
    text
}

#[tokio::test(start_paused = true)]
async fn every_code_of_the_list_has_its_cause() {
    let mut causes: BTreeMap<u32, String> = BTreeMap::new();
    for (code, reason) in SCRIPTED {
        causes.insert(code, format!("script only: {reason}"));
    }
    for Provoked { code, found, cause } in all().await {
        assert_eq!(found, u64::from(code), "{cause}");
        let words = causes.entry(code).or_default();
        assert!(!words.starts_with("script only"), "{code} has a real cause: {cause}");
        if !words.is_empty() {
            words.push_str("; ");
        }
        words.push_str(cause);
    }
    let listed = sandbox::ksef_v1::exceptions().map(|(code, _)| code).filter(|it| *it != 30012);
    assert_eq!(causes.keys().copied().collect::<Vec<_>>(), listed.collect::<Vec<_>>());
    assert_eq!(causes.len(), 114);
    let page = page(&causes);
    if std::fs::read_to_string(PAGE).is_ok_and(|text| text == page) {
        return;
    }
    let place = concat!(env!("CARGO_TARGET_TMPDIR"), "/exceptions-v1.md");
    std::fs::write(place, page).unwrap();
    panic!("docs/ksef/exceptions-v1.md does not tell these causes; what it should be is {place}");
}
