//! How commands and documents are signed, encrypted and written.
//!
//! The document "Standardy kryptograficzne" that fixes it is not public, so every value here is
//! an assumption that can be replaced (CRK facts §1.2).

use serde::{Deserialize, Serialize};

/// One choice for every open question; the default is the likeliest one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// The algorithm of signatures, in both directions.
    pub signature: Signature,
    /// Which key of the register signs its documents.
    pub signer: Signer,
    /// How the key of the content is encrypted.
    pub key_wrap: KeyWrap,
    /// How the content is encrypted.
    pub content: Content,
    /// How the `kid` names the certificate of the recipient.
    pub key_id: KeyId,
    /// How the repository writes its objects; every form is read.
    pub form: Form,
    /// Whether the repository wraps its objects once more; both are read.
    pub outer: Outer,
    /// How documents are compressed.
    pub compression: Compression,
    /// What of a command the repository encrypts.
    pub plaintext: Plaintext,
    /// Where a document that is too large is cut.
    pub cut: Cut,
}

/// The algorithm of a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signature {
    /// RSA with PKCS#1 v1.5 and SHA-256.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// RSA-PSS and SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA on P-256 and SHA-256; needs [`Signer::Tls`], because the other key is one of RSA.
    #[serde(rename = "ES256")]
    Es256,
}

/// Which of a register's two keys signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signer {
    /// The key of the encryption certificate.
    #[default]
    Encryption,
    /// The key of the TLS certificate.
    Tls,
}

/// How the key of the content is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyWrap {
    /// RSA-OAEP with SHA-256.
    #[default]
    #[serde(rename = "RSA-OAEP-256")]
    RsaOaep256,
    /// RSA-OAEP with SHA-1.
    #[serde(rename = "RSA-OAEP")]
    RsaOaep,
}

/// How the content is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// AES-GCM with 256 bits.
    #[default]
    #[serde(rename = "A256GCM")]
    A256Gcm,
    /// AES-GCM with 128 bits.
    #[serde(rename = "A128GCM")]
    A128Gcm,
    /// AES-CBC with 128 bits and HMAC-SHA-256.
    #[serde(rename = "A128CBC-HS256")]
    A128CbcHs256,
    /// AES-CBC with 256 bits and HMAC-SHA-512.
    #[serde(rename = "A256CBC-HS512")]
    A256CbcHs512,
}

/// How the `kid` names a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyId {
    /// SHA-256 of the certificate in base64url.
    #[default]
    Sha256,
    /// SHA-1 of the certificate in lower-case hexadecimal digits.
    Sha1Hex,
    /// The serial number in lower-case hexadecimal digits.
    SerialHex,
    /// The common name.
    CommonName,
}

/// How a JOSE object is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Parts with dots between them.
    #[default]
    Compact,
    /// A JSON object with one recipient.
    Flattened,
    /// A JSON object with a list of recipients.
    General,
}

/// What is around an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outer {
    /// Nothing.
    #[default]
    Plain,
    /// Base64 around the whole.
    Base64,
}

/// How documents are compressed; commands never are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// By the JWE, with `"zip":"DEF"`, which is after signing.
    #[default]
    JweZip,
    /// Raw DEFLATE before signing.
    Deflate,
    /// zlib before signing.
    Zlib,
    /// gzip before signing.
    Gzip,
    /// Not at all.
    None,
}

/// What of a command is encrypted (CRK facts §7, 10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plaintext {
    /// The value of `command`.
    #[default]
    Value,
    /// The whole object with `commandId` and `command`.
    Whole,
}

/// Where a document that is too large for one package is cut (CRK facts §6.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// Before anything else; each part is an object of its own.
    #[default]
    Plaintext,
    /// After compression before signing; each part is an object of its own.
    Compressed,
    /// The finished text of the object.
    Object,
}

impl Signature {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
        }
    }
}

impl KeyWrap {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::RsaOaep => "RSA-OAEP",
        }
    }
}

impl Content {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::A256Gcm => "A256GCM",
            Self::A128Gcm => "A128GCM",
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A256CbcHs512 => "A256CBC-HS512",
        }
    }

    /// Bytes of the key.
    pub(super) fn key_size(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A256Gcm | Self::A128CbcHs256 => 32,
            Self::A256CbcHs512 => 64,
        }
    }

    /// Bytes of the initialisation vector.
    pub(super) fn iv_size(self) -> usize {
        match self {
            Self::A128Gcm | Self::A256Gcm => 12,
            Self::A128CbcHs256 | Self::A256CbcHs512 => 16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_object_is_the_default_profile() {
        assert_eq!(serde_json::from_str::<Profile>("{}").unwrap(), Profile::default());
        let text = r#"{"signature":"ES256","signer":"tls","content":"A128CBC-HS256"}"#;
        let profile: Profile = serde_json::from_str(text).unwrap();
        assert_eq!(profile.content.name(), "A128CBC-HS256");
        assert_eq!(profile.key_wrap.name(), "RSA-OAEP-256");
        assert!(serde_json::from_str::<Profile>(r#"{"signature":"none"}"#).is_err());
    }
}
