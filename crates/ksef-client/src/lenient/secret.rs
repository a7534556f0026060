//! A text in an answer that must not be seen.

use common_core::secret::SecretString;
use serde::{Deserialize, Deserializer};

/// A secret that an answer carries, a token for instance.
///
/// It is wiped when it is dropped, its `Debug` shows nothing, and it cannot be written as JSON.
#[derive(Clone, Debug)]
pub struct SecretText(SecretString);

impl SecretText {
    /// The secret, still in its box.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }

    /// The secret, out of the answer and still in its box.
    pub fn into_secret(self) -> SecretString {
        self.0
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

#[cfg(test)]
mod tests {
    use common_core::secret::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_is_read_and_not_shown() {
        let secret: SecretText = serde_json::from_str("\"canary\"").unwrap();
        assert!(!format!("{secret:?}").contains("canary"));
        assert_eq!(secret.secret().expose_secret(), "canary");
        assert_eq!(secret.into_secret().expose_secret(), "canary");
    }
}
