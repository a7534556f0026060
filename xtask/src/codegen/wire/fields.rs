//! The fields of a struct: their names, types and presence.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    codegen::wire::{
        docs, naming,
        types::{Presence, Type},
        usage::{Usage, all_fields, is_union},
    },
    contract::{description::Schema, overlay::Contract},
    shell::{Failure, Outcome},
};

/// Types of other crates that generated files use.
const RESERVED: &[&str] = &[
    "Amount",
    "BTreeMap",
    "DateTime",
    "NaiveDate",
    "Open",
    "Option",
    "SecretText",
    "String",
    "Utc",
    "Value",
    "Vec",
];

/// A field of a struct.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) json: String,
    pub(crate) rust: String,
    pub(crate) kind: Type,
    pub(crate) presence: Presence,
    /// Whether whoever sends it has to give it.
    pub(crate) required: bool,
    pub(crate) docs: Vec<String>,
}

/// The names of all types, and the way from a schema to its type.
pub(crate) struct Types<'a> {
    pub(crate) contract: &'a Contract,
    /// By schema; those that are plain values have none.
    pub(crate) names: BTreeMap<String, String>,
    /// Enumerations that are written inside fields, by name.
    pub(crate) inline_codes: BTreeMap<String, InlineCode>,
}

/// An enumeration that is written inside fields; equal names are one enumeration.
#[derive(Debug, Default)]
pub(crate) struct InlineCode {
    pub(crate) values: Vec<String>,
    pub(crate) fields: BTreeSet<String>,
    /// The schemas whose fields hold it.
    pub(crate) owners: BTreeSet<String>,
}

/// The fields of a schema, in alphabetical order of the contract's names.
pub(crate) fn of(schema: &str, types: &Types<'_>, usage: &Usage<'_>) -> Outcome<Vec<Field>> {
    let (fields, required) = all_fields(types.contract, schema);
    let fields = fields.into_iter().map(|(json, field)| {
        let place = format!("{schema}.{json}");
        let kind = types.of(schema, json, field)?;
        let is_needed = types.contract.overlay.needed.contains(&place);
        let is_required = required.contains(json) && !field.nullable;
        let only_sent = usage.is_sent(schema) && !usage.is_read(schema);
        let presence = if is_needed || (only_sent && is_required) {
            Presence::Needed
        } else {
            Presence::Optional
        };
        let docs = docs::of_field(&place, field, &kind, is_required && !is_needed, types);
        let (json, rust) = (json.to_owned(), naming::snake(json));
        Ok(Field { json, rust, kind, presence, required: is_required, docs })
    });
    fields.collect()
}

impl<'a> Types<'a> {
    pub(crate) fn new(contract: &'a Contract) -> Outcome<Self> {
        let names = type_names(contract)?;
        let mut types = Self { contract, names, inline_codes: BTreeMap::new() };
        let mut codes: BTreeMap<String, InlineCode> = BTreeMap::new();
        for owner in contract.description.schemas.keys() {
            for (field, schema) in all_fields(contract, owner).0 {
                let values = inline_values(schema);
                if values.is_empty() || types.is_overridden(owner, field) {
                    continue;
                }
                let code = codes.entry(types.code_name(owner, field)).or_default();
                let unknown = values.iter().filter(|value| !code.values.contains(value));
                let unknown: Vec<_> = unknown.cloned().collect();
                code.values.extend(unknown);
                code.fields.insert(field.to_owned());
                code.owners.insert(owner.clone());
            }
        }
        types.inline_codes = codes;
        Ok(types)
    }

    /// The schemas of each type, by its name.
    pub(crate) fn schemas_by_name(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (schema, name) in &self.names {
            found.entry(name.clone()).or_default().insert(schema.clone());
        }
        found
    }

    /// The name of a struct, a union or an enumeration.
    pub(crate) fn name(&self, schema: &str) -> Outcome<String> {
        let name = self.names.get(schema).cloned();
        name.ok_or_else(|| Failure::new(format!("there is no schema {schema}")))
    }

    /// The type of a field.
    pub(crate) fn of(&self, owner: &str, field: &str, schema: &Schema) -> Outcome<Type> {
        if let Some(items) = &schema.items {
            let item = self.of(owner, field, items)?;
            if item.is_read_by_attribute() {
                let says = format!("{owner}.{field} is a list of what serde reads by attribute");
                return Err(Failure::new(says));
            }
            return Ok(Type::List(Box::new(element(item, items))));
        }
        if let Some(kind) = self.contract.overlay.types.get(&format!("{owner}.{field}")) {
            return overridden(kind);
        }
        if let Some(values) = &schema.additional_properties {
            let value = self.of(owner, field, values)?;
            return Ok(Type::Map(Box::new(element(value, values))));
        }
        if let Some(target) = &schema.reference {
            let Some(pointed) = self.contract.description.schemas.get(target) else {
                return Err(Failure::new(format!("{owner}.{field} names {target}, which is none")));
            };
            if let Some(kind) = self.contract.overlay.types.get(target) {
                return overridden(kind);
            }
            return match self.names.get(target) {
                None => self.of(owner, field, pointed),
                Some(name) if pointed.values.is_empty() => Ok(Type::Named(name.clone())),
                Some(name) => Ok(Type::Code(name.clone())),
            };
        }
        if !schema.values.is_empty() {
            return Ok(Type::Code(self.code_name(owner, field)));
        }
        Ok(self.plain(schema))
    }

