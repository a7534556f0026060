//! What the repository received from one register, and whether its numbers are continuous.

mod ranges;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::jose::hex;
use ranges::Ranges;

/// The largest JPK number (source document, 2.4.6 and 2.4.8).
const LARGEST: u64 = 999_999_999_999_999;

/// The `typObiektu` of a number under which nothing was produced (source document, 2.2.5).
const GAP: u64 = 9;

/// How many numbers and violations are kept one by one; the rest is only counted.
const KEPT: usize = 10_000;

/// What is kept of documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// All of each document.
    #[default]
    Documents,
    /// Numbers as ranges, and counters: the memory does not grow with the documents.
    Counters,
}

/// One document as it arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Document {
    /// The number in the protected memory.
    pub jpk_id: u64,
    /// The name of the member that holds it, such as `paragon`; `info` is the short form.
    pub kind: String,
    /// The shipment that brought it.
    pub command_id: String,
    /// When it was processed.
    pub at: DateTime<Utc>,
    /// SHA-256 over the compact JSON with sorted names, in lower-case hexadecimal digits.
    pub sha256: String,
    /// The document itself.
    pub document: Value,
}

/// The archive of one register with its analysis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Archive {
    /// The documents in the order of arrival; empty when only counters are kept.
    pub documents: Vec<Document>,
    /// How many documents arrived, repetitions included.
    pub received: u64,
    /// How many different numbers arrived.
    pub numbers: u64,
    /// The highest number.
    pub highest: u64,
    /// The last number as CMD15 announced it.
    pub announced: Option<u64>,
    /// Numbers from 1 to the highest or the announced one that never came: first and last.
    pub gaps: Vec<(u64, u64)>,
    /// Numbers that the register declared as never produced (`info` 9): first and last.
    pub declared_gaps: Vec<(u64, u64)>,
    /// Numbers that came again without a command that asked for them, in the order of arrival; at
    /// most ten thousand.
    pub duplicates: Vec<u64>,
    /// How often a number came again without being asked for.
    pub duplicated: u64,
    /// How often a number came again because CMD06 asked for it.
    pub requested: u64,
    /// How often a new number was below one that had come before.
    pub out_of_order: u64,
    /// How many documents of each kind arrived.
    pub kinds: BTreeMap<String, u64>,
    /// How many documents came in short form.
    pub short: u64,
    /// Packages that were taken, each once.
    pub packages: u64,
    /// Packages whose `content` was empty.
    pub empty_packages: u64,
    /// Packages that came again with the same bytes.
    pub resends: u64,
    /// Documents that came in parts.
    pub joined: u64,
    /// Packages of documents in parts whose other parts are missing.
    pub waiting_parts: u64,
    /// What no correct register sends; at most ten thousand.
    pub violations: Vec<String>,
}

/// The growing archive of one register.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    view: Archive,
    keep: Keep,
    seen: Ranges,
    declared: Ranges,
    asked: Ranges,
    /// Digests by number and form, where documents are kept.
    digests: HashMap<(u64, bool), String>,
}

/// Where a package comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    pub(super) command_id: &'a str,
    pub(super) at: DateTime<Utc>,
}

/// Who the documents must belong to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner<'a> {
    pub(super) unique_number: &'a str,
    pub(super) nip: Option<&'a str>,
    pub(super) evidence_number: Option<&'a str>,
}

impl Ledger {
    pub(super) fn set_keep(&mut self, keep: Keep) {
        self.keep = keep;
    }

    /// CMD06 asked for these numbers.
    pub(super) fn ask(&mut self, from: u64, to: u64) {
        self.asked.insert(from, to);
    }

    /// CMD15 named the last number.
    pub(super) fn announce(&mut self, last: u64) {
        self.view.announced = Some(last);
    }

    pub(super) fn highest(&self) -> u64 {
        self.view.highest
    }

    pub(super) fn resent(&mut self) {
        self.view.resends += 1;
    }

    pub(super) fn packed(&mut self) {
        self.view.packages += 1;
    }

    pub(super) fn joined(&mut self) {
        self.view.joined += 1;
    }

    pub(super) fn violate(&mut self, what: String) {
        if self.view.violations.len() < KEPT {
            self.view.violations.push(what);
        }
    }

