//! Encryption (RFC 7516).

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rsa::{Oaep, RsaPrivateKey};
use serde_json::{Map, Value, json};
use sha1::Sha1;
use sha2::Sha256;

use super::content::Lock;
use super::{Broken, compression, decode, encode, expect, joined, key_id, text, wrapped};
use crate::crk::certificate::Certificate;
use crate::crk::profile::{Compression, Content, Form, KeyWrap, Profile};

/// Five parts of a JWE, whatever form they came in.
struct Parts {
    /// What the tag covers.
    data: String,
    header: Map<String, Value>,
    key: Vec<u8>,
    iv: Vec<u8>,
    content: Vec<u8>,
    tag: Vec<u8>,
}

/// Encrypts a signed object for a register; `seed` makes the key of the content.
pub(in crate::crk) fn encrypt(
    signed: &str,
    profile: &Profile,
    recipient: &Certificate,
    seed: [u8; 32],
) -> Result<String, Broken> {
    let public = recipient.rsa_key().ok_or(Broken::Profile)?;
    let mut random = StdRng::from_seed(seed);
    let bytes: [u8; 64] = std::array::from_fn(|_| random.random());
    let vector: [u8; 16] = std::array::from_fn(|_| random.random());
    let key = &bytes[..profile.content.key_size()];
    let wrapped_key = match profile.key_wrap {
        KeyWrap::RsaOaep256 => public.encrypt(&mut random, Oaep::<Sha256>::new(), key),
        KeyWrap::RsaOaep => public.encrypt(&mut random, Oaep::<Sha1>::new(), key),
    };
    let wrapped_key = wrapped_key.map_err(|_| Broken::Profile)?;
    let header = json!({
        "alg": profile.key_wrap.name(),
        "enc": profile.content.name(),
        "kid": key_id(recipient, profile.key_id),
        "cty": "JWT",
    });
    let protected = encode(header.to_string());
    let iv = &vector[..profile.content.iv_size()];
    let lock = Lock { algorithm: profile.content, key, iv, data: protected.as_bytes() };
    let (content, tag) = lock.close(signed.as_bytes())?;
    let (key, iv) = (encode(wrapped_key), encode(iv));
    let (content, tag) = (encode(content), encode(tag));
    let object = match profile.form {
        Form::Compact => format!("{protected}.{key}.{iv}.{content}.{tag}"),
        Form::Flattened => json!({
            "protected": protected, "encrypted_key": key, "iv": iv, "ciphertext": content, "tag": tag,
        })
        .to_string(),
        Form::General => json!({
            "protected": protected, "recipients": [{"encrypted_key": key}],
            "iv": iv, "ciphertext": content, "tag": tag,
        })
        .to_string(),
    };
    Ok(wrapped(object, profile.outer))
}

/// Decrypts an object that a register made for the repository.
///
/// Nothing larger than `limit` bytes is decompressed.
pub(in crate::crk) fn decrypt(
    object: &str,
    profile: &Profile,
    own: &Certificate,
    key: &RsaPrivateKey,
    limit: u64,
) -> Result<Vec<u8>, Broken> {
    let parts = read(object)?;
    if parts.header.contains_key("kid") {
        expect(&parts.header, "kid", &key_id(own, profile.key_id))?;
    }
    parts.decrypt(profile, key, limit)
}

/// Decrypts an object whoever it names as its recipient.
#[cfg(test)]
pub(super) fn decrypt_any(
    object: &str,
    profile: &Profile,
    key: &RsaPrivateKey,
) -> Result<Vec<u8>, Broken> {
    read(object)?.decrypt(profile, key, 1 << 20)
}

fn unwrap(wrapped: &[u8], algorithm: KeyWrap, key: &RsaPrivateKey) -> Result<Vec<u8>, Broken> {
    let plain = match algorithm {
        KeyWrap::RsaOaep256 => key.decrypt(Oaep::<Sha256>::new(), wrapped),
        KeyWrap::RsaOaep => key.decrypt(Oaep::<Sha1>::new(), wrapped),
    };
    plain.map_err(|_| Broken::Key)
}

impl Parts {
    fn decrypt(
        &self,
        profile: &Profile,
        key: &RsaPrivateKey,
        limit: u64,
    ) -> Result<Vec<u8>, Broken> {
        expect(&self.header, "alg", profile.key_wrap.name())?;
        expect(&self.header, "enc", profile.content.name())?;
        let zip = self.header.get("zip").map(|zip| zip.as_str() == Some("DEF"));
        let wanted = (profile.compression == Compression::JweZip).then_some(true);
        if zip != wanted {
            return Err(Broken::Header("zip"));
        }
        let key = unwrap(&self.key, profile.key_wrap, key)?;
        let plain = self.open(profile.content, &key)?;
        if zip.is_some() { compression::inflate(&plain, limit) } else { Ok(plain) }
    }

    fn open(&self, algorithm: Content, key: &[u8]) -> Result<Vec<u8>, Broken> {
        let lock = Lock { algorithm, key, iv: &self.iv, data: self.data.as_bytes() };
        lock.open(&self.content, &self.tag)
    }
}

fn read(object: &str) -> Result<Parts, Broken> {
    let object = super::unwrapped(object).ok_or(Broken::Form("JWE"))?;
    if object.starts_with('{') {
        return from_json(&object).ok_or(Broken::Form("JWE"))?;
    }
    let parts: Vec<&str> = object.split('.').collect();
    let [protected, key, iv, content, tag] = parts[..] else {
        return Err(Broken::Form("JWE"));
    };
    let header = joined(protected, &[])?;
    assembled(protected.to_owned(), header, [key, iv, content, tag]).ok_or(Broken::Form("JWE"))
}

/// Flattened, or general with exactly one recipient.
fn from_json(object: &str) -> Option<Result<Parts, Broken>> {
    let object: Map<String, Value> = serde_json::from_str(object).ok()?;
    let recipient = match object.get("recipients") {
        None => &object,
        Some(Value::Array(recipients)) => match &recipients[..] {
            [Value::Object(one)] if !object.contains_key("encrypted_key") => one,
            _ => return None,
        },
        Some(_) => return None,
    };
    let protected = text(&object, "protected")?;
    let shared = object.get("unprotected").and_then(Value::as_object);
    let own = recipient.get("header").and_then(Value::as_object);
    let header = match joined(protected, &[shared, own]) {
        Ok(header) => header,
        Err(broken) => return Some(Err(broken)),
    };
    let data = match text(&object, "aad") {
        Some(more) => format!("{protected}.{more}"),
        None => protected.to_owned(),
    };
    let key = text(recipient, "encrypted_key")?;
    let [iv, content, tag] =
        [text(&object, "iv")?, text(&object, "ciphertext")?, text(&object, "tag")?];
    assembled(data, header, [key, iv, content, tag]).map(Ok)
}

fn assembled(
    data: String,
    header: Map<String, Value>,
    [key, iv, content, tag]: [&str; 4],
) -> Option<Parts> {
    let (key, iv) = (decode(key)?, decode(iv)?);
    Some(Parts { data, header, key, iv, content: decode(content)?, tag: decode(tag)? })
}
