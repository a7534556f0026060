//! The tables as Rust: constants and calls of constant functions, nothing else.

use std::fmt::Write as _;

use crate::{
    codegen::{
        HEADER,
        schemas::{
            Numbered, pattern,
            resolve::{Attribute, Content, Facet, Form, Kind, Resolved, State, Value},
        },
    },
    fixtures::ksef_schemas,
};

/// Lists up to this length stand where they are used.
const SHORT: usize = 8;

/// Patterns and long lists of values, which several forms use.
#[derive(Default)]
pub(super) struct Shared {
    patterns: Numbered<Vec<String>>,
    lists: Numbered<Vec<String>>,
}

/// The text of the table of a form.
pub(super) fn form(title: &str, facts: &str, form: &Form, shared: &mut Shared) -> String {
    let mut types = String::new();
    for (number, resolved) in form.types.iter().enumerate() {
        let _ = writeln!(types, "// {number}: {}\n{},", resolved.label, of_type(resolved, shared));
    }
    let mut names = String::new();
    for (namespace, name, number) in &form.names {
        let _ = writeln!(names, "({namespace:?}, {name:?}, {number}),");
    }
    let Form { namespace, root, root_type, .. } = form;
    format!(
        "//! What the form {title} demands.\n//!\n\
         //! {HEADER} from {}/{facts}: do not edit.\n\n\
         use super::{{Blanks, Facet, Form, Kind, Type, Value, attribute, elements, inner, last, value}};\n\
         use super::shared;\n\n\
         pub(in crate::check) static FORM: Form = Form {{\nnamespace: {namespace:?},\nroot: {root:?},\n\
         root_type: {root_type},\ntypes: TYPES,\nnames: NAMES,\n}};\n\n\
         static TYPES: &[Type] = &[\n{types}];\n\n\
         static NAMES: &[(&str, &str, u16)] = &[\n{names}];\n",
        ksef_schemas::FOLDER,
    )
}

impl Shared {
    /// The text of the table that the forms share.
    pub(super) fn text(&self) -> Result<String, String> {
        let mut text = format!(
            "//! Patterns and lists that several forms use.\n//!\n\
             //! {HEADER} from {}: do not edit.\n\nuse super::Pattern;\n",
            ksef_schemas::FOLDER
        );
        for (number, patterns) in self.patterns.in_order().into_iter().enumerate() {
            let table = pattern::table(patterns)?;
            let _ = write!(
                text,
                "\npub(super) static PATTERN_{number}: Pattern = Pattern {{\ntext: {:?},\nclasses: &{:?},\n\
                 width: {},\nnext: &{:?},\naccepts: &{:?},\n}};\n",
                patterns.join("|"),
                table.classes,
                table.width,
                table.next,
                table.accepts,
            );
        }
        for (number, values) in self.lists.in_order().into_iter().enumerate() {
            let _ = write!(text, "\npub(super) static LIST_{number}: &[&str] = &{values:?};\n");
        }
        Ok(text)
    }

    fn pattern(&mut self, patterns: &[String]) -> String {
        format!("&shared::PATTERN_{}", self.patterns.number(&patterns.to_vec()))
    }

    fn list(&mut self, values: &[String]) -> String {
        let mut values = values.to_vec();
        values.sort();
        if values.len() <= SHORT {
            return format!("&{values:?}");
        }
        format!("shared::LIST_{}", self.lists.number(&values))
    }
}

fn of_type(resolved: &Resolved, shared: &mut Shared) -> String {
    let Resolved { base, attributes, content, .. } = resolved;
    let attributes: Vec<_> = attributes.iter().map(of_attribute).collect();
    let attributes = attributes.join(", ");
    match content {
        Content::Value(of) => {
            let of = of_value(of, shared);
            format!("value({base:?}, &[{attributes}], {of})")
        }
        Content::Elements(states) => {
            let states: Vec<_> = states.iter().map(of_state).collect();
            format!("elements({base:?}, &[{attributes}], &[{}])", states.join(", "))
        }
    }
}

fn of_attribute(one: &Attribute) -> String {
    let Attribute { name, of, required, fixed } = one;
    format!("attribute({name:?}, {of}, {required}, {fixed:?})")
}

fn of_state(state: &State) -> String {
    let State { name, of, most, fixed, next, may_end } = state;
    let most = if *most == u32::MAX { "u32::MAX".to_owned() } else { most.to_string() };
    let kind = if *may_end { "last" } else { "inner" };
    let fixed = fixed.as_ref().map(|value| format!(".fixed({value:?})")).unwrap_or_default();
    format!("{kind}({name:?}, {of}, {most}, &{next:?}){fixed}")
}

fn of_value(of: &Value, shared: &mut Shared) -> String {
    let kind = match &of.kind {
        Kind::Named(kind) => format!("Kind::{kind}"),
        Kind::Union(members) => format!("Kind::Union(&{members:?})"),
    };
    let facets: Vec<_> = of.facets.iter().map(|facet| of_facet(facet, shared)).collect();
    format!(
        "Value {{ kind: {kind}, blanks: Blanks::{}, facets: &[{}] }}",
        of.blanks,
        facets.join(", ")
    )
}

fn of_facet(facet: &Facet, shared: &mut Shared) -> String {
    match facet {
        Facet::Values(values) => format!("Facet::Values({})", shared.list(values)),
        Facet::Pattern(patterns) => format!("Facet::Pattern({})", shared.pattern(patterns)),
        Facet::Count(name, count) => format!("Facet::{name}({count})"),
        Facet::Bound(name, bound) => format!("Facet::{name}({bound:?})"),
    }
}
