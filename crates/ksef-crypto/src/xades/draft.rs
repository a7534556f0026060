//! Making a signature in two phases: a draft says what is to be signed, the signature finishes it.
//!
//! Between the two the caller may ask a smart card, a hardware module or a remote service.
//! The bytes of the caller's document stay as they are: the signature is inserted into them.

use std::error::Error;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use c14n::Canonicalizer;
use roxmltree::{Document, Node};

use super::digest::sha256;
use super::names::{BASE64, DS, ENVELOPED, EXCLUSIVE, OBJECT_TYPE};
use super::options::{Form, Options, Packaging};
use super::source::{self, NotXml};
use super::write::{Reference, Scope, Template};
use super::{is_id, signatures};
use crate::certificate::Certificate;
use crate::keys::{PublicKey, PublicKeyKind, SignError, SignatureAlgorithm};

/// A signature that lacks only its value.
#[derive(Clone, Debug)]
pub struct Draft {
    algorithm: SignatureAlgorithm,
    to_be_signed: Vec<u8>,
    /// The finished document up to the value of the signature.
    before: String,
    /// The finished document behind it.
    after: String,
}

impl Draft {
    /// Prepares the signature of a document by the key of a certificate.
    ///
    /// # Errors
    ///
    /// [`XadesError`] when the document cannot be read or has a signature already, when the key
    /// is neither RSA nor on P-256, or when an id is no XML name or stands in the document.
    pub fn new(
        document: &[u8],
        certificate: &Certificate,
        options: &Options,
    ) -> Result<Self, XadesError> {
        let algorithm = algorithm(certificate)?;
        // A name with control characters could be written into no XML document.
        if certificate.issuer().to_string().contains(char::is_control) {
            return Err(XadesError::Certificate);
        }
        let text = source::text(document)?;
        let tree = source::tree(text)?;
        let template = Template::new(certificate, options, algorithm);
        check_ids(&tree, &template)?;
        match options.packaging {
            Packaging::Enveloped => Ok(Self::enveloped(text, &tree, &template)),
            Packaging::Enveloping => Self::enveloping(text, &template),
            Packaging::EnvelopingBase64 => Ok(Self::encoded(document, &template)),
        }
    }

    /// The algorithm by which the bytes are to be signed.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The bytes to be signed (not a digest of them): the canonical `SignedInfo`.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// Puts the signature in and gives the signed document.
    ///
    /// Only the form of the signature is looked at; when it comes from elsewhere, let
    /// [`verify`](super::verify) look at the result.
    ///
    /// # Errors
    ///
    /// [`XadesError::SignatureLength`] when it cannot be one of the algorithm, such as ECDSA in
    /// DER in place of `R || S`.
    pub fn finish(self, signature: &[u8]) -> Result<Vec<u8>, XadesError> {
        let fits = match self.algorithm {
            SignatureAlgorithm::EcdsaP256Sha256 => signature.len() == 64,
            SignatureAlgorithm::RsaPkcs1Sha256 | SignatureAlgorithm::RsaPssSha256 => {
                (256..=1024).contains(&signature.len())
            }
        };
        if !fits {
            return Err(XadesError::SignatureLength { bytes: signature.len() });
        }
        let mut document = self.before;
        document.reserve_exact(signature.len().div_ceil(3) * 4 + self.after.len());
        STANDARD.encode_string(signature, &mut document);
        document.push_str(&self.after);
        Ok(document.into_bytes())
    }

    fn enveloped(text: &str, tree: &Document<'_>, template: &Template<'_>) -> Self {
        let root = tree.root_element();
        let digest = sha256(|sink| canonicalizer(template.form()).document(tree).write_to(sink));
        let transforms: &[&str] = match template.form() {
            Form::Exclusive => &[ENVELOPED, EXCLUSIVE],
            Form::Inclusive => &[ENVELOPED],
        };
        let reference = Reference { kind: None, uri: String::new(), transforms, digest };
        let signature = template.signature(&reference, &Scope::inside(root), "");
        let insertion = Insertion::last_child(text, root);
        Self {
            algorithm: template.algorithm(),
            to_be_signed: signature.to_be_signed,
            before: [&text[..insertion.keep], &insertion.open, &signature.before].concat(),
            after: [&signature.after, &insertion.close, &text[insertion.resume..]].concat(),
        }
    }

    fn enveloping(text: &str, template: &Template<'_>) -> Result<Self, XadesError> {
        let id = template.document_id();
        let content = &text[source::content_start(text)..];
        // In the signature the object inherits the declaration that it has here by itself.
        let alone = format!("<ds:Object xmlns:ds=\"{DS}\" Id=\"{id}\">{content}</ds:Object>");
        let tree = source::tree(&alone)?;
        let rules = canonicalizer(template.form());
        let digest = sha256(|sink| rules.element(tree.root_element()).write_to(sink));
        let transforms: &[&str] = match template.form() {
            Form::Exclusive => &[EXCLUSIVE],
            Form::Inclusive => &[],
        };
        let object = format!("<ds:Object Id=\"{id}\">{content}</ds:Object>");
        Ok(Self::around(&object, transforms, digest, template))
    }

