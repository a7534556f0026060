//! An invoice as a tree that can be changed, and its text with an element per line.

use std::fmt::Write as _;

use quick_xml::{Reader, events::Event};

/// An element; text and elements do not stand side by side in invoices.
#[derive(Clone, Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    /// Everything behind the name in the start tag, with the blank before it.
    pub(crate) attributes: String,
    /// The text as it is written, with references.
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

/// A place in a tree: the way down, by the numbers of the children.
pub(crate) type Way = Vec<usize>;

impl Element {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned(), ..Self::default() }
    }

    /// Reads a document; line ends within start tags become blanks.
    pub(crate) fn read(text: &str) -> Self {
        let mut reader = Reader::from_str(text.trim_start_matches('\u{FEFF}'));
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => open.push(Self::begun(&start)),
                Event::Empty(start) => open.last_mut().unwrap().children.push(Self::begun(&start)),
                Event::End(_) => {
                    let mut element = open.pop().unwrap();
                    if !element.children.is_empty() {
                        element.text.clear();
                    }
                    open.last_mut().unwrap().children.push(element);
                }
                Event::Text(piece) => open.last_mut().unwrap().text.push_str(&piece),
                Event::GeneralRef(name) => {
                    let _ = write!(open.last_mut().unwrap().text, "&{};", &*name);
                }
                Event::Eof => return open.pop().unwrap().children.pop().unwrap(),
                _ => {}
            }
        }
    }

    fn begun(start: &quick_xml::events::BytesStart<'_>) -> Self {
        let whole: &str = start;
        let name = start.name().as_ref().to_owned();
        let attributes: Vec<_> = whole[name.len()..].split(['\n', '\r', '\t']).collect();
        let attributes = attributes.join(" ").trim_end().to_owned();
        Self { name, attributes, ..Self::default() }
    }

    /// The text with an element per line; the root stands in the second one.
    pub(crate) fn write(&self) -> String {
        let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        self.write_to(&mut text);
        text
    }

    fn write_to(&self, text: &mut String) {
        let Self { name, attributes, text: own, children } = self;
        let _ = write!(text, "<{name}{attributes}>{own}");
        if !children.is_empty() {
            text.push('\n');
            for child in children {
                child.write_to(text);
            }
        }
        let _ = writeln!(text, "</{name}>");
    }

    pub(crate) fn at(&self, way: &[usize]) -> &Self {
        way.iter().fold(self, |element, child| &element.children[*child])
    }

    pub(crate) fn at_mut(&mut self, way: &[usize]) -> &mut Self {
        way.iter().fold(self, |element, child| &mut element.children[*child])
    }

    /// The ways to all elements below this one.
    pub(crate) fn ways(&self) -> Vec<Way> {
        let mut ways = Vec::new();
        for (number, child) in self.children.iter().enumerate() {
            ways.push(vec![number]);
            ways.extend(child.ways().into_iter().map(|way| [vec![number], way].concat()));
        }
        ways
    }

    /// The path of an element by local names.
    pub(crate) fn path(&self, way: &[usize]) -> String {
        let mut path = format!("/{}", local(&self.name));
        let mut element = self;
        for child in way {
            element = &element.children[*child];
            let _ = write!(path, "/{}", local(&element.name));
        }
        path
    }

    /// The path of the element whose start tag stands in a line of [`write`](Self::write).
    pub(crate) fn path_at(&self, line: usize) -> Option<String> {
        let mut next = 2;
        self.find(line, &mut next, "")
    }

    fn find(&self, line: usize, next: &mut usize, parent: &str) -> Option<String> {
        let path = format!("{parent}/{}", local(&self.name));
        if *next == line {
            return Some(path);
        }
        let ends = |text: &str| text.matches('\n').count();
        *next += ends(&self.attributes) + ends(&self.text) + 1;
        let found = self.children.iter().find_map(|child| child.find(line, next, &path));
        // The end tag of an element with children has a line of its own.
        *next += usize::from(!self.children.is_empty());
        found
    }
}

pub(crate) fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}
