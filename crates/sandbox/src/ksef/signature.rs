//! Verifying signed requests: XAdES, enveloped or enveloping, never detached (specification 1.9,
//! chapter 4.2; XML Signature Syntax and Processing; XAdES 1.3.2).
//!
//! What is given back is only what the signature covers, so that nothing beside it is read.

mod reference;

use c14n::Canonicalizer;
use chrono::{DateTime, NaiveDateTime};
use roxmltree::{Document, Node};

use super::certificate::{Certificate, Hash, Method};
use super::unbase64_lines;
use super::xml::{Misfit, plain};
use reference::{Content, Reference};

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const XADES: &str = "http://uri.etsi.org/01903/v1.3.2#";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// A request whose signature holds.
#[derive(Debug)]
pub(crate) struct Signed {
    /// What was signed, as XML.
    pub(crate) content: Vec<u8>,
    /// The certificate that the signature names.
    pub(crate) certificate: Certificate,
}

/// Why a signature is refused; the codes are those of KSeF 1.x facts §11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// 9101: not a document.
    Document,
    /// 9102: no signature.
    Absent,
    /// 9103: more than one.
    TooMany,
    /// 9105: the signature itself does not hold, or cannot be read.
    Content,
    /// 9106: not exactly one reference to the data and one to the signed properties.
    References,
    /// 9107: the referenced data has another digest.
    Digest,
    /// 9108: a reference leads to several places, which is how signed parts are exchanged.
    Several,
    /// 9109: a reference leads nowhere.
    Target,
    /// 9110: nothing refers to the data.
    NoData,
    /// 20006: the signing time is no time.
    Time,
    /// 21159: the signed properties name another certificate.
    Certificate,
}

impl Flaw {
    /// The exception code.
    pub(crate) fn code(self) -> u32 {
        match self {
            Self::Document => 9101,
            Self::Absent => 9102,
            Self::TooMany => 9103,
            Self::Content => 9105,
            Self::References => 9106,
            Self::Digest => 9107,
            Self::Several => 9108,
            Self::Target => 9109,
            Self::NoData => 9110,
            Self::Time => 20006,
            Self::Certificate => 21159,
        }
    }
}

/// An element that cannot be read is a signature that cannot be read.
impl From<Misfit> for Flaw {
    fn from(_: Misfit) -> Self {
        Self::Content
    }
}

/// Verifies the one signature of a document.
pub(crate) fn verify(bytes: &[u8]) -> Result<Signed, Flaw> {
    let text = std::str::from_utf8(bytes).map_err(|_| Flaw::Document)?;
    let document = Document::parse(text).map_err(|_| Flaw::Document)?;
    let signatures: Vec<_> =
        document.descendants().filter(|node| node.has_tag_name((DSIG, "Signature"))).collect();
    let signature = match signatures.as_slice() {
        [] => return Err(Flaw::Absent),
        [signature] => *signature,
        _ => return Err(Flaw::TooMany),
    };
    let certificate = certificate(signature)?;
    let info = child(signature, "SignedInfo")?;
    let method = method(algorithm(child(info, "SignatureMethod")?)?).ok_or(Flaw::Content)?;
    let value = bytes_of(child(signature, "SignatureValue")?)?;
    let message = canonicalizer(child(info, "CanonicalizationMethod")?)?.element(info).to_vec();
    if !certificate.verifies(method, &message, &value) {
        return Err(Flaw::Content);
    }
    let references: Vec<Reference<'_, '_>> = info
        .children()
        .filter(|node| node.has_tag_name((DSIG, "Reference")))
        .map(|node| Reference::read(&document, signature, node))
        .collect::<Result<_, _>>()?;
    let mut content = None;
    let mut properties = 0;
    for reference in references {
        reference.check()?;
        match reference.content {
            Content::Data(data) if content.is_none() => content = Some(data),
            Content::Properties(node) => {
                properties += 1;
                check_properties(signature, node, &certificate)?;
            }
            Content::Data(_) => return Err(Flaw::References),
            Content::Other => {}
        }
    }
    let content = content.ok_or(Flaw::NoData)?;
    if properties != 1 {
        return Err(Flaw::References);
    }
    Ok(Signed { content, certificate })
}

