//! Namespaces of prefixes (Namespaces in XML 1.0).

use std::collections::HashMap;

use crate::check::{
    markup::{Attribute, Broken, attribute_value, is_name},
    table::{FORMS, Form},
};

pub(super) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The prefixes in force.
///
/// Each prefix has its own stack, so that neither many prefixes nor deep nesting make a look-up
/// slow; the empty prefix, which almost every name has, is found without one.
#[derive(Default)]
pub(super) struct Namespaces<'t> {
    default: Vec<Namespace>,
    prefixed: HashMap<&'t str, Vec<Namespace>>,
    /// The elements that declared something, with what they declared.
    declared: Vec<(usize, Vec<&'t str>)>,
}

struct Namespace {
    name: String,
    /// The form that has it; looked up once and not for each element.
    form: Option<&'static Form>,
}

impl<'t> Namespaces<'t> {
    /// Takes the declarations of an element at a depth from among its attributes.
    pub(super) fn declare(
        &mut self,
        depth: usize,
        attributes: &[Attribute<'t>],
    ) -> Result<(), Broken> {
        let mut prefixes = Vec::new();
        for attribute in attributes {
            let prefix = match attribute.name.split_once(':') {
                None if attribute.name == "xmlns" => "",
                Some(("xmlns", prefix)) => prefix,
                _ => continue,
            };
            let namespace = attribute_value(attribute.raw, |_| ())?.into_owned();
            let is_of_xml = (prefix == "xml") == (namespace == XML);
            let is_allowed = prefix.is_empty()
                || is_name(prefix) && !prefix.contains(':') && !namespace.is_empty();
            if !is_of_xml || !is_allowed || prefix == "xmlns" || namespace == XMLNS {
                return Err(Broken { at: 0, why: "a namespace cannot be declared so" });
            }
            prefixes.push(prefix);
            let form = FORMS.into_iter().find(|form| form.namespace == namespace);
            self.stack(prefix).push(Namespace { name: namespace, form });
        }
        if !prefixes.is_empty() {
            self.declared.push((depth, prefixes));
        }
        Ok(())
    }

    /// Forgets what elements at that depth declared.
    pub(super) fn close(&mut self, depth: usize) {
        if self.declared.last().is_none_or(|(last, _)| *last < depth) {
            return;
        }
        for prefix in self.declared.pop().map(|(_, prefixes)| prefixes).unwrap_or_default() {
            self.stack(prefix).pop();
        }
    }

    /// The namespace of names without prefix; empty when there is none.
    pub(super) fn unprefixed(&self) -> &str {
        self.default.last().map_or("", |namespace| &namespace.name)
    }

    /// The namespace of names with a prefix, which may be empty; empty when there is none.
    pub(super) fn namespace(&self, prefix: &str) -> &str {
        if prefix.is_empty() { self.unprefixed() } else { self.of(prefix).unwrap_or_default() }
    }

    /// The form whose namespace names with a prefix have, which may be empty.
    pub(super) fn form(&self, prefix: &str) -> Option<&'static Form> {
        let stack = if prefix.is_empty() { &self.default } else { self.prefixed.get(prefix)? };
        stack.last()?.form
    }

    /// The namespace of a prefix that is not empty.
    pub(super) fn of(&self, prefix: &str) -> Option<&str> {
        if prefix == "xml" {
            return Some(XML);
        }
        self.prefixed.get(prefix)?.last().map(|namespace| namespace.name.as_str())
    }

    fn stack(&mut self, prefix: &'t str) -> &mut Vec<Namespace> {
        if prefix.is_empty() { &mut self.default } else { self.prefixed.entry(prefix).or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_holds_within_its_element() {
        let mut names = Namespaces::default();
        let attribute = |name, raw| Attribute { name, raw };
        names.declare(1, &[attribute("xmlns", "a"), attribute("xmlns:p", "b")]).unwrap();
        names.declare(2, &[attribute("x", "y")]).unwrap();
        names.declare(3, &[attribute("xmlns:p", "c"), attribute("xmlns", "")]).unwrap();
        assert_eq!((names.unprefixed(), names.of("p")), ("", Some("c")));
        names.close(3);
        names.close(2);
        assert_eq!((names.unprefixed(), names.of("p"), names.of("q")), ("a", Some("b"), None));
        names.close(1);
        assert_eq!((names.unprefixed(), names.of("p"), names.of("xml")), ("", None, Some(XML)));
    }

    #[test]
    fn reserved_prefixes_are_not_declared_anew() {
        for (name, raw) in
            [("xmlns:xml", "a"), ("xmlns:xmlns", "a"), ("xmlns:p", ""), ("xmlns", XML)]
        {
            let declared = Namespaces::default().declare(1, &[Attribute { name, raw }]);
            assert!(declared.is_err(), "{name}={raw}");
        }
    }
}
