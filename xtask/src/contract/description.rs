//! What an authority's OpenAPI text says about its interface, without a word of prose.
//!
//! `cargo xtask fixtures refresh` writes a [`Description`] as two files, `operations.json` and `schemas.json`; the generators and the difference read them.
//! The vocabulary is that of OpenAPI, but for inheritance: `allOf` with a reference is `extends`, and a discriminator is a `tag` with its `variants`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    shell::{self, Failure, Outcome},
    tree::File,
};

/// The file of the operations.
pub(crate) const OPERATIONS: &str = "operations.json";
/// The file of the schemas.
pub(crate) const SCHEMAS: &str = "schemas.json";

/// An interface: its operations by method and path, its schemas by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Description {
    pub(crate) operations: BTreeMap<String, Operation>,
    pub(crate) schemas: BTreeMap<String, Schema>,
}

/// A schema per media type; none where a body is described by its media type alone.
pub(crate) type Contents = BTreeMap<String, Option<Schema>>;

/// One operation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Operation {
    /// The authority's own name of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) deprecated: bool,
    /// The names of the schemes of which one must authorise it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) auth: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parameters: Vec<Parameter>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) request: Contents,
    /// By status.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) responses: BTreeMap<String, Contents>,
    /// Permissions of which one is enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) permissions: Vec<String>,
    /// Codes of errors that are listed for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) codes: Vec<u32>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) limits: Value,
}

/// A parameter in the path, the query or a header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Parameter {
    #[serde(rename = "in")]
    pub(crate) place: String,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) required: bool,
    pub(crate) schema: Schema,
}

/// A type: an object with fields, a union by a tag, an array, a plain value, or a reference to another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of OpenAPI")]
pub(crate) struct Schema {
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) min_length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) minimum: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) maximum: Option<Value>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) exclusive_minimum: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) min_items: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_items: Option<u64>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) unique_items: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) nullable: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) deprecated: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) read_only: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) write_only: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<Value>,
    #[serde(rename = "enum", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) items: Option<Box<Self>>,
    /// The type of the values of a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) additional_properties: Option<Box<Self>>,
    /// Schemas whose fields this one has too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) extends: Vec<String>,
    /// The field that tells which variant an object is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<String>,
    /// The schema of each value of the tag.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) variants: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) fields: BTreeMap<String, Self>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) required: BTreeSet<String>,
}

impl Description {
    /// Reads the contract of a system from the files of the working copy.
    pub(crate) fn of(system: &str, files: &[File]) -> Outcome<Self> {
        let operations = read(system, OPERATIONS, files)?;
        let schemas = read(system, SCHEMAS, files)?;
        Ok(Self { operations, schemas })
    }
}

impl Schema {
    /// The names of the schemas that this one names itself, variants and ancestors included.
    pub(crate) fn references(&self) -> BTreeSet<&str> {
        let parts = self.items.iter().chain(&self.additional_properties).map(AsRef::as_ref);
        let deeper = parts.chain(self.fields.values()).flat_map(Self::references);
        let named = self.reference.iter().chain(&self.extends).chain(self.variants.values());
        named.map(String::as_str).chain(deeper).collect()
    }
}

impl Operation {
    /// The schemas of the bodies that a caller sends.
    pub(crate) fn sent(&self) -> BTreeSet<&str> {
        self.request.values().flatten().flat_map(Schema::references).collect()
    }

    /// The schemas of the bodies that a caller reads.
    pub(crate) fn read(&self) -> BTreeSet<&str> {
        let contents = self.responses.values().flat_map(BTreeMap::values);
        contents.flatten().flat_map(Schema::references).collect()
    }
}

/// Reads a JSON file of a contract from the working copy; the failure names it.
pub(crate) fn read<T: DeserializeOwned>(system: &str, name: &str, files: &[File]) -> Outcome<T> {
    let place = format!("fixtures/{system}/contract/{name}");
    let file = files.iter().find(|file| file.path == place);
    let text = match file {
        Some(file) => file.text.clone(),
        None => shell::read(&shell::root().join(&place))?,
    };
    serde_json::from_str(&text).map_err(|cause| Failure::new(format!("{place}: {cause}")))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_at_every_depth() {
        let text = r#"{"type":"object","extends":["A"],"variants":{"x":"B"},"fields":{
            "one":{"ref":"C"},"many":{"type":"array","items":{"ref":"D"}},"map":{"additionalProperties":{"ref":"E"}}}}"#;
        let schema: Schema = serde_json::from_str(text).unwrap();
        assert_eq!(schema.references().into_iter().collect::<String>(), "ABCDE");
    }

    #[test]
    fn an_unknown_word_is_refused_and_not_lost() {
        assert!(serde_json::from_str::<Schema>(r#"{"type":"string","oneOf":[]}"#).is_err());
    }
}
