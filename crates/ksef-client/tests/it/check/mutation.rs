//! Changes of a valid invoice, most of which make it invalid, and where each was made.

use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};

use crate::check::tree::{Element, Way, local};

/// An invoice that was changed.
pub(crate) struct Mutated {
    pub(crate) tree: Element,
    pub(crate) kind: Kind,
    /// The path of the element that was changed, or of the parent of one that is gone.
    pub(crate) path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Drop,
    Double,
    Many,
    SwapWithNext,
    Move,
    Foreign,
    Unknown,
    Renamed,
    Value,
    OtherNamespace,
    NoNamespace,
    UnknownAttribute,
    NoAttributes,
    OtherAttribute,
    SchemaAttribute,
    StrayText,
    StraySection,
    ElementInValue,
    Comment,
    Section,
    References,
    Emptied,
    Prefixed,
}

pub(crate) const KINDS: &[Kind] = &[
    Kind::Drop,
    Kind::Double,
    Kind::Many,
    Kind::SwapWithNext,
    Kind::Move,
    Kind::Foreign,
    Kind::Unknown,
    Kind::Renamed,
    Kind::Value,
    Kind::Value,
    Kind::Value,
    Kind::Value,
    Kind::OtherNamespace,
    Kind::NoNamespace,
    Kind::UnknownAttribute,
    Kind::NoAttributes,
    Kind::OtherAttribute,
    Kind::SchemaAttribute,
    Kind::StrayText,
    Kind::StraySection,
    Kind::ElementInValue,
    Kind::Comment,
    Kind::Section,
    Kind::References,
    Kind::Emptied,
    Kind::Prefixed,
];

/// Values at the edges of the types of the forms, and far from them.
const VALUES: &[&str] = &[
    "",
    " ",
    "x",
    "0",
    "-1",
    "+1",
    "01",
    "1",
    "2",
    "3",
    "+3",
    " 3 ",
    "100",
    "101",
    "-0",
    "128",
    "1.0",
    "1.005",
    ".5",
    "5.",
    "1,5",
    "1e3",
    "NaN",
    "INF",
    "12345678901234",
    "123456789012345",
    "1234567890123456",
    "12345678901234567",
    "0.12345678",
    "0.123456789",
    "999999999999999999999",
    "2026-02-01",
    "2026-02-30",
    "2024-02-29",
    "2026-2-1",
    "2026-02-01Z",
    "2026-02-01+01:00",
    "2005-12-31",
    "2006-01-01",
    "2016-06-30",
    "2050-01-01",
    "2050-01-02",
    "1899-12-31",
    "2026-02-01T12:00:00",
    "2026-02-01T12:00:00Z",
    "2026-02-01T24:00:00Z",
    "2026-02-01T24:00:01Z",
    "2026-02-01T12:00:00.123456789+01:00",
    "2026-02-01T12:00:60Z",
    "2026-02-01T12:00:00+14:00",
    "2026-02-01T12:00:00+14:30",
    "2025-08-31T23:59:59Z",
    "2025-09-01T00:00:00",
    "2025-09-01T14:00:00",
    "2025-09-01T14:00:01",
    "2021-10-01T00:00:00Z",
    "2050-01-01T23:59:59Z",
    "2050-01-01T23:59:59.1Z",
    "2050-01-02T00:59:59+01:00",
    "2051-01-01T00:00:00Z",
    "99999-01-01",
    "PL",
    "pl",
    "DE",
    "XX",
    "AN",
    "PLN",
    "EUR",
    "zw",
    "np I",
    "np II",
    "0 KR",
    " np  I ",
    "VAT",
    "9999999999",
    "٩٩٩٩٩٩٩٩٩٩",
    "9009999999",
    "0999999999",
    "123456789",
    "12345678901234",
    "a@b",
    "@",
    "a@",
    "https://a.bc?IPKSeF=123abcdefghij",
    "ftp://a.bc?IPKSeF=123abcdefghij",
    "https://a.bc/x?y=1&amp;IPKSeF=123abcdefghij&amp;z#ą",
    "9999999999-20260201-0123456789AB-CD",
    "9999999999-20260201-012345-6789AB-CD",
    "9999999999-20261301-0123456789AB-CD",
    "M999999999-20260201-0123456789AB-CD",
    "ABC9999999-20260201-0123456789AB-cd",
    "ABCDEF12",
    "ABCDEF12XXX",
    "ABCDEF12XX",
    "a b",
    "a\nb",
    "a  b",
    "a&#10;b",
    "a&#13;&#9;b",
    "&amp;",
    "ą",
    "\u{A0}",
    "𝄞",
];

const ATTRIBUTES: &[&str] = &[
    " xsi:nil=\"true\"",
    " xsi:nil=\"false\"",
    " xsi:type=\"TZnakowy\"",
    " xsi:type=\"etd:TData\"",
    " xsi:type=\"TKwotowy\"",
    " xsi:type=\"TAdres\"",
    " xsi:type=\"none\"",
    " xsi:type=\"x:y\"",
    " xsi:type=\"etd:TKodKraju\"",
    " xsi:type=\"TDataT\"",
    " xsi:type=\"xsd:integer\"",
    " xsi:type=\"etd:TKwotaC\"",
    " xsi:type=\"etd:TKodKrajuWydania\"",
    " xsi:type=\" TZnakowy20 \"",
    " xsi:schemaLocation=\"a b\"",
    " xsi:noNamespaceSchemaLocation=\"a\"",
    " xsi:other=\"1\"",
    " xml:lang=\"pl\"",
    " xml:space=\"preserve\"",
    " xmlns:q=\"urn:q\"",
];

