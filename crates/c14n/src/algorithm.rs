//! Which canonical form: the two algorithms, their comments, and the addresses that signatures name them by.
//!
//! Sources: Canonical XML 1.0 (W3C Recommendation of 15 March 2001), Exclusive XML Canonicalization 1.0 (W3C Recommendation of 18 July 2002), sections 4 and 5 for the addresses and the `PrefixList`.

use roxmltree::{Document, Node};

use crate::Canonical;

/// Addresses without comments; the form with comments has its own, see [`Canonicalizer::algorithm`].
const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const INCLUSIVE_COMMENTS: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const EXCLUSIVE_COMMENTS: &str = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";

/// What happens to comments; signatures leave them out unless they name the other algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Comments {
    /// Comments are left out.
    #[default]
    Drop,
    /// Comments stay.
    Keep,
}

/// Which namespace declarations a canonical form shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Declarations {
    /// All that are in scope.
    Inclusive,
    /// Those that names use, and those that the prefix list names.
    Exclusive,
}

/// The rules of a canonical form: algorithm, comments, prefix list.
///
/// ```
/// use c14n::{Canonicalizer, Comments};
///
/// let document = roxmltree::Document::parse("<a  b='1'><!-- c --></a>")?;
/// let rules = Canonicalizer::exclusive().comments(Comments::Keep);
/// assert_eq!(rules.document(&document).to_vec(), b"<a b=\"1\"><!-- c --></a>");
/// # Ok::<(), roxmltree::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonicalizer {
    pub(crate) declarations: Declarations,
    pub(crate) comments: Comments,
    /// `None` is the default namespace, which a list writes as `#default`.
    pub(crate) prefixes: Vec<Option<Box<str>>>,
}

/// An address of an algorithm that this crate does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the canonicalisation algorithm `{algorithm}` is not one of the four that are supported")]
#[non_exhaustive]
pub struct UnknownAlgorithm {
    /// The address as it was asked for.
    pub algorithm: String,
}

impl Canonicalizer {
    /// Canonical XML 1.0 without comments: a subtree takes along every namespace in scope and the `xml:` attributes of its ancestors.
    pub const fn inclusive() -> Self {
        Self::new(Declarations::Inclusive, Comments::Drop)
    }

    /// Exclusive XML Canonicalization 1.0 without comments: a subtree takes along the namespaces that its names use, so that its bytes do not change when it is moved.
    pub const fn exclusive() -> Self {
        Self::new(Declarations::Exclusive, Comments::Drop)
    }

    const fn new(declarations: Declarations, comments: Comments) -> Self {
        Self { declarations, comments, prefixes: Vec::new() }
    }

    /// The rules that an `Algorithm` attribute of a signature names.
    ///
    /// Canonical XML 1.1 is not among them, see the front page.
    ///
    /// # Errors
    ///
    /// [`UnknownAlgorithm`] for any other address; the comparison is exact.
    pub fn from_algorithm(algorithm: &str) -> Result<Self, UnknownAlgorithm> {
        let (declarations, comments) = match algorithm {
            INCLUSIVE => (Declarations::Inclusive, Comments::Drop),
            INCLUSIVE_COMMENTS => (Declarations::Inclusive, Comments::Keep),
            EXCLUSIVE => (Declarations::Exclusive, Comments::Drop),
            EXCLUSIVE_COMMENTS => (Declarations::Exclusive, Comments::Keep),
            _ => return Err(UnknownAlgorithm { algorithm: algorithm.to_owned() }),
        };
        Ok(Self::new(declarations, comments))
    }

    /// The address of these rules for an `Algorithm` attribute; the prefix list is not part of it.
    pub const fn algorithm(&self) -> &'static str {
        match (self.declarations, self.comments) {
            (Declarations::Inclusive, Comments::Drop) => INCLUSIVE,
            (Declarations::Inclusive, Comments::Keep) => INCLUSIVE_COMMENTS,
            (Declarations::Exclusive, Comments::Drop) => EXCLUSIVE,
            (Declarations::Exclusive, Comments::Keep) => EXCLUSIVE_COMMENTS,
        }
    }

    /// Keeps or drops comments.
    #[must_use]
    pub fn comments(mut self, comments: Comments) -> Self {
        self.comments = comments;
        self
    }

    /// Sets the prefixes of `InclusiveNamespaces`: their namespaces are shown wherever they are in scope, used or not.
    ///
    /// `#default` names the default namespace.
    /// An attribute `PrefixList` is read by `prefixes(list.split_ascii_whitespace())`.
    /// Canonical XML 1.0 shows all namespaces anyway, so there the list changes nothing.
    #[must_use]
    pub fn prefixes<'p>(mut self, prefixes: impl IntoIterator<Item = &'p str>) -> Self {
        let read = |prefix| if prefix == "#default" { None } else { Some(Box::from(prefix)) };
        self.prefixes = prefixes.into_iter().map(read).collect();
        self
    }

    /// The canonical form of a whole document, with its comments and processing instructions outside the document element.
    pub fn document<'a, 'input>(&self, document: &'a Document<'input>) -> Canonical<'a, 'input> {
        self.element(document.root())
    }

    /// The canonical form of an element with all it holds, where it stands in its document.
    ///
    /// A node of another kind is taken as well: the root stands for the whole document, a text, comment or processing instruction for itself.
    pub fn element<'a, 'input>(&self, node: Node<'a, 'input>) -> Canonical<'a, 'input> {
        Canonical::new(self.clone(), node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_is_found_by_the_address_it_gives() {
        for algorithm in [INCLUSIVE, INCLUSIVE_COMMENTS, EXCLUSIVE, EXCLUSIVE_COMMENTS] {
            let rules = Canonicalizer::from_algorithm(algorithm).unwrap();
            assert_eq!(rules.algorithm(), algorithm);
        }
        let exclusive = Canonicalizer::exclusive().comments(Comments::Keep);
        assert_eq!(Canonicalizer::from_algorithm(EXCLUSIVE_COMMENTS), Ok(exclusive));
        assert_eq!(Canonicalizer::inclusive().algorithm(), INCLUSIVE);
    }

    #[test]
    fn another_algorithm_is_refused_by_name() {
        let error =
            Canonicalizer::from_algorithm("http://www.w3.org/2006/12/xml-c14n11").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the canonicalisation algorithm `http://www.w3.org/2006/12/xml-c14n11` is not one of the four that are supported"
        );
    }
}
