//! Which Rust types a contract becomes, in which modules, before any text is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    codegen::wire::{
        docs,
        fields::{self, Field, Types},
        naming,
        types::Type,
        usage::{Usage, is_union},
    },
    contract::{description::Schema, overlay::Contract},
    shell::{Failure, Outcome},
};

/// The module for what several modules use.
pub(crate) const SHARED: &str = "shared";

/// All types, by module and name.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) modules: BTreeMap<String, BTreeMap<String, Item>>,
}

impl Plan {
    /// The module of every type.
    pub(crate) fn homes(&self) -> BTreeMap<String, String> {
        let all = self
            .modules
            .iter()
            .flat_map(|(module, items)| items.keys().map(|name| (name.clone(), module.clone())));
        all.collect()
    }

    /// Moves the enumerations of a module that is too long into one of their own.
    pub(crate) fn split(&mut self, module: &str) {
        let Some(items) = self.modules.remove(module) else { return };
        let (codes, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
            items.into_iter().partition(|(_, item)| matches!(item, Item::Code(_)));
        self.modules.insert(format!("{module}_codes"), codes);
        self.modules.insert(module.to_owned(), others);
    }
}

/// A type.
#[derive(Debug)]
pub(crate) enum Item {
    Record(Record),
    Union(Union),
    Code(Code),
}

/// A struct with named fields.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) docs: Vec<String>,
    pub(crate) fields: Vec<Field>,
    /// Whether a caller makes one, so that it needs a constructor.
    pub(crate) is_sent: bool,
    /// Whether a secret is in it at any depth.
    pub(crate) holds_secret: bool,
}

/// An enum whose variants are told apart by the field `type`.
#[derive(Debug)]
pub(crate) struct Union {
    pub(crate) docs: Vec<String>,
    pub(crate) variants: Vec<Variant>,
}

/// One variant of a union.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) tag: String,
    pub(crate) name: String,
    pub(crate) content: Content,
    pub(crate) docs: Vec<String>,
}

/// What a variant holds besides its tag.
#[derive(Debug, PartialEq)]
pub(crate) enum Content {
    Nothing,
    /// One field of that name, a text.
    Text(String),
    Record(String),
}

/// An open enumeration.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) docs: Vec<String>,
    /// Raw value, name and docs of each variant.
    pub(crate) values: Vec<(String, String, String)>,
}

/// Plans the types of a contract.
pub(crate) fn plan(contract: &Contract) -> Outcome<Plan> {
    let types = Types::new(contract)?;
    let usage = Usage::new(contract);
    let mut plan = Plan::default();
    for (name, schemas) in types.schemas_by_name() {
        let Some(module) = usage.common_module(&schemas) else { continue };
        // Schemas of one name are alike; the first stands for all.
        let Some(first) = schemas.first() else { continue };
        let schema = &contract.description.schemas[first];
        let item = if is_union(schema) {
            Item::Union(union(first, schema, &types, &usage)?)
        } else if !schema.values.is_empty() {
            Item::Code(code(contract, &name, &schema.values, docs::of_schema(first, &usage)))
        } else if is_inlined(first, &types, &usage)? {
            continue;
        } else {
            Item::Record(record(first, &types, &usage)?)
        };
        plan.modules.entry(module).or_default().insert(name, item);
    }
    for (name, inline) in &types.inline_codes {
        let Some(module) = usage.common_module(&inline.owners) else { continue };
        let code = code(contract, name, &inline.values, vec![docs::of_inline_code(inline)]);
        plan.modules.entry(module).or_default().insert(name.clone(), Item::Code(code));
    }
    mark_secrets(&mut plan);
    check_recursion(&plan)?;
    Ok(plan)
}

fn record(schema: &str, types: &Types<'_>, usage: &Usage<'_>) -> Outcome<Record> {
    let fields = fields::of(schema, types, usage)?;
    let holds_secret = fields.iter().any(|field| field.kind.is_secret());
    let docs = docs::of_schema(schema, usage);
    Ok(Record { docs, fields, is_sent: usage.is_sent(schema), holds_secret })
}