    fn plain(&self, schema: &Schema) -> Type {
        match (schema.kind.as_deref(), schema.format.as_deref()) {
            (Some("string"), Some("date-time")) => Type::Time,
            (Some("string"), Some("date")) => Type::Date,
            (Some("string"), _) if self.is_amount(schema) => Type::AmountText,
            (Some("string"), _) => Type::Text,
            (Some("integer"), _) => Type::Whole(whole(schema)),
            (Some("number"), _) => Type::Amount,
            (Some("boolean"), _) => Type::Boolean,
            _ => Type::Json,
        }
    }

    fn is_amount(&self, schema: &Schema) -> bool {
        let pattern = schema.pattern.as_ref();
        let meaning = pattern.and_then(|pattern| self.contract.overlay.patterns.get(pattern));
        meaning.is_some_and(|meaning| meaning.kind.as_deref() == Some("amount"))
    }

    fn is_overridden(&self, owner: &str, field: &str) -> bool {
        self.contract.overlay.types.contains_key(&format!("{owner}.{field}"))
    }

    /// The name of an enumeration that is written inside a field.
    fn code_name(&self, owner: &str, field: &str) -> String {
        let given = &self.contract.names.enums;
        let own = given.get(&format!("{owner}.{field}")).or_else(|| given.get(field));
        let name = own.cloned().unwrap_or_else(|| naming::pascal(field));
        let is_taken = self.names.values().any(|taken| *taken == name);
        if is_taken { name + "Code" } else { name }
    }
}

/// The names of all schemas that become types of their own; plain values do not.
fn type_names(contract: &Contract) -> Outcome<BTreeMap<String, String>> {
    let is_type = |schema: &Schema| {
        is_union(schema)
            || !schema.values.is_empty()
            || !schema.extends.is_empty()
            || (schema.kind.as_deref().is_none_or(|kind| kind == "object")
                && schema.reference.is_none()
                && schema.additional_properties.is_none())
    };
    let is_plain = |name: &str| contract.overlay.types.contains_key(name);
    let own = contract.description.schemas.iter();
    let own = own.filter(|(name, schema)| is_type(schema) && !is_plain(name));
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (name, schema) in own {
        names.insert(name.clone(), type_name(contract, name, schema)?);
    }
    // Where the short form of a name is another schema's, the long one stays; a given name may stand for schemas that are alike.
    let is_given = |schema: &str| contract.names.schemas.contains_key(schema);
    let short: Vec<String> = names.values().cloned().collect();
    for (schema, name) in &mut names {
        let is_double = short.iter().filter(|other| *other == name).count() > 1;
        if is_double && schema.ends_with("Type") && !is_given(schema) {
            *name = naming::pascal(schema);
        }
    }
    for (index, (schema, name)) in names.iter().enumerate() {
        let earlier = names.iter().take(index).find(|(_, other)| *other == name);
        if let Some((other, _)) = earlier.filter(|(other, _)| !are_alike(contract, schema, other)) {
            return Err(Failure::new(format!("{other} and {schema} differ and are both {name}")));
        }
    }
    Ok(names)
}

/// The name that people gave a schema, or one made of its own; the values of an enumeration often are the `Type` of something.
fn type_name(contract: &Contract, name: &str, schema: &Schema) -> Outcome<String> {
    let is_code = !schema.values.is_empty();
    let own = if is_code { naming::pascal(name) } else { naming::type_name(name) };
    let own = contract.names.schemas.get(name).cloned().unwrap_or(own);
    if RESERVED.contains(&own.as_str()) {
        let says = format!("{name} would be {own}, which generated files import");
        return Err(Failure::new(format!("{says}: name it in names.json")));
    }
    Ok(own)
}

/// Whether two schemas say the same of what they describe.
fn are_alike(contract: &Contract, one: &str, other: &str) -> bool {
    let schemas = &contract.description.schemas;
    let variants = |name: &str| schemas.get(name).map(|schema| (&schema.tag, &schema.variants));
    all_fields(contract, one) == all_fields(contract, other) && variants(one) == variants(other)
}

/// The type of the elements of a list or a map.
fn element(item: Type, schema: &Schema) -> Type {
    if schema.nullable { Type::Nullable(Box::new(item)) } else { item }
}

fn inline_values(schema: &Schema) -> &[String] {
    match &schema.items {
        Some(items) => inline_values(items),
        None => &schema.values,
    }
}

fn overridden(kind: &str) -> Outcome<Type> {
    match kind {
        "secret" => Ok(Type::Secret),
        "flag" => Ok(Type::Flag),
        "text" => Ok(Type::Text),
        other => Err(Failure::new(format!("the overlay knows no type `{other}`"))),
    }
}

/// The smallest usual type that holds every number of the range.
fn whole(schema: &Schema) -> &'static str {
    let limit =
        |value: &Option<serde_json::Value>| value.as_ref().and_then(serde_json::Value::as_i64);
    let is_natural = limit(&schema.minimum).is_some_and(|minimum| minimum >= 0);
    let is_small = limit(&schema.maximum).is_some_and(|maximum| maximum <= i64::from(u32::MAX));
    let is_long = schema.format.as_deref() == Some("int64");
    match (is_natural, is_small || !is_long) {
        (true, _) if is_small => "u32",
        (true, _) => "u64",
        (false, true) => "i32",
        (false, false) => "i64",
    }
}
