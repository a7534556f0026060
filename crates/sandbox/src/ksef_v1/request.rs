//! The XML requests: opening a session and initialising a batch, read as their schemas say
//! (KSeF 1.x facts §6; the published schemas authRequest and initRequest).

use std::collections::BTreeSet;

use roxmltree::{Document, Node};

use super::exception::Exception;
use super::people::Context;
use super::store::Declared;
use crate::ksef::document::Form;
use crate::ksef::xml::{Children, Misfit, plain};
use crate::ksef::{numbers, unbase64};

const AUTH: &str = "http://ksef.mf.gov.pl/schema/gtw/svc/online/auth/request/2021/10/01/0001";
const ONLINE: &str = "http://ksef.mf.gov.pl/schema/gtw/svc/online/types/2021/10/01/0001";
const TYPES: &str = "http://ksef.mf.gov.pl/schema/gtw/svc/types/2021/10/01/0001";
const INIT: &str = "http://ksef.mf.gov.pl/schema/gtw/svc/batch/init/request/2021/10/01/0001";
const BATCH: &str = "http://ksef.mf.gov.pl/schema/gtw/svc/batch/types/2021/10/01/0001";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// The largest part after encryption.
const LARGEST_PART: u64 = 52_428_800;

/// A request to open a session.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) challenge: String,
    pub(super) context: Context,
    pub(super) form: Form,
    pub(super) encryption: Option<Declared>,
    pub(super) proof: Proof,
}

/// By what a session is opened.
#[derive(Debug)]
pub(super) enum Proof {
    /// The encrypted token.
    Token(Vec<u8>),
    /// `SerialNumber`: the certificate names its holder.
    SerialNumber,
    /// `Fingerprint`: the certificate itself is known.
    Fingerprint,
}

/// A request to initialise a batch.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) context: Context,
    pub(super) form: Form,
    pub(super) encryption: Declared,
    pub(super) name: String,
    pub(super) file: FileHash,
    pub(super) parts: Vec<Part>,
}

/// Size and SHA-256 of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileHash {
    pub(super) size: u64,
    pub(super) hash: [u8; 32],
}

/// A declared part.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) ordinal: u64,
    pub(super) name: String,
    pub(super) file: FileHash,
}

/// Which root a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Token,
    Signed,
}

/// Reads a request to open a session.
pub(super) fn opening(xml: &[u8], kind: Kind) -> Result<Opening, Exception> {
    let text = text(xml)?;
    let document = Document::parse(text).map_err(|_| Exception::new(9101))?;
    opening_of(document.root_element(), kind)
}

/// Reads a request to initialise a batch.
pub(super) fn package(xml: &[u8]) -> Result<Package, Exception> {
    let text = text(xml)?;
    let document = Document::parse(text).map_err(|_| Exception::new(9101))?;
    let package = package_of(document.root_element())?;
    let ordinals: BTreeSet<u64> = package.parts.iter().map(|part| part.ordinal).collect();
    // The schema wants them to differ; without a gap they can be joined.
    let count = u64::try_from(package.parts.len()).unwrap_or(u64::MAX);
    if !ordinals.into_iter().eq(1..=count) {
        return Err(Exception::about(21156, "OrdinalNumber"));
    }
    Ok(package)
}

/// What leaves the schema and has no code of its own.
impl From<Misfit> for Exception {
    fn from(misfit: Misfit) -> Self {
        Self::about(21401, misfit.0)
    }
}

/// An element whose absence has a code of its own.
fn needed<'a, 'input>(
    children: &mut Children<'a, 'input>,
    name: &str,
    code: u32,
) -> Result<Node<'a, 'input>, Exception> {
    children.optional(INIT, name).ok_or_else(|| Exception::about(code, name))
}

/// UTF-8 without a byte order mark, a DTD or CDATA (KSeF 1.x facts §14, pitfall 14).
fn text(xml: &[u8]) -> Result<&str, Exception> {
    let text = std::str::from_utf8(xml).map_err(|_| Exception::new(21217))?;
    if text.starts_with('\u{feff}') {
        return Err(Exception::new(20001));
    }
    if text.contains("<!DOCTYPE") {
        return Err(Exception::new(20002));
    }
    if text.contains("<![CDATA[") {
        return Err(Exception::new(20003));
    }
    Ok(text)
}

