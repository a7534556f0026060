//! What people know beyond the authority's text: corrections, effects, names and words of our own.
//!
//! `overlay.json` and `names.json` stand beside the distilled description and are written by hand.
//! An entry that names nothing in the description is reported by [`Contract::strangers`], so that the two cannot drift apart.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{
    contract::description::{self, Description, Operation, Schema},
    shell::Outcome,
    tree::File,
};

/// A description together with what people know about it; corrections are already applied.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contract {
    pub(crate) description: Description,
    pub(crate) overlay: Overlay,
    pub(crate) names: Names,
}

/// Facts and words that the authority's text does not give.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Overlay {
    /// By method and path.
    pub(crate) operations: BTreeMap<String, Facts>,
    /// Operations that no text describes; their shapes are unverified.
    pub(crate) unpublished: BTreeMap<String, Operation>,
    /// Fields, as `Schema.field`, without which a caller cannot go on.
    pub(crate) needed: BTreeSet<String>,
    /// Fields read otherwise than their schema says: `secret`, `flag`, `text`.
    pub(crate) types: BTreeMap<String, String>,
    /// Fields that are mistakes of the text.
    pub(crate) omitted: BTreeSet<String>,
    /// Fields seen on the wire and not described, by schema.
    pub(crate) added: BTreeMap<String, BTreeMap<String, Schema>>,
    /// What a pattern means, and the type of what it describes.
    pub(crate) patterns: BTreeMap<String, Pattern>,
    /// Sentences for `Schema`, `Schema.field`, or `*.field` in any schema.
    pub(crate) docs: BTreeMap<String, String>,
    /// Sentences for variants of unions, by tag.
    pub(crate) tags: BTreeMap<String, String>,
    /// Sentences for the values of an enumeration, by its name and the value.
    pub(crate) values: BTreeMap<String, BTreeMap<String, String>>,
}

/// What is known of an operation besides its shape.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Facts {
    /// What repeating it does: `read`, `idempotent` or `once`.
    pub(crate) effect: String,
    /// The group of calls that share a limit.
    pub(crate) limit: String,
    pub(crate) section: String,
    #[serde(default)]
    pub(crate) paging: Option<String>,
    /// Limits in words.
    #[serde(default)]
    pub(crate) limits: Vec<String>,
}

/// The meaning of a pattern.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pattern {
    /// What a text of this pattern is, with its article.
    pub(crate) words: String,
    /// `amount` for decimal numbers that travel as text.
    #[serde(rename = "type", default)]
    pub(crate) kind: Option<String>,
}

/// English names where those of the text are missing or poor.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Names {
    /// `resource.verb` by method and path.
    pub(crate) operations: BTreeMap<String, String>,
    pub(crate) schemas: BTreeMap<String, String>,
    /// By tag, or by `Schema.tag`.
    pub(crate) variants: BTreeMap<String, String>,
    /// Of enumerations written inside a field, by `field` or `Schema.field`; equal names are merged.
    pub(crate) enums: BTreeMap<String, String>,
}

impl Contract {
    /// Reads the contract of a system from the files of the working copy.
    pub(crate) fn of(system: &str, files: &[File]) -> Outcome<Self> {
        Self::with(system, Description::of(system, files)?, files)
    }

    /// Another description of the same system under the same overlay.
    pub(crate) fn with(system: &str, description: Description, files: &[File]) -> Outcome<Self> {
        let overlay = description::read(system, "overlay.json", files)?;
        let names = description::read(system, "names.json", files)?;
        Ok(Self::new(description, overlay, names))
    }

    /// Applies the corrections of an overlay.
    pub(crate) fn new(mut description: Description, overlay: Overlay, names: Names) -> Self {
        for (key, operation) in &overlay.unpublished {
            description.operations.entry(key.clone()).or_insert_with(|| operation.clone());
        }
        for (schema, fields) in &overlay.added {
            if let Some(schema) = description.schemas.get_mut(schema) {
                schema.fields.extend(fields.clone());
            }
        }
        for (schema, field) in overlay.omitted.iter().filter_map(|place| place.split_once('.')) {
            if let Some(schema) = description.schemas.get_mut(schema) {
                schema.fields.remove(field);
            }
        }
        Self { description, overlay, names }
    }

