//! The key of a day that a register in software shares with the repository.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common_core::secret::{ExposeSecret, SecretBytes, Zeroizing, secret_bytes};

use super::IdentError;

/// A shared key: 44 characters of base64, 32 bytes (source document, section 2.4.9; CRK facts
/// §3). It is a secret: it shows in no log, and comparing it takes an exposing call.
///
/// What is computed with it is not known publicly (CRK facts §3).
///
/// ```
/// use ekasy_device::ident::SharedKey;
///
/// let key = SharedKey::parse(&format!("{}=", "A".repeat(43)))?;
/// assert_eq!(key.expose_bytes(), [0; 32]);
/// assert!(!format!("{key:?}").contains("AAAA"));
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
pub struct SharedKey(SecretBytes);

impl SharedKey {
    /// Bytes of a key.
    pub const LENGTH: usize = 32;

    /// Reads 44 characters of base64 with padding.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        let error = IdentError::new("a shared key", "32 bytes as 44 characters of base64");
        let mut bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| error)?);
        Self::from_bytes(secret_bytes(std::mem::take(&mut *bytes)))
    }

    /// A key of 32 bytes.
    pub fn from_bytes(bytes: SecretBytes) -> Result<Self, IdentError> {
        let error = IdentError::new("a shared key", "32 bytes");
        if bytes.expose_secret().len() == Self::LENGTH { Ok(Self(bytes)) } else { Err(error) }
    }

    /// The bytes of the key.
    pub fn expose_bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl Clone for SharedKey {
    fn clone(&self) -> Self {
        Self(secret_bytes(self.expose_bytes().to_vec()))
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey([redacted])")
    }
}
