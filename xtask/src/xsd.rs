//! The facts of an XML schema without its prose: elements with their order and number, types with their limits.
//!
//! `fixtures refresh ksef-schemas` writes them as JSON, `codegen` makes the tables of the client from them.
//! Names of types are those of the schema; `xsd:` before a name means a type of XML Schema itself, another prefix an import.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The facts of one schema document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schema {
    pub(crate) namespace: String,
    /// Namespaces of other documents, by the prefix that stands before names from there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) imports: BTreeMap<String, String>,
    /// What a document may begin with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) elements: BTreeMap<String, TypeRef>,
    pub(crate) types: BTreeMap<String, Type>,
}

/// A type with a name, or one that is told where it is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum TypeRef {
    Named(String),
    Here(Box<Type>),
}

/// A type: of values when it has a base or a union, of elements when it has content or attributes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Type {
    /// The type that a value has to be of besides meeting the limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<String>,
    /// In no order; a value meets one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) union: Vec<TypeRef>,
    #[serde(default, skip_serializing_if = "Facets::is_empty")]
    pub(crate) facets: Facets,
    /// The type whose content and attributes come first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) extends: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<Particle>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attributes: Vec<Attribute>,
}

/// The limits of a type of values. Several patterns are alternatives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub(crate) struct Facets {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) white_space: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) pattern: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) enumeration: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total_digits: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fraction_digits: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_inclusive: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_inclusive: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_exclusive: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_exclusive: Option<String>,
}

/// An element or a group of them, and how often it stands: once when nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Particle {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) element: Option<String>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<TypeRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fixed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sequence: Option<Vec<Particle>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) choice: Option<Vec<Particle>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) min: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max: Option<Most>,
}

/// How often something may stand at most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Most {
    Times(u32),
    Unbounded(Unbounded),
}

/// The word for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unbounded {
    Unbounded,
}

/// An attribute; it may be left out unless it is required.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) of: TypeRef,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fixed: Option<String>,
}

impl Facets {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Particle {
    pub(crate) fn least(&self) -> u32 {
        self.min.unwrap_or(1)
    }

    /// `u32::MAX` when there is no limit.
    pub(crate) fn most(&self) -> u32 {
        match self.max {
            None => 1,
            Some(Most::Times(times)) => times,
            Some(Most::Unbounded(_)) => u32::MAX,
        }
    }
}