/// The signed properties must be those of this signature and name its certificate.
fn check_properties(
    signature: Node<'_, '_>,
    properties: Node<'_, '_>,
    certificate: &Certificate,
) -> Result<(), Flaw> {
    let target = properties.parent().and_then(|parent| parent.attribute("Target"));
    let id = signature.attribute("Id").ok_or(Flaw::Content)?;
    if target != Some(format!("#{id}").as_str()) {
        return Err(Flaw::Content);
    }
    let digest = properties
        .descendants()
        .find(|node| node.has_tag_name((XADES, "CertDigest")))
        .ok_or(Flaw::Content)?;
    let hash = algorithm(child(digest, "DigestMethod")?)?;
    let value = bytes_of(child(digest, "DigestValue")?)?;
    // The ministry's own receipts name their certificate by SHA-1, so that is taken here.
    let expected = reference::digest(hash, certificate.der(), reference::Sha1::Taken);
    let expected = expected.ok_or(Flaw::Content)?;
    if expected == value { check_time(properties) } else { Err(Flaw::Certificate) }
}

/// The time of signing is a moment, with or without an offset, where it is told.
fn check_time(properties: Node<'_, '_>) -> Result<(), Flaw> {
    let mut nodes = properties.descendants();
    let Some(node) = nodes.find(|node| node.has_tag_name((XADES, "SigningTime"))) else {
        return Ok(());
    };
    let text = plain(node).unwrap_or_default();
    let text = text.trim();
    let zoned = DateTime::parse_from_rfc3339(text).is_ok();
    let bare = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").is_ok();
    if zoned || bare { Ok(()) } else { Err(Flaw::Time) }
}

fn certificate(signature: Node<'_, '_>) -> Result<Certificate, Flaw> {
    let node = signature
        .children()
        .find(|node| node.has_tag_name((DSIG, "KeyInfo")))
        .and_then(|info| {
            info.descendants().find(|node| node.has_tag_name((DSIG, "X509Certificate")))
        })
        .ok_or(Flaw::Content)?;
    Certificate::from_der(&bytes_of(node)?).ok_or(Flaw::Content)
}

/// The canonicalisation that an element's `Algorithm` names; version 1.1 differs from 1.0 only
/// where `xml:id` and `xml:base` are inherited, which no request has.
fn canonicalizer(node: Node<'_, '_>) -> Result<Canonicalizer, Flaw> {
    let name = algorithm(node)?;
    let name = match name {
        "http://www.w3.org/2006/12/xml-c14n11" => "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        other => other,
    };
    let rules = Canonicalizer::from_algorithm(name).map_err(|_| Flaw::Content)?;
    let prefixes = node
        .children()
        .find(|child| child.has_tag_name((EXCLUSIVE, "InclusiveNamespaces")))
        .and_then(|child| child.attribute("PrefixList"))
        .unwrap_or_default();
    Ok(rules.prefixes(prefixes.split_ascii_whitespace()))
}