    fn encoded(document: &[u8], template: &Template<'_>) -> Self {
        let digest = sha256(|sink| sink(document));
        let content = STANDARD.encode(document);
        let id = template.document_id();
        let object = format!("<ds:Object Id=\"{id}\">{content}</ds:Object>");
        Self::around(&object, &[BASE64], digest, template)
    }

    /// A document that is all signature.
    fn around(
        object: &str,
        transforms: &[&str],
        digest: [u8; 32],
        template: &Template<'_>,
    ) -> Self {
        let uri = format!("#{}", template.document_id());
        let reference = Reference { kind: Some(OBJECT_TYPE), uri, transforms, digest };
        let signature = template.signature(&reference, &Scope::default(), object);
        let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        Self {
            algorithm: template.algorithm(),
            to_be_signed: signature.to_be_signed,
            before: [declaration, &signature.before].concat(),
            after: signature.after,
        }
    }
}

/// Where the last child of an element goes.
struct Insertion {
    /// The text before it ends here.
    keep: usize,
    /// What must stand before the child.
    open: String,
    /// What must stand behind it.
    close: String,
    /// The text behind it begins here.
    resume: usize,
}

impl Insertion {
    fn last_child(text: &str, element: Node<'_, '_>) -> Self {
        let range = element.range();
        let source = &text[range.clone()];
        if let Some(tag) = source.strip_suffix("/>") {
            // An element without content is opened for the child.
            let name = tag[1..].split(|c: char| c.is_ascii_whitespace()).next().unwrap_or("");
            let close = format!("</{name}>");
            return Self { keep: range.end - 2, open: ">".to_owned(), close, resume: range.end };
        }
        // No `<` can stand within an end tag, so the last one begins it.
        let place = range.start + source.rfind("</").unwrap_or(source.len());
        Self { keep: place, open: String::new(), close: String::new(), resume: place }
    }
}

fn canonicalizer(form: Form) -> Canonicalizer {
    match form {
        Form::Exclusive => Canonicalizer::exclusive(),
        Form::Inclusive => Canonicalizer::inclusive(),
    }
}

/// The algorithm for the key of a certificate.
fn algorithm(certificate: &Certificate) -> Result<SignatureAlgorithm, XadesError> {
    match certificate.public_key().map(PublicKey::kind) {
        Some(PublicKeyKind::Rsa) => Ok(SignatureAlgorithm::RsaPkcs1Sha256),
        Some(PublicKeyKind::P256) => Ok(SignatureAlgorithm::EcdsaP256Sha256),
        _ => Err(XadesError::Key),
    }
}

/// Ids must be names, and the document must have none of them and no other signature.
fn check_ids(tree: &Document<'_>, template: &Template<'_>) -> Result<(), XadesError> {
    if !template.is_named_well() {
        return Err(XadesError::Id);
    }
    if signatures(tree).next().is_some() {
        return Err(XadesError::AlreadySigned);
    }
    let is_taken = |value: &str| template.ids().contains(&value);
    let mut attributes = tree.descendants().flat_map(|node| node.attributes());
    if attributes.any(|attribute| is_id(&attribute) && is_taken(attribute.value())) {
        return Err(XadesError::IdTaken);
    }
    Ok(())
}

/// Why a document was not signed.
#[derive(Debug)]
#[non_exhaustive]
pub enum XadesError {
    /// The document cannot be read.
    Document(NotXml),
    /// The document has a signature; KSeF takes one only (code 9103).
    AlreadySigned,
    /// The id in the options is not a name.
    Id,
    /// An element of the document has the id already; give another.
    IdTaken,
    /// The certificate cannot be read, or its issuer's name cannot stand in XML.
    Certificate,
    /// The key is neither RSA nor on P-256, or the certificate is of another kind than the key.
    Key,
    /// The signature cannot be one of the draft's algorithm.
    SignatureLength {
        /// The length of what was given.
        bytes: usize,
    },
    /// The key's keeper did not sign.
    Signer(SignError),
}

impl fmt::Display for XadesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(_) => f.write_str("the document to be signed cannot be read"),
            Self::AlreadySigned => f.write_str("the document has a signature already"),
            Self::Id => f.write_str("the id of the signature is not an XML name"),
            Self::IdTaken => f.write_str("the document has an element with the signature's id"),
            Self::Certificate => f.write_str("the signer's certificate cannot be used"),
            Self::Key => f.write_str("the signer's key is neither RSA nor on P-256"),
            Self::SignatureLength { bytes } => {
                write!(f, "a signature of {bytes} bytes is not one of the algorithm asked for")
            }
            Self::Signer(_) => f.write_str("the signer did not sign"),
        }
    }
}

impl Error for XadesError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Document(error) => Some(error),
            Self::Signer(error) => Some(error),
            _ => None,
        }
    }
}

impl From<NotXml> for XadesError {
    fn from(error: NotXml) -> Self {
        Self::Document(error)
    }
}

impl From<SignError> for XadesError {
    fn from(error: SignError) -> Self {
        Self::Signer(error)
    }
}
