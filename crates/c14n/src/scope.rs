//! Which namespaces are declared already by the tags that are open in the output.
//!
//! Sources: Canonical XML 1.0, section 2.3, "Namespace Axis"; Exclusive XML Canonicalization 1.0, section 3.

/// A namespace declaration; both are empty for `xmlns=""`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Declaration<'a> {
    /// Empty for the default namespace.
    pub(crate) prefix: &'a str,
    pub(crate) uri: &'a str,
}

/// The declarations of all open tags, outermost first.
#[derive(Debug, Default)]
pub(crate) struct Scope<'a> {
    rendered: Vec<Declaration<'a>>,
    /// Where the declarations of the innermost tag start.
    start: usize,
}

impl<'a> Scope<'a> {
    /// Starts a tag; the mark is for [`close`](Self::close).
    pub(crate) fn open(&mut self) -> usize {
        self.start = self.rendered.len();
        self.start
    }

    /// Forgets the declarations of the tag that gave this mark.
    pub(crate) fn close(&mut self, mark: usize) {
        self.rendered.truncate(mark);
    }

    /// Asks that a prefix means a namespace in the current tag, which declares it unless an open tag did.
    pub(crate) fn need(&mut self, prefix: &'a str, uri: &'a str) {
        if prefix == "xml" {
            return;
        }
        let known = self.rendered.iter().rposition(|declaration| declaration.prefix == prefix);
        let (is_same, is_own) = match known {
            Some(place) => (same(self.rendered[place].uri, uri), place >= self.start),
            // What nobody declared is no namespace, so `xmlns=""` is not needed at the outermost tag.
            None => (uri.is_empty(), false),
        };
        // The parser lets a tag declare the default namespace twice and takes the first.
        if !is_same && !is_own {
            self.rendered.push(Declaration { prefix, uri });
        }
    }

    /// The declarations of the current tag in the order of a canonical form: the default namespace, then by prefix.
    pub(crate) fn declared(&mut self) -> &[Declaration<'a>] {
        let own = &mut self.rendered[self.start..];
        own.sort_unstable();
        own
    }
}

/// The parser keeps each namespace once, so equal ones are mostly the same place in memory.
fn same(left: &str, right: &str) -> bool {
    std::ptr::eq(left, right) || left == right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(prefix: &'a str, uri: &'a str) -> Declaration<'a> {
        Declaration { prefix, uri }
    }

    #[test]
    fn a_declaration_holds_until_its_tag_closes() {
        let mut scope = Scope::default();
        scope.open();
        scope.need("b", "urn:1");
        scope.need("", "urn:2");
        scope.need("b", "urn:1");
        assert_eq!(scope.declared(), [of("", "urn:2"), of("b", "urn:1")]);
        let inner = scope.open();
        scope.need("b", "urn:1");
        scope.need("", "");
        assert_eq!(scope.declared(), [of("", "")]);
        scope.close(inner);
        scope.open();
        scope.need("", "urn:2");
        assert_eq!(scope.declared(), []);
    }

    #[test]
    fn no_declaration_is_made_for_xml_and_for_no_namespace() {
        let mut scope = Scope::default();
        scope.open();
        scope.need("", "");
        scope.need("xml", roxmltree::NS_XML_URI);
        assert_eq!(scope.declared(), []);
    }
}
