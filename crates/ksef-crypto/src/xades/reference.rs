//! What a reference covers, and whether its digest holds.
//!
//! A reference is not followed as a general pointer: it must lead to the document or to a part of
//! its own signature that was found before by its place.
//! Of the transforms only those of specification 1.9, chapter 4.2, and KSeF 2.0 facts §4.2 are
//! taken, in the combinations that make sense.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use c14n::Canonicalizer;
use roxmltree::{Document, NS_XML_URI, Node};

use super::digest::digest_method;
use super::is_id;
use super::names::{
    BASE64, DS, ENVELOPED, EXCLUSIVE, EXCLUSIVE_COMMENTS, FILTER2, INCLUSIVE, INCLUSIVE_11,
    INCLUSIVE_11_COMMENTS, INCLUSIVE_COMMENTS, SIGNED_PROPERTIES_TYPE, XPATH,
};
use super::policy::{Refusal, Sha1};
use super::shape::{Shape, algorithm, base64, elements, must_be, text};

/// What a reference leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The whole document.
    Document,
    /// The root of the document, named by its id.
    Root,
    /// The object that holds the document.
    Object,
    /// The signed properties.
    Properties,
    /// The key information.
    KeyInfo,
}

/// A reference whose digest holds.
#[derive(Debug)]
pub(crate) struct Covered {
    pub(crate) target: Target,
    /// Whether the octets are decoded content and not XML in canonical form.
    pub(crate) is_decoded: bool,
    /// The octets that were digested.
    pub(crate) octets: Vec<u8>,
}

/// What the transforms of a reference do together.
#[derive(Debug)]
struct Pipeline {
    removes_signature: bool,
    last: Last,
}

#[derive(Debug)]
enum Last {
    Canonical(Canonicalizer),
    Decoded,
}

/// Follows a reference and checks its digest.
pub(crate) fn follow(
    reference: Node<'_, '_>,
    tree: &Document<'_>,
    shape: &Shape<'_, '_>,
    sha1: Sha1,
) -> Result<Covered, Refusal> {
    let parts = elements(reference)?;
    let (transforms, rest) = match parts.split_first() {
        Some((first, rest)) if first.has_tag_name((DS, "Transforms")) => (elements(*first)?, rest),
        _ => (Vec::new(), parts.as_slice()),
    };
    let [method, value] = rest else {
        return Err(Refusal::Structure("parts are missing in Reference or in excess"));
    };
    must_be(*method, DS, "DigestMethod")?;
    must_be(*value, DS, "DigestValue")?;

    let (target, node) = target(reference, tree, shape)?;
    let pipeline = pipeline(&transforms, node)?;
    pipeline.must_fit(target)?;
    let octets = match &pipeline.last {
        Last::Decoded => decoded(node)?,
        Last::Canonical(rules) if target == Target::Document => {
            rules.document(tree).without(shape.signature.id()).to_vec()
        }
        Last::Canonical(rules) if target == Target::Root => {
            rules.element(node).without(shape.signature.id()).to_vec()
        }
        Last::Canonical(rules) => rules.element(node).to_vec(),
    };
    let method = digest_method(algorithm(*method, "DigestMethod")?, sha1, "DigestMethod")?;
    let expected = base64(*value, "DigestValue")?;
    if digest::digest(method, &octets).as_ref() != expected {
        return Err(Refusal::Digest(target.name()));
    }
    let is_decoded = matches!(pipeline.last, Last::Decoded);
    Ok(Covered { target, is_decoded, octets })
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::Document | Self::Root | Self::Object => "the document",
            Self::Properties => "the signed properties",
            Self::KeyInfo => "the key information",
        }
    }
}

impl Pipeline {
    /// Each target takes its own combinations.
    fn must_fit(&self, target: Target) -> Result<(), Refusal> {
        let is_decoded = matches!(self.last, Last::Decoded);
        let fits = match target {
            // Without the removal a signature would have to cover its own value.
            Target::Document | Target::Root => self.removes_signature && !is_decoded,
            Target::Object => !self.removes_signature,
            Target::Properties | Target::KeyInfo => !self.removes_signature && !is_decoded,
        };
        if fits { Ok(()) } else { Err(Refusal::Algorithm("Transforms")) }
    }
}

