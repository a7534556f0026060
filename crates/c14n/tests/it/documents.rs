//! Documents that are as nasty as well-formed XML without a DTD may be, the same for the same seed.
//!
//! They aim at what canonicalisation must undo or keep: prefixes that change their meaning, undeclared default namespaces, attributes in every order, line ends of all kinds beside references and CDATA sections, nodes outside the document element.
//! Left out is what libxml2 refuses or gets wrong: relative namespace names, and namespace names with characters that want escaping.

use crate::case::{Case, Form};

const PREFIXES: &[&str] = &["a", "b", "ds", "xsi", "A", "b-1", "ż"];
const NAMESPACES: &[&str] =
    &["urn:1", "urn:2", "urn:A", "http://example.com/a", "http://example.com/a#b", "urn:1:2"];
const NAMES: &[&str] = &["Faktura", "P_1", "x", "y-z", "_q", "a.b", "żółć", "日本", "X"];
const ATTRIBUTES: &[&str] = &["Id", "b", "a", "Z", "ą", "a-1", "a1", "_"];
const TEXTS: &[&str] = &[
    "tekst",
    "Zażółć gęślą jaźń",
    "&lt;",
    "&gt;",
    "&amp;",
    "&quot;",
    "&apos;",
    "\r",
    "\n",
    "\r\n",
    "&#xD;",
    "&#13;",
    "&#10;",
    "&#x9;",
    "\t",
    " ",
    "  ",
    "\u{a0}",
    "&#x1F600;",
    "😀",
    "\"",
    "'",
    ">",
    "&#x85;",
    "\u{85}",
    "\u{2028}",
    "&#x20;",
    "0",
    "<![CDATA[]]>",
    "<![CDATA[<c & d> ]] ]]>",
    "<![CDATA[\r\n]]>",
    "<![CDATA[a\r]]>",
    "<![CDATA[&#xD;]]>",
    "&#xE000;",
    "\u{fffd}",
];
const VALUES: &[&str] = &[
    "v",
    "&amp;",
    "&lt;",
    "&gt;",
    ">",
    "&quot;",
    "&apos;",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "&#9;",
    "&#10;",
    "&#13;",
    "&#x20;",
    " ",
    "  ",
    "ąę",
    "&#x1F600;",
    "😀",
    "]]>",
    "=",
    "/",
    "0",
];
const REMARKS: &[&str] =
    &["", "c", " kom entarz ", "a\r\nb", "\r", "a\rb\n", "<x/> &amp; &", "]]>", "ż", " - "];
const INSTRUCTIONS: &[&str] =
    &["", " ", " data", "  x  y ", " a\r\nb", "\r\nq\r", " href=\"a\" ?", " <&>]]>", "\tż"];
const DECLARATIONS: &[&str] = &[
    "",
    "",
    "\u{feff}",
    "<?xml version=\"1.0\"?>",
    "<?xml version='1.0' encoding='UTF-8'?>\r\n",
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\" ?>\n",
    "<?xml\nversion=\"1.0\"?>\r",
];

/// `SplitMix64`: small, and good enough to choose pieces.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Up to `most` choices in a row.
    fn some(&mut self, choices: &[&str], most: usize) -> String {
        (0..self.below(most + 1)).map(|_| self.of(choices)).collect()
    }
}

/// A document and what is to be canonicalised of it.
pub(crate) struct Sample {
    pub(crate) xml: String,
    pub(crate) cases: Vec<Case>,
}

impl Sample {
    /// The sample of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut maker = Maker { dice: Dice::new(seed), xml: String::new(), elements: 0 };
        maker.document();
        let cases = maker.cases();
        Self { xml: maker.xml, cases }
    }
}

/// The namespaces in scope: prefix and name, the innermost last.
type InScope = Vec<(&'static str, &'static str)>;

struct Maker {
    dice: Dice,
    xml: String,
    elements: usize,
}

