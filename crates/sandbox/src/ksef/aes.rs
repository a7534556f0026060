//! AES-256 in CBC mode with PKCS#7 padding and a declared initialisation vector (specification
//! 1.9, chapter 6.2). The vector is not part of the ciphertext (KSeF 1.x facts §7).

use std::fmt;

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;

/// The key and vector of one session or batch.
#[derive(Clone)]
pub(crate) struct SessionKey {
    key: [u8; 32],
    vector: [u8; 16],
}

/// Neither value is shown.
impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionKey").finish_non_exhaustive()
    }
}

impl SessionKey {
    /// A key of 32 and a vector of 16 bytes.
    pub(crate) fn new(key: &[u8], vector: &[u8]) -> Option<Self> {
        Some(Self { key: key.try_into().ok()?, vector: vector.try_into().ok()? })
    }

    /// The plain bytes; `None` when length or padding do not fit.
    pub(crate) fn decrypt(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let key = UnboundCipherKey::new(&AES_256, &self.key).ok()?;
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
        let mut buffer = sealed.to_vec();
        let context = DecryptionContext::Iv128(FixedLength::from(self.vector));
        let length = key.decrypt(&mut buffer, context).ok()?.len();
        buffer.truncate(length);
        Some(buffer)
    }

    /// The ciphertext; `None` only if the library refuses its own parameters.
    pub(crate) fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let key = UnboundCipherKey::new(&AES_256, &self.key).ok()?;
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).ok()?;
        let mut buffer = plain.to_vec();
        let context = EncryptionContext::Iv128(FixedLength::from(self.vector));
        key.less_safe_encrypt(&mut buffer, context).ok()?;
        Some(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ksef::{base64, sha256};

    fn key() -> SessionKey {
        let key: Vec<u8> = (0..32).collect();
        let vector: Vec<u8> = (0xa0..0xb0).collect();
        SessionKey::new(&key, &vector).unwrap()
    }

    #[test]
    fn the_ciphertext_is_that_of_openssl() {
        // openssl enc -aes-256-cbc -K 000102…1f -iv a0a1…af over the 26 bytes below.
        let plain = b"abcdefghijklmnopqrstuvwxyz";
        let sealed = key().encrypt(plain).unwrap();
        assert_eq!(base64(&sha256(&sealed)), "YDg4gr6sB6t6EWDc9aJlrR/pPCTHi78XW8nHObPVSLI=");
        assert_eq!(key().decrypt(&sealed).unwrap(), plain);
    }

    #[test]
    fn cut_and_foreign_ciphertext_is_refused() {
        let sealed = key().encrypt(&[7; 40]).unwrap();
        assert!(key().decrypt(&sealed[..17]).is_none());
        assert!(key().decrypt(&[]).is_none());
        let other = SessionKey::new(&[9; 32], &[1; 16]).unwrap();
        assert_ne!(other.decrypt(&sealed), Some(vec![7; 40]));
    }
}