/// What a reference leads to: the document or a part that is known by its place.
fn target<'a, 'input>(
    reference: Node<'a, 'input>,
    tree: &'a Document<'input>,
    shape: &Shape<'a, 'input>,
) -> Result<(Target, Node<'a, 'input>), Refusal> {
    let root = tree.root_element();
    let (target, node) = match reference.attribute("URI") {
        Some("") if !shape.is_enveloping() => (Target::Document, root),
        Some(uri) => {
            let id = uri.strip_prefix('#').filter(|id| !id.is_empty()).ok_or(Refusal::Reference)?;
            let node = element_by_id(tree, id)?;
            (part(node, root, shape).ok_or(Refusal::Reference)?, node)
        }
        None => return Err(Refusal::Reference),
    };
    let is_properties = reference.attribute("Type") == Some(SIGNED_PROPERTIES_TYPE);
    if is_properties != (target == Target::Properties) {
        return Err(Refusal::Reference);
    }
    Ok((target, node))
}

/// Which of the parts that may be referred to an element is.
fn part<'a, 'input>(
    node: Node<'a, 'input>,
    root: Node<'a, 'input>,
    shape: &Shape<'a, 'input>,
) -> Option<Target> {
    if Some(node) == shape.properties {
        Some(Target::Properties)
    } else if Some(node) == shape.object {
        Some(Target::Object)
    } else if node == shape.key_info {
        Some(Target::KeyInfo)
    } else {
        (node == root && !shape.is_enveloping()).then_some(Target::Root)
    }
}

/// The one element of a document that has an id, in any spelling of the attribute.
pub(crate) fn element_by_id<'a, 'input>(
    tree: &'a Document<'input>,
    id: &str,
) -> Result<Node<'a, 'input>, Refusal> {
    let has_id = |node: &Node<'_, '_>| {
        node.attributes().any(|attribute| attribute.value() == id && is_id(&attribute))
    };
    let mut found = tree.descendants().filter(has_id);
    match (found.next(), found.next()) {
        (Some(node), None) => Ok(node),
        _ => Err(Refusal::Id),
    }
}

/// Reads the transforms: any that remove the signature first, then at most one that gives octets.
fn pipeline(transforms: &[Node<'_, '_>], apex: Node<'_, '_>) -> Result<Pipeline, Refusal> {
    let mut removes_signature = false;
    let mut last = None;
    for transform in transforms {
        must_be(*transform, DS, "Transform")?;
        if last.is_some() {
            return Err(Refusal::Algorithm("Transforms"));
        }
        let name = algorithm(*transform, "Transform")?;
        match name {
            XPATH => must_exclude_signatures(*transform)?,
            FILTER2 => must_subtract_signatures(*transform)?,
            ENVELOPED | BASE64 => must_be_empty(*transform)?,
            _ => (),
        }
        match name {
            ENVELOPED | XPATH | FILTER2 => removes_signature = true,
            BASE64 => last = Some(Last::Decoded),
            _ => last = Some(Last::Canonical(canonicalizer(*transform, apex)?)),
        }
    }
    // Without a transform that gives octets the form is this one (XML Signature, section 4.4.3.2).
    let last = last.unwrap_or_else(|| Last::Canonical(Canonicalizer::inclusive()));
    Ok(Pipeline { removes_signature, last })
}

/// The canonical form that a method or transform names, for the element it is applied to.
///
/// Comments are left out whatever is named: references without a pointer have none (XML
/// Signature, section 4.4.3.3), and `SignedInfo` must not have any.
pub(crate) fn canonicalizer(
    method: Node<'_, '_>,
    apex: Node<'_, '_>,
) -> Result<Canonicalizer, Refusal> {
    let rules = match algorithm(method, "canonicalisation")? {
        INCLUSIVE | INCLUSIVE_COMMENTS => Canonicalizer::inclusive(),
        INCLUSIVE_11 | INCLUSIVE_11_COMMENTS if !has_changed_attributes(apex) => {
            Canonicalizer::inclusive()
        }
        EXCLUSIVE | EXCLUSIVE_COMMENTS => return exclusive(method),
        _ => return Err(Refusal::Algorithm("canonicalisation")),
    };
    must_be_empty(method)?;
    Ok(rules)
}