    /// Whether no published text describes an operation.
    pub(crate) fn is_unverified(&self, operation: &str) -> bool {
        self.overlay.unpublished.contains_key(operation)
    }

    /// The name of an operation, `resource.verb`; made of its path when nobody named it.
    pub(crate) fn operation_name(&self, operation: &str) -> String {
        let given = self.names.operations.get(operation).cloned();
        given.unwrap_or_else(|| name_from_path(operation))
    }

    /// Entries of the overlay and the names that name nothing in the description.
    pub(crate) fn strangers(&self) -> Vec<String> {
        let operations = self.overlay.operations.keys().chain(self.names.operations.keys());
        let operations = operations.filter(|key| !self.description.operations.contains_key(*key));
        let fields = self.overlay.needed.iter().chain(self.overlay.types.keys());
        let fields = fields.chain(self.overlay.docs.keys()).filter(|place| !self.has(place));
        let schemas = self.names.schemas.keys().chain(self.overlay.added.keys());
        let schemas = schemas.filter(|name| !self.description.schemas.contains_key(*name));
        operations.chain(fields).chain(schemas).cloned().collect()
    }

    /// Whether `Schema`, `Schema.field` or `*.field` is in the description.
    fn has(&self, place: &str) -> bool {
        let schemas = &self.description.schemas;
        match place.split_once('.') {
            None => schemas.contains_key(place),
            Some(("*", field)) => schemas.values().any(|schema| schema.fields.contains_key(field)),
            Some((name, field)) => {
                schemas.get(name).is_some_and(|schema| schema.fields.contains_key(field))
            }
        }
    }
}

/// `GET /online/Some/Thing/{id}` is `some.thing`; what stands before the last two words is dropped.
fn name_from_path(operation: &str) -> String {
    let words: Vec<_> = operation
        .split('/')
        .skip(1)
        .filter(|word| !word.starts_with('{') && !word.is_empty())
        .map(|word| word.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_"))
        .collect();
    match words.as_slice() {
        [.., resource, verb] => format!("{resource}.{verb}"),
        [resource] => format!("{resource}.call"),
        [] => "root.call".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contract(overlay: serde_json::Value) -> Contract {
        let schemas = json!({"A": {"fields": {"x": {"type": "string"}, "wrong": {}}}});
        let operations = json!({"GET /a": {}});
        let description = Description {
            operations: serde_json::from_value(operations).unwrap(),
            schemas: serde_json::from_value(schemas).unwrap(),
        };
        Contract::new(description, serde_json::from_value(overlay).unwrap(), Names::default())
    }

    #[test]
    fn corrections_are_applied() {
        let contract = contract(json!({
            "omitted": ["A.wrong"], "added": {"A": {"y": {"type": "boolean"}}},
            "unpublished": {"GET /b": {"auth": ["T"]}}
        }));
        let fields: Vec<_> = contract.description.schemas["A"].fields.keys().collect();
        assert_eq!(fields, ["x", "y"]);
        assert!(contract.is_unverified("GET /b") && !contract.is_unverified("GET /a"));
        assert_eq!(contract.strangers(), Vec::<String>::new());
    }

    #[test]
    fn entries_that_name_nothing_are_told() {
        let contract = contract(json!({
            "needed": ["A.x", "A.z"], "docs": {"*.x": "X.", "*.q": "Q.", "B": "B."},
            "operations": {"GET /c": {"effect": "read", "limit": "l", "section": "s"}}
        }));
        assert_eq!(contract.strangers(), ["GET /c", "A.z", "*.q", "B"]);
    }

    #[test]
    fn an_operation_without_name_is_named_after_its_path() {
        assert_eq!(name_from_path("GET /online/Invoice/Scam-x/{id}"), "invoice.scam_x");
        assert_eq!(name_from_path("GET /tags"), "tags.call");
    }
}
