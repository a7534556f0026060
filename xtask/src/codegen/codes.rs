//! The catalogue of codes: what each error and each status means, what to do, and whether to try again, as a table in the client and as a page.
//!
//! The words stand in `codes.json` beside the contract and are written by hand; which operation answers a code is the contract's.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Deserialize;

use crate::{
    codegen::{HEADER, Made, rust_format},
    contract::{System, overlay::Contract},
    shell::{Failure, Outcome},
    tree::File,
};

/// Where the table of the client stands.
pub(crate) const TABLE: &str = "crates/ksef-client/src/v2/catalogue/table.rs";
/// Where the page stands.
pub(crate) const PAGE: &str = "docs/ksef/codes-v2.md";

/// The words of `codes.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Codes {
    errors: Vec<Code>,
    /// By process.
    statuses: BTreeMap<String, Vec<Code>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    #[serde(rename = "code")]
    number: u32,
    /// How an operation stands that has this status; errors have none.
    #[serde(default)]
    class: Option<String>,
    meaning: String,
    advice: String,
    retry: Retry,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Retry {
    Never,
    Changed,
    Later,
}

/// Makes the table and the page.
pub(crate) fn make(system: &str, files: &[File]) -> Outcome<Vec<Made>> {
    let system = System::named(system)?;
    let contract = Contract::of(system.name, files)?;
    let place = format!("fixtures/{}/contract/codes.json", system.name);
    let file = files.iter().find(|file| file.path == place);
    let file = file.ok_or_else(|| Failure::new(format!("{place} is missing")))?;
    let codes: Codes = serde_json::from_str(&file.text)
        .map_err(|cause| Failure::new(format!("{place} is no catalogue: {cause}")))?;
    check(&place, &codes, &answered(&contract))?;
    Ok(vec![
        Made { path: TABLE.to_owned(), text: rust_format::formatted(&table(&place, &codes))? },
        Made { path: PAGE.to_owned(), text: page(&place, &codes, &answered(&contract)) },
    ])
}

/// The operations that answer each code, by its number.
fn answered(contract: &Contract) -> BTreeMap<u32, Vec<String>> {
    let mut found: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (key, operation) in &contract.description.operations {
        for code in &operation.codes {
            found.entry(*code).or_default().push(contract.operation_name(key));
        }
    }
    for names in found.values_mut() {
        names.sort();
    }
    found
}

/// Refuses a catalogue that lacks a code of the contract, is out of order, or leaves something unsaid.
fn check(place: &str, codes: &Codes, answered: &BTreeMap<u32, Vec<String>>) -> Outcome {
    let lists = codes.statuses.iter().map(|(name, list)| (name.as_str(), list));
    for (name, list) in lists.chain([("errors", &codes.errors)]) {
        if !list.is_sorted_by(|one, other| one.number < other.number) {
            return Err(Failure::new(format!("{place}: the codes of {name} are not in order")));
        }
        let silent = list.iter().find(|code| code.meaning.is_empty() || code.advice.is_empty());
        if let Some(code) = silent {
            return Err(Failure::new(format!("{place}: {name} {} says too little", code.number)));
        }
    }
    let known = |number: &u32| codes.errors.iter().any(|code| code.number == *number);
    match answered.keys().find(|number| !known(number)) {
        Some(number) => Err(Failure::new(format!("{place} lacks the error {number}"))),
        None => Ok(()),
    }
}

fn table(place: &str, codes: &Codes) -> String {
    let mut text = format!(
        "//! Every code with its meaning, advice and retryability, by number.\n//!\n\
         //! {HEADER} from {place}: do not edit.\n\n\
         use super::{{Entry, Process, Retry}};\n\n\
         pub(super) static ERRORS: &[Entry] = &[\n"
    );
    rows(&codes.errors, &mut text);
    text.push_str("];\n\nimpl Process {\n/// The statuses that are known, by number.\n");
    text.push_str("pub(super) const fn entries(self) -> &'static [Entry] {\nmatch self {\n");
    for name in codes.statuses.keys() {
        let _ = writeln!(text, "Self::{} => {},", camel(name), name.to_uppercase());
    }
    text.push_str("}\n}\n}\n");
    for (name, list) in &codes.statuses {
        let _ = writeln!(text, "\nstatic {}: &[Entry] = &[", name.to_uppercase());
        rows(list, &mut text);
        text.push_str("];\n");
    }
    text
}

