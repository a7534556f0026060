//! The system's own keys: one that clients encrypt to, one that seals receipts (specification
//! 1.9, chapters 6.3 and 11.6).
//!
//! They are made once per process, because making RSA keys is slow and nothing depends on their
//! value.

use std::sync::LazyLock;

use rand::rngs::StdRng;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PublicKeyData as _, RsaKeySize,
};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::hazmat::rsa_decrypt;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, RsaPrivateKey};

use super::base64;

static ENCRYPTION: LazyLock<EncryptionKey> = LazyLock::new(EncryptionKey::new);
static SEAL: LazyLock<Seal> = LazyLock::new(Seal::new);

/// The key pair that tokens and session keys are encrypted to.
pub(crate) struct EncryptionKey {
    private: RsaPrivateKey,
    public: Vec<u8>,
}

/// The key and certificate that sign receipts.
pub(crate) struct Seal {
    key: RsaKeyPair,
    certificate: Vec<u8>,
}

/// The system's encryption key.
pub(crate) fn encryption() -> &'static EncryptionKey {
    &ENCRYPTION
}

/// The system's seal.
pub(crate) fn seal() -> &'static Seal {
    &SEAL
}

/// A new RSA key of 2048 bits.
#[expect(clippy::expect_used, reason = "a machine without randomness cannot run a sandbox")]
pub(super) fn rsa_key() -> KeyPair {
    KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048)
        .expect("randomness for an RSA key")
}

impl EncryptionKey {
    #[expect(clippy::expect_used, reason = "one library reads the key that the other just made")]
    fn new() -> Self {
        let pair = rsa_key();
        let private = RsaPrivateKey::from_pkcs8_der(&pair.serialize_der()).expect("a PKCS#8 key");
        Self { private, public: pair.subject_public_key_info() }
    }

    /// The public key as a `SubjectPublicKeyInfo`.
    pub(crate) fn der(&self) -> &[u8] {
        &self.public
    }

    /// The public key in the system's own PEM: the Base64 body on one line, no line feed at the
    /// end (KSeF 1.x facts §1).
    pub(crate) fn pem(&self) -> String {
        let body = base64(&self.public);
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----")
    }

    /// What was encrypted with PKCS#1 version 1.5.
    ///
    /// The library's own call answers wrong padding with invented bytes, so that nobody learns
    /// from the failure; a double shall tell what is wrong, and its keys protect nothing.
    pub(crate) fn decrypt(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let size = self.private.size();
        if sealed.len() != size {
            return None;
        }
        let bits = u32::try_from(size).ok()?.checked_mul(8)?;
        let sealed = BoxedUint::from_be_slice(sealed, bits).ok()?;
        let plain = rsa_decrypt(None::<&mut StdRng>, &self.private, &sealed).ok()?;
        unpadded(&plain.to_be_bytes())
    }
}

/// What stands behind `00 02`, at least eight bytes other than 0, and `00` (RFC 8017, section 7.2.2).
fn unpadded(block: &[u8]) -> Option<Vec<u8>> {
    let rest = block.strip_prefix(&[0, 2])?;
    let end = rest.iter().position(|byte| *byte == 0).filter(|end| *end >= 8)?;
    Some(rest[end + 1..].to_vec())
}

impl Seal {
    #[expect(clippy::expect_used, reason = "one library reads the key that the other just made")]
    fn new() -> Self {
        let pair = rsa_key();
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::CountryName, "PL");
        name.push(DnType::OrganizationName, "Piaskownica Krajowego Systemu e-Faktur");
        name.push(DnType::CommonName, "Pieczęć piaskownicy");
        name.push(DnType::CustomDnType(vec![2, 5, 4, 97]), "VATPL-9990000907");
        params.distinguished_name = name;
        params.serial_number = Some(903_u64.into());
        let certificate = params.self_signed(&pair).expect("a certificate").der().to_vec();
        let key = RsaKeyPair::from_pkcs8(&pair.serialize_der()).expect("a PKCS#8 key");
        Self { key, certificate }
    }

    /// The certificate, DER.
    pub(crate) fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// An RSA signature with SHA-256.
    #[expect(clippy::expect_used, reason = "signing fails only without randomness")]
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.key.public().modulus_len()];
        let random = ring::rand::SystemRandom::new();
        self.key
            .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
            .expect("randomness for a signature");
        signature
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pem_has_its_body_on_one_line_and_no_end_of_line() {
        let pem = encryption().pem();
        let lines: Vec<_> = pem.split('\n').collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1].len(), 392, "the SPKI of 2048 bits and exponent 65537");
    }

    #[test]
    fn padding_has_a_beginning_eight_bytes_and_an_end() {
        let block = |filler: usize| [&[0, 2][..], &vec![7; filler], &[0, 1, 2]].concat();
        assert_eq!(unpadded(&block(8)), Some(vec![1, 2]));
        assert_eq!(unpadded(&block(7)), None);
        assert_eq!(unpadded(&[0, 1, 7, 7, 7, 7, 7, 7, 7, 7, 0, 1]), None);
        assert_eq!(unpadded(&[0, 2, 7, 7, 7, 7, 7, 7, 7, 7, 7]), None);
    }

    #[test]
    fn garbage_does_not_decrypt() {
        assert!(encryption().decrypt(&[0; 256]).is_none());
        assert!(encryption().decrypt(b"short").is_none());
    }
}
