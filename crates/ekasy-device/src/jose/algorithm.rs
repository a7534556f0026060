//! The algorithms of RFC 7518 that a profile can name.
//!
//! What is not here cannot be asked for: there is no `none` and nothing symmetric between the
//! parties.

use std::fmt;

/// How an object is signed (`alg` of a JWS; RFC 7518, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum JwsAlgorithm {
    /// `RS256`: RSASSA-PKCS1-v1_5 with SHA-256. The one that was seen on receipts (CRK facts
    /// §1.1).
    Rs256,
    /// `PS256`: RSASSA-PSS with SHA-256 and a salt of 32 bytes.
    Ps256,
    /// `PS384`: RSASSA-PSS with SHA-384 and a salt of 48 bytes.
    Ps384,
    /// `ES256`: ECDSA on P-256 with SHA-256; the signature is `R || S`, 64 bytes.
    Es256,
}

impl JwsAlgorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Ps384, Self::Es256];

    /// The name in a header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Es256 => "ES256",
        }
    }

    /// The algorithm of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

impl fmt::Display for JwsAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the content key is encrypted for the recipient (`alg` of a JWE; RFC 7518, section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum JweAlgorithm {
    /// `RSA-OAEP-256`: OAEP with SHA-256 and MGF1 with SHA-256.
    RsaOaep256,
    /// `RSA-OAEP`: OAEP with SHA-1 and MGF1 with SHA-1.
    RsaOaep,
    /// `RSA1_5`: PKCS#1 v1.5. Never written; read only where a profile lists it, because a
    /// reader that can be asked often enough gives the key away when it shows whether the padding
    /// was right. [`SoftwareKey`](super::SoftwareKey) therefore goes on with a random key.
    Rsa1V5,
}

impl JweAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::RsaOaep256, Self::RsaOaep, Self::Rsa1V5];

    /// The name in a header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::RsaOaep => "RSA-OAEP",
            Self::Rsa1V5 => "RSA1_5",
        }
    }

    /// The algorithm of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

impl fmt::Display for JweAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the content is encrypted (`enc` of a JWE; RFC 7518, section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ContentEncryption {
    /// `A256GCM`.
    A256Gcm,
    /// `A128GCM`.
    A128Gcm,
    /// `A128CBC-HS256`: AES-128 in CBC mode, authenticated by half of HMAC with SHA-256.
    A128CbcHs256,
    /// `A256CBC-HS512`: AES-256 in CBC mode, authenticated by half of HMAC with SHA-512.
    A256CbcHs512,
}

impl ContentEncryption {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::A256Gcm, Self::A128Gcm, Self::A128CbcHs256, Self::A256CbcHs512];

    /// The name in a header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A256Gcm => "A256GCM",
            Self::A128Gcm => "A128GCM",
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A256CbcHs512 => "A256CBC-HS512",
        }
    }

    /// The encryption of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encryption| encryption.name() == name)
    }

    /// Bytes of the content key; with CBC the first half authenticates, the second encrypts.
    pub const fn key_length(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A256Gcm | Self::A128CbcHs256 => 32,
            Self::A256CbcHs512 => 64,
        }
    }

    /// Bytes of the initialisation vector.
    pub const fn iv_length(self) -> usize {
        match self {
            Self::A128Gcm | Self::A256Gcm => 12,
            Self::A128CbcHs256 | Self::A256CbcHs512 => 16,
        }
    }

    /// Bytes of the authentication tag.
    pub const fn tag_length(self) -> usize {
        match self {
            Self::A256CbcHs512 => 32,
            Self::A128Gcm | Self::A256Gcm | Self::A128CbcHs256 => 16,
        }
    }
}

impl fmt::Display for ContentEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
