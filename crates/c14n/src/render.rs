//! The walk over the tree, which writes each node as the canonical form wants it.
//!
//! Source: Canonical XML 1.0, sections 2.2 to 2.4.
//! The walk keeps its own list of open tags, so that no depth of nesting overflows the stack.

use std::borrow::Cow;

use roxmltree::{Attribute, NS_XML_URI, Node, NodeType};

use crate::{
    Canonical, Comments,
    algorithm::Declarations,
    escape,
    output::Output,
    scope::Scope,
    source::{self, QName},
};

/// Writes a canonical form.
pub(crate) fn render(canonical: &Canonical<'_, '_>, out: &mut impl Output) {
    let document = canonical.apex.document();
    let source = document.input_text();
    let renderer = Renderer {
        canonical,
        source,
        document_element: document.root_element().id().get(),
        rereads_text: source::has_lone_carriage_return(source),
        open: Vec::new(),
        scope: Scope::default(),
        attributes: Vec::new(),
        out,
    };
    renderer.walk();
}

struct Renderer<'c, 'a, 'input, O> {
    canonical: &'c Canonical<'a, 'input>,
    source: &'input str,
    /// Ids ascend in document order.
    document_element: u32,
    rereads_text: bool,
    open: Vec<Open<'input>>,
    scope: Scope<'a>,
    /// Of one tag at a time; kept so that not every tag allocates.
    attributes: Vec<Written<'a>>,
    out: &'c mut O,
}

/// A tag whose end is still to be written.
struct Open<'input> {
    name: &'input str,
    mark: usize,
}

/// An attribute with its name as it stands in the source.
struct Written<'a> {
    namespace: &'a str,
    local: &'a str,
    value: &'a str,
    name: QName<'a>,
}

impl<'a> Written<'a> {
    fn new<'input: 'a>(source: &'input str, attribute: &Attribute<'a, 'input>) -> Self {
        Self {
            namespace: attribute.namespace().unwrap_or_default(),
            local: attribute.name(),
            value: attribute.value(),
            name: QName::of_attribute(source, attribute),
        }
    }

    /// What the attributes of a tag are sorted by.
    fn key(&self) -> (&'a str, &'a str) {
        (self.namespace, self.local)
    }

    fn is_xml(&self) -> bool {
        self.namespace == NS_XML_URI
    }
}

