//! Reading XML as a schema would: each child in its place, nothing else beside it.

use roxmltree::Node;

/// Where a document leaves its schema; names an element and never shows a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit(pub(crate) String);

/// The children of an element, to be taken in order.
pub(crate) struct Children<'a, 'input> {
    parent: String,
    nodes: std::iter::Peekable<std::vec::IntoIter<Node<'a, 'input>>>,
}

impl<'a, 'input> Children<'a, 'input> {
    /// The element children of `node`; text between them must be white space.
    pub(crate) fn of(node: Node<'a, 'input>) -> Result<Self, Misfit> {
        let parent = node.tag_name().name().to_owned();
        let words = node
            .children()
            .any(|child| child.is_text() && !child.text().unwrap_or_default().trim().is_empty());
        if words {
            return Err(Misfit(parent));
        }
        let nodes: Vec<_> = node.children().filter(Node::is_element).collect();
        Ok(Self { parent, nodes: nodes.into_iter().peekable() })
    }

    /// The next child, which must have this name.
    pub(crate) fn take(&mut self, space: &str, name: &str) -> Result<Node<'a, 'input>, Misfit> {
        self.optional(space, name).ok_or_else(|| Misfit(format!("{}/{name}", self.parent)))
    }

    /// The next child if it has this name.
    pub(crate) fn optional(&mut self, space: &str, name: &str) -> Option<Node<'a, 'input>> {
        self.nodes.next_if(|node| node.has_tag_name((space, name)))
    }

    /// The text of the next child, which must have this name and be accepted.
    pub(crate) fn text(
        &mut self,
        space: &str,
        name: &str,
        accept: impl Fn(&str) -> bool,
    ) -> Result<String, Misfit> {
        let node = self.take(space, name)?;
        let text = plain(node).ok_or_else(|| Misfit(name.to_owned()))?;
        if accept(&text) { Ok(text) } else { Err(Misfit(name.to_owned())) }
    }

    /// Nothing may follow.
    pub(crate) fn end(mut self) -> Result<(), Misfit> {
        match self.nodes.next() {
            None => Ok(()),
            Some(node) => Err(Misfit(format!("{}/{}", self.parent, node.tag_name().name()))),
        }
    }
}

/// The text of an element that holds nothing else.
pub(crate) fn plain(node: Node<'_, '_>) -> Option<String> {
    if node.children().any(|child| child.is_element()) {
        return None;
    }
    Some(node.children().filter_map(|child| child.text()).collect())
}

/// The text of the descendant along a path of local names.
pub(crate) fn at(node: Node<'_, '_>, path: &[&str]) -> Option<String> {
    let mut here = node;
    for name in path {
        here = here.children().find(|child| child.tag_name().name() == *name)?;
    }
    plain(here)
}

/// A text as XML content.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
}
