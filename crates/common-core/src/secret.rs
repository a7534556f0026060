//! Secrets: the `secrecy` types, and the two things they lack.
//!
//! `secrecy` gives zeroisation on drop, a redacted `Debug` and no `PartialEq` or `Serialize`.
//! What protocols need besides is a comparison that does not leak by its running time, and a
//! short name for secret bytes.
//! A secret leaves its box only through [`ExposeSecret::expose_secret`], so that a reader can
//! search for every such place.

use subtle::ConstantTimeEq;

pub use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretString};
pub use zeroize::{Zeroize, Zeroizing};

/// Secret bytes of any length: keys, decoded shared secrets.
pub type SecretBytes = SecretBox<[u8]>;

/// Puts bytes into a [`SecretBytes`] box.
///
/// # Examples
///
/// ```
/// use common_core::secret::{ExposeSecret, secret_bytes};
///
/// let key = secret_bytes(vec![1, 2, 3]);
/// assert_eq!(key.expose_secret(), [1, 2, 3]);
/// assert!(!format!("{key:?}").contains('1'));
/// ```
pub fn secret_bytes(bytes: Vec<u8>) -> SecretBytes {
    SecretBox::new(bytes.into_boxed_slice())
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
///
/// # Examples
///
/// ```
/// assert!(common_core::secret::same_bytes(b"abc", b"abc"));
/// assert!(!common_core::secret::same_bytes(b"abc", b"abd"));
/// ```
#[must_use]
pub fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// Whether two secret texts are equal, in a time that depends on their lengths only.
#[must_use]
pub fn same_text(left: &SecretString, right: &SecretString) -> bool {
    same_bytes(left.expose_secret().as_bytes(), right.expose_secret().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_the_same_and_others_are_not() {
        let one = SecretString::from("kľúč");
        assert!(same_text(&one, &SecretString::from("kľúč")));
        assert!(!same_text(&one, &SecretString::from("kľúc")));
        assert!(!same_text(&one, &SecretString::from("kľúč ")));
    }

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        let text = format!("{:?} {:?}", SecretString::from("canary"), secret_bytes(vec![77; 4]));
        assert!(!text.contains("canary"));
        assert!(!text.contains("77"));
    }
}
