//! Against what libxml2 gave when the vectors were made, for machines without it.

use std::{collections::BTreeSet, fs, path::Path};

use roxmltree::Document;
use serde_json::Value;

use crate::case::{Case, Form};

#[test]
fn every_vector_of_libxml2_is_met() {
    let path = "../../fixtures/c14n/vectors/libxml2.json";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
    let (mut met, mut kinds) = (0, BTreeSet::new());
    for vector in &vectors {
        let xml = vector["xml"].as_str().unwrap();
        let document = Document::parse(xml).unwrap();
        for value in vector["cases"].as_array().unwrap() {
            let case = Case::from_json(value).unwrap();
            let ours = String::from_utf8(case.canonical(&document)).unwrap();
            assert_eq!(ours, value["expected"].as_str().unwrap(), "{value} of {xml:?}");
            met += 1;
            kinds.insert((
                case.form == Form::Exclusive,
                case.comments,
                case.apex.is_some(),
                case.without.is_empty(),
                case.prefixes.is_empty(),
            ));
        }
    }
    assert!(met >= 300, "only {met} vectors");
    // Both forms, with and without comments, whole and part, with and without omissions; prefixes for one form.
    assert!(kinds.len() >= 20, "only {} kinds", kinds.len());
}
