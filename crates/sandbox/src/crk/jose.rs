//! JOSE objects of the double: a JWS inside a JWE (RFC 7515, RFC 7516).
//!
//! It shares nothing with the clients and uses other libraries than they do, so that both cannot
//! be wrong in the same way.
//! The reader takes the algorithms of the profile and no others; it takes every serialisation,
//! because the source document does not fix one.

pub(super) mod compression;
mod content;
pub(super) mod jwe;
pub(super) mod jws;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::certificate::Certificate;
use super::profile::{KeyId, Outer};

/// Why an object was not opened; says what, never with which value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    /// It is no object of the kind.
    #[error("it is not a {0}")]
    Form(&'static str),
    /// A header is missing, doubled or of another value than the profile allows.
    #[error("the header `{0}` is not as the profile says")]
    Header(&'static str),
    /// The key of the content cannot be decrypted.
    #[error("the key of the content cannot be decrypted")]
    Key,
    /// The content cannot be decrypted.
    #[error("the content cannot be decrypted")]
    Content,
    /// No registered certificate verifies the signature.
    #[error("the signature is not of a registered certificate")]
    Signature,
    /// The compressed bytes are not what the profile says.
    #[error("the compression is not as the profile says")]
    Compression,
    /// More comes out than the double takes.
    #[error("the decompressed content is too large")]
    TooLarge,
    /// The double cannot write what its profile asks for.
    #[error("the profile cannot be carried out")]
    Profile,
}

/// base64url without padding.
pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The text of an object without the base64 that may be around it: five or three parts with dots
/// are compact, a brace opens JSON, anything else is decoded once (CRK facts §1.2).
fn unwrapped(text: &str) -> Option<String> {
    let text = text.trim();
    if text.contains('.') || text.starts_with('{') {
        return Some(text.to_owned());
    }
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

/// The text of an object with what the profile wants around it.
fn wrapped(text: String, outer: Outer) -> String {
    match outer {
        Outer::Plain => text,
        Outer::Base64 => STANDARD.encode(text),
    }
}

/// What a `kid` says about a certificate.
pub(super) fn key_id(certificate: &Certificate, form: KeyId) -> String {
    match form {
        KeyId::Sha256 => encode(certificate.thumbprint()),
        KeyId::Sha1Hex => {
            hex(ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &certificate.der)
                .as_ref())
        }
        KeyId::SerialHex => hex(&certificate.serial),
        KeyId::CommonName => certificate.name.clone(),
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// A protected header and the headers beside it as one object; a name may stand once only.
fn joined(
    protected: &str,
    beside: &[Option<&Map<String, Value>>],
) -> Result<Map<String, Value>, Broken> {
    let mut header = Map::new();
    if !protected.is_empty() {
        let bytes = decode(protected).ok_or(Broken::Form("base64url header"))?;
        header = serde_json::from_slice(&bytes).map_err(|_| Broken::Form("JSON header"))?;
    }
    for (name, value) in beside.iter().flatten().flat_map(|members| members.iter()) {
        if header.insert(name.clone(), value.clone()).is_some() {
            return Err(Broken::Form("header with each name once"));
        }
    }
    // The double understands no extension, and one that is critical must be understood.
    if header.contains_key("crit") {
        return Err(Broken::Header("crit"));
    }
    Ok(header)
}

/// Whether a header has this value.
fn expect(header: &Map<String, Value>, name: &'static str, value: &str) -> Result<(), Broken> {
    let found = header.get(name).and_then(Value::as_str);
    if found == Some(value) { Ok(()) } else { Err(Broken::Header(name)) }
}

/// A member of a JSON object as text.
fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str()
}

#[cfg(test)]
mod vectors;
