//! Signing and encrypting as the repository wants it: JWS inside JWE (CRK facts §1).
//!
//! The authority's document on cryptography is not public, so which of the many forms of JOSE the
//! repository speaks is not known.
//! Everything unknown is a field of one value, [`CryptoProfile`]: what the crate writes and what
//! it accepts. **Its defaults are assumptions, never the standard**; whoever holds the standard
//! changes the fields.
//!
//! A writer writes one form exactly; a reader accepts what the profile lists and nothing else.
//! Independent of any profile, a reader refuses `alg` `none`, symmetric algorithms, critical
//! headers, header names that occur twice, and objects with several recipients or signatures.
//! Nothing says why a decryption failed.
//!
//! Private keys stay behind [`Signer`] and [`Decryptor`], so that a hardware module or a smart
//! card fits; [`SoftwareKey`] is a key in memory.
//! All of it is pure: time and random bytes are arguments. Only the RSA and ECDSA operations of
//! aws-lc-rs draw randomness of their own, therefore sealing the same text twice gives different
//! bytes: seal once, keep the sealed text in the journal, and send that.
//!
//! ```no_run
//! use ekasy_device::jose::{
//!     Certificate, CryptoProfile, Entropy, OpenLimits, RecipientKey, SoftwareKey, Trust,
//! };
//! # fn run(random: [u8; 80], now: chrono::DateTime<chrono::Utc>, key_pem: &str, own_pem: &str,
//! #        repository_pem: &str, answer: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let profile = CryptoProfile::default();
//! let key = SoftwareKey::from_pem(key_pem, Certificate::chain_from_pem(own_pem)?)?;
//! let repository = Certificate::from_pem(repository_pem)?;
//!
//! let recipient = RecipientKey::from_certificate(&repository)?;
//! let sealed =
//!     profile.seal_data(b"{\"JPK\":{}}", &recipient, &key, Entropy::from_random(random))?;
//! assert_eq!(sealed.as_str().split('.').count(), 5);
//!
//! let trust = Trust::pinned([repository]);
//! let opened = profile.open(answer, &key, &trust, now, &OpenLimits::default())?;
//! println!("{} bytes signed by {}", opened.payload().len(), opened.signed_by());
//! # Ok(())
//! # }
//! ```

mod algorithm;
mod certificate;
mod chain;
mod compression;
mod content;
mod entropy;
mod error;
mod form;
mod header;
mod inspect;
mod jwe;
mod jws;
mod key;
mod open;
mod pem;
mod profile;
mod seal;
mod software;
mod trust;
#[cfg(test)]
mod vectors;

pub use algorithm::{ContentEncryption, JweAlgorithm, JwsAlgorithm};
pub use certificate::{Certificate, CertificateError};
pub use chain::{ChainError, ChainErrorKind};
pub use entropy::Entropy;
pub use error::{OpenError, SealError};
pub use form::Serialization;
pub use header::Header;
pub use inspect::{Inspection, Layer, Verdict, inspect};
pub use key::{Decryptor, NotUnwrapped, RecipientKey, RecipientKeyError, SignError, Signer};
pub(crate) use open::unverified_payload;
pub use open::{OpenLimits, Opened, Verified};
pub use profile::{
    CertificateHeader, Compression, CryptoProfile, KeyIdForm, OuterBase64, PreSignFormat, Reading,
    Writing,
};
pub use seal::Sealed;
pub use software::{KeyError, SoftwareKey};
pub use trust::{Trust, TrustError};
