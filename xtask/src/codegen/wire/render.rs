//! The text of the planned types.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::codegen::wire::{
    fields::Field,
    naming,
    plan::{Code, Content, Item, Record, Union},
    types::{Presence, Type},
};

/// What a module may need to import, in groups, with the text that tells whether it does.
const IMPORTS: &[&[(&str, &str)]] = &[
    &[("BTreeMap<", "std::collections::BTreeMap")],
    &[
        ("DateTime<", "chrono::{DateTime, Utc}"),
        ("NaiveDate", "chrono::NaiveDate"),
        ("codes! {", "common_core::codes"),
        ("Amount", "common_core::money::Amount"),
        ("Open<", "common_core::open::Open"),
        ("#[derive", "serde::{Deserialize, Serialize}"),
        ("Value", "serde_json::Value"),
    ],
    &[
        ("SecretText", "crate::lenient::SecretText"),
        ("setters! {", "crate::lenient::setters"),
        ("tagged! {", "crate::lenient::tagged"),
    ],
];

/// A module with its types; `homes` tells the module of every type.
pub(crate) fn module(
    docs: &str,
    own: &str,
    items: &BTreeMap<String, Item>,
    homes: &BTreeMap<String, String>,
) -> String {
    let mut body = String::new();
    for (name, item) in items {
        body.push('\n');
        match item {
            Item::Record(record) => write_record(name, record, &mut body),
            Item::Union(union) => write_union(name, union, &mut body),
            Item::Code(code) => write_code(name, code, &mut body),
        }
    }
    let code = crate::rust_text::blanked(&body);
    let mut text = format!("{docs}\n");
    let is_named = |word: &str| crate::rust_text::words(&code, word).next().is_some();
    for group in IMPORTS {
        let needed = group.iter().filter(|(word, _)| is_named(word));
        let lines: Vec<_> = needed.map(|(_, path)| format!("use {path};\n")).collect();
        text.push_str(&lines.concat());
        text.push('\n');
    }
    let mut foreign: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, home) in homes.iter().filter(|(name, home)| *home != own && is_named(name)) {
        foreign.entry(home).or_default().push(name);
    }
    for (home, names) in foreign {
        let _ = writeln!(text, "use super::{home}::{{{}}};", names.join(", "));
    }
    text + &body
}

fn write_record(name: &str, record: &Record, text: &mut String) {
    write_docs(&record.docs, text);
    let may_default = record.fields.iter().all(|field| !is_argument(field) && !field.is_needed());
    let mut derives = vec!["Clone", "Debug"];
    if may_default {
        derives.push("Default");
    }
    derives.extend(if record.holds_secret {
        &["Deserialize"][..]
    } else {
        &["PartialEq", "Serialize", "Deserialize"]
    });
    let _ = writeln!(text, "#[derive({})]", derives.join(", "));
    let _ = writeln!(text, "#[serde(rename_all = \"camelCase\")]\n#[non_exhaustive]");
    let _ = writeln!(text, "pub struct {name} {{");
    for field in &record.fields {
        write_docs(&field.docs, text);
        let written = field.kind.field(field.presence);
        let mut serde = written.serde;
        if naming::camel(&field.rust) != field.json {
            serde.insert(0, format!("rename = \"{}\"", field.json));
        }
        if record.holds_secret {
            // A struct that cannot be written takes no attributes about writing.
            serde.retain(|attribute| !attribute.starts_with('s'));
        }
        if !serde.is_empty() {
            let _ = writeln!(text, "#[serde({})]", serde.join(", "));
        }
        let _ = writeln!(text, "pub {}: {},", field.rust, written.rust);
    }
    text.push_str("}\n");
    if record.is_sent {
        write_constructors(name, record, may_default, text);
    }
}

fn write_constructors(name: &str, record: &Record, may_default: bool, text: &mut String) {
    let _ = writeln!(text, "\nimpl {name} {{");
    let (given, optional): (Vec<_>, Vec<_>) =
        record.fields.iter().partition(|field| is_argument(field));
    if may_default {
        text.push_str("/// With nothing set.\npub fn new() -> Self { Self::default() }\n");
    } else {
        write_new(&given, &optional, text);
    }
    if !optional.is_empty() {
        text.push_str("\n    setters! {\n");
        for field in optional {
            let (_, convert) = field.kind.argument();
            let how = match (field.is_option(), convert.is_empty()) {
                (false, _) => "all",
                (true, true) => "some",
                (true, false) => "some_into",
            };
            let _ = writeln!(text, "        {}: {how} {},", field.rust, field.kind.rust());
        }
        text.push_str("    }\n");
    }
    text.push_str("}\n");
}

fn write_new(given: &[&Field], optional: &[&Field], text: &mut String) {
    text.push_str("/// With what the contract requires.\n");
    let arguments =
        given.iter().map(|field| format!("{}: {}", field.rust, field.kind.argument().0));
    let _ = writeln!(
        text,
        "pub fn new({}) -> Self {{ Self {{",
        arguments.collect::<Vec<_>>().join(", ")
    );
    for field in given {
        let convert = field.kind.argument().1;
        let value = format!("{}{convert}", field.rust);
        let value = if field.is_option() { format!("Some({value})") } else { value };
        let _ = if value == field.rust {
            writeln!(text, "{value},")
        } else {
            writeln!(text, "{}: {value},", field.rust)
        };
    }
    for field in optional {
        let value = match &field.kind {
            Type::List(_) => "Vec::new()",
            Type::Map(_) => "BTreeMap::new()",
            _ => "None",
        };
        let _ = writeln!(text, "{}: {value},", field.rust);
    }
    text.push_str("} }\n");
}

fn write_union(name: &str, union: &Union, text: &mut String) {
    text.push_str("tagged! {\n");
    write_indented(&union.docs, 1, text);
    let _ = writeln!(text, "    pub enum {name} {{");
    for variant in &union.variants {
        write_indented(&variant.docs, 2, text);
        let content = match &variant.content {
            Content::Nothing => String::new(),
            Content::Text(field) => format!("(String)[\"{field}\"]"),
            Content::Record(record) => format!("({record})"),
        };
        let _ = writeln!(text, "        {}{content} = \"{}\",", variant.name, variant.tag);
    }
    text.push_str("    }\n}\n");
}

fn write_code(name: &str, code: &Code, text: &mut String) {
    text.push_str("codes! {\n");
    write_indented(&code.docs, 1, text);
    let _ = writeln!(text, "    pub enum {name}: str {{");
    for (raw, variant, docs) in &code.values {
        write_indented(std::slice::from_ref(docs), 2, text);
        let _ = writeln!(text, "        {variant} = \"{raw}\",");
    }
    text.push_str("    }\n}\n");
}

fn write_docs(lines: &[String], text: &mut String) {
    write_indented(lines, 0, text);
}

/// Inside a macro call `rustfmt` changes nothing, so its text is indented here.
fn write_indented(lines: &[String], depth: usize, text: &mut String) {
    for line in lines {
        let _ = writeln!(text, "{}/// {line}", "    ".repeat(depth));
    }
}

/// Whether the constructor takes the field.
fn is_argument(field: &Field) -> bool {
    field.required
}

impl Field {
    fn is_needed(&self) -> bool {
        self.presence == Presence::Needed && !matches!(self.kind, Type::List(_) | Type::Map(_))
    }

    fn is_option(&self) -> bool {
        self.presence == Presence::Optional && !matches!(self.kind, Type::List(_) | Type::Map(_))
    }
}
