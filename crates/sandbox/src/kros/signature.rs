//! The signature of a notification: base64 of HMAC-SHA256 over the body (KROS OpenAPI
//! documentation page, section "Kontrola správnosti notifikácie").
//!
//! The page contradicts itself: its C# sample turns key and body into UTF-16LE, its PHP sample
//! uses the bytes as they are. Integrators verify with UTF-16LE (KROS facts §3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde::{Deserialize, Serialize};

/// How key and body become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scheme {
    /// UTF-16, little endian, without a byte order mark: the C# sample.
    #[default]
    Utf16Le,
    /// UTF-8: the PHP sample.
    Utf8,
}

impl Scheme {
    /// The value of the header `X-Kros-Signature-256` for a body.
    pub fn sign(self, secret: &str, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.bytes(secret));
        STANDARD.encode(hmac::sign(&key, &self.bytes(body)))
    }

    fn bytes(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Utf8 => text.as_bytes().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn signatures_equal_those_of_another_implementation() {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/kros/vectors/signature.json");
        let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let vectors = vectors.as_array().unwrap();
        assert!(vectors.len() >= 6);
        for vector in vectors {
            let text = |name: &str| vector[name].as_str().unwrap();
            let signed = |scheme: Scheme| scheme.sign(text("secret"), text("body"));
            assert_eq!(signed(Scheme::Utf16Le), text("utf16le"), "{}", text("name"));
            assert_eq!(signed(Scheme::Utf8), text("utf8"), "{}", text("name"));
        }
    }
}
