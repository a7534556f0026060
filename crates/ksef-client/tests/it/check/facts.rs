//! The facts of the schemas, and the schemas that they tell: what xmllint reads where the
//! authority's own files are not at hand.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use serde_json::Value;

/// The facts of a form together with those of its base types.
pub(crate) struct Facts {
    pub(crate) own: Value,
    pub(crate) base: Value,
}

impl Facts {
    /// The facts of a form by the name of its file.
    pub(crate) fn of(form: &str) -> Self {
        let mut base = read("structures");
        for name in ["values", "countries"] {
            let Value::Object(types) = read(name)["types"].take() else { panic!("{name}") };
            base["types"].as_object_mut().unwrap().extend(types);
        }
        Self { own: read(form), base }
    }

    /// Writes the schemas into a folder; the first one is that of the form.
    pub(crate) fn write_schemas(&self, folder: &Path) {
        fs::write(folder.join("form.xsd"), schema(&self.own)).unwrap();
        fs::write(folder.join("base.xsd"), schema(&self.base)).unwrap();
    }
}

fn read(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/ksef/schemas");
    serde_json::from_slice(&fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap()
}

fn schema(facts: &Value) -> String {
    let imports: BTreeMap<String, String> =
        serde_json::from_value(facts.get("imports").cloned().unwrap_or_default())
            .unwrap_or_default();
    let namespace = facts["namespace"].as_str().unwrap();
    let mut text = format!(
        "<xsd:schema xmlns:xsd='http://www.w3.org/2001/XMLSchema' xmlns:own='{namespace}' \
         targetNamespace='{namespace}' elementFormDefault='qualified'"
    );
    let others: Vec<_> = imports.iter().filter(|(_, other)| *other != namespace).collect();
    for (prefix, other) in &others {
        let _ = write!(text, " xmlns:{prefix}='{other}'");
    }
    text.push('>');
    for (_, other) in others {
        let _ = write!(text, "<xsd:import namespace='{other}' schemaLocation='base.xsd'/>");
    }
    let types = &facts["types"];
    for (name, of) in facts.get("elements").and_then(Value::as_object).into_iter().flatten() {
        let _ = write!(text, "<xsd:element name='{name}'");
        of_type(types, of, &mut text);
        text.push_str("</xsd:element>");
    }
    for (name, of) in types.as_object().unwrap() {
        definition(types, of, Some(name), &mut text);
    }
    text + "</xsd:schema>\n"
}

/// Closes a start tag, with the type as an attribute or behind it.
fn of_type(types: &Value, of: &Value, text: &mut String) {
    if let Some(name) = of.as_str() {
        let _ = write!(text, " type='{}'>", qualified(name));
    } else {
        text.push('>');
        definition(types, of, None, text);
    }
}

fn definition(types: &Value, of: &Value, name: Option<&str>, text: &mut String) {
    let name = name.map(|name| format!(" name='{name}'")).unwrap_or_default();
    if let Some(base) = of["base"].as_str() {
        let _ = write!(text, "<xsd:simpleType{name}><xsd:restriction base='{}'>", qualified(base));
        for (facet, value) in of["facets"].as_object().into_iter().flatten() {
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            for value in values {
                let value = value.as_str().map_or_else(|| value.to_string(), escaped);
                let _ = write!(text, "<xsd:{facet} value='{value}'/>");
            }
        }
        text.push_str("</xsd:restriction></xsd:simpleType>\n");
    } else if let Some(members) = of["union"].as_array() {
        let _ = write!(text, "<xsd:simpleType{name}><xsd:union>");
        for member in members {
            definition(types, member, None, text);
        }
        text.push_str("</xsd:union></xsd:simpleType>\n");
    } else {
        let _ = write!(text, "<xsd:complexType{name}>");
        complex(types, of, text);
        text.push_str("</xsd:complexType>\n");
    }
}

fn complex(types: &Value, of: &Value, text: &mut String) {
    let Some(base) = of["extends"].as_str() else { return content(types, of, text) };
    let is_value = types[base]["base"].is_string() || types[base]["union"].is_array();
    let kind = if is_value { "simpleContent" } else { "complexContent" };
    let _ = write!(text, "<xsd:{kind}><xsd:extension base='{}'>", qualified(base));
    content(types, of, text);
    let _ = write!(text, "</xsd:extension></xsd:{kind}>");
}

fn content(types: &Value, of: &Value, text: &mut String) {
    if !of["content"].is_null() {
        particle(types, &of["content"], text);
    }
    for attribute in of["attributes"].as_array().into_iter().flatten() {
        let _ = write!(text, "<xsd:attribute name='{}'", attribute["name"].as_str().unwrap());
        if attribute["required"] == true {
            text.push_str(" use='required'");
        }
        if let Some(fixed) = attribute["fixed"].as_str() {
            let _ = write!(text, " fixed='{}'", escaped(fixed));
        }
        of_type(types, &attribute["type"], text);
        text.push_str("</xsd:attribute>");
    }
}

fn particle(types: &Value, one: &Value, text: &mut String) {
    let mut often = String::new();
    for (key, name) in [("min", "minOccurs"), ("max", "maxOccurs")] {
        if !one[key].is_null() {
            let value = one[key].as_str().map_or_else(|| one[key].to_string(), str::to_owned);
            let _ = write!(often, " {name}='{value}'");
        }
    }
    if let Some(name) = one["element"].as_str() {
        let _ = write!(text, "<xsd:element name='{name}'{often}");
        if let Some(fixed) = one["fixed"].as_str() {
            let _ = write!(text, " fixed='{}'", escaped(fixed));
        }
        of_type(types, &one["type"], text);
        text.push_str("</xsd:element>\n");
        return;
    }
    let kind = if one["choice"].is_array() { "choice" } else { "sequence" };
    let _ = write!(text, "<xsd:{kind}{often}>");
    for inner in one[kind].as_array().unwrap() {
        particle(types, inner, text);
    }
    let _ = write!(text, "</xsd:{kind}>");
}

fn qualified(name: &str) -> String {
    if name.contains(':') { name.to_owned() } else { format!("own:{name}") }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;")
}
