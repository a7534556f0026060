//! What is canonicalised, and where the bytes go.

use roxmltree::{Node, NodeId};

use crate::{Canonicalizer, output::Pieces, render};

/// The canonical form of a part of a document; nothing is computed before [`write_to`](Self::write_to) or [`to_vec`](Self::to_vec).
#[derive(Debug, Clone)]
#[must_use = "nothing is written before `write_to` or `to_vec`"]
pub struct Canonical<'a, 'input> {
    pub(crate) rules: Canonicalizer,
    pub(crate) apex: Node<'a, 'input>,
    /// In ascending order, so that it can be searched by halves.
    without: Vec<u32>,
}

impl<'a, 'input> Canonical<'a, 'input> {
    pub(crate) fn new(rules: Canonicalizer, apex: Node<'a, 'input>) -> Self {
        Self { rules, apex, without: Vec::new() }
    }

    /// Leaves a node out with all it holds; may be called several times.
    ///
    /// This is what the transforms of a signature ask for: the enveloped-signature transform leaves out its own signature, an `XPath` of `not(ancestor-or-self::ds:Signature)` every signature, and an `XPath` filter 2.0 `subtract` the nodes it names.
    /// An id that is not inside the part changes nothing.
    /// Ids belong to one document: one from another document names whatever stands there.
    pub fn without(mut self, node: NodeId) -> Self {
        if let Err(place) = self.without.binary_search(&node.get()) {
            self.without.insert(place, node.get());
        }
        self
    }

    /// Hands the canonical form to a sink, in order and in pieces of any size, the last of which has been given when this returns.
    ///
    /// Small pieces are gathered to some kilobytes first, so a digest can be fed directly: `write_to(|bytes| digest.update(bytes))`.
    /// Beside the tree this takes memory for the depth of the nesting and not for the length of the document.
    pub fn write_to(&self, sink: impl FnMut(&[u8])) {
        let mut pieces = Pieces::new(sink);
        render::render(self, &mut pieces);
        pieces.finish();
    }

    /// The canonical form as bytes, which are UTF-8.
    pub fn to_vec(&self) -> Vec<u8> {
        // Attributes and end tags grow a little; more than the eighth is rare and only costs a copy.
        let length = self.apex.range().len();
        let mut bytes = Vec::with_capacity(length + length / 8 + 64);
        render::render(self, &mut bytes);
        bytes
    }

    pub(crate) fn leaves_out(&self, node: Node<'_, '_>) -> bool {
        !self.without.is_empty() && self.without.binary_search(&node.id().get()).is_ok()
    }
}
