//! The symmetric key of a session.

use std::fmt;

use common_core::secret::{ExposeSecret, SecretBox, Zeroize};

/// An AES-256 key with its initialisation vector, for one session, package or export.
///
/// The key is overwritten when it is dropped, is not shown by `Debug`, and is copied only by
/// [`duplicate`](Self::duplicate). The vector is not secret.
pub struct SessionKey {
    key: SecretBox<[u8; 32]>,
    iv: [u8; 16],
}

impl SessionKey {
    /// Makes a key from 48 bytes of a cryptographic generator: 32 for the key, then 16 for the
    /// vector.
    ///
    /// The argument is overwritten; copies that the caller keeps are the caller's to overwrite.
    pub fn from_random(mut random: [u8; 48]) -> Self {
        let mut iv = [0; 16];
        iv.copy_from_slice(&random[32..]);
        let key = SecretBox::init_with_mut(|key: &mut [u8; 32]| key.copy_from_slice(&random[..32]));
        random.zeroize();
        Self { key, iv }
    }

    /// Makes a key from its two parts, as they were stored or received.
    pub fn from_parts(mut key: [u8; 32], iv: [u8; 16]) -> Self {
        let boxed = SecretBox::init_with_mut(|place: &mut [u8; 32]| place.copy_from_slice(&key));
        key.zeroize();
        Self { key: boxed, iv }
    }

    /// The initialisation vector, as it is declared to the authority.
    pub fn iv(&self) -> &[u8; 16] {
        &self.iv
    }

    /// The key itself, for storing it under protection.
    pub fn expose_key(&self) -> &[u8; 32] {
        self.key.expose_secret()
    }

    /// A second copy of the key, for example for another thread.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::from_parts(*self.expose_key(), self.iv)
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(..)")
    }
}
