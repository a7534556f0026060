//! A form with every name resolved: a list of types that refer to each other by number.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    codegen::schemas::{Numbered, automaton},
    xsd::{Facets, Schema, Type, TypeRef},
};

/// A form as the tables tell it.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) namespace: String,
    pub(super) root: String,
    pub(super) root_type: usize,
    pub(super) types: Vec<Resolved>,
    /// The types that an invoice may name itself, with their namespaces.
    pub(super) names: Vec<(String, String, usize)>,
}

/// A type whose parts are numbers of types.
#[derive(Debug)]
pub(super) struct Resolved {
    /// The name, or where the type is told.
    pub(super) label: String,
    pub(super) base: Option<usize>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) of: usize,
    pub(super) required: bool,
    pub(super) fixed: Option<String>,
}

#[derive(Debug)]
pub(super) enum Content {
    Value(Value),
    Elements(Vec<State>),
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) name: String,
    pub(super) of: usize,
    pub(super) most: u32,
    pub(super) fixed: Option<String>,
    pub(super) next: Vec<usize>,
    pub(super) may_end: bool,
}

/// What a value has to meet.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) blanks: &'static str,
    pub(super) facets: Vec<Facet>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Named(&'static str),
    Union(Vec<usize>),
}

/// Patterns of one step are alternatives; everything else has to be met.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Facet {
    Values(Vec<String>),
    Pattern(Vec<String>),
    Count(&'static str, u32),
    Bound(&'static str, String),
}

type Told<T> = Result<T, String>;

const XSD: &str = "http://www.w3.org/2001/XMLSchema";

/// The least and the greatest number of a type; an empty text is no bound.
type Bounds = Option<(&'static str, &'static str)>;

/// A type of XML Schema: name, base, kind, blanks, bounds.
type BuiltIn = (&'static str, Option<&'static str>, &'static str, &'static str, Bounds);

/// The types of XML Schema that the forms build on.
const BUILT_IN: &[BuiltIn] = &[
    ("string", None, "Text", "Kept", None),
    ("normalizedString", Some("string"), "Text", "Replaced", None),
    ("token", Some("normalizedString"), "Text", "Collapsed", None),
    ("decimal", None, "Decimal", "Collapsed", None),
    ("integer", Some("decimal"), "Integer", "Collapsed", None),
    ("nonNegativeInteger", Some("integer"), "Integer", "Collapsed", Some(("0", ""))),
    (
        "long",
        Some("integer"),
        "Integer",
        "Collapsed",
        Some(("-9223372036854775808", "9223372036854775807")),
    ),
    ("int", Some("long"), "Integer", "Collapsed", Some(("-2147483648", "2147483647"))),
    ("short", Some("int"), "Integer", "Collapsed", Some(("-32768", "32767"))),
    ("byte", Some("short"), "Integer", "Collapsed", Some(("-128", "127"))),
    ("date", None, "Date", "Collapsed", None),
    ("dateTime", None, "DateTime", "Collapsed", None),
    ("gYear", None, "Year", "Collapsed", None),
];

/// Which type is meant: by the home of its name, or by where it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Own(&'a str),
    Base(&'a str),
    BuiltIn(&'a str),
    Here(*const Type, Home, &'a str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Home {
    Own,
    Base,
}

struct Resolver<'a> {
    own: &'a Schema,
    base: &'a Schema,
    here: BTreeMap<*const Type, &'a Type>,
    numbers: Numbered<Key<'a>>,
    /// The types that elements are declared with.
    declared: BTreeSet<usize>,
}

/// Resolves a form with what it imports.
pub(super) fn form<'a>(own: &'a Schema, base: &'a Schema) -> Told<Form> {
    if own.imports.values().any(|namespace| *namespace != base.namespace) {
        return Err("it imports another namespace than that of the base types".to_owned());
    }
    let mut roots = own.elements.iter();
    let (Some((root, of)), None) = (roots.next(), roots.next()) else {
        return Err("one element may be the root".to_owned());
    };
    let mut resolver = Resolver {
        own,
        base,
        here: BTreeMap::new(),
        numbers: Numbered::default(),
        declared: BTreeSet::new(),
    };
    let root_type = resolver.number(Home::Own, root, of)?;
    resolver.declared.insert(root_type);
    let mut types = Vec::new();
    resolver.resolve(&mut types)?;
    resolver.add_replacements()?;
    resolver.resolve(&mut types)?;
    let names = resolver.names();
    Ok(Form { namespace: own.namespace.clone(), root: root.clone(), root_type, types, names })
}

impl<'a> Resolver<'a> {
    /// Resolves every type that has a number and none yet that is resolved, and those that it needs.
    fn resolve(&mut self, types: &mut Vec<Resolved>) -> Told<()> {
        while let Some(key) = self.numbers.in_order().get(types.len()).copied().copied() {
            let resolved = self.one(key)?;
            types.push(resolved);
        }
        Ok(())
    }

    fn one(&mut self, key: Key<'a>) -> Told<Resolved> {
        let base = self.parent(key)?;
        let base = base.map(|base| self.numbers.number(&base));
        let label = match key {
            Key::Own(name) => name.to_owned(),
            Key::Base(name) => format!("base {name}"),
            Key::BuiltIn(name) => format!("xsd:{name}"),
            Key::Here(_, _, place) => format!("of {place}"),
        };
        let Some((_, home)) = self.definition(key)?.filter(|(of, _)| is_complex(of)) else {
            let content = Content::Value(self.value(key)?);
            return Ok(Resolved { label, base, attributes: Vec::new(), content });
        };
        let (mut contents, mut attributes, mut value) = (Vec::new(), Vec::new(), None);
        for key in self.line(key)? {
            match self.definition(key)? {
                Some((of, home)) if is_complex(of) => {
                    contents.extend(&of.content);
                    attributes.extend(of.attributes.iter().map(|one| (home, one)));
                }
                _ => value = Some(self.value(key)?),
            }
        }
        if home == Home::Base && !contents.is_empty() {
            return Err(format!("{label} has elements of another namespace"));
        }
        let attributes = attributes.into_iter().map(|(home, one)| {
            let of = self.number(home, &one.name, &one.of)?;
            let fixed = one.fixed.clone();
            Ok(Attribute { name: one.name.clone(), of, required: one.required, fixed })
        });
        let attributes = attributes.collect::<Told<_>>()?;
        let content = match value {
            Some(_) if !contents.is_empty() => {
                return Err(format!("{label} mixes values and elements"));
            }
            Some(value) => Content::Value(value),
            None => Content::Elements(self.states(home, &contents)?),
        };
        Ok(Resolved { label, base, attributes, content })
    }

    fn states(&mut self, home: Home, contents: &[&'a crate::xsd::Particle]) -> Told<Vec<State>> {
        let states = automaton::states(contents)?.into_iter().map(|state| {
            let of = match state.of {
                None => 0,
                Some(of) => self.number(home, state.name, of)?,
            };
            if state.of.is_some() {
                self.declared.insert(of);
            }
            let automaton::State { name, most, fixed, next, may_end, .. } = state;
            let fixed = fixed.map(str::to_owned);
            Ok(State { name: name.to_owned(), of, most, fixed, next, may_end })
        });
        states.collect()
    }

    fn number(&mut self, home: Home, place: &'a str, of: &'a TypeRef) -> Told<usize> {
        let key = self.key(home, place, of)?;
        Ok(self.numbers.number(&key))
    }

    fn key(&mut self, home: Home, place: &'a str, of: &'a TypeRef) -> Told<Key<'a>> {
        match of {
            TypeRef::Named(name) => self.named(home, name),
            TypeRef::Here(of) => {
                let pointer: *const Type = &raw const **of;
                self.here.insert(pointer, of);
                Ok(Key::Here(pointer, home, place))
            }
        }
    }

    fn named(&self, home: Home, name: &'a str) -> Told<Key<'a>> {
        let key = match name.split_once(':') {
            Some(("xsd", name)) => Key::BuiltIn(name),
            Some((_, name)) => Key::Base(name),
            None if home == Home::Own => Key::Own(name),
            None => Key::Base(name),
        };
        let is_there = match key {
            Key::Own(name) => self.own.types.contains_key(name),
            Key::Base(name) => self.base.types.contains_key(name),
            Key::BuiltIn(name) => BUILT_IN.iter().any(|one| one.0 == name),
            Key::Here(..) => true,
        };
        if is_there { Ok(key) } else { Err(format!("the type {name} is not known")) }
    }

    /// The facts of a type; those of XML Schema itself have none.
    fn definition(&self, key: Key<'a>) -> Told<Option<(&'a Type, Home)>> {
        let (of, home) = match key {
            Key::BuiltIn(_) => return Ok(None),
            Key::Own(name) => (self.own.types.get(name), Home::Own),
            Key::Base(name) => (self.base.types.get(name), Home::Base),
            Key::Here(pointer, home, _) => (self.here.get(&pointer).copied(), home),
        };
        let of = of.ok_or_else(|| format!("{key:?} is lost"))?;
        Ok(Some((of, home)))
    }

    fn parent(&self, key: Key<'a>) -> Told<Option<Key<'a>>> {
        if let Key::BuiltIn(name) = key {
            let base = BUILT_IN.iter().find(|one| one.0 == name).and_then(|one| one.1);
            return Ok(base.map(Key::BuiltIn));
        }
        let Some((of, home)) = self.definition(key)? else { return Ok(None) };
        of.base.as_ref().or(of.extends.as_ref()).map(|name| self.named(home, name)).transpose()
    }

    /// A type and those that it comes from, the first one first.
    fn line(&self, key: Key<'a>) -> Told<Vec<Key<'a>>> {
        let mut line = vec![key];
        while let Some(parent) = self.parent(line[line.len() - 1])? {
            line.push(parent);
        }
        line.reverse();
        Ok(line)
    }

    fn value(&mut self, key: Key<'a>) -> Told<Value> {
        let mut found = Value { kind: Kind::Named(""), blanks: "", facets: Vec::new() };
        for key in self.line(key)? {
            match (key, self.definition(key)?) {
                (Key::BuiltIn(name), _) => {
                    let row = BUILT_IN.iter().find(|one| one.0 == name);
                    let (_, _, kind, blanks, bounds) = row.ok_or("a base is lost")?;
                    (found.kind, found.blanks) = (Kind::Named(kind), blanks);
                    let (least, most) = bounds.unwrap_or_default();
                    bound("MinInclusive", least, &mut found.facets);
                    bound("MaxInclusive", most, &mut found.facets);
                }
                (_, Some((of, home))) if !of.union.is_empty() => {
                    let numbers = of.union.iter().map(|one| self.number(home, "a union", one));
                    found.kind = Kind::Union(numbers.collect::<Told<_>>()?);
                    found.blanks = "Kept";
                }
                (_, Some((of, _))) => narrow(&mut found, &of.facets)?,
                (_, None) => {}
            }
        }
        Ok(found)
    }

    /// Numbers the named types that an invoice may put in the place of a declared one.
    fn add_replacements(&mut self) -> Told<()> {
        let own = self.own.types.keys().map(|name| Key::Own(name));
        let base = self.base.types.keys().map(|name| Key::Base(name));
        for key in own.chain(base).collect::<Vec<_>>() {
            let declared = self.numbers.in_order();
            let declared: BTreeSet<_> = self
                .declared
                .iter()
                .filter_map(|number| declared.get(*number).copied())
                .copied()
                .collect();
            if self.line(key)?.iter().any(|one| declared.contains(one)) {
                self.numbers.number(&key);
            }
        }
        Ok(())
    }

    fn names(&self) -> Vec<(String, String, usize)> {
        let all = self.numbers.in_order().into_iter().enumerate();
        let named = all.filter_map(|(number, key)| match key {
            Key::Own(name) => Some((self.own.namespace.clone(), (*name).to_owned(), number)),
            Key::Base(name) => Some((self.base.namespace.clone(), (*name).to_owned(), number)),
            Key::BuiltIn(name) => Some((XSD.to_owned(), (*name).to_owned(), number)),
            Key::Here(..) => None,
        });
        let mut named: Vec<_> = named.collect();
        named.sort();
        named
    }
}

/// Whether a type has attributes or elements; one that only adds a name to such a type has, too.
fn is_complex(of: &Type) -> bool {
    of.base.is_none() && of.union.is_empty()
}

/// Adds the limits of a further step; a later limit of the same kind is the narrower one.
fn narrow(value: &mut Value, facets: &Facets) -> Told<()> {
    if let Some(blanks) = &facets.white_space {
        value.blanks = match blanks.as_str() {
            "preserve" => "Kept",
            "replace" => "Replaced",
            "collapse" => "Collapsed",
            other => return Err(format!("the white space `{other}` is not known")),
        };
    }
    if !facets.enumeration.is_empty() {
        // The values meet everything that came before.
        value.facets.clear();
        value.facets.push(Facet::Values(facets.enumeration.clone()));
    }
    let counts = [
        ("MinLength", facets.length.or(facets.min_length)),
        ("MaxLength", facets.length.or(facets.max_length)),
        ("TotalDigits", facets.total_digits),
        ("FractionDigits", facets.fraction_digits),
    ];
    for (name, count) in counts {
        if let Some(count) = count {
            value.facets.retain(|one| !matches!(one, Facet::Count(other, _) if *other == name));
            value.facets.push(Facet::Count(name, count));
        }
    }
    let bounds = [
        ("MinInclusive", &facets.min_inclusive),
        ("MinExclusive", &facets.min_exclusive),
        ("MaxInclusive", &facets.max_inclusive),
        ("MaxExclusive", &facets.max_exclusive),
    ];
    for (name, text) in bounds {
        bound(name, text.as_deref().unwrap_or_default(), &mut value.facets);
    }
    if !facets.pattern.is_empty() {
        value.facets.push(Facet::Pattern(facets.pattern.clone()));
    }
    Ok(())
}

fn bound(name: &'static str, text: &str, facets: &mut Vec<Facet>) {
    if !text.is_empty() {
        facets.retain(|one| !matches!(one, Facet::Bound(other, _) if *other == name));
        facets.push(Facet::Bound(name, text.to_owned()));
    }
}
