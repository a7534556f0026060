//! Keys and objects of `fixtures/crk/vectors/jose`.

use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use ekasy_device::jose::{Certificate, Entropy, SoftwareKey};

/// The text of a vector file.
pub(crate) fn vector(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path.join("../../fixtures/crk/vectors/jose").join(name)).unwrap()
}

/// The certificates of a file, the owner's first.
pub(crate) fn chain(name: &str) -> Vec<Certificate> {
    Certificate::chain_from_pem(&vector(&format!("{name}.crt.pem"))).unwrap()
}

/// The first certificate of a file.
pub(crate) fn certificate(name: &str) -> Certificate {
    chain(name).remove(0)
}

/// A key with its certificates.
pub(crate) fn key(name: &str) -> SoftwareKey {
    SoftwareKey::from_pem(&vector(&format!("{name}.key.pem")), chain(name)).unwrap()
}

/// A time at which all certificates are valid.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

/// Bytes that differ with the seed; a test needs no secrecy.
pub(crate) fn entropy(seed: u8) -> Entropy {
    let mut bytes = [seed; Entropy::LENGTH];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = byte.wrapping_mul(31).wrapping_add(u8::try_from(index).unwrap_or_default());
    }
    Entropy::from_random(bytes)
}
