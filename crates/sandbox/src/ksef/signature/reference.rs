//! The references of a signature: what they lead to, and in which bytes.

use c14n::{Canonicalizer, Comments};
use ring::digest::{self as digests, Algorithm};
use roxmltree::{Document, Node};

use super::super::unbase64_lines;
use super::super::xml::plain;
use super::{DSIG, Flaw, XADES, algorithm, bytes_of, canonicalizer, child};

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const BASE64: &str = "http://www.w3.org/2000/09/xmldsig#base64";
const XPATH: &str = "http://www.w3.org/TR/1999/REC-xpath-19991116";
const FILTER: &str = "http://www.w3.org/2002/06/xmldsig-filter2";

/// One reference, read.
pub(super) struct Reference<'a, 'input> {
    pub(super) content: Content<'a, 'input>,
    hash: &'a str,
    digest: Vec<u8>,
    bytes: Vec<u8>,
}

/// What a reference leads to.
pub(super) enum Content<'a, 'input> {
    /// The data, as XML that can be read on its own.
    Data(Vec<u8>),
    /// The signed properties of XAdES.
    Properties(Node<'a, 'input>),
    /// Something that nobody asks for, such as the key.
    Other,
}

/// Whether a digest may be SHA-1.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sha1 {
    Taken,
    Refused,
}

impl<'a, 'input> Reference<'a, 'input> {
    pub(super) fn read(
        document: &'a Document<'input>,
        signature: Node<'a, 'input>,
        node: Node<'a, 'input>,
    ) -> Result<Self, Flaw> {
        let target = target(document, node.attribute("URI"))?;
        let mut rules = Canonicalizer::inclusive();
        let (mut decoded, mut enveloped) = (false, false);
        for transform in transforms(node) {
            match algorithm(transform)? {
                ENVELOPED => enveloped = true,
                BASE64 => decoded = true,
                XPATH if leaves_signatures_out(transform) => enveloped = true,
                FILTER if subtracts_signatures(transform) => enveloped = true,
                // A reference within the document never covers comments (XML Signature, section
                // 4.4.3.3), whatever the canonicalisation would keep.
                _ => rules = canonicalizer(transform)?.comments(Comments::Drop),
            }
        }
        let bytes = if decoded {
            plain(target).and_then(|text| unbase64_lines(&text)).ok_or(Flaw::Content)?
        } else {
            let form = rules.element(target);
            if enveloped { form.without(signature.id()) } else { form }.to_vec()
        };
        let content = if target.has_tag_name((XADES, "SignedProperties")) {
            Content::Properties(target)
        } else if target.has_tag_name((DSIG, "Object")) {
            Content::Data(if decoded { bytes.clone() } else { inner(target)? })
        } else if target.is_root() || target == document.root_element() {
            if !enveloped || !signature.ancestors().any(|node| node == target) {
                return Err(Flaw::NoData);
            }
            let whole = Canonicalizer::inclusive().element(target).without(signature.id());
            Content::Data(whole.to_vec())
        } else {
            Content::Other
        };
        let hash = algorithm(child(node, "DigestMethod")?)?;
        let digest = bytes_of(child(node, "DigestValue")?)?;
        Ok(Self { content, hash, digest, bytes })
    }

    /// Whether the data has the digest that was signed.
    pub(super) fn check(&self) -> Result<(), Flaw> {
        let digest = digest(self.hash, &self.bytes, Sha1::Refused).ok_or(Flaw::Content)?;
        if digest == self.digest { Ok(()) } else { Err(Flaw::Digest) }
    }
}

/// The digest that an algorithm's address names.
pub(super) fn digest(name: &str, bytes: &[u8], sha1: Sha1) -> Option<Vec<u8>> {
    let algorithm: &'static Algorithm = match name {
        "http://www.w3.org/2001/04/xmlenc#sha256" => &digests::SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => &digests::SHA384,
        "http://www.w3.org/2001/04/xmlenc#sha512" => &digests::SHA512,
        "http://www.w3.org/2000/09/xmldsig#sha1" if sha1 == Sha1::Taken => {
            &digests::SHA1_FOR_LEGACY_USE_ONLY
        }
        _ => return None,
    };
    Some(digests::digest(algorithm, bytes).as_ref().to_vec())
}

/// The place a reference leads to. An identifier that stands twice leads nowhere: that is how
/// signed parts are exchanged for others. An address of another document is a detached signature.
fn target<'a, 'input>(
    document: &'a Document<'input>,
    uri: Option<&str>,
) -> Result<Node<'a, 'input>, Flaw> {
    match uri {
        Some("") => Ok(document.root()),
        Some(uri) => {
            let id = uri.strip_prefix('#').ok_or(Flaw::NoData)?;
            let mut found = document.descendants().filter(|node| {
                ["Id", "ID", "id"].iter().any(|name| node.attribute(*name) == Some(id))
            });
            match (found.next(), found.next()) {
                (Some(node), None) => Ok(node),
                (Some(_), Some(_)) => Err(Flaw::Several),
                _ => Err(Flaw::Target),
            }
        }
        None => Err(Flaw::NoData),
    }
}

fn transforms<'a, 'input>(node: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children()
        .filter(|child| child.has_tag_name((DSIG, "Transforms")))
        .flat_map(|list| list.children())
        .filter(|child| child.has_tag_name((DSIG, "Transform")))
}

/// `not(ancestor-or-self::ds:Signature)` under any prefix.
fn leaves_signatures_out(transform: Node<'_, '_>) -> bool {
    expression(transform).is_some_and(|text| {
        let inner = text.strip_prefix("not(ancestor-or-self::").and_then(|it| it.strip_suffix(')'));
        inner.is_some_and(is_signature_name)
    })
}

/// `/descendant::ds:Signature` or `//ds:Signature`, or the signature around this place, taken out.
fn subtracts_signatures(transform: Node<'_, '_>) -> bool {
    let subtract = transform
        .children()
        .any(|child| child.is_element() && child.attribute("Filter") == Some("subtract"));
    let rest = |text: String| {
        ["/descendant::", "//", "here()/ancestor::"]
            .iter()
            .find_map(|start| text.strip_prefix(start).map(str::to_owned))
    };
    let name = expression(transform).and_then(rest);
    subtract && name.is_some_and(|name| is_signature_name(name.trim_end_matches("[1]")))
}

fn expression(transform: Node<'_, '_>) -> Option<String> {
    let text = plain(transform.children().find(Node::is_element)?)?;
    Some(text.split_whitespace().collect())
}

fn is_signature_name(name: &str) -> bool {
    name.split_once(':').is_some_and(|(_, name)| name == "Signature")
}

/// The document in an object, which holds nothing else.
fn inner(object: Node<'_, '_>) -> Result<Vec<u8>, Flaw> {
    let mut elements = object.children().filter(Node::is_element);
    match (elements.next(), elements.next()) {
        (Some(element), None) => Ok(Canonicalizer::inclusive().element(element).to_vec()),
        _ => Err(Flaw::Content),
    }
}