impl<'a, 'input, O: Output> Renderer<'_, 'a, 'input, O> {
    /// Visits the part in document order.
    fn walk(mut self) {
        let apex = self.canonical.apex;
        let mut node = apex;
        loop {
            if !self.canonical.leaves_out(node) {
                self.enter(node);
                if let Some(child) = node.first_child() {
                    node = child;
                    continue;
                }
                self.leave(node);
            }
            // Upwards to the first ancestor that has a sibling behind it.
            loop {
                if node == apex {
                    return;
                }
                if let Some(sibling) = node.next_sibling() {
                    node = sibling;
                    break;
                }
                let Some(parent) = node.parent() else { return };
                node = parent;
                self.leave(node);
            }
        }
    }

    fn enter(&mut self, node: Node<'a, 'input>) {
        match node.node_type() {
            NodeType::Root => {}
            NodeType::Element => self.start_tag(node),
            NodeType::Text => self.text(node),
            NodeType::Comment => self.comment(node),
            NodeType::PI => self.instruction(node),
        }
    }

    fn leave(&mut self, node: Node<'a, 'input>) {
        if node.is_element()
            && let Some(Open { name, mark }) = self.open.pop()
        {
            self.out.put(b"</");
            self.out.put(name.as_bytes());
            self.out.put(b">");
            self.scope.close(mark);
        }
    }

    fn start_tag(&mut self, element: Node<'a, 'input>) {
        let name = QName::of_element(self.source, element);
        let mark = self.scope.open();
        self.open.push(Open { name: name.whole(), mark });
        self.collect_namespaces(element, name);
        self.collect_attributes(element);

        self.out.put(b"<");
        self.out.put(name.whole().as_bytes());
        for declaration in self.scope.declared() {
            self.out.put(b" xmlns");
            if !declaration.prefix.is_empty() {
                self.out.put(b":");
                self.out.put(declaration.prefix.as_bytes());
            }
            quoted(self.out, declaration.uri);
        }
        for attribute in &self.attributes {
            self.out.put(b" ");
            self.out.put(attribute.name.whole().as_bytes());
            quoted(self.out, attribute.value);
        }
        self.out.put(b">");
    }

    fn collect_namespaces(&mut self, element: Node<'a, 'input>, name: QName<'a>) {
        let rules = &self.canonical.rules;
        match rules.declarations {
            Declarations::Exclusive => {
                self.scope.need(name.prefix(), element.tag_name().namespace().unwrap_or_default());
                if !rules.prefixes.is_empty() && self.changes_namespaces(element) {
                    self.need_listed(element);
                }
            }
            Declarations::Inclusive if self.changes_namespaces(element) => {
                for namespace in element.namespaces() {
                    self.scope.need(namespace.name().unwrap_or_default(), namespace.uri());
                }
            }
            Declarations::Inclusive => {}
        }
    }

    /// Whether other namespaces are in scope than at the parent, whose tag is open in the output.
    fn changes_namespaces(&self, element: Node<'a, 'input>) -> bool {
        let Some(parent) = element.parent().filter(|_| element != self.canonical.apex) else {
            return true;
        };
        let (own, above) = (element.namespaces(), parent.namespaces());
        own.len() != above.len() || own.zip(above).any(|(own, above)| !std::ptr::eq(own, above))
    }

    fn need_listed(&mut self, element: Node<'a, 'input>) {
        for prefix in &self.canonical.rules.prefixes {
            let listed =
                element.namespaces().find(|namespace| namespace.name() == prefix.as_deref());
            if let Some(namespace) = listed {
                self.scope.need(namespace.name().unwrap_or_default(), namespace.uri());
            }
        }
    }

    fn collect_attributes(&mut self, element: Node<'a, 'input>) {
        let source = self.source;
        let written = |attribute| Written::new(source, &attribute);
        self.attributes.clear();
        self.attributes.extend(element.attributes().map(written));
        match self.canonical.rules.declarations {
            Declarations::Exclusive => {
                for attribute in &self.attributes {
                    // The default namespace does not hold for attributes.
                    if !attribute.name.prefix().is_empty() {
                        self.scope.need(attribute.name.prefix(), attribute.namespace);
                    }
                }
            }
            // The outermost tag takes along the attributes `xml:…` of its ancestors, the nearest
            // of each name (Canonical XML 1.0, section 2.4).
            Declarations::Inclusive if element == self.canonical.apex => {
                let above = element.ancestors().skip(1).flat_map(|ancestor| ancestor.attributes());
                self.attributes.extend(above.map(written).filter(Written::is_xml));
            }
            Declarations::Inclusive => {}
        }
        // The sort is stable, so of an inherited attribute the nearest comes first and stays.
        self.attributes.sort_by(|left, right| left.key().cmp(&right.key()));
        self.attributes.dedup_by(|later, earlier| later.is_xml() && later.key() == earlier.key());
    }

    fn text(&mut self, node: Node<'a, 'input>) {
        let text = node.text().unwrap_or_default();
        let text = if self.rereads_text {
            let source = self.source.get(node.range().start..);
            source.and_then(source::character_data).map_or(Cow::Borrowed(text), Cow::Owned)
        } else {
            Cow::Borrowed(text)
        };
        escape::text(self.out, &text);
    }

    fn comment(&mut self, node: Node<'a, 'input>) {
        if self.canonical.rules.comments == Comments::Drop {
            return;
        }
        self.outside(node, |out| {
            out.put(b"<!--");
            escape::verbatim(out, node.text().unwrap_or_default());
            out.put(b"-->");
        });
    }

    fn instruction(&mut self, node: Node<'a, 'input>) {
        // The parser gives an XML declaration that has a line break behind `<?xml` as an instruction.
        let Some(instruction) = node.pi().filter(|instruction| instruction.target != "xml") else {
            return;
        };
        self.outside(node, |out| {
            out.put(b"<?");
            out.put(instruction.target.as_bytes());
            if let Some(value) = instruction.value {
                out.put(b" ");
                escape::verbatim(out, value);
            }
            out.put(b"?>");
        });
    }

    /// Outside the document element a comment or instruction has a line of its own: a line feed behind it when it comes before the element, and before it when it comes after.
    fn outside(&mut self, node: Node<'a, 'input>, write: impl FnOnce(&mut O)) {
        if node.parent().is_none_or(|parent| !parent.is_root()) {
            write(self.out);
        } else if node.id().get() < self.document_element {
            write(self.out);
            self.out.put(b"\n");
        } else {
            self.out.put(b"\n");
            write(self.out);
        }
    }
}

fn quoted(out: &mut impl Output, value: &str) {
    out.put(b"=\"");
    escape::value(out, value);
    out.put(b"\"");
}
