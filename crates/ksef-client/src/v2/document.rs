//! Documents as they came: invoices and confirmations (KSeF 2.0 facts §2 and §10.1).

use std::fmt;

use bytes::Bytes;
use common_http::{DecodeError, Parts};
use ksef_crypto::{
    link::InvoiceHash,
    upo::{Upo, UpoError},
    xades::{Policy, Verified},
};

/// The header that names the SHA-256 of a body, in Base64.
const HASH: &str = "x-ms-meta-hash";

/// A document byte for byte, with its SHA-256.
///
/// Where the service named a hash, the bytes have it: others are refused as unreadable. Keep the
/// bytes as they are; a changed byte is another document.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    bytes: Bytes,
    hash: InvoiceHash,
    announced: bool,
}

impl Document {
    /// Takes an answer whose body has the hash of its header, if it has that header.
    pub(crate) fn read(parts: &Parts, body: &Bytes) -> Result<Self, DecodeError> {
        let announced = parts.headers.get(HASH).and_then(|value| value.to_str().ok());
        let hash = InvoiceHash::of(body);
        if announced.is_some_and(|text| InvoiceHash::from_base64(text) != Some(hash)) {
            return Err(DecodeError::new(".", "the document does not have the announced hash"));
        }
        Ok(Self { bytes: body.clone(), hash, announced: announced.is_some() })
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The bytes alone.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// SHA-256 of the bytes.
    pub fn hash(&self) -> InvoiceHash {
        self.hash
    }

    /// Whether the service named the hash, so that it is known to be the right one.
    pub fn is_checked(&self) -> bool {
        self.announced
    }

    /// Verifies the signature of a confirmation and reads what was signed; see
    /// [`Upo::verify`] for whom to trust.
    pub fn verify_upo(&self, policy: &Policy<'_>) -> Result<(Upo, Verified), UpoError> {
        Upo::verify(&self.bytes, policy)
    }

    /// Reads a confirmation without looking at its signature.
    pub fn read_upo(&self) -> Result<Upo, UpoError> {
        Upo::read(&self.bytes)
    }
}

/// Without the content.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("size", &self.bytes.len())
            .field("hash", &self.hash.to_string())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(hash: Option<&str>) -> Result<Document, DecodeError> {
        let mut answer = http::Response::new(());
        if let Some(hash) = hash {
            answer.headers_mut().insert(HASH, hash.parse().unwrap());
        }
        Document::read(&answer.into_parts().0, &Bytes::from_static(b"<Faktura/>"))
    }

    #[test]
    fn a_document_is_taken_only_with_the_hash_that_was_announced() {
        let hash = InvoiceHash::of(b"<Faktura/>");
        let document = read(Some(&hash.base64())).unwrap();
        assert_eq!((document.hash(), document.is_checked()), (hash, true));
        assert!(!read(None).unwrap().is_checked());
        for wrong in ["", "x", &InvoiceHash::of(b"<Faktura />").base64()] {
            assert!(read(Some(wrong)).is_err(), "{wrong}");
        }
        assert!(!format!("{document:?}").contains("Faktura"));
    }
}