impl Maker {
    fn document(&mut self) {
        self.xml.push_str(self.dice.of(DECLARATIONS));
        self.outside();
        let depth = self.dice.below(6);
        match self.dice.below(60) {
            0 => self.deep(),
            _ => self.element(depth, &InScope::new()),
        }
        self.outside();
    }

    /// Comments, instructions and blanks outside the document element.
    fn outside(&mut self) {
        for _ in 0..self.dice.below(4) {
            match self.dice.below(3) {
                0 => self.comment(),
                1 => self.instruction(),
                _ => self.xml.push_str(self.dice.of(&["\n", " ", "\r\n", "\r"])),
            }
        }
    }

    /// Tags inside tags, deeper than a careless recursion likes.
    fn deep(&mut self) {
        let depth = 200 + self.dice.below(1200);
        let tags = ["<a xmlns='urn:1'>", "<a xmlns=''>", "<a b='1'>t", "<a xmlns:b='urn:2'>"];
        for _ in 0..depth {
            self.xml.push_str(self.dice.of(&tags));
        }
        self.xml.push_str(&"</a>".repeat(depth));
    }

    fn element(&mut self, depth: usize, above: &InScope) {
        self.elements += 1;
        let mut scope = above.clone();
        let mut parts = self.declarations(&mut scope);
        let prefixes = bound(&scope);
        let name = self.name(&prefixes, NAMES, 40);
        parts.extend(self.attributes(&scope, &prefixes));

        self.xml.push('<');
        self.xml.push_str(&name);
        while !parts.is_empty() {
            let part = parts.swap_remove(self.dice.below(parts.len()));
            self.xml.push_str(self.dice.of(&[" ", "  ", "\n ", "\t", "\r\n", "\r"]));
            self.xml.push_str(&part);
        }
        self.xml.push_str(self.dice.of(&["", "", " ", "\n", "\r"]));
        if (depth == 0 || self.dice.percent(15)) && self.dice.percent(60) {
            self.xml.push_str("/>");
            return;
        }
        self.xml.push('>');
        self.content(depth, &scope);
        self.xml.push_str("</");
        self.xml.push_str(&name);
        self.xml.push_str(self.dice.of(&["", "", " ", "\r\n"]));
        self.xml.push('>');
    }

    fn content(&mut self, depth: usize, scope: &InScope) {
        for _ in 0..self.dice.below(5) {
            match self.dice.below(20) {
                0..9 if depth > 0 && self.elements < 60 => self.element(depth - 1, scope),
                16 | 17 => self.comment(),
                18 => self.instruction(),
                19 if self.dice.percent(5) => {
                    let text = self.dice.of(&["ab&amp;c\n", "długi tekst "]);
                    self.xml.push_str(&text.repeat(1500));
                }
                _ => {
                    let text = self.dice.some(TEXTS, 5);
                    self.xml.push_str(&text);
                }
            }
        }
    }

    /// Declares some namespaces, some of them again and some with another meaning.
    fn declarations(&mut self, scope: &mut InScope) -> Vec<String> {
        let mut parts = Vec::new();
        let mut declared = Vec::new();
        for _ in 0..self.dice.of(&[0, 0, 0, 1, 1, 2, 4]) {
            let is_default = self.dice.percent(30);
            let prefix = if is_default { "" } else { self.dice.of(PREFIXES) };
            if declared.contains(&prefix) {
                continue;
            }
            declared.push(prefix);
            let uri =
                if is_default && self.dice.percent(40) { "" } else { self.dice.of(NAMESPACES) };
            scope.push((prefix, uri));
            let name = if is_default { String::from("xmlns") } else { format!("xmlns:{prefix}") };
            parts.push(format!("{name}={}", self.quoted(uri)));
        }
        if self.dice.percent(2) {
            parts.push(format!("xmlns:xml='{}'", roxmltree::NS_XML_URI));
        }
        parts
    }