fn opening_of(root: Node<'_, '_>, kind: Kind) -> Result<Opening, Exception> {
    let name = match kind {
        Kind::Token => "InitSessionTokenRequest",
        Kind::Signed => "InitSessionSignedRequest",
    };
    if !root.has_tag_name((AUTH, name)) {
        return Err(Misfit(name.to_owned()).into());
    }
    let mut children = Children::of(root)?;
    let context = children.take(AUTH, "Context")?;
    children.end()?;
    let mut parts = Children::of(context)?;
    let challenge = parts.text(ONLINE, "Challenge", numbers::is_reference)?;
    let context = subject(parts.take(ONLINE, "Identifier")?)?;
    let form = form(parts.take(ONLINE, "DocumentType")?)?;
    let encryption = parts.optional(ONLINE, "Encryption").map(encryption).transpose()?;
    let proof = match kind {
        Kind::Token => {
            let token = parts.text(ONLINE, "Token", |text| text.len() == 344)?;
            Proof::Token(unbase64(&token).ok_or_else(|| Misfit("Token".to_owned()))?)
        }
        Kind::Signed => {
            let known = |text: &str| ["SerialNumber", "Fingerprint"].contains(&text);
            match parts.text(ONLINE, "Type", known)?.as_str() {
                "SerialNumber" => Proof::SerialNumber,
                _ => Proof::Fingerprint,
            }
        }
    };
    parts.end()?;
    Ok(Opening { challenge, context, form, encryption, proof })
}

fn package_of(root: Node<'_, '_>) -> Result<Package, Exception> {
    if !root.has_tag_name((INIT, "InitRequest")) {
        return Err(Misfit("InitRequest".to_owned()).into());
    }
    let mut children = Children::of(root)?;
    let context = subject(children.take(INIT, "Identifier")?)?;
    let form = form(children.take(INIT, "DocumentType")?)?;
    let encryption = encryption(needed(&mut children, "Encryption", 21136)?)?;
    let signature = needed(&mut children, "PackageSignature", 21140)?;
    children.optional(DSIG, "Signature");
    children.end()?;
    let mut parts = Children::of(signature)?;
    let mut package = Children::of(needed(&mut parts, "Package", 21135)?)?;
    package.text(BATCH, "PackageType", |text| ["single", "split"].contains(&text))?;
    package.text(BATCH, "CompressionType", |text| text == "zip")?;
    let name = package.text(BATCH, "Value", is_file_name)?;
    package.end()?;
    let file = file_hash(needed(&mut parts, "PackageFileHash", 21139)?, u64::MAX)?;
    let list = needed(&mut parts, "PackagePartsList", 21141)?;
    parts.end()?;
    let mut list = Children::of(list)?;
    let mut found = Vec::new();
    while let Some(node) = list.optional(INIT, "PackagePartSignature") {
        found.push(part(node)?);
    }
    list.end()?;
    let names: BTreeSet<&str> = found.iter().map(|part| part.name.as_str()).collect();
    if found.is_empty() {
        return Err(Exception::new(21207));
    }
    if found.len() > 100 || names.len() != found.len() {
        return Err(Misfit("PackagePartsList".to_owned()).into());
    }
    Ok(Package { context, form, encryption, name, file, parts: found })
}

fn part(node: Node<'_, '_>) -> Result<Part, Misfit> {
    let mut children = Children::of(node)?;
    let positive = |text: &str| text.parse::<u64>().is_ok_and(|number| number > 0);
    let ordinal = children.text(BATCH, "OrdinalNumber", positive)?;
    let name = children.text(BATCH, "PartFileName", is_file_name)?;
    let file = file_hash(children.take(BATCH, "PartFileHash")?, LARGEST_PART)?;
    children.end()?;
    Ok(Part { ordinal: ordinal.parse().unwrap_or_default(), name, file })
}

