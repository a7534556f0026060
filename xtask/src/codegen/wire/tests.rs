//! Small contracts and the types they become, and the older texts of the authority.

use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::{
    contract::description::Description,
    fixtures::distil_files,
    shell,
    tree::{self, File},
};

const SYSTEM: &str = "ksef-v1";

/// A contract of one operation `x.do` that sends the schema `In` and answers the schema `Out`.
fn contract(schemas: Value, overlay: Value, names: Value) -> Contract {
    let operations = json!({"POST /x": {
        "request": {"application/json": {"ref": "In"}},
        "responses": {"200": {"application/json": {"ref": "Out"}}}
    }});
    let description = Description {
        operations: serde_json::from_value(operations).unwrap(),
        schemas: serde_json::from_value(schemas).unwrap(),
    };
    let overlay = serde_json::from_value(overlay).unwrap();
    let mut names: Value = names;
    names["operations"] = json!({"POST /x": "x.do"});
    Contract::new(description, overlay, serde_json::from_value(names).unwrap())
}

/// The file of the module `x`, without blanks at line ends and line breaks.
fn text(contract: &Contract) -> String {
    let made = make(System::named(SYSTEM).unwrap(), contract).unwrap();
    let module = made.iter().find(|made| made.path.ends_with("wire/x.rs")).unwrap();
    module.text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

fn failure(contract: &Contract) -> String {
    make(System::named(SYSTEM).unwrap(), contract).unwrap_err().to_string()
}

fn plain() -> Value {
    json!({
        "In": {"type": "object", "required": ["a", "at"], "fields": {
            "a": {"type": "string", "minLength": 1, "maxLength": 5},
            "at": {"type": "string", "format": "date-time"},
            "b": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 9}}},
        "Out": {"type": "object", "required": ["a", "list"], "fields": {
            "a": {"type": "string"},
            "list": {"type": "array", "items": {"type": "string"}}}}
    })
}

#[test]
fn what_is_sent_is_required_and_what_is_read_is_optional() {
    let text = text(&contract(plain(), json!({}), json!({})));
    for part in [
        "/// Body of `x.do`. /// `In` of the contract.",
        "pub struct In { /// A. /// 1 to 5 characters. /// Required by the contract. pub a: String,",
        "#[serde(deserialize_with = \"crate::lenient::time\")] pub at: DateTime<Utc>,",
        "pub b: Option<u32>,",
        "pub fn new(a: impl Into<String>, at: DateTime<Utc>) -> Self { Self { a: a.into(), at, b: None } }",
        "setters! { b: some u32, }",
        "/// Answer to `x.do`. /// `Out` of the contract.",
        "#[serde(default, skip_serializing_if = \"Option::is_none\")] pub a: Option<String>,",
        "pub list: Vec<String>,",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("impl Out"), "an answer needs no constructor: {text}");
}

#[test]
fn a_nullable_field_is_optional_however_much_it_is_required() {
    let mut schemas = plain();
    schemas["In"]["fields"]["a"]["nullable"] = json!(true);
    let text = text(&contract(schemas, json!({}), json!({})));
    assert!(text.contains("pub a: Option<String>,"), "{text}");
    assert!(text.contains("pub fn new(at: DateTime<Utc>)"), "{text}");
}

#[test]
fn the_overlay_says_what_is_needed_secret_and_what_it_means() {
    let overlay = json!({
        "needed": ["Out.a"], "types": {"Out.a": "secret"}, "docs": {"*.a": "The key.", "Out": "Keys."}
    });
    let text = text(&contract(plain(), overlay, json!({})));
    assert!(text.contains("/// The key. pub a: SecretText,"), "{text}");
    assert!(text.contains("/// Keys. /// Answer to `x.do`."), "{text}");
    assert!(text.contains("#[derive(Clone, Debug, Deserialize)]"), "{text}");
    assert!(!text.contains("skip_serializing_if = \"Vec::is_empty\")] pub list"), "{text}");
}

#[test]
fn a_union_holds_nothing_a_text_or_a_struct() {
    let schemas = json!({
        "In": {"type": "object", "required": ["who"], "fields": {"who": {"ref": "Who"}}},
        "Who": {"type": "object", "tag": "type", "required": ["type"],
            "fields": {"type": {"type": "string"}},
            "variants": {"none": "NoneType", "nip": "NipType", "pn": "PersonType"}},
        "NoneType": {"extends": ["Who"]},
        "NipType": {"extends": ["Who"], "required": ["identifier"], "fields": {"identifier": {"type": "string"}}},
        "PersonType": {"extends": ["Who"], "required": ["first", "last"], "fields": {
            "first": {"type": "string"}, "last": {"type": "string"}}},
        "Out": {"type": "object"}
    });
    let names = json!({"variants": {"none": "Nobody", "Who.pn": "Person"}});
    let text = text(&contract(schemas, json!({"tags": {"nip": "By NIP."}}), names));
    for part in [
        "tagged! {",
        "/// By NIP. Nip(String)[\"identifier\"] = \"nip\",",
        "/// `none` on the wire. Nobody = \"none\",",
        "Person(Person) = \"pn\",",
        "pub struct Person {",
        "pub who: Who,",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("struct Nip"), "a variant of one text needs no struct: {text}");
}

