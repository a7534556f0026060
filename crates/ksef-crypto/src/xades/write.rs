//! The text of a signature, written in canonical form from the start.
//!
//! What is digested, `SignedInfo` and `SignedProperties`, differs in its canonical form from its
//! text in the document by the declarations in start tags only.
//! So nothing has to be parsed and canonicalised again after it was written.
//! That this is right is shown by verification, here and by xmlsec1, which do canonicalise.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::SecondsFormat;
use roxmltree::Node;

use super::digest::sha256;
use super::names::{
    DS, ECDSA_SHA256, EXCLUSIVE, INCLUSIVE, RSA_PSS_SHA256, RSA_SHA256, SHA256,
    SIGNED_PROPERTIES_TYPE, XADES,
};
use super::options::{CertificateReference, Form, Options};
use crate::certificate::Certificate;
use crate::keys::SignatureAlgorithm;

/// What every signature by one certificate with the same options has in common.
pub(crate) struct Template<'a> {
    certificate: &'a Certificate,
    options: &'a Options,
    algorithm: SignatureAlgorithm,
    properties_id: String,
    document_id: String,
}

/// One `ds:Reference`.
pub(crate) struct Reference<'a> {
    pub(crate) kind: Option<&'a str>,
    pub(crate) uri: String,
    pub(crate) transforms: &'a [&'a str],
    pub(crate) digest: [u8; 32],
}

/// The text of a signature around its value.
pub(crate) struct SignatureText {
    pub(crate) to_be_signed: Vec<u8>,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// What an inclusive canonical form takes from outside the signature: the namespaces in scope and
/// the `xml:` attributes of the ancestors.
#[derive(Default)]
pub(crate) struct Scope<'a> {
    namespaces: BTreeMap<&'a str, &'a str>,
    attributes: BTreeMap<&'a str, &'a str>,
}

impl<'a> Scope<'a> {
    /// The scope of a child of the document's root.
    pub(crate) fn inside(root: Node<'a, 'a>) -> Self {
        let namespaces = root
            .namespaces()
            .filter(|namespace| !namespace.uri().is_empty() && namespace.name() != Some("xml"))
            .map(|namespace| (namespace.name().unwrap_or(""), namespace.uri()))
            .collect();
        let attributes = root
            .attributes()
            .filter(|attribute| attribute.namespace() == Some(roxmltree::NS_XML_URI))
            .map(|attribute| (attribute.name(), attribute.value()))
            .collect();
        Self { namespaces, attributes }
    }
}

impl<'a> Template<'a> {
    pub(crate) fn new(
        certificate: &'a Certificate,
        options: &'a Options,
        algorithm: SignatureAlgorithm,
    ) -> Self {
        let properties_id = format!("{}-SignedProperties", options.id);
        let document_id = format!("{}-Document", options.id);
        Self { certificate, options, algorithm, properties_id, document_id }
    }

    pub(crate) fn form(&self) -> Form {
        self.options.form
    }

    pub(crate) fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The id of the `ds:Object` that holds the document.
    pub(crate) fn document_id(&self) -> &str {
        &self.document_id
    }

    /// All ids that the signature brings.
    pub(crate) fn ids(&self) -> [&str; 3] {
        [&self.options.id, &self.properties_id, &self.document_id]
    }