fn file_hash(node: Node<'_, '_>, largest: u64) -> Result<FileHash, Misfit> {
    let mut children = Children::of(node)?;
    let mut hash = Children::of(children.take(TYPES, "HashSHA")?)?;
    hash.text(TYPES, "Algorithm", |text| text == "SHA-256")?;
    hash.text(TYPES, "Encoding", |text| text == "Base64")?;
    let value = hash.text(TYPES, "Value", |text| text.len() == 44)?;
    hash.end()?;
    let fits = |text: &str| text.parse::<u64>().is_ok_and(|it| it > 0 && it <= largest);
    let size = children.text(TYPES, "FileSize", fits)?.parse().unwrap_or_default();
    children.end()?;
    let hash = unbase64(&value).and_then(|bytes| bytes.try_into().ok());
    Ok(FileHash { size, hash: hash.ok_or_else(|| Misfit("HashSHA/Value".to_owned()))? })
}

/// The identifier, whose kind is in `xsi:type`.
fn subject(node: Node<'_, '_>) -> Result<Context, Misfit> {
    let wrong = || Misfit("Identifier".to_owned());
    let kind = node.attribute((XSI, "type")).ok_or_else(wrong)?.trim();
    let (prefix, name) = kind.split_once(':').map_or((None, kind), |it| (Some(it.0), it.1));
    if node.lookup_namespace_uri(prefix) != Some(TYPES) {
        return Err(wrong());
    }
    let mut children = Children::of(node)?;
    let context = match name {
        "SubjectIdentifierByCompanyType" => {
            Context::Nip(children.text(TYPES, "Identifier", numbers::is_nip)?)
        }
        "SubjectIdentifierInternalType" => {
            Context::Internal(children.text(TYPES, "Identifier", numbers::is_internal)?)
        }
        _ => return Err(wrong()),
    };
    children.end()?;
    Ok(context)
}

fn form(node: Node<'_, '_>) -> Result<Form, Exception> {
    let mut children = Children::of(node)?;
    if children.text(TYPES, "Service", |_| true)? != "KSeF" {
        return Err(Exception::about(21145, "Service"));
    }
    let mut code = Children::of(children.take(TYPES, "FormCode")?)?;
    children.end()?;
    let mut text = |name: &str, longest: usize| {
        code.text(TYPES, name, |text| (1..=longest).contains(&text.chars().count()))
    };
    let form = Form {
        system_code: text("SystemCode", 32)?,
        schema_version: text("SchemaVersion", 16)?,
        namespace: text("TargetNamespace", 256)?,
        value: text("Value", 256)?,
    };
    code.end()?;
    Ok(form)
}

fn encryption(node: Node<'_, '_>) -> Result<Declared, Exception> {
    let mut children = Children::of(node)?;
    let key = children.take(TYPES, "EncryptionKey")?;
    let sealed_key = declared(key, &[("Algorithm", "AES"), ("Size", "256")], 344, 21143)?;
    let vector = children.take(TYPES, "EncryptionInitializationVector")?;
    let vector = declared(vector, &[("Bytes", "16")], 24, 21144)?;
    let transformations = [
        ("EncryptionAlgorithmKey", ["RSA", "ECB", "PKCS#1"]),
        ("EncryptionAlgorithmData", ["AES", "CBC", "PKCS#7"]),
    ];
    for (name, expected) in transformations {
        let mut inner = Children::of(children.take(TYPES, name)?)?;
        for (part, expected) in ["Algorithm", "Mode", "Padding"].into_iter().zip(expected) {
            if inner.text(TYPES, part, |_| true)? != expected {
                return Err(Exception::about(21410, name));
            }
        }
        inner.end()?;
    }
    children.end()?;
    Ok(Declared { sealed_key, vector })
}

/// A Base64 value of a length behind what describes it; another description has that code.
fn declared(
    node: Node<'_, '_>,
    about: &[(&str, &str)],
    length: usize,
    code: u32,
) -> Result<Vec<u8>, Exception> {
    let name = node.tag_name().name();
    let mut children = Children::of(node)?;
    if children.text(TYPES, "Encoding", |_| true)? != "Base64" {
        return Err(Exception::about(21411, name));
    }
    for (part, expected) in about {
        if children.text(TYPES, part, |_| true)? != *expected {
            return Err(Exception::about(code, name));
        }
    }
    let value = plain(children.take(TYPES, "Value")?).unwrap_or_default();
    children.end()?;
    let bytes = unbase64(&value).filter(|_| value.len() == length);
    bytes.ok_or_else(|| Misfit(format!("{name}/Value")).into())
}

fn is_file_name(text: &str) -> bool {
    let letters = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    (5..=100).contains(&text.len()) && text.chars().all(letters)
}
