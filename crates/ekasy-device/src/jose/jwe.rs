//! Encrypted objects (RFC 7516).

use std::borrow::Cow;

use common_core::secret::ExposeSecret as _;
use serde_json::{Value, json};

use super::content::{self, Encrypted};
use super::form::{self, Members};
use super::{
    Compression, ContentEncryption, Decryptor, Entropy, Header, JweAlgorithm, OpenError,
    OpenLimits, PreSignFormat, Reading, RecipientKey, SealError, Serialization, Writing,
    compression, jws,
};

/// Parameters that the standards define; metadata must not use their names.
const STANDARD_NAMES: [&str; 20] = [
    "alg", "enc", "zip", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty",
    "crit", "b64", "epk", "apu", "apv", "iv", "tag", "p2s",
];

/// An encrypted object, read but not decrypted.
pub(super) struct Jwe<'a> {
    pub(super) form: Serialization,
    pub(super) header: Header,
    protected: Cow<'a, str>,
    encrypted_key: Vec<u8>,
    iv: Vec<u8>,
    ciphertext: Vec<u8>,
    tag: Vec<u8>,
}

/// What the profile allows an encrypted object to be.
pub(super) struct Allowed {
    pub(super) key_encryption: JweAlgorithm,
    pub(super) content_encryption: ContentEncryption,
    pub(super) is_zipped: bool,
}

impl<'a> Jwe<'a> {
    /// Reads the structure. Nothing is decided by it yet.
    pub(super) fn parse(text: &'a str, limits: &OpenLimits) -> Result<Self, OpenError> {
        if text.starts_with('{') {
            return Self::parse_json(text, limits);
        }
        let mut parts = text.split('.');
        let mut part = || parts.next().ok_or(OpenError::Malformed("parts of the object"));
        let (protected, key, iv, ciphertext, tag) = (part()?, part()?, part()?, part()?, part()?);
        if parts.next().is_some() {
            return Err(OpenError::Malformed("parts of the object"));
        }
        Ok(Self {
            form: Serialization::Compact,
            header: jws::header(protected, limits)?,
            protected: Cow::Borrowed(protected),
            encrypted_key: form::decode(key, "encrypted key")?,
            iv: form::decode(iv, "initialisation vector")?,
            ciphertext: form::decode(ciphertext, "ciphertext")?,
            tag: form::decode(tag, "authentication tag")?,
        })
    }

    fn parse_json(text: &str, limits: &OpenLimits) -> Result<Self, OpenError> {
        let members = Members::parse(text, "recipients", &["header", "encrypted_key"])?;
        if members.has("aad") {
            return Err(OpenError::NotAllowed("aad"));
        }
        let protected = members.of_object("protected")?;
        let header = jws::header(protected, limits)?;
        members.check_unprotected(&header)?;
        let decoded = |name| form::decode(members.of_object(name)?, name);
        Ok(Self {
            form: members.form,
            header,
            encrypted_key: form::decode(members.of_single("encrypted_key")?, "encrypted_key")?,
            iv: decoded("iv")?,
            ciphertext: decoded("ciphertext")?,
            tag: decoded("tag")?,
            protected: Cow::Owned(protected.to_owned()),
        })
    }

    /// Refuses what the profile does not list.
    pub(super) fn check(&self, rules: &Reading) -> Result<Allowed, OpenError> {
        self.header.check()?;
        if !rules.forms.contains(&self.form) {
            return Err(OpenError::NotAllowed("serialisation"));
        }
        let name = |parameter| self.header.text(parameter).ok_or(OpenError::Malformed(parameter));
        let key_encryption = JweAlgorithm::from_name(name("alg")?)
            .filter(|algorithm| rules.key_encryptions.contains(algorithm))
            .ok_or(OpenError::NotAllowed("alg"))?;
        let content_encryption = ContentEncryption::from_name(name("enc")?)
            .filter(|encryption| rules.content_encryptions.contains(encryption))
            .ok_or(OpenError::NotAllowed("enc"))?;
        let is_zipped = match self.header.find("zip") {
            None => false,
            Some(Value::String(zip))
                if zip == "DEF" && rules.compressions.contains(&Compression::JweZip) =>
            {
                true
            }
            Some(_) => return Err(OpenError::NotAllowed("zip")),
        };
        Ok(Allowed { key_encryption, content_encryption, is_zipped })
    }