    /// Everything with the analysis as of now.
    pub(super) fn view(&self, waiting_parts: u64) -> Archive {
        let mut view = self.view.clone();
        view.numbers = self.seen.count();
        let end = view.highest.max(view.announced.unwrap_or_default());
        view.gaps = self.seen.gaps(end);
        view.declared_gaps = self.declared.list();
        view.waiting_parts = waiting_parts;
        view
    }

    /// Takes a complete structure; what is wrong with it comes back.
    pub(super) fn take(&mut self, jpk: &[u8], owner: Owner<'_>, origin: Origin<'_>) -> Vec<String> {
        let mut wrong = Vec::new();
        let Ok(Value::Object(root)) = serde_json::from_slice::<Value>(jpk) else {
            return vec!["the decrypted package is no JSON object".to_owned()];
        };
        let Some(jpk) = root.get("JPK").and_then(Value::as_object) else {
            return vec!["the package has no `JPK`".to_owned()];
        };
        check_owner(jpk, owner, &mut wrong);
        let Some(content) = jpk.get("content").and_then(Value::as_array) else {
            wrong.push("the package has no array `content`".to_owned());
            return wrong;
        };
        self.view.empty_packages += u64::from(content.is_empty());
        for entry in content {
            match self.take_document(entry, origin) {
                Ok(Some(what)) | Err(what) => wrong.push(what),
                Ok(None) => {}
            }
        }
        wrong
    }

    /// Takes one document; `Ok` with a text was taken although something is wrong with it.
    fn take_document(
        &mut self,
        entry: &Value,
        origin: Origin<'_>,
    ) -> Result<Option<String>, String> {
        let members = entry.as_object().filter(|members| members.len() == 1);
        let (kind, document) = members
            .and_then(|members| members.iter().next())
            .ok_or("an entry of `content` has not exactly one member")?;
        let jpk_id = document["JPKID"].as_u64().filter(|id| (1..=LARGEST).contains(id));
        let jpk_id = jpk_id.ok_or_else(|| format!("`{kind}` has no `JPKID` from 1 up"))?;
        let short = kind == "info";
        let is_gap = short && document["typObiektu"].as_u64() == Some(GAP);
        if short && document["typObiektu"].as_u64().is_none() {
            return Err(format!("`info` {jpk_id} has no whole number `typObiektu`"));
        }
        self.view.received += 1;
        self.view.short += u64::from(short);
        *self.view.kinds.entry(kind.clone()).or_default() += 1;
        let whole = (self.keep == Keep::Documents).then(|| Document {
            jpk_id,
            kind: kind.clone(),
            command_id: origin.command_id.to_owned(),
            at: origin.at,
            sha256: hex(&Sha256::digest(document.to_string())),
            document: document.clone(),
        });
        let mut wrong = whole.as_ref().and_then(|whole| self.compare(whole, short));
        if is_gap {
            self.declared.insert(jpk_id, jpk_id);
        } else if self.declared.contains(jpk_id) {
            wrong = Some(format!("document {jpk_id} was declared as never produced"));
        }
        self.count(jpk_id);
        if let Some(whole) = whole {
            self.digests.insert((jpk_id, short), whole.sha256.clone());
            self.view.documents.push(whole);
        }
        Ok(wrong)
    }

    /// The same document must come with the same content, as far as its form is the same.
    fn compare(&self, new: &Document, short: bool) -> Option<String> {
        let earlier = self.digests.get(&(new.jpk_id, short))?;
        let other = *earlier != new.sha256;
        other.then(|| format!("document {} came again with other content", new.jpk_id))
    }

    fn count(&mut self, jpk_id: u64) {
        if self.seen.insert(jpk_id, jpk_id) {
            self.view.out_of_order += u64::from(jpk_id < self.view.highest);
            self.view.highest = self.view.highest.max(jpk_id);
        } else if self.asked.contains(jpk_id) {
            self.view.requested += 1;
        } else {
            self.view.duplicated += 1;
            if self.view.duplicates.len() < KEPT {
                self.view.duplicates.push(jpk_id);
            }
        }
    }
}

