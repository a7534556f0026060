//! The random bytes of one sealed object.

use std::fmt;

use common_core::secret::Zeroizing;

/// Random bytes for one content key and one initialisation vector.
///
/// They come from a cryptographic generator and serve one object: a key and vector that occur
/// twice break AES-GCM. The value is therefore consumed by sealing and cannot be cloned.
pub struct Entropy(Zeroizing<[u8; Self::LENGTH]>);

impl Entropy {
    /// Bytes that are needed at most: a key of 64 and a vector of 16.
    pub const LENGTH: usize = 80;

    /// Takes fresh bytes of a cryptographic generator.
    pub fn from_random(bytes: [u8; Self::LENGTH]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes for the content key.
    pub(super) fn key(&self, length: usize) -> &[u8] {
        self.0.get(..length).unwrap_or_default()
    }

    /// The bytes for the initialisation vector.
    pub(super) fn iv(&self, length: usize) -> &[u8] {
        self.0.get(64..64 + length).unwrap_or_default()
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(..)")
    }
}