fn rows(codes: &[Code], text: &mut String) {
    for Code { number, meaning, advice, retry, .. } in codes {
        let _ = writeln!(
            text,
            "Entry {{ number: {number}, meaning: {meaning:?}, advice: {advice:?}, retry: Retry::{retry:?} }},"
        );
    }
}

fn camel(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or_default();
        first.to_uppercase() + rest
    });
    words.collect()
}

fn page(place: &str, codes: &Codes, answered: &BTreeMap<u32, Vec<String>>) -> String {
    let mut text = format!(
        "<!-- {HEADER} from {place}: do not edit. -->\n\n\
         # Codes of KSeF 2.0\n\n\
         What each code means, what to do about it, and whether the same request may succeed later.\n\
         The words are ours; a program finds them in `{place}` and in `ksef_client::v2::catalogue`.\n\
         Numbers that are not here may come at any time: the lists are open.\n\n\
         \"Later\" means that the same request may succeed without a change, \"changed\" that it may after a change, \"never\" that it will not.\n\
         It says nothing about whether something has happened: before a request is repeated that changes something, find that out.\n\n\
         ## Errors\n\n\
         Answers of status 400 name them; an answer may name several (KSeF 2.0 facts §14).\n\n\
         | Code | Meaning | What to do | Again | Operations |\n|---|---|---|---|---|\n"
    );
    for code in &codes.errors {
        let names = answered.get(&code.number).map_or(&[][..], Vec::as_slice);
        let _ = writeln!(text, "{} {} |", row(code), operations(names));
    }
    text.push_str("\n## Statuses\n\nThe same number means different things for different processes (KSeF 2.0 facts §8).\n");
    for (name, list) in &codes.statuses {
        let title = name.replace('_', " ");
        let _ = write!(
            text,
            "\n### Status of: {title}\n\n| Code | Meaning | What to do | Again | Class |\n|---|---|---|---|---|\n"
        );
        for code in list {
            let _ = writeln!(text, "{} {} |", row(code), code.class.as_deref().unwrap_or("none"));
        }
    }
    text
}

fn row(code: &Code) -> String {
    let Code { number, meaning, advice, retry, .. } = code;
    let retry = format!("{retry:?}").to_lowercase();
    format!("| {number} | {meaning} | {advice} | {retry} |")
}

/// Names of operations; of a code that nearly all answer, only their number.
fn operations(names: &[String]) -> String {
    const SHOWN: usize = 8;
    if names.len() > SHOWN {
        return format!("{} operations", names.len());
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(json: &str) -> Codes {
        serde_json::from_str(json).unwrap()
    }

    const GOOD: &str = r#"{"errors": [{"code": 1, "meaning": "a", "advice": "b", "retry": "later"}],
        "statuses": {"two_words": [{"code": 100, "class": "pending", "meaning": "c", "advice": "d", "retry": "never"}]}}"#;

    #[test]
    fn every_code_stands_in_the_table_and_on_the_page() {
        let answered = BTreeMap::from([(1, vec!["x.y".to_owned()])]);
        let good = codes(GOOD);
        assert!(check("p", &good, &answered).is_ok());
        let table = table("p", &good);
        assert!(table.contains("Self::TwoWords => TWO_WORDS"), "{table}");
        assert!(table.contains("number: 1, meaning: \"a\", advice: \"b\", retry: Retry::Later"));
        let page = page("p", &good, &answered);
        assert!(page.contains("| 1 | a | b | later | `x.y` |\n"), "{page}");
        assert!(page.contains("| 100 | c | d | never | pending |\n"), "{page}");
    }

    #[test]
    fn a_missing_silent_or_misplaced_code_is_refused() {
        let failure = |json: &str, number| {
            let answered = BTreeMap::from([(number, Vec::new())]);
            check("p", &codes(json), &answered).unwrap_err().to_string()
        };
        assert_eq!(failure(GOOD, 2), "p lacks the error 2");
        assert_eq!(failure(&GOOD.replace("\"d\"", "\"\""), 1), "p: two_words 100 says too little");
        let first = r#"{"code": 1, "meaning": "a", "advice": "b", "retry": "later"}"#;
        let twice = GOOD.replace(first, &format!("{first}, {first}"));
        assert_eq!(failure(&twice, 1), "p: the codes of errors are not in order");
    }

    #[test]
    fn a_code_of_many_operations_counts_them() {
        let names = |count: usize| (0..count).map(|n| format!("x.{n}")).collect::<Vec<_>>();
        assert_eq!(operations(&names(2)), "`x.0`, `x.1`");
        assert_eq!(operations(&names(9)), "9 operations");
    }
}