    /// Whether the ids are XML names that need no escaping.
    pub(crate) fn is_named_well(&self) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let id = &self.options.id;
        id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && id.chars().all(is_part)
    }

    /// The signature over one reference to the document, with further objects behind its own.
    pub(crate) fn signature(
        &self,
        document: &Reference<'_>,
        scope: &Scope<'_>,
        objects: &str,
    ) -> SignatureText {
        let properties = self.signed_properties("");
        let properties_tag = format!(" Id=\"{}\"", self.properties_id);
        // In the exclusive form each `ds:` element that has no such ancestor declares the prefix.
        let declaring = format!(" xmlns:ds=\"{DS}\"");
        let content = match self.form() {
            Form::Exclusive => &self.signed_properties(&declaring),
            Form::Inclusive => &properties,
        };
        let canonical = self.canonical("xades:SignedProperties", &properties_tag, content, scope);
        let reference = Reference {
            kind: Some(SIGNED_PROPERTIES_TYPE),
            uri: format!("#{}", self.properties_id),
            transforms: match self.form() {
                Form::Exclusive => &[EXCLUSIVE],
                Form::Inclusive => &[],
            },
            digest: sha256(|sink| sink(canonical.as_bytes())),
        };
        let info = self.signed_info(&[document, &reference]);
        let to_be_signed = self.canonical("ds:SignedInfo", "", &info, scope).into_bytes();

        let id = &self.options.id;
        let certificates = self.certificates();
        SignatureText {
            to_be_signed,
            before: format!(
                "<ds:Signature xmlns:ds=\"{DS}\" Id=\"{id}\">\
                 <ds:SignedInfo>{info}</ds:SignedInfo><ds:SignatureValue>"
            ),
            after: format!(
                "</ds:SignatureValue><ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo>{objects}<ds:Object>\
                 <xades:QualifyingProperties xmlns:xades=\"{XADES}\" Target=\"#{id}\">\
                 <xades:SignedProperties{properties_tag}>{properties}</xades:SignedProperties>\
                 </xades:QualifyingProperties></ds:Object></ds:Signature>"
            ),
        }
    }

    /// The signer's certificate and those of its issuers.
    fn certificates(&self) -> String {
        let mut text = String::new();
        for certificate in std::iter::once(self.certificate).chain(&self.options.chain) {
            text.push_str("<ds:X509Certificate>");
            text.push_str(&certificate.to_base64());
            text.push_str("</ds:X509Certificate>");
        }
        text
    }

    /// The content of `SignedProperties`, with what its outermost `ds:` elements declare.
    fn signed_properties(&self, ds: &str) -> String {
        let time = self.options.signing_time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let digest = STANDARD.encode(self.certificate.sha256());
        let digest = format!(
            "<xades:CertDigest><ds:DigestMethod{ds} Algorithm=\"{SHA256}\"></ds:DigestMethod>\
             <ds:DigestValue{ds}>{digest}</ds:DigestValue></xades:CertDigest>"
        );
        let certificate = match self.options.certificate_reference {
            CertificateReference::V1 => {
                let issuer = escaped_text(&self.certificate.issuer().to_string());
                let serial = self.certificate.serial_decimal();
                format!(
                    "<xades:SigningCertificate><xades:Cert>{digest}<xades:IssuerSerial>\
                     <ds:X509IssuerName{ds}>{issuer}</ds:X509IssuerName>\
                     <ds:X509SerialNumber{ds}>{serial}</ds:X509SerialNumber>\
                     </xades:IssuerSerial></xades:Cert></xades:SigningCertificate>"
                )
            }
            CertificateReference::V2 => format!(
                "<xades:SigningCertificateV2><xades:Cert>{digest}</xades:Cert>\
                 </xades:SigningCertificateV2>"
            ),
        };
        format!(
            "<xades:SignedSignatureProperties><xades:SigningTime>{time}</xades:SigningTime>\
             {certificate}</xades:SignedSignatureProperties>"
        )
    }

    /// The content of `SignedInfo`.
    fn signed_info(&self, references: &[&Reference<'_>]) -> String {
        let form = match self.form() {
            Form::Exclusive => EXCLUSIVE,
            Form::Inclusive => INCLUSIVE,
        };
        let method = match self.algorithm {
            SignatureAlgorithm::EcdsaP256Sha256 => ECDSA_SHA256,
            SignatureAlgorithm::RsaPkcs1Sha256 => RSA_SHA256,
            SignatureAlgorithm::RsaPssSha256 => RSA_PSS_SHA256,
        };
        let mut text = method_element("CanonicalizationMethod", form);
        text.push_str(&method_element("SignatureMethod", method));
        for reference in references {
            reference.write_to(&mut text);
        }
        text
    }

    /// The canonical form of an element of the signature whose content is given.
    fn canonical(&self, name: &str, attributes: &str, content: &str, scope: &Scope<'_>) -> String {
        let prefix = name.split(':').next().unwrap_or(name);
        let nothing = Scope::default();
        let is_inclusive = self.form() == Form::Inclusive;
        let scope = if is_inclusive { scope } else { &nothing };
        let mut declared: BTreeMap<&str, &str> = scope.namespaces.clone();
        if is_inclusive {
            declared.insert("ds", DS);
        }
        // The signature's own prefixes win over the same ones of the document.
        declared.insert(prefix, if prefix == "ds" { DS } else { XADES });
        let mut text = String::with_capacity(content.len() + 512);
        text.push('<');
        text.push_str(name);
        for (prefix, uri) in &declared {
            let separator = if prefix.is_empty() { "" } else { ":" };
            let uri = escaped_attribute(uri);
            // Writing into a string cannot fail.
            let _ = write!(text, " xmlns{separator}{prefix}=\"{uri}\"");
        }
        text.push_str(attributes);
        for (name, value) in &scope.attributes {
            let value = escaped_attribute(value);
            let _ = write!(text, " xml:{name}=\"{value}\"");
        }
        let _ = write!(text, ">{content}</{name}>");
        text
    }
}

impl Reference<'_> {
    fn write_to(&self, text: &mut String) {
        let kind = self.kind.map(|kind| format!(" Type=\"{kind}\"")).unwrap_or_default();
        let uri = &self.uri;
        // Writing into a string cannot fail.
        let _ = write!(text, "<ds:Reference{kind} URI=\"{uri}\">");
        if !self.transforms.is_empty() {
            text.push_str("<ds:Transforms>");
            for algorithm in self.transforms {
                text.push_str(&method_element("Transform", algorithm));
            }
            text.push_str("</ds:Transforms>");
        }
        text.push_str(&method_element("DigestMethod", SHA256));
        let digest = STANDARD.encode(self.digest);
        let _ = write!(text, "<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>");
    }
}

/// An element that says nothing but an algorithm.
fn method_element(name: &str, algorithm: &str) -> String {
    format!("<ds:{name} Algorithm=\"{algorithm}\"></ds:{name}>")
}

/// Text as canonical forms write it (Canonical XML 1.0, section 2.3).
fn escaped_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;")
}

/// The value of an attribute as canonical forms write it (Canonical XML 1.0, section 2.3).
fn escaped_attribute(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('\t', "&#x9;")
        .replace('\n', "&#xA;")
        .replace('\r', "&#xD;")
}
