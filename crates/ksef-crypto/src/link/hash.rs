//! The SHA-256 of an invoice's file, in the two spellings of Base64 that links use.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

/// SHA-256 of an invoice's file.
///
/// The file is hashed as it was sent to KSeF, byte for byte: a reader that drops a byte order mark
/// or changes an end of line changes the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InvoiceHash([u8; 32]);

impl InvoiceHash {
    /// Hashes a file.
    ///
    /// ```
    /// use ksef_crypto::link::InvoiceHash;
    ///
    /// // The value for "abc" in FIPS 180-2, appendix B.1.
    /// let hash = InvoiceHash::of(b"abc");
    /// assert_eq!(
    ///     hash.to_string(),
    ///     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    /// );
    /// ```
    pub fn of(invoice: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, invoice).as_ref());
        Self(hash)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Base64 with padding, 44 characters, as the API and KSeF 1.x write it.
    pub fn base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Base64url without padding, 43 characters, as the links of KSeF 2.0 write it.
    pub fn base64url(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads 44 characters of Base64 with padding, or `None`.
    ///
    /// ```
    /// use ksef_crypto::link::InvoiceHash;
    ///
    /// let hash = InvoiceHash::of(b"abc");
    /// assert_eq!(InvoiceHash::from_base64(&hash.base64()), Some(hash));
    /// assert_eq!(InvoiceHash::from_base64(&hash.base64url()), None);
    /// ```
    pub fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().map(Self).ok()
    }

    /// Reads 43 characters of Base64url without padding, or `None`.
    pub fn from_base64url(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().map(Self).ok()
    }
}

impl From<[u8; 32]> for InvoiceHash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Lower-case hexadecimal digits, as `sha256sum` prints them.
impl fmt::Display for InvoiceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
