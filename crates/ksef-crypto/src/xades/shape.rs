//! The parts of a signature, found by where they stand and by nothing else.
//!
//! What an attacker can use is freedom: ids that lead elsewhere, elements in two places, comments
//! within values.
//! So the structure is read strictly (XML Signature, section 4; XAdES 1.3.2, section 6.2): every
//! part must stand in its place, once, without anything between the parts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node};

use super::names::{DS, XADES};
use super::policy::Refusal;
use super::signatures;
use crate::certificate::Certificate;

/// References that a signature may have; real ones have two or three.
const MAX_REFERENCES: usize = 16;

/// Certificates that a signature may bring.
const MAX_CERTIFICATES: usize = 16;

/// The parts of the one signature of a document.
#[derive(Debug)]
pub(crate) struct Shape<'a, 'input> {
    pub(crate) signature: Node<'a, 'input>,
    pub(crate) signed_info: Node<'a, 'input>,
    pub(crate) canonicalization: Node<'a, 'input>,
    pub(crate) method: Node<'a, 'input>,
    pub(crate) references: Vec<Node<'a, 'input>>,
    pub(crate) value: Vec<u8>,
    pub(crate) key_info: Node<'a, 'input>,
    pub(crate) certificates: Vec<Certificate>,
    /// The `SignedProperties` of XAdES.
    pub(crate) properties: Option<Node<'a, 'input>>,
    /// The object that holds the document when the signature envelops it.
    pub(crate) object: Option<Node<'a, 'input>>,
}

impl<'a, 'input> Shape<'a, 'input> {
    /// Finds the signature of a document and its parts.
    pub(crate) fn find(tree: &'a Document<'input>) -> Result<Self, Refusal> {
        let mut found = signatures(tree);
        let signature = found.next().ok_or(Refusal::NoSignature)?;
        if found.next().is_some() {
            return Err(Refusal::SeveralSignatures);
        }
        let root = tree.root_element();
        if signature != root && signature.parent_element() != Some(root) {
            return Err(Refusal::Misplaced);
        }
        Self::read(signature, signature == root)
    }

    fn read(signature: Node<'a, 'input>, is_enveloping: bool) -> Result<Self, Refusal> {
        let parts = elements(signature)?;
        let [signed_info, value, key_info, objects @ ..] = parts.as_slice() else {
            return Err(Refusal::Structure("parts are missing in Signature"));
        };
        must_be(*signed_info, DS, "SignedInfo")?;
        must_be(*value, DS, "SignatureValue")?;
        must_be(*key_info, DS, "KeyInfo")?;
        // Comments and processing instructions have no place in what is signed.
        if signed_info.descendants().any(|node| node.is_comment() || node.is_pi()) {
            return Err(Refusal::Structure("a comment or processing instruction in SignedInfo"));
        }
        let parts = elements(*signed_info)?;
        let [canonicalization, method, references @ ..] = parts.as_slice() else {
            return Err(Refusal::Structure("parts are missing in SignedInfo"));
        };
        must_be(*canonicalization, DS, "CanonicalizationMethod")?;
        must_be(*method, DS, "SignatureMethod")?;
        if method.first_element_child().is_some() {
            return Err(Refusal::Algorithm("SignatureMethod"));
        }
        if references.is_empty() || references.len() > MAX_REFERENCES {
            return Err(Refusal::Structure("no or too many references"));
        }
        for reference in references {
            must_be(*reference, DS, "Reference")?;
        }
        let (properties, object) = sort_objects(signature, objects, is_enveloping)?;
        Ok(Self {
            signature,
            signed_info: *signed_info,
            canonicalization: *canonicalization,
            method: *method,
            references: references.to_vec(),
            value: base64(*value, "SignatureValue")?,
            key_info: *key_info,
            certificates: certificates(*key_info)?,
            properties,
            object,
        })
    }

    /// Whether the document stands in the signature.
    pub(crate) fn is_enveloping(&self) -> bool {
        self.signature.parent_element().is_none()
    }
}

/// What the objects of a signature hold: its signed properties, and the document that it envelops.
type Objects<'a, 'input> = (Option<Node<'a, 'input>>, Option<Node<'a, 'input>>);