    fn attributes(&mut self, scope: &InScope, prefixes: &[&'static str]) -> Vec<String> {
        let mut parts = Vec::new();
        let mut known = Vec::new();
        for _ in 0..self.dice.of(&[0, 0, 1, 2, 3, 6]) {
            let name = self.name(prefixes, ATTRIBUTES, 50);
            let expanded = match name.split_once(':') {
                Some((prefix, local)) => (meaning(scope, prefix), local.to_owned()),
                None => ("", name.clone()),
            };
            if known.contains(&expanded) {
                continue;
            }
            known.push(expanded);
            let value = self.dice.some(VALUES, 4);
            parts.push(format!("{name}={}", self.quoted(&value)));
        }
        for name in ["xml:lang", "xml:space", "xml:id", "xml:base", "xml:note"] {
            if self.dice.percent(6) {
                let value = match name {
                    "xml:space" => String::from(self.dice.of(&["preserve", "default"])),
                    "xml:lang" => String::from(self.dice.of(&["pl", "en", ""])),
                    "xml:id" => format!("i{}", self.elements),
                    _ => {
                        String::from(self.dice.of(&["x", "../y", "http://example.com/", "&quot;"]))
                    }
                };
                parts.push(format!("{name}={}", self.quoted(&value)));
            }
        }
        parts
    }

    fn name(&mut self, prefixes: &[&'static str], locals: &[&str], chance: usize) -> String {
        let local = self.dice.of(locals);
        if prefixes.is_empty() || !self.dice.percent(chance) {
            return local.to_owned();
        }
        format!("{}:{local}", self.dice.of(prefixes))
    }

    fn quoted(&mut self, value: &str) -> String {
        let quote = self.dice.of(&["\"", "'"]);
        let space = self.dice.of(&["", "", "", " ", "\r\n"]);
        format!("{space}{quote}{value}{quote}")
    }

    fn comment(&mut self) {
        let remark = self.dice.of(REMARKS);
        self.xml.extend(["<!--", remark, "-->"]);
    }

    fn instruction(&mut self) {
        let target = self.dice.of(&["pi", "xml-stylesheet", "p.q", "ż"]);
        let data = self.dice.of(INSTRUCTIONS);
        self.xml.extend(["<?", target, data, "?>"]);
    }

    /// The whole document in all four forms, then parts of it.
    fn cases(&mut self) -> Vec<Case> {
        let mut cases: Vec<_> = [Form::Inclusive, Form::Exclusive]
            .into_iter()
            .flat_map(|form| [false, true].map(|comments| Case::whole(form, comments)))
            .collect();
        if self.elements == 0 {
            return cases;
        }
        for _ in 0..5 {
            let form = if self.dice.percent(50) { Form::Inclusive } else { Form::Exclusive };
            let mut case = Case::whole(form, self.dice.percent(50));
            if form == Form::Exclusive && self.dice.percent(60) {
                let prefixes = ["#default", "a", "b", "ds", "b-1", "unknown", "xml"];
                case.prefixes =
                    (0..=self.dice.below(3)).map(|_| self.dice.of(&prefixes).to_owned()).collect();
            }
            if self.dice.percent(70) {
                case.apex = Some(self.dice.below(self.elements));
            }
            // Behind the apex in document order, so never an ancestor of it and never the document element.
            let first = case.apex.unwrap_or(0) + 1;
            for _ in 0..self.dice.of(&[0, 0, 1, 3]) {
                if first < self.elements {
                    case.without.push(first + self.dice.below(self.elements - first));
                }
            }
            cases.push(case);
        }
        cases
    }
}

/// The prefixes that mean something here.
fn bound(scope: &InScope) -> Vec<&'static str> {
    let mut prefixes: Vec<_> =
        scope.iter().map(|(prefix, _)| *prefix).filter(|prefix| !prefix.is_empty()).collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    prefixes
}

fn meaning(scope: &InScope, prefix: &str) -> &'static str {
    scope.iter().rev().find(|(known, _)| *known == prefix).map_or("", |(_, uri)| uri)
}