/// Prefixes that the changes use.
const PREFIXES: [(&str, &str); 3] = [
    ("xsi", "http://www.w3.org/2001/XMLSchema-instance"),
    ("etd", "http://crd.gov.pl/xml/schematy/dziedzinowe/mf/2022/01/05/eD/DefinicjeTypy/"),
    ("xsd", "http://www.w3.org/2001/XMLSchema"),
];

/// Changes an invoice once; nothing when the change finds no place in it.
pub(crate) fn mutated(valid: &Element, random: &mut StdRng) -> Option<Mutated> {
    let kind = *KINDS.choose(random)?;
    let mut tree = valid.clone();
    for (prefix, namespace) in PREFIXES {
        let declaration = format!(" xmlns:{prefix}=");
        if !tree.attributes.contains(&declaration) {
            tree.attributes += &[&declaration, "\"", namespace, "\""].concat();
        }
    }
    let ways = tree.ways();
    let chosen = |random: &mut StdRng, fits: &dyn Fn(&Element) -> bool| {
        let fitting: Vec<&Way> = ways.iter().filter(|way| fits(tree.at(way))).collect();
        fitting.choose(random).map(|way| (*way).clone())
    };
    let way = match kind {
        Kind::Value | Kind::Comment | Kind::Section | Kind::References | Kind::ElementInValue => {
            chosen(random, &|one| one.children.is_empty())?
        }
        Kind::StrayText | Kind::StraySection | Kind::Emptied => {
            chosen(random, &|one| !one.children.is_empty())?
        }
        Kind::NoAttributes | Kind::OtherAttribute => {
            chosen(random, &|one| !one.attributes.is_empty())?
        }
        _ => chosen(random, &|_| true)?,
    };
    let path = change(kind, &mut tree, &way, random)?;
    Some(Mutated { tree, kind, path })
}

fn change(kind: Kind, tree: &mut Element, way: &[usize], random: &mut StdRng) -> Option<String> {
    let path = tree.path(way);
    let (last, above) = way.split_last()?;
    let donor = tree.ways().choose(random).map(|way| tree.at(way).clone())?;
    let parent = tree.at_mut(above);
    match kind {
        Kind::Drop => {
            parent.children.remove(*last);
            return Some(tree.path(above));
        }
        Kind::Double => parent.children.insert(*last, parent.children[*last].clone()),
        Kind::Many => {
            let copies = vec![parent.children[*last].clone(); random.random_range(2..=101)];
            parent.children.splice(*last..*last, copies);
        }
        Kind::SwapWithNext => {
            let next = parent.children.get(last + 1)?;
            if next.name == parent.children[*last].name {
                return None;
            }
            parent.children.swap(*last, last + 1);
        }
        Kind::Move => {
            let element = parent.children.remove(*last);
            let to = random.random_range(0..=parent.children.len());
            parent.children.insert(to, element);
        }
        Kind::Foreign => parent.children.insert(*last, donor),
        _ => inside(kind, &mut parent.children[*last], &donor, random),
    }
    if kind == Kind::Prefixed {
        prefix(tree);
        let attributes = tree.attributes.replacen("xmlns=", "xmlns:p=", 1);
        tree.attributes = attributes;
    }
    let renamed = tree.path(above) + "/" + local(&tree.at(above).children.get(*last)?.name);
    Some(if matches!(kind, Kind::Unknown | Kind::Renamed) { renamed } else { path })
}

fn inside(kind: Kind, element: &mut Element, donor: &Element, random: &mut StdRng) {
    let text = &mut element.text;
    match kind {
        Kind::Unknown => element.name += "_",
        Kind::Renamed => element.name.clone_from(&donor.name),
        Kind::Value => *text = some_value(random),
        Kind::OtherNamespace => element.attributes += " xmlns=\"urn:other\"",
        Kind::NoNamespace => element.attributes += " xmlns=\"\"",
        Kind::UnknownAttribute => element.attributes += " nowy=\"1\"",
        Kind::NoAttributes => element.attributes.clear(),
        Kind::OtherAttribute => {
            let other =
                ["=\"x\"", "=\"FA (3)\"", "=\" 1-0E\"", "=\"1-0E\"", "=\"txt\"", "=\"&#68;\""];
            let (name, _) = element.attributes.split_once('=').unwrap_or_default();
            element.attributes = format!("{name}{}", other.choose(random).unwrap_or(&""));
        }
        Kind::SchemaAttribute => element.attributes += ATTRIBUTES.choose(random).unwrap_or(&""),
        Kind::StrayText => {
            *text = ["x", " x ", "&amp;", "&#32;"].choose(random).unwrap_or(&"").to_string();
        }
        Kind::StraySection => {
            *text = ["<![CDATA[x]]>", "<![CDATA[ ]]>"].choose(random).unwrap_or(&"").to_string();
        }
        Kind::ElementInValue => text.insert_str(0, "<P_1/>"),
        Kind::Comment => text.push_str("<!-- x -->"),
        Kind::Section => *text = format!("<![CDATA[{}]]>", text.replace("&amp;", "&")),
        Kind::References => {
            let references = text.chars().map(|c| format!("&#{};", u32::from(c)));
            *text = references.collect::<Vec<_>>().concat();
        }
        Kind::Emptied => element.children.clear(),
        _ => {}
    }
}

fn some_value(random: &mut StdRng) -> String {
    match random.random_range(0..10) {
        0 => "ż".repeat(
            [20, 21, 32, 33, 50, 51, 240, 241, 256, 257, 512, 513, 3500, 3501]
                [random.random_range(0..14)],
        ),
        1 => " a".repeat(random.random_range(1..200)),
        _ => VALUES.choose(random).unwrap_or(&"").to_string(),
    }
}

fn prefix(element: &mut Element) {
    element.name = format!("p:{}", element.name);
    for child in &mut element.children {
        prefix(child);
    }
}