fn method(name: &str) -> Option<Method> {
    let more = name.strip_prefix("http://www.w3.org/2001/04/xmldsig-more#");
    let newer = name.strip_prefix("http://www.w3.org/2007/05/xmldsig-more#");
    Some(match (more, newer) {
        (Some("rsa-sha256"), _) => Method::Rsa(Hash::Sha256),
        (Some("rsa-sha384"), _) => Method::Rsa(Hash::Sha384),
        (Some("rsa-sha512"), _) => Method::Rsa(Hash::Sha512),
        (Some("ecdsa-sha256"), _) => Method::Ecdsa(Hash::Sha256),
        (Some("ecdsa-sha384"), _) => Method::Ecdsa(Hash::Sha384),
        (_, Some("sha256-rsa-MGF1")) => Method::RsaPss(Hash::Sha256),
        (_, Some("sha384-rsa-MGF1")) => Method::RsaPss(Hash::Sha384),
        (_, Some("sha512-rsa-MGF1")) => Method::RsaPss(Hash::Sha512),
        _ => return None,
    })
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Result<Node<'a, 'input>, Flaw> {
    node.children().find(|child| child.has_tag_name((DSIG, name))).ok_or(Flaw::Content)
}

fn algorithm<'a>(node: Node<'a, '_>) -> Result<&'a str, Flaw> {
    node.attribute("Algorithm").ok_or(Flaw::Content)
}

fn bytes_of(node: Node<'_, '_>) -> Result<Vec<u8>, Flaw> {
    plain(node).and_then(|text| unbase64_lines(&text)).ok_or(Flaw::Content)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/ksef/vectors/xades/");

    fn vector(name: &str) -> String {
        std::fs::read_to_string(format!("{VECTORS}{name}.xml")).unwrap()
    }

    #[test]
    fn signatures_of_other_programs_hold() {
        let names = [
            "rsa-inclusive",
            "rsa-exclusive",
            "rsa-xpath",
            "rsa-filter2",
            "rsa-with-comments",
            "rsa-prefixes",
            "rsa-sha1-certificate",
            "rsa-object",
            "rsa-encoded",
            "ec-inclusive",
            "ec-exclusive-v2",
            "ec-object",
            "ec-encoded",
            "ec384-root",
            "signxml-rsa",
            "signxml-ec",
        ];
        for name in names {
            let signed = verify(vector(name).as_bytes());
            let content = signed.map(|signed| String::from_utf8(signed.content).unwrap());
            let content = content.unwrap_or_else(|flaw| panic!("{name}: {flaw:?}"));
            assert!(
                content.contains("20260302-CR-0123456789") && !content.contains("SignedInfo"),
                "{name}"
            );
        }
    }

    #[test]
    fn sha1_and_missing_properties_are_refused() {
        // A P-256 key with SHA-512, which the library does not know.
        assert_eq!(verify(vector("ec-c14n11").as_bytes()).unwrap_err(), Flaw::Content);
        assert_eq!(verify(vector("rsa-sha1").as_bytes()).unwrap_err(), Flaw::Content);
        assert_eq!(verify(vector("rsa-plain").as_bytes()).unwrap_err(), Flaw::References);
    }

    #[test]
    fn a_changed_document_has_another_digest() {
        for name in ["rsa-inclusive", "ec384-root"] {
            let changed = vector(name).replace("20260302-CR", "20260303-CR");
            assert_eq!(verify(changed.as_bytes()).unwrap_err(), Flaw::Digest, "{name}");
        }
        for name in ["rsa-object", "ec-object"] {
            let original = vector(name);
            let changed = original.replace("20260302-CR", "20260303-CR");
            assert_ne!(changed, original);
            assert_eq!(verify(changed.as_bytes()).unwrap_err(), Flaw::Digest, "{name}");
        }
    }

    #[test]
    fn a_changed_signature_does_not_hold() {
        let changed = vector("rsa-exclusive").replace("rsa-sha256\"", "rsa-sha384\"");
        assert_eq!(verify(changed.as_bytes()).unwrap_err(), Flaw::Content);
    }

    #[test]
    fn one_signature_is_wanted() {
        assert_eq!(verify(b"<a/>").unwrap_err(), Flaw::Absent);
        assert_eq!(verify(b"<a").unwrap_err(), Flaw::Document);
        let two = format!(
            "<a><s xmlns='{DSIG}'/><Signature xmlns='{DSIG}'/><Signature xmlns='{DSIG}'/></a>"
        );
        assert_eq!(verify(two.as_bytes()).unwrap_err(), Flaw::TooMany);
    }
}
