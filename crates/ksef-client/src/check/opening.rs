//! The attributes of a start tag against those of its type, and the type that an invoice names
//! itself (XML Schema 1.0 part 1, sections 3.3.4 and 3.4.4).

use std::borrow::Cow;

use crate::check::{
    FindingKind,
    finding::Findings,
    markup::{Attribute, split_name},
    names::{Namespaces, XSI},
    table::{Content, Form, Type},
    value,
};

/// What the attributes of a start tag are read with.
pub(super) struct Tag<'a, 't> {
    pub(super) form: &'static Form,
    pub(super) names: &'a Namespaces<'t>,
    /// Attributes with their values, references resolved.
    pub(super) attributes: &'a [(Attribute<'t>, Cow<'t, str>)],
    pub(super) path: &'a str,
    /// Where the tag begins.
    pub(super) offset: usize,
}

impl Tag<'_, '_> {
    /// The type of the element, which is the declared one unless the invoice names another.
    pub(super) fn check(&self, declared: u16, findings: &mut Findings<'_>) -> u16 {
        let mut of = declared;
        let mut own = Vec::new();
        for (attribute, value) in self.attributes {
            let (prefix, local) = split_name(attribute.name);
            if prefix == "xmlns" || attribute.name == "xmlns" {
                continue;
            }
            let is_of_schema = !prefix.is_empty() && self.names.of(prefix) == Some(XSI);
            match local {
                _ if prefix.is_empty() => own.push((attribute.name, value)),
                "schemaLocation" | "noNamespaceSchemaLocation" if is_of_schema => {}
                "type" if is_of_schema => match self.named(declared, value) {
                    Ok(named) => of = named,
                    Err(says) => self.wrong(attribute.name, says, findings),
                },
                "nil" if is_of_schema => {
                    self.wrong(attribute.name, "the element may not be nil", findings);
                }
                _ => self.wrong(attribute.name, "the attribute is not known", findings),
            }
        }
        self.own(&own, &self.form.types[usize::from(of)], findings);
        of
    }

    /// The attributes without namespace, which are those that types have.
    fn own(&self, own: &[(&str, &Cow<'_, str>)], of: &Type, findings: &mut Findings<'_>) {
        for (name, text) in own {
            let Some(known) = of.attributes.iter().find(|known| known.name == *name) else {
                self.wrong(name, "the attribute is not known", findings);
                continue;
            };
            let Content::Value(value) = &self.form.types[usize::from(known.of)].content else {
                continue;
            };
            match (value::read(value, self.form.types, text), known.fixed) {
                (Err(says), _) => self.wrong(name, &says, findings),
                (Ok(value), Some(fixed)) if value != fixed => {
                    self.wrong(name, &format!("the value is not `{fixed}`"), findings);
                }
                _ => {}
            }
        }
        for known in of.attributes.iter().filter(|known| known.required) {
            if !own.iter().any(|(name, _)| *name == known.name) {
                self.wrong(known.name, "the attribute is missing", findings);
            }
        }
    }

    /// The type of that name, which must be the declared one or be derived from it.
    fn named(&self, declared: u16, name: &str) -> Result<u16, &'static str> {
        let name = name.trim_matches([' ', '\t', '\n', '\r']);
        let (namespace, local) = match name.split_once(':') {
            Some((prefix, local)) => (self.names.of(prefix).unwrap_or_default(), local),
            None => (self.names.unprefixed(), name),
        };
        let mut named = self.form.names.iter();
        let named = named.find(|(home, known, _)| (*home, *known) == (namespace, local));
        let (_, _, named) = named.ok_or("the type is not known")?;
        let mut of = Some(*named);
        while let Some(number) = of.filter(|number| *number != declared) {
            of = self.form.types[usize::from(number)].base;
        }
        of.map(|_| *named).ok_or("the type is not derived from the one of the schema")
    }

    fn wrong(&self, name: &str, says: &str, findings: &mut Findings<'_>) {
        let path = format!("{}/@{name}", self.path);
        findings.add(FindingKind::Attribute, &path, self.offset, says);
    }
}
