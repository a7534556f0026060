//! The walk over an invoice: every piece is held against XML and the schema as it comes. What is
//! open is a list and no recursion, so depth costs nothing.

mod characters;
mod order;

use std::{borrow::Cow, fmt::Write as _};

use crate::check::{
    FindingKind,
    content::{self, Place},
    finding::Findings,
    markup::{self, Attribute, is_blank, is_name, is_qualified_name, split_name},
    names::Namespaces,
    opening::Tag,
    pieces::{Piece, Pieces},
    rules::{Fact, Facts},
    table::{Content, Form, State, Value},
    text::{self, Text},
    walk::{characters::Collected, order::Expected},
};

/// As many bytes of names are told of a path.
const LONGEST: usize = 1000;

pub(super) struct Walk<'t, 'f, 'p> {
    text: &'t str,
    /// The bytes before the text.
    before: usize,
    findings: &'f mut Findings<'p>,
    names: Namespaces<'t>,
    open: Vec<Open<'t>>,
    collected: Collected<'t>,
    facts: Facts,
    has_root: bool,
}

/// An element that has begun and not ended.
struct Open<'t> {
    /// The name as it is written.
    tag: &'t str,
    local: &'t str,
    /// Which one of its name it is; 0 where only one may stand.
    number: u32,
    start: usize,
    inside: Inside,
}

enum Inside {
    /// Nothing is known of it, and that was said.
    Unknown,
    Elements {
        states: &'static [State],
        place: Place,
        /// Whether the element before stands in a wrong place.
        was_misplaced: bool,
    },
    Value {
        of: &'static Value,
        fixed: Option<&'static str>,
    },
}

/// The text is not well-formed here, and the walk ends.
struct Broken {
    offset: usize,
    why: Cow<'static, str>,
}

type Walked<T = ()> = Result<T, Broken>;

fn broken<T>(offset: usize, why: impl Into<Cow<'static, str>>) -> Walked<T> {
    Err(Broken { offset, why: why.into() })
}

/// Puts what was seen within a piece at its place in the text.
fn within(offset: usize) -> impl Fn(markup::Broken) -> Broken {
    move |one| Broken { offset: offset + one.at, why: one.why.into() }
}

impl<'t, 'f, 'p> Walk<'t, 'f, 'p> {
    pub(super) fn new(text: Text<'t>, findings: &'f mut Findings<'p>) -> Self {
        Self {
            text: text.text,
            before: text.before,
            findings,
            names: Namespaces::default(),
            open: Vec::new(),
            collected: Collected::Nothing,
            facts: Facts::default(),
            has_root: false,
        }
    }

    /// Walks to the end, or to where the text stops being XML.
    pub(super) fn run(mut self) -> Facts {
        if let Err(Broken { offset, why }) = self.pieces() {
            let path = self.path();
            self.findings.add(FindingKind::NotWellFormed, &path, self.before + offset, why);
        }
        self.facts
    }

    fn pieces(&mut self) -> Walked {
        let mut pieces = Pieces::new(self.text);
        loop {
            let start = pieces.at();
            let Some(piece) = pieces.next().map_err(within(0))? else { break };
            self.piece(start, piece)?;
            if self.findings.are_full() {
                return Ok(());
            }
        }
        match self.open.last() {
            Some(open) => broken(open.start, "the element has no end"),
            None if self.has_root => Ok(()),
            None => broken(self.text.len(), "there is no root element"),
        }
    }

    fn piece(&mut self, start: usize, piece: Piece<'t>) -> Walked {
        match piece {
            Piece::Start(tag, rest) => self.begin(start, tag, rest),
            Piece::Empty(tag, rest) => {
                self.begin(start, tag, rest)?;
                self.end();
                Ok(())
            }
            Piece::End(inner) => self.close(start, inner),
            Piece::Blanks(piece) => {
                self.blanks(piece);
                Ok(())
            }
            Piece::Text(piece) => self.characters(start, piece),
            Piece::Reference(name) => self.reference(start, name),
            Piece::Section(inner) => self.section(start, inner),
            Piece::Comment(inner) => comment(start, inner),
            Piece::Declaration(inner) => self.declaration(start, inner),
            Piece::Instruction(inner) => self.instruction(start, inner),
            Piece::DocumentType => self.document_type(start),
        }
    }

    /// A start tag; `rest` is what follows its name.
    fn begin(&mut self, start: usize, tag: &'t str, rest: &'t str) -> Walked {
        let written = if rest.is_empty() {
            Vec::new()
        } else {
            self.attributes(start + 1 + tag.len(), rest)?
        };
        let (prefix, local) = split_name(tag);
        if !prefix.is_empty() && self.names.of(prefix).is_none() {
            return broken(start, "the prefix of an element is not declared");
        }
        let expected = self.expected(start, prefix, local)?;
        let number = expected.as_ref().map_or(0, |expected| expected.number);
        // The names of the schema are names; others have to prove it.
        if tag.starts_with(':') || expected.is_none() && !is_qualified_name(tag) {
            return broken(start, "the name of an element is none");
        }
        self.open.push(Open { tag, local, number, start, inside: Inside::Unknown });
        if let (Some(expected), Some(form)) = (expected, self.facts.form) {
            self.enter(form, &expected, &written, start);
        }
        Ok(())
    }