fn union(name: &str, schema: &Schema, types: &Types<'_>, usage: &Usage<'_>) -> Outcome<Union> {
    if schema.tag.as_deref() != Some("type") {
        return Err(Failure::new(format!("union {name} is not told apart by `type`")));
    }
    let names = &types.contract.names.variants;
    let variants = schema.variants.iter().map(|(tag, target)| {
        let own = names.get(&format!("{name}.{tag}")).or_else(|| names.get(tag));
        let name = own.cloned().unwrap_or_else(|| naming::pascal(tag));
        let content = content(target, types, usage)?;
        let docs = docs::of_variant(tag, target, &content, types);
        Ok(Variant { tag: tag.clone(), name, content, docs })
    });
    Ok(Union { docs: docs::of_schema(name, usage), variants: variants.collect::<Outcome<_>>()? })
}

fn content(schema: &str, types: &Types<'_>, usage: &Usage<'_>) -> Outcome<Content> {
    let fields = fields::of(schema, types, usage)?;
    Ok(match fields.as_slice() {
        [] => Content::Nothing,
        [only] if only.kind == Type::Text => Content::Text(only.json.clone()),
        _ => Content::Record(types.name(schema)?),
    })
}

/// Whether a schema is nothing but a variant that holds no or one text, so that it needs no type of its own.
fn is_inlined(schema: &str, types: &Types<'_>, usage: &Usage<'_>) -> Outcome<bool> {
    let is_small = !matches!(content(schema, types, usage)?, Content::Record(_));
    Ok(is_small && usage.is_variant(schema) && !usage.is_named_directly(schema))
}

fn code(contract: &Contract, name: &str, raw: &[String], docs: Vec<String>) -> Code {
    let words = contract.overlay.values.get(name);
    let mut values: Vec<String> = raw.to_vec();
    for added in words.into_iter().flat_map(BTreeMap::keys) {
        if !values.contains(added) {
            values.push(added.clone());
        }
    }
    let values = values.into_iter().map(|value| {
        let given = words.and_then(|words| words.get(&value)).cloned();
        let doc = given.unwrap_or_else(|| format!("`{value}` on the wire."));
        let name = naming::pascal(&value);
        (value, name, doc)
    });
    Code { docs, values: values.collect() }
}

/// Marks every record in which a secret is, however deep.
fn mark_secrets(plan: &mut Plan) {
    loop {
        let items = || plan.modules.values().flatten();
        let secret: BTreeSet<String> = items()
            .filter(|(_, item)| matches!(item, Item::Record(record) if record.holds_secret))
            .map(|(name, _)| name.clone())
            .collect();
        let mut grew = false;
        for item in plan.modules.values_mut().flat_map(BTreeMap::values_mut) {
            if let Item::Record(record) = item {
                let mut inner = record.fields.iter().filter_map(|field| field.kind.named());
                let holds = record.holds_secret || inner.any(|name| secret.contains(name));
                grew |= holds != record.holds_secret;
                record.holds_secret = holds;
            }
        }
        if !grew {
            return;
        }
    }
}

/// Fails when a struct would hold itself without a list between.
fn check_recursion(plan: &Plan) -> Outcome {
    let mut held: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, item) in plan.modules.values().flatten() {
        let inner: BTreeSet<&str> = match item {
            Item::Record(record) => {
                let named = record.fields.iter().filter_map(|field| match &field.kind {
                    Type::Named(name) => Some(name.as_str()),
                    _ => None,
                });
                named.collect()
            }
            Item::Union(union) => {
                let named = union.variants.iter().filter_map(|variant| match &variant.content {
                    Content::Record(name) => Some(name.as_str()),
                    _ => None,
                });
                named.collect()
            }
            Item::Code(_) => BTreeSet::new(),
        };
        held.insert(name, inner);
    }
    for start in held.keys() {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = held[start].iter().copied().collect();
        while let Some(name) = open.pop() {
            if name == *start {
                return Err(Failure::new(format!("type {start} holds itself")));
            }
            if seen.insert(name) {
                open.extend(held.get(name).into_iter().flatten());
            }
        }
    }
    Ok(())
}
