//! What the doubles of both generations of KSeF need: cryptography, certificates, numbers, receipts
//! and invoice documents (specification 1.9, chapters 4, 6, 8; KSeF 1.x facts §4 to §9).
//!
//! Nothing here is shared with the clients: RSA is the crate `rsa`, signatures and digests are
//! `ring`, AES is aws-lc-rs, certificates are made by `rcgen`.

pub(crate) mod aes;
pub(crate) mod authority;
pub(crate) mod certificate;
pub(crate) mod credentials;
pub(crate) mod document;
pub(crate) mod keys;
pub(crate) mod numbers;
pub(crate) mod signature;
pub(crate) mod upo;
pub(crate) mod xml;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;

/// Base64 with padding, in one line.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of Base64 with padding; nothing else is tolerated.
pub(crate) fn unbase64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The bytes of Base64 that may be broken into lines, as XML writes it.
pub(crate) fn unbase64_lines(text: &str) -> Option<Vec<u8>> {
    let joined: String = text.split_ascii_whitespace().collect();
    unbase64(&joined)
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// Upper-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}
