//! Valid invoices made from the facts of a schema by chance, so that every element comes up.

use std::fmt::Write as _;

use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Map, Value};

use crate::check::{facts::Facts, tree::Element};

/// A value for each pattern of the schemas; a new pattern needs one here.
const PATTERNS: &[(&str, &str)] = &[
    (r"((\d{4})-(\d{2})-(\d{2}))", "2026-02-03"),
    (r"(.)+@(.)+", "a@example.test"),
    (r"[1-9]((\d[1-9])|([1-9]\d))\d{7}", "9990000103"),
    (r"\d{10}", "0000000001"),
    (r"\d{9}", "000000001"),
    (r"-?([1-9]\d{0,13}|0)(\.\d{1,8})?", "12.12345678"),
    (r"-?([1-9]\d{0,15}|0)(\.\d{1,2})?", "-1234.5"),
    (r"-?([1-9]\d{0,15}|0)(\.\d{1,6})?", "0.000001"),
    (r"(\d|[A-Z]|\+|\*){1,12}", "A1+*"),
    (r"[0-9A-Z]{10,32}", "PL00000000000000000000000001"),
    (r"[1-9]((\d[1-9])|([1-9]\d))\d{7}-\d{5}", "9990000103-00012"),
    (r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3}){0,1}", "ABCDEF12"),
    (r"[a-zA-Z0-9]{1,50}", "abc123"),
    (r"[0-9]{3}[a-zA-Z0-9]{10}", "123abcdefghij"),
];

/// Limits of a type of values with those that it inherits, and the kind at their root.
#[derive(Default)]
struct Limits {
    kind: String,
    facets: Map<String, Value>,
}

/// An invoice of a form; the generator decides everything.
pub(crate) fn invoice(facts: &Facts, random: &mut StdRng) -> Element {
    let roots = facts.own["elements"].as_object().unwrap();
    let (name, of) = roots.iter().next().unwrap();
    let mut root = element(facts, name, of, random);
    root.attributes = format!(" xmlns=\"{}\"", facts.namespace());
    root
}

fn element(facts: &Facts, name: &str, of: &Value, random: &mut StdRng) -> Element {
    let mut made = Element::new(name, "");
    fill(facts, of, &mut made, random);
    made
}

fn fill(facts: &Facts, of: &Value, made: &mut Element, random: &mut StdRng) {
    let told = facts.resolved(of);
    let is_value = told.is_none_or(|told| told["base"].is_string() || told["union"].is_array());
    let Some(told) = told.filter(|_| !is_value) else {
        made.text = value(facts, of, random);
        return;
    };
    if !told["extends"].is_null() {
        fill(facts, &told["extends"], made, random);
    }
    if !told["content"].is_null() {
        particle(facts, &told["content"], made, random);
    }
    for attribute in told["attributes"].as_array().into_iter().flatten() {
        let fixed = attribute["fixed"].as_str().map(str::to_owned);
        let text = fixed.unwrap_or_else(|| value(facts, &attribute["type"], random));
        let _ = write!(made.attributes, " {}=\"{text}\"", attribute["name"].as_str().unwrap());
    }
}

fn particle(facts: &Facts, one: &Value, made: &mut Element, random: &mut StdRng) {
    if one["min"] == 0 && random.random_range(0..100) < 55 {
        return;
    }
    if let Some(name) = one["element"].as_str() {
        let most = one["max"].as_u64().unwrap_or(if one["max"].is_null() { 1 } else { 3 });
        let times = random.random_range(1..=most.min(3));
        for _ in 0..times {
            let mut child = element(facts, name, &one["type"], random);
            if let Some(fixed) = one["fixed"].as_str() {
                fixed.clone_into(&mut child.text);
            }
            made.children.push(child);
        }
    } else if let Some(choice) = one["choice"].as_array() {
        particle(facts, choice.choose(random).unwrap(), made, random);
    } else {
        let inner = one["sequence"].as_array().unwrap();
        for inner in inner {
            particle(facts, inner, made, random);
        }
    }
}

fn value(facts: &Facts, of: &Value, random: &mut StdRng) -> String {
    let limits = facts.limits(of);
    let facet = |name: &str| limits.facets.get(name);
    if let Some(values) = facet("enumeration").and_then(Value::as_array) {
        return values.choose(random).unwrap().as_str().unwrap().to_owned();
    }
    if let Some(pattern) = facet("pattern").and_then(|patterns| patterns[0].as_str()) {
        return of_pattern(pattern);
    }
    let length = |name: &str, otherwise: u64| {
        let length = facet(name).or(facet("length")).and_then(Value::as_u64);
        usize::try_from(length.unwrap_or(otherwise)).unwrap()
    };
    match limits.kind.as_str() {
        "xsd:dateTime" => "2026-02-01T12:00:00.5Z".to_owned(),
        "xsd:decimal" => "12.5".to_owned(),
        "xsd:string" | "xsd:normalizedString" | "xsd:token" => {
            let letters: Vec<char> = "Zażółć gęślą jaźń".chars().collect();
            let (least, most) = (length("minLength", 0).max(1), length("maxLength", 20));
            let count = random.random_range(least..=most.min(least + 12));
            (0..count).map(|at| letters[at % letters.len()]).collect::<String>().replace(' ', "x")
        }
        kind if kind.starts_with("xsd:") => "7".to_owned(),
        kind => panic!("no value of {kind} is known"),
    }
}

fn of_pattern(pattern: &str) -> String {
    if pattern.starts_with("(https?)") {
        return "https://bank.example.test/pay?IPKSeF=123abcdefghij".to_owned();
    }
    if pattern.contains("M\\d{9}") {
        return "9990000103-20260201-0123456789AB-CD".to_owned();
    }
    let known = PATTERNS.iter().find(|(known, _)| *known == pattern);
    known.unwrap_or_else(|| panic!("no value of {pattern} is known")).1.to_owned()
}

impl Facts {
    pub(crate) fn namespace(&self) -> &str {
        self.own["namespace"].as_str().unwrap()
    }

    /// A type as it is told, or by its name; names of XML Schema have none.
    fn resolved<'a>(&'a self, of: &'a Value) -> Option<&'a Value> {
        let Some(name) = of.as_str() else { return Some(of) };
        let found = match name.split_once(':') {
            Some(("xsd", _)) => return None,
            Some((_, name)) => &self.base["types"][name],
            // Within the base types, names have no prefix either.
            None if self.own["types"][name].is_null() => &self.base["types"][name],
            None => &self.own["types"][name],
        };
        Some(found)
    }

    /// All limits of a type of values, those of its bases included.
    fn limits(&self, of: &Value) -> Limits {
        let Some(told) = self.resolved(of) else {
            return Limits { kind: of.as_str().unwrap().to_owned(), ..Limits::default() };
        };
        if let Some(first) = told["union"].get(0) {
            return self.limits(first);
        }
        let base = if told["base"].is_null() { &told["extends"] } else { &told["base"] };
        let mut limits = self.limits(base);
        let own = told["facets"].as_object().cloned().unwrap_or_default();
        limits.facets.extend(own);
        limits
    }
}
