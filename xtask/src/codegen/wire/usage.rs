//! Who uses a schema: which operations, in which direction, and through which other schemas.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    codegen::wire::plan::SHARED,
    contract::{
        description::{Operation, Schema},
        overlay::Contract,
    },
};

/// The uses of all schemas.
pub(crate) struct Usage<'a> {
    pub(crate) contract: &'a Contract,
    sent: BTreeSet<&'a str>,
    read: BTreeSet<&'a str>,
    modules: BTreeMap<&'a str, BTreeSet<String>>,
    variants: BTreeSet<&'a str>,
    /// Schemas named by a field, an element or a body, and not only as a variant.
    direct: BTreeSet<&'a str>,
}

/// Whether a schema is a union by a tag.
pub(crate) fn is_union(schema: &Schema) -> bool {
    schema.tag.is_some() && !schema.variants.is_empty()
}

/// The fields of a schema and its ancestors, without the tag of a union; own fields come over inherited ones.
pub(crate) fn all_fields<'a>(
    contract: &'a Contract,
    name: &str,
) -> (BTreeMap<&'a str, &'a Schema>, BTreeSet<&'a str>) {
    let (mut fields, mut required) = (BTreeMap::new(), BTreeSet::new());
    let Some(schema) = contract.description.schemas.get(name) else { return (fields, required) };
    for ancestor in schema.extends.iter().filter(|ancestor| *ancestor != name) {
        let (inherited, needed) = all_fields(contract, ancestor);
        fields.extend(inherited);
        required.extend(needed);
    }
    fields.extend(schema.fields.iter().map(|(name, field)| (name.as_str(), field)));
    required.extend(schema.required.iter().map(String::as_str));
    if let Some(tag) = &schema.tag {
        fields.remove(tag.as_str());
        required.remove(tag.as_str());
    }
    (fields, required)
}

impl<'a> Usage<'a> {
    pub(crate) fn new(contract: &'a Contract) -> Self {
        let mut usage = Self {
            contract,
            sent: BTreeSet::new(),
            read: BTreeSet::new(),
            modules: BTreeMap::new(),
            variants: BTreeSet::new(),
            direct: BTreeSet::new(),
        };
        for (key, operation) in &contract.description.operations {
            let name = contract.operation_name(key);
            let module = name.split('.').next().unwrap_or_default();
            let sent = usage.reached(operation.sent());
            let read = usage.reached(operation.read());
            for schema in sent.union(&read) {
                usage.modules.entry(schema).or_default().insert(module.to_owned());
            }
            usage.direct.extend(operation.sent());
            usage.direct.extend(operation.read());
            usage.sent.extend(sent);
            usage.read.extend(read);
        }
        for (name, schema) in &contract.description.schemas {
            usage.variants.extend(schema.variants.values().map(String::as_str));
            let fields = all_fields(contract, name).0.into_values();
            usage.direct.extend(fields.flat_map(Schema::references));
        }
        usage
    }

    pub(crate) fn is_sent(&self, schema: &str) -> bool {
        self.sent.contains(schema)
    }

    pub(crate) fn is_read(&self, schema: &str) -> bool {
        self.read.contains(schema)
    }

    pub(crate) fn is_variant(&self, schema: &str) -> bool {
        self.variants.contains(schema)
    }

    pub(crate) fn is_named_directly(&self, schema: &str) -> bool {
        self.direct.contains(schema)
    }

    /// The module of a schema; none when no operation uses it.
    pub(crate) fn module(&self, schema: &str) -> Option<String> {
        let modules = self.modules.get(schema)?;
        let is_one = modules.len() == 1;
        modules.iter().next().filter(|_| is_one).cloned().or_else(|| Some(SHARED.to_owned()))
    }

    /// The module of what stands in all these schemas; none when no operation uses them.
    pub(crate) fn common_module(&self, schemas: &BTreeSet<String>) -> Option<String> {
        let modules: BTreeSet<_> = schemas.iter().filter_map(|name| self.module(name)).collect();
        let is_one = modules.len() == 1;
        modules.into_iter().next().map(|module| if is_one { module } else { SHARED.to_owned() })
    }

    /// The operations that send or answer a schema as a whole body, with their media types.
    pub(crate) fn operations(&self, schema: &str) -> Vec<(&'static str, String, &'a str)> {
        let mut found = Vec::new();
        for (key, operation) in &self.contract.description.operations {
            let name = self.contract.operation_name(key);
            for (direction, media) in bodies(operation, schema) {
                found.push((direction, name.clone(), media));
            }
        }
        found
    }

    /// The schemas that hold a schema in a field or as a variant.
    pub(crate) fn holders(&self, schema: &str) -> Vec<&'a str> {
        let all = self.contract.description.schemas.iter();
        let holds = |name: &str, other: &Schema| {
            let fields = all_fields(self.contract, name).0;
            other.variants.values().any(|variant| variant == schema)
                || fields.into_values().any(|field| field.references().contains(schema))
        };
        all.filter(|(name, other)| self.modules.contains_key(name.as_str()) && holds(name, other))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    fn reached(&self, from: BTreeSet<&'a str>) -> BTreeSet<&'a str> {
        let (mut seen, mut open): (BTreeSet<&str>, Vec<&str>) =
            (BTreeSet::new(), from.into_iter().collect());
        while let Some(name) = open.pop() {
            if !seen.insert(name) {
                continue;
            }
            let Some(schema) = self.contract.description.schemas.get(name) else { continue };
            open.extend(schema.variants.values().map(String::as_str));
            open.extend(schema.items.iter().flat_map(|items| items.references()));
            open.extend(schema.reference.as_deref());
            if !is_union(schema) {
                let fields = all_fields(self.contract, name).0.into_values();
                open.extend(fields.flat_map(Schema::references));
            }
        }
        seen
    }
}

fn bodies<'a>(operation: &'a Operation, schema: &str) -> Vec<(&'static str, &'a str)> {
    let is_it = |body: &&Schema| {
        let body = body.items.as_deref().unwrap_or(body);
        body.reference.as_deref() == Some(schema)
    };
    let sent = operation.request.iter();
    let sent = sent.filter(|(_, body)| body.as_ref().is_some_and(|body| is_it(&body)));
    let read = operation.responses.iter().filter(|(status, _)| status.starts_with('2'));
    let read = read.flat_map(|(_, contents)| contents);
    let read = read.filter(|(_, body)| body.as_ref().is_some_and(|body| is_it(&body)));
    let sent = sent.map(|(media, _)| ("Body of", media.as_str()));
    sent.chain(read.map(|(media, _)| ("Answer to", media.as_str()))).collect()
}