fn check_owner(jpk: &Map<String, Value>, owner: Owner<'_>, wrong: &mut Vec<String>) {
    let subject = jpk.get("podmiot1").unwrap_or(&Value::Null);
    let pairs = [
        ("nrUnik", Some(owner.unique_number)),
        ("NIP", owner.nip),
        ("nrEwid", owner.evidence_number),
    ];
    for (name, expected) in pairs {
        if expected.is_some() && subject[name].as_str() != expected {
            wrong.push(format!("`podmiot1.{name}` is not that of the register"));
        }
    }
    if jpk.get("naglowek").and_then(|header| header["wersja"].as_str()).is_none() {
        wrong.push("the package has no `naglowek.wersja`".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWNER: Owner<'_> = Owner {
        unique_number: "TSA2601000001",
        nip: Some("1234563218"),
        evidence_number: Some("2026/000000001"),
    };

    const ORIGIN: Origin<'_> = Origin { command_id: "a", at: DateTime::UNIX_EPOCH };

    fn jpk(content: &Value) -> Vec<u8> {
        let subject =
            json!({"nrUnik": "TSA2601000001", "NIP": "1234563218", "nrEwid": "2026/000000001"});
        json!({"JPK": {"naglowek": {"wersja": "JPK_KASA_v2-0"}, "podmiot1": subject, "content": content}})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn gaps_duplicates_and_order_are_found() {
        let mut ledger = Ledger::default();
        let content = json!([
            {"paragon": {"JPKID": 1}}, {"paragon": {"JPKID": 2}}, {"info": {"JPKID": 5, "typObiektu": 10}},
            {"info": {"JPKID": 4, "typObiektu": 9}}, {"paragon": {"JPKID": 2}},
        ]);
        assert_eq!(ledger.take(&jpk(&content), OWNER, ORIGIN), Vec::<String>::new());
        ledger.announce(8);
        let view = ledger.view(0);
        assert_eq!((view.received, view.numbers, view.highest), (5, 4, 5));
        assert_eq!(view.gaps, [(3, 3), (6, 8)]);
        assert_eq!(view.declared_gaps, [(4, 4)]);
        assert_eq!((view.duplicates, view.out_of_order, view.short), (vec![2], 1, 2));
        ledger.ask(1, 2);
        ledger.take(&jpk(&json!([{"paragon": {"JPKID": 1}}])), OWNER, ORIGIN);
        let view = ledger.view(0);
        assert_eq!((view.requested, view.duplicated), (1, 1));
    }

    #[test]
    fn other_content_under_the_same_number_is_a_violation() {
        let mut ledger = Ledger::default();
        ledger.take(&jpk(&json!([{"paragon": {"JPKID": 1, "a": 1}}])), OWNER, ORIGIN);
        let wrong = ledger.take(&jpk(&json!([{"paragon": {"JPKID": 1, "a": 2}}])), OWNER, ORIGIN);
        assert_eq!(wrong, ["document 1 came again with other content"]);
        let wrong =
            ledger.take(&jpk(&json!([{"info": {"JPKID": 1, "typObiektu": 1}}])), OWNER, ORIGIN);
        assert!(wrong.is_empty(), "the short form has other content: {wrong:?}");
    }

    #[test]
    fn strange_structures_are_violations() {
        let mut ledger = Ledger::default();
        for content in [
            json!([{"paragon": {}}]),
            json!([{"paragon": {"JPKID": 0}}]),
            json!([{"paragon": {"JPKID": 1_000_000_000_000_000_u64}}]),
            json!([{"paragon": {"JPKID": 1}, "info": {}}]),
            json!(["x"]),
            json!([{"info": {"JPKID": 1}}]),
            json!({}),
        ] {
            assert_eq!(ledger.take(&jpk(&content), OWNER, ORIGIN).len(), 1, "{content}");
        }
        assert_eq!(ledger.take(b"[]", OWNER, ORIGIN).len(), 1);
        assert_eq!(ledger.take(b"{}", OWNER, ORIGIN).len(), 1);
        let stranger = Owner { unique_number: "TSB2601000002", ..OWNER };
        assert_eq!(ledger.take(&jpk(&json!([])), stranger, ORIGIN).len(), 1);
        assert_eq!(ledger.view(0).received, 0);
    }

    #[test]
    fn counters_alone_do_not_grow() {
        let mut ledger = Ledger::default();
        ledger.set_keep(Keep::Counters);
        for first in 0..50_u64 {
            let content: Vec<Value> =
                (1..=20).map(|number| json!({"paragon": {"JPKID": first * 20 + number}})).collect();
            ledger.take(&jpk(&json!(content)), OWNER, ORIGIN);
        }
        let view = ledger.view(0);
        assert!(view.documents.is_empty() && ledger.digests.is_empty());
        assert_eq!((view.numbers, view.highest, view.gaps), (1000, 1000, vec![]));
    }
}