/// A longer list of prefixes has no use: signers name a handful.
const MOST_PREFIXES: usize = 64;

/// The exclusive form with its list of prefixes.
fn exclusive(method: Node<'_, '_>) -> Result<Canonicalizer, Refusal> {
    let rules = Canonicalizer::exclusive();
    match elements(method)?.as_slice() {
        [] => Ok(rules),
        [list] => {
            must_be(*list, EXCLUSIVE, "InclusiveNamespaces")?;
            let prefixes = list.attribute("PrefixList").ok_or(Refusal::Value("PrefixList"))?;
            // It is looked through at every element, before anything is known of the signer.
            let prefixes: Vec<_> =
                prefixes.split_ascii_whitespace().take(MOST_PREFIXES + 1).collect();
            if prefixes.len() > MOST_PREFIXES {
                return Err(Refusal::Value("PrefixList"));
            }
            Ok(rules.prefixes(prefixes))
        }
        _ => Err(Refusal::Structure("InclusiveNamespaces")),
    }
}

/// Whether Canonical XML 1.1 would treat the ancestors' attributes otherwise than 1.0 does: it
/// no longer hands down `xml:id`, and joins `xml:base` (Canonical XML 1.1, section 2.4).
fn has_changed_attributes(apex: Node<'_, '_>) -> bool {
    apex.ancestors().any(|node| {
        node.attributes().any(|attribute| {
            attribute.namespace() == Some(NS_XML_URI) && matches!(attribute.name(), "id" | "base")
        })
    })
}

/// The content of an object that holds nothing but Base64.
fn decoded(object: Node<'_, '_>) -> Result<Vec<u8>, Refusal> {
    let mut content = text(object, "Object")?.to_owned();
    content.retain(|c| !c.is_ascii_whitespace());
    STANDARD.decode(content).map_err(|_| Refusal::Value("Object"))
}

fn must_be_empty(node: Node<'_, '_>) -> Result<(), Refusal> {
    if elements(node)?.is_empty() { Ok(()) } else { Err(Refusal::Algorithm("Transform")) }
}

/// Accepts `not(ancestor-or-self::ds:Signature)`, the only expression of chapter 4.2.1.
///
/// The document has one signature only, so this is the same as to remove the enveloped one.
fn must_exclude_signatures(transform: Node<'_, '_>) -> Result<(), Refusal> {
    let expression = only_expression(transform, DS)?;
    let name =
        expression.1.strip_prefix("not(ancestor-or-self::").and_then(|rest| rest.strip_suffix(")"));
    must_name_signature(expression.0, name)
}

/// Accepts the expressions by which filter 2.0 subtracts the signature.
fn must_subtract_signatures(transform: Node<'_, '_>) -> Result<(), Refusal> {
    let (node, expression) = only_expression(transform, FILTER2)?;
    if node.attribute("Filter") != Some("subtract") {
        return Err(Refusal::Algorithm("Transform"));
    }
    let whole = expression.strip_suffix("[1]").unwrap_or(&expression);
    let paths = ["here()/ancestor::", "/descendant::", "//"];
    let name = paths.iter().find_map(|path| whole.strip_prefix(path));
    must_name_signature(node, name)
}

/// The one `XPath` element of a transform, and its expression without white space.
fn only_expression<'a, 'input>(
    transform: Node<'a, 'input>,
    namespace: &'static str,
) -> Result<(Node<'a, 'input>, String), Refusal> {
    let parts = elements(transform)?;
    let [node] = parts.as_slice() else {
        return Err(Refusal::Algorithm("Transform"));
    };
    must_be(*node, namespace, "XPath")?;
    let expression = text(*node, "XPath")?.split_ascii_whitespace().collect();
    Ok((*node, expression))
}

/// Whether a name in an expression is that of signatures, under the prefixes in scope there.
fn must_name_signature(scope: Node<'_, '_>, name: Option<&str>) -> Result<(), Refusal> {
    let prefix = name.and_then(|name| name.strip_suffix(":Signature"));
    match prefix.and_then(|prefix| scope.lookup_namespace_uri(Some(prefix))) {
        Some(DS) => Ok(()),
        _ => Err(Refusal::Algorithm("Transform")),
    }
}