    /// Decrypts, and decompresses where the header says so.
    pub(super) fn decrypt(
        self,
        allowed: &Allowed,
        decryptor: &dyn Decryptor,
        limits: &OpenLimits,
    ) -> Result<Vec<u8>, OpenError> {
        let encryption = allowed.content_encryption;
        let key = decryptor
            .unwrap_key(allowed.key_encryption, &self.encrypted_key, encryption.key_length())
            .map_err(|_| OpenError::NotDecrypted)?;
        let encrypted = Encrypted { ciphertext: self.ciphertext, tag: self.tag };
        let associated = self.protected.as_bytes();
        let content =
            content::decrypt(encryption, key.expose_secret(), &self.iv, associated, encrypted)
                .ok_or(OpenError::NotDecrypted)?;
        if !allowed.is_zipped {
            return Ok(content);
        }
        compression::decompress(&content, PreSignFormat::RawDeflate, limits.signed_text())
    }

    /// Bytes of the encrypted key and of the ciphertext.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.encrypted_key.len(), self.ciphertext.len())
    }
}

/// Encrypts a signed text.
pub(super) fn encrypt(
    writing: &Writing,
    compression: Compression,
    recipient: &RecipientKey,
    content: String,
    entropy: &Entropy,
) -> Result<String, SealError> {
    let encryption = writing.content_encryption;
    let key = entropy.key(encryption.key_length());
    let iv = entropy.iv(encryption.iv_length());
    let content = match compression {
        Compression::JweZip => compression::compress(content.as_bytes(), PreSignFormat::RawDeflate),
        Compression::None | Compression::PreSign(_) => content.into_bytes(),
    };
    if writing.key_encryption == JweAlgorithm::Rsa1V5 {
        return Err(SealError::ReadOnlyAlgorithm);
    }
    let header = encryption_header(writing, compression, recipient)?;
    let encrypted_key = recipient.wrap(writing.key_encryption, key).ok_or(SealError::Recipient)?;
    let protected = form::encode(&header.to_json());
    let encrypted = content::encrypt(encryption, key, iv, protected.as_bytes(), content)
        .ok_or(SealError::Recipient)?;
    Ok(written(writing.encryption_form, protected, &encrypted_key, iv, &encrypted))
}

fn written(
    form: Serialization,
    protected: String,
    encrypted_key: &[u8],
    iv: &[u8],
    encrypted: &Encrypted,
) -> String {
    if form == Serialization::Compact {
        let mut text = protected;
        text.reserve(encrypted.ciphertext.len() / 3 * 4 + 1024);
        for part in [encrypted_key, iv, &encrypted.ciphertext, &encrypted.tag] {
            text.push('.');
            form::encode_onto(part, &mut text);
        }
        return text;
    }
    let mut object = json!({
        "protected": protected,
        "iv": form::encode(iv),
        "ciphertext": form::encode(&encrypted.ciphertext),
        "tag": form::encode(&encrypted.tag),
    });
    let encrypted_key = form::encode(encrypted_key);
    if form == Serialization::General {
        object["recipients"] = json!([{ "encrypted_key": encrypted_key }]);
    } else {
        object["encrypted_key"] = json!(encrypted_key);
    }
    object.to_string()
}

fn encryption_header(
    writing: &Writing,
    compression: Compression,
    recipient: &RecipientKey,
) -> Result<Header, SealError> {
    let mut header = Header::default();
    header.push("alg", writing.key_encryption.name());
    header.push("enc", writing.content_encryption.name());
    let id = writing.encryption_key_id.as_ref();
    if let Some(id) = id.and_then(|form| recipient.certificate().key_id(form)) {
        header.push("kid", id);
    }
    if compression == Compression::JweZip {
        header.push("zip", "DEF");
    }
    if let Some(kind) = &writing.content_type {
        header.push("cty", kind.as_str());
    }
    for (name, value) in &writing.metadata {
        if STANDARD_NAMES.contains(&name.as_str()) || header.find(name).is_some() {
            return Err(SealError::Metadata(name.clone()));
        }
        header.push(name, value.clone());
    }
    Ok(header)
}