#[test]
fn enumerations_of_one_name_are_merged_and_stay_open() {
    let schemas = json!({
        "In": {"type": "object", "required": ["roleType"], "fields": {
            "roleType": {"type": "string", "enum": ["read"]}}},
        "Out": {"type": "object", "fields": {"roleTypes": {"type": "array", "items": {
            "type": "string", "enum": ["read", "write_all"]}}}}
    });
    let names = json!({"enums": {"roleType": "Role", "roleTypes": "Role"}});
    let overlay = json!({"values": {"Role": {"read": "Reads.", "manage": "Manages."}}});
    let text = text(&contract(schemas, overlay, names));
    for part in [
        "codes! { /// Values of `roleType` and `roleTypes`. pub enum Role: str {",
        "/// Reads. Read = \"read\", /// `write_all` on the wire. WriteAll = \"write_all\", /// Manages. Manage = \"manage\",",
        "/// One of `read`. /// Required by the contract. pub role_type: Open<Role>,",
        "pub role_types: Vec<Open<Role>>,",
        "role_type: impl Into<Open<Role>>",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn a_plain_schema_is_its_own_value_and_a_map_is_a_map() {
    let schemas = json!({
        "In": {"type": "object", "fields": {"n": {"ref": "Nip"}, "m": {"additionalProperties": {"ref": "Nip"}}}},
        "Nip": {"type": "string", "pattern": "p+"},
        "Out": {"type": "object", "fields": {"amount": {"type": "string", "pattern": "d+"}}}
    });
    let overlay = json!({"patterns": {"p+": {"words": "Ten digits"}, "d+": {"words": "Money", "type": "amount"}}});
    let text = text(&contract(schemas, overlay, json!({})));
    assert!(text.contains("pub m: BTreeMap<String, String>,"), "{text}");
    assert!(text.contains("/// N. /// Ten digits."), "{text}");
    assert!(text.contains("serialize_with = \"crate::lenient::optional_amount_text\""), "{text}");
    assert!(text.contains("pub amount: Option<Amount>,"), "{text}");
}

#[test]
fn what_cannot_become_a_type_fails_with_its_name() {
    let with = |schema: Value| {
        let mut schemas = plain();
        schemas["In"] = schema;
        failure(&contract(schemas, json!({}), json!({})))
    };
    assert_eq!(
        with(json!({"type": "object", "fields": {"x": {"ref": "Gone"}}})),
        "In.x names Gone, which is none"
    );
    assert_eq!(
        with(json!({"type": "object", "fields": {"again": {"ref": "In"}}})),
        "type In holds itself"
    );
    assert_eq!(
        with(json!({"tag": "kind", "variants": {"o": "Out"}})),
        "union In is not told apart by `type`"
    );
    let names = json!({"schemas": {"In": "Amount"}});
    assert_eq!(
        failure(&contract(plain(), json!({}), names)),
        "In would be Amount, which generated files import: name it in names.json"
    );
    let names = json!({"schemas": {"In": "Same", "Out": "Same"}});
    assert_eq!(
        failure(&contract(plain(), json!({}), names)),
        "In and Out differ and are both Same"
    );
}

#[test]
fn the_contract_of_the_repository_makes_what_is_in_the_repository() {
    let files = tree::files().unwrap();
    let system = System::named(SYSTEM).unwrap();
    let made = make(system, &Contract::of(SYSTEM, &files).unwrap()).unwrap();
    assert!(made.len() > 5);
    for Made { path, text } in made {
        let there = files.iter().find(|file| file.path == path).map(|file| &file.text);
        assert_eq!(there, Some(&text), "{path}: run `cargo xtask codegen`");
    }
}

#[test]
fn the_texts_of_the_authority_make_the_contract_and_older_ones_make_types_too() {
    let folder = shell::root().join("../shared/reference/ksef-v1/openapi");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let texts = |names: &[&str]| {
        let paths: Vec<_> = names.iter().map(|name| folder.join(name)).collect();
        let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
        distil_files(System::named(SYSTEM).unwrap(), &paths).unwrap()
    };
    let files: Vec<File> = Vec::new();
    let newest = ["2.6.0/KSeF-batch.yaml", "2.6.0/KSeF-common.yaml", "2.6.0/KSeF-online.yaml"];
    assert!(texts(&newest) == Description::of(SYSTEM, &files).unwrap(), "refresh the contract");

    let older = ["2.6.0/KSeF-batch.yaml", "2.4.0/KSeF-common.yaml", "2.4.0/KSeF-online.yaml"];
    let older = Contract::with(SYSTEM, texts(&older), &files).unwrap();
    let made = make(System::named(SYSTEM).unwrap(), &older).unwrap();
    let all: String = made.iter().map(|made| made.text.as_str()).collect();
    assert!(all.contains("pub struct VisibilityInvoiceResponse {"), "of 2.4.0 only");
    assert!(!all.contains("pub struct StatusResponseV4"), "of 2.6.0 only");
}