    /// The attributes of a start tag with their values; namespaces come into force.
    fn attributes(
        &mut self,
        offset: usize,
        text: &'t str,
    ) -> Walked<Vec<(Attribute<'t>, Cow<'t, str>)>> {
        let attributes = markup::attributes(text).map_err(within(offset))?;
        self.names.declare(self.open.len() + 1, &attributes).map_err(within(offset))?;
        let mut read = Vec::with_capacity(attributes.len());
        let mut prefixed = Vec::new();
        for attribute in attributes {
            let (prefix, local) = split_name(attribute.name);
            if !["", "xmlns"].contains(&prefix) {
                let Some(namespace) = self.names.of(prefix) else {
                    return broken(offset, "the prefix of an attribute is not declared");
                };
                prefixed.push((local, namespace));
            }
            let seen = |one| text::report(one, self.before + offset, self.findings);
            let value = markup::attribute_value(attribute.raw, seen).map_err(within(offset))?;
            read.push((attribute, value));
        }
        // The same name can be written with two prefixes (Namespaces in XML 1.0, section 6.3).
        prefixed.sort_unstable();
        if prefixed.windows(2).any(|pair| pair[0] == pair[1]) {
            return broken(offset, "an attribute stands twice");
        }
        Ok(read)
    }

    /// The element that was just opened gets its type.
    fn enter(
        &mut self,
        form: &'static Form,
        expected: &Expected,
        attributes: &[(Attribute<'t>, Cow<'t, str>)],
        start: usize,
    ) {
        let mut of = expected.of;
        // The path is made only where attributes may be wrong.
        if !attributes.is_empty() || !form.types[usize::from(of)].attributes.is_empty() {
            let path = self.path();
            let offset = self.before + start;
            let tag = Tag { form, names: &self.names, attributes, path: &path, offset };
            of = tag.check(of, self.findings);
        }
        let Some(open) = self.open.last_mut() else { return };
        open.inside = match &form.types[usize::from(of)].content {
            Content::Value(of) => {
                self.collected = Collected::Nothing;
                Inside::Value { of, fixed: expected.fixed }
            }
            Content::Elements(states) => {
                Inside::Elements { states, place: Place::default(), was_misplaced: false }
            }
        };
        if self.open.len() == 2 && self.open[1].local == "Zalacznik" {
            let offset = self.before + start;
            self.facts.attachment = Some(Fact { value: String::new(), path: self.path(), offset });
        }
    }

    /// An end tag; `inner` is all between its brackets.
    fn close(&mut self, start: usize, inner: &'t str) -> Walked {
        let Some(open) = self.open.last() else {
            return broken(start, "an end tag has no start tag");
        };
        if inner != open.tag && inner.trim_end_matches(is_blank) != open.tag {
            return broken(start, "an end tag has another name than its start tag");
        }
        self.end();
        Ok(())
    }

    /// The end of the innermost element.
    fn end(&mut self) {
        let Some(open) = self.open.last() else { return };
        let start = open.start;
        match open.inside {
            Inside::Unknown => {}
            Inside::Elements { states, place, .. } => {
                if !states[place.state].may_end {
                    self.miss(start, &content::before_end(states, place));
                }
            }
            Inside::Value { of, fixed } => self.value(start, of, fixed),
        }
        self.names.close(self.open.len());
        self.open.pop();
    }

    fn declaration(&mut self, start: usize, inner: &str) -> Walked {
        if start > 0 {
            return broken(start, "the XML declaration does not come first");
        }
        let encoding = markup::declaration(inner).map_err(within(start + 5))?;
        if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("UTF-8")) {
            let says = "the XML declaration names another encoding than UTF-8";
            self.findings.add(FindingKind::Encoding, "/", self.before, says);
        }
        Ok(())
    }

    fn instruction(&mut self, start: usize, inner: &str) -> Walked {
        let target = inner.split(is_blank).next().unwrap_or_default();
        if !is_name(target) || target.eq_ignore_ascii_case("xml") {
            return broken(start, "a processing instruction has no name");
        }
        let path = self.path();
        let says = "there is a processing instruction";
        self.findings.add(FindingKind::ProcessingInstruction, &path, self.before + start, says);
        Ok(())
    }

    fn document_type(&mut self, start: usize) -> Walked {
        if self.has_root {
            return broken(start, "a document type declaration cannot stand here");
        }
        let says = "there is a document type declaration";
        self.findings.add(FindingKind::DocumentType, "/", self.before + start, says);
        Ok(())
    }

    /// The path of the innermost element.
    fn path(&self) -> String {
        if self.open.is_empty() { "/".to_owned() } else { path(&self.open) }
    }
}

/// The path of the innermost of these elements; empty when there is none. Deep nesting and long
/// names of a stranger are not repeated with every finding.
fn path(open: &[Open<'_>]) -> String {
    let mut path = String::new();
    for Open { local, number, .. } in open {
        if path.len() + local.len() > LONGEST {
            path.push_str("/…");
            break;
        }
        path.push('/');
        path.push_str(local);
        if *number > 0 {
            let _ = write!(path, "[{number}]");
        }
    }
    path
}

fn comment(start: usize, inner: &str) -> Walked {
    if inner.contains("--") || inner.ends_with('-') {
        return broken(start, "`--` stands in a comment");
    }
    Ok(())
}
