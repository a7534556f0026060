//! Sentences for generated types: our own words from the overlay, and what the constraints say.

use crate::{
    codegen::wire::{
        fields::{InlineCode, Types},
        naming,
        plan::Content,
        types::Type,
        usage::{Usage, all_fields},
    },
    contract::description::Schema,
};

/// More holders than this are not listed.
const LISTED: usize = 3;

/// What a type is for.
pub(crate) fn of_schema(schema: &str, usage: &Usage<'_>) -> Vec<String> {
    let mut lines: Vec<String> =
        usage.contract.overlay.docs.get(schema).cloned().into_iter().collect();
    let operations = usage.operations(schema);
    for (direction, name, media) in operations.iter().take(LISTED) {
        let media =
            if *media == "application/json" { String::new() } else { format!(", as `{media}`") };
        lines.push(format!("{direction} `{name}`{media}."));
    }
    if operations.is_empty() {
        let holders = usage.holders(schema);
        let listed: Vec<_> = holders
            .iter()
            .take(LISTED)
            .map(|holder| format!("`{}`", shown(holder, usage)))
            .collect();
        let more = if holders.len() > LISTED { " and others" } else { "" };
        if !listed.is_empty() {
            lines.push(format!("Part of {}{more}.", listed.join(", ")));
        }
    }
    if lines.is_empty() {
        lines.push(sentence(schema));
    }
    let description = usage.contract.description.schemas.get(schema);
    if description.is_some_and(|schema| schema.deprecated) {
        lines.push("Deprecated by the authority.".to_owned());
    }
    lines.push(format!("`{schema}` of the contract."));
    lines
}

/// What a field is, and what the contract demands of it.
pub(crate) fn of_field(
    place: &str,
    schema: &Schema,
    kind: &Type,
    may_lack: bool,
    types: &Types<'_>,
) -> Vec<String> {
    let docs = &types.contract.overlay.docs;
    let name = place.rsplit('.').next().unwrap_or_default();
    let general = docs.get(&format!("*.{name}"));
    let own = docs.get(place).or(general).cloned();
    let mut lines = vec![own.unwrap_or_else(|| sentence(name))];
    let mut constraints = constraints(schema, types);
    if let Some(values) = narrower(schema, kind, types) {
        constraints.push(values);
    }
    if may_lack {
        constraints.push("Required by the contract.".to_owned());
    }
    lines.extend(constraints);
    lines
}

/// What a variant is.
pub(crate) fn of_variant(
    tag: &str,
    target: &str,
    content: &Content,
    types: &Types<'_>,
) -> Vec<String> {
    let overlay = &types.contract.overlay;
    let words = overlay.docs.get(target).or_else(|| overlay.tags.get(tag)).cloned();
    let mut lines = vec![words.unwrap_or_else(|| format!("`{tag}` on the wire."))];
    if let Content::Text(field) = content {
        let fields = all_fields(types.contract, target).0;
        let schema = fields.get(field.as_str());
        let constraints = schema.map(|schema| constraints(schema, types)).unwrap_or_default();
        lines.extend(constraints);
    }
    lines
}

/// Where the values of an enumeration stand that is written inside fields.
pub(crate) fn of_inline_code(code: &InlineCode) -> String {
    let fields: Vec<_> = code.fields.iter().map(|field| format!("`{field}`")).collect();
    format!("Values of {}.", fields.join(" and "))
}

/// `partReferenceNumber` is "Part reference number."
fn sentence(name: &str) -> String {
    let text = naming::words(name).join(" ");
    let (first, rest) = text.split_at_checked(1).unwrap_or_default();
    format!("{}{rest}.", first.to_uppercase())
}

fn constraints(schema: &Schema, types: &Types<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if schema.items.is_some() {
        let each = if schema.unique_items { ", each once" } else { "" };
        if let Some(range) = range(schema.min_items, schema.max_items, "items") {
            lines.push(format!("{range}{each}."));
        }
    }
    let target =
        schema.reference.as_ref().and_then(|name| types.contract.description.schemas.get(name));
    if let Some(target) = target.filter(|target| target.kind.as_deref() == Some("string")) {
        lines.extend(constraints(target, types));
    }
    if let Some(items) = &schema.items {
        lines.extend(constraints(items, types));
    }
    if let Some(pattern) = &schema.pattern {
        let meaning = types.contract.overlay.patterns.get(pattern);
        lines.push(meaning.map_or_else(
            || format!("Pattern `{pattern}`."),
            |meaning| format!("{}.", meaning.words),
        ));
    }
    lines
        .extend(range(schema.min_length, schema.max_length, "characters").map(|range| range + "."));
    let number =
        |value: &Option<serde_json::Value>| value.as_ref().and_then(serde_json::Value::as_i64);
    lines.extend(match (number(&schema.minimum), number(&schema.maximum)) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}.")),
        (Some(least), None) if least > 0 => Some(format!("At least {least}.")),
        (None, Some(most)) => Some(format!("At most {most}.")),
        _ => None,
    });
    if matches!(schema.format.as_deref(), Some("binary" | "byte")) {
        lines.push("Base64.".to_owned());
    }
    if schema.deprecated {
        lines.push("Deprecated by the authority.".to_owned());
    }
    lines
}

fn range(least: Option<u64>, most: Option<u64>, unit: &str) -> Option<String> {
    match (least, most) {
        (Some(least), Some(most)) if least == most => Some(format!("{most} {unit}")),
        (Some(least), Some(most)) => Some(format!("{least} to {most} {unit}")),
        (None, Some(most)) => Some(format!("At most {most} {unit}")),
        (Some(least), None) if least > 0 => Some(format!("At least {least} {unit}")),
        _ => None,
    }
}

/// The values that a field takes, where its enumeration knows more.
fn narrower(schema: &Schema, kind: &Type, types: &Types<'_>) -> Option<String> {
    let name = code_of(kind)?;
    let schema = schema.items.as_deref().unwrap_or(schema);
    let all = &types.inline_codes.get(name)?.values;
    let quoted = |values: Vec<&String>| {
        values.into_iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
    };
    let missing: Vec<_> = all.iter().filter(|value| !schema.values.contains(value)).collect();
    match missing.len() {
        0 => None,
        few if few * 2 < schema.values.len() => Some(format!("Never {}.", quoted(missing))),
        _ => Some(format!("One of {}.", quoted(schema.values.iter().collect()))),
    }
}

fn code_of(kind: &Type) -> Option<&str> {
    match kind {
        Type::Code(name) => Some(name),
        Type::List(item) => code_of(item),
        _ => None,
    }
}

fn shown(schema: &str, usage: &Usage<'_>) -> String {
    let given = usage.contract.names.schemas.get(schema).cloned();
    given.unwrap_or_else(|| naming::type_name(schema))
}
