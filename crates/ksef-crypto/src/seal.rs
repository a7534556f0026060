//! Sealing: what is encrypted for the authority, and how.
//!
//! A session has one AES-256 key and one initialisation vector; every invoice and every part of a
//! package is encrypted with both by AES-CBC with PKCS#7 padding, and the vector is declared
//! beside the ciphertext, never put before it (specification 1.9, chapter 6.2; KSeF 1.x facts §7;
//! KSeF 2.0 facts §0 and §5).
//! The key itself is encrypted with the authority's RSA key: by PKCS#1 v1.5 in 1.x
//! (specification 1.9, chapter 6.3), by OAEP with SHA-256 in 2.0.
//!
//! Nothing here draws randomness but the RSA operations of aws-lc-rs: the bytes of a
//! [`SessionKey`] come from the caller.
//!
//! # Examples
//!
//! ```
//! use ksef_crypto::seal::{SessionKey, open, seal};
//!
//! let key = SessionKey::from_random([7; 48]); // 48 bytes of a cryptographic generator
//! let sealed = seal(&key, b"<Faktura/>");
//! assert_eq!((sealed.plain.size, sealed.encrypted.size), (10, 16));
//! assert_eq!(open(&key, &sealed.bytes)?, b"<Faktura/>");
//! # Ok::<(), ksef_crypto::seal::OpenError>(())
//! ```

mod authority;
mod cipher;
mod envelope;
mod measure;
mod session_key;
#[cfg(test)]
mod tests;

pub use authority::{AuthorityKey, KeyRefused, Usage};
pub use cipher::{Decryptor, Encryptor, OpenError, open, sealed_size};
pub use envelope::{ReceiverKey, RsaPadding, WrapError};
pub use measure::{Measure, Meter, Sealed, Sealer, seal};
pub use session_key::SessionKey;