fn sort_objects<'a, 'input>(
    signature: Node<'a, 'input>,
    objects: &[Node<'a, 'input>],
    is_enveloping: bool,
) -> Result<Objects<'a, 'input>, Refusal> {
    let (mut properties, mut document) = (None, None);
    for object in objects {
        must_be(*object, DS, "Object")?;
        let content = object.first_element_child();
        let qualifying = content.filter(|node| node.has_tag_name((XADES, "QualifyingProperties")));
        let place = if qualifying.is_some() { &mut properties } else { &mut document };
        if place.replace(*object).is_some() {
            return Err(Refusal::Structure("an object too many"));
        }
    }
    if document.is_some() != is_enveloping {
        return Err(Refusal::Structure("an object for the document where none belongs, or none"));
    }
    let properties = properties.map(|object| signed_properties(signature, object)).transpose()?;
    Ok((properties, document))
}

/// The signed properties in an object that holds qualifying properties.
fn signed_properties<'a, 'input>(
    signature: Node<'a, 'input>,
    object: Node<'a, 'input>,
) -> Result<Node<'a, 'input>, Refusal> {
    let content = elements(object)?;
    let [qualifying] = content.as_slice() else {
        return Err(Refusal::Structure("something beside QualifyingProperties"));
    };
    let target = qualifying.attribute("Target").and_then(|target| target.strip_prefix('#'));
    if target.is_none() || target != signature.attribute("Id") {
        return Err(Refusal::Structure("QualifyingProperties of another signature"));
    }
    let parts = elements(*qualifying)?;
    let signed = match parts.as_slice() {
        [signed] => signed,
        [signed, unsigned] => {
            must_be(*unsigned, XADES, "UnsignedProperties")?;
            signed
        }
        _ => return Err(Refusal::Structure("QualifyingProperties")),
    };
    must_be(*signed, XADES, "SignedProperties")?;
    Ok(*signed)
}

/// The certificates in a `KeyInfo`.
///
/// Names and values of keys beside them are hints that nothing here follows.
fn certificates(key_info: Node<'_, '_>) -> Result<Vec<Certificate>, Refusal> {
    let mut certificates = Vec::new();
    for part in elements(key_info)? {
        if part.has_tag_name((DS, "KeyValue")) || part.has_tag_name((DS, "KeyName")) {
            continue;
        }
        must_be(part, DS, "X509Data")?;
        for entry in elements(part)? {
            if entry.has_tag_name((DS, "X509Certificate")) {
                let der = base64(entry, "X509Certificate")?;
                let certificate = Certificate::from_der(&der).map_err(|_| Refusal::Certificate)?;
                certificates.push(certificate);
            }
        }
    }
    match certificates.len() {
        1..=MAX_CERTIFICATES => Ok(certificates),
        _ => Err(Refusal::Certificate),
    }
}

/// The elements in an element that has nothing else but white space.
pub(crate) fn elements<'a, 'input>(
    node: Node<'a, 'input>,
) -> Result<Vec<Node<'a, 'input>>, Refusal> {
    let mut elements = Vec::new();
    for child in node.children() {
        let is_blank = child.is_text() && child.text().is_some_and(is_white_space);
        if child.is_element() {
            elements.push(child);
        } else if !is_blank {
            return Err(Refusal::Structure("text, comments or instructions between elements"));
        }
    }
    Ok(elements)
}

/// The text in an element that has nothing else.
pub(crate) fn text<'a>(node: Node<'a, '_>, place: &'static str) -> Result<&'a str, Refusal> {
    let mut children = node.children();
    match (children.next(), children.next()) {
        (None, _) => Ok(""),
        (Some(only), None) if only.is_text() => Ok(only.text().unwrap_or("")),
        _ => Err(Refusal::Value(place)),
    }
}

/// The bytes that an element holds in Base64, with white space anywhere.
pub(crate) fn base64(node: Node<'_, '_>, place: &'static str) -> Result<Vec<u8>, Refusal> {
    let mut text = text(node, place)?.to_owned();
    text.retain(|c| !is_space(c));
    STANDARD.decode(text).map_err(|_| Refusal::Value(place))
}

/// The algorithm that an element names.
pub(crate) fn algorithm<'a>(node: Node<'a, '_>, place: &'static str) -> Result<&'a str, Refusal> {
    node.attribute("Algorithm").ok_or(Refusal::Algorithm(place))
}

/// Refuses an element of another name.
pub(crate) fn must_be(
    node: Node<'_, '_>,
    namespace: &'static str,
    name: &'static str,
) -> Result<(), Refusal> {
    if node.has_tag_name((namespace, name)) { Ok(()) } else { Err(Refusal::Structure(name)) }
}

fn is_white_space(text: &str) -> bool {
    text.chars().all(is_space)
}

/// White space as XML has it; Unicode has more.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}
